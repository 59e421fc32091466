"""Joining arrays and taking them apart: concatenate and split, stack and unstack, each the other's transpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..core.mutation import share_if_view
from ..core.tensor import Tensor
from ..families import Case, Real, general, linear
from ..families.rules import BROADCAST, LINEAR
from .indexing import getitem

_ANY = Real(-3, 3, complex=True)


def along(axis: int, entry: Any) -> tuple[Any, ...]:
    """The index that applies `entry` to one axis and takes all of the others."""
    return (*(slice(None),) * axis, entry)


def _concatenate(*arrays: Any, axis: int) -> Any:
    return np.concatenate(arrays, axis)


def _piece(g: Any, shapes: Sequence[tuple[int, ...]], axis: int, index: int) -> Any:
    return getitem(g, index=along(axis, slice(*_starts(shapes, axis)[index : index + 2])))


_last: tuple[Any, int, list[int]] = ((), 0, [])


def _starts(shapes: Sequence[tuple[int, ...]], axis: int) -> list[int]:
    """Where each array begins in the joined one (kept, because the rule is asked for one array after the other)."""
    global _last
    of, along_axis, starts = _last
    if of is not shapes or along_axis != axis:
        starts = [*accumulate([shape[axis] for shape in shapes], initial=0)]
        _last = shapes, axis, starts
    return starts


def all_batched(args: Sequence[Any], batched: Sequence[bool], size: int) -> list[Any]:
    """The arrays of a joining operation, each with the batch axis."""
    return [arg if flag else BROADCAST(arg, (size, *shape_of(arg))) for arg, flag in zip(args, batched)]


concatenate = linear(
    "concatenate",
    _concatenate,
    [lambda g, shapes, axis, index: _piece(g, shapes, axis, index)],
    joint=True,
    batch=lambda args, batched, size, params: concatenate(*all_batched(args, batched, size), axis=params["axis"] + 1),
    sample=[
        Case(_ANY[2, 3], _ANY[1, 3], _ANY[0, 3], axis=0),
        Case(_ANY[2, 3], _ANY[2, 1], axis=1),
        Case(_ANY[3], axis=0),
    ],
)


def _stack(*arrays: Any, axis: int) -> Any:
    return np.stack(arrays, axis)


stack = linear(
    "stack",
    _stack,
    [lambda g, axis, index: getitem(g, index=along(axis, index))],
    joint=True,
    batch=lambda args, batched, size, params: stack(*all_batched(args, batched, size), axis=params["axis"] + 1),
    sample=[
        Case(_ANY[2, 3], _ANY[2, 3], axis=0),
        Case(_ANY[2, 3], _ANY[2, 3], _ANY[2, 3], axis=2),
        Case(_ANY[()], _ANY[()], axis=0),
        Case(_ANY[0, 2], _ANY[0, 2], axis=1),
    ],
)


def _unstack(x: Any, *, axis: int) -> tuple[Any, ...]:
    x = np.asarray(x)
    return tuple(x if axis == 0 else np.moveaxis(x, axis, 0))


# One node for all entries: a loop over the rows of an array costs the backward pass one `stack`.
unstack = general(
    "unstack",
    _unstack,
    jvps=[lambda t, axis: unstack(t, axis=axis)],
    vjps=[lambda g, axis: stack(*g, axis=axis)],
    multi=True,
    batch=lambda args, batched, size, params: unstack(args[0], axis=params["axis"] + 1),
    sample=[Case(_ANY[3, 2], axis=0), Case(_ANY[2, 3, 2], axis=1), Case(_ANY[3], axis=0), Case(_ANY[2, 0], axis=0)],
)


def _split(x: Any, *, points: tuple[int, ...], axis: int) -> tuple[Any, ...]:
    x = np.asarray(x)
    bounds = zip((0, *points), (*points, x.shape[axis]))
    return tuple([x[along(axis, slice(start, stop))] for start, stop in bounds])


split = general(
    "split",
    _split,
    jvps=[lambda t, points, axis: split(t, points=points, axis=axis)],
    vjps=[lambda g, axis: concatenate(*g, axis=axis)],
    multi=True,
    batch=lambda args, batched, size, params: split(args[0], points=params["points"], axis=params["axis"] + 1),
    sample=[
        Case(_ANY[6], points=(2, 3), axis=0),
        Case(_ANY[2, 5], points=(4,), axis=1),
        Case(_ANY[3], points=(0, 3), axis=0),
        Case(_ANY[4], points=(), axis=0),
    ],
    doc="The pieces of an array between increasing `points` of one axis.",
)


def _linked(door: Any, places: Callable[..., list[Any]]) -> Callable[..., Any]:
    """A door that tells the user's Tensors of their parts, which are views of them."""
    primitive = door.primitive

    def linked(x: Any, **params: Any) -> Any:
        parts = door(x, **params)
        if isinstance(x, Tensor) and type(x) is not Tensor:
            for part, place in zip(parts, places(len(parts), **params)):
                share_if_view(x, part, getitem.primitive, {"index": place})  # type: ignore[attr-defined]
        return parts

    primitive.door, primitive.unlinked = linked, door
    linked.__name__, linked.__doc__, linked.primitive = primitive.name, door.__doc__, primitive  # type: ignore[attr-defined]
    return linked


def _places_of_entries(count: int, axis: int) -> list[Any]:
    return [along(axis, position) for position in range(count)]


def _places_of_pieces(count: int, points: tuple[int, ...], axis: int) -> list[Any]:
    return [along(axis, slice(start, stop)) for start, stop in zip((0, *points), (*points, None))]


unstack = _linked(unstack, _places_of_entries)
split = _linked(split, _places_of_pieces)

LINEAR["stack"] = stack
