"""Arguments become variables of a transform, and its results become plain again: what all transforms share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.bind import describe
from ..core.levels import Boxed, current_level, level_of, lift
from ..core.tensor import PLAIN, Leaf, Node, Tensor, is_differentiable_dtype
from ..errors import DifferentiableTypeError
from ..families.rules import CONVERT
from ..numpy.tensor import Tensor as Face
from ..ops.arithmetic import positive


def face_of(leaf: Any) -> type[Tensor]:
    """The Tensor class in which a function should see this argument."""
    return type(leaf) if isinstance(leaf, Tensor) else Face


def as_value(leaf: Any, name: str) -> Any:
    """An argument as an array (or the Tensor it is), checked to be of a differentiable dtype."""
    value: Any = leaf
    if not isinstance(leaf, Tensor):
        try:
            value = np.asarray(leaf)
        except (TypeError, ValueError) as error:
            raise DifferentiableTypeError(f"{name}: cannot differentiate with respect to {leaf!r}: {error}") from error
        value = value[()] if value.ndim == 0 else value
    if not is_differentiable_dtype(value.dtype):
        raise DifferentiableTypeError(
            f"{name}: cannot differentiate with respect to {describe(value)}: gradients need a floating or complex "
            f"dtype. "
            f"Convert the argument first, for instance with .astype(float)."
        )
    return value


def reverse_variable(leaf: Any, name: str) -> Tensor:
    """A fresh variable with the value of `leaf`, attached to the graph that `leaf` is part of."""
    value = as_value(leaf, name)
    face = face_of(leaf)
    if not isinstance(value, Tensor):
        return face(lift(value), Leaf(value.shape, value.dtype))
    shape, dtype = value._value.shape, value._value.dtype  # the engine's own: a dialect's Tensor has its own types
    level = current_level()
    if level is not None and level_of(value) < level.number:
        return face(lift(value), Leaf(shape, dtype))
    if value._node is None:
        return face(value._value, Leaf(shape, dtype))
    node = Node.make(positive.primitive, (value._node,), (), shape, dtype)  # type: ignore[attr-defined]
    return face(value._value, node)


def inner(value: Any) -> Any:
    """What a box holds: a Tensor, as it is now, only where it carries something (a node or a lower box)."""
    if not isinstance(value, Tensor):
        return value
    if value._node is None and not isinstance(value._value, Boxed):
        return value._value
    return type(value)(value._value, value._node)


def outward(value: Any, face: type[Tensor], as_tensor: bool) -> Any:
    """A result for the caller: a Tensor of his face where he gave Tensors or it carries a graph, a plain array else."""
    if isinstance(value, Tensor):
        if as_tensor or value._node is not None or isinstance(value._value, Boxed):
            return value if type(value) is face else face(value._value, value._node)
        return value._value
    return face(value, None) if as_tensor else value


def fit_result(ct: Any, like: Any, dtype: Any) -> Any:
    """A cotangent in its variable's dtype; zeros for a known zero."""
    if ct is None:
        zeros = np.zeros(like.shape, dtype)
        return zeros if zeros.ndim else zeros[()]
    return ct if ct.dtype == dtype else CONVERT(ct, dtype)


def is_plain(value: Any) -> bool:
    """Whether NumPy computes on this value directly."""
    return type(value) in PLAIN
