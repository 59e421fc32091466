"""Exponentials, logarithms, powers and roots."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..families import ZERO, Case, Integers, Real, elementwise
from ..families.rules import CONVERT
from .arithmetic import isinf, keep, or_inf, where

_MODERATE = Real(-3, 3, complex=True)
_POSITIVE = Real(0.1, 4)
# Half of the plane is enough: away from the cut along the negative real axis.
_RIGHT = Real(0.1, 4, complex=True)

LN2 = math.log(2)
LN10 = math.log(10)

exp = elementwise("exp", np.exp, [lambda g, out: g * out], sample=_MODERATE)
exp2 = elementwise("exp2", np.exp2, [lambda g, out: g * (out * LN2)], sample=_MODERATE)
# Not `out + 1`, which has lost exp(x) where x is very negative.
expm1 = elementwise("expm1", np.expm1, [lambda g, x: g * exp(x)], sample=Real(-3, 3, special=(0,), complex=True))

log = elementwise("log", np.log, [lambda g, x: g / x], sample=_RIGHT)
log2 = elementwise("log2", np.log2, [lambda g, x: g / (x * LN2)], sample=_RIGHT)
log10 = elementwise("log10", np.log10, [lambda g, x: g / (x * LN10)], sample=_RIGHT)
log1p = elementwise("log1p", np.log1p, [lambda g, x: g / (1 + x)], sample=Real(-0.9, 4, special=(0,), complex=True))

sqrt = elementwise(
    "sqrt",
    np.sqrt,
    [lambda g, out: g / (out + out)],
    sample=Real(0.1, 4, special=(0,), complex=True),
    doc="Square root; its derivative at 0 is inf.",
)
cbrt = elementwise(
    "cbrt", np.cbrt, [lambda g, out: g / (3 * (out * out))], sample=Real(-4, 4, avoid=(0,), margin=0.2, special=(0,)),
    doc="Real cube root; its derivative at 0 is inf.",
)  # fmt: skip
square = elementwise("square", np.square, [lambda g, x: g * (x + x)], sample=Real(-3, 3, special=(0,), complex=True))
reciprocal = elementwise(
    "reciprocal", np.reciprocal, [lambda g, out: -(g * (out * out))],
    sample=Real(-3, 3, avoid=(0,), margin=0.3, complex=True),
)  # fmt: skip


# --- powers -----------------------------------------------------------------------------------------------------------
def _scalar_power(x: Any, *, exponent: float | complex) -> Any:
    # NumPy has shortcuts for the exponents 2, 1/2 and -1; these products save as much.
    if exponent == 3:
        return x * x * x
    if exponent == 4:
        return np.square(np.square(x))
    if exponent == -2:
        return np.reciprocal(np.square(x))
    return x**exponent


def _scalar_power_rule(g: Any, x: Any, exponent: float | complex) -> Any:
    if exponent == 0:
        return keep(g, False)
    if exponent == 1:
        return g
    if exponent == 2:
        return g * (x + x)
    return g * (exponent * (square(x) if exponent == 3 else scalar_power(x, exponent=exponent - 1)))


def _at_zero(rng: Any, dtype: Any) -> tuple[Any]:
    return (np.array([0.0, -1.5, 2.0]).astype(dtype),)


# Whole exponents end at the exponent 0, so all derivatives are right at x = 0 as well.
scalar_power = elementwise(
    "scalar_power",
    _scalar_power,
    [_scalar_power_rule],
    sample=[
        *[Case(Real(-3, 3, avoid=(0,), margin=0.3, complex=True)[2, 3], exponent=n) for n in (-2, -1, 2.0, 5)],
        *[Case(Real(-2, 2, complex=True)[3], exponent=n) for n in (0, 1, 3, 4)],
        *[Case(make=_at_zero, exponent=n) for n in (0, 1, 2, 3, 5)],
        *[Case(_RIGHT[3], exponent=p) for p in (0.5, -1.5, 2.7)],
    ],
    doc="`x` to the power of a Python number.",
)


def _power_x(g: Any, x: Any, y: Any) -> Any:
    """y x^(y-1), which is zero where y is, at x = 0 too."""
    return g * (y * power(where((x == 0) & (y == 0), 1, x), y - 1))


def _power_y(g: Any, x: Any, y: Any, out: Any) -> Any:
    """x^y log(x), taken as zero at x = 0."""
    if isinstance(x, (int, float, complex)):
        return g * (out * _log_of_number(x, out.dtype.kind == "c"))
    base = where(x == 0, 1, x)
    if out.dtype.kind == "c" and x.dtype.kind != "c":
        base = base + 0j
    return g * (out * log(base))


def _log_of_number(x: Any, as_complex: bool) -> Any:
    if x == 0:
        return 0.0
    if as_complex:
        return cmath.log(x)
    return math.log(x) if x > 0 else math.nan


power = elementwise(
    "power",
    np.power,
    [_power_x, _power_y],
    sample=[Real(0.2, 3, special=(0,), complex=True), Real(0.3, 3, special=(0, 1, 2), complex=True)],
    doc="`x` to the power `y`. At x = 0 the derivative by `y` is taken as 0.",
)


_power = power.primitive  # type: ignore[attr-defined]


def pow(x: Any, y: Any, out: Any = None) -> Any:
    """``x ** y``: powers with a Python number as exponent have their own, cheaper rows."""
    if out is not None:
        return _power.into(out, pow(x, y), "power")
    if type(y) in (int, float, complex) and isinstance(x, Tensor) and x.dtype.kind in "fc":
        return square(x) if y == 2 else sqrt(x) if y == 0.5 else scalar_power(x, exponent=y)
    return power(x, y)


def float_power(x: Any, y: Any, out: Any = None) -> Any:
    """`pow` in double precision."""
    if out is not None:
        return _power.into(out, float_power(x, y), "float_power")
    if not isinstance(x, Tensor) and not isinstance(y, Tensor):
        return np.float_power(x, y)
    return pow(_in_double(x), _in_double(y))


def _in_double(x: Any) -> Any:
    if type(x) in (int, float, complex):
        return x
    if not isinstance(x, Tensor):
        x = np.asarray(x)
    dtype = np.dtype(np.complex128 if x.dtype.kind == "c" else np.float64)
    return x if x.dtype == dtype else CONVERT(x, dtype)


def _ldexp(x: Any, exponent: Any) -> Any:
    return np.ldexp(x, exponent)


ldexp = elementwise(
    "ldexp", _ldexp, [lambda g, exponent: ldexp(g, exponent), ZERO], sample=[Real(-3, 3), Integers(-4, 5)],
    doc="``x * 2**exponent`` for integer exponents.",
)  # fmt: skip


hypot = elementwise(
    "hypot",
    np.hypot,
    [lambda g, x, out: g * (x / or_inf(out)), lambda g, y, out: g * (y / or_inf(out))],
    sample=[Real(-3, 3, avoid=(0,), margin=0.2, special=(0,)), Real(-3, 3, special=(0,))],
    doc="``sqrt(x**2 + y**2)`` without overflow; its derivative at (0, 0) is 0.",
)


# --- logistic functions -----------------------------------------------------------------------------------------------
def _expit(x: Any) -> Any:
    if type(x) is np.ndarray and x.size > 512 and x.dtype in (np.float32, np.float64):
        # SciPy's loop is not vectorised. exp(-|x|) cannot overflow, and both tails keep their relative precision.
        e = np.absolute(x)
        np.negative(e, out=e)
        np.exp(e, out=e)
        top = np.maximum(e, x >= 0)
        e += 1
        top /= e
        return top
    from scipy.special import expit

    return expit(x)


expit = elementwise(
    "expit",
    _expit,
    [lambda g, out: g * (out * (1 - out))],
    sample=Real(-5, 5, special=(0, -40, 40)),
    doc="Logistic function 1 / (1 + exp(-x)).",
)


def _difference(x: Any, y: Any) -> Any:
    """x - y, and zero where both are the same infinity."""
    same = (x == y) & isinf(x)
    return where(same, 0, x) - where(same, 0, y)


_INFINITE = [Real(-3, 3, special=(0, -math.inf, math.inf)), Real(-3, 3, special=(0, -math.inf, math.inf))]

logaddexp = elementwise(
    "logaddexp",
    np.logaddexp,
    [lambda g, x, y: g * expit(_difference(x, y)), lambda g, x, y: g * expit(_difference(y, x))],
    sample=_INFINITE,
    doc="``log(exp(x) + exp(y))`` without overflow. Two equal infinities share the derivative equally.",
)
logaddexp2 = elementwise(
    "logaddexp2",
    np.logaddexp2,
    [lambda g, x, y: g * expit(LN2 * _difference(x, y)), lambda g, x, y: g * expit(LN2 * _difference(y, x))],
    sample=_INFINITE,
    doc="``log2(2**x + 2**y)`` without overflow. Two equal infinities share the derivative equally.",
)
