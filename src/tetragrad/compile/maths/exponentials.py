"""exp, exp2, expm1, the hyperbolic functions and the logistic function.

The argument is reduced to x = n log 2 + r, |r| <= log(2) / 2, with log 2 in two parts (Cody and Waite 1980), so that
n times the first part is exact; a minimax polynomial gives exp(r), and 2**n is made of bits.
"""

from __future__ import annotations

import math

from ..ir import Builder
from ..values import Scalar
from .pieces import at_least, at_most, format_of, nearest, polynomial, power_of_two, sign_bit, with_sign

LOG2E = 1.4426950408889634
# log 2 = first + second; the first part has zeros enough at its end for exact products with n
LN2 = {"f4": (0.693359375, -2.1219444005469057e-4), "f8": (0.6931471803691238, 1.9082149292705877e-10)}

# (exp(r) - 1 - r) / r**2 on |r| <= log(2) / 2: least relative error of exp(r), and of exp(r) - 1
EXP = {
    "f4": [0.4999999403953552, 0.16666516661643982, 0.04166810214519501, 0.008369200862944126, 0.0013839061139151454],
    "f8": [
        0.5000000000000011,
        0.16666666666666435,
        0.04166666666652573,
        0.008333333333475686,
        0.0013888888944885859,
        0.00019841269554992936,
        2.480149170922089e-05,
        2.755753654069568e-06,
        2.7630774125126044e-07,
        2.501791692266974e-08,
    ],
}
EXPM1 = {
    "f4": [
        0.5,
        0.1666666716337204,
        0.0416664481163025,
        0.008333242498338223,
        0.0013985113892704248,
        0.00020000000949949026,
    ],
    "f8": [
        0.5000000000000001,
        0.1666666666666667,
        0.0416666666666487,
        0.008333333333328424,
        0.0013888888896780203,
        0.00019841269857131264,
        2.4801570486704818e-05,
        2.7557284209122557e-06,
        2.757377530281224e-07,
        2.5092048096999026e-08,
        1.5088504512147664e-09,
    ],
}

# (tanh(r) - r) / r**3 on |r| <= TANH_NEAR, where tanh is 1/2, in r**2
TANH_NEAR = 0.54931
TANH = {
    "f4": [-0.33333316445350647, 0.13332544267177582, -0.0538475476205349, 0.02105071395635605, -0.0062428489327430725],
    "f8": [
        -0.333333333333333,
        0.13333333333326577,
        -0.05396825396373417,
        0.02186948838506942,
        -0.008863232588118624,
        0.003592091891686438,
        -0.0014555419263459226,
        0.000588440598902654,
        -0.00023337141254731525,
        8.330152498784625e-05,
        -1.948524907124441e-05,
    ],
}

# (sinh(x) - x) / x**3 on |x| <= 1, in x**2
SINH = {
    "f4": [0.1666666716337204, 0.00833331048488617, 0.00019842895762760532, 2.7822131869470468e-06],
    "f8": [
        0.16666666666666669,
        0.008333333333332912,
        0.00019841269841593402,
        2.7557319106762547e-06,
        2.5052130997191762e-08,
        1.6056659337484533e-10,
        7.776593356688128e-13,
    ],
}

EXP_RANGE = {
    "f4": (-104.0, 89.0),
    "f8": (-746.0, 710.0),
}  # exp is 0, rounded, below the first, overflows above the second
EXP_NORMAL = {"f4": 87.0, "f8": 708.0}  # exp is a normal number up to this far from 0
EXPM1_RANGE = {"f4": (-18.0, 89.0), "f8": (-40.0, 709.9)}  # expm1 is -1 below the first, overflows above the second
COSH_OVERFLOW = {"f4": 89.7, "f8": 710.7}  # exp / 2 overflows, exp / 4 does not
TANH_ONE = {"f4": 9.02, "f8": 19.07}  # from here on tanh rounds to 1


def exp(b: Builder, x: Scalar) -> Scalar:
    """e**x."""
    if x.lanes == 1:
        return times_exp(b, None, x, None)
    # Where all results are normal numbers, one addition to their exponents scales them.
    f = format_of(x)
    n, bits = nearest(b, x, LOG2E)
    first, second = LN2[x.type]
    value = 1 + exp_minus_1(b, b.fma(n, -second, b.fma(n, -first, x)))
    usual = b.bitcast(b.bitcast(value, f.bits) + (bits << f.fraction), x.type)
    other = b.any_lane(~(b.abs(x) <= EXP_NORMAL[x.type]))
    return b.choose(other, lambda: [times_exp(b, None, x, None)], lambda: [usual], likely=False)[0]


def times_exp(b: Builder, scale: Scalar | None, x: Scalar, rest: Scalar | None) -> Scalar:
    """scale * e**(x + rest), the rest about x's last digit."""
    low, high = EXP_RANGE[format_of(x).type]
    x = at_least(b, at_most(b, x, high), low)
    n, bits = nearest(b, x, LOG2E)
    first, second = LN2[x.type]
    r = b.fma(n, -second, b.fma(n, -first, x))
    if rest is not None:
        r = r + rest
    return scaled(b, exp_minus_1(b, r), bits, scale)


def exp_minus_1(b: Builder, r: Scalar) -> Scalar:
    """exp(r) - 1 on |r| <= log(2) / 2, as precise as exp(r) needs it."""
    return b.fma(r * r, polynomial(b, r, EXP[r.type]), r)


def scaled(b: Builder, value: Scalar, n: Scalar, scale: Scalar | None = None) -> Scalar:
    """(1 + value) * 2**n * scale in two steps: a denormal result is rounded once, and only a large one overflows."""
    half = b.convert(b.convert(n, "u" + n.type[1]) >> 1, n.type)
    factor, rest = power_of_two(b, half, 0, value.type), power_of_two(b, n - half, 0, value.type)
    if scale is not None:
        return b.fma(scale, value, scale) * factor * rest
    return b.fma(factor, value, factor) * rest


def exp2(b: Builder, x: Scalar) -> Scalar:
    """2**x."""
    f = format_of(x)
    low, high = -float(f.bias + f.fraction + 2), float(f.bias + 1)
    x = at_least(b, at_most(b, x, high), low)
    n, bits = nearest(b, x, 1.0)
    return scaled(b, exp_minus_1(b, (x - n) * math.log(2)), bits)


def expm1(b: Builder, x: Scalar) -> Scalar:
    """e**x - 1: 2**n (exp(r) - 1) + (2**n - 1), with half of 2**n, which does not overflow."""
    low, high = EXPM1_RANGE[format_of(x).type]
    bounded = at_least(b, at_most(b, x, high), low)
    n, bits = nearest(b, bounded, LOG2E)
    first, second = LN2[x.type]
    exact, small = b.fma(n, -first, bounded), n * -second  # r in two parts
    r = exact + small
    tail = b.fma(r * r, polynomial(b, r, EXPM1[x.type]), small)
    half = power_of_two(b, bits, -1, x.type)
    value = b.fma(half, tail, b.fma(half, exact, half - 0.5))
    return b.select(_tiny(b, x), x, value + value)


def _tiny(b: Builder, x: Scalar) -> Scalar:
    """Where x is so small that an odd function with derivative 1 is x."""
    return b.abs(x) < 2.0 ** -(format_of(x).fraction + 2)


def tanh(b: Builder, x: Scalar) -> Scalar:
    """Hyperbolic tangent: near 0 a polynomial; elsewhere 1 - 2 / (exp(2 |x|) + 1) by the addition theorem.

    With |x| = (n log 2) / 2 + r, s = 2**n and t = tanh(r), it is 1 - (1 - t) / d, d = ((s + 1) + (s - 1) t) / 2. Near
    0, n = 0 and d = 1, and with 0 in the places of 1 the same formula gives t.
    """
    f = format_of(x)
    magnitude = at_most(b, b.abs(x), TANH_ONE[f.type])
    near = magnitude < TANH_NEAR
    n, bits = nearest(b, b.select(near, b.const(f.type, 0), magnitude), 2 * LOG2E)
    first, second = LN2[f.type]
    r = b.fma(n, -(first + second) / 2, magnitude) if b.module.fma else (magnitude - n * (first / 2)) - n * (second / 2)
    square = r * r
    t = b.fma(r * square, polynomial(b, square, TANH[f.type]), r)
    half = power_of_two(b, bits, -1, f.type)
    d = b.fma(half - 0.5, t, half + 0.5)
    base = b.select(near, b.const(f.type, 0), 1.0)
    return with_sign(b, base + (t - base) / d, sign_bit(b, x))


def _half_exp(b: Builder, magnitude: Scalar) -> Scalar:
    """exp(magnitude) / 2, which overflows only where cosh does."""
    magnitude = at_most(b, magnitude, COSH_OVERFLOW[format_of(magnitude).type])
    n, bits = nearest(b, magnitude, LOG2E)
    first, second = LN2[magnitude.type]
    r = b.fma(n, -second, b.fma(n, -first, magnitude))
    quarter = power_of_two(b, bits, -2, magnitude.type)
    value = b.fma(quarter, exp_minus_1(b, r), quarter)
    return value + value


def sinh(b: Builder, x: Scalar) -> Scalar:
    """Hyperbolic sine: h - 1 / (4 h) with h = exp(|x|) / 2, and an odd polynomial below 1."""
    magnitude = b.abs(x)
    half = _half_exp(b, magnitude)
    square = x * x
    near = b.fma(x * square, polynomial(b, square, SINH[x.type]), x)
    return b.select(magnitude < 1, near, with_sign(b, half - 0.25 / half, sign_bit(b, x)))


def cosh(b: Builder, x: Scalar) -> Scalar:
    """Hyperbolic cosine: h + 1 / (4 h) with h = exp(|x|) / 2."""
    half = _half_exp(b, b.abs(x))
    return half + 0.25 / half


def expit(b: Builder, x: Scalar) -> Scalar:
    """The logistic function: with e = exp(-|x|) and q = e / (1 + e), e - e q where x < 0, else 1 - q."""
    e = exp(b, -b.abs(x))
    part = b.select(x < 0, e, 1.0)
    return b.fma(-part, e / (e + 1), part)
