"""Sorting, and the positions it finds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..families import Case, Real, general, nondifferentiable
from .indexing import scatter_along_axis, take_along_axis
from .shape import batch_axes

_REAL = Real(-3, 3)


def _argsort(x: Any, *, axis: int, stable: bool) -> Any:
    return np.argsort(x, axis, kind="stable" if stable else None)


argsort = nondifferentiable(
    "argsort",
    _argsort,
    batch=batch_axes(lambda: argsort),
    sample=[Case(_REAL[5], axis=0, stable=False), Case(_REAL[2, 4], axis=1, stable=True)],
)


def _argpartition(x: Any, *, kth: tuple[int, ...], axis: int) -> Any:
    return np.argpartition(x, kth, axis)


argpartition = nondifferentiable(
    "argpartition",
    _argpartition,
    batch=batch_axes(lambda: argpartition),
    sample=[Case(_REAL[5], kth=(2,), axis=0), Case(_REAL[2, 4], kth=(0, 3), axis=1)],
)


def _sort(x: Any, *, axis: int) -> Any:
    return np.sort(x, axis)


def _sort_jvp(t: Any, x: Any, axis: int) -> Any:
    return take_along_axis(t, argsort(x, axis=axis, stable=True), axis=axis, unique=True)


def _sort_vjp(g: Any, x: Any, axis: int) -> Any:
    order = argsort(x, axis=axis, stable=True)
    return scatter_along_axis(g, order, axis=axis, size=shape_of(x)[axis], unique=True)


sort = general(
    "sort",
    _sort,
    jvps=[_sort_jvp],
    vjps=[_sort_vjp],
    batch=batch_axes(lambda: sort),
    sample=[
        Case(_REAL[6], axis=0),
        Case(_REAL[3, 4], axis=0),
        Case(_REAL[2, 3, 4], axis=1),
        Case(_REAL[0, 2], axis=0),
    ],
    doc="Elements in ascending order; equal ones keep theirs, and each has the derivative of its place.",
)


def _searchsorted(a: Any, v: Any, *, side: str) -> Any:
    return np.searchsorted(a, v, side)  # type: ignore[call-overload]


searchsorted = nondifferentiable(
    "searchsorted",
    _searchsorted,
    inputs=2,
    sample=[
        Case(np.array([-1.0, 0.0, 1.0]), _REAL[2, 3], side="left"),
        Case(np.array([-1.0, 0.0, 1.0]), _REAL[4], side="right"),
    ],
)
