"""Shapes, joining and splitting, indexing, and changes of dtype, by Paddle's names and signatures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.levels import concrete, shape_of
from ..core.tensor import Tensor as CoreTensor
from ..numpy import indexing, joining, shaping
from ..ops import shape as ops
from ..ops.arithmetic import positive
from ..ops.indexing import getitem, take
from .dtypes import Place, as_dtype
from .errors import invalid, require
from .random import lengths
from .tensor import as_operand, made

__all__ = [
    "astype", "broadcast_shape", "broadcast_tensors", "broadcast_to", "cast", "chunk", "concat", "expand", "expand_as",
    "flatten", "flip", "gather", "gather_nd", "hstack", "index_select", "masked_select", "meshgrid", "moveaxis",
    "repeat_interleave", "reshape", "roll", "shape", "slice", "split", "squeeze", "stack", "swapaxes", "t",
    "take_along_axis", "tile", "tolist", "transpose", "unbind", "unsqueeze", "unstack", "view", "vstack",
]  # fmt: skip


def reshape(x: Any, *shape: Any, name: str | None = None, **given: Any) -> Any:
    """The same elements in another shape: -1 stands for what is left, 0 for the length that the axis has."""
    x = as_operand(x, "reshape")
    wanted = given["shape"] if "shape" in given else shape[0] if len(shape) == 1 else shape
    old = shape_of(x)
    new = tuple([old[place] if length == 0 and place < len(old) else length for place, length in _numbered(wanted)])
    size = math.prod(old)
    known = math.prod([length for length in new if length != -1])
    if (-1 not in new and known != size) or (-1 in new and (known == 0 or size % known)) or new.count(-1) > 1:
        raise invalid(
            "The 'shape' in ReshapeOp is invalid. The input tensor X'size must be equal to the capacity of 'shape'. "
            f"But received X's shape = {list(old)}, X's size = {size}, 'shape' is {list(new)}, the capacity of 'shape' "
            f"is {known}."
        )
    return ops.reshape(x, shape=new)


def _numbered(shape: Any) -> Any:
    return enumerate(lengths(shape))


view = reshape


def flatten(x: Any, start_axis: int = 0, stop_axis: int = -1, name: str | None = None) -> Any:
    """Some axes (all, by default) as one."""
    x = as_operand(x, "flatten")
    shape = shape_of(x)
    if not shape:
        return ops.reshape(x, shape=(1,))
    start, stop = start_axis % len(shape), stop_axis % len(shape)
    return ops.reshape(x, shape=(*shape[:start], math.prod(shape[start : stop + 1]), *shape[stop + 1 :]))


def squeeze(x: Any, axis: Any = None, name: str | None = None) -> Any:
    """Without the axes of length 1, or those given that have it."""
    x = as_operand(x, "squeeze")
    if axis is None:
        return shaping.squeeze(x)
    shape = shape_of(x)
    wanted = [each % max(1, len(shape)) for each in lengths(axis)]
    return shaping.squeeze(x, tuple([each for each in wanted if shape and shape[each] == 1]))


def unsqueeze(x: Any, axis: Any, name: str | None = None) -> Any:
    """With new axes of length 1 at these places."""
    x = as_operand(x, "unsqueeze")
    for each in lengths(axis):
        x = shaping.expand_dims(x, each)
    return x


def transpose(x: Any, perm: Any = None, *more: Any, name: str | None = None) -> Any:
    """The axes in another order: axis `i` of the result is axis ``perm[i]`` of `x`."""
    x = as_operand(x, "transpose")
    if perm is None:
        raise TypeError("transpose() missing 1 required positional argument: 'perm'")
    return shaping.transpose(x, (int(perm), *more) if more else lengths(perm))


def t(input: Any, name: str | None = None) -> Any:
    """A matrix with its axes swapped; fewer axes stay as they are."""
    x = as_operand(input, "t", "input")
    if len(shape_of(x)) > 2:
        raise ValueError(
            f"Input(input) only support N-D (N<=2) tensor, but received length of Input(input) is {len(shape_of(x))}. "
            "Perhaps you can use paddle.tensor.transpose() instead."
        )
    return shaping.transpose(x)


def moveaxis(x: Any, source: Any, destination: Any, name: str | None = None) -> Any:
    """Some axes moved to other places."""
    return shaping.moveaxis(as_operand(x, "moveaxis"), source, destination)


def swapaxes(x: Any, axis0: int, axis1: int, name: str | None = None) -> Any:
    """Two axes swapped."""
    return shaping.swapaxes(as_operand(x, "swapaxes"), axis0, axis1)


def cast(x: Any, dtype: Any) -> Any:
    """The elements in another dtype; as in Paddle gradients pass, also through whole numbers."""
    x = as_operand(x, "cast")
    wanted = as_dtype(dtype).dtype
    if x._node is not None or wanted.kind in "fc":
        return positive(x) if wanted == x._value.dtype else ops.astype(x, dtype=wanted)
    return made(ops.astype_discrete(x, dtype=wanted))


astype = cast


def to(x: Any, *args: Any, dtype: Any = None, device: Any = None, blocking: Any = None) -> Any:
    """The Tensor in another dtype; the only device is the CPU."""
    for each in args:
        if isinstance(each, CoreTensor):
            dtype = each.dtype
        elif not (isinstance(each, Place) or str(each).startswith("cpu")):
            dtype = each
    return as_operand(x, "to") if dtype is None else cast(x, dtype)


def concat(x: Any, axis: Any = 0, name: str | None = None) -> Any:
    """Tensors joined along an axis that they have."""
    parts = _parts(x, "concat")
    first = shape_of(parts[0])
    for position, part in enumerate(parts[1:], 1):
        if len(shape_of(part)) != len(first):
            raise invalid(
                f"The shape of input[0] and input[{position}] is expected to be equal. But received input[0]'s shape = "
                f"{list(first)}, input[{position}]'s shape = {list(shape_of(part))}."
            )
    _check_one_dtype(parts)
    return made(joining.concatenate(parts, int(axis)))


def stack(x: Any, axis: int = 0, name: str | None = None) -> Any:
    """Tensors of one shape joined along a new axis."""
    parts = _parts(x, "stack")
    _check_one_dtype(parts)
    return made(joining.stack(parts, axis))


def _check_one_dtype(parts: list[Any]) -> None:
    for position, part in enumerate(parts):
        if part._value.dtype != parts[0]._value.dtype:
            raise invalid(
                f"The data_type of input tensor in list isn't consistent, the first tensor is {parts[0].dtype.name}, "
                f"but {position}th tensor is {part.dtype.name}."
            )


def broadcast_shape(x_shape: Any, y_shape: Any) -> list[int]:
    """The shape that two shapes have in common."""
    try:
        return list(np.broadcast_shapes(lengths(x_shape), lengths(y_shape)))
    except ValueError as error:
        raise invalid(f"broadcast_shape: {list(x_shape)} and {list(y_shape)} do not fit") from error


def _parts(x: Any, function: str) -> list[Any]:
    require(isinstance(x, (list, tuple)) and x, f"{function}: the input must be a list of Tensors, not empty")
    return [as_operand(part, function) for part in x]


def vstack(x: Any, name: str | None = None) -> Any:
    """Tensors joined row by row."""
    return made(joining.vstack(_parts(x, "vstack")))


def hstack(x: Any, name: str | None = None) -> Any:
    """Tensors joined column by column."""
    return made(joining.hstack(_parts(x, "hstack")))


def split(x: Any, num_or_sections: Any, axis: Any = 0, name: str | None = None) -> list[Any]:
    """Parts along an axis: so many of equal length, or of these lengths (one may be -1)."""
    x = as_operand(x, "split")
    length = shape_of(x)[int(axis)]
    if isinstance(num_or_sections, int):
        if length % num_or_sections:
            raise invalid(
                "The input's size along the split dimension must be evenly divisible by Attr(num_or_sections). But "
                f"received Attr(num_or_sections) = {num_or_sections}, input(X)'s shape = {list(shape_of(x))}."
            )
        return list(joining.split(x, num_or_sections, int(axis)))
    sections = lengths(num_or_sections)
    rest = length - sum([each for each in sections if each != -1])
    sections = tuple([rest if each == -1 else each for each in sections])
    if sum(sections) != length:
        raise invalid(f"split: the lengths {list(sections)} do not add up to {length}, the length of axis {int(axis)}")
    return list(joining.split(x, list(itertools.accumulate(sections))[:-1], int(axis)))


def chunk(x: Any, chunks: int, axis: Any = 0, name: str | None = None) -> list[Any]:
    """So many parts of equal length along an axis."""
    return split(x, int(chunks), axis)


def unbind(input: Any, axis: int = 0) -> list[Any]:
    """The Tensors along an axis, one by one."""
    return list(joining.unstack(as_operand(input, "unbind", "input"), axis=axis))


def unstack(x: Any, axis: int = 0, num: int | None = None) -> list[Any]:
    """The Tensors along an axis, one by one."""
    return unbind(x, axis)


def tile(x: Any, repeat_times: Any, name: str | None = None) -> Any:
    """The Tensor repeated so many times along each axis."""
    return shaping.tile(as_operand(x, "tile"), lengths(repeat_times))


def repeat_interleave(x: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Each element repeated, along an axis or through all elements."""
    counts = np.asarray(concrete(repeats, "repeats")) if isinstance(repeats, CoreTensor) else repeats
    return shaping.repeat(as_operand(x, "repeat_interleave"), counts, axis)


def expand(x: Any, shape: Any, name: str | None = None) -> Any:
    """Axes of length 1 repeated to a shape; -1 leaves an axis as it is."""
    x = as_operand(x, "expand")
    wanted, old = lengths(shape), shape_of(x)
    new = len(wanted) - len(old)
    kept = tuple([old[place - new] if length == -1 and place >= new else length for place, length in enumerate(wanted)])
    return shaping.broadcast_to(x, kept)


def broadcast_to(x: Any, shape: Any, name: str | None = None) -> Any:
    """Axes of length 1 repeated to a shape; -1 leaves an axis as it is."""
    return expand(x, shape)


def expand_as(x: Any, y: Any, name: str | None = None) -> Any:
    """`x` repeated to the shape of `y`."""
    return expand(x, shape_of(as_operand(y, "expand_as", "y", 1)))


def broadcast_tensors(input: Any, name: str | None = None) -> list[Any]:
    """Tensors repeated to the shape that they have in common."""
    return list(shaping.broadcast_arrays(*_parts(input, "broadcast_tensors")))


def meshgrid(*args: Any, **kwargs: Any) -> list[Any]:
    """The coordinates of a grid, one Tensor per axis."""
    parts = _parts(args[0] if len(args) == 1 and isinstance(args[0], (list, tuple)) else list(args), "meshgrid")
    shape = tuple([shape_of(part)[0] if shape_of(part) else 1 for part in parts])
    places = [(1,) * i + (-1,) + (1,) * (len(parts) - i - 1) for i in range(len(parts))]
    return [shaping.broadcast_to(ops.reshape(part, shape=place), shape) for part, place in zip(parts, places)]


def roll(x: Any, shifts: Any, axis: Any = None, name: str | None = None) -> Any:
    """The elements moved along, those that leave at one end coming in at the other."""
    return shaping.roll(as_operand(x, "roll"), shifts, tuple(axis) if isinstance(axis, list) else axis)


def flip(x: Any, axis: Any, name: str | None = None) -> Any:
    """The elements in reverse order along these axes."""
    return shaping.flip(as_operand(x, "flip"), lengths(axis))


def gather(x: Any, index: Any, axis: Any = None, name: str | None = None) -> Any:
    """The entries of `x` at these positions along an axis."""
    x, positions = as_operand(x, "gather"), as_operand(index, "gather", "index", 1)
    axis = 0 if axis is None else int(axis) % len(shape_of(x))
    return take(x, ops.reshape(positions, shape=(-1,)), axis=axis)


index_select = gather


def gather_nd(x: Any, index: Any, name: str | None = None) -> Any:
    """The entries of `x` at positions given one a row."""
    rows = np.asarray(concrete(as_operand(index, "gather_nd", "index", 1), "gather_nd()"))
    return as_operand(x, "gather_nd")[tuple([rows[..., place] for place in range(rows.shape[-1])])]


def take_along_axis(arr: Any, indices: Any, axis: int, broadcast: bool = True) -> Any:
    """The entries of each lane at its own positions."""
    return made(indexing.take_along_axis(as_operand(arr, "take_along_axis", "arr"), indices, axis))


def masked_select(x: Any, mask: Any, name: str | None = None) -> Any:
    """The elements where the mask holds, in a row."""
    return as_operand(x, "masked_select")[as_operand(mask, "masked_select", "mask", 1)]


def slice(input: Any, axes: Sequence[int], starts: Sequence[Any], ends: Sequence[Any]) -> Any:
    """A part of the Tensor: from a start to an end along each of these axes."""
    x = as_operand(input, "slice", "input")
    index = [_slice(None)] * len(shape_of(x))
    for axis, start, end in zip(axes, starts, ends):
        index[axis] = _slice(int(start), int(end))
    return getitem(x, index=tuple(index))


_slice = type(np.s_[:])


def shape(input: Any) -> Any:
    """The lengths of the axes, as a Tensor."""
    return made(np.array(shape_of(as_operand(input, "shape", "input")), np.int64))


def tolist(x: Any) -> Any:
    """The elements as nested lists of Python numbers."""
    return as_operand(x, "tolist").tolist()
