"""The workloads in JAX without jit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .jax_programs import (
    bell,
    classification_loss,
    descend,
    done,
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


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    return _repeat(jax.hessian(rosenbrock), x)


def _repeat(function: Callable[..., Any], x: Any) -> Callable[[], Any]:
    x = jnp.asarray(x)
    return lambda: done(function(x))
