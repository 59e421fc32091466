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


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    x = _variable(x)

    def run() -> Any:
        y = paddle.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
        return paddle.autograd.hessian(y, x)[:]

    return run
