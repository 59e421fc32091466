"""NumPy's methods on the own face's Tensor, and NumPy's protocols: each is the function of the same name."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor as CoreTensor
from . import contraction, creation, elementwise, indexing, reductions, shape, sorting
from .dispatch import array_function, array_ufunc
from .tensor import Tensor, iterate


def install_methods() -> None:
    """Give the own face's Tensor its methods; called once, when the face is complete."""
    methods: dict[Any, tuple[str, ...]] = {
        reductions: (
            "all", "any", "argmax", "argmin", "cumprod", "cumsum", "max", "mean", "min", "prod", "std", "sum", "var",
        ),
        shape: ("astype", "ravel", "repeat", "squeeze", "swapaxes"),
        elementwise: ("clip", "conj", "conjugate", "round"),
        sorting: ("argsort", "searchsorted"),
        indexing: ("nonzero", "take"),
        contraction: ("diagonal", "dot", "trace"),
        creation: ("copy",),
    }  # fmt: skip
    for module, names in methods.items():
        for name in names:
            setattr(Tensor, name, getattr(module, name))
    Tensor.flatten = shape.ravel  # type: ignore[attr-defined]
    Tensor.reshape = _reshape  # type: ignore[attr-defined]
    Tensor.transpose = _transpose  # type: ignore[attr-defined]
    Tensor.T = property(shape.transpose, doc="The Tensor with its axes reversed.")  # type: ignore[attr-defined]
    Tensor.mT = property(shape.matrix_transpose, doc="The Tensor with its last two axes swapped.")  # type: ignore[attr-defined]
    Tensor.real = property(elementwise.real, doc="Real part.")  # type: ignore[attr-defined]
    Tensor.imag = property(elementwise.imag, doc="Imaginary part.")  # type: ignore[attr-defined]
    Tensor.__iter__ = _iter  # type: ignore[attr-defined]
    Tensor.__array_ufunc__ = array_ufunc
    Tensor.__array_function__ = array_function  # type: ignore[attr-defined]
    Tensor.__array_priority__ = 1000  # type: ignore[attr-defined]


def _reshape(self: CoreTensor, *shape_: Any) -> Any:
    return shape.reshape(self, shape_[0] if len(shape_) == 1 else shape_)


def _transpose(self: CoreTensor, *axes: Any) -> Any:
    return shape.transpose(self, None if not axes else axes[0] if len(axes) == 1 else axes)


def _iter(self: Tensor) -> Any:
    from ..ops.joining import unstack

    return iterate(self, unstack)
