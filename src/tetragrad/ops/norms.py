"""The Euclidean norm, whole and along axes. Its derivative at 0 is 0, in every direction and order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..families import Case, Real, general, nondifferentiable
from ..families.bilinear import lean_door
from ..families.rules import SUM
from .matrices import conj, real, reciprocal_or_zero
from .shape import reshape

_ANY = Real(-2, 2, complex=True)


def _norm(x: Any) -> Any:
    if x.dtype.kind not in "fc":
        x = x.astype(float)
    if x.ndim == 0:
        return abs(x) if x.dtype.kind == "f" else np.hypot(x.real, x.imag)
    flat = x if x.ndim == 1 else x.ravel("K")
    return np.sqrt(flat.dot(flat) if x.dtype.kind == "f" else flat.real.dot(flat.real) + flat.imag.dot(flat.imag))


def _norm_vjp(g: Any, x: Any, out: Any) -> Any:
    if isinstance(out, np.generic):
        scaled = g / out if out != 0 else g * 0
    else:
        scaled = g * reciprocal_or_zero(out, out > 0)
    return scaled * x if x.dtype.kind == "f" else scaled * conj(x)


def _norm_jvp(t: Any, x: Any, out: Any) -> Any:
    moved = real(conj(x) * t)
    return SUM(moved, tuple(range(len(shape_of(x))))) * reciprocal_or_zero(out, out > 0)


norm = general(
    "norm",
    _norm,
    jvps=[_norm_jvp],
    vjps=[_norm_vjp],
    batch=lambda args, batched, size, params: norm_along(
        args[0], axis=tuple(range(1, len(shape_of(args[0])))), keepdims=False
    ),
    sample=[
        Case(_ANY[3]), Case(_ANY[2, 3]), Case(_ANY[()]), Case(_ANY[0]),
        Case(make=lambda rng, dtype: (np.zeros(3, dtype),)),
    ],
    doc="Square root of the sum of squared absolute values of all elements.",
)  # fmt: skip
norm = lean_door(norm)


def _norm_along(x: Any, *, axis: tuple[int, ...], keepdims: Any) -> Any:
    squares = x * x if x.dtype.kind != "c" else x.real * x.real + x.imag * x.imag
    return np.sqrt(np.add.reduce(squares, axis=axis, keepdims=keepdims))


def _kept(x: Any, x_shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """A result with the reduced axes back, of length one."""
    return reshape(x, shape=tuple([1 if i in axis else length for i, length in enumerate(x_shape)]))


def _norm_along_vjp(g: Any, x: Any, out: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    scaled = g * reciprocal_or_zero(out, out > 0)
    return (scaled if keepdims else _kept(scaled, shape_of(x), axis)) * conj(x)


def _norm_along_jvp(t: Any, x: Any, out: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    moved = SUM(real(conj(x) * t), axis)
    return (_kept(moved, shape_of(x), axis) if keepdims else moved) * reciprocal_or_zero(out, out > 0)


norm_along = general(
    "norm_along",
    _norm_along,
    jvps=[_norm_along_jvp],
    vjps=[_norm_along_vjp],
    batch=lambda args, batched, size, params: norm_along(
        args[0], axis=tuple([axis + 1 for axis in params["axis"]]), keepdims=params["keepdims"]
    ),
    sample=[
        Case(_ANY[3, 4], axis=(0,), keepdims=False),
        Case(_ANY[3, 4], axis=(1,), keepdims=True),
        Case(_ANY[2, 3, 2], axis=(0, 2), keepdims=False),
        Case(_ANY[2, 3], axis=(), keepdims=False),
        Case(_ANY[0, 3], axis=(0,), keepdims=True),
        Case(make=lambda rng, dtype: (np.array([[0, 0], [1, 2]], dtype),), axis=(1,), keepdims=False),
    ],
    doc="Euclidean norms along axes.",
)


def _matrix_rank(a: Any, *, tol: Any, hermitian: bool, rtol: Any) -> Any:
    return np.linalg.matrix_rank(a, tol, hermitian, rtol=rtol)


matrix_rank = nondifferentiable(
    "matrix_rank",
    _matrix_rank,
    sample=[
        Case(_ANY[3, 2], tol=None, hermitian=False, rtol=None),
        Case(_ANY[2, 2, 2], tol=None, hermitian=False, rtol=None),
    ],
    batch=lambda args, batched, size, params: matrix_rank(args[0], **params),
    doc="Numbers of singular values of matrices above a tolerance.",
)
