"""Moving elements without computing on them: shapes, axes and dtypes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..core.mutation import one_example
from ..core.tensor import Tensor
from ..families import Case, Real, linear, nondifferentiable
from ..families.rules import BROADCAST, LINEAR, RESHAPE, unbroadcast

_ANY = Real(-3, 3, complex=True)

# Below this size a filled array is cheaper to make, and to compute with, than a view with zero strides.
SMALL = 512

Axes = tuple[int, ...] | None


def batch_axes(door: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """Batching for an operation of one input along axes: the same axes, one further back."""

    def batch(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
        axis = params["axis"]
        if axis is None:
            axis = tuple(range(1, len(shape_of(args[0]))))
        elif isinstance(axis, tuple):
            axis = tuple([each + 1 for each in axis])
        else:
            axis = axis + 1
        return door()(*args, **{**params, "axis": axis})

    return batch


def _reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    return np.asarray(x).reshape(shape)


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
    view=True,
    sample=[
        Case(_ANY[2, 6], shape=(3, 4)),
        Case(_ANY[2, 3], shape=(-1,)),
        Case(_ANY[1, 1], shape=()),
        Case(_ANY[0, 3], shape=(3, 0, 2)),
    ],
)


def row_major(x: Any) -> Any:
    """`x` laid out in memory row by row, each example of a batch for itself: what is reshaped from it is a view."""
    if type(x) is np.ndarray:
        return np.ascontiguousarray(x)
    example = one_example(x)
    if type(example) is not np.ndarray or example.flags.c_contiguous:
        return x
    unlinked = reshape.primitive.unlinked  # type: ignore[attr-defined]
    return unlinked(unlinked(x, shape=(-1,)), shape=x.shape)  # one row, which copies


def _broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    x = np.asarray(x)
    if not x.flags.c_contiguous:
        return np.broadcast_to(x, shape)
    own = x.shape
    extra = len(shape) - len(own)
    strides = [0] * extra
    for have, want, stride in zip(own, shape[extra:], x.strides):
        if have != want and have != 1:
            return np.broadcast_to(x, shape)  # raises, and says why
        strides.append(stride if have == want else 0)
    if extra < 0:
        return np.broadcast_to(x, shape)
    # The view that numpy.broadcast_to makes, in a fifth of its time.
    return np.ndarray(shape, x.dtype, memoryview(x).toreadonly(), 0, tuple(strides))


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
    view=True,
    sample=[
        Case(_ANY[3, 1], shape=(2, 3, 4)),
        Case(_ANY[()], shape=(2,)),
        Case(_ANY[1, 2], shape=(0, 2)),
        Case(_ANY[2, 3], shape=(2, 3)),
    ],
)


def spread(g: Any, shape: tuple[int, ...], axis: tuple[int, ...] | None, keepdims: bool) -> Any:
    """A reduction's result (or its cotangent) repeated over the reduced axes: the transpose of `sum`, as a view."""
    if axis is None and not isinstance(g, Tensor):
        g = np.asarray(g)
        if math.prod(shape) <= SMALL:
            full = np.empty(shape, g.dtype)
            full.fill(g.item())
            return full
        return np.ndarray(shape, g.dtype, g.tobytes(), 0, (0,) * len(shape))
    if axis is not None and not keepdims:
        g = RESHAPE(g, tuple([1 if i in axis else length for i, length in enumerate(shape)]))
    return BROADCAST(g, shape) if isinstance(g, Tensor) else _broadcast_to(g, shape=shape)


def along(g: Any, shape: tuple[int, ...], axis: tuple[int, ...] | None, keepdims: bool) -> Any:
    """As `spread`, for operands of arithmetic: of plain arrays the reduced axes keep the length 1, and broadcast."""
    if isinstance(g, Tensor):
        return spread(g, shape, axis, keepdims)
    return g if keepdims else g.reshape([1 if axis is None or i in axis else length for i, length in enumerate(shape)])


def _transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    return np.asarray(x).transpose(axes)


transpose = linear(
    "transpose",
    _transpose,
    [lambda g, axes: transpose(g, axes=inverse_permutation(axes))],
    view=True,
    batch=lambda args, batched, size, params: transpose(args[0], axes=(0, *[axis + 1 for axis in params["axes"]])),
    sample=[
        Case(_ANY[2, 3, 4], axes=(2, 0, 1)),
        Case(_ANY[2, 3], axes=(1, 0)),
        Case(_ANY[()], axes=()),
        Case(_ANY[0, 2], axes=(1, 0)),
    ],
)


def inverse_permutation(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def moveaxis(x: Any, source: int, destination: int) -> Any:
    """One axis moved to another place (both non-negative)."""
    axes = [axis for axis in range(len(shape_of(x))) if axis != source]
    axes.insert(destination, source)
    return x if source == destination else transpose(x, axes=tuple(axes))


def _astype(x: Any, *, dtype: Any) -> Any:
    x = np.asarray(x)
    return (x.real if x.dtype.kind == "c" and dtype.kind != "c" else x).astype(dtype)[()]


# The family brings the cotangent back to the input's dtype.
astype = linear(
    "astype",
    _astype,
    [lambda g: g],
    batch=lambda args, batched, size, params: astype(args[0], **params),
    sample=[
        Case(_ANY[2, 3], dtype=np.dtype(np.float64)),
        Case(_ANY[3], dtype=np.dtype(np.complex128)),
        Case(_ANY[()], dtype=np.dtype(np.float64)),
    ],
    doc="Change of dtype among floating and complex types; from complex to real it takes the real part.",
)

astype_discrete = nondifferentiable(
    "astype_discrete",
    _astype,
    batch=lambda args, batched, size, params: astype_discrete(args[0], **params),
    sample=[Case(_ANY[2, 3], dtype=np.dtype(np.int64)), Case(_ANY[3], dtype=np.dtype(np.bool_))],
    doc="Change of dtype to integers or booleans.",
)


def _roll(x: Any, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    return np.roll(x, shift, axis)


roll = linear(
    "roll",
    _roll,
    [lambda g, shift, axis: roll(g, shift=tuple([-step for step in shift]), axis=axis)],
    batch=lambda args, batched, size, params: roll(
        args[0], shift=params["shift"], axis=tuple([axis + 1 for axis in params["axis"]])
    ),
    sample=[
        Case(_ANY[5], shift=(2,), axis=(0,)),
        Case(_ANY[3, 4], shift=(-1, 6), axis=(0, 1)),
        Case(_ANY[0, 2], shift=(1,), axis=(0,)),
    ],
)

LINEAR["reshape"] = reshape
LINEAR["broadcast_to"] = broadcast_to
LINEAR["astype"] = astype
