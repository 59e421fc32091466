"""The workloads in tetragrad's own face."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

import tetragrad as tg
import tetragrad.numpy as np

from ..workloads import LEARNING_RATE


def to_numpy(value: Any) -> Any:
    return value.numpy() if isinstance(value, tg.Tensor) else value


def _variable(array: Any) -> Any:
    return tg.tensor(array, requires_grad=True)


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    x, y = _variable(x), _variable(y)
    return lambda: x * y


def dot(x: Any) -> Callable[[], Any]:
    x = _variable(x)

    def run() -> Any:
        y = 2 * np.dot(x, x)
        y.backward()
        g = x.grad
        x.zero_grad()
        return y, g

    return run


def dot_gradient(x: Any) -> Callable[[], Any]:
    gradient = tg.grad(lambda x: 2 * np.dot(x, x))
    return lambda: gradient(x)


def control_flow(a: Any) -> Callable[[], Any]:
    def function(a: Any) -> Any:
        b = a * 2
        while np.linalg.norm(b) < 1000:
            b = b * 2
        if b.sum() > 0:
            return b
        return 100 * b

    a = _variable(a)

    def run() -> Any:
        d = function(a)
        d.backward()
        g = a.grad
        a.zero_grad()
        return d, g

    return run


def chain(x: Any, length: int) -> Callable[[], Any]:
    x = _variable(x)

    def run() -> Any:
        y = x
        for _ in range(length):
            y = np.sin(y)
        y = y.sum()
        y.backward()
        g = x.grad
        x.zero_grad()
        return y, g

    return run


def regression_loss(params: Any, inputs: Any, targets: Any) -> Any:
    w1, b1, w2, b2 = params
    return np.mean((np.tanh(inputs @ w1 + b1) @ w2 + b2 - targets) ** 2)


def classification_loss(params: Any, inputs: Any, labels: Any) -> Any:
    w1, b1, w2, b2 = params
    logits = np.maximum(inputs @ w1 + b1, 0) @ w2 + b2
    return np.mean(np.logsumexp(logits, axis=1) - logits[numpy.arange(len(labels)), labels])


def lenet_loss(params: Any, inputs: Any, labels: Any) -> Any:
    k1, c1, k2, c2, w1, b1, w2, b2, w3, b3 = params
    h = tg.nn.max_pool2d(tg.nn.relu(tg.nn.conv2d(inputs, k1, c1, padding=2)), 2)
    h = tg.nn.max_pool2d(tg.nn.relu(tg.nn.conv2d(h, k2, c2)), 2)
    h = tg.nn.relu(h.reshape(len(labels), -1) @ w1 + b1)
    return tg.nn.cross_entropy(tg.nn.relu(h @ w2 + b2) @ w3 + b3, labels)


def norm_loss(x: Any, gain: Any, bias: Any, cotangent: Any) -> Any:
    return np.sum(tg.nn.layer_norm(x, gain, bias) * cotangent)


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    return _descent(regression_loss, params, inputs, targets)


def classification_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    return _descent(classification_loss, params, inputs, labels)


def lenet_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    return _descent(lenet_loss, params, inputs, labels)


def _descent(loss: Callable[..., Any], params: Any, *data: Any) -> Callable[[], Any]:
    value_and_grad = tg.value_and_grad(loss)

    def run() -> Any:
        value, gradients = value_and_grad(params, *data)
        for p, g in zip(params, gradients):
            p -= LEARNING_RATE * g
        return value

    return run


def elementwise(u: Any) -> Callable[[], Any]:
    u = _variable(u)

    def run() -> Any:
        y = np.sum(np.tanh(u) * np.exp(-u * u) + np.sin(u))
        y.backward()
        g = u.grad
        u.zero_grad()
        return y, g

    return run


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    value_and_grad = tg.value_and_grad(tg.nn.cross_entropy)
    return lambda: value_and_grad(logits, labels)


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    value_and_grad = tg.value_and_grad(norm_loss, argnums=(0, 1, 2))
    return lambda: value_and_grad(x, gain, bias, cotangent)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    def rosenbrock(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    hessian = tg.hessian(rosenbrock)
    return lambda: hessian(x)
