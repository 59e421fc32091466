"""log, log2, log10, log1p and what is made of them.

The argument is taken apart, x = 2**k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), and log(1 + f) = f + tail: in "f4" a
minimax polynomial gives the tail; in "f8" it comes from log(1 + f) = 2 atanh(s), s = f / (2 + f) (Tang 1990; fdlibm).
"""

from __future__ import annotations

import numpy as np

from ..ir import Builder
from ..values import Scalar
from .exponentials import LN2, exp
from .pieces import fast_two_sum, format_of, polynomial, two_product

# (log(1 + f) - f + f**2 / 2) / f**3
LOG = [
    0.3333333134651184,
    -0.250008225440979,
    0.20001260936260223,
    -0.16623355448246002,
    0.14201076328754425,
    -0.13159453868865967,
    0.1276552379131317,
    -0.0764107033610344,
]
# (2 atanh(s) - 2 s) / s**3, in s**2
ATANH = [
    0.6666666666666735,
    0.39999999999409364,
    0.28571428743682936,
    0.222221984293915,
    0.18183572332196532,
    0.15313832764998028,
    0.14798252650428995,
]
SQRT_HALF_BITS = {"f4": 0x3F3504F3, "f8": 0x3FE6A09E667F3BCD}
LOG2E = {"f4": (1.4426950216293335, 1.925963033500e-08), "f8": (1.4426950408889634, 2.0355273740931033e-17)}
LOG10E = {"f4": (0.4342944920063019, -1.0103050118726e-08), "f8": (0.4342944819032518, 1.098319650216765e-17)}
LOG10_2 = {"f4": (0.301025390625, 4.605039066518657e-06), "f8": (0.30102999566383914, 1.4205023062766747e-13)}


def split(b: Builder, x: Scalar, denormals: bool = True) -> tuple[Scalar, Scalar]:
    """k, as a float, and 1 + f of a positive x = 2**k (1 + f)."""
    f = format_of(x)
    small = x < (f.tiny if denormals else 0)
    bits = b.bitcast(b.select(small, x * 2.0**f.fraction, x), f.bits)
    above = bits - SQRT_HALF_BITS[f.type] + f.one
    shifter_bits = int(np.array(f.shifter, f.type).view(f.bits))
    biased = b.bitcast(_logical_shift(b, above, f.fraction, f.bits) + shifter_bits, f.type)
    k = biased - b.select(small, b.const(f.type, f.shifter + f.bias + f.fraction), f.shifter + f.bias)
    return k, b.bitcast((above & ((1 << f.fraction) - 1)) + SQRT_HALF_BITS[f.type], f.type)


def _logical_shift(b: Builder, x: Scalar, count: int, type: str) -> Scalar:
    return b.convert(b.convert(x, "u" + type[1]) >> count, type)


def tail_of(b: Builder, f: Scalar) -> Scalar:
    """log(1 + f) - f."""
    if f.type == "f4":
        return f * f * b.fma(f, polynomial(b, f, LOG), -0.5)
    half_square = 0.5 * f * f
    s = f / (f + 2)
    square = s * s
    return s * b.fma(square, polynomial(b, square, ATANH), half_square) - half_square


def ends(b: Builder, x: Scalar, value: Scalar, zero: float = 0.0) -> Scalar:
    """value, but -inf where x is `zero`, NaN below, and x itself where that is inf or NaN."""
    value = b.select(x < np.inf, value, x)
    value = b.select(x == zero, b.const(x.type, -np.inf), value)
    return b.select(x < zero, b.const(x.type, np.nan), value)


def log(b: Builder, x: Scalar) -> Scalar:
    """Natural logarithm."""
    k, m = split(b, x)
    f = m - 1
    first, second = LN2[x.type]
    return ends(b, x, b.fma(k, first, b.fma(k, second, tail_of(b, f)) + f))


def _exactly_times(b: Builder, x: Scalar, factor: float, rest: Scalar) -> Scalar:
    """x * factor + rest with one rounding."""
    if b.module.fma:
        return b.fma(x, factor, rest)
    product, error = two_product(b, x, b.const(x.type, factor))
    return product + (error + rest)


def log2(b: Builder, x: Scalar) -> Scalar:
    """Logarithm to base 2."""
    k, m = split(b, x)
    f = m - 1
    first, second = LOG2E[x.type]
    return ends(b, x, _exactly_times(b, f, first, b.fma(tail_of(b, f), first, f * second)) + k)


def log10(b: Builder, x: Scalar) -> Scalar:
    """Logarithm to base 10."""
    k, m = split(b, x)
    f = m - 1
    first, second = LOG10E[x.type]
    small = b.fma(tail_of(b, f), first, b.fma(f, second, k * LOG10_2[x.type][1]))
    return ends(b, x, b.fma(k, LOG10_2[x.type][0], _exactly_times(b, f, first, small)))


def log1p(b: Builder, x: Scalar) -> Scalar:
    """log(1 + x)."""
    return ends(b, x, log_of_sum(b, x, 0.0), -1.0)


def log_of_sum(b: Builder, x: Scalar, rest: Scalar | float, octaves: Scalar | float = 0.0) -> Scalar:
    """log(2**octaves * (1 + x + rest)) for finite x > -1 and a rest about x's last digit."""
    f = format_of(x)
    total = x + 1
    part = total - x
    error = (x - (total - part)) + (1 - part) + rest
    k, m = split(b, total)
    scale = b.bitcast(f.one + b.bitcast(m, f.bits) - b.bitcast(total, f.bits), f.type)  # 2**-k
    error = b.select(x < 2.0 ** (f.fraction + 3), error * scale, 0)
    r, error = fast_two_sum(m - 1, error)
    k = k + octaves
    first, second = LN2[f.type]
    value = b.fma(k, first, r + (b.fma(k, second, tail_of(b, r)) + error))
    return b.select(b.abs(x) < 2.0 ** -(f.fraction + 2), x, value)


def log_expit(b: Builder, x: Scalar) -> Scalar:
    """log(expit(x)) = min(x, 0) - log(1 + exp(-|x|))."""
    return -(log1p(b, exp(b, -b.abs(x))) - b.select(x < 0, x, 0.0))


def logit(b: Builder, p: Scalar) -> Scalar:
    """log(p / (1 - p)): with q the smaller of p and 1 - p, log(1 + u), u = (1 - 2 q) / q, with the sign of p - 1/2."""
    f = format_of(p)
    high = p >= 0.5
    q = b.select(high, 1 - p, p)
    denormal = q < f.tiny
    u = (1 - 2 * q) / b.select(denormal, q * 2.0**f.fraction, q)
    value = log_of_sum(b, u, 0.0, b.select(denormal, b.const(f.type, f.fraction), 0))
    value = b.select(q > 0, value, b.select(q == 0, b.const(f.type, np.inf), np.nan))
    return b.select(high, value, -value)
