"""Moving elements without computing on them: shapes, axes, dtypes, joining and splitting."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from ..core.levels import shape_of
from ..families import Case, Real, linear
from ..families.rules import LINEAR, unbroadcast

_ANY = Real(-3, 3)


def _reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    return np.reshape(x, shape)


def _batch_reshape(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    shape = params["shape"]
    if -1 in shape:  # the examples' own size decides, not the batch's
        shape = np.empty(shape_of(args[0])[1:], np.bool_).reshape(shape).shape
    return reshape(args[0], shape=(size, *shape))


reshape = linear(
    "reshape",
    _reshape,
    [lambda g, x_shape: reshape(g, shape=x_shape)],
    batch=_batch_reshape,
    sample=[Case(_ANY[2, 6], shape=(3, 4)), Case(_ANY[2, 3], shape=(-1,)), Case(_ANY[1, 1], shape=())],
)


def _broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(x, shape)


def _batch_broadcast_to(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    (x,), shape = args, params["shape"]
    own = shape_of(x)[1:]
    x = reshape(x, shape=(size, *(1,) * (len(shape) - len(own)), *own))
    return broadcast_to(x, shape=(size, *shape))


broadcast_to = linear(
    "broadcast_to",
    _broadcast_to,
    [lambda g, x_shape: unbroadcast(g, x_shape, g.dtype)],
    batch=_batch_broadcast_to,
    sample=[Case(_ANY[3, 1], shape=(2, 3, 4)), Case(_ANY[()], shape=(2,))],
)


def _transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    return np.transpose(x, axes)


transpose = linear(
    "transpose",
    _transpose,
    [lambda g, axes: transpose(g, axes=tuple(sorted(range(len(axes)), key=axes.__getitem__)))],
    batch=lambda args, batched, size, params: transpose(args[0], axes=(0, *[axis + 1 for axis in params["axes"]])),
    sample=[Case(_ANY[2, 3, 4], axes=(2, 0, 1)), Case(_ANY[()], axes=())],
)

LINEAR["reshape"] = reshape
LINEAR["broadcast_to"] = broadcast_to
