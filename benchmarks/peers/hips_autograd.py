"""The workloads in HIPS autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as np
import numpy

from ..workloads import LEARNING_RATE

NOTES = {"multiply": "make_vjp: the trace that records the product, not pulled back"}

MISSING = {"lenet_step": "convolutions only by scipy.signal, without batches"}

to_numpy = numpy.asarray


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    record = autograd.make_vjp(lambda x, y: x * y, argnum=(0, 1))
    return lambda: record(x, y)[1]


def dot(x: Any) -> Callable[[], Any]:
    step = autograd.value_and_grad(lambda x: 2 * np.dot(x, x))
    return lambda: step(x)


def dot_gradient(x: Any) -> Callable[[], Any]:
    step = autograd.grad(lambda x: 2 * np.dot(x, x))
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
    def loss(params: Any) -> Any:
        w1, b1, w2, b2 = params
        return _cross_entropy(np.dot(np.maximum(np.dot(inputs, w1) + b1, 0), w2) + b2, labels)

    return _descent(loss, params)


def _cross_entropy(logits: Any, labels: Any) -> Any:
    z = logits - np.max(logits, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[numpy.arange(len(labels)), labels])


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


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    step = autograd.value_and_grad(_cross_entropy)
    return lambda: step(logits, labels)


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    def loss(variables: Any) -> Any:
        x, gain, bias = variables
        centred = x - np.mean(x, axis=1, keepdims=True)
        deviation = np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + 1e-5)
        return np.sum((centred / deviation * gain + bias) * cotangent)

    step = autograd.value_and_grad(loss)
    return lambda: step((x, gain, bias))


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    def rosenbrock(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    hessian = autograd.hessian(rosenbrock)
    return lambda: hessian(x)
