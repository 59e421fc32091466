"""Analytic functions of square matrices (expm, logm, ...), all with one rule.

The derivative of an analytic f at A in the direction E is a corner of f itself at a block matrix (Mathias 1996):

    f([[A, E], [0, A]]) = [[f(A), f'(A; E)], [0, f(A)]]

So the derivative is written in f, and higher orders follow. The transpose of E -> f'(A; E) is g -> f'(A^T; g).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..families import Case, Real, general
from .joining import concatenate
from .matrices import swap_last

_ANY = Real(-1, 1, complex=True)


def matrix_function(
    name: str, value: Callable[..., Any], *, sample: Any, batched: bool, doc: str
) -> Callable[..., Any]:
    """Add the row of an analytic matrix function; `batched` says that the value takes stacks of matrices."""

    def push(a: Any, e: Any) -> Any:
        size = a.shape[-1]
        rows = concatenate(a, e, axis=a.ndim - 1), concatenate(np.zeros(a.shape, a.dtype), a, axis=a.ndim - 1)
        return door(concatenate(*rows, axis=a.ndim - 2))[..., :size, size:]

    door = general(
        name,
        value,
        jvps=[lambda t, a: push(a, t)],
        vjps=[lambda g, a: push(swap_last(a), g)],
        batch=(lambda args, batched, size, params: door(*args)) if batched else None,
        sample=sample,
        doc=doc,
    )
    return door


def _expm(a: Any) -> Any:
    from scipy.linalg import expm

    return expm(a)


expm = matrix_function(
    "expm",
    _expm,
    batched=True,
    sample=[
        Case(_ANY[3, 3]), Case(_ANY[2, 2, 2]), Case(_ANY[1, 1]),
        Case(make=lambda rng, dtype: (np.zeros((2, 2), dtype),)),
    ],
    doc="Matrix exponentials.",
)  # fmt: skip


def _in_double(function: Callable[..., Any], a: Any) -> Any:
    """A function that loses digits at block matrices, in double precision, with the result in that of `a`."""
    out = function(a.astype(np.result_type(a, np.float64)))
    return out.astype(np.result_type(a, np.complex64) if out.dtype.kind == "c" else a.dtype, copy=False)


def _logm(a: Any) -> Any:
    from scipy.linalg import logm

    return _in_double(logm, a)


_POSITIVE = [
    Case(make=lambda rng, dtype: (2 * np.eye(3, dtype=dtype) + _ANY.draw(rng, (3, 3), dtype) * 0.4,), complex=True)
]

logm = matrix_function(
    "logm", _logm, batched=False, sample=_POSITIVE,
    doc="Principal logarithm of a matrix without eigenvalues on the closed negative real axis.",
)  # fmt: skip


def _sqrtm(a: Any) -> Any:
    from scipy.linalg import sqrtm

    return _in_double(sqrtm, a)


sqrtm = matrix_function(
    "sqrtm", _sqrtm, batched=False, sample=_POSITIVE,
    doc="Principal square root of a matrix without eigenvalues on the closed negative real axis.",
)  # fmt: skip


def _cosm(a: Any) -> Any:
    from scipy.linalg import cosm

    return cosm(a)


cosm = matrix_function("cosm", _cosm, batched=False, sample=[Case(_ANY[3, 3])], doc="Matrix cosine.")


def _sinm(a: Any) -> Any:
    from scipy.linalg import sinm

    return sinm(a)


sinm = matrix_function("sinm", _sinm, batched=False, sample=[Case(_ANY[3, 3])], doc="Matrix sine.")
