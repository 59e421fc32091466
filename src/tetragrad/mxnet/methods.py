"""The methods of MXNet's arrays that are operations: the functions of `mxnet.np` of the same name."""

from __future__ import annotations

from typing import Any

from ..numpy import contraction, elementwise, indexing, reductions, shaping, sorting
from . import choices
from .ndarray import NDArray
from .operations import call


def _method(function: Any) -> Any:
    name = function.__name__

    def method(self: NDArray, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        dtype = kwargs.get("dtype")
        made = call(type(self), function, (self, *args), kwargs)
        if dtype is not None and made.dtype != dtype:
            made = made.astype(dtype)
        if out is None:
            return made
        out[...] = made
        return out

    method.__name__ = name
    method.__doc__ = f"As `mxnet.np.{name}`."
    return method


def _reshape(self: NDArray, *shape: Any, order: str = "C", **kwargs: Any) -> Any:
    """The elements in another shape, given as one tuple or as several numbers; -1 stands for the length left over."""
    wanted = kwargs.pop("newshape", kwargs.pop("shape", shape))
    if len(wanted) == 1 and isinstance(wanted[0], (tuple, list)):
        wanted = wanted[0]
    return call(type(self), shaping.reshape, (self, tuple([int(length) for length in wanted])), {})


def _transpose(self: NDArray, *axes: Any) -> Any:
    """The array with its axes reversed, or in the order given."""
    order = None if not axes else axes[0] if len(axes) == 1 else axes
    return call(type(self), shaping.transpose, (self, order), {})


def _flatten(self: NDArray, order: str = "C") -> Any:
    """A copy in one dimension."""
    return call(type(self), shaping.ravel, (self,), {}).copy()


def _sort(self: NDArray, axis: int = -1, kind: Any = None, order: Any = None) -> None:
    """Sort in place along one axis."""
    self[...] = call(type(self), sorting.sort, (self, axis), {})


def _fill(self: NDArray, value: Any) -> None:
    """Write one value everywhere."""
    self[...] = value


def _reshape_like(self: NDArray, other: NDArray) -> Any:
    """The elements in the shape of another array."""
    return self.reshape(other.shape)  # type: ignore[attr-defined]


_NAMED: tuple[Any, ...] = (
    reductions.all, reductions.any, choices.argmax, choices.argmin, reductions.cumsum, choices.max,
    reductions.mean, choices.min, reductions.prod, reductions.std, reductions.sum, reductions.var, sorting.argsort,
    elementwise.clip, elementwise.round, contraction.dot, contraction.diagonal, contraction.trace, indexing.nonzero,
    indexing.take, shaping.expand_dims, shaping.ravel, shaping.repeat, shaping.squeeze, shaping.swapaxes, shaping.tile,
    shaping.broadcast_to,
)  # fmt: skip
_ELEMENTWISE: tuple[Any, ...] = (
    elementwise.exp, elementwise.log, elementwise.sqrt, elementwise.square, elementwise.sin, elementwise.cos,
    elementwise.tanh, elementwise.abs, elementwise.sign, elementwise.floor, elementwise.ceil,
)  # fmt: skip
for _function in _NAMED:
    setattr(NDArray, _function.__name__, _method(_function))
for _function in _ELEMENTWISE:
    setattr(NDArray, "abs" if _function is elementwise.abs else _function.__name__, _method(_function))
for _name, _own in {
    "reshape": _reshape, "transpose": _transpose, "flatten": _flatten, "sort": _sort, "fill": _fill,
    "reshape_like": _reshape_like,
}.items():  # fmt: skip
    setattr(NDArray, _name, _own)
NDArray.T = property(_transpose, doc="The array with its axes reversed.")  # type: ignore[attr-defined]
