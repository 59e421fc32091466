"""The workloads in JAX without jit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .jax_programs import (
    bell,
    classification_loss,
    cross_entropy_loss,
    descend,
    done,
    lenet_loss,
    norm_loss,
    regression_loss,
    rosenbrock,
    sines,
    to_numpy,
    twice_dot,
)

__all__ = ["to_numpy"]

NOTES = {"multiply": "jax.vjp: value and pullback, not pulled back"}


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    x, y = jnp.asarray(x), jnp.asarray(y)
    return lambda: done(jax.vjp(jnp.multiply, x, y)[0])


def dot(x: Any) -> Callable[[], Any]:
    return _repeat(jax.value_and_grad(twice_dot), x)


def dot_gradient(x: Any) -> Callable[[], Any]:
    return _repeat(jax.grad(twice_dot), x)


def control_flow(a: Any) -> Callable[[], Any]:
    def function(a: Any) -> Any:
        b = a * 2
        while jnp.linalg.norm(b) < 1000:
            b = b * 2
        if b.sum() > 0:
            return b
        return 100 * b

    return _repeat(jax.value_and_grad(function), a)


def chain(x: Any, length: int) -> Callable[[], Any]:
    return _repeat(jax.value_and_grad(lambda x: sines(x, length)), x)


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    return _descent(descend(regression_loss), params, inputs, targets)


def classification_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    return _descent(descend(classification_loss), params, inputs, labels)


def lenet_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    return _descent(descend(lenet_loss), params, inputs, labels)


def _descent(step: Callable[..., Any], params: Any, *data: Any) -> Callable[[], Any]:
    params = [jnp.asarray(p) for p in params]
    data = tuple([jnp.asarray(array) for array in data])

    def run() -> Any:
        nonlocal params
        value, params = step(params, *data)
        done(params)
        return value

    return run


def elementwise(u: Any) -> Callable[[], Any]:
    return _repeat(jax.value_and_grad(bell), u)


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    return _repeat(jax.value_and_grad(cross_entropy_loss), logits, labels)


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    step = jax.value_and_grad(norm_loss, (0, 1, 2))
    return _repeat(step, x, gain, bias, cotangent)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    return _repeat(jax.hessian(rosenbrock), x)


def _repeat(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    arguments = tuple([jnp.asarray(argument) for argument in arguments])
    if len(arguments) == 1:
        (x,) = arguments
        return lambda: done(function(x))
    return lambda: done(function(*arguments))
