"""Trigonometric and hyperbolic functions and their inverses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..families import Case, Real, elementwise
from .arithmetic import or_inf
from .exponential import hypot, sqrt

_ANGLE = Real(-3, 3, special=(0,), complex=True)
# Inside (-1, 1); complex numbers there stay away from the cuts.
_UNIT = Real(-0.9, 0.9, special=(0, -1, 1), complex=True)

sin = elementwise("sin", np.sin, [lambda g, x: g * cos(x)], sample=_ANGLE)
cos = elementwise("cos", np.cos, [lambda g, x: -(g * sin(x))], sample=_ANGLE)
tan = elementwise(
    "tan", np.tan, [lambda g, out: g * (1 + out * out)], sample=Real(-1.3, 1.3, special=(0,), complex=True)
)

# 1 - x*x as a product keeps its precision where it is small.
arcsin = elementwise("arcsin", np.arcsin, [lambda g, x: g / sqrt((1 - x) * (1 + x))], sample=_UNIT)
arccos = elementwise("arccos", np.arccos, [lambda g, x: -(g / sqrt((1 - x) * (1 + x)))], sample=_UNIT)
arctan = elementwise("arctan", np.arctan, [lambda g, x: g / (1 + x * x)], sample=_UNIT)

sinh = elementwise("sinh", np.sinh, [lambda g, x: g * cosh(x)], sample=_ANGLE)
cosh = elementwise("cosh", np.cosh, [lambda g, x: g * sinh(x)], sample=_ANGLE)
tanh = elementwise(
    "tanh", np.tanh, [lambda g, out: g * (1 - out * out)], sample=Real(-1.3, 1.3, special=(0, -30, 30), complex=True)
)


def _arcsinh_rule(g: Any, x: Any) -> Any:
    return g / (sqrt(x * x + 1) if x.dtype.kind == "c" else hypot(x, 1))


arcsinh = elementwise("arcsinh", np.arcsinh, [_arcsinh_rule], sample=_UNIT)
# Two roots: right on both sides of the complex cuts, and x*x cannot overflow.
arccosh = elementwise(
    "arccosh",
    np.arccosh,
    [lambda g, x: g / (sqrt(x - 1) * sqrt(x + 1))],
    sample=Real(1.1, 4, special=(1,), complex=True),
)
arctanh = elementwise("arctanh", np.arctanh, [lambda g, x: g / ((1 - x) * (1 + x))], sample=_UNIT)


def _quotient_by_square(g: Any, x: Any, r: Any) -> Any:
    """g x / r**2 without overflow, and 0 at r = 0."""
    r = or_inf(r)
    return g * (x / r) / r


arctan2 = elementwise(
    "arctan2",
    np.arctan2,
    [
        lambda g, x, y: _quotient_by_square(g, y, hypot(x, y)),
        lambda g, x, y: -_quotient_by_square(g, x, hypot(x, y)),
    ],
    sample=[Real(-3, 3, special=(0,)), Real(-3, 3, avoid=(0,), margin=0.3, special=(0,))],
    doc="Angle of the point with ordinate `x` and abscissa `y`; its derivative at the origin is 0.",
)

deg2rad = elementwise("deg2rad", np.deg2rad, [lambda g: deg2rad(g)], sample=Real(-180, 180))
rad2deg = elementwise("rad2deg", np.rad2deg, [lambda g: rad2deg(g)], sample=Real(-3, 3))


def _sinc_ratio(x: Any, *, order: int) -> Any:
    """j_n(u) / u**n with u = pi x: a power series near 0, the recurrence of the Bessel functions elsewhere."""
    u = math.pi * x
    near = np.absolute(u) < order + 2.5
    square = np.where(near, u * u, 0)
    term = total = 1 / math.prod(range(1, 2 * order + 2, 2)) + 0 * square
    for k in range(1, 20 + order):
        term = term * (square * (-0.5 / (k * (2 * order + 2 * k + 1))))
        total = total + term
    u = np.where(near, 1, u)
    square = u * u
    before, now = np.sin(u) / u, (np.sin(u) / u - np.cos(u)) / square
    for n in range(1, order):
        before, now = now, ((2 * n + 1) * now - before) / square
    return np.where(near, total, now)


# The functions s_n(u) = j_n(u) / u**n of the spherical Bessel functions j_n are smooth at 0, begin with
# s_0 = sin(u) / u, and have the derivatives s_n' = -u s_(n+1): no order divides by a small x.
sinc_ratio = elementwise(
    "sinc_ratio",
    _sinc_ratio,
    [lambda g, x, order: g * ((-(math.pi**2) * x) * sinc_ratio(x, order=order + 1))],
    sample=[
        Case(Real(-4, 4, special=(0,), complex=True)[2, 3], order=1),
        Case(Real(-0.1, 0.1)[3], order=2),
        Case(Real(-4, 4)[3], order=5),
    ],
)
sinc = elementwise(
    "sinc",
    lambda x: np.sinc(x),
    [lambda g, x: g * ((-(math.pi**2) * x) * sinc_ratio(x, order=1))],
    sample=Real(-4, 4, special=(0,), complex=True),
    doc="sin(pi x) / (pi x), and 1 at 0.",
)
