"""Joining arrays and taking them apart: concatenate and split, stack and unstack, each the other's transpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.levels import shape_of
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
    start = sum([shape[axis] for shape in shapes[:index]])
    return getitem(g, index=along(axis, slice(start, start + shapes[index][axis])))


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

LINEAR["stack"] = stack
