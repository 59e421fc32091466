"""erf, erfc, gammaln and digamma.

erfc(x) exp(x**2) x is a polynomial in (x - a) / (x + a) on x >= 0.9 (after Shepherd and Laframboise 1981). gammaln and
digamma are moved by their recurrences to intervals around their zeros, where a polynomial times the distance to the
zero keeps the relative precision; large arguments have Stirling's series, negative ones the reflection formulas, whose
terms cancel near the zeros there. "f4" is computed in "f8" for these two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..ir import Builder
from ..values import Number, Scalar
from .exponentials import times_exp
from .logarithms import log
from .pieces import at_least, at_most, format_of, polynomial, sign_bit, two_product, with_sign
from .trigonometric import cos_polynomial, sin_polynomial

# erf(x) / x - 1 on |x| <= 1, in x**2
ERF = {
    "f4": [
        0.12837916612625122,
        -0.3761262595653534,
        0.11283578723669052,
        -0.026853347197175026,
        0.005187162198126316,
        -0.0007997853099368513,
        7.806903886375949e-05,
    ],
    "f8": [
        0.1283791670955126,
        -0.376126389031841,
        0.11283791670971098,
        -0.026866170648031037,
        0.005223977652690213,
        -0.0008548328535586729,
        0.00012055386183007068,
        -1.4926881157892456e-05,
        1.6481053163072842e-06,
        -1.6557061911575906e-07,
        1.601273330313354e-08,
        -1.64627021924322e-09,
        1.4339932327784663e-10,
    ],
}
# erfc(x) exp(x**2) x on x >= 0.9, in (x - ERFC_CENTRE) / (x + ERFC_CENTRE)
ERFC_CENTRE = {"f4": 3.0, "f8": 4.0}
ERFC_ZERO = {"f4": 10.2, "f8": 27.5}  # from here on erfc is 0, rounded
ERFC = {
    "f4": [
        0.5370034575462341,
        0.09530623257160187,
        -0.14658299088478088,
        0.13988038897514343,
        -0.0954713299870491,
        0.046352874487638474,
        -0.014004659838974476,
        0.0008929119794629514,
        0.001183026353828609,
        -0.0003565597580745816,
    ],
    "f8": [
        0.5479978305002455,
        0.05972346595980457,
        -0.10167001340782238,
        0.11617743547599882,
        -0.105001121717619,
        0.07842032531914407,
        -0.04881471116504583,
        0.02500573078217707,
        -0.010128998846764908,
        0.002915548423287486,
        -0.00036800573448514986,
        -0.0001391201422907594,
        8.658861105767614e-05,
        -1.1247033162618928e-05,
        -7.082570944619053e-06,
        3.056247858447168e-06,
        2.8783125427582336e-07,
        -4.549562997077013e-07,
        2.5183928808119896e-08,
        5.583323890390507e-08,
        -7.055319728506467e-09,
        -4.004784092750942e-09,
    ],
}
# gammaln(x) / ((x - 1) (x - 2)) in x - 2 on 1.5 <= x <= 2.5, and in x - 1.1 on 0.7 <= x <= 1.5
GAMMALN_NEAR_2 = [
    0.42278433509846713,
    -0.10031730167435393,
    0.03296500062115356,
    -0.0123841921933674,
    0.004998641164937732,
    -0.002108130834227002,
    0.0009153769124331138,
    -0.00040570738888977373,
    0.00018255283958297036,
    -8.309527442538327e-05,
    3.8166595733267906e-05,
    -1.7660185201030205e-05,
    8.237525003723445e-06,
    -3.856351525481013e-06,
    1.7489348337687645e-06,
    -8.20812119944576e-07,
    5.237762500887707e-07,
    -2.526300731424086e-07,
]
GAMMALN_NEAR_1 = [
    0.5541382362204413,
    -0.21728498405862567,
    0.12574053412180572,
    -0.08482794405999806,
    0.06184840491153495,
    -0.047184903972352456,
    0.037065513173114434,
    -0.029713975498108194,
    0.02417991540708734,
    -0.019905117616602023,
    0.01653794631366383,
    -0.01384448458932757,
    0.01166366506122949,
    -0.009885573451920756,
    0.008415129457593245,
    -0.007130576477208852,
    0.0060998364588514065,
    -0.005668292946708997,
    0.004962911595372682,
    -0.002459970775121998,
    0.0019446082982855933,
    -0.0062506900603103155,
    0.005655472206270104,
]
# (gammaln(x) - (x - 1/2) log(x) + x - log(2 pi) / 2) x on x >= 8, in 1 / x**2
GAMMALN_STIRLING = [
    0.08333333333333333,
    -0.002777777777774101,
    0.0007936507898362537,
    -0.0005952366073190937,
    0.0008414728932811525,
    -0.0018905423812062394,
    0.005069299301433201,
]
# digamma(3/2 + t) / (3/2 + t - its zero) on |t| <= 1/2
DIGAMMA_ZERO = (1.4616321449683622, 9.549995429965697e-17)
DIGAMMA = [
    0.951055876031833,
    -0.4236274212814606,
    0.24054248424077398,
    -0.14840492305389005,
    0.0949887244549723,
    -0.06192213327469565,
    0.040760833810825126,
    -0.026975796691274485,
    0.01790725248104035,
    -0.011908219418488786,
    0.007926944023832146,
    -0.00527994627632216,
    0.0035190120737315592,
    -0.0023454205653136427,
    0.0015565997707959,
    -0.0010368435114732134,
    0.000723435537161759,
    -0.0004847252564625095,
    0.00022702784500594055,
    -0.0001469878131860032,
    0.0002598493034418517,
    -0.00017655454030767977,
]
# (log(x) - 1 / (2 x) - digamma(x)) x**2 on x >= 8, in 1 / x**2
DIGAMMA_STIRLING = [
    0.08333333333333333,
    -0.00833333333328046,
    0.003968253913306686,
    -0.0041666451909832605,
    0.007571734890461282,
    -0.020700556167723098,
    0.06367619117096628,
]
STIRLING = 8.0  # from here on


def _series(b: Builder, x: Scalar, coefficients: Sequence[Number]) -> Scalar:
    """A polynomial of which the constant is the largest term, so that one rounding counts."""
    return b.fma(x, polynomial(b, x, coefficients[1:]), coefficients[0])


def _erf_ratio(b: Builder, x: Scalar) -> Scalar:
    """erf(x) / x - 1 on |x| <= 1."""
    return polynomial(b, x * x, ERF[x.type])


def _erfc_far(b: Builder, a: Scalar) -> Scalar:
    """erfc(a) for a >= 0.9."""
    f = format_of(a)
    a = at_most(b, a, ERFC_ZERO[f.type])
    centre = ERFC_CENTRE[f.type]
    square, error = two_product(b, a, a)
    scale = _series(b, (a - centre) / (a + centre), ERFC[f.type]) / a
    return times_exp(b, scale, -square, -error)


def erf(b: Builder, x: Scalar) -> Scalar:
    """Error function."""
    a = b.abs(x)
    far = with_sign(b, 1 - _erfc_far(b, at_least(b, a, 0.9)), sign_bit(b, x))
    return b.select(a < 1, b.fma(x, _erf_ratio(b, x), x), far)


def erfc(b: Builder, x: Scalar) -> Scalar:
    """1 - erf(x)."""
    a = b.abs(x)
    far = _erfc_far(b, at_least(b, a, 0.9))
    return b.select(a < 0.9, b.fma(-x, _erf_ratio(b, x), 1 - x), b.select(x < 0, 2 - far, far))


def _sine_and_cosine_of_pi(b: Builder, r: Scalar) -> tuple[Scalar, Scalar]:
    """sin(pi r) and cos(pi r) for 0 <= r <= 1/2."""
    swapped = r > 0.25
    angle = b.select(swapped, 0.5 - r, r) * math.pi
    sine, cosine = sin_polynomial(b, angle), cos_polynomial(b, angle)
    return b.select(swapped, cosine, sine), b.select(swapped, sine, cosine)


def gammaln(b: Builder, x: Scalar) -> Scalar:
    """log(|Gamma(x)|)."""
    if x.type == "f4":
        return b.convert(gammaln(b, b.convert(x, "f8")), "f4")
    a = b.abs(x)
    t, factor = a, b.const(x.type, 1)
    for _ in range(6):  # down to 1.5 ... 2.5
        above = t > 2.5
        t = b.select(above, t - 1, t)
        factor = b.select(above, factor * t, factor)
    upward = a < 0.7  # by 1, to 1 ... 1.7
    from_1 = b.select(upward, a, t - 1)
    from_2 = b.select(upward, a - 1, t - 2)
    low = from_1 < 0.5
    u = b.select(low, from_1 - 0.1, from_2)
    near_2 = [*GAMMALN_NEAR_2, *[0.0] * (len(GAMMALN_NEAR_1) - len(GAMMALN_NEAR_2))]
    coefficients = [b.select(low, b.const(x.type, one), two) for one, two in zip(GAMMALN_NEAR_1, near_2)]
    large = a >= STIRLING
    logarithm = log(b, b.select(large, a, b.select(upward, a, factor)))
    near = b.fma(from_1 * from_2, _series(b, u, coefficients), b.select(upward, -logarithm, logarithm))
    inverse = 1 / a
    series = b.fma(inverse, polynomial(b, inverse * inverse, GAMMALN_STIRLING), math.log(2 * math.pi) / 2 - 0.5)
    value = b.select(large, b.fma(a - 0.5, logarithm - 1, series), near)
    value = b.select(a < np.inf, value, a)

    sine, _ = _sine_and_cosine_of_pi(b, b.abs(a - b.rint(a)))
    reflected = b.select(sine == 0, b.const(x.type, np.inf), -(log(b, a * sine * (1 / math.pi)) + value))
    return b.select((x < -(2.0**-60)) & (a < np.inf), reflected, value)


def digamma(b: Builder, x: Scalar) -> Scalar:
    """The derivative of log(Gamma(x)); NaN at the negative integers."""
    if x.type == "f4":
        return b.convert(digamma(b, b.convert(x, "f8")), "f4")
    positive = x > 0
    a = b.select(positive, x, 1 - x)
    t, above, below = a, b.const(x.type, 0), b.const(x.type, 1)  # the sum of 1 / (t + k) as a fraction
    for _ in range(6):  # down to 1 ... 2
        step = t >= 2
        t = b.select(step, t - 1, t)
        above, below = b.select(step, b.fma(above, t, below), above), b.select(step, below * t, below)
    small, large = a < 1, a >= STIRLING
    t = b.select(small, a + 1, t)
    above = b.select(small, b.const(x.type, -1), b.select(large, b.const(x.type, 1), above))
    below = b.select(small | large, a, below)
    quotient = above / below
    distance = (t - DIGAMMA_ZERO[0]) - DIGAMMA_ZERO[1]
    near = b.fma(distance, _series(b, t - 1.5, DIGAMMA), quotient)
    square = quotient * quotient
    far = log(b, a) - b.fma(square, polynomial(b, square, DIGAMMA_STIRLING), 0.5 * quotient)
    value = b.select(large, b.select(a < np.inf, far, a), near)

    r = x - b.rint(x)
    sine, cosine = _sine_and_cosine_of_pi(b, b.abs(r))
    value = b.select(positive, value, value - b.copysign(math.pi * cosine / sine, b.select(r == 0, x, r)))
    return b.select((r == 0) & (x < 0), b.const(x.type, np.nan), value)
