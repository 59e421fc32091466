"""NumPy's functions on shapes, axes and dtypes. They move elements; none computes on them."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.levels import concrete, shape_of
from ..core.mutation import one_example
from ..core.tensor import Tensor
from ..errors import OperationError, ShapeError
from ..ops import indexing
from ..ops import shape as ops
from . import creation
from .arguments import as_shape, one_axis, operand, some_axes
from .creation import refuse

__all__ = [
    "astype", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_to", "expand_dims", "flip",
    "fliplr", "flipud", "matrix_transpose", "moveaxis", "ndim", "permute_dims", "ravel", "repeat", "reshape", "roll",
    "rollaxis", "rot90", "shape", "size", "squeeze", "swapaxes", "tile", "transpose",
]  # fmt: skip


def ndim(a: Any) -> int:
    """Number of axes.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.ndim(np.ones((2, 3)))
    2
    """
    return len(shape_of(a))


def shape(a: Any) -> tuple[int, ...]:
    """Lengths of the axes.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.shape(np.ones((2, 3)))
    (2, 3)
    """
    return shape_of(a)


def size(a: Any, axis: int | None = None) -> int:
    """Number of elements, or of entries along one axis.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.size(np.ones((2, 3)))
    6
    """
    lengths = shape_of(a)
    return math.prod(lengths) if axis is None else lengths[one_axis("size", axis, len(lengths))]


def astype(x: Any, dtype: Any, copy: bool = True, **kwargs: Any) -> Any:
    """Change the dtype.

    Parameters
    ----------
    x : array or Tensor
    dtype : dtype
        Floating and complex dtypes keep the derivative (from complex to real: of the real part); integers and booleans
        have none, and give a plain array.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.astype(np.array([1.7, 2.2]), int)
    array([1, 2])
    """
    for name, value in kwargs.items():
        if name not in ("order", "casting", "subok", "device"):
            raise TypeError(f"astype() got an unexpected keyword argument {name!r}")
        refuse("astype", **{name: None if value in ("K", "unsafe") else value})
    dtype = np.dtype(dtype)
    x = operand(x)
    if dtype.kind in "fc":
        if isinstance(x, Tensor) and x.dtype == dtype:
            return creation.copy(x) if copy else x
        return ops.astype(x, dtype=dtype)
    return ops.astype_discrete(x, dtype=dtype)


def ordered_copy(x: Any, order: Any) -> Any:
    """A copy of a Tensor laid out in memory as NumPy's `copy` does (that decides which reshapes of it are views)."""
    made = creation.copy(x)  # laid out as `x` is
    example = one_example(made)
    if type(made._value) is np.ndarray:
        made._value = np.asarray(made._value, order=order)
    elif order == "C" or (order == "A" and type(example) is np.ndarray and not example.flags.f_contiguous):
        return ops.row_major(made)
    elif order == "F":
        turn = ops.transpose.primitive.unlinked  # type: ignore[attr-defined]
        axes = tuple(range(made.ndim))[::-1]
        return turn(ops.row_major(turn(made, axes=axes)), axes=axes)
    return made


# -- one shape to another ---------------------------------------------------------------------------------------------


def reshape(a: Any, /, shape: Any = None, order: str = "C", *, copy: bool | None = None) -> Any:
    """The same elements in another shape.

    Parameters
    ----------
    a : array or Tensor
    shape : int or tuple of int
        One length may be -1: whatever is left.
    order : {'C', 'F'}
        Last or first index fastest.
    copy : bool, optional
        True: never a view; None: a view where possible.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.reshape(np.arange(4.0), (2, -1))
    array([[0., 1.],
           [2., 3.]])
    """
    a, shape = operand(a), as_shape(shape)
    if copy:
        a = creation.copy(a)
    if order == "F":
        return transpose(ops.reshape(transpose(a), shape=shape[::-1]))
    if order not in ("C", "A"):
        raise OperationError(f"reshape: order must be 'C', 'F' or 'A', got {order!r}")
    return ops.reshape(a, shape=shape)


def ravel(a: Any, order: str = "C") -> Any:
    """All elements in one row: a view of an array whose elements stand one after the other in memory, else a copy.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.ravel(np.eye(2))
    array([1., 0., 0., 1.])
    """
    a = operand(a)
    flat = reshape(a, -1, "C" if order == "K" else order)
    if isinstance(a, Tensor) and not one_example(a._value).flags.forc:
        return creation.copy(flat)  # NumPy copies, although a strided vector needs not be
    return flat


def transpose(a: Any, axes: Any = None) -> Any:
    """The axes in another order, by default reversed.

    Parameters
    ----------
    a : array or Tensor
    axes : tuple of int, optional
        Axis `i` of the result is axis `axes[i]` of `a`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.transpose(np.ones((2, 3, 4))).shape
    (4, 3, 2)
    """
    a = operand(a)
    rank = len(shape_of(a))
    if axes is None:
        return ops.transpose(a, axes=tuple(range(rank - 1, -1, -1)))
    axes = some_axes("transpose", axes, rank)
    if len(axes) != rank:
        raise ShapeError(f"transpose: {len(axes)} axes given for an array of shape {shape_of(a)}")
    return ops.transpose(a, axes=axes)


permute_dims = transpose


def matrix_transpose(x: Any, /) -> Any:
    """The last two axes swapped.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.matrix_transpose(np.ones((5, 2, 3))).shape
    (5, 3, 2)
    """
    if ndim(x) < 2:
        raise ShapeError(f"matrix_transpose: at least two axes are needed, got shape {shape_of(x)}")
    return swapaxes(x, -1, -2)


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.swapaxes(np.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    a = operand(a)
    axes = list(range(len(shape_of(a))))
    first, second = one_axis("swapaxes", axis1, len(axes)), one_axis("swapaxes", axis2, len(axes))
    axes[first], axes[second] = second, first
    return ops.transpose(a, axes=tuple(axes))


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to new places; the others keep their order.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    a = operand(a)
    rank = len(shape_of(a))
    sources, places = some_axes("moveaxis", source, rank), some_axes("moveaxis", destination, rank)
    if len(sources) != len(places):
        raise ShapeError(f"moveaxis: {len(sources)} source axes but {len(places)} destinations")
    order = [axis for axis in range(rank) if axis not in sources]
    for place, axis in sorted(zip(places, sources)):
        order.insert(place, axis)
    return ops.transpose(a, axes=tuple(order))


def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """One axis moved back until it stands before axis `start` (`moveaxis` says it more plainly).

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.rollaxis(np.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    a = operand(a)
    rank = len(shape_of(a))
    axis, start = one_axis("rollaxis", axis, rank), start + rank if start < 0 else start
    if not 0 <= start <= rank:
        raise ShapeError(f"rollaxis: start {start} is out of bounds for an array of shape {shape_of(a)}")
    return ops.moveaxis(a, axis, start - 1 if axis < start else start)


def expand_dims(a: Any, axis: Any) -> Any:
    """New axes of length 1 at the given places of the result.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.expand_dims(np.ones(3), 0).shape
    (1, 3)
    """
    a = operand(a)
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    rank = len(shape_of(a)) + count
    places = some_axes("expand_dims", axis, rank)
    lengths = iter(shape_of(a))
    return ops.reshape(a, shape=tuple([1 if i in places else next(lengths) for i in range(rank)]))


def squeeze(a: Any, axis: Any = None) -> Any:
    """Axes of length 1 removed: all of them, or those given.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.squeeze(np.ones((1, 3, 1))).shape
    (3,)
    """
    a = operand(a)
    lengths = shape_of(a)
    if axis is None:
        return ops.reshape(a, shape=tuple([length for length in lengths if length != 1]))
    axes = some_axes("squeeze", axis, len(lengths))
    for each in axes:
        if lengths[each] != 1:
            raise ShapeError(f"squeeze: axis {each} of an array of shape {lengths} has length {lengths[each]}, not 1")
    return ops.reshape(a, shape=tuple([length for i, length in enumerate(lengths) if i not in axes]))


def atleast_1d(*arys: Any) -> Any:
    """Arrays with at least one axis.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.atleast_1d(2.0)
    array([2.])
    """
    return _each(arys, lambda lengths: lengths or (1,))


def atleast_2d(*arys: Any) -> Any:
    """Arrays with at least two axes; a vector becomes a row.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.atleast_2d(np.ones(3)).shape
    (1, 3)
    """
    return _each(arys, lambda lengths: (1,) * (2 - len(lengths)) + lengths)


def atleast_3d(*arys: Any) -> Any:
    """Arrays with at least three axes; a vector of length n becomes (1, n, 1).

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.atleast_3d(np.ones(3)).shape
    (1, 3, 1)
    """
    return _each(arys, lambda lengths: (*(1,) * (2 - len(lengths)), *lengths, 1) if len(lengths) < 3 else lengths)


def _each(arrays: tuple[Any, ...], new_shape: Any) -> Any:
    made = tuple([ops.reshape(a, shape=new_shape(shape_of(a))) for a in map(operand, arrays)])
    return made[0] if len(made) == 1 else made


# -- repeated elements ------------------------------------------------------------------------------------------------


def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """The array repeated to a larger shape, as a view.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.broadcast_to(np.arange(2.0), (2, 2))
    array([[0., 1.],
           [0., 1.]])
    """
    return ops.broadcast_to(operand(array), shape=as_shape(shape))


def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Arrays broadcast against each other.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> [a.shape for a in np.broadcast_arrays(np.ones((2, 1)), np.ones(3))]
    [(2, 3), (2, 3)]
    """
    arrays = [operand(a) for a in args]
    try:
        common = np.broadcast_shapes(*[shape_of(a) for a in arrays])
    except ValueError as error:
        raise ShapeError(f"broadcast_arrays: {error}") from error
    return tuple([a if shape_of(a) == common else ops.broadcast_to(a, shape=common) for a in arrays])


def tile(A: Any, reps: Any) -> Any:
    """The array repeated as a whole, `reps` times along each axis.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.tile(np.arange(2.0), (2, 2))
    array([[0., 1., 0., 1.],
           [0., 1., 0., 1.]])
    """
    a, times = operand(A), as_shape(reps)
    lengths = shape_of(a)
    rank = max(len(lengths), len(times))
    lengths = (1,) * (rank - len(lengths)) + lengths
    times = (1,) * (rank - len(times)) + times
    if all([count == 1 for count in times]):
        return creation.copy(ops.reshape(a, shape=lengths))
    apart = ops.reshape(a, shape=tuple([each for length in lengths for each in (1, length)]))
    spread = ops.broadcast_to(apart, shape=tuple([each for pair in zip(times, lengths) for each in pair]))
    return ops.reshape(spread, shape=tuple([count * length for count, length in zip(times, lengths)]))


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each entry repeated, in place.

    Parameters
    ----------
    a : array or Tensor
    repeats : int or array of int
        How often; an array gives the count of each entry.
    axis : int, optional
        By default the flattened array is used.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.repeat(np.array([1.0, 2.0]), 2)
    array([1., 1., 2., 2.])
    """
    a = operand(a)
    if axis is None:
        a, axis = ops.reshape(a, shape=(-1,)), 0
    lengths = shape_of(a)
    axis = one_axis("repeat", axis, len(lengths))
    counts = np.asarray(concrete(repeats, "repeat"))
    if counts.size == 1:
        count = operator.index(counts.item())
        if count == 1:
            return creation.copy(a)
        apart = ops.reshape(a, shape=(*lengths[: axis + 1], 1, *lengths[axis + 1 :]))
        spread = ops.broadcast_to(apart, shape=(*lengths[: axis + 1], count, *lengths[axis + 1 :]))
        return ops.reshape(spread, shape=(*lengths[:axis], lengths[axis] * count, *lengths[axis + 1 :]))
    if counts.shape != (lengths[axis],):
        raise ShapeError(f"repeat: {counts.size} counts for an axis of length {lengths[axis]}")
    return indexing.take(a, np.repeat(np.arange(lengths[axis]), counts), axis=axis)


# -- order reversed and rolled ----------------------------------------------------------------------------------------


def flip(m: Any, axis: Any = None) -> Any:
    """Axes reversed: all of them, or those given.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.flip(np.arange(3.0))
    array([2., 1., 0.])
    """
    m = operand(m)
    rank = len(shape_of(m))
    axes = range(rank) if axis is None else some_axes("flip", axis, rank)
    backwards = slice(None, None, -1)
    return indexing.getitem(m, index=tuple([backwards if i in axes else slice(None) for i in range(rank)]))


def flipud(m: Any) -> Any:
    """The first axis reversed.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.flipud(np.eye(2))
    array([[0., 1.],
           [1., 0.]])
    """
    return flip(m, 0)


def fliplr(m: Any) -> Any:
    """The second axis reversed.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.fliplr(np.eye(2))
    array([[0., 1.],
           [1., 0.]])
    """
    return flip(m, 1)


def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """Rotated by 90 degrees `k` times, from the first of two axes towards the second.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.rot90(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[2., 4.],
           [1., 3.]])
    """
    m = operand(m)
    axes = some_axes("rot90", tuple(axes), len(shape_of(m)))
    if len(axes) != 2:
        raise ShapeError(f"rot90: two axes are needed, got {axes}")
    k %= 4
    if k == 0:
        return indexing.getitem(m, index=(Ellipsis,))
    if k == 2:
        return flip(m, axes)
    return swapaxes(flip(m, axes[1]), *axes) if k == 1 else flip(swapaxes(m, *axes), axes[1])


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Entries moved along an axis; those that leave at the end come back at the start.

    Parameters
    ----------
    a : array or Tensor
    shift : int or tuple of int
        How far, per axis.
    axis : int or tuple of int, optional
        By default the flattened array is rolled.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.roll(np.arange(3.0), 1)
    array([2., 0., 1.])
    """
    a = operand(a)
    lengths = shape_of(a)
    if axis is None:
        flat = ops.reshape(a, shape=(-1,))
        return ops.reshape(ops.roll(flat, shift=(sum(as_shape(shift)),), axis=(0,)), shape=lengths)
    shifts, axes = np.broadcast_arrays(as_shape(shift), axis)
    places = tuple([one_axis("roll", each, len(lengths)) for each in axes.tolist()])
    return ops.roll(a, shift=tuple(shifts.tolist()), axis=places)
