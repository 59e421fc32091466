"""NumPy's order statistics, covariances, and the reductions that leave out nan."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.levels import concrete, shape_of
from ..core.tensor import Tensor
from ..errors import OperationError, ShapeError
from ..ops import arithmetic, complex_numbers, contraction, exponential, indexing, rounding, sorting
from ..ops import reductions as reducing
from ..ops import shape as shaping
from ..ops.arithmetic import add, divide, isnan, multiply, subtract
from ..ops.joining import along
from . import reductions
from .arguments import NOT_GIVEN, as_scalar, operand, some_axes
from .creation import refuse
from .joining import concatenate
from .shaping import astype, atleast_2d, expand_dims, squeeze, transpose
from .writing import write_out

__all__ = [
    "corrcoef", "cov", "median", "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean",
    "nanmedian", "nanmin", "nanpercentile", "nanprod", "nanquantile", "nanstd", "nansum", "nanvar", "percentile",
    "quantile",
]  # fmt: skip

# -- order statistics -------------------------------------------------------------------------------------------------


def _lanes(name: str, a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """The values that are compared with each other along one last axis; and the shape of the result with `keepdims`."""
    a = operand(a)
    if a.dtype.kind not in "fc":
        a = astype(a, float)
    lengths = shape_of(a)
    axes = tuple(range(len(lengths))) if axis is None else some_axes(name, axis, len(lengths))
    kept = tuple([1 if i in axes else length for i, length in enumerate(lengths)])
    others = [i for i in range(len(lengths)) if i not in axes]
    if len(axes) != 1 or axes[0] != len(lengths) - 1:
        a = shaping.transpose(a, axes=(*others, *axes))
        a = shaping.reshape(a, shape=(*[lengths[i] for i in others], math.prod([lengths[i] for i in axes])))
    if shape_of(a)[-1] == 0:
        raise ShapeError(f"{name}: no values to compare in an array of shape {lengths} along axis {axis}")
    return a, kept


def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """The middle value, or the mean of the two middle ones.

    Parameters
    ----------
    a : array or Tensor
    axis : int or tuple of int, optional
    keepdims : bool

    Returns
    -------
    array or Tensor
        The derivative goes to the middle values.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.median(np.array([3.0, 1.0, 2.0]))
    np.float64(2.0)
    """
    if out is not None:
        return write_out(out, median(a, axis, None, overwrite_input, keepdims), None, "median")
    lanes, kept = _lanes("median", a, axis)
    last = len(shape_of(lanes)) - 1
    ordered = sorting.sort(lanes, axis=last)
    length = shape_of(ordered)[-1]
    result = indexing.getitem(ordered, index=along(last, length // 2))
    if length % 2 == 0:
        result = multiply(add(indexing.getitem(ordered, index=along(last, length // 2 - 1)), result), 0.5)
    result = _or_nan(result, ordered)
    return shaping.reshape(result, shape=kept) if keepdims is True else result


def _or_nan(result: Any, ordered: Any) -> Any:
    """`result`, and nan for lanes that hold one (it is sorted to the end)."""
    largest = indexing.getitem(ordered, index=along(len(shape_of(ordered)) - 1, -1))
    bad = isnan(largest)
    if not isinstance(bad, Tensor) and not bad.any():
        return result
    extra = len(shape_of(result)) - len(shape_of(largest))
    if extra:
        bad, largest = [shaping.reshape(each, shape=(*shape_of(largest), *(1,) * extra)) for each in (bad, largest)]
    return as_scalar(arithmetic.where(bad, largest, result))


def quantile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False, *, weights: Any = None,
) -> Any:  # fmt: skip
    """Values below which given fractions of the elements lie.

    Parameters
    ----------
    a : array or Tensor
    q : array or Tensor
        Fractions from 0 to 1; with the default method the result can be differentiated by them too.
    axis : int or tuple of int, optional
    method : str
        Any of those of `numpy.quantile`.
    keepdims : bool

    Returns
    -------
    array or Tensor
        The axes of `q` come first.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.quantile(np.array([0.0, 10.0]), 0.25)
    np.float64(2.5)
    """
    if out is not None:
        found = quantile(a, q, axis, None, overwrite_input, method, keepdims, weights=weights)
        return write_out(out, found, None, "quantile")
    refuse("quantile", weights=weights)
    q = _fractions("quantile", q)
    lanes, kept = _lanes("quantile", a, axis)
    last = len(shape_of(lanes)) - 1
    ordered = sorting.sort(lanes, axis=last)
    length = shape_of(ordered)[-1]
    if method == "linear":
        place = multiply(q, length - 1)
    else:  # a quantile is a weighted sum of sorted values: of 0, 1, 2, ... it is the place itself
        fractions = concrete(q, "quantile")
        place = np.quantile(np.arange(length, dtype=float), fractions, method=method)  # type: ignore[call-overload]
    low = np.floor(concrete(place, "quantile")).astype(np.intp)
    weight = astype(subtract(place, low), ordered.dtype)
    high = np.minimum(low + 1, length - 1)
    if not isinstance(q, Tensor):  # a value that does not count must not be read: it may be infinite
        high = np.where(weight > 0, high, low)
    result = indexing.take(ordered, low, axis=last)
    if (high != low).any():
        result = _blend(result, indexing.take(ordered, high, axis=last), weight)
    return _first_axes(_or_nan(result, ordered), shape_of(q), kept, keepdims)


def _blend(x: Any, y: Any, weight: Any) -> Any:
    return add(x, multiply(subtract(y, x), weight))


def _fractions(name: str, q: Any) -> Any:
    q = operand(q)
    values = np.asarray(concrete(q, name))
    if not ((values >= 0) & (values <= 1)).all():
        raise OperationError(f"{name}: fractions must be between 0 and 1 (percentages between 0 and 100), got {values}")
    return q


def _first_axes(result: Any, first: tuple[int, ...], kept: tuple[int, ...], keepdims: Any) -> Any:
    """The last axes, those of the fractions, brought to the front."""
    rank = len(shape_of(result))
    split = rank - len(first)
    if first and split:
        result = shaping.transpose(result, axes=(*range(split, rank), *range(split)))
    return shaping.reshape(result, shape=(*first, *kept)) if keepdims is True else as_scalar(result)


def percentile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False, *, weights: Any = None,
) -> Any:  # fmt: skip
    """`quantile` with percentages from 0 to 100.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.percentile(np.array([0.0, 10.0]), 25)
    np.float64(2.5)
    """
    return quantile(a, divide(operand(q), 100), axis, out, overwrite_input, method, keepdims, weights=weights)


# -- nan left out -----------------------------------------------------------------------------------------------------


def _without_nan(a: Any, filler: float) -> tuple[Any, Any]:
    """The array with nan replaced, and where nan was."""
    a = operand(a)
    if a.dtype.kind not in "fc":
        return a, np.zeros(shape_of(a), bool)
    bad = isnan(a)
    return arithmetic.where(bad, filler, a), bad


def nansum(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = NOT_GIVEN,
    where: Any = True,
) -> Any:  # fmt: skip
    """Sum of the elements that are not nan.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nansum(np.array([1.0, np.nan, 2.0]))
    np.float64(3.0)
    """
    return reductions.sum(_without_nan(a, 0)[0], axis, dtype, out, keepdims, initial, where)


def nanprod(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = NOT_GIVEN,
    where: Any = True,
) -> Any:  # fmt: skip
    """Product of the elements that are not nan.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanprod(np.array([3.0, np.nan, 2.0]))
    np.float64(6.0)
    """
    return reductions.prod(_without_nan(a, 1)[0], axis, dtype, out, keepdims, initial, where)


def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running sum, nan counting as 0.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nancumsum(np.array([1.0, np.nan, 2.0]))
    array([1., 1., 3.])
    """
    return reductions.cumsum(_without_nan(a, 0)[0], axis, dtype, out)


def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running product, nan counting as 1.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nancumprod(np.array([1.0, np.nan, 2.0]))
    array([1., 1., 2.])
    """
    return reductions.cumprod(_without_nan(a, 1)[0], axis, dtype, out)


def nanmean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """Mean of the elements that are not nan.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanmean(np.array([1.0, np.nan, 2.0]))
    np.float64(1.5)
    """
    a = operand(a)
    return reductions.mean(a, axis, dtype, out, keepdims, where=arithmetic.logical_not(isnan(a)))


def nanvar(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False) -> Any:
    """Variance of the elements that are not nan.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanvar(np.array([1.0, np.nan, 3.0]))
    np.float64(1.0)
    """
    a = operand(a)
    return reductions.var(a, axis, dtype, out, ddof, keepdims, where=arithmetic.logical_not(isnan(a)))


def nanstd(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False) -> Any:
    """Standard deviation of the elements that are not nan; where it is zero, so is its derivative.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanstd(np.array([1.0, np.nan, 3.0]))
    np.float64(1.0)
    """
    return reductions.root(nanvar(a, axis, dtype, out, ddof, keepdims))


def nanmax(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """Largest of the elements that are not nan (nan, if there is none).

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanmax(np.array([1.0, np.nan, 2.0]))
    np.float64(2.0)
    """
    return _nan_extreme(reductions.max, a, axis, out, keepdims, -math.inf)


def nanmin(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """Smallest of the elements that are not nan (nan, if there is none).

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanmin(np.array([1.0, np.nan, 2.0]))
    np.float64(1.0)
    """
    return _nan_extreme(reductions.min, a, axis, out, keepdims, math.inf)


def _nan_extreme(reduce: Any, a: Any, axis: Any, out: Any, keepdims: Any, filler: float) -> Any:
    filled, bad = _without_nan(a, filler)
    result = reduce(filled, axis, out, keepdims)
    nothing = reductions.all(bad, axis, keepdims=keepdims)
    if not isinstance(nothing, Tensor) and not nothing.any():
        return result
    return as_scalar(arithmetic.where(nothing, math.nan, result))


def nanargmax(a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """Position of the largest element that is not nan.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanargmax(np.array([1.0, np.nan, 2.0]))
    np.int64(2)
    """
    return reductions.argmax(_without_nan(a, -math.inf)[0], axis, out, keepdims=keepdims)


def nanargmin(a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """Position of the smallest element that is not nan.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanargmin(np.array([1.0, np.nan, 2.0]))
    np.int64(0)
    """
    return reductions.argmin(_without_nan(a, math.inf)[0], axis, out, keepdims=keepdims)


def nanquantile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`quantile` of the elements that are not nan.

    Parameters
    ----------
    a, q, axis, keepdims
        As in `quantile`.
    method : {'linear', 'lower', 'higher', 'nearest', 'midpoint'}

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanquantile(np.array([0.0, np.nan, 10.0]), 0.25)
    np.float64(2.5)
    """
    if out is not None:
        return write_out(out, nanquantile(a, q, axis, None, overwrite_input, method, keepdims), None, "nanquantile")
    q = _fractions("nanquantile", q)
    lanes, kept = _lanes("nanquantile", a, axis)
    last = len(shape_of(lanes)) - 1
    ordered = sorting.sort(lanes, axis=last)  # nan comes last
    numbers = reducing.count_nonzero(arithmetic.logical_not(isnan(lanes)), axis=(last,), keepdims=True)
    flat = shaping.reshape(q, shape=(-1,))
    place = multiply(flat, arithmetic.maximum(subtract(numbers, 1), 0))
    lower, upper = rounding.floor(place), rounding.ceil(place)
    if method == "linear":
        weight: Any = subtract(place, lower)
    elif method in ("lower", "higher", "nearest", "midpoint"):
        nearest = rounding.rint(place)
        lower, upper = {
            "lower": (lower, lower),
            "higher": (upper, upper),
            "nearest": (nearest, nearest),
            "midpoint": (lower, upper),
        }[method]
        weight = np.asarray(0.5)
    else:
        raise OperationError(f"nanquantile: method {method!r} is not supported")
    below, above = [_at_places(ordered, each, last) for each in (lower, upper)]
    result = _blend(below, above, astype(weight, ordered.dtype))
    result = shaping.reshape(result, shape=(*shape_of(result)[:-1], *shape_of(q)))
    return _first_axes(result, shape_of(q), kept, keepdims)


def _at_places(ordered: Any, places: Any, axis: int) -> Any:
    places = shaping.astype_discrete(places, dtype=np.dtype(np.intp))
    return indexing.take_along_axis(ordered, places, axis=axis, unique=False)


def nanpercentile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`nanquantile` with percentages from 0 to 100.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanpercentile(np.array([0.0, np.nan, 10.0]), 25)
    np.float64(2.5)
    """
    return nanquantile(a, divide(operand(q), 100), axis, out, overwrite_input, method, keepdims)


def nanmedian(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """Median of the elements that are not nan.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nanmedian(np.array([3.0, np.nan, 1.0]))
    np.float64(2.0)
    """
    return nanquantile(a, 0.5, axis, out, overwrite_input, "linear", keepdims)


# -- covariance -------------------------------------------------------------------------------------------------------


def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None, fweights: Any = None,
    aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    """Covariance matrix of variables.

    Parameters
    ----------
    m : array or Tensor
        A row per variable, a column per observation (the other way round: ``rowvar=False``).
    y : array or Tensor, optional
        More variables.
    bias : bool
        Divide by the number of observations, not by one less.
    ddof : int, optional
        Subtracted from the number of observations instead.
    fweights, aweights : array, optional
        How often each observation was made; how much it counts.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.cov(np.array([[0.0, 2.0], [1.0, 5.0]]))
    array([[2., 4.],
           [4., 8.]])
    """
    x = _variables(m, rowvar, dtype)
    if y is not None:
        x = concatenate([x, _variables(y, rowvar, dtype)], axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    weights = None if fweights is None else astype(operand(fweights), float)
    if aweights is not None:
        weights = operand(aweights) if weights is None else multiply(weights, operand(aweights))
    center = reductions.average(x, axis=1, weights=weights)
    divisor: Any = shape_of(x)[1] - ddof
    if weights is not None:
        total = reducing.sum(weights, axis=None, keepdims=False)
        lost: Any = ddof
        if aweights is not None:
            squares = reducing.sum(multiply(weights, operand(aweights)), axis=None, keepdims=False)
            lost = divide(multiply(ddof, squares), total)
        divisor = subtract(total, lost)
    x = subtract(x, expand_dims(center, 1))
    other = x if weights is None else multiply(x, weights)
    if other.dtype.kind == "c":
        other = complex_numbers.conj(other)
    return squeeze(divide(contraction.matmul(x, transpose(other)), divisor))


def _variables(m: Any, rowvar: bool, dtype: Any) -> Any:
    x = operand(m)
    if len(shape_of(x)) > 2:
        raise ShapeError(f"cov: at most two axes are allowed, got shape {shape_of(x)}")
    if dtype is not None or x.dtype.kind not in "fc":
        x = astype(x, dtype or float)
    return transpose(x) if not rowvar and len(shape_of(x)) == 2 else atleast_2d(x)


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """Matrix of correlation coefficients of variables.

    Parameters
    ----------
    x, y, rowvar
        As in `cov`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.corrcoef(np.array([[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]])).round(6)
    array([[1., 1.],
           [1., 1.]])
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if shape_of(c) == ():
        return divide(c, c)
    variances = indexing.getitem(c, index=(np.arange(len(c)), np.arange(len(c))))
    if variances.dtype.kind == "c":
        variances = complex_numbers.real(variances)
    spread = exponential.sqrt(variances)
    return divide(divide(c, expand_dims(spread, 1)), spread)
