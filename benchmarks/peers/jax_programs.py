"""The functions that both JAX peers differentiate; `jax_eager` runs them operation by operation, `jax_jit` compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy

from ..workloads import LEARNING_RATE

jax.config.update("jax_enable_x64", True)  # for the float64 workloads; float32 inputs stay float32

to_numpy = numpy.asarray
done = jax.block_until_ready


def twice_dot(x: Any) -> Any:
    return 2 * jnp.dot(x, x)


def sines(y: Any, length: int) -> Any:
    for _ in range(length):
        y = jnp.sin(y)
    return jnp.sum(y)


def regression_loss(params: Any, inputs: Any, targets: Any) -> Any:
    w1, b1, w2, b2 = params
    return jnp.mean((jnp.tanh(inputs @ w1 + b1) @ w2 + b2 - targets) ** 2)


def classification_loss(params: Any, inputs: Any, labels: Any) -> Any:
    w1, b1, w2, b2 = params
    logits = jax.nn.relu(inputs @ w1 + b1) @ w2 + b2
    return cross_entropy_loss(logits, labels)


def cross_entropy_loss(logits: Any, labels: Any) -> Any:
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1))


def _pooled(x: Any) -> Any:
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def lenet_loss(params: Any, inputs: Any, labels: Any) -> Any:
    k1, c1, k2, c2, w1, b1, w2, b2, w3, b3 = params
    h = _pooled(jax.nn.relu(jax.lax.conv(inputs, k1, (1, 1), "SAME") + c1[:, None, None]))
    h = _pooled(jax.nn.relu(jax.lax.conv(h, k2, (1, 1), "VALID") + c2[:, None, None]))
    h = jax.nn.relu(h.reshape(len(labels), -1) @ w1 + b1)
    return cross_entropy_loss(jax.nn.relu(h @ w2 + b2) @ w3 + b3, labels)


def norm_loss(x: Any, gain: Any, bias: Any, cotangent: Any) -> Any:
    centred = x - jnp.mean(x, axis=1, keepdims=True)
    deviation = jnp.sqrt(jnp.mean(centred * centred, axis=1, keepdims=True) + 1e-5)
    return jnp.sum((centred / deviation * gain + bias) * cotangent)


def descend(loss: Callable[..., Any]) -> Callable[..., Any]:
    def step(params: Any, *data: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(params, *data)
        return value, [p - LEARNING_RATE * g for p, g in zip(params, gradients)]

    return step


def bell(u: Any) -> Any:
    return jnp.sum(jnp.tanh(u) * jnp.exp(-u * u) + jnp.sin(u))


def rosenbrock(x: Any) -> Any:
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
