"""Functions that choose elements, with MXNet's derivatives: each of several largest elements gets the whole gradient,
and what gives integers passes zeros.

They are written in the operations of the NumPy-shaped face, so that they have no rule of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from .. import numpy as face
from ..core.levels import Boxed
from ..core.recording import is_recording
from ..core.tensor import Tensor
from ..numpy import shaping
from ..numpy.tensor import stop_gradient
from ..ops.shape import astype as cast


def is_recorded(x: Any) -> bool:
    """Whether an operation on `x` is one that a backward pass, or a running transform, goes through."""
    return isinstance(x, Tensor) and (isinstance(x._value, Boxed) or (x._node is not None and bool(is_recording())))


def _extreme(function: Callable[..., Any]) -> Callable[..., Any]:
    def choose(a: Any, axis: Any = None, *rest: Any, keepdims: bool = False, **kwargs: Any) -> Any:
        chosen = function(a, axis, *rest, keepdims=keepdims, **kwargs)
        if rest or kwargs or not is_recorded(a) or not isinstance(chosen, Tensor):
            return chosen
        fixed = stop_gradient(chosen if keepdims or axis is None else function(a, axis, keepdims=True))
        more = face.sum(face.equal(stop_gradient(a), fixed), axis, keepdims=keepdims) - 1  # so many others are as large
        if not isinstance(more, Tensor) and not onp.any(more):
            return chosen
        finite = face.where(face.isfinite(stop_gradient(chosen)), chosen, 0)
        return chosen + (finite - stop_gradient(finite)) * more  # adds zero, and to the derivative

    choose.__name__ = choose.__qualname__ = function.__name__
    choose.__doc__ = (
        f"As `numpy.{function.__name__}`; elements that are equally {function.__name__} get all the gradient."
    )
    return choose


max, min, amax, amin = [_extreme(function) for function in (face.max, face.min, face.amax, face.amin)]


def _position(function: Callable[..., Any]) -> Callable[..., Any]:
    def choose(a: Any, axis: Any = None, *rest: Any, keepdims: bool = False, **kwargs: Any) -> Any:
        found = function(a, axis, *rest, keepdims=keepdims, **kwargs)
        if not is_recorded(a) or isinstance(found, Tensor):
            return found
        return _connected(found, face.sum(a, axis, keepdims=keepdims))

    choose.__name__ = choose.__qualname__ = function.__name__
    choose.__doc__ = f"As `numpy.{function.__name__}`; the gradient is zero."
    return choose


argmax, argmin = _position(face.argmax), _position(face.argmin)


def _connected(found: Any, like: Any) -> Any:
    """Integers as the result of an operation on `like`, to which they pass zeros."""
    return cast(face.where(False, like, onp.asarray(found, onp.float64)), dtype=found.dtype)


def astype(x: Any, dtype: Any) -> Any:
    """The elements in another type; integers pass zeros back."""
    if onp.dtype(dtype).kind not in "fc" and is_recorded(x):
        return cast(face.where(False, x, stop_gradient(x)), dtype=onp.dtype(dtype))
    return shaping.astype(x, dtype)
