"""The inverses of the trigonometric and hyperbolic functions.

arctan folds its argument onto |t| <= tan(pi/8) by arctan(a) = pi/4 + arctan((a - 1) / (a + 1)) and pi/2 -
arctan(1 / a); arcsin and arccos theirs onto [0, 1/2] by arcsin(a) = pi/2 - 2 arcsin(sqrt((1 - a) / 2)). The hyperbolic
ones are logarithms of 1 + u with u in two parts.
"""

from __future__ import annotations

import numpy as np

from ..ir import Builder
from ..values import Scalar
from .logarithms import log_of_sum
from .pieces import fast_two_sum, format_of, polynomial, sign_bit, two_product, two_sum, with_sign

# (arctan(t) - t) / t**3 on |t| <= tan(pi/8), in t**2
ARCTAN = {
    "f4": [-0.33333316445350647, 0.19998525083065033, -0.1424429714679718, 0.10598266124725342, -0.060873422771692276],
    "f8": [
        -0.33333333333333326,
        0.19999999999997098,
        -0.14285714285317075,
        0.11111111083805464,
        -0.09090907988545535,
        0.07692279271240175,
        -0.06666175827902059,
        0.0587652847188152,
        -0.05215262159248012,
        0.04490902775643326,
        -0.03318293519787633,
        0.014901901190647352,
    ],
}
# (arcsin(s) - s) / s**3 on |s| <= 1/2, in s**2
ARCSIN = {
    "f4": [
        0.16666659712791443,
        0.07500521838665009,
        0.04451335221529007,
        0.03183980658650398,
        0.01430939044803381,
        0.03770884871482849,
    ],
    "f8": [
        0.1666666666666676,
        0.0749999999997081,
        0.044642857174645216,
        0.03038194270476268,
        0.02237221510290083,
        0.01735160950842279,
        0.013980854959366563,
        0.011398599558040097,
        0.010782160424945448,
        0.003698671733764202,
        0.021727461375993514,
        -0.021028952424419933,
        0.03264823643996252,
    ],
}
TAN_PI_8 = 0.41421356237309503
# pi/4 in two parts; the first one's last digits are zeros, for exact multiples
QUARTER_PI = {"f4": (0.785398006439209, 1.5695823663008923e-07), "f8": (0.7853981633974483, 3.061616997868383e-17)}


def arctan(b: Builder, x: Scalar) -> Scalar:
    """Inverse tangent."""
    return with_sign(b, _angle(b, b.abs(x), b.const(x.type, 1)), sign_bit(b, x))


def arctan2(b: Builder, y: Scalar, x: Scalar) -> Scalar:
    """The angle of the point (x, y), with C's special values."""
    angle = _angle(b, b.abs(y), b.abs(x), sign_bit(b, x) != 0)
    return b.select((x != x) | (y != y), x + y, with_sign(b, angle, sign_bit(b, y)))


def _angle(b: Builder, y: Scalar, x: Scalar, obtuse: Scalar | None = None) -> Scalar:
    """The angle of (x, y), or of (-x, y) where it is obtuse; x, y >= 0.

    With the smaller over the larger one, t = small / large or (small - large) / (small + large), it is a multiple of
    pi/4 plus or minus arctan(t).
    """
    f = format_of(x)
    steep = y > x
    small, large = b.select(steep, x, y), b.select(steep, y, x)
    if obtuse is not None:  # else large is 1 or more, and an overflow gives the right result
        up = 2.0 ** (f.fraction + 1)
        scale = b.select(
            large > f.huge / 4, b.const(f.type, 0.25), b.select(large < f.tiny * up, b.const(f.type, up), 1.0)
        )
        small, large = small * scale, large * scale
    middle = (small > large * TAN_PI_8) | (small == np.inf)
    above = b.select(middle, b.select(small == large, b.const(f.type, 0), small - large), small)
    below = b.select(middle, small + large, b.select(large == 0, b.const(f.type, 1), large))
    t = above / below
    square = t * t
    quarters = b.select(middle, b.const(f.type, 1), 0)
    quarters = b.select(steep, 2 - quarters, quarters)
    flipped = steep
    if obtuse is not None:
        quarters = b.select(obtuse, 4 - quarters, quarters)
        flipped = steep ^ obtuse
    t = b.select(flipped, -t, t)
    first, second = QUARTER_PI[f.type]
    tail = b.fma(t * square, polynomial(b, square, ARCTAN[f.type]), quarters * second)
    return b.fma(quarters, first, t + tail)


def _folded_arcsin(b: Builder, x: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """Whether |x| > 1/2; s = |x|, or where it is, sqrt((1 - |x|) / 2); and arcsin(s) - s."""
    a = b.abs(x)
    far = a > 0.5
    square = b.select(far, b.fma(a, -0.5, 0.5), a * a)
    s = b.select(far, b.sqrt(square), a)
    return far, s, s * square * polynomial(b, square, ARCSIN[x.type])


def arcsin(b: Builder, x: Scalar) -> Scalar:
    """Inverse sine; NaN outside [-1, 1]."""
    far, s, tail = _folded_arcsin(b, x)
    first, second = QUARTER_PI[format_of(x).type]
    difference, error = fast_two_sum(b.const(x.type, 2 * first), -2 * s)
    value = b.select(far, difference + (error - (2 * tail - 2 * second)), s + tail)
    return with_sign(b, value, sign_bit(b, x))


def arccos(b: Builder, x: Scalar) -> Scalar:
    """Inverse cosine; NaN outside [-1, 1]."""
    far, s, tail = _folded_arcsin(b, x)
    first, second = QUARTER_PI[format_of(x).type]
    signed_s, signed_tail = b.copysign(s, x), b.copysign(tail, x)
    # pi/2 - arcsin(x) near; far, 2 arcsin(s) or pi - 2 arcsin(s)
    near = (2 * first - signed_s) - (signed_tail - 2 * second)
    base, base_rest = b.select(x < 0, b.const(x.type, 4 * first), 0), b.select(x < 0, b.const(x.type, 4 * second), 0)
    beyond = (base + 2 * signed_s) + (2 * signed_tail + base_rest)
    return b.select(far, beyond, near)


LARGE = {"f4": 2.0**30, "f8": 2.0**60}  # from here on x + sqrt(x**2 + 1) is 2 x


def _log1p_or_log(b: Builder, a: Scalar, u: Scalar, rest: Scalar) -> Scalar:
    """log(1 + u + rest), or log(2 a) where a is large; a itself where it is inf or NaN."""
    large = a > LARGE[a.type]
    octaves = b.select(large, b.const(a.type, 1), 0)
    value = log_of_sum(b, b.select(large, a, u), b.select(large, b.const(a.type, 0), rest), octaves)
    return b.select(a < np.inf, value, a)


def _root(b: Builder, q: Scalar, rest: Scalar) -> tuple[Scalar, Scalar]:
    """sqrt(q + rest) and its rounding error."""
    s = b.sqrt(q)
    product, error = two_product(b, s, s)
    correction = (((q - product) - error) + rest) / (s + s)
    return s, b.select(q > 0, correction, 0)


def arcsinh(b: Builder, x: Scalar) -> Scalar:
    """Inverse hyperbolic sine: log(1 + u), u = a + a**2 / (1 + sqrt(1 + a**2)) with a = |x|."""
    a = b.abs(x)
    square, error = two_product(b, a, a)
    q, q_rest = two_sum(b, square, b.const(x.type, 1))
    s, s_rest = _root(b, q, q_rest + error)
    w = (square + error) / (s + 1 + s_rest)
    u, rest = fast_two_sum(a, w)
    return with_sign(b, _log1p_or_log(b, a, u, rest), sign_bit(b, x))


def arccosh(b: Builder, x: Scalar) -> Scalar:
    """Inverse hyperbolic cosine: log(1 + u), u = t + sqrt(t**2 + 2 t) with t = x - 1; NaN below 1."""
    t, t_rest = two_sum(b, x, b.const(x.type, -1))
    square, error = two_product(b, t, t)
    q, q_rest = two_sum(b, t + t, square)
    s, s_rest = _root(b, q, q_rest + error + 2 * t_rest * (t + 1))
    u, rest = two_sum(b, t, s)
    value = _log1p_or_log(b, x, u, rest + (t_rest + s_rest))
    return b.select(x < 1, b.const(x.type, np.nan), value)


def arctanh(b: Builder, x: Scalar) -> Scalar:
    """Inverse hyperbolic tangent: log(1 + u) / 2, u = 2 a / (1 - a) with a = |x|; NaN outside [-1, 1]."""
    a = b.abs(x)
    below = 1 - a
    inverse = 1 / below
    u = (a + a) * inverse
    product, error = two_product(b, u, below)
    rest = (((a + a) - product) - error - u * ((1 - below) - a)) * inverse
    value = 0.5 * log_of_sum(b, u, rest)
    value = b.select(a < 1, value, b.select(a == 1, b.const(x.type, np.inf), np.nan))
    return with_sign(b, value, sign_bit(b, x))
