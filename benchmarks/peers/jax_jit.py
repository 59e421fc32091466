"""The workloads in JAX under jit, compiled before they are timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .jax_eager import _descent, _repeat
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

NOTES = {
    "multiply": "jit of jax.vjp: value and residuals, not pulled back",
    "control_flow": "forward mode: JAX refuses reverse mode through a while loop",
}
UNROLLED = 100

forget = jax.clear_caches


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    x, y = jnp.asarray(x), jnp.asarray(y)
    record = jax.jit(lambda x, y: jax.vjp(jnp.multiply, x, y))
    return lambda: done(record(x, y)[0])


def dot(x: Any) -> Callable[[], Any]:
    return _repeat(jax.jit(jax.value_and_grad(twice_dot)), x)


def dot_gradient(x: Any) -> Callable[[], Any]:
    return _repeat(jax.jit(jax.grad(twice_dot)), x)


def control_flow(a: Any) -> Callable[[], Any]:
    def function(a: Any) -> Any:
        b = jax.lax.while_loop(lambda b: jnp.linalg.norm(b) < 1000, lambda b: b * 2, a * 2)
        return jnp.where(b.sum() > 0, b, 100 * b)

    return _repeat(jax.jit(lambda a: jax.jvp(function, (a,), (jnp.ones_like(a),))), a)


def chain(x: Any, length: int) -> Callable[[], Any]:
    def rolled(x: Any) -> Any:
        return jnp.sum(jax.lax.fori_loop(0, length, lambda _, y: jnp.sin(y), x))

    function = rolled if length > UNROLLED else lambda x: sines(x, length)
    return _repeat(jax.jit(jax.value_and_grad(function)), x)


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    return _descent(jax.jit(descend(regression_loss), donate_argnums=0), params, inputs, targets)


def classification_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    return _descent(jax.jit(descend(classification_loss), donate_argnums=0), params, inputs, labels)


def lenet_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    return _descent(jax.jit(descend(lenet_loss), donate_argnums=0), params, inputs, labels)


def elementwise(u: Any) -> Callable[[], Any]:
    return _repeat(jax.jit(jax.value_and_grad(bell)), u)


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    return _repeat(jax.jit(jax.value_and_grad(cross_entropy_loss)), logits, labels)


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    step = jax.jit(jax.value_and_grad(norm_loss, (0, 1, 2)))
    return _repeat(step, x, gain, bias, cotangent)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    return _repeat(jax.jit(jax.hessian(rosenbrock)), x)
