"""sqrt, rsqrt, cbrt and power.

power is exp2(y log2(x)). In "f8" the logarithm has about 64 bits, as the sum of two numbers: with 1 + f = x / 2**k
and s = f / (2 + f), log(1 + f) = 2 s (1 + s**2 / 3 + s**4 / 5 + ...), of which the first two terms are summed exactly
enough. In "f4" the same is done in "f8", which needs no second part.
"""

from __future__ import annotations

import math

import numpy as np

from ..ir import Builder
from ..values import Scalar
from .exponentials import exp_minus_1, scaled
from .logarithms import split
from .pieces import at_least, at_most, fast_two_sum, nearest, polynomial, power_of_two, two_product, two_sum

# cbrt(m) on sqrt(1/2) <= m <= sqrt(2), with so many bits that one step makes them enough
CBRT = {
    "f4": [0.4925082325935364, 0.7397189140319824, -0.29037725925445557, 0.05821943283081055],
    "f8": [
        0.42168757057405354,
        1.0560233631719222,
        -0.836080746686978,
        0.5109714055468544,
        -0.17955710392349716,
        0.026954523025566907,
    ],
}
THIRD = (0.3333333333333333, 1.850371707708594e-17)
LOG2E = (1.4426950408889634, 2.0355273740931033e-17)
# (atanh(s) / s - 1 - s**2 / 3) / s**4, in s**2
ATANH_TAIL = [
    0.20000000000001136,
    0.14285714285045628,
    0.11111111260731546,
    0.09090892114006124,
    0.07693381961823856,
    0.0662833012172366,
    0.06598912587653256,
]
# for "f4": 2 atanh(s) / (s log 2), in s**2, and exp2(r) on |r| <= 1/2
LOG2_SHORT = [
    2.8853900817778495,
    0.9617966941143475,
    0.5770779421051865,
    0.4122092781475362,
    0.3199046067838933,
    0.28291652986602744,
]
EXP2_SHORT = [
    0.9999999999616334,
    0.693147182083932,
    0.2402265120384024,
    0.05550409192323508,
    0.009618012216518196,
    0.0013333088311640376,
    0.00015476154397536476,
    1.5676210659454758e-05,
]


def sqrt(b: Builder, x: Scalar) -> Scalar:
    """Square root, correctly rounded."""
    return b.sqrt(x)


def rsqrt(b: Builder, x: Scalar) -> Scalar:
    """1 / sqrt(x)."""
    return 1 / b.sqrt(x)


def cbrt(b: Builder, x: Scalar) -> Scalar:
    """Cube root: a polynomial, then one step of Halley's iteration, which triples the correct digits."""
    magnitude = b.abs(x)
    k, m = split(b, magnitude)
    n, bits = nearest(b, k - 1, 1 / 3)
    rest = k - 3 * n  # 0, 1 or 2
    near = polynomial(b, m, CBRT[x.type])
    near = near * b.select(
        rest == 0, b.const(x.type, 1), b.select(rest == 1, b.const(x.type, 2 ** (1 / 3)), 4 ** (1 / 3))
    )
    m = m * b.select(rest == 0, b.const(x.type, 1), b.select(rest == 1, b.const(x.type, 2), 4))
    square = near * near
    error = b.fma(-near, square, m)
    root = b.fma(near, error / (b.fma(near, square, m) + near * square), near)
    value = b.copysign(root * power_of_two(b, bits, 0, x.type), x)
    return b.select((magnitude > 0) & (magnitude < np.inf), value, x)


def power(b: Builder, x: Scalar, y: Scalar) -> Scalar:
    """x**y, with C's special values (as NumPy's)."""
    magnitude = b.abs(x)
    value = _power_in_f8(b, magnitude, y) if x.type == "f4" else _power(b, magnitude, y)
    edge = (magnitude == 0) | (magnitude == np.inf)
    upward = (magnitude == 0) ^ (y > 0)
    value = b.select(edge, b.select(upward, b.const(x.type, np.inf), 0), value)
    whole = b.trunc(y) == y
    odd = whole & (b.trunc(y * 0.5) * 2 != y)
    value = b.select(odd, b.copysign(value, x), value)
    value = b.select((x < 0) & ~whole & (magnitude < np.inf), b.const(x.type, np.nan), value)
    value = b.select((x != x) | (y != y), x + y, value)
    return b.select((x == 1) | (y == 0), b.const(x.type, 1), value)


def _power(b: Builder, x: Scalar, y: Scalar) -> Scalar:
    """x**y for x > 0."""
    k, m = split(b, x)
    f = m - 1
    divisor = m + 1
    inverse = 1 / divisor
    s = f * inverse
    product, error = two_product(b, s, divisor)
    s_rest = inverse * (((f - product) - error) - s * (m - (divisor - 1)))

    # w = atanh(s) / s - 1 = s**2 (1 / 3 + s**2 (1 / 5 + ...)), then (s + s_rest) (1 + w)
    square, square_rest = two_product(b, s, s)
    square_rest = b.fma(s + s, s_rest, square_rest)
    c, c_rest = fast_two_sum(b.const(x.type, THIRD[0]), square * polynomial(b, square, ATANH_TAIL))
    w, w_rest = two_product(b, square, c)
    w_rest = w_rest + (square * (c_rest + THIRD[1]) + square_rest * c)
    part, part_rest = two_product(b, s, w)
    part_rest = part_rest + (s * w_rest + s_rest * w)
    h, h_rest = fast_two_sum(s, part)
    h_rest = h_rest + (s_rest + part_rest)

    # log2(x) = k + 2 (h + h_rest) log2(e)
    log, log_rest = two_product(b, h + h, b.const(x.type, LOG2E[0]))
    log_rest = log_rest + ((h + h) * LOG2E[1] + (h_rest + h_rest) * LOG2E[0])
    log, error = two_sum(b, k, log)
    log, log_rest = fast_two_sum(log, log_rest + error)

    y = at_least(b, at_most(b, y, 2.0**66), -(2.0**66))
    exponent, exponent_rest = two_product(b, y, log)
    exponent_rest = b.fma(y, log_rest, exponent_rest)
    exponent_rest = at_least(b, at_most(b, exponent_rest, 0.25), -0.25)
    exponent = at_least(b, at_most(b, exponent, 1024.4), -1100.0)
    n, bits = nearest(b, exponent, 1.0)
    r = ((exponent - n) + exponent_rest) * math.log(2)
    return scaled(b, exp_minus_1(b, r), bits)


def _power_in_f8(b: Builder, x: Scalar, y: Scalar) -> Scalar:
    """x**y for x > 0, both "f4", of which 2**k and y log2(x) fit "f8"."""
    k, m = split(b, b.convert(x, "f8"), denormals=False)
    s = (m - 1) / (m + 1)
    log = b.fma(s, polynomial(b, s * s, LOG2_SHORT), k)
    y = at_least(b, at_most(b, b.convert(y, "f8"), 2.0**66), -(2.0**66))
    exponent = at_least(b, at_most(b, log * y, 200.0), -200.0)
    n, bits = nearest(b, exponent, 1.0)
    value = polynomial(b, exponent - n, EXP2_SHORT) * power_of_two(b, bits, 0, "f8")
    return b.convert(value, "f4")
