"""Derivatives found without tetragrad: central differences, extrapolated, and sharpened by the complex step.

`derivative(f, xs, vs)` is d/dt f(x + t v) at t = 0. It refuses to probe a kink: where two step sizes disagree it raises
`NotSmooth`, and the caller draws another point.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

STEP = 5e-4
TINY = 1e-20

Function = Callable[..., Sequence[Any]]


class NotSmooth(Exception):
    """The differences at two step sizes disagree, or are not finite."""


class Estimate(NamedTuple):
    """A derivative and how far it may be off."""

    value: np.ndarray
    tolerance: float


def derivative(f: Function, xs: Sequence[Any], vs: Sequence[Any]) -> list[Estimate]:
    """One estimate per output of `f`, a function from arrays to a sequence of arrays."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        size = [largest(part) for part in f(*xs)]
        coarse, fine = central(f, xs, vs, STEP), central(f, xs, vs, STEP / 2)
        estimates = [extrapolate(*parts) for parts in zip(coarse, fine, size)]
        return sharpen(f, xs, vs, estimates)


def central(f: Function, xs: Sequence[Any], vs: Sequence[Any], h: float) -> list[Any]:
    plus, minus = f(*move(xs, vs, h)), f(*move(xs, vs, -h))
    return [(p - m) / (2 * h) for p, m in zip(plus, minus, strict=True)]


def move(xs: Sequence[Any], vs: Sequence[Any], step: Any) -> list[Any]:
    """x + step * v, with arrays left arrays (0-d included)."""
    return [np.asarray(x) + step * np.asarray(v) for x, v in zip(xs, vs, strict=True)]


def extrapolate(coarse: Any, fine: Any, size: float) -> Estimate:
    value = np.asarray((4 * fine - coarse) / 3)
    scale = largest(value) + 1e-3 * size
    difference = largest(fine - coarse)
    if not np.isfinite(difference + scale) or difference > 1e-3 * scale + 1e-9:
        raise NotSmooth
    return Estimate(value, 1e-8 * scale + 1e-3 * difference + 1e-12)


def sharpen(f: Function, xs: Sequence[Any], vs: Sequence[Any], rough: list[Estimate]) -> list[Estimate]:
    """The complex step, exact to rounding, wherever `f` turns out to be analytic: it agrees with the differences."""
    if any(np.asarray(x).dtype.kind == "c" for x in xs):
        return rough
    try:
        moved = f(*move(xs, vs, TINY * 1j))
    except Exception:  # no complex arithmetic here: the differences must do
        return rough
    return [refine(part, estimate) for part, estimate in zip(moved, rough)]


def refine(part: Any, rough: Estimate) -> Estimate:
    value = np.asarray(part)
    if value.dtype.kind != "c" or rough.value.dtype.kind == "c":
        return rough
    value = value.imag / TINY
    if not largest(value - rough.value) <= rough.tolerance:
        return rough
    return Estimate(value, min(1e-10 * largest(value) + 1e-13, rough.tolerance))


def largest(x: Any) -> float:
    return float(np.max(np.abs(x), initial=0.0))


def pair(us: Sequence[Any], ts: Sequence[Any]) -> float:
    """The bilinear pairing of cotangents and tangents, Re(sum(u * t)): no conjugate, as in JAX and HIPS autograd."""
    return float(sum(np.sum(np.asarray(u) * np.asarray(t)).real for u, t in zip(us, ts, strict=True)))


def pair_size(us: Sequence[Any], ts: Sequence[Any]) -> float:
    """The size of the terms of a pairing, for tolerances."""
    return float(sum(np.sum(np.abs(u) * np.abs(t)) for u, t in zip(us, ts, strict=True)))


def one_sided(f: Function, xs: Sequence[Any], vs: Sequence[Any], side: int, h: float = 1e-5) -> list[Any]:
    """The derivative from one side: d/dt f(x + t v) at t -> 0 from above (side 1) or below (side -1)."""
    with np.errstate(all="ignore"):
        start, near, far = f(*xs), f(*move(xs, vs, side * h / 2)), f(*move(xs, vs, side * h))
        return [side * (4 * b - c - 3 * a) / h for a, b, c in zip(start, near, far, strict=True)]
