"""NumPy's running totals, differences, integrals, interpolation and convolution along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..errors import OperationError, ShapeError
from ..ops import arithmetic, complex_numbers, cumulative, indexing, joining, sorting
from ..ops import convolution as convolving
from ..ops import reductions as reducing
from ..ops import shape as shaping
from ..ops.arithmetic import add, divide, multiply, subtract
from ..ops.joining import along
from .arguments import NOT_GIVEN, as_scalar, one_axis, operand
from .reductions import cumprod, cumsum
from .shaping import astype, ravel
from .writing import write_out

__all__ = [
    "convolve", "correlate", "cumulative_prod", "cumulative_sum", "diff", "ediff1d", "gradient", "interp", "trapezoid",
]  # fmt: skip


def _part(a: Any, axis: int, start: int | None, stop: int | None, step: int | None = None) -> Any:
    return indexing.getitem(a, index=along(axis, slice(start, stop, step)))


# -- running totals ---------------------------------------------------------------------------------------------------


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None, include_initial: bool = False
) -> Any:
    """Running sum along an axis; with `include_initial` it starts with a 0.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.cumulative_sum(np.array([1.0, 2.0]), include_initial=True)
    array([0., 1., 3.])
    """
    if out is not None:
        found = cumulative_sum(x, axis=axis, dtype=dtype, include_initial=include_initial)
        return write_out(out, found, None, "cumulative_sum")
    return _cumulative("cumulative_sum", cumsum, x, axis, dtype, include_initial, 0)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None, include_initial: bool = False
) -> Any:
    """Running product along an axis; with `include_initial` it starts with a 1.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.cumulative_prod(np.array([2.0, 3.0]), include_initial=True)
    array([1., 2., 6.])
    """
    if out is not None:
        found = cumulative_prod(x, axis=axis, dtype=dtype, include_initial=include_initial)
        return write_out(out, found, None, "cumulative_prod")
    return _cumulative("cumulative_prod", cumprod, x, axis, dtype, include_initial, 1)


def _cumulative(name: str, accumulate: Any, x: Any, axis: Any, dtype: Any, include_initial: bool, start: int) -> Any:
    x = operand(x)
    if axis is None and len(shape_of(x)) > 1:
        raise ShapeError(f"{name}: an axis is needed for an array of shape {shape_of(x)}")
    axis = 0 if axis is None else axis
    result = accumulate(x, axis, dtype)
    if not include_initial:
        return result
    shape = list(shape_of(result))
    axis = one_axis(name, axis, len(shape))
    shape[axis] = 1
    return joining.concatenate(np.full(shape, start, result.dtype), result, axis=axis)


# -- differences and integrals ----------------------------------------------------------------------------------------


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along an axis, `n` times.

    Parameters
    ----------
    a : array or Tensor
    n, axis : int
    prepend, append : array or Tensor, optional
        Put before and behind `a` first.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.diff(np.array([1.0, 4.0, 9.0]))
    array([3., 5.])
    """
    if n < 0:
        raise OperationError(f"diff: n must not be negative, got {n}")
    a = operand(a)
    axis = one_axis("diff", axis, len(shape_of(a)))
    parts = [_as_entry(part, a, axis) for part in (prepend, a, append) if part is not None and part is not NOT_GIVEN]
    if len(parts) > 1:
        a = joining.concatenate(*parts, axis=axis)
    step = arithmetic.not_equal if a.dtype == bool else subtract
    for _ in range(n):
        a = step(_part(a, axis, 1, None), _part(a, axis, None, -1))
    return a


def _as_entry(part: Any, a: Any, axis: int) -> Any:
    part = operand(part)
    if shape_of(part) != ():
        return part
    shape = list(shape_of(a))
    shape[axis] = 1
    return shaping.broadcast_to(part, shape=tuple(shape))


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours in the flattened array, with values put before and behind them.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.ediff1d(np.array([1.0, 4.0, 9.0]), to_begin=0.0)
    array([0., 3., 5.])
    """
    ary = ravel(ary)
    parts = [ravel(part) for part in (to_begin, diff(ary), to_end) if part is not None]
    return joining.concatenate(*[astype(part, ary.dtype) for part in parts], axis=0)


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Slope of sampled values along one or several axes: central differences inside, one-sided at the ends.

    Parameters
    ----------
    f : array or Tensor
    *varargs : scalar or array
        Spacings, or positions of the samples: one for all axes, or one per axis.
    axis : int or tuple of int, optional
        By default all axes.
    edge_order : {1, 2}
        Order of accuracy at the ends.

    Returns
    -------
    array or Tensor, or a tuple of them, one per axis

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.gradient(np.array([1.0, 4.0, 9.0, 16.0]))
    array([3., 4., 6., 7.])
    """
    f = operand(f)
    if f.dtype.kind not in "fc":
        f = astype(f, float)
    rank = len(shape_of(f))
    axes = range(rank) if axis is None else [one_axis("gradient", each, rank) for each in np.atleast_1d(axis)]
    if len(varargs) not in (0, 1, len(axes)):
        raise OperationError(f"gradient: {len(varargs)} spacings given for {len(axes)} axes")
    if edge_order not in (1, 2):
        raise OperationError(f"gradient: edge_order must be 1 or 2, got {edge_order}")
    spacings = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    slopes = tuple([_slope(f, operand(spacing), axis, edge_order) for axis, spacing in zip(axes, spacings)])
    return slopes[0] if len(slopes) == 1 else slopes


def _slope(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    length, rank = shape_of(f)[axis], len(shape_of(f))
    if length < edge_order + 1:
        raise ShapeError(
            f"gradient: an axis of length {length} is too short; at least {edge_order + 1} samples are needed"
        )
    if len(shape_of(spacing)) == 0:
        steps = multiply(np.ones(length - 1, np.empty(0, f.dtype).real.dtype), spacing)
    elif shape_of(spacing) == (length,):
        steps = diff(spacing)
    else:
        raise ShapeError(f"gradient: positions of shape {shape_of(spacing)} do not fit an axis of length {length}")
    steps = shaping.reshape(steps, shape=(-1, *(1,) * (rank - 1 - axis)))
    slopes = divide(diff(f, axis=axis), steps)
    before, after = _part(slopes, axis, None, -1), _part(slopes, axis, 1, None)
    h0, h1 = _part(steps, 0, None, -1), _part(steps, 0, 1, None)
    # The slope at a point between two intervals weighs each interval's slope with the length of the other.
    inside = divide(add(multiply(before, h1), multiply(after, h0)), add(h0, h1))
    if edge_order == 1:
        first, last = _part(slopes, axis, 0, 1), _part(slopes, axis, -1, None)
    else:
        first = _edge(slopes, steps, axis, slice(0, 1), slice(1, 2))
        last = _edge(slopes, steps, axis, slice(-1, None), slice(-2, -1))
    return astype(joining.concatenate(first, inside, last, axis=axis), f.dtype)


def _edge(slopes: Any, steps: Any, axis: int, outer: slice, inner: slice) -> Any:
    """The slope at an end of the parabola through the three outermost samples."""
    near, far = [indexing.getitem(slopes, index=along(axis, entry)) for entry in (outer, inner)]
    h_near, h_far = [indexing.getitem(steps, index=(entry,)) for entry in (outer, inner)]
    bend = divide(subtract(far, near), add(h_near, h_far))
    return subtract(near, multiply(bend, h_near))


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integral of sampled values by the trapezoidal rule.

    Parameters
    ----------
    y : array or Tensor
    x : array or Tensor, optional
        Positions of the samples.
    dx : scalar
        Their distance, if `x` is not given.
    axis : int

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.trapezoid(np.array([1.0, 2.0, 3.0]))
    np.float64(4.0)
    """
    y = operand(y)
    axis = one_axis("trapezoid", axis, len(shape_of(y)))
    widths = dx
    if x is not None:
        x = operand(x)
        if len(shape_of(x)) == 1:
            widths = shaping.reshape(diff(x), shape=(-1, *(1,) * (len(shape_of(y)) - 1 - axis)))
        else:
            widths = diff(x, axis=axis)
    heights = multiply(add(_part(y, axis, 1, None), _part(y, axis, None, -1)), 0.5)
    return reducing.sum(multiply(heights, widths), axis=(axis,), keepdims=False)


# -- interpolation and convolution ------------------------------------------------------------------------------------


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    """Piecewise linear interpolation.

    Parameters
    ----------
    x : array or Tensor
        Where to evaluate.
    xp : array or Tensor
        Increasing positions of the samples.
    fp : array or Tensor
        Their values.
    left, right : scalar, optional
        Values outside; by default the first and the last sample.
    period : float, optional
        The samples repeat with this period.

    Returns
    -------
    array or Tensor
        Differentiable by `x`, `xp` and `fp`; at a sample, the slope of the interval on its right counts.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.interp(1.5, np.array([1.0, 2.0]), np.array([10.0, 20.0]))
    np.float64(15.0)
    """
    x, xp, fp = operand(x), operand(xp), operand(fp)
    if len(shape_of(xp)) != 1 or shape_of(xp) != shape_of(fp):
        raise ShapeError(
            f"interp: positions and values must be vectors of one length, got {shape_of(xp)} and {shape_of(fp)}"
        )
    if period is not None:
        x, xp, fp = _wrapped(x, xp, fp, abs(period))
        left = right = None
    if shape_of(xp)[0] == 0:
        raise ShapeError("interp: no samples are given")
    if shape_of(xp)[0] == 1:  # one sample: a line through it twice
        xp, fp = joining.concatenate(xp, add(xp, 1), axis=0), joining.concatenate(fp, fp, axis=0)
    last = shape_of(xp)[0] - 2
    cell = arithmetic.clip(subtract(sorting.searchsorted(xp, x, side="right"), 1), 0, last)
    x0, x1 = indexing.take(xp, cell, axis=0), indexing.take(xp, add(cell, 1), axis=0)
    f0, f1 = indexing.take(fp, cell, axis=0), indexing.take(fp, add(cell, 1), axis=0)
    inside = add(f0, multiply(divide(subtract(f1, f0), subtract(x1, x0)), subtract(x, x0)))
    ends = [indexing.getitem(xp, index=(0,)), indexing.getitem(xp, index=(-1,))]
    outside = [
        indexing.getitem(fp, index=(0,)) if left is None else left,
        indexing.getitem(fp, index=(-1,)) if right is None else right,
    ]
    result = arithmetic.where(arithmetic.less(x, ends[0]), outside[0], inside)
    return as_scalar(arithmetic.where(arithmetic.greater(x, ends[1]), outside[1], result))


def _wrapped(x: Any, xp: Any, fp: Any, period: float) -> tuple[Any, Any, Any]:
    """Positions brought into one period, in order, with a sample of the neighbouring periods at each end."""
    x, xp = arithmetic.remainder(x, period), arithmetic.remainder(xp, period)
    order = sorting.argsort(xp, axis=0, stable=True)
    xp, fp = indexing.take(xp, order, axis=0), indexing.take(fp, order, axis=0)
    before, after = slice(-1, None), slice(0, 1)
    xp = joining.concatenate(
        subtract(indexing.getitem(xp, index=(before,)), period), xp,
        add(indexing.getitem(xp, index=(after,)), period), axis=0,
    )  # fmt: skip
    fp = joining.concatenate(indexing.getitem(fp, index=(before,)), fp, indexing.getitem(fp, index=(after,)), axis=0)
    return x, xp, fp


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Convolution of two sequences.

    Parameters
    ----------
    a, v : array or Tensor
        One-dimensional.
    mode : {'full', 'same', 'valid'}
        All overlaps; as many as the longer has entries; the complete ones.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.convolve(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([1., 3., 2.])
    """
    return _convolve("convolve", a, v, mode)


def _convolve(name: str, a: Any, v: Any, mode: str) -> Any:
    a, v = [shaping.reshape(each, shape=shape_of(each) or (1,)) for each in (operand(a), operand(v))]
    if len(shape_of(a)) != 1 or len(shape_of(v)) != 1 or 0 in shape_of(a) + shape_of(v):
        raise ShapeError(f"{name}: two sequences of at least one entry are needed, got {shape_of(a)} and {shape_of(v)}")
    n, m = shape_of(a)[0], shape_of(v)[0]
    if name == "correlate":
        v = cumulative.flip(v, 0)
        if v.dtype.kind == "c":
            v = complex_numbers.conj(v)
    whole = convolving.convolve(a, v)
    cut = min(n, m) - 1  # entries at each end of the whole where the overlap is not complete
    if mode == "full":
        return whole
    if mode == "valid":
        return _part(whole, 0, cut, n + m - 1 - cut)
    if mode == "same":
        start = (cut + (name == "correlate" and n < m)) // 2
        return _part(whole, 0, start, start + max(n, m))
    raise OperationError(f"{name}: mode must be 'full', 'same' or 'valid', got {mode!r}")


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Cross-correlation of two sequences: `convolve` with the second one reversed and conjugated.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.correlate(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0]))
    array([2., 3.])
    """
    return _convolve("correlate", a, v, mode)
