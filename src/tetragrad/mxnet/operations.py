"""How MXNet's operations differ from ours: recorded only inside `record`, float32 where NumPy would widen.

`operation` makes one of them from a function of the NumPy-shaped face; `call` is its core, which the operators of the
arrays use too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as onp

from ..core.recording import call_in_mode
from ..core.tensor import FREED, Tensor
from ..dialects.base import convert
from ..errors import TetragradError
from ..ops.shape import astype
from .base import translate
from .modes import is_recording

if TYPE_CHECKING:
    from .ndarray import NDArray

FLOAT64 = onp.dtype("float64")


def call(
    face: type[NDArray], function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], widen: bool = False
) -> Any:
    """Apply a function of the engine; the results are arrays of this face, float64 only from float64 (or `widen`)."""
    args = [operand(face, arg) for arg in args]
    try:
        if is_recording():
            out = function(*args, **kwargs)
        else:
            out = call_in_mode(False, function, args, kwargs)
    except TetragradError as error:
        translated = translate(error)
        if translated is error:
            raise
        raise translated from error
    return result(face, out, args, widen)


def operand(face: type[NDArray], arg: Any) -> Any:
    """An argument as an operation takes it: arrays of other faces become arrays of this one."""
    kind = type(arg)
    if kind is face or isinstance(arg, Tensor):
        node = arg._node
        if node is not None and node.residuals is FREED:  # its graph was used up: it is a constant now
            arg._node = None
        return arg if kind is face else convert(face, arg)
    if kind is list or kind is tuple:
        return kind([operand(face, item) for item in arg])
    return arg.item() if isinstance(arg, onp.generic) else arg  # NumPy's scalars do not widen arrays


def result(face: type[NDArray], out: Any, args: Sequence[Any], widen: bool = False) -> Any:
    """What an operation gave, as arrays of this face; no float64 where no operand was float64 (unless `widen`)."""
    if type(out) is not face:
        if isinstance(out, tuple):
            return tuple([result(face, part, args, widen) for part in out])
        if isinstance(out, list):
            return [result(face, part, args, widen) for part in out]
        if isinstance(out, Tensor):
            out = face(out._value, out._node)
        elif isinstance(out, (onp.ndarray, onp.generic)):
            out = face(out, None)
        else:
            return out
    if out._value.dtype is FLOAT64 and not widen and not any([is_double(arg) for arg in args]):
        out = astype(out, dtype=onp.dtype("float32"))
    return out


def is_double(arg: Any) -> bool:
    """Whether an operand is (or holds) an array of float64."""
    if isinstance(arg, (list, tuple)):
        return any([is_double(item) for item in arg])
    return getattr(arg, "dtype", None) == FLOAT64


def operation(face: type[NDArray], function: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    """A function of the NumPy-shaped face as an operation of MXNet."""

    @functools.wraps(function, assigned=("__name__", "__qualname__"))
    def apply(*args: Any, ctx: Any = None, device: Any = None, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        dtype = kwargs.get("dtype")
        made = call(face, function, args, kwargs)
        if dtype is not None and isinstance(made, Tensor) and made.dtype != dtype:
            made = made.astype(dtype)  # type: ignore[attr-defined]
        if out is None:
            return made
        out[...] = made
        return out

    apply.__name__ = name or function.__name__
    apply.__doc__ = f"MXNet's `{apply.__name__}`: as `numpy.{apply.__name__}`, recorded inside `autograd.record`."
    return apply


__all__ = ["call", "is_double", "operand", "operation", "result"]
