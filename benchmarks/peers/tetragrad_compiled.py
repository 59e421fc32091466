"""The workloads in tetragrad, compiled; the training steps get their parameters flat and may overwrite them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tetragrad as tg
import tetragrad.numpy as np

from ..workloads import LEARNING_RATE
from .tetragrad_eager import (
    classification_loss,
    lenet_loss,
    norm_loss,
    regression_loss,
    to_numpy,
)

__all__ = ["set_threads", "to_numpy"]

NOTES = {
    "multiply": "values only: nothing is recorded",
    "control_flow": "runs uncompiled where a path depends on data",
}

set_threads = tg.threads


def _repeat(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    compiled = tg.compile(function)
    if len(arguments) == 1:
        (x,) = arguments
        return lambda: compiled(x)
    return lambda: compiled(*arguments)


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    return _repeat(lambda x, y: x * y, x, y)


def _twice_dot(x: Any) -> Any:
    return 2 * np.dot(x, x)


def dot(x: Any) -> Callable[[], Any]:
    return _repeat(tg.value_and_grad(_twice_dot), x)


def dot_gradient(x: Any) -> Callable[[], Any]:
    return _repeat(tg.grad(_twice_dot), x)


def control_flow(a: Any) -> Callable[[], Any]:
    def function(a: Any) -> Any:
        b = a * 2
        while np.linalg.norm(b) < 1000:
            b = b * 2
        if b.sum() > 0:
            return b
        return 100 * b

    return _repeat(tg.value_and_grad(function), a)


def chain(x: Any, length: int) -> Callable[[], Any]:
    def function(y: Any) -> Any:
        for _ in range(length):
            y = np.sin(y)
        return np.sum(y)

    return _repeat(tg.value_and_grad(function), x)


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    return _descent(regression_loss, params, inputs, targets)


def classification_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    return _descent(classification_loss, params, inputs, labels)


def lenet_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    return _descent(lenet_loss, params, inputs, labels)


def _descent(loss: Callable[..., Any], params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    count = len(params)

    def step(*arguments: Any) -> Any:
        params, data = arguments[:count], arguments[count:]
        value, gradients = tg.value_and_grad(loss)(params, *data)
        return value, *[p - LEARNING_RATE * g for p, g in zip(params, gradients)]

    compiled = tg.compile(step, donate=range(count))

    def run() -> Any:
        nonlocal params
        value, *params = compiled(*params, inputs, targets)
        return value

    return run


def elementwise(u: Any) -> Callable[[], Any]:
    return _repeat(tg.value_and_grad(lambda u: np.sum(np.tanh(u) * np.exp(-u * u) + np.sin(u))), u)


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    return _repeat(tg.value_and_grad(tg.nn.cross_entropy), logits, labels)


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    return _repeat(tg.value_and_grad(norm_loss, argnums=(0, 1, 2)), x, gain, bias, cotangent)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    return _repeat(tg.hessian(lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)), x)
