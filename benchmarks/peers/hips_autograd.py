"""The workloads in HIPS autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as np
import numpy

from ..workloads import LEARNING_RATE

NOTES = {"multiply": "make_vjp: the trace that records the product, not pulled back"}

to_numpy = numpy.asarray


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    record = autograd.make_vjp(lambda x, y: x * y, argnum=(0, 1))
    return lambda: record(x, y)[1]


def dot(x: Any) -> Callable[[], Any]:
    step = autograd.value_and_grad(lambda x: 2 * np.dot(x, x))
    return lambda: step(x)


def control_flow(a: Any) -> Callable[[], Any]:
    def function(a: Any) -> Any:
        b = a * 2
        while np.linalg.norm(b) < 1000:
            b = b * 2
        if np.sum(b) > 0:
            return b
        return 100 * b

    step = autograd.value_and_grad(function)
    a = numpy.asarray(a)
    return lambda: step(a)


def chain(x: Any, length: int) -> Callable[[], Any]:
    def function(y: Any) -> Any:
        for _ in range(length):
            y = np.sin(y)
        return np.sum(y)

    step = autograd.value_and_grad(function)
    return lambda: step(x)


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    def loss(params: Any) -> Any:
        w1, b1, w2, b2 = params
        error = np.dot(np.tanh(np.dot(inputs, w1) + b1), w2) + b2 - targets
        return np.mean(error**2)

    return _descent(loss, params)


def classification_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    rows = numpy.arange(len(labels))

    def loss(params: Any) -> Any:
        w1, b1, w2, b2 = params
        logits = np.dot(np.maximum(np.dot(inputs, w1) + b1, 0), w2) + b2
        logits = logits - np.max(logits, axis=1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(logits), axis=1)) - logits[rows, labels])

    return _descent(loss, params)


def _descent(loss: Callable[..., Any], params: Any) -> Callable[[], Any]:
    value_and_grad = autograd.value_and_grad(loss)

    def run() -> Any:
        value, gradients = value_and_grad(params)
        for p, g in zip(params, gradients):
            p -= LEARNING_RATE * g
        return value

    return run


def elementwise(u: Any) -> Callable[[], Any]:
    step = autograd.value_and_grad(lambda u: np.sum(np.tanh(u) * np.exp(-u * u) + np.sin(u)))
    return lambda: step(u)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    def rosenbrock(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    hessian = autograd.hessian(rosenbrock)
    return lambda: hessian(x)
