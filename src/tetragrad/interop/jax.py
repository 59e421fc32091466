"""The border to JAX, whose convention for complex numbers is ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import OperationError
from .border import exported, foreign, gradient_of, imported, is_float


def from_jax(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of JAX arrays as one of tetragrad's, through which gradients flow.

    Parameters
    ----------
    function : callable
        ``function(*jax arrays) -> jax array or tuple of them``.

    Returns
    -------
    callable
        ``(*arrays or Tensors) -> array or Tensor``, or a tuple.

    Raises
    ------
    OperationError
        JAX is not installed; or float64 comes in while JAX computes in float32.
    MissingRuleError
        When called inside `jvp` or `vmap`: reverse mode alone crosses the border.
    """
    jax = foreign("from_jax", "jax")

    def run(arrays: Sequence[Any]) -> Any:
        xs = [_import(jax, array) for array in arrays]
        out, vjp = jax.vjp(function, *xs)
        several = isinstance(out, (tuple, list))
        outs = list(out) if several else [out]

        def pull(gs: Sequence[Any]) -> list[Any]:
            seeds = [_seed(jax, g, o) for g, o in zip(gs, outs)]
            found = vjp(type(out)(seeds) if several else seeds[0])
            return [np.asarray(ct) if is_float(array) else None for ct, array in zip(found, arrays)]

        return [np.asarray(o) for o in outs], several, pull

    return imported("from_jax", run, lambda count: from_jax(_jax_gradient(jax, function, count)))


def _jax_gradient(jax: Any, function: Callable[..., Any], count: int) -> Callable[..., Any]:
    def gradient(*arguments: Any) -> tuple[Any, ...]:
        gs, xs = arguments[:count], arguments[count:]
        out, vjp = jax.vjp(function, *xs)
        several = isinstance(out, (tuple, list))
        seeds = [_seed(jax, g, o) for g, o in zip(gs, out if several else [out])]
        found = vjp(type(out)(seeds) if several else seeds[0])
        return tuple([ct if is_float(x) else jax.numpy.zeros(x.shape) for ct, x in zip(found, xs)])

    return gradient


def to_jax(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of tetragrad's arrays as one of JAX arrays, for `jax.grad`, `jax.vjp`, `jax.jit` and `jax.vmap`.

    Parameters
    ----------
    function : callable
        ``function(*arrays) -> array or tuple of arrays``, written with `tetragrad.numpy` and operators. Under `jax.jit`
        it is called back from the compiled program; there the shapes of its results are found by one trial call.

    Returns
    -------
    callable
        ``(*jax arrays) -> jax array``, or a tuple. Forward mode is not defined on it.

    Raises
    ------
    OperationError
        JAX is not installed.
    """
    jax = foreign("to_jax", "jax")

    def value(*xs: Any) -> Any:
        def run(*arrays: Any) -> Any:
            outputs, several, _ = exported(function, [np.asarray(array) for array in arrays])
            outputs = [out.astype(jax.dtypes.canonicalize_dtype(out.dtype)) for out in outputs]
            return tuple(outputs) if several else outputs[0]

        if not any([isinstance(x, jax.core.Tracer) for x in xs]):
            return jax.tree_util.tree_map(jax.numpy.asarray, run(*xs))
        trial = run(*[np.ones(x.shape, x.dtype) for x in xs])
        shapes = jax.tree_util.tree_map(lambda out: jax.ShapeDtypeStruct(out.shape, out.dtype), trial)
        return jax.pure_callback(run, shapes, *xs, vmap_method="sequential")

    def forward(*xs: Any) -> Any:
        return call(*xs), xs

    def backward(xs: Any, g: Any) -> Any:
        gs = g if isinstance(g, tuple) else (g,)
        found = to_jax(gradient_of(function, len(gs)))(*gs, *xs)
        return tuple([ct.astype(x.dtype) if is_float(x) else None for ct, x in zip(found, xs)])

    call = jax.custom_vjp(value)
    call.defvjp(forward, backward)

    def export(*args: Any) -> Any:
        return call(*[jax.numpy.asarray(arg) for arg in args])

    return export


def _import(jax: Any, array: Any) -> Any:
    made = jax.numpy.asarray(np.array(array))
    if made.dtype != array.dtype:
        raise OperationError(
            f"from_jax: the input is {array.dtype}, but JAX computes in {made.dtype}; call "
            f'jax.config.update("jax_enable_x64", True), or convert the input with .astype({made.dtype})'
        )
    return made


def _seed(jax: Any, g: Any, out: Any) -> Any:
    if not is_float(out):
        return np.zeros(out.shape, jax.dtypes.float0)
    return jax.numpy.asarray(g, out.dtype)
