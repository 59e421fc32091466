"""The workloads in bare NumPy, with derivatives worked out by hand: the price of the arithmetic alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workloads import LEARNING_RATE

NOTES = {"multiply": "nothing is recorded"}

to_numpy = np.asarray


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    return lambda: x * y


def dot(x: Any) -> Callable[[], Any]:
    return lambda: (2 * np.dot(x, x), 4 * x)


def dot_gradient(x: Any) -> Callable[[], Any]:
    return lambda: 4 * x


def control_flow(a: Any) -> Callable[[], Any]:
    def run() -> Any:
        b, slope = a * 2, 2
        while np.linalg.norm(b) < 1000:
            b = b * 2
            slope = slope * 2
        if b.sum() > 0:
            return b, slope
        return 100 * b, 100 * slope

    return run


def chain(x: Any, length: int) -> Callable[[], Any]:
    def run() -> Any:
        inputs = []
        y = x
        for _ in range(length):
            inputs.append(y)
            y = np.sin(y)
        g = np.ones_like(y)
        for saved in reversed(inputs):
            g = g * np.cos(saved)
        return y.sum(), g

    return run


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    w1, b1, w2, b2 = params

    def run() -> Any:
        hidden = np.tanh(inputs @ w1 + b1)
        error = hidden @ w2 + b2 - targets
        loss = np.mean(error * error)
        g = error * np.float32(2 / error.size)
        gh = (g @ w2.T) * (1 - hidden * hidden)
        for p, gradient in zip(params, (inputs.T @ gh, gh.sum(0), hidden.T @ g, g.sum(0))):
            p -= LEARNING_RATE * gradient
        return loss

    return run


def classification_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    w1, b1, w2, b2 = params
    rows = np.arange(len(labels))

    def run() -> Any:
        hidden = np.maximum(inputs @ w1 + b1, 0)
        logits = hidden @ w2 + b2
        logits -= logits.max(axis=1, keepdims=True)
        g = np.exp(logits)
        total = g.sum(axis=1, keepdims=True)
        loss = np.mean(np.log(total[:, 0]) - logits[rows, labels])
        g /= total
        g[rows, labels] -= 1
        g /= len(labels)
        gh = (g @ w2.T) * (hidden > 0)
        for p, gradient in zip(params, (inputs.T @ gh, gh.sum(0), hidden.T @ g, g.sum(0))):
            p -= LEARNING_RATE * gradient
        return loss

    return run


def elementwise(u: Any) -> Callable[[], Any]:
    def run() -> Any:
        t = np.tanh(u)
        e = np.exp(-u * u)
        value = np.sum(t * e + np.sin(u))
        return value, e * (1 - t * t - 2 * u * t) + np.cos(u)

    return run


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    rows = np.arange(len(labels))

    def run() -> Any:
        z = logits - logits.max(axis=1, keepdims=True)
        g = np.exp(z)
        total = g.sum(axis=1, keepdims=True)
        value = np.mean(np.log(total[:, 0]) - z[rows, labels])
        g /= total
        g[rows, labels] -= 1
        g /= len(labels)
        return value, g

    return run


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    def run() -> Any:
        z = x - x.mean(axis=1, keepdims=True)
        scale = 1 / np.sqrt(np.mean(z * z, axis=1, keepdims=True) + np.float32(1e-5))
        z *= scale
        value = np.sum((z * gain + bias) * cotangent)
        g = cotangent * gain
        g -= g.mean(axis=1, keepdims=True) + z * np.mean(g * z, axis=1, keepdims=True)
        g *= scale
        return value, (g, np.sum(cotangent * z, axis=0), cotangent.sum(axis=0))

    return run


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    def run() -> Any:
        diagonal = np.zeros_like(x)
        diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
        diagonal[1:] += 200
        beside = -400 * x[:-1]
        return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)

    return run
