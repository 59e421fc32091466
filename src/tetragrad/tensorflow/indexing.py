"""Reading elements at positions: gather and its relatives."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.levels import concrete
from ..core.tensor import Tensor as CoreTensor
from ..ops.indexing import getitem, scatter, take
from ..ops.joining import along
from ..ops.writing import index_update
from .creation import shape_from
from .dtypes import numpy_dtype
from .errors import invalid
from .recording import state
from .reductions import one_axis
from .tensor import EagerTensor, operand, pair, wrap

_read = getitem.primitive.unlinked  # type: ignore[attr-defined]


def _integers(op: str, indices: Any) -> Any:
    found = np.asarray(concrete(operand(indices), "indices"))
    if found.size == 0:
        return found.astype(np.intp)
    if found.dtype.kind not in "iu":
        raise invalid(f"Value for attr 'Tindices' of {found.dtype.name} is not in the list of allowed values", op)
    return found


def gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0, name: Any = None
) -> Any:
    """The entries of a Tensor at positions along one axis (0 by default).

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.gather([10.0, 20.0, 30.0], [2, 0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([30., 10.], dtype=float32)>
    """
    x = operand(params)
    positions = _integers("GatherV2", indices)
    for tape in state().tapes:
        tape.gathered = True
    if batch_dims:
        return _gather_batched(x, positions, batch_dims, axis)
    axis = one_axis("GatherV2", x, 0 if axis is None else axis)
    length = x._value.shape[axis]
    if positions.size and not (0 <= positions.min() and positions.max() < length):
        wrong = next(int(i) for i in positions.flat if not 0 <= i < length)
        raise invalid(f"indices[...] = {wrong} is not in [0, {length})", "GatherV2")
    if positions.ndim == 0:
        return take(x, positions, axis=axis)
    return wrap(_read(x, index=along(axis, positions)))


def _gather_batched(x: EagerTensor, positions: Any, batch_dims: int, axis: Any) -> Any:
    count = batch_dims % positions.ndim if batch_dims < 0 else batch_dims
    if axis is not None and axis != count:
        raise invalid("gather with batch_dims is supported along the first axis after the batch axes only", "GatherV2")
    grid = np.ix_(*[np.arange(n) for n in positions.shape[:count]], *[[0]] * (positions.ndim - count))[:count]
    return wrap(_read(x, index=(*grid, positions)))


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: str | None = None) -> Any:
    """The elements (or blocks) at positions given by the last axis of `indices`."""
    if batch_dims:
        raise invalid("gather_nd: batch_dims is not supported", "GatherNd")
    x = operand(params)
    positions = _integers("GatherNd", indices)
    try:
        return wrap(_read(x, index=tuple(np.moveaxis(positions, -1, 0))))
    except IndexError as error:
        raise invalid(f"indices do not index into param shape {list(x.shape)}: {error}", "GatherNd") from None


def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: str | None = None) -> Any:
    """The entries where a mask over the leading axes (or those from `axis` on) holds."""
    x = operand(tensor)
    chosen = np.asarray(concrete(operand(mask), "mask"))
    if chosen.ndim == 0:
        raise ValueError("mask cannot be scalar.")
    start = 0 if axis is None else int(axis) % len(x._value.shape)
    if tuple(x._value.shape[start : start + chosen.ndim]) != chosen.shape:
        raise ValueError(f"Shapes {x.shape[start : start + chosen.ndim]} and {chosen.shape} are incompatible")
    return wrap(_read(x, index=(*(slice(None),) * start, chosen.astype(bool))))


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Any:
    """Zeros of a shape with updates added at positions given by the last axis of `indices`."""
    positions = _integers("ScatterNd", indices)
    return scatter(operand(updates), index=tuple(np.moveaxis(positions, -1, 0)), shape=shape_from(shape))


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """The Tensor with the elements (or blocks) at positions replaced."""
    x, new = pair("TensorScatterUpdate", operand(tensor), updates)
    new = new if isinstance(new, CoreTensor) else EagerTensor(x._value.dtype.type(new), None)
    positions = _integers("TensorScatterUpdate", indices)
    return wrap(index_update(x, new, index=tuple(np.moveaxis(positions, -1, 0))))


def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """The Tensor with updates added at positions."""
    x = operand(tensor)
    new = operand(updates, x._value.dtype)
    return x + scatter_nd(indices, new, tuple(x._value.shape))


def tensor_scatter_nd_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """The Tensor with updates subtracted at positions."""
    x = operand(tensor)
    new = operand(updates, x._value.dtype)
    return x - scatter_nd(indices, new, tuple(x._value.shape))


class Unique(NamedTuple):
    """Result of `unique`."""

    y: Any
    idx: Any


def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> Unique:
    """The different elements of a vector in order of appearance, and where each element is among them."""
    value = np.asarray(operand(x))
    _, first, inverse = np.unique(value, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return Unique(wrap(value[first[order]]), wrap(place[inverse].astype(numpy_dtype(out_idx))))


def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: str | None = None) -> Any:
    """Rows of an embedding matrix."""
    return gather(params, ids)


__all__ = [
    "boolean_mask", "embedding_lookup", "gather", "gather_nd", "scatter_nd", "tensor_scatter_nd_add",
    "tensor_scatter_nd_sub", "tensor_scatter_nd_update", "unique",
]  # fmt: skip
