"""Rows that write into parts of their result: joining, scatters, updates. Each becomes a few `Work` s.

What a row leaves untouched is filled first, with zeros or a copy; where positions may repeat, the elements are written
one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import scalars
from .exprs import Form, broadcast_coords
from .graph import Op, Value
from .nests import Work
from .reading import Coords, Reader, is_readable, located, readable

Works = Callable[[Op], "list[Work]"]
Place = Callable[[Reader, Coords], Coords]


def _same(reader: Reader, coords: Coords) -> Coords:
    return coords


def _filled(op: Op) -> Work:
    zero = Value(op.out.dtype, op.out.shape, constant=np.broadcast_to(op.out.dtype.type(0), op.out.shape))
    return Work(op.out, op.out.shape, source=zero, place=_same)


def _copied(op: Op) -> Work:
    return Work(op.out, op.out.shape, source=op.operands[0], place=_same)


def _written(fill: Work, source: Value, place: Place, *, add: bool = False, ordered: bool = False) -> list[Work]:
    work = Work(fill.value, source.shape, source=source, place=place, add=add, after=fill)
    work.ordered = ordered or add
    return [fill, work]


# -- joining ----------------------------------------------------------------------------------------------------------


def _concatenate(op: Op) -> list[Work]:
    axis, start = op.params["axis"], 0
    works = []
    for value in op.operands:

        def place(reader: Reader, coords: Coords, start: int = start) -> Coords:
            return (*coords[:axis], coords[axis] + start, *coords[axis + 1 :])

        works.append(Work(op.out, value.shape, source=value, place=place))
        start += value.shape[axis]
    return works


def _stack(op: Op) -> list[Work]:
    axis = op.params["axis"]
    works = []
    for k, value in enumerate(op.operands):

        def place(reader: Reader, coords: Coords, k: int = k) -> Coords:
            return (*coords[:axis], Form(k), *coords[axis:])

        works.append(Work(op.out, value.shape, source=value, place=place))
    return works


# -- at an index that is known ----------------------------------------------------------------------------------------


def _at_index(op: Op) -> Place:
    index, shape = op.params["index"], op.out.shape
    return lambda reader, coords: located(reader, index, shape, coords)


def _repeats(index: Sequence[Any]) -> bool:
    return any([isinstance(entry, np.ndarray) and entry.dtype != bool for entry in index])


def _scatter(op: Op) -> list[Work]:
    return _written(_filled(op), op.operands[0], _at_index(op), add=_repeats(op.params["index"]))


def _index_update(op: Op) -> list[Work]:
    return _written(_copied(op), op.operands[1], _at_index(op), ordered=_repeats(op.params["index"]))


def _index_add(op: Op) -> list[Work]:
    return _written(_copied(op), op.operands[1], _at_index(op), add=True)


def _embed_diagonal(op: Op) -> list[Work]:
    offset, axis1, axis2 = op.params["offset"], op.params["axis1"], op.params["axis2"]
    rank = len(op.out.shape)

    def place(reader: Reader, coords: Coords) -> Coords:
        *kept, along = coords
        ends = {axis1: along + max(-offset, 0), axis2: along + max(offset, 0)}
        return tuple([ends[axis] if axis in ends else kept.pop(0) for axis in range(rank)])

    return _written(_filled(op), op.operands[0], place)


# -- at positions that are values -------------------------------------------------------------------------------------


def _scatter_take(op: Op) -> list[Work]:
    _, indices = op.operands
    axis, size, rank = op.params["axis"], op.params["size"], len(indices.shape)

    def place(reader: Reader, coords: Coords) -> Coords:
        position = reader.position(indices, coords[axis : axis + rank], size)
        return (*coords[:axis], position, *coords[axis + rank :])

    return _written(_filled(op), op.operands[0], place, add=True)


def _scatter_along_axis(op: Op) -> list[Work]:
    x, indices = op.operands
    axis, size = op.params["axis"], op.params["size"]

    def place(reader: Reader, coords: Coords) -> Coords:
        position = reader.position(indices, broadcast_coords(indices.shape, coords), size)
        return (*coords[:axis], position, *coords[axis + 1 :])

    unique = op.params["unique"]
    return _written(_filled(op), x, place, add=not unique, ordered=True)


def _fold(op: Op) -> list[Work]:
    rank = len(op.params["window"])
    first = len(op.out.shape) - rank

    def place(reader: Reader, coords: Coords) -> Coords:
        places, windows = coords[first : first + rank], coords[first + rank :]
        moved = [k * d + t * s for k, d, t, s in zip(places, op.params["dilation"], windows, op.params["stride"])]
        return (*coords[:first], *moved)

    return _written(_filled(op), op.operands[0], place, add=True)


WRITES: dict[str, Works] = {
    "fold": _fold,
    "concatenate": _concatenate, "stack": _stack, "scatter": _scatter, "index_update": _index_update,
    "index_add": _index_add, "embed_diagonal": _embed_diagonal, "scatter_take": _scatter_take,
    "scatter_along_axis": _scatter_along_axis,
}  # fmt: skip


def writes(op: Op) -> bool:
    """Whether an operation is one of those; some are read in simple cases."""
    if op.name not in WRITES or readable(op):
        return False
    if not all([scalars.is_known(value.dtype) for value in (*op.operands, *op.outputs)]):
        return False
    if op.name in ("concatenate", "stack"):
        return all([value.dtype == op.out.dtype for value in op.operands])
    if "index" in op.params:
        index = op.params["index"]
        if not is_readable(index):
            return False
        target = np.broadcast_to(np.empty((), bool), op.out.shape)[index].shape
        return op.operands[-1].shape == target and op.operands[0].dtype == op.operands[-1].dtype == op.out.dtype
    if op.name == "scatter_along_axis":
        x, indices = op.operands
        return x.shape == np.broadcast_shapes(x.shape, indices.shape)
    return op.operands[0].dtype == op.out.dtype


def is_native(op: Op) -> bool:
    """Whether an operation runs in loop nests."""
    if any([value.size == 0 for value in (*op.operands, *op.outputs)]):
        return False
    return writes(op) or (readable(op) and op.name not in ("concatenate", "stack"))
