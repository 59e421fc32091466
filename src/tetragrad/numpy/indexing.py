"""NumPy's functions that read and write elements by position, and find positions.

Results whose number of elements depends on the values (`nonzero`, boolean masks) need the values themselves, so they
are not available inside `vmap`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.levels import concrete, shape_of
from ..core.tensor import Tensor
from ..errors import OperandTypeError, OperationError, ShapeError
from ..ops import indexing as ops
from ..ops.arithmetic import clip, remainder, where
from ..ops.joining import along, stack
from ..ops.shape import broadcast_to, reshape
from .arguments import one_axis, operand
from .writing import write_out

__all__ = [
    "argwhere", "choose", "compress", "extract", "flatnonzero", "nonzero", "select", "take",
    "take_along_axis",
]  # fmt: skip


def take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    """Entries at integer positions along an axis.

    Parameters
    ----------
    a : array or Tensor
    indices : int or array of int
        Negative ones count from the end.
    axis : int, optional
        By default the flattened array is used.
    mode : {'raise', 'wrap', 'clip'}
        What to do with positions out of bounds.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.take(np.array([5.0, 6.0, 7.0]), [0, -1])
    array([5., 7.])
    """
    if out is not None:
        return write_out(out, take(a, indices, axis, None, mode), None, "take")
    a, indices = operand(a), _positions("take", indices)
    if axis is None:
        a, axis = reshape(a, shape=(-1,)), 0
    axis = one_axis("take", axis, len(shape_of(a)))
    length = shape_of(a)[axis]
    if mode == "wrap":
        indices = remainder(indices, length)
    elif mode == "clip":
        indices = clip(indices, 0, length - 1)
    elif mode != "raise":
        raise OperationError(f"take: mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    return ops.take(a, indices, axis=axis)


def _positions(name: str, indices: Any) -> Any:
    indices = operand(indices)
    if indices.dtype.kind not in "iu":
        if math.prod(shape_of(indices)) or indices.dtype.kind == "c":
            raise OperandTypeError(f"{name}: positions must be integers, got {indices.dtype}")
        indices = np.zeros(shape_of(indices), np.intp)
    return indices


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """For each lane along an axis, the entries at that lane's own positions (as `argsort` gives them).

    Parameters
    ----------
    arr : array or Tensor
    indices : array of int
        As many axes as `arr`, broadcast against it except along `axis`.
    axis : int or None
        None: the flattened array.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> a = np.array([[3.0, 1.0], [5.0, 6.0]])
    >>> np.take_along_axis(a, np.argsort(a, axis=1), axis=1)
    array([[1., 3.],
           [5., 6.]])
    """
    arr, indices = operand(arr), _positions("take_along_axis", indices)
    if axis is None:
        arr, axis = reshape(arr, shape=(-1,)), 0
    if len(shape_of(arr)) != len(shape_of(indices)):
        raise ShapeError(
            f"take_along_axis: array and positions need as many axes, got {shape_of(arr)} and {shape_of(indices)}"
        )
    return ops.take_along_axis(arr, indices, axis=one_axis("take_along_axis", axis, len(shape_of(arr))), unique=False)


def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """For each element of `a`, an integer, the element of that one of the `choices`.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.choose([0, 1], [np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    array([1., 4.])
    """
    if out is not None:
        return write_out(out, choose(a, choices, None, mode), None, "choose")
    a = _positions("choose", a)
    parts = [operand(choice) for choice in choices]
    common = np.broadcast_shapes(shape_of(a), *[shape_of(part) for part in parts])
    stacked = stack(*[broadcast_to(part, shape=common) for part in parts], axis=0)
    if mode == "wrap":
        a = remainder(a, len(parts))
    elif mode == "clip":
        a = clip(a, 0, len(parts) - 1)
    elif not isinstance(a, Tensor) and a.size and np.min(a) < 0:
        raise OperationError("choose: positions must not be negative")
    a = reshape(broadcast_to(a, shape=common), shape=(1, *common))
    chosen = ops.take_along_axis(stacked, a, axis=0, unique=True)
    return reshape(chosen, shape=common)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """For each element, the choice that belongs to the first condition that holds there.

    Parameters
    ----------
    condlist : sequence of boolean array
    choicelist : sequence of array or Tensor
        As many.
    default : scalar
        Where no condition holds.

    Returns
    -------
    array or Tensor
        What is not selected gets an exact zero as derivative.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> x = np.array([-1.0, 2.0])
    >>> np.select([x < 0, x > 1], [-x, x * x])
    array([1., 4.])
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise OperationError(f"select: {len(condlist)} conditions but {len(choicelist)} choices")
    result = operand(default) if not isinstance(default, (bool, int, float, complex)) else default
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        result = where(condition, choice, result)
    return result


def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """The entries along an axis at which a one-dimensional condition holds.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.compress([True, False, True], np.arange(3.0))
    array([0., 2.])
    """
    if out is not None:
        return write_out(out, compress(condition, a, axis), None, "compress")
    a = operand(a)
    if axis is None:
        a, axis = reshape(a, shape=(-1,)), 0
    axis = one_axis("compress", axis, len(shape_of(a)))
    mask = np.asarray(concrete(condition, "compress"))
    if mask.ndim != 1:
        raise ShapeError(f"compress: the condition must have one axis, got shape {mask.shape}")
    return ops.getitem(a, index=along(axis, np.flatnonzero(mask)))


def extract(condition: Any, arr: Any) -> Any:
    """The elements at which a condition of the same size holds, in one row.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> x = np.arange(3.0)
    >>> np.extract(x > 0, x)
    array([1., 2.])
    """
    positions = np.flatnonzero(np.asarray(concrete(condition, "extract")))
    return ops.getitem(reshape(operand(arr), shape=(-1,)), index=(positions,))


def nonzero(a: Any) -> tuple[Any, ...]:
    """Positions of the elements that are not zero, one array per axis.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nonzero(np.array([0.0, 3.0, 4.0]))
    (array([1, 2]),)
    """
    return np.nonzero(concrete(a, "nonzero"))


def flatnonzero(a: Any) -> Any:
    """Positions in the flattened array of the elements that are not zero.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.flatnonzero(np.array([0.0, 3.0, 4.0]))
    array([1, 2])
    """
    return np.flatnonzero(concrete(a, "flatnonzero"))


def argwhere(a: Any) -> Any:
    """Positions of the elements that are not zero, one row per element.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.argwhere(np.array([0.0, 3.0, 4.0]))
    array([[1],
           [2]])
    """
    return np.argwhere(concrete(a, "argwhere"))
