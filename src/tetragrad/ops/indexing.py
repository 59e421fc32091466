"""Reading elements by position (`writing` replaces them).

`getitem` and its transpose `scatter` know the whole index beforehand. `take` and `take_along_axis` read at integer
positions that are values of the computation themselves (results of `argsort` inside `vmap`, say), so the positions are
an input. All of them are linear in the elements, so each is the other's derivative to any order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.levels import Boxed, concrete, shape_of
from ..core.sweep import Scattered
from ..core.tensor import Tensor
from ..families import Case, Real, linear, nondifferentiable
from ..families.rules import BROADCAST, LINEAR, RESHAPE, unbroadcast
from .arithmetic import add, multiply
from .shape import moveaxis, reshape, transpose

_ANY = Real(-3, 3, complex=True)
ndarray = np.ndarray


# -- reading and writing at a known index -----------------------------------------------------------------------------


def _getitem(x: Any, *, index: tuple[Any, ...]) -> Any:
    return x[index] if type(x) is ndarray else np.asarray(x)[index]


def _batch_getitem(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    index = params["index"]
    out = getitem(args[0], index=(slice(None), *index))
    return moveaxis(out, split_rank(index), 0)


def _ungetitem(g: Any, index: tuple[Any, ...], x_shape: tuple[int, ...]) -> Any:
    return scatter(g, index=index, shape=x_shape) if isinstance(g, Tensor) else Pieces(x_shape, g.dtype, [(index, g)])


class Pieces(Scattered):
    """The cotangents of ``x[index]`` for one x and several indices."""

    __slots__ = ("dtype", "pieces", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any, pieces: list[tuple[Any, Any]]) -> None:
        self.shape = shape
        self.dtype = dtype
        self.pieces = pieces

    def whole(self) -> Any:
        if len(self.pieces) == 1:
            ((index, g),) = self.pieces
            return _scatter(g, index=index, shape=self.shape)
        return self.add_into(np.zeros(self.shape, self.dtype))

    def add_into(self, total: Any) -> Any:
        """Add all pieces to an array, in place."""
        for index, g in self.pieces:
            if not repeats(index):
                total[index] += g
            elif total.flags.c_contiguous and total.dtype == g.dtype and is_of_leading_axes(index):
                _add_at_leading(total, index, g)
            else:
                total += _scatter(g, index=index, shape=self.shape)
        return total

    def astype(self, dtype: Any) -> Pieces:
        return Pieces(self.shape, dtype, [(index, g.astype(dtype)) for index, g in self.pieces])

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Pieces):
            self.pieces += other.pieces
            return self
        if isinstance(other, Scattered):
            return other + self  # type: ignore[operator]
        if isinstance(other, Tensor):
            return self.whole() + other
        return self.add_into(np.array(other, np.result_type(self.dtype, other.dtype)))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None) -> Any:
        """``array + pieces`` and ``array += pieces``, which NumPy leaves to this method."""
        return self + inputs[0] if out is None else self.add_into(out[0])


getitem = linear(
    "getitem",
    _getitem,
    [_ungetitem],
    batch=_batch_getitem,
    view=True,
    sample=[
        Case(_ANY[3, 4], index=(1,)),
        Case(_ANY[3, 4], index=(slice(None, None, -1), slice(1, None, 2))),
        Case(_ANY[3, 4], index=(Ellipsis, None, -1)),
        Case(_ANY[()], index=()),
        Case(_ANY[5], index=(slice(5, 2),)),
        Case(_ANY[5], index=(np.array([0, 3, 3, -1]),)),
        Case(_ANY[3, 4], index=(np.array([[0, 2], [2, 2]]),)),
        Case(_ANY[3, 4], index=(np.array([0, 2, 0]), np.array([1, -1, 1]))),
        Case(_ANY[3, 4, 2], index=(slice(1, None), np.array([[0], [3]]), np.array([0, 1]))),
        Case(_ANY[3, 2, 4], index=(np.array([0, 2, 2]), slice(None), np.array([1, 3, 3]))),
        Case(_ANY[3, 2, 4], index=(0, slice(None), np.array([1, 3, 3]))),
        Case(_ANY[3, 4], index=(np.eye(3, 4, dtype=bool),)),
        Case(_ANY[3, 4], index=(np.array([True, False, True]), slice(1, 3))),
        Case(_ANY[3], index=(np.array([], dtype=np.intp),)),
        Case(_ANY[3], index=(np.array(True),)),
    ],
)


def _scatter(x: Any, *, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    x = np.asarray(x)
    out = np.zeros(shape, x.dtype)
    if not repeats(index):
        out[index] = x
    elif is_of_leading_axes(index):
        _add_at_leading(out, index, x)
    else:
        positions = np.arange(out.size).reshape(shape)[index]
        np.add.at(out.reshape(-1), positions.ravel(), x.ravel())
    return out


def repeats(index: tuple[Any, ...]) -> bool:
    """Whether an index may name an element twice: only arrays of integers can."""
    for entry in index:
        if isinstance(entry, ndarray) and entry.dtype != bool:
            return True
    return False


def is_of_leading_axes(index: tuple[Any, ...]) -> bool:
    """Whether an index consists of integer arrays alone."""
    return all([isinstance(entry, ndarray) and entry.dtype != bool for entry in index])


def _add_at_leading(out: Any, index: tuple[Any, ...], x: Any) -> None:
    """``out[index] += x`` with repeated positions counted, for integer arrays and a contiguous `out`."""
    lengths = out.shape[: len(index)]
    _add_rows(out.reshape(math.prod(lengths), -1), _flat_positions(index, lengths), x)


def _flat_positions(index: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Integer arrays for the leading axes -> positions on those axes flattened into one."""
    try:
        return np.ravel_multi_index(index, shape)
    except (TypeError, ValueError):  # some count from the end
        pass
    positions: Any = 0
    for entry, length in zip(index, shape):
        positions = positions * length + _from_start(entry, length=length)
    return positions


def _add_rows(out: Any, rows: Any, x: Any) -> None:
    """``out[rows] += x`` with repeated rows counted; one flat `ufunc.at`, which NumPy does ten times faster."""
    width = out.shape[1]
    if width != 1:
        rows = rows.reshape(-1, 1) * width + np.arange(width)
    np.add.at(out.reshape(-1), rows.ravel(), x.ravel())


def _batch_scatter(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    index, shape = params["index"], params["shape"]
    x = moveaxis(args[0], 0, split_rank(index))
    return scatter(x, index=(slice(None), *index), shape=(size, *shape))


scatter = linear(
    "scatter",
    _scatter,
    [lambda g, index: getitem(g, index=index)],
    batch=_batch_scatter,
    sample=[
        Case(_ANY[4], index=(1,), shape=(3, 4)),
        Case(_ANY[2, 3], index=(slice(1, 3), slice(2, 5)), shape=(4, 5)),
        Case(_ANY[4], index=(np.array([0, 3, 3, -1]),), shape=(5,)),
        Case(_ANY[3, 2], index=(np.array([0, 2, 2]), slice(None), np.array([1, 3, 3])), shape=(3, 2, 4)),
        Case(_ANY[3, 2], index=(np.array([1, 1, 0]),), shape=(4, 2)),
        Case(_ANY[2], index=(np.array([True, False, True]),), shape=(3,)),
        Case(_ANY[0], index=(slice(0, 0),), shape=(3,)),
    ],
    doc="Zeros of `shape` with the elements added at `index`: the transpose of `getitem`, and a constant pad.",
)


def split_rank(index: tuple[Any, ...]) -> int:
    """How many axes an index puts before those of its slices.

    Where slices separate its arrays, NumPy puts the arrays' axes first: a batch axis in front then ends up behind them.
    """
    places = [i for i, entry in enumerate(index) if isinstance(entry, ndarray)]
    if not places:
        return 0
    places = [i for i, entry in enumerate(index) if isinstance(entry, (ndarray, int))]
    if places[-1] - places[0] + 1 == len(places):
        return 0
    return max([1 if entry.dtype == bool else entry.ndim for entry in index if isinstance(entry, ndarray)])


def resolve(index: Any) -> tuple[Any, ...]:
    """An index as users write it -> a tuple of ints, slices, None, Ellipsis and integer or boolean arrays.

    Tensors give their values; those of a running `vmap` stay Tensors.
    """
    return tuple([_resolve_entry(entry) for entry in (index if isinstance(index, tuple) else (index,))])


def _resolve_entry(entry: Any) -> Any:
    if type(entry) in (int, slice) or entry is None or entry is Ellipsis:
        return entry
    if type(entry) is ndarray and entry.ndim and entry.dtype.kind in "iub":
        return entry
    if isinstance(entry, Tensor):
        if isinstance(entry._value, Boxed) and entry.dtype.kind in "iu":
            return entry
        entry = concrete(entry, "index")
    array = np.asarray(entry)
    if array.size == 0 and not hasattr(entry, "dtype"):
        array = array.astype(np.intp)
    if array.dtype.kind not in "biu":
        raise IndexError(
            f"getitem: an index of dtype {array.dtype} is not valid; use integers, slices, None, ... or boolean masks"
        )
    return int(array) if array.ndim == 0 and array.dtype != bool else array


# -- reading at positions that are inputs -----------------------------------------------------------------------------


def _from_start(indices: Any, *, length: int) -> Any:
    indices = np.asarray(indices)
    if indices.size and not (-length <= indices.min() and indices.max() < length):
        raise IndexError(f"an index is out of bounds for an axis of length {length}")
    return np.where(indices < 0, indices + length, indices)


from_start = nondifferentiable(
    "from_start",
    _from_start,
    batch="elementwise",
    sample=[Case(np.array([[2, 0], [-1, 2]]), length=3)],
    doc="Positions from the end (negative) as positions from the start, checked against the length of the axis.",
)


def _take(x: Any, indices: Any, *, axis: int) -> Any:
    return np.take(x, indices, axis)


def _batch_take(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    (x, indices), axis = args, params["axis"]
    if not batched[1]:
        return take(x, indices, axis=axis + 1)
    if not batched[0]:
        return moveaxis(take(x, indices, axis=axis), axis, 0)
    # Put the examples one behind the other on the axis, and each example's positions behind the earlier examples.
    length = shape_of(x)[axis + 1]
    x = moveaxis(x, 0, axis)
    shape = shape_of(x)
    x = RESHAPE(x, (*shape[:axis], size * length, *shape[axis + 2 :]))
    starts = length * np.arange(size).reshape(size, *(1,) * (len(shape_of(indices)) - 1))
    return moveaxis(take(x, add(from_start(indices, length=length), starts), axis=axis), axis, 0)


_POSITIONS = np.array([[2, 0], [-1, 2]])

take = linear(
    "take",
    _take,
    [lambda g, indices, x_shape, axis: scatter_take(g, indices, axis=axis, size=x_shape[axis]), None],
    batch=_batch_take,
    sample=[
        Case(_ANY[3, 4], _POSITIONS, axis=0),
        Case(_ANY[2, 3], _POSITIONS, axis=1),
        Case(_ANY[3], np.array(1), axis=0),
        Case(_ANY[3, 2], np.array([], dtype=np.intp), axis=0),
    ],
    doc="The entries of `x` at integer `indices` along one axis.",
)


def _scatter_take(x: Any, indices: Any, *, axis: int, size: int) -> Any:
    x, indices = np.asarray(x), np.asarray(indices)
    before, after = x.shape[:axis], x.shape[axis + indices.ndim :]
    out = np.zeros((*before, size, *after), x.dtype)
    positions = _from_start(indices, length=size).ravel()
    if axis:
        starts = size * np.arange(math.prod(before))
        positions = (starts[:, None] + positions).ravel()
    _add_rows(out.reshape(-1, math.prod(after)), positions, x)
    return out


def _batch_scatter_take(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    (g, indices), axis, length = args, params["axis"], params["size"]
    if not batched[1]:
        return scatter_take(g, indices, axis=axis + 1, size=length)
    if not batched[0]:
        g = BROADCAST(g, (size, *shape_of(g)))
    g = moveaxis(g, 0, axis)
    starts = length * np.arange(size).reshape(size, *(1,) * (len(shape_of(indices)) - 1))
    out = scatter_take(g, add(from_start(indices, length=length), starts), axis=axis, size=size * length)
    shape = shape_of(out)
    return moveaxis(RESHAPE(out, (*shape[:axis], size, length, *shape[axis + 1 :])), axis, 0)


scatter_take = linear(
    "scatter_take",
    _scatter_take,
    [lambda g, indices, axis: take(g, indices, axis=axis), None],
    batch=_batch_scatter_take,
    sample=[
        Case(_ANY[2, 2, 4], _POSITIONS, axis=0, size=3),
        Case(_ANY[2, 2, 2], _POSITIONS, axis=1, size=4),
        Case(_ANY[2], np.array(1), axis=0, size=3),
    ],
    doc="Zeros with the entries of `g` added at integer `indices` along one axis: the transpose of `take`.",
)


def _take_along_axis(x: Any, indices: Any, *, axis: int, unique: bool) -> Any:
    return np.take_along_axis(np.asarray(x), np.asarray(indices), axis)


def _batch_along_axis(door: Any) -> Any:
    def batch(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
        aligned = [arg if flag else RESHAPE(arg, (1, *shape_of(arg))) for arg, flag in zip(args, batched)]
        return door()(*aligned, **{**params, "axis": params["axis"] + 1})

    return batch


take_along_axis = linear(
    "take_along_axis",
    _take_along_axis,
    [
        lambda g, indices, x_shape, axis, unique: unbroadcast(
            scatter_along_axis(g, indices, axis=axis, size=x_shape[axis], unique=unique), x_shape, g.dtype
        ),
        None,
    ],
    batch=_batch_along_axis(lambda: take_along_axis),
    sample=[
        Case(_ANY[3, 4], np.array([[0], [-1], [2]]), axis=1, unique=False),
        Case(_ANY[3, 1], np.array([[0, 1], [2, 2]]), axis=0, unique=False),
        Case(_ANY[3], np.array([2, 0, 1]), axis=0, unique=True),
    ],
    doc="`x[..., indices, ...]` lane by lane along one axis; `unique` says that no lane names an entry twice.",
)


def _scatter_along_axis(x: Any, indices: Any, *, axis: int, size: int, unique: bool) -> Any:
    g, indices = np.broadcast_arrays(x, indices)
    shape = (*g.shape[:axis], size, *g.shape[axis + 1 :])
    out = np.zeros(shape, g.dtype)
    if unique:
        np.put_along_axis(out, indices, g, axis)
        return out
    strides = [stride // out.itemsize for stride in out.strides]
    positions = _from_start(indices, length=size) * strides[axis]
    for other, stride in enumerate(strides):
        if other != axis:
            steps = np.arange(shape[other]) * stride
            positions += steps.reshape(-1, *(1,) * (len(shape) - 1 - other))
    np.add.at(out.reshape(-1), positions.ravel(), g.ravel())
    return out


scatter_along_axis = linear(
    "scatter_along_axis",
    _scatter_along_axis,
    [
        lambda g, indices, x_shape, axis, unique: unbroadcast(
            take_along_axis(g, indices, axis=axis, unique=unique), x_shape, g.dtype
        ),
        None,
    ],
    batch=_batch_along_axis(lambda: scatter_along_axis),
    sample=[
        Case(_ANY[3, 2], np.array([[0, 0], [-1, 2], [2, 2]]), axis=1, size=4, unique=False),
        Case(_ANY[3, 2], np.array([[0, 1], [3, 3], [0, 0]]), axis=0, size=4, unique=False),
        Case(_ANY[3], np.array([2, 0, 1]), axis=0, size=3, unique=True),
    ],
    doc="Zeros with the entries of `g` added lane by lane: the transpose of `take_along_axis`.",
)


# -- x[...] -----------------------------------------------------------------------------------------------------------


def index_into(x: Any, index: Any) -> Any:
    """``x[index]`` as users write it."""
    kind = type(index)
    if kind is int or kind is slice:
        return getitem(x, index=(index,))
    index = resolve(index)
    for entry in index:
        if isinstance(entry, Tensor):
            return _gather(x, index)
    return getitem(x, index=index)


def _gather(x: Any, index: tuple[Any, ...]) -> Any:
    """An index some of whose arrays are values of a running transform: its arrays become one `take` on merged axes."""
    parts: list[Any] = []  # the index with each of its arrays replaced by a full slice
    arrays: list[Any] = []
    places: list[int] = []  # positions of the arrays' entries in the index: do slices separate them?
    axes: list[int] = []
    consumed = sum([_axes_consumed(entry) for entry in index])
    rank = 0  # of the result of `parts`
    for place, entry in enumerate(index):
        if entry is Ellipsis:
            missing = len(shape_of(x)) - consumed
            parts += [slice(None)] * missing
            rank += missing
        elif entry is None or isinstance(entry, slice):
            parts.append(entry)
            rank += 1
        else:
            for array in entry.nonzero() if isinstance(entry, ndarray) and entry.dtype == bool else (entry,):
                arrays.append(array)
                axes.append(rank)
                places.append(place)
                parts.append(slice(None))
                rank += 1
    x = getitem(x, index=tuple(parts))
    shape = shape_of(x)
    flat: Any = 0
    for array, axis in zip(arrays, axes):
        flat = add(multiply(flat, shape[axis]), from_start(array, length=shape[axis]))
    separated = places[-1] - places[0] >= len(dict.fromkeys(places))
    front = 0 if separated else axes[0]
    others = [axis for axis in range(len(shape)) if axis not in axes]
    order = (*others[:front], *axes, *others[front:])
    merged = math.prod([shape[axis] for axis in axes])
    sizes = [shape[axis] for axis in others]
    x = reshape(transpose(x, axes=order), shape=(*sizes[:front], merged, *sizes[front:]))
    return take(x, flat, axis=front)


def _axes_consumed(entry: Any) -> int:
    if entry is None or entry is Ellipsis:
        return 0
    return int(entry.ndim) if isinstance(entry, ndarray) and entry.dtype == bool else 1


LINEAR["getitem"] = getitem
