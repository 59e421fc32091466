"""NumPy's functions that join arrays and take them apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import concrete, shape_of
from ..errors import OperationError, ShapeError
from ..ops import indexing
from ..ops import joining as ops
from ..ops.joining import along
from ..ops.writing import index_update
from .arguments import one_axis, operand
from .creation import refuse
from .shaping import astype, atleast_1d, atleast_2d, atleast_3d, moveaxis, ravel, reshape, transpose
from .writing import write_out

__all__ = [
    "append", "array_split", "block", "column_stack", "concat", "concatenate", "delete", "dsplit", "dstack", "hsplit",
    "hstack", "insert", "split", "stack", "unstack", "vsplit", "vstack",
]  # fmt: skip


def concatenate(
    arrays: Any, /, axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Any:
    """Arrays one behind the other along an existing axis.

    Parameters
    ----------
    arrays : sequence of array or Tensor
        Of the same shape, except along `axis`.
    axis : int or None
        None: the flattened arrays.
    dtype : dtype, optional
        Of the result.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.concatenate([np.array([1.0]), np.array([2.0, 3.0])])
    array([1., 2., 3.])
    """
    if out is not None:
        return write_out(out, concatenate(arrays, axis, dtype=dtype, casting=casting), None, "concatenate")
    if casting is not None:
        refuse("concatenate", casting=casting)
    parts = [operand(a) for a in arrays]
    if not parts:
        raise OperationError("concatenate: at least one array is needed")
    if axis is None:
        parts, axis = [ravel(a) for a in parts], 0
    joined = ops.concatenate(*parts, axis=one_axis("concatenate", axis, len(shape_of(parts[0]))))
    return joined if dtype is None else astype(joined, dtype)


concat = concatenate


def stack(arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = None) -> Any:
    """Arrays of one shape along a new axis.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.stack([np.zeros(2), np.ones(2)], axis=1)
    array([[0., 1.],
           [0., 1.]])
    """
    if out is not None:
        return write_out(out, stack(arrays, axis, dtype=dtype, casting=casting), None, "stack")
    if casting is not None:
        refuse("stack", casting=casting)
    parts = [operand(a) for a in arrays]
    if not parts:
        raise OperationError("stack: at least one array is needed")
    joined = ops.stack(*parts, axis=one_axis("stack", axis, len(shape_of(parts[0])) + 1))
    return joined if dtype is None else astype(joined, dtype)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The entries along an axis, as a tuple.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.unstack(np.eye(2))
    (array([1., 0.]), array([0., 1.]))
    """
    x = operand(x)
    if not shape_of(x):
        raise ShapeError("unstack: the array needs at least one axis")
    return tuple(ops.unstack(x, axis=one_axis("unstack", axis, len(shape_of(x)))))


def vstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Any:
    """Arrays above each other; vectors are rows.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.vstack([np.zeros(2), np.ones(2)])
    array([[0., 0.],
           [1., 1.]])
    """
    return concatenate([atleast_2d(a) for a in tup], 0, dtype=dtype, casting=casting)


def hstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Any:
    """Arrays side by side: along the second axis, vectors along the first.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.hstack([np.zeros(2), np.ones(2)])
    array([0., 0., 1., 1.])
    """
    parts = [atleast_1d(a) for a in tup]
    axis = 0 if parts and len(shape_of(parts[0])) == 1 else 1
    return concatenate(parts, axis, dtype=dtype, casting=casting)


def dstack(tup: Any) -> Any:
    """Arrays behind each other, along the third axis.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.dstack([np.zeros(2), np.ones(2)]).shape
    (1, 2, 2)
    """
    return concatenate([atleast_3d(a) for a in tup], 2)


def column_stack(tup: Any) -> Any:
    """Vectors as the columns of a matrix.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.column_stack([np.zeros(2), np.ones(2)])
    array([[0., 1.],
           [0., 1.]])
    """
    return concatenate([transpose(atleast_2d(a)) if len(shape_of(a)) < 2 else a for a in tup], 1)


def block(arrays: Any) -> Any:
    """A matrix from nested lists of blocks.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.block([[np.ones((1, 1)), np.zeros((1, 2))]])
    array([[1., 0., 0.]])
    """
    depth, leaves = 0, [arrays]
    while any([isinstance(leaf, list) for leaf in leaves]):
        if not all([isinstance(leaf, list) and leaf for leaf in leaves]):
            raise ShapeError("block: the lists must be nested equally deep, and none may be empty")
        leaves = [each for leaf in leaves for each in leaf]
        depth += 1
    parts = [operand(leaf) for leaf in leaves]
    rank = max([depth, *[len(shape_of(part)) for part in parts]])
    parts = [reshape(part, (1,) * (rank - len(shape_of(part))) + shape_of(part)) for part in parts]
    return _join_blocks(arrays, iter(parts), rank - depth)


def _join_blocks(nest: Any, parts: Any, axis: int) -> Any:
    if not isinstance(nest, list):
        return next(parts)
    return ops.concatenate(*[_join_blocks(each, parts, axis + 1) for each in nest], axis=axis)


# -- taking apart -----------------------------------------------------------------------------------------------------


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Pieces along an axis; a number of pieces need not divide the length.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.array_split(np.arange(3.0), 2)
    [array([0., 1.]), array([2.])]
    """
    return _split("array_split", ary, indices_or_sections, axis, equally=False)


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Pieces along an axis.

    Parameters
    ----------
    ary : array or Tensor
    indices_or_sections : int or sequence of int
        A number of equal pieces, or the points at which to cut.
    axis : int

    Returns
    -------
    list of array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.split(np.arange(4.0), [1, 3])
    [array([0.]), array([1., 2.]), array([3.])]
    """
    return _split("split", ary, indices_or_sections, axis, equally=True)


def _split(name: str, ary: Any, pieces: Any, axis: int, equally: bool) -> list[Any]:
    ary = operand(ary)
    axis = one_axis(name, axis, len(shape_of(ary)))
    length = shape_of(ary)[axis]
    if np.ndim(pieces) == 0:
        if pieces < 1 or (equally and length % pieces):
            raise ShapeError(f"{name}: an axis of length {length} has no {pieces} equal parts")
        sizes = np.full(pieces, length // pieces)
        sizes[: length % pieces] += 1
        points = np.cumsum(sizes)[:-1].tolist()
    else:
        points = [slice(point).indices(length)[1] for point in np.asarray(pieces).tolist()]
        if points != sorted(points):  # NumPy's pieces may also overlap
            bounds = zip([0, *points], [*points, length])
            return [indexing.getitem(ary, index=along(axis, slice(start, stop))) for start, stop in bounds]
    return list(ops.split(ary, points=tuple(points), axis=axis))


def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`split` along the first axis.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.vsplit(np.eye(2), 2)
    [array([[1., 0.]]), array([[0., 1.]])]
    """
    return split(ary, indices_or_sections, 0)


def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`split` along the second axis, of vectors along the first.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.hsplit(np.arange(2.0), 2)
    [array([0.]), array([1.])]
    """
    return split(ary, indices_or_sections, 1 if len(shape_of(ary)) > 1 else 0)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`split` along the third axis.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> [a.shape for a in np.dsplit(np.ones((1, 2, 4)), 2)]
    [(1, 2, 2), (1, 2, 2)]
    """
    return split(ary, indices_or_sections, 2)


# -- entries added and removed ----------------------------------------------------------------------------------------


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """The array with more entries at its end; flattened if no axis is given.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.append(np.arange(2.0), 5.0)
    array([0., 1., 5.])
    """
    return concatenate([operand(arr), operand(values)], axis)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """The array with values put in before the given places.

    Parameters
    ----------
    arr : array or Tensor
    obj : int, slice or sequence of int
        The places, in `arr`.
    values : array or Tensor
    axis : int, optional
        By default the flattened array is used.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.insert(np.arange(3.0), 1, 9.0)
    array([0., 9., 1., 2.])
    """
    arr = operand(arr)
    if axis is None:
        arr, axis = ravel(arr), 0
    lengths = shape_of(arr)
    axis = one_axis("insert", axis, len(lengths))
    values = astype(operand(values), arr.dtype)
    points = _insertion_points(obj, lengths[axis])
    if points.size == 1:  # one place may get any number of entries
        values = reshape(values, (1,) * (len(lengths) - len(shape_of(values))) + shape_of(values))
        if points.ndim == 0:
            values = moveaxis(values, 0, axis)
        new = points.ravel() + np.arange(shape_of(values)[axis])
    else:
        new = points.copy()
        new[np.argsort(points, kind="stable")] += np.arange(len(points))
    old = np.delete(np.arange(lengths[axis] + len(new)), new)
    shape = (*lengths[:axis], len(old) + len(new), *lengths[axis + 1 :])
    base = indexing.scatter(arr, index=along(axis, old), shape=shape)
    return index_update(base, values, index=along(axis, new))


def _insertion_points(obj: Any, length: int) -> Any:
    if isinstance(obj, slice):
        return np.arange(*obj.indices(length))
    points = np.asarray(concrete(obj, "insert"))
    if points.dtype == bool:
        return np.flatnonzero(points)
    points = points.astype(np.intp)
    if points.size and not (-length <= points.min() and points.max() <= length):
        raise ShapeError(f"insert: place {obj} is out of bounds for an axis of length {length}")
    return np.where(points < 0, points + length, points)


def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """The array without the given entries.

    Parameters
    ----------
    arr : array or Tensor
    obj : int, slice, sequence of int, or boolean mask
        What to leave out.
    axis : int, optional
        By default the flattened array is used.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.delete(np.arange(3.0), 1)
    array([0., 2.])
    """
    arr = operand(arr)
    if axis is None:
        arr, axis = ravel(arr), 0
    axis = one_axis("delete", axis, len(shape_of(arr)))
    left = np.delete(np.arange(shape_of(arr)[axis]), obj if isinstance(obj, slice) else concrete(obj, "delete"))
    return indexing.getitem(arr, index=along(axis, left))
