"""The workloads in Paddle, eager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import paddle
import paddle.nn.functional as F

from ..workloads import LEARNING_RATE

paddle.device.set_device("cpu")


def to_numpy(value: Any) -> Any:
    return value.numpy()


def _variable(array: Any) -> Any:
    return paddle.to_tensor(array, stop_gradient=False)


def _repeat(function: Callable[..., Any], x: Any) -> Callable[[], Any]:
    x = _variable(x)

    def run() -> Any:
        x.clear_gradient(False)  # releases the gradient, also for who holds x.grad
        y = function(x)
        y.backward()
        return y, x.grad

    return run


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    x, y = _variable(x), _variable(y)
    return lambda: x * y


def dot(x: Any) -> Callable[[], Any]:
    return _repeat(lambda x: 2 * paddle.dot(x, x), x)


def dot_gradient(x: Any) -> Callable[[], Any]:
    run = dot(x)
    return lambda: run()[1]


def control_flow(a: Any) -> Callable[[], Any]:
    def function(a: Any) -> Any:
        b = a * 2
        while paddle.norm(b) < 1000:
            b = b * 2
        if paddle.sum(b) > 0:
            return b
        return 100 * b

    return _repeat(function, a)


def chain(x: Any, length: int) -> Callable[[], Any]:
    def function(y: Any) -> Any:
        for _ in range(length):
            y = paddle.sin(y)
        return y.sum()

    return _repeat(function, x)


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    params = w1, b1, w2, b2 = [_variable(p) for p in params]
    inputs, targets = paddle.to_tensor(inputs), paddle.to_tensor(targets)

    def loss() -> Any:
        return F.mse_loss(paddle.tanh(inputs @ w1 + b1) @ w2 + b2, targets)

    return _descent(loss, params)


def classification_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    params = w1, b1, w2, b2 = [_variable(p) for p in params]
    inputs, labels = paddle.to_tensor(inputs), paddle.to_tensor(labels)

    def loss() -> Any:
        return F.cross_entropy(F.relu(inputs @ w1 + b1) @ w2 + b2, labels)

    return _descent(loss, params)


def lenet_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    params = k1, c1, k2, c2, w1, b1, w2, b2, w3, b3 = [_variable(p) for p in params]
    inputs, labels = paddle.to_tensor(inputs), paddle.to_tensor(labels)

    def loss() -> Any:
        h = F.max_pool2d(F.relu(F.conv2d(inputs, k1, c1, padding=2)), 2)
        h = F.max_pool2d(F.relu(F.conv2d(h, k2, c2)), 2).flatten(1)
        return F.cross_entropy(F.relu(F.relu(h @ w1 + b1) @ w2 + b2) @ w3 + b3, labels)

    return _descent(loss, params)


def _descent(loss: Callable[[], Any], params: Any) -> Callable[[], Any]:
    optimizer = paddle.optimizer.SGD(LEARNING_RATE, parameters=params)

    def run() -> Any:
        value = loss()
        value.backward()
        optimizer.step()
        optimizer.clear_grad()
        return value

    return run


def elementwise(u: Any) -> Callable[[], Any]:
    return _repeat(lambda u: paddle.sum(paddle.tanh(u) * paddle.exp(-u * u) + paddle.sin(u)), u)


def _value_and_gradients(loss: Callable[[], Any], *variables: Any) -> Callable[[], Any]:
    def run() -> Any:
        for x in variables:
            x.clear_gradient(False)
        value = loss()
        value.backward()
        return value, [x.grad for x in variables]

    return run


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    logits, labels = _variable(logits), paddle.to_tensor(labels)
    return _value_and_gradients(lambda: F.cross_entropy(logits, labels), logits)


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    x, gain, bias = [_variable(array) for array in (x, gain, bias)]
    cotangent = paddle.to_tensor(cotangent)
    return _value_and_gradients(lambda: paddle.sum(F.layer_norm(x, x.shape[1:], gain, bias) * cotangent), x, gain, bias)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    x = _variable(x)

    def run() -> Any:
        y = paddle.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
        return paddle.autograd.hessian(y, x)[:]

    return run
