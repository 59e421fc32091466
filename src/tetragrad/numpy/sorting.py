"""NumPy's functions that sort, search sorted values, and pick out order statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import concrete, shape_of
from ..errors import OperationError
from ..ops import indexing
from ..ops import sorting as ops
from ..ops.arithmetic import subtract
from .arguments import one_axis, operand
from .creation import refuse
from .shaping import ravel

__all__ = [
    "argpartition", "argsort", "digitize", "partition", "searchsorted", "sort", "unique",
]  # fmt: skip


def _prepare(name: str, a: Any, axis: int | None) -> tuple[Any, int]:
    a = operand(a)
    return (ravel(a), 0) if axis is None else (a, one_axis(name, axis, len(shape_of(a))))


def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> Any:
    """Elements in ascending order along an axis (None: of the flattened array).

    Parameters
    ----------
    a : array or Tensor
    axis : int or None
    kind, stable
        Accepted; equal elements have equal values, so the result is the same.

    Returns
    -------
    array or Tensor
        Each element keeps the derivative of the place that it came from.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.sort(np.array([3.0, 1.0, 2.0]))
    array([1., 2., 3.])
    """
    refuse("sort", order=order)
    a, axis = _prepare("sort", a, axis)
    return ops.sort(a, axis=axis)


def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> Any:
    """Positions that sort the elements along an axis.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.argsort(np.array([3.0, 1.0, 2.0]))
    array([1, 2, 0])
    """
    refuse("argsort", order=order)
    a, axis = _prepare("argsort", a, axis)
    return ops.argsort(a, axis=axis, stable=bool(stable) or kind in ("stable", "mergesort"))


def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """Elements rearranged so that the `kth` is in its sorted place, smaller ones before it and larger ones behind.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.partition(np.array([3.0, 1.0, 2.0]), 1)
    array([1., 2., 3.])
    """
    a, axis = _prepare("partition", a, axis)
    return indexing.take_along_axis(a, argpartition(a, kth, axis, kind, order), axis=axis, unique=True)


def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """Positions that `partition` the elements.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.argpartition(np.array([3.0, 1.0, 2.0]), 1)[1]
    np.int64(2)
    """
    refuse("argpartition", order=order)
    a, axis = _prepare("argpartition", a, axis)
    return ops.argpartition(a, kth=tuple(np.atleast_1d(kth).tolist()), axis=axis)


def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """Positions at which values could be put into a sorted vector and leave it sorted.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.searchsorted(np.array([1.0, 2.0, 3.0]), 2.5)
    np.int64(2)
    """
    a = operand(a)
    if sorter is not None:
        a = indexing.take(a, operand(sorter), axis=0)
    return ops.searchsorted(a, operand(v), side=side)


def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """Number of the bin that each element falls into.

    Parameters
    ----------
    x : array or Tensor
    bins : array
        Increasing or decreasing edges.
    right : bool
        Whether a bin includes its right edge, not its left one.

    Returns
    -------
    array of int

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.digitize(np.array([0.5, 2.5]), np.array([0.0, 1.0, 2.0]))
    array([1, 3])
    """
    edges = np.asarray(concrete(bins, "digitize"))
    steps = np.diff(edges)
    side = "left" if right else "right"
    if (steps >= 0).all():
        return ops.searchsorted(edges, operand(x), side=side)
    if not (steps <= 0).all():
        raise OperationError("digitize: the bins must increase or decrease")
    return subtract(len(edges), ops.searchsorted(edges[::-1], operand(x), side=side))


def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    """The different elements in ascending order (or the different entries along an axis).

    Parameters
    ----------
    ar : array or Tensor
    return_index, return_inverse, return_counts : bool
        Also give where each was first found, which each element of `ar` is, and how often each was found.
    axis : int, optional

    Returns
    -------
    array or Tensor, or a tuple beginning with it
        Each element has the derivative of its first occurrence.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.unique(np.array([2.0, 1.0, 2.0]))
    array([1., 2.])
    """
    ar = operand(ar)
    _, first, inverse, counts = np.unique(
        concrete(ar, "unique"),
        return_index=True,
        return_inverse=True,
        return_counts=True,
        axis=axis,
        equal_nan=equal_nan,
    )
    flat, place = _prepare("unique", ar, axis)
    values = indexing.take(flat, first, axis=place)
    asked = zip((return_index, return_inverse, return_counts), (first, inverse, counts))
    others = [array for wanted, array in asked if wanted]
    return (values, *others) if others else values
