"""Shapes: reshape, transpose, join, split, repeat, pad."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..numpy import padding
from ..numpy import shaping as numpy_shaping
from ..ops import cumulative, joining
from ..ops import shape as ops
from ..ops.arithmetic import positive
from .creation import shape_from
from .dtypes import TensorShape, numpy_dtype
from .errors import invalid
from .reductions import axes_of, one_axis
from .tensor import EagerTensor, core, operand, read_at, reshape_door, same_dtype, transpose_door, wrap


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """The elements in another shape; one length may be -1.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.reshape(tf.range(4), (2, -1))
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[0, 1],
           [2, 3]], dtype=int32)>
    """
    x = operand(tensor)
    lengths = [int(n) for n in (np.asarray(shape).ravel() if not isinstance(shape, (list, tuple)) else shape)]
    size = x._value.size if hasattr(x._value, "size") else int(np.prod(x._value.shape, dtype=int))
    known = int(np.prod([n for n in lengths if n != -1], dtype=int))
    if lengths.count(-1) == 1 and known and size % known == 0:
        lengths = [size // known if n == -1 else n for n in lengths]
    if lengths.count(-1) or int(np.prod(lengths, dtype=int)) != size:
        wanted = f"has {known}" if -1 not in lengths else f"requires a multiple of {known}"
        raise invalid(f"Input to reshape is a tensor with {size} values, but the requested shape {wanted}", "Reshape")
    return reshape_door(x, shape=tuple(lengths))


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str | None = None) -> Any:
    """The axes in another order, reversed by default."""
    x = operand(a)
    rank = len(x._value.shape)
    axes = tuple(reversed(range(rank))) if perm is None else tuple([int(p) % max(rank, 1) for p in np.asarray(perm)])
    if sorted(axes) != list(range(rank)):
        raise invalid(f"perm {list(axes)} is not a permutation of the {rank} axes of the input", "Transpose")
    out = transpose_door(x, axes=axes)
    if conjugate:
        from .elementwise import conj

        return conj(out)
    return out


def expand_dims(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """The Tensor with one more axis of length 1."""
    x = operand(input)
    shape = tuple(x._value.shape)
    if axis is None:
        raise TypeError("expand_dims: missing the argument 'axis'")
    axis = int(axis)
    if not -len(shape) - 1 <= axis <= len(shape):
        raise invalid(f"Tried to expand dim index {axis} for tensor with {len(shape)} dimensions.", "ExpandDims")
    axis %= len(shape) + 1
    return reshape_door(x, shape=(*shape[:axis], 1, *shape[axis:]))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """The Tensor without axes of length 1 (all of them, or those given)."""
    x = operand(input)
    shape = tuple(x._value.shape)
    axes = axes_of("Squeeze", x, axis)
    if axes is None or axes == ():
        axes = tuple([i for i, length in enumerate(shape) if length == 1])
    for each in axes:
        if shape[each] != 1:
            raise invalid(f"Can not squeeze dim[{each}], expected a dimension of 1, got {shape[each]}", "Squeeze")
    return reshape_door(x, shape=tuple([length for i, length in enumerate(shape) if i not in axes]))


def shape(input: Any, out_type: Any = "int32", name: str | None = None) -> Any:
    """The lengths of the axes, as a Tensor."""
    return EagerTensor(np.array(tuple(operand(input)._value.shape), numpy_dtype(out_type)), None)


def size(input: Any, out_type: Any = "int32", name: str | None = None) -> Any:
    """The number of elements, as a Tensor."""
    return EagerTensor(numpy_dtype(out_type).type(int(np.prod(operand(input)._value.shape, dtype=int))), None)


def rank(input: Any, name: str | None = None) -> Any:
    """The number of axes, as a Tensor."""
    return EagerTensor(np.int32(len(operand(input)._value.shape)), None)


def identity(input: Any, name: str | None = None) -> Any:
    """The same values as another Tensor."""
    x = operand(input)
    return EagerTensor(x._value, None) if x._node is None else positive(x)


def concat(values: Any, axis: Any, name: str | None = None) -> Any:
    """Tensors joined along one of their axes.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.concat([[1.0], [2.0, 3.0]], axis=0)
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([1., 2., 3.], dtype=float32)>
    """
    if not isinstance(values, (list, tuple)):
        values = [values]
    tensors = _alike("ConcatV2", values)
    first = tensors[0]
    if not first._value.shape:
        raise invalid("ConcatOp : Expected concatenating dimensions in the range [0, 0), but got 0", "ConcatV2")
    axis = one_axis("ConcatV2", first, axis)
    for x in tensors[1:]:
        mine, other = list(first._value.shape), list(x._value.shape)
        if len(mine) != len(other) or mine[:axis] + mine[axis + 1 :] != other[:axis] + other[axis + 1 :]:
            raise invalid(
                f"ConcatOp : Dimension {axis} in both shapes must be equal: shape[0] = {mine} vs. shape[1] = {other}",
                "ConcatV2",
            )
    return wrap(joining.concatenate(*tensors, axis=axis)) if len(tensors) > 1 else identity(first)


def _alike(op: str, values: Any) -> list[EagerTensor]:
    """Several Tensors of one dtype; plain numbers take the dtype of the first Tensor among them."""
    dtype = next((x._value.dtype for x in values if isinstance(x, CoreTensor)), None)
    tensors = [operand(x) if isinstance(x, CoreTensor) else operand(x, dtype) for x in values]
    if not tensors:
        raise ValueError(f"{op}: at least one Tensor is needed")
    same_dtype(op, tensors)
    return tensors


def stack(values: Any, axis: int = 0, name: str | None = None) -> Any:
    """Tensors of one shape joined along a new axis."""
    tensors = _alike("Pack", list(values))
    shape = tuple(tensors[0]._value.shape)
    for x in tensors[1:]:
        if tuple(x._value.shape) != shape:
            raise invalid(
                f"Shapes of all inputs must match: values[0].shape = {list(shape)} != {list(x.shape)}", "Pack"
            )
    if not -len(shape) - 1 <= axis <= len(shape):
        raise ValueError(f"Argument `axis` = {axis} not in range [{-len(shape) - 1}, {len(shape) + 1})")
    return wrap(joining.stack(*tensors, axis=axis % (len(shape) + 1)))


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str | None = None) -> list[Any]:
    """The parts of a Tensor along one axis, without it."""
    x = operand(value)
    if not x._value.shape:
        raise ValueError("Cannot infer argument `num` from shape (): a scalar cannot be unstacked")
    return list(joining.unstack(x, axis=one_axis("Unpack", x, axis)))


def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str | None = None) -> list[Any]:
    """The Tensor in equal parts, or in parts of the given lengths, along one axis."""
    x = operand(value)
    axis = one_axis("Split", x, axis)
    length = x._value.shape[axis]
    if np.asarray(num_or_size_splits).ndim == 0:
        parts = int(num_or_size_splits)
        if parts <= 0 or length % parts:
            raise invalid(
                f"Number of ways to split should evenly divide the split dimension, but got split_dim {axis} "
                f"(size = {length}) and num_split {parts}", "Split"
            )  # fmt: skip
        sizes = [length // parts] * parts
    else:
        sizes = [int(s) for s in np.asarray(num_or_size_splits)]
        if sizes.count(-1) == 1:
            sizes[sizes.index(-1)] = length - sum(sizes) - 1
        if sum(sizes) != length:
            raise invalid(f"Determined shape must match: sizes {sizes} do not add up to {length}", "SplitV")
    ends = np.cumsum([0, *sizes])
    return [read_at(x, joining.along(axis, slice(int(a), int(b)))) for a, b in itertools.pairwise(ends)]


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """The Tensor repeated to a larger shape."""
    x = operand(input)
    try:
        return ops.broadcast_to(x, shape=shape_from(shape))
    except ValueError:
        raise invalid(f"Incompatible shapes: {list(x.shape)} vs. {list(shape_from(shape))}", "BroadcastTo") from None


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape to which both broadcast."""
    return TensorShape(np.broadcast_shapes(tuple(shape_x), tuple(shape_y)))


def _composed(function: Any, x: Any, *args: Any) -> Any:
    """A composite of the NumPy-shaped layer, which reads NumPy's dtypes and shapes."""
    x = operand(x)
    return wrap(function(core(x), *args))


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """The Tensor repeated along each axis."""
    return _composed(numpy_shaping.tile, input, tuple([int(n) for n in np.asarray(multiples)]))


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Each element repeated along one axis (or of the flattened Tensor)."""
    return _composed(numpy_shaping.repeat, input, np.asarray(repeats), axis)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None) -> Any:
    """The Tensor with elements added before and after each axis; mode CONSTANT, REFLECT or SYMMETRIC."""
    kind = mode.lower()
    if kind not in ("constant", "reflect", "symmetric"):
        raise ValueError(f"Value of argument `mode` expected to be CONSTANT, REFLECT or SYMMETRIC. Received {mode!r}")
    widths = [tuple([int(n) for n in row]) for row in np.asarray(paddings)]
    x = operand(tensor)
    extra = {"constant_values": constant_values} if kind == "constant" else {}
    return wrap(padding.pad(core(x), widths, mode=kind, **extra))


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """The elements in reverse order along axes."""
    x = operand(tensor)
    for each in axes_of("ReverseV2", x, axis) or ():
        x = cumulative.flip(x, each)
    return x


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """The elements moved along axes, those that leave coming in at the other end."""
    return _composed(numpy_shaping.roll, input, np.asarray(shift).tolist(), np.asarray(axis).tolist())


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """A block of the Tensor; a size of -1 means all that follows."""
    x = operand(input_)
    starts, sizes = [int(b) for b in np.asarray(begin)], [int(s) for s in np.asarray(size)]
    for start, extent, length in zip(starts, sizes, x._value.shape):
        if not (0 <= start <= length and (extent == -1 or start + extent <= length)):
            raise invalid(
                f"Expected a slice inside the shape {list(x.shape)}, got begin {starts} size {sizes}", "Slice"
            )
    return read_at(x, tuple([slice(b, None if s == -1 else b + s) for b, s in zip(starts, sizes)]))


__all__ = [
    "broadcast_static_shape", "broadcast_to", "concat", "expand_dims", "identity", "pad", "rank", "repeat", "reshape",
    "reverse", "roll", "shape", "size", "split", "squeeze", "stack", "tile", "transpose", "unstack",
]  # fmt: skip
