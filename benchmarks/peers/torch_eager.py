"""The workloads in PyTorch, eager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from ..workloads import LEARNING_RATE

set_threads = torch.set_num_threads


def to_numpy(value: Any) -> Any:
    return value.detach().numpy()


def _variable(array: Any) -> Any:
    return torch.tensor(array, requires_grad=True)


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    x, y = _variable(x), _variable(y)
    return lambda: x * y


def dot(x: Any) -> Callable[[], Any]:
    x = _variable(x)

    def run() -> Any:
        y = 2 * torch.dot(x, x)
        y.backward()
        g = x.grad
        x.grad = None
        return y, g

    return run


def dot_gradient(x: Any) -> Callable[[], Any]:
    run = dot(x)
    return lambda: run()[1]


def control_flow(a: Any) -> Callable[[], Any]:
    def function(a: Any) -> Any:
        b = a * 2
        while b.norm() < 1000:
            b = b * 2
        if b.sum() > 0:
            return b
        return 100 * b

    a = _variable(a)

    def run() -> Any:
        d = function(a)
        d.backward()
        g = a.grad
        a.grad = None
        return d, g

    return run


def chain(x: Any, length: int) -> Callable[[], Any]:
    x = _variable(x)

    def run() -> Any:
        y = x
        for _ in range(length):
            y = torch.sin(y)
        y = y.sum()
        y.backward()
        g = x.grad
        x.grad = None
        return y, g

    return run


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    params = w1, b1, w2, b2 = [_variable(p) for p in params]
    inputs, targets = torch.tensor(inputs), torch.tensor(targets)

    def loss() -> Any:
        return F.mse_loss(torch.tanh(inputs @ w1 + b1) @ w2 + b2, targets)

    return _descent(loss, params)


def classification_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    params = w1, b1, w2, b2 = [_variable(p) for p in params]
    inputs, labels = torch.tensor(inputs), torch.tensor(labels)

    def loss() -> Any:
        return F.cross_entropy(torch.relu(inputs @ w1 + b1) @ w2 + b2, labels)

    return _descent(loss, params)


def lenet_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    params = k1, c1, k2, c2, w1, b1, w2, b2, w3, b3 = [_variable(p) for p in params]
    inputs, labels = torch.tensor(inputs), torch.tensor(labels)

    def loss() -> Any:
        h = F.max_pool2d(torch.relu(F.conv2d(inputs, k1, c1, padding=2)), 2)
        h = F.max_pool2d(torch.relu(F.conv2d(h, k2, c2)), 2).flatten(1)
        return F.cross_entropy(torch.relu(torch.relu(h @ w1 + b1) @ w2 + b2) @ w3 + b3, labels)

    return _descent(loss, params)


def _descent(loss: Callable[[], Any], params: Any) -> Callable[[], Any]:
    def run() -> Any:
        value = loss()
        value.backward()
        with torch.no_grad():
            for p in params:
                p -= LEARNING_RATE * p.grad
                p.grad = None
        return value

    return run


def elementwise(u: Any) -> Callable[[], Any]:
    u = _variable(u)

    def run() -> Any:
        y = torch.sum(torch.tanh(u) * torch.exp(-u * u) + torch.sin(u))
        y.backward()
        g = u.grad
        u.grad = None
        return y, g

    return run


def _value_and_gradients(loss: Callable[[], Any], *variables: Any) -> Callable[[], Any]:
    def run() -> Any:
        value = loss()
        value.backward()
        gradients = [x.grad for x in variables]
        for x in variables:
            x.grad = None
        return value, gradients

    return run


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    logits, labels = _variable(logits), torch.tensor(labels)
    return _value_and_gradients(lambda: F.cross_entropy(logits, labels), logits)


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    x, gain, bias = [_variable(array) for array in (x, gain, bias)]
    cotangent = torch.tensor(cotangent)
    return _value_and_gradients(lambda: torch.sum(F.layer_norm(x, x.shape[1:], gain, bias) * cotangent), x, gain, bias)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    def rosenbrock(x: Any) -> Any:
        return torch.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    hessian = torch.func.hessian(rosenbrock)
    x = torch.tensor(x)
    return lambda: hessian(x)
