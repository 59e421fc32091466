"""What the NumPy-shaped functions do with their arguments: arrays from array-likes, axes as primitives want them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ShapeError
from .creation import asarray

NOT_GIVEN: Any = np._NoValue


def operand(x: Any) -> Any:
    """`x` as an array or Tensor; lists may hold Tensors."""
    return x if type(x) is np.ndarray or isinstance(x, Tensor) else asarray(x)


def one_axis(name: str, axis: Any, rank: int) -> int:
    """An axis as a number from 0; for a function `name` on an array of this rank."""
    index = operator.index(axis)
    if not -rank <= index < rank:
        raise ShapeError(f"{name}: axis {axis} is out of bounds for an array of {rank} dimension{'s' * (rank != 1)}")
    return index + rank if index < 0 else index


def some_axes(name: str, axis: Any, rank: int) -> tuple[int, ...]:
    """One or several axes as a tuple of numbers from 0."""
    if not isinstance(axis, (tuple, list)):
        return (one_axis(name, axis, rank),)
    axes = tuple([one_axis(name, each, rank) for each in axis])
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{name}: an axis is repeated in {axis}")
    return axes


def as_scalar(x: Any) -> Any:
    """An array without axes as the NumPy scalar that NumPy's own reductions give."""
    return x[()] if type(x) is np.ndarray and x.ndim == 0 else x


def as_shape(shape: Any) -> tuple[int, ...]:
    """A shape from an int or a sequence of ints."""
    if type(shape) is int:
        return (shape,)
    if isinstance(shape, (tuple, list)):
        return tuple([operator.index(length) for length in shape])
    return tuple([int(length) for length in shape]) if np.ndim(shape) else (operator.index(shape),)
