"""Forward mode: `jvp` carries tangents along; `linearize` gives the derivative as a function of the tangent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.forward import Dual
from ..core.levels import Level, shape_of
from ..core.sweep import fit_cotangent
from ..core.tensor import Tensor
from ..errors import CotangentError
from .containers import flatten, map_leaves, matching_leaves, unflatten
from .reverse import _pair, vjp
from .variables import as_value, face_of, inner, outward


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    """Value of `f` and its derivative in the direction of the tangents.

    Parameters
    ----------
    f : callable
        Takes and returns arrays or nested containers of arrays.
    primals : sequence
        The arguments of `f`.
    tangents : sequence
        One tangent per argument, of the same structure, shapes and dtypes.
    has_aux : bool
        `f` returns ``(out, aux)``.

    Returns
    -------
    out, tangent
        ``f(*primals)`` and its tangent; then aux with `has_aux`.

    Raises
    ------
    CotangentError
        If the tangents do not fit the primals.

    Examples
    --------
    >>> import tetragrad as tg
    >>> tg.jvp(lambda x: x * x, (3.0,), (1.0,))
    (np.float64(9.0), np.float64(6.0))
    """
    if not isinstance(primals, (list, tuple)) or not isinstance(tangents, (list, tuple)):
        raise CotangentError(
            "jvp: primals and tangents must be tuples or lists, one entry per argument of the function"
        )
    leaves, structure = flatten(tuple(primals))
    directions = matching_leaves(tuple(tangents), structure, "jvp")
    values = [as_value(leaf, "jvp") for leaf in leaves]
    directions = [fit_cotangent(t, shape_of(value), value.dtype, "jvp") for t, value in zip(directions, values)]
    as_tensor = any([isinstance(leaf, Tensor) for leaf in (*leaves, *directions)])
    level = Level("jvp", Dual)
    duals = [
        face_of(leaf)(Dual(level, inner(value), inner(t)), None) for leaf, value, t in zip(leaves, values, directions)
    ]
    out = level.run(f, unflatten(structure, duals))
    aux = None
    if has_aux:
        out, aux = _pair(out)
    out_leaves, out_structure = flatten(out)
    parts = [_split(leaf, level, as_tensor) for leaf in out_leaves]
    result = (
        unflatten(out_structure, [primal for primal, _ in parts]),
        unflatten(out_structure, [tangent for _, tangent in parts]),
    )
    if has_aux:
        return (*result, map_leaves(lambda leaf: _split(leaf, level, as_tensor)[0], aux))
    return result


def _split(leaf: Any, level: Level, as_tensor: bool) -> tuple[Any, Any]:
    """Primal and tangent of one output of a function that ran at `level`."""
    if isinstance(leaf, Tensor):
        value = leaf._value
        if isinstance(value, Dual) and value.level is level:
            tangent = _zeros(value) if value.tangent is None else value.tangent
            return outward(value.primal, type(leaf), as_tensor), outward(tangent, type(leaf), as_tensor)
        return outward(leaf, type(leaf), as_tensor), outward(_zeros(leaf), type(leaf), as_tensor)
    if isinstance(leaf, (np.ndarray, np.generic, int, float, complex)):
        return leaf, _zeros(np.asarray(leaf))
    return leaf, leaf


def _zeros(like: Any) -> Any:
    zeros = np.zeros(like.shape, like.dtype)
    return zeros if zeros.ndim else zeros[()]


def linearize(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Value of `f` and its derivative at `primals` as a linear function of the tangents.

    The function runs once; each call of the result costs about one forward derivative. (The pullback is linear in its
    cotangent, and its own pullback is the derivative wanted.)

    Parameters
    ----------
    f : callable
        Takes and returns arrays or nested containers of arrays.
    *primals
        The arguments.

    Returns
    -------
    out
        ``f(*primals)``.
    pushforward : callable
        ``pushforward(*tangents) -> tangent of out``.

    Raises
    ------
    CotangentError
        From the pushforward, if the tangents do not fit the primals.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> out, pushforward = tg.linearize(np.sin, 0.0)
    >>> pushforward(2.0)
    np.float64(2.0)
    """
    out, pullback = vjp(f, *primals)
    cotangent = map_leaves(lambda leaf: _zeros(leaf if hasattr(leaf, "dtype") else np.asarray(leaf)), out)
    _, pushforward = vjp(pullback, cotangent)
    structure = flatten(primals)[1]

    def linear(*tangents: Any) -> Any:
        matching_leaves(tangents, structure, "linearize")
        return pushforward(tangents)[0]

    return out, linear
