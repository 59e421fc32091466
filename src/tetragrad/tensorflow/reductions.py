"""Reductions under TensorFlow's names: ``axis`` and ``keepdims``, and the dtype stays the operand's."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..numpy import reductions as numpy_reductions
from ..ops import cumulative, exponential, reductions, softmax, sorting
from ..ops.joining import along, concatenate
from ..ops.shape import reshape
from . import elementwise
from .dtypes import numpy_dtype
from .errors import invalid
from .tensor import EagerTensor, core, operand, read_at, wrap

Axes = tuple[int, ...] | None


def axes_of(op: str, x: EagerTensor, axis: Any) -> Axes:
    """The axes to reduce, as the engine wants them."""
    rank = len(x._value.shape)
    if axis is None:
        return None
    if isinstance(axis, (CoreTensor, np.ndarray)):
        axis = np.asarray(axis).tolist()
    given = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    for each in given:
        if not -rank <= each < rank:
            raise invalid(f"Invalid reduction dimension ({each} for input with {rank} dimension(s)", op)
    found = tuple([int(each) % rank for each in given])
    if len(set(found)) < len(found):
        raise invalid(f"Invalid reduction arguments: Axes contains duplicate dimension: {axis}", op)
    return found


def one_axis(op: str, x: EagerTensor, axis: Any) -> int:
    """One axis, counted from the front."""
    rank = len(x._value.shape)
    axis = int(axis)
    if not -rank <= axis < rank:
        raise invalid(f"Expected dimension in the range [{-rank}, {rank}), but got {axis}", op)
    return axis % rank


def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The sum over axes (all by default).

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.reduce_sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([4., 6.], dtype=float32)>
    """
    x = operand(input_tensor)
    out = reductions.sum(x, axis=None if axis is None else axes_of("Sum", x, axis), keepdims=keepdims)
    return _in_dtype_of(x, out)


def _in_dtype_of(x: EagerTensor, out: Any) -> Any:
    """NumPy sums small integers in wide ones; TensorFlow keeps the dtype."""
    if out._value.dtype is x._value.dtype or out._value.dtype == x._value.dtype:
        return out
    return wrap(elementwise.cast(out, x._value.dtype))


def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The mean over axes (all by default); of integers an integer."""
    x = operand(input_tensor)
    if x._value.dtype.kind in "iu":
        value = np.asarray(x._value)
        total = value.sum(axis=axes_of("Mean", x, axis), keepdims=keepdims)
        count = value.size // max(1, np.asarray(total).size)
        return wrap(np.asarray(np.trunc(total / count)).astype(value.dtype))
    return reductions.mean(x, axis=None if axis is None else axes_of("Mean", x, axis), keepdims=keepdims)


def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The product over axes (all by default)."""
    x = operand(input_tensor)
    return _in_dtype_of(x, reductions.prod(x, axis=axes_of("Prod", x, axis), keepdims=keepdims))


def reduce_max(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The largest element over axes (all by default); ties share the gradient."""
    return _extreme("Max", reductions.max, input_tensor, axis, keepdims)


def reduce_min(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The smallest element over axes (all by default); ties share the gradient."""
    return _extreme("Min", reductions.min, input_tensor, axis, keepdims)


def _extreme(op: str, door: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    x = operand(x)
    if x._value.size == 0:  # the identity, as in TensorFlow
        limits = np.finfo(x._value.dtype) if x._value.dtype.kind == "f" else np.iinfo(x._value.dtype)
        value = getattr(np, op.lower())(
            np.asarray(x._value), axis=axes_of(op, x, axis), keepdims=keepdims,
            initial=(limits.min if op == "Max" else limits.max) if x._value.dtype.kind != "f" else
            (-np.inf if op == "Max" else np.inf),
        )  # fmt: skip
        return wrap(value)
    return door(x, axis=axes_of(op, x, axis), keepdims=keepdims)


def reduce_any(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Whether any element over axes is True."""
    return _logical("Any", reductions.any, input_tensor, axis, keepdims)


def reduce_all(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Whether all elements over axes are True."""
    return _logical("All", reductions.all, input_tensor, axis, keepdims)


def _logical(op: str, door: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    x = operand(x)
    if x._value.dtype.kind != "b":
        raise elementwise.refused(op, x)
    return wrap(door(x, axis=axes_of(op, x, axis), keepdims=keepdims))


def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """log(sum(exp(x))) over axes, without overflow."""
    x = operand(input_tensor)
    return softmax.logsumexp(x, axis=axes_of("LogSumExp", x, axis), keepdims=keepdims)


def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The variance over axes, divided by the number of elements."""
    x = operand(input_tensor)
    if x._value.dtype.kind not in "fc":
        raise TypeError(f"Input must be either real or complex. Received integer type {x.dtype}.")
    axes = axes_of("Mean", x, axis)
    deviation = elementwise.subtract(x, reductions.mean(x, axis=axes, keepdims=True))
    return reductions.mean(exponential.square(deviation), axis=axes, keepdims=keepdims)


def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The square root of the variance over axes."""
    return exponential.sqrt(reduce_variance(input_tensor, axis, keepdims))


def reduce_euclidean_norm(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The square root of the sum of squares over axes."""
    return exponential.sqrt(reduce_sum(exponential.square(operand(input_tensor)), axis, keepdims))


def count_nonzero(input: Any, axis: Any = None, keepdims: bool = False, dtype: Any = "int64", name: Any = None) -> Any:
    """The number of elements that are not zero."""
    x = operand(input)
    out = reductions.count_nonzero(x, axis=axes_of("Sum", x, axis), keepdims=keepdims)
    return wrap(np.asarray(out).astype(numpy_dtype(dtype)))


def argmax(input: Any, axis: Any = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """Position of the largest element along an axis (0 by default)."""
    return _position("ArgMax", reductions.argmax, input, axis, output_type)


def argmin(input: Any, axis: Any = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """Position of the smallest element along an axis (0 by default)."""
    return _position("ArgMin", reductions.argmin, input, axis, output_type)


def _position(op: str, door: Any, x: Any, axis: Any, output_type: Any) -> Any:
    x = operand(x)
    out = door(x, axis=one_axis(op, x, 0 if axis is None else axis))
    return wrap(np.asarray(out).astype(numpy_dtype(output_type)) if not isinstance(out, CoreTensor) else out)


def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Running sums along an axis."""
    return _running("Cumsum", numpy_reductions.cumsum, x, axis, exclusive, reverse, 0)


def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Running products along an axis."""
    return _running("Cumprod", numpy_reductions.cumprod, x, axis, exclusive, reverse, 1)


def _running(op: str, function: Any, x: Any, axis: Any, exclusive: bool, reverse: bool, start: int) -> Any:
    x = operand(x)
    axis = one_axis(op, x, axis)
    if reverse:
        x = cumulative.flip(x, axis)
    if exclusive:
        first = np.full((*x._value.shape[:axis], 1, *x._value.shape[axis + 1 :]), start, x._value.dtype)
        x = concatenate(EagerTensor(first, None), read_at(x, along(axis, slice(None, -1))), axis=axis)
    out = _in_dtype_of(x, wrap(function(core(x), axis)))
    return cumulative.flip(out, axis) if reverse else out


class TopKV2(NamedTuple):
    """Result of `top_k`."""

    values: Any
    indices: Any


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """The elements in order along an axis."""
    x = operand(values)
    axis = one_axis("Sort", x, axis)
    out = sorting.sort(x, axis=axis)
    return cumulative.flip(out, axis) if _descending(direction) else out


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Any:
    """The positions that put the elements in order along an axis."""
    x = operand(values)
    value = np.asarray(x)
    order = np.argsort(-value if _descending(direction) else value, axis=one_axis("Sort", x, axis), kind="stable")
    return wrap(order.astype(np.int32))


def _descending(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"Argument `direction` should be one of ASCENDING or DESCENDING. Received: {direction!r}")
    return direction == "DESCENDING"


def top_k(input: Any, k: int = 1, sorted: bool = True, index_type: Any = "int32", name: str | None = None) -> TopKV2:
    """The k largest elements along the last axis, and their positions."""
    from ..numpy.indexing import take_along_axis

    x = operand(input)
    axis = one_axis("TopKV2", x, -1)
    if not 0 <= k <= x._value.shape[axis]:
        raise invalid(f"input must have at least k columns. Had {x._value.shape[axis]}, needed {k}", "TopKV2")
    order = np.argsort(-np.asarray(x), axis=axis, kind="stable")[..., :k]
    return TopKV2(wrap(take_along_axis(core(x), order, axis)), wrap(order.astype(numpy_dtype(index_type))))


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Sums of the rows with equal (sorted) ids."""
    ids = np.asarray(segment_ids)
    return unsorted_segment_sum(data, ids, int(ids.max()) + 1 if ids.size else 0)


def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """Sums of the rows with equal ids."""
    from ..ops.indexing import scatter

    x = operand(data)
    ids = np.asarray(segment_ids)
    shape = (int(num_segments), *x._value.shape[ids.ndim :])
    return scatter(reshape(x, shape=(ids.size, *x._value.shape[ids.ndim :])), index=(ids.ravel(),), shape=shape)


def bincount(arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = "int32") -> Any:
    """How often each integer occurs."""
    counts = np.bincount(
        np.asarray(arr).ravel(), None if weights is None else np.asarray(weights).ravel(), minlength or 0
    )
    return wrap(counts[:maxlength].astype(numpy_dtype(dtype) if weights is None else np.asarray(weights).dtype))


__all__ = [
    "argmax", "argmin", "argsort", "bincount", "count_nonzero", "cumprod", "cumsum", "reduce_all", "reduce_any",
    "reduce_euclidean_norm", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
    "reduce_std", "reduce_sum", "reduce_variance", "segment_sum", "sort", "top_k", "unsorted_segment_sum",
]  # fmt: skip
