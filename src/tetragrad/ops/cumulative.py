"""Running totals along one axis, and the linear recurrence that their derivatives are.

Nothing here divides, so products are differentiated rightly, to any order, with zeros among the factors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..families import Case, Real, general, linear
from .indexing import getitem
from .joining import all_batched, along, concatenate
from .shape import batch_axes

_ANY = Real(-3, 3, complex=True)


def _cumsum(x: Any, *, axis: int, reverse: bool) -> Any:
    x = np.asarray(x)
    if not reverse:
        return np.cumsum(x, axis)
    backwards = along(axis, slice(None, None, -1))
    return np.cumsum(x[backwards], axis)[backwards]


cumsum = linear(
    "cumsum",
    _cumsum,
    [lambda g, axis, reverse: cumsum(g, axis=axis, reverse=not reverse)],
    batch=batch_axes(lambda: cumsum),
    sample=[
        Case(_ANY[4], axis=0, reverse=False),
        Case(_ANY[2, 3], axis=1, reverse=True),
        Case(_ANY[0, 2], axis=0, reverse=False),
    ],
)


def flip(x: Any, axis: int) -> Any:
    """`x` with one axis reversed."""
    return getitem(x, index=along(axis, slice(None, None, -1)))


def shifted(x: Any, axis: int, fill: int, reverse: bool = False) -> Any:
    """Each entry replaced by the one before it (after it: `reverse`), and `fill` where there is none."""
    shape = shape_of(x)
    filling = np.full((*shape[:axis], 1, *shape[axis + 1 :]), fill, x.dtype)
    if reverse:
        return getitem(concatenate(x, filling, axis=axis), index=along(axis, slice(1, None)))
    return getitem(concatenate(filling, x, axis=axis), index=along(axis, slice(0, shape[axis])))


def _recurrence(a: Any, b: Any, *, axis: int, reverse: bool) -> Any:
    if reverse:
        backwards = along(axis, slice(None, None, -1))
        return _recurrence(a[backwards], b[backwards], axis=axis, reverse=False)[backwards]
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    out = np.empty(b.shape, np.result_type(a, b))
    width = math.prod(b.shape[1:])
    if width < 32:  # few lanes: Python's numbers are faster than an array operation per step
        flat = out.reshape(len(out), width)
        lanes_a, lanes_b = a.reshape(flat.shape).T.tolist(), b.reshape(flat.shape).T.tolist()
        for lane, (factors, terms) in enumerate(zip(lanes_a, lanes_b)):
            s: Any = 0.0
            flat[:, lane] = [s := factor * s + term for factor, term in zip(factors, terms)]
    else:
        s = np.zeros(b.shape[1:], out.dtype)
        for i in range(len(out)):
            s = out[i] = a[i] * s + b[i]
    return np.moveaxis(out, 0, axis)


def _reversed_factors(a: Any, axis: int, reverse: bool) -> Any:
    """The factors with which a recurrence's cotangents run the other way."""
    return shifted(a, axis, 0, reverse=not reverse)


recurrence = general(
    "recurrence",
    _recurrence,
    jvps=[
        lambda t, a, out, axis, reverse: recurrence(a, t * shifted(out, axis, 0, reverse), axis=axis, reverse=reverse),
        lambda t, a, axis, reverse: recurrence(a, t, axis=axis, reverse=reverse),
    ],
    vjps=[
        lambda g, a, out, axis, reverse: (
            recurrence(_reversed_factors(a, axis, reverse), g, axis=axis, reverse=not reverse)
            * shifted(out, axis, 0, reverse)
        ),
        lambda g, a, axis, reverse: recurrence(_reversed_factors(a, axis, reverse), g, axis=axis, reverse=not reverse),
    ],
    batch=lambda args, batched, size, params: recurrence(
        *all_batched(args, batched, size), axis=params["axis"] + 1, reverse=params["reverse"]
    ),
    sample=[
        Case(_ANY[4], _ANY[4], axis=0, reverse=False),
        Case(_ANY[2, 3], _ANY[2, 3], axis=1, reverse=True),
        Case(_ANY[3, 40], _ANY[3, 40], axis=0, reverse=False),
        Case(_ANY[0], _ANY[0], axis=0, reverse=False),
    ],
    doc="The linear recurrence ``s[i] = a[i] * s[i-1] + b[i]`` along one axis, starting from zero.",
)


def _cumprod(x: Any, *, axis: int) -> Any:
    return np.cumprod(x, axis)


def with_zeros(*shape: int) -> Any:
    """Sample arrays with zeros among their elements."""

    def make(rng: Any, dtype: Any) -> tuple[Any, ...]:
        x = _ANY.draw(rng, shape, dtype)
        x.reshape(-1)[: 3 * x.size // 4 : 2] = 0
        return (x,)

    return make


cumprod = general(
    "cumprod",
    _cumprod,
    jvps=[lambda t, x, out, axis: recurrence(x, t * shifted(out, axis, 1), axis=axis, reverse=False)],
    vjps=[
        lambda g, x, out, axis: (
            recurrence(_reversed_factors(x, axis, False), g, axis=axis, reverse=True) * shifted(out, axis, 1)
        )
    ],
    batch=batch_axes(lambda: cumprod),
    sample=[
        Case(_ANY[4], axis=0),
        Case(_ANY[2, 3], axis=1),
        Case(make=with_zeros(4), axis=0, complex=True),
        Case(_ANY[0, 2], axis=0),
    ],
)
