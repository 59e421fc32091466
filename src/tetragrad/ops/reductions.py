"""Reductions: sums, products, extremes and counts over axes. `axis` is None (all axes) or a tuple of axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..families import Case, Real, general, linear, nondifferentiable
from ..families.rules import CONVERT, LINEAR, RESHAPE
from .arithmetic import keep, less, logical_not
from .cumulative import cumprod, flip, shifted, with_zeros
from .shape import Axes, batch_axes, inverse_permutation, spread, transpose

_ANY = Real(-3, 3, complex=True)
_REAL = Real(-3, 3)

# NumPy's methods `sum`, `max`, ... are these, plus half a microsecond.
add_up: Any = np.add.reduce
multiply_up: Any = np.multiply.reduce
largest: Any = np.maximum.reduce
smallest: Any = np.minimum.reduce
all_true: Any = np.logical_and.reduce
any_true: Any = np.logical_or.reduce


def cases(sample: Real, *extra: Case) -> list[Case]:
    """Example calls of a reduction."""
    return [
        Case(sample[2, 3], axis=None, keepdims=False),
        Case(sample[2, 3, 2], axis=(1,), keepdims=False),
        Case(sample[2, 3, 2], axis=(0, 2), keepdims=True),
        Case(sample[2, 3], axis=None, keepdims=True),
        Case(sample[()], axis=None, keepdims=False),
        *extra,
    ]


def count(shape: tuple[int, ...], axis: Axes) -> int:
    """How many elements a reduction takes together."""
    return math.prod(shape if axis is None else [shape[each] for each in axis])


def reduced_shape(shape: tuple[int, ...], axis: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that a reduction leaves."""
    return tuple([length for i, length in enumerate(shape) if i not in axis])


# -- sums -------------------------------------------------------------------------------------------------------------


def _sum(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return add_up(x, axis, None, None, keepdims)


sum = linear(
    "sum",
    _sum,
    [lambda g, x_shape, axis, keepdims: spread(g, x_shape, axis, keepdims)],
    batch=batch_axes(lambda: sum),
    sample=cases(_ANY, Case(_ANY[0, 3], axis=(0,), keepdims=False), Case(_ANY[2, 3], axis=(), keepdims=False)),
)


def _mean(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    x = np.asarray(x)
    if x.dtype.char in "fdFDgG":
        return add_up(x, axis, None, None, keepdims) / count(x.shape, axis)
    return np.mean(x, axis, keepdims=keepdims)


mean = linear(
    "mean",
    _mean,
    [lambda g, x_shape, axis, keepdims: spread(g / count(x_shape, axis), x_shape, axis, keepdims)],
    batch=batch_axes(lambda: mean),
    sample=cases(_ANY),
)


# -- products ---------------------------------------------------------------------------------------------------------


def _prod(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return multiply_up(x, axis, None, None, keepdims)


def products_of_others(x: Any, axis: Axes) -> Any:
    """For each element, the product of all others that `prod` multiplies it with."""
    shape = shape_of(x)
    taken = tuple(range(len(shape))) if axis is None else axis
    if len(taken) == 1:
        (along_axis,) = taken
        before = shifted(cumprod(x, axis=along_axis), along_axis, 1)
        after = flip(shifted(cumprod(flip(x, along_axis), axis=along_axis), along_axis, 1), along_axis)
        return before * after
    order = (*[each for each in range(len(shape)) if each not in taken], *taken)
    moved = transpose(x, axes=order)
    rows = RESHAPE(moved, (*[shape[each] for each in order[: len(shape) - len(taken)]], count(shape, taken)))
    others = RESHAPE(products_of_others(rows, (len(shape) - len(taken),)), shape_of(moved))
    return transpose(others, axes=inverse_permutation(order))


prod = general(
    "prod",
    _prod,
    jvps=[lambda t, x, axis, keepdims: sum(t * products_of_others(x, axis), axis=axis, keepdims=keepdims)],
    vjps=[lambda g, x, x_shape, axis, keepdims: spread(g, x_shape, axis, keepdims) * products_of_others(x, axis)],
    batch=batch_axes(lambda: prod),
    sample=cases(
        _ANY,
        Case(make=with_zeros(2), axis=None, keepdims=False, complex=True),
        Case(make=with_zeros(3, 4), axis=(1,), keepdims=False, complex=True),
        Case(_ANY[0, 3], axis=(0,), keepdims=False),
        Case(_ANY[2], axis=(), keepdims=False),
    ),
)


# -- extremes ---------------------------------------------------------------------------------------------------------


def _max(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return largest(x, axis, None, None, keepdims)


def _min(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return smallest(x, axis, None, None, keepdims)


def _extreme(x: Any, out: Any, axis: Axes, keepdims: bool, upper: bool) -> tuple[Any, Any]:
    """Which elements are the extreme ones (all, if it is nan), and how many share it, as numbers of `out`'s dtype."""
    extreme = spread(out, shape_of(x), axis, keepdims)
    tied = logical_not(less(x, extreme) if upper else less(extreme, x))
    return tied, CONVERT(sum(tied, axis=axis, keepdims=keepdims), out.dtype)


def _extreme_jvp(t: Any, x: Any, out: Any, axis: Axes, keepdims: bool, upper: bool) -> Any:
    tied, ties = _extreme(x, out, axis, keepdims, upper)
    return sum(keep(t, tied), axis=axis, keepdims=keepdims) / ties


def _extreme_vjp(g: Any, x: Any, out: Any, axis: Axes, keepdims: bool, upper: bool) -> Any:
    tied, ties = _extreme(x, out, axis, keepdims, upper)
    return keep(spread(g / ties, shape_of(x), axis, keepdims), tied)


def _tied(rng: Any, dtype: Any) -> tuple[Any, ...]:
    return (np.array([[2, 0, 2], [-1, -1, -2]], dtype),)


max = general(
    "max",
    _max,
    jvps=[lambda t, x, out, axis, keepdims: _extreme_jvp(t, x, out, axis, keepdims, True)],
    vjps=[lambda g, x, out, axis, keepdims: _extreme_vjp(g, x, out, axis, keepdims, True)],
    batch=batch_axes(lambda: max),
    sample=cases(_REAL, Case(make=_tied, axis=(1,), keepdims=False)),
    doc="Largest element; tied elements share the derivative equally.",
)
min = general(
    "min",
    _min,
    jvps=[lambda t, x, out, axis, keepdims: _extreme_jvp(t, x, out, axis, keepdims, False)],
    vjps=[lambda g, x, out, axis, keepdims: _extreme_vjp(g, x, out, axis, keepdims, False)],
    batch=batch_axes(lambda: min),
    sample=cases(_REAL, Case(make=lambda rng, dtype: (-_tied(rng, dtype)[0],), axis=(1,), keepdims=False)),
    doc="Smallest element; tied elements share the derivative equally.",
)


# -- truth, counts and positions: results without derivative -----------------------------------------------------------


def _all(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return all_true(x, axis, None, None, keepdims)


def _any(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return any_true(x, axis, None, None, keepdims)


def _count_nonzero(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return add_up(np.asarray(x) != 0, axis, None, None, keepdims)


all = nondifferentiable("all", _all, batch=batch_axes(lambda: all), sample=cases(_ANY))
any = nondifferentiable("any", _any, batch=batch_axes(lambda: any), sample=cases(_ANY))
count_nonzero = nondifferentiable(
    "count_nonzero", _count_nonzero, batch=batch_axes(lambda: count_nonzero), sample=cases(_ANY)
)


def _argmax(x: Any, *, axis: int) -> Any:
    return np.argmax(x, axis)


def _argmin(x: Any, *, axis: int) -> Any:
    return np.argmin(x, axis)


_ONE_AXIS = [Case(_REAL[4], axis=0), Case(_REAL[2, 3], axis=1), Case(_REAL[2, 3], axis=0)]
argmax = nondifferentiable("argmax", _argmax, batch=batch_axes(lambda: argmax), sample=_ONE_AXIS)
argmin = nondifferentiable("argmin", _argmin, batch=batch_axes(lambda: argmin), sample=_ONE_AXIS)

LINEAR["sum"] = sum
