"""`pad`: margins around an array, filled with constants, its own elements, or values computed from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..core.tensor import Tensor
from ..errors import OperandTypeError, OperationError, ShapeError
from ..ops import indexing
from ..ops.joining import along, concatenate
from ..ops.shape import broadcast_to
from ..ops.writing import index_update
from .arguments import one_axis, operand
from .reductions import max, mean, min
from .shaping import astype
from .statistics import median

__all__ = [
    "pad",
]  # fmt: skip


def pad(array: Any, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Any:
    """The array with a margin around it.

    Parameters
    ----------
    array : array or Tensor
    pad_width : int, (before, after), one pair per axis, or dict of axis to width
        Width of the margin.
    mode : {'constant', 'edge', 'reflect', 'symmetric', 'wrap', 'linear_ramp', 'maximum', 'mean', 'median', 'minimum'}
        What fills it, as in `numpy.pad`.
    constant_values, end_values, stat_length, reflect_type
        As in `numpy.pad`; `reflect_type` 'even' only.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.pad(np.array([1.0, 2.0]), 1)
    array([0., 1., 2., 0.])
    """
    array = operand(array)
    widths = _pairs("pad", pad_width, len(shape_of(array)))
    if any([width < 0 for pair in widths for width in pair]):
        raise OperationError(f"pad: widths must not be negative, got {pad_width}")
    if mode == "constant":
        return _pad_constant(array, widths, kwargs.pop("constant_values", 0), **kwargs)
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        if kwargs.pop("reflect_type", "even") != "even":
            raise OperationError("pad: reflect_type= other than 'even' is not supported")
        _no_more("pad", kwargs)
        for axis, pair in enumerate(widths):
            if any(pair):
                array = indexing.take(array, _margin_positions(shape_of(array)[axis], pair, mode), axis=axis)
        return array
    if mode in ("linear_ramp", "maximum", "mean", "median", "minimum"):
        return _pad_computed(array, widths, mode, **kwargs)
    raise OperationError(f"pad: mode {mode!r} is not supported")


def _margin_positions(length: int, pair: tuple[int, int], mode: Any) -> Any:
    return np.pad(np.arange(length), pair, mode=mode)


def _pad_constant(array: Any, widths: Any, values: Any, **kwargs: Any) -> Any:
    _no_more("pad", kwargs)
    inside = tuple([slice(before, before + length) for (before, _), length in zip(widths, shape_of(array))])
    whole = tuple([before + length + after for (before, after), length in zip(widths, shape_of(array))])
    if not isinstance(values, Tensor) and np.ndim(values) == 0 and values == 0:
        return indexing.scatter(array, index=inside, shape=whole)
    if isinstance(values, Tensor) or np.ndim(values) == 0:
        return index_update(_filled(whole, values, array.dtype), array, index=inside)
    for axis, ((before, after), pair) in enumerate(zip(widths, _pairs("pad", values, len(widths)))):
        lengths = shape_of(array)
        outer = list(lengths)
        outer[axis] += before + after
        frame = np.empty(outer, array.dtype)
        frame[along(axis, slice(0, before))], frame[along(axis, slice(before + lengths[axis], None))] = pair
        array = index_update(frame, array, index=along(axis, slice(before, before + lengths[axis])))
    return array


def _filled(lengths: tuple[int, ...], value: Any, dtype: Any) -> Any:
    return broadcast_to(astype(value, dtype), shape=lengths)


def _no_more(name: str, kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise OperandTypeError(f"{name}: unsupported argument {next(iter(kwargs))!r} for this mode")


def _pairs(name: str, value: Any, rank: int) -> list[tuple[Any, Any]]:
    """NumPy's ways of giving (before, after) for each axis."""
    if isinstance(value, dict):
        found: list[tuple[Any, Any]] = [(0, 0)] * rank
        for axis, width in value.items():
            found[one_axis(name, axis, rank)] = tuple(np.broadcast_to(width, 2).tolist())
        return found
    try:
        return [tuple(pair) for pair in np.broadcast_to(np.asarray(value), (rank, 2)).tolist()]
    except ValueError as error:
        raise ShapeError(f"{name}: {value} does not give (before, after) for each of {rank} axes") from error


STATISTICS: dict[str, Any] = {"maximum": max, "mean": mean, "median": median, "minimum": min}


def _pad_computed(array: Any, widths: Any, mode: str, stat_length: Any = None, end_values: Any = 0) -> Any:
    rank = len(shape_of(array))
    lengths = [(None, None)] * rank if stat_length is None else _pairs("pad", stat_length, rank)
    ends = _pairs("pad", end_values, rank)
    for axis, (before, after) in enumerate(widths):
        if mode == "linear_ramp":
            margins = _ramps(array, axis, (before, after), ends[axis])
        else:
            margins = [
                _statistic(array, axis, width, mode, along(axis, part))
                for width, part in zip((before, after), _stretches(lengths[axis]))
            ]
        array = concatenate(margins[0], array, margins[1], axis=axis)
    return array


def _stretches(lengths: tuple[Any, Any]) -> tuple[slice, slice]:
    """The parts of an axis from which the margin before and the one after it are computed."""
    first, last = lengths
    return slice(0, first), slice(None if last is None else -last, None)


def _statistic(array: Any, axis: int, width: int, mode: str, part: Any) -> Any:
    value = STATISTICS[mode](indexing.getitem(array, index=part), axis=axis, keepdims=True)
    shape = list(shape_of(array))
    shape[axis] = width
    return broadcast_to(value, shape=tuple(shape))


def _ramps(array: Any, axis: int, pair: tuple[int, int], ends: tuple[Any, Any]) -> list[Any]:
    """Straight lines from the end values to the array's edges."""
    ramps = []
    for width, end, edge in zip(pair, ends, (slice(0, 1), slice(-1, None))):
        steps = np.arange(width) / width if width else np.zeros(0)
        weights = (steps if edge.start == 0 else steps[::-1]).reshape(-1, *(1,) * (len(shape_of(array)) - 1 - axis))
        ramps.append(astype(end + (indexing.getitem(array, index=along(axis, edge)) - end) * weights, array.dtype))
    return ramps
