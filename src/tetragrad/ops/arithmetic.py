"""Arithmetic, comparison, choice and logic: the operations behind Python's operators, and their relatives."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..families import ZERO, Case, Integers, Real, elementwise, nondifferentiable
from .complex_numbers import conj
from .rounding import rint

_ANY = Real(-3, 3, complex=True)
_REAL = Real(-3, 3)
_NONZERO = Real(-3, 3, avoid=(0,), margin=0.2, complex=True)
_REAL_NONZERO = Real(-3, 3, avoid=(0,), margin=0.2)
_INTEGER = Integers(-9, 9)

ndarray = np.ndarray

add = elementwise(
    "add", np.add, [lambda g: g, lambda g: g], operator=operator.add, sample=[_ANY, _ANY]
)  # fmt: skip
subtract = elementwise(
    "subtract", np.subtract, [lambda g: g, lambda g: -g], operator=operator.sub, sample=[_ANY, _ANY]
)  # fmt: skip
multiply = elementwise(
    "multiply", np.multiply, [lambda y: y, lambda x: x], operator=operator.mul, sample=[_ANY, _ANY]
)  # fmt: skip
divide = elementwise(
    "divide", np.divide, [lambda g, y: g / y, lambda g, y, out: -(g * out / y)], operator=operator.truediv,
    sample=[_ANY, _NONZERO],
)  # fmt: skip
negative = elementwise("negative", np.negative, [lambda g: -g], sample=_ANY)
positive = elementwise("positive", np.positive, [lambda g: g], sample=_ANY)

# --- comparison -------------------------------------------------------------------------------------------------------
_PAIR = [_REAL, _REAL]
equal = nondifferentiable("equal", np.equal, inputs=2, batch="elementwise", sample=[_ANY, _ANY])
not_equal = nondifferentiable("not_equal", np.not_equal, inputs=2, batch="elementwise", sample=[_ANY, _ANY])
less = nondifferentiable("less", np.less, inputs=2, batch="elementwise", sample=_PAIR)
less_equal = nondifferentiable("less_equal", np.less_equal, inputs=2, batch="elementwise", sample=_PAIR)
greater = nondifferentiable("greater", np.greater, inputs=2, batch="elementwise", sample=_PAIR)
greater_equal = nondifferentiable("greater_equal", np.greater_equal, inputs=2, batch="elementwise", sample=_PAIR)


def _isclose(x: Any, y: Any, *, rtol: float, atol: float, equal_nan: bool) -> Any:
    return np.isclose(x, y, rtol, atol, equal_nan)


isclose = nondifferentiable(
    "isclose", _isclose, batch="elementwise", sample=[Case(_ANY[2, 3], _ANY[3], rtol=0.5, atol=0.1, equal_nan=False)]
)

# --- predicates, logic, bits ------------------------------------------------------------------------------------------
isnan = nondifferentiable("isnan", np.isnan, batch="elementwise", sample=_ANY)
isinf = nondifferentiable("isinf", np.isinf, batch="elementwise", sample=_ANY)
isfinite = nondifferentiable("isfinite", np.isfinite, batch="elementwise", sample=_ANY)
isposinf = nondifferentiable("isposinf", lambda x: np.isposinf(x), batch="elementwise", sample=_REAL)
isneginf = nondifferentiable("isneginf", lambda x: np.isneginf(x), batch="elementwise", sample=_REAL)
signbit = nondifferentiable("signbit", np.signbit, batch="elementwise", sample=_REAL)

logical_not = nondifferentiable("logical_not", np.logical_not, batch="elementwise", sample=_ANY)
logical_and = nondifferentiable("logical_and", np.logical_and, inputs=2, batch="elementwise", sample=[_ANY, _ANY])
logical_or = nondifferentiable("logical_or", np.logical_or, inputs=2, batch="elementwise", sample=[_ANY, _ANY])
logical_xor = nondifferentiable("logical_xor", np.logical_xor, inputs=2, batch="elementwise", sample=[_ANY, _ANY])

_INTEGERS, _SHIFT = [_INTEGER, _INTEGER], [_INTEGER, Integers(0, 5)]
invert = nondifferentiable("invert", np.invert, batch="elementwise", sample=_INTEGER)
bitwise_and = nondifferentiable("bitwise_and", np.bitwise_and, inputs=2, batch="elementwise", sample=_INTEGERS)
bitwise_or = nondifferentiable("bitwise_or", np.bitwise_or, inputs=2, batch="elementwise", sample=_INTEGERS)
bitwise_xor = nondifferentiable("bitwise_xor", np.bitwise_xor, inputs=2, batch="elementwise", sample=_INTEGERS)
left_shift = nondifferentiable("left_shift", np.left_shift, inputs=2, batch="elementwise", sample=_SHIFT)
right_shift = nondifferentiable("right_shift", np.right_shift, inputs=2, batch="elementwise", sample=_SHIFT)
gcd = nondifferentiable("gcd", np.gcd, inputs=2, batch="elementwise", sample=_INTEGERS)
lcm = nondifferentiable("lcm", np.lcm, inputs=2, batch="elementwise", sample=_INTEGERS)

# `stop_gradient` is the identity whose result carries no derivative, in any mode or order.
stop_gradient = nondifferentiable("stop_gradient", lambda x: x, batch="elementwise", sample=_ANY)

# --- choice -----------------------------------------------------------------------------------------------------------
# A choice between numbers mispredicts a branch per element; as a choice between bit patterns it has none and is several
# times faster. Worth its extra calls from this size on.
MANY = 512
BITS = {2: np.int16, 4: np.int32, 8: np.int64}


def _masks(condition: Any, x: Any) -> Any:
    """The condition as integers of 0 and -1 (no bits, all bits), if `x` is an array that they can choose from."""
    if type(x) is not ndarray or x.size < MANY or x.dtype.kind not in "fc" or x.dtype.itemsize not in BITS:
        return None
    if type(condition) is not ndarray or condition.dtype != np.bool_ or condition.shape != x.shape:
        return None
    return np.negative(condition.view(np.int8))


def _choose(condition: Any, x: Any, y: Any) -> Any:
    out = np.where(condition, x, y)
    return out if out.ndim else out[()]


def _keep(x: Any, condition: Any) -> Any:
    masks = _masks(condition, x)
    if masks is None:
        return _choose(condition, x, 0)
    bits = BITS[x.dtype.itemsize]
    out = masks.astype(bits)
    out &= x.view(bits)
    return out.view(x.dtype)


keep = elementwise(
    "keep",
    _keep,
    [lambda g, condition: keep(g, condition), ZERO],
    sample=[_ANY, Real(-1, 1)],
    doc="`x` where the condition holds and an exact zero elsewhere, whatever `x` is there (inf, nan).",
)


def _where(condition: Any, x: Any, y: Any) -> Any:
    if type(y) is int and y == 0:
        return _keep(x, condition)
    masks = _masks(condition, x)
    if masks is None or type(y) is not ndarray or y.dtype != x.dtype or y.shape != x.shape:
        return _choose(condition, x, y)
    out, bits = np.empty_like(x), BITS[x.dtype.itemsize]
    chosen, other = out.view(bits), y.view(bits)
    np.bitwise_xor(x.view(bits), other, out=chosen)
    chosen &= masks
    chosen ^= other
    return out


# The cotangent is chosen too, never multiplied with 0: what was not selected gets an exact zero.
where = elementwise(
    "where",
    _where,
    [ZERO, lambda g, condition: keep(g, condition), lambda g, condition: keep(g, logical_not(condition))],
    sample=[Real(-1, 1), _ANY, _ANY],
)


def _larger_share(g: Any, x: Any, y: Any) -> Any:
    share, ties = _keep(g, x > y), x == y
    return share + _keep(g * 0.5, ties) if np.count_nonzero(ties) else share


larger_share = elementwise(
    "larger_share",
    _larger_share,
    [lambda g, x, y: larger_share(g, x, y), ZERO, ZERO],
    sample=[_ANY, _REAL, _REAL],
    doc="`g` where x > y, half of it where x == y, zero elsewhere: the cotangent of `x` in `maximum(x, y)`.",
)

_TIES = [Real(-3, 3, special=(0, 1)), Real(-3, 3, special=(0, 1))]


def _with_numbers(ufunc: Any) -> Any:
    """`ufunc`, where a Python number beside an array becomes a row: NumPy compares with rows far faster."""

    def value(x: Any, y: Any) -> Any:
        if type(x) is ndarray and x.size > MANY and x.dtype.kind == "f" and type(y) in (int, float):
            y = np.full(x.shape[-1:], y, x.dtype)
        return ufunc(x, y)

    return value


maximum = elementwise(
    "maximum", np.maximum, [lambda g, x, y: larger_share(g, x, y), lambda g, x, y: larger_share(g, y, x)],
    operator=_with_numbers(np.maximum), sample=_TIES,
    doc="Elementwise maximum; equal elements share the derivative equally.",
)  # fmt: skip
minimum = elementwise(
    "minimum", np.minimum, [lambda g, x, y: larger_share(g, y, x), lambda g, x, y: larger_share(g, x, y)],
    operator=_with_numbers(np.minimum), sample=_TIES,
    doc="Elementwise minimum; equal elements share the derivative equally.",
)  # fmt: skip


def _without_nan(x: Any, instead: float) -> Any:
    return where(isnan(x), instead, x)


fmax = elementwise(
    "fmax",
    np.fmax,
    [
        lambda g, x, y: larger_share(g, x, _without_nan(y, -math.inf)),
        lambda g, x, y: larger_share(g, y, _without_nan(x, -math.inf)),
    ],
    sample=_TIES,
    doc="Elementwise maximum that prefers numbers to nan; equal elements share the derivative equally.",
)
fmin = elementwise(
    "fmin",
    np.fmin,
    [
        lambda g, x, y: larger_share(g, _without_nan(y, math.inf), x),
        lambda g, x, y: larger_share(g, _without_nan(x, math.inf), y),
    ],
    sample=_TIES,
    doc="Elementwise minimum that prefers numbers to nan; equal elements share the derivative equally.",
)


def _clip(x: Any, low: Any, high: Any) -> Any:
    return np.clip(x, low, high)


def _between(x: Any, low: Any, high: Any) -> Any:
    if low is None:
        return x <= high
    return x >= low if high is None else (x >= low) & (x <= high)


clip = elementwise(
    "clip",
    _clip,
    [
        lambda g, x, low, high: keep(g, _between(x, low, high)),
        lambda g, x, low, high: keep(g, x < low if high is None else (x < low) & (low <= high)),
        lambda g, x, low, high: keep(g, x > high if low is None else (x > high) | (low > high)),
    ],
    sample=[Real(-3, 3, special=(-1, 1)), Real(-2, -1, special=(-1, 2)), Real(1, 2, special=(1, -2))],
    doc="`x` limited to [low, high] (None: no bound); the derivative by `x` is 1 at the bounds too.",
)


def _nan_to_num(x: Any, *, nan: float, posinf: float | None, neginf: float | None) -> Any:
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


nan_to_num = elementwise(
    "nan_to_num",
    _nan_to_num,
    [lambda g, x: keep(g, isfinite(x))],
    sample=[Case(_REAL[2, 3], nan=0.0, posinf=None, neginf=None)],
    doc="Real `x` with nan and infinities replaced by numbers, whose derivative is zero.",
)

# --- magnitude and sign -----------------------------------------------------------------------------------------------
_KINK = Real(-3, 3, avoid=(0,), margin=0.2, special=(0,), complex=True)
_REAL_KINK = Real(-3, 3, avoid=(0,), margin=0.2, special=(0,))

real_sign = elementwise("sign", np.sign, [ZERO], sample=_REAL_KINK)


def _absolute_rule(g: Any, x: Any) -> Any:
    return g * conj(_phase(x)) if x.dtype.kind == "c" else g * real_sign(x)


absolute = elementwise(
    "absolute", np.absolute, [_absolute_rule], sample=_KINK, doc="Absolute value; its derivative at 0 is 0."
)
fabs = elementwise("fabs", np.fabs, [lambda g, x: g * real_sign(x)], sample=_REAL_KINK)


def or_inf(x: Any) -> Any:
    """`x` with inf in place of 0: a quotient by it is zero there, with all its derivatives."""
    return where(x == 0, math.inf, x)


def _phase(x: Any) -> Any:
    """x / |x|, zero at 0."""
    return x / or_inf(absolute(x))


def sign(x: Any, out: Any = None) -> Any:
    """Sign of `x`; for complex numbers x / |x|, and 0 at 0.

    The complex sign is no holomorphic function, so it is made of rows that know how to differentiate it.
    """
    if out is not None:
        return real_sign.primitive.into(out, sign(x), "sign")  # type: ignore[attr-defined]
    return _phase(x) if isinstance(x, Tensor) and x.dtype.kind == "c" else real_sign(x)


sign.primitive = real_sign.primitive  # type: ignore[attr-defined]

copysign = elementwise(
    "copysign",
    np.copysign,
    [lambda g, x, y: g * (real_sign(x) * copysign(1, y)), ZERO],
    sample=[_REAL_KINK, _REAL_NONZERO],
)
heaviside = elementwise(
    "heaviside", np.heaviside, [ZERO, lambda g, x: keep(g, x == 0)], sample=[_REAL_KINK, _REAL]
)  # fmt: skip

# --- division with remainder ------------------------------------------------------------------------------------------
floor_divide = elementwise(
    "floor_divide", np.floor_divide, [ZERO, ZERO], sample=[Real(-3, 3, special=(0,)), _REAL_NONZERO]
)
remainder = elementwise(
    "remainder", np.remainder, [lambda g: g, lambda g, x, y: -(g * floor_divide(x, y))], sample=[_REAL, _REAL_NONZERO]
)
# x / y could round up to the next integer; (x - out) / y is an integer but for rounding.
fmod = elementwise(
    "fmod", np.fmod, [lambda g: g, lambda g, x, y, out: -(g * rint((x - out) / y))], sample=[_REAL, _REAL_NONZERO]
)


def divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """Quotient ``x // y`` and remainder ``x % y``."""
    return floor_divide(x, y), remainder(x, y)
