"""Shapes, joining, splitting and indexing by PyTorch's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import concrete
from ..core.mutation import share_if_view
from ..core.tensor import Tensor as CoreTensor
from ..numpy import contraction, indexing, joining
from ..numpy import shaping as faces
from ..ops import arithmetic
from ..ops.indexing import getitem
from ..ops.indexing import scatter as scatter_door
from ..ops.joining import unstack
from ..ops.shape import transpose as transpose_door
from ..ops.writing import index_update
from . import errors
from .dtypes import Size
from .names import named
from .promotion import cast, result_dtype
from .reductions import one_dim
from .tensor import Tensor, constant


def _lengths(shape: Any) -> tuple[int, ...]:
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = shape[0]
    return tuple([int(length) for length in shape])


def reshape(input: Any, *shape: Any, **kwargs: Any) -> Any:
    """The elements in another shape; one length may be -1."""
    lengths = _lengths(shape or (kwargs["shape"],))
    count = input.shape.numel()
    known = 1
    for length in lengths:
        known *= 1 if length == -1 else length
    if lengths.count(-1) > 1:
        raise errors.RuntimeError("only one dimension can be inferred")
    if (known != count) if -1 not in lengths else (known == 0 or count % known):
        raise errors.ShapeError(f"shape '{list(lengths)}' is invalid for input of size {count}")
    return faces.reshape(input, lengths)


def view(self: Any, *shape: Any) -> Any:
    """The elements in another shape; a view."""
    if len(shape) == 1 and not isinstance(shape[0], (int, tuple, list, np.integer)):
        raise errors.RuntimeError("view(dtype): reading bytes as another dtype is not possible here; use .to(dtype)")
    return reshape(self, *shape)


def view_as(self: Any, other: Any) -> Any:
    """A view in the shape of another Tensor."""
    return faces.reshape(self, tuple(other.shape))


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Several axes made one."""
    start, end = one_dim(input, start_dim), one_dim(input, end_dim)
    shape = input._value.shape
    return faces.reshape(input, (*shape[:start], -1, *shape[end + 1 :]))


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One axis made several."""
    dim, shape = one_dim(input, dim), input._value.shape
    return faces.reshape(input, (*shape[:dim], *sizes, *shape[dim + 1 :]))


def ravel(input: Any) -> Any:
    """The elements in one axis."""
    return faces.reshape(input, (-1,))


def squeeze(input: Any, dim: Any = None) -> Any:
    """Axes of length 1 left out."""
    shape = input._value.shape
    dims = range(len(shape)) if dim is None else [dim] if isinstance(dim, int) else dim
    gone = {one_dim(input, each) for each in dims} if shape else set()
    kept = tuple([length for axis, length in enumerate(shape) if not (axis in gone and length == 1)])
    return named(faces.reshape(input, kept), f"SqueezeBackward{0 if dim is None else 1}")


def unsqueeze(input: Any, dim: int) -> Any:
    """An axis of length 1 put in."""
    return faces.expand_dims(input, one_dim(input, dim, 1))


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two axes swapped."""
    order = list(range(len(input._value.shape)))
    if not order:
        return input
    i, j = one_dim(input, dim0), one_dim(input, dim1)
    order[i], order[j] = order[j], order[i]
    return named(transpose_door(input, axes=tuple(order)), "TransposeBackward0")


swapaxes = swapdims = transpose


def t(input: Any) -> Any:
    """A matrix with its axes swapped."""
    rank = len(input._value.shape)
    if rank > 2:
        raise errors.RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {rank}D")
    return named(transpose_door(input, axes=(1, 0)), "TBackward0") if rank == 2 else input


def permute(input: Any, *dims: Any) -> Any:
    """The axes in another order."""
    order = tuple([one_dim(input, each) for each in _lengths(dims)])
    if sorted(order) != list(range(len(input._value.shape))):
        raise errors.RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {len(input._value.shape)} is not equal to len(dims) = "
            f"{len(order)}"
        )
    return transpose_door(input, axes=order)


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places."""
    return faces.moveaxis(input, source, destination)


moveaxis = movedim


def expand(self: Any, *sizes: Any) -> Any:
    """Axes of length 1 repeated without copying; -1 keeps a length."""
    lengths, own = _lengths(sizes), self._value.shape
    padded = (*(1,) * (len(lengths) - len(own)), *own)
    wanted = tuple([have if want == -1 else want for want, have in zip(lengths, padded)])
    if len(lengths) < len(own):
        raise errors.ShapeError(
            f"expand(torch.{self.dtype.legacy}Tensor{{{list(own)}}}, size={list(lengths)}): the number of sizes "
            f"provided ({len(lengths)}) must be greater or equal to the number of dimensions in the tensor ({len(own)})"
        )
    for axis, (want, have) in enumerate(zip(wanted, padded)):
        if want != have and have != 1:
            raise errors.ShapeError(
                f"The expanded size of the tensor ({want}) must match the existing size ({have}) at non-singleton "
                f"dimension {axis}.  Target sizes: {list(lengths)}.  Tensor sizes: {list(own)}"
            )
    return faces.broadcast_to(self, wanted)


def expand_as(self: Any, other: Any) -> Any:
    """Expanded to the shape of another Tensor."""
    return expand(self, tuple(other.shape))


def broadcast_to(input: Any, shape: Any) -> Any:
    """Expanded to a shape."""
    return expand(input, tuple(shape))


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """Several Tensors expanded to their common shape."""
    shape = np.broadcast_shapes(*[tuple(each.shape) for each in tensors])
    return tuple([expand(each, shape) for each in tensors])


def repeat(self: Any, *sizes: Any) -> Any:
    """Copies side by side along each axis."""
    return named(faces.tile(self, _lengths(sizes)), "RepeatBackward0")


def tile(input: Any, dims: Any) -> Any:
    """Copies side by side along each axis."""
    return faces.tile(input, tuple(dims))


def repeat_interleave(input: Any, repeats: Any, dim: Any = None) -> Any:
    """Each entry repeated."""
    counts = concrete(repeats, "repeats") if isinstance(repeats, CoreTensor) else repeats
    return constant(faces.repeat(input, counts, dim))


def flip(input: Any, *dims: Any) -> Any:
    """The entries of axes in reverse order."""
    return named(faces.flip(input, _lengths(dims)), "FlipBackward0")


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """The entries moved round."""
    return faces.roll(input, shifts, dims)


def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """Turned by right angles."""
    return faces.rot90(input, k, tuple(dims))


# -- joining and splitting --------------------------------------------------------------------------------------------


def _common(tensors: Any, name: str) -> list[Any]:
    parts = list(tensors)
    if not parts:
        raise ValueError(f"{name}: expected a non-empty list of Tensors")
    for i, part in enumerate(parts):
        if not isinstance(part, CoreTensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(part).__name__}")
    if len({part._value.dtype for part in parts}) > 1:
        wanted = result_dtype(*parts)
        parts = [cast(part, wanted) for part in parts]
    return parts


def cat(tensors: Any, dim: int = 0) -> Any:
    """Tensors one after the other along an axis."""
    parts = _common(tensors, "torch.cat()")
    if [1 for part in parts if part._value.shape == ()]:
        raise errors.RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    return constant(joining.concatenate(parts, one_dim(parts[0], dim)))


concat = concatenate = cat


def stack(tensors: Any, dim: int = 0) -> Any:
    """Tensors of one shape along a new axis."""
    parts = _common(tensors, "stack")
    first = parts[0].shape
    for i, part in enumerate(parts):
        if part.shape != first:
            raise errors.ShapeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and {list(part.shape)} "
                f"at entry {i}"
            )
    return constant(joining.stack(parts, one_dim(parts[0], dim, 1)))


def hstack(tensors: Any) -> Any:
    """Tensors side by side."""
    return constant(joining.hstack(_common(tensors, "hstack")))


def vstack(tensors: Any) -> Any:
    """Tensors one below the other."""
    return constant(joining.vstack(_common(tensors, "vstack")))


def narrow(input: Any, dim: int, start: int, length: int) -> Any:
    """A stretch of an axis."""
    dim = one_dim(input, dim)
    return getitem(input, index=(*(slice(None),) * dim, slice(start, start + length)))


def select(input: Any, dim: int, index: int) -> Any:
    """One entry of an axis."""
    return getitem(input, index=(*(slice(None),) * one_dim(input, dim), index))


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Pieces of a given length, or of given lengths, along an axis."""
    dim = one_dim(tensor, dim)
    length, sizes = tensor._value.shape[dim], split_size_or_sections
    if isinstance(sizes, int):
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)] or [0]
    if sum(sizes) != length:
        raise errors.RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at dimension "
            f"{dim}), but got split_sizes={list(sizes)}"
        )
    pieces, start = [], 0
    for size in sizes:
        pieces.append(narrow(tensor, dim, start, size))
        start += size
    return tuple(pieces)


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most so many pieces of equal length along an axis."""
    length = input._value.shape[one_dim(input, dim)]
    return split(input, max(1, -(-length // chunks)), dim)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """The entries of an axis."""
    dim = one_dim(input, dim)
    rows = unstack(input, axis=dim)
    for position, row in enumerate(rows):
        params = {"index": (*(slice(None),) * dim, position)}
        share_if_view(input, row, getitem.primitive, params)  # type: ignore[attr-defined]
    return tuple(rows)


# -- indexing ---------------------------------------------------------------------------------------------------------


def _index(indices: Any) -> Any:
    return concrete(indices, "index") if isinstance(indices, CoreTensor) else np.asarray(indices)


def index_select(input: Any, dim: int, index: Any) -> Any:
    """Entries of an axis by their numbers."""
    return indexing.take(input, _index(index), one_dim(input, dim))


def take(input: Any, index: Any) -> Any:
    """Elements by their numbers in the flattened Tensor."""
    return indexing.take(input, _index(index))


def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    """``input[i][index[i][j]][k]`` for dim 1: one element per element of `index`."""
    return getitem(input, index=_grid(_index(index), one_dim(input, dim)))


def take_along_dim(input: Any, indices: Any, dim: Any = None) -> Any:
    """Elements lane by lane along an axis."""
    return indexing.take_along_axis(input, _index(indices), dim)


def _grid(index: Any, dim: int) -> tuple[Any, ...]:
    grid = list(np.indices(index.shape, sparse=True))
    grid[dim] = index
    return tuple(grid)


def masked_select(input: Any, mask: Any) -> Any:
    """The elements where a mask holds."""
    return named(getitem(input, index=(_index(mask),)), "MaskedSelectBackward0")


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """A value where a mask holds."""
    return named(arithmetic.where(mask, cast(constant(value) if isinstance(value, Tensor) else value,
                                             input._value.dtype), input), "MaskedFillBackward0")  # fmt: skip


def scatter(input: Any, dim: int, index: Any, src: Any) -> Any:
    """The Tensor with elements of `src` written where `index` says along an axis."""
    index = _index(index)
    if isinstance(src, CoreTensor) and src.shape != index.shape:
        src = src[tuple([slice(length) for length in index.shape])]
    return index_update(input, src, index=_grid(index, one_dim(input, dim)))


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """The Tensor with elements of `src` added where `index` says along an axis."""
    index = _index(index)
    if src.shape != index.shape:
        src = src[tuple([slice(length) for length in index.shape])]
    return input + scatter_door(src, index=_grid(index, one_dim(input, dim)), shape=tuple(input.shape))


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """The Tensor with entries of `source` added at the numbers `index` of an axis."""
    where = (*(slice(None),) * one_dim(input, dim), _index(index))
    return input + scatter_door(source if alpha == 1 else source * alpha, index=where, shape=tuple(input.shape))


def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """The Tensor with entries of `source` written at the numbers `index` of an axis."""
    return index_update(input, source, index=(*(slice(None),) * one_dim(input, dim), _index(index)))


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """The Tensor with a value written at the numbers `index` of an axis."""
    return index_update(input, value, index=(*(slice(None),) * one_dim(input, dim), _index(index)))


# -- diagonals and triangles ------------------------------------------------------------------------------------------


def diag(input: Any, diagonal: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix of a diagonal."""
    return contraction.diag(input, diagonal)


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of two axes."""
    return contraction.diagonal(input, offset, dim1, dim2)


def tril(input: Any, diagonal: int = 0) -> Any:
    """The lower triangle."""
    return contraction.tril(input, diagonal)


def triu(input: Any, diagonal: int = 0) -> Any:
    """The upper triangle."""
    return contraction.triu(input, diagonal)


def numel(input: Any) -> int:
    """The number of elements."""
    return Size(input.shape).numel()


__all__ = [
    "broadcast_tensors", "broadcast_to", "cat", "chunk", "concat", "concatenate", "diag", "diagonal", "flatten",
    "flip", "gather", "hstack", "index_add", "index_copy", "index_fill", "index_select", "masked_fill",
    "masked_select", "moveaxis", "movedim", "narrow", "numel", "permute", "ravel", "repeat_interleave", "reshape",
    "roll", "rot90", "scatter", "scatter_add", "select", "split", "squeeze", "stack", "swapaxes", "swapdims", "t",
    "take", "take_along_dim", "tile", "transpose", "tril", "triu", "unbind", "unflatten", "unsqueeze", "vstack",
]  # fmt: skip
