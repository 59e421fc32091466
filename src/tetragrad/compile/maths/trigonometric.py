"""sin, cos, tan, accurate for every finite argument.

The argument is reduced to x = n pi/2 + r, |r| <= pi/4, and minimax polynomials give sin(r) and cos(r). Up to a bound
the reduction subtracts n times pi/2 in parts, of which the first products are exact (Cody and Waite 1980). Beyond it,
it multiplies with as many bits of 2/pi as the argument's exponent needs (Payne and Hanek 1983): a function of its own,
since such arguments are rare; a vector goes there if one of its lanes must.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ..ir import Builder, Function
from ..values import Scalar, vector
from .pieces import format_of, nearest, polynomial, shared, sign_bit, two_product, two_sum, with_sign

Reduction = Callable[[Builder, Scalar], Sequence[Scalar]]

TWO_OVER_PI = (  # 1280 bits after the binary point
    "A2F9836E4E441529FC2757D1F534DDC0DB6295993C439041FE5163ABDEBBC561B7246E3A424DD2E0"
    "06492EEA09D1921CFE1DEB1CB129A73EE88235F52EBB4484E99C7026B45F7E413991D639835339F4"
    "9C845F8BBDF9283B1FF897FFDE05980FEF2F118B5A0A6D1F6D367ECF27CB09B74F463F669E5FEA2D"
    "7527BAC7EBE5F17B3D0739F78A5292EA6BFB5FB11F8D5D0856033046FC7B6BABF0CFBC209AF4361D"
)

# pi/2 in parts. With a fused multiply-add n times the first part is exact in the sum; without, in itself.
PARTS = {
    "f4": [1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15, 1.056299898220315e-23],
    "f8": [1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33, 5.562271104316826e-50],
}
PARTS_UNFUSED = [
    1.5707963267341256,
    6.077100506303966e-11,
    2.0222662487111665e-21,
    8.4784276603689e-32,
]  # three of 33 bits
PARTS_UNFUSED_F4 = [1.570796325802803, 9.920935796805404e-10]  # for reduction in "f8", the first of 30 bits
LIMIT = {"f4": 2e5, "f8": 2.0**40}  # Cody and Waite's reduction up to here
LIMIT_UNFUSED = {"f4": 2e5, "f8": 1.5e6}

# (sin(r) - r) / r**3 and (cos(r) - 1 + r**2 / 2) / r**4 on |r| <= pi/4, in r**2
SIN = {
    "f4": [-0.16666655242443085, 0.008332187309861183, -0.00019517897453624755],
    "f8": [
        -0.16666666666666666,
        0.008333333333333042,
        -0.00019841269840962467,
        2.7557319073943412e-06,
        -2.5052070896173968e-08,
        1.6054305642555984e-10,
        -7.389035203406677e-13,
    ],
}
COS = {
    "f4": [0.04166664555668831, -0.0013887309469282627, 2.4432327336398885e-05],
    "f8": [
        0.041666666666666595,
        -0.0013888888888873307,
        2.4801587288965304e-05,
        -2.7557314203130733e-07,
        2.087570315090226e-09,
        -1.1358617814963253e-11,
    ],
}


def sin(b: Builder, x: Scalar) -> Scalar:
    """Sine."""
    quadrant, r, _ = shared(b, x, _reduce_magnitude)
    value = b.select(_odd(quadrant), shared(b, r, cos_polynomial), shared(b, r, sin_polynomial))
    return with_sign(b, _turned(b, value, quadrant), sign_bit(b, x))


def cos(b: Builder, x: Scalar) -> Scalar:
    """Cosine."""
    quadrant, r, _ = shared(b, x, _reduce_magnitude)
    value = b.select(_odd(quadrant), shared(b, r, sin_polynomial), shared(b, r, cos_polynomial))
    return _turned(b, value, quadrant + 1)


def tan(b: Builder, x: Scalar) -> Scalar:
    """Tangent: the quotient of sine and cosine, each in two parts, with one step of long division."""
    quadrant, r, rest = _reduced(b, x, _reduce_precise)
    square = r * r
    sine_tail = r * square * polynomial(b, square, SIN[r.type])
    cosine_tail = square * b.fma(square, polynomial(b, square, COS[r.type]), -0.5)
    sine, cosine = r + sine_tail, 1 + cosine_tail
    sine_rest = (r - sine) + sine_tail + rest * cosine
    cosine_rest = (1 - cosine) + cosine_tail - rest * sine
    odd = _odd(quadrant)
    above, above_rest = b.select(odd, -cosine, sine), b.select(odd, -cosine_rest, sine_rest)
    below, below_rest = b.select(odd, sine, cosine), b.select(odd, sine_rest, cosine_rest)
    inverse = 1 / below
    quotient = above * inverse
    product, error = two_product(b, quotient, below)
    remainder = (above - product) - error + (above_rest - quotient * below_rest)
    corrected = b.fma(remainder, inverse, quotient)
    return b.select(x == 0, x, corrected)


def sin_polynomial(b: Builder, r: Scalar) -> Scalar:
    """sin(r) on |r| <= pi/4."""
    square = r * r
    return b.fma(r * square, polynomial(b, square, SIN[r.type]), r)


def cos_polynomial(b: Builder, r: Scalar) -> Scalar:
    """cos(r) on |r| <= pi/4."""
    square = r * r
    return b.fma(square, b.fma(square, polynomial(b, square, COS[r.type]), -0.5), 1.0)


def _odd(quadrant: Scalar) -> Scalar:
    return (quadrant << 8 * int(quadrant.type[1]) - 1) < 0  # by their signs, vectors are chosen from


def _turned(b: Builder, value: Scalar, quadrant: Scalar) -> Scalar:
    """-value in the third and fourth quadrants."""
    f = format_of(value)
    return b.bitcast(b.bitcast(value, f.bits) ^ ((quadrant & 2) << (f.width - 2)), f.type)


def _reduce_magnitude(b: Builder, x: Scalar) -> Sequence[Scalar]:
    return _reduced(b, b.abs(x), _reduce_fast)


def _reduced(b: Builder, x: Scalar, usual: Reduction) -> Sequence[Scalar]:
    """x as quadrant * pi/2 + r + rest: an integer of which the two lowest bits count, |r| <= pi/4, and r's error."""
    huge = b.abs(x) > (LIMIT if b.module.fma else LIMIT_UNFUSED)[x.type]
    if x.lanes == 1:
        return b.choose(huge, lambda: _reduce_huge(b, x), lambda: usual(b, x), likely=False)
    reduced = usual(b, x)
    mended = partial(_reduce_huge_lanes, b, x, huge, reduced)
    return b.choose(b.any_lane(huge), mended, lambda: reduced, likely=False)


def _reduce_huge_lanes(b: Builder, x: Scalar, huge: Scalar, reduced: Sequence[Scalar]) -> list[Scalar]:
    """The reduction, done again in the lanes that are huge."""
    rows = []
    for part in (x, huge, *reduced):
        full = vector(part.type, x.lanes)
        rows.append(b.alloca(full))
        b.store(rows[-1], b.splat(part, full))
    with b.loop(0, x.lanes) as (k, _), b.if_(b.load(rows[1], "b1", k)):
        for row, part in zip(rows[2:], _reduce_huge(b, b.load(rows[0], x.type, k))):
            b.store(row, part, k)
    return [b.load(row, part.type, lanes=x.lanes) for row, part in zip(rows[2:], reduced)]


def _reduce_fast(b: Builder, x: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """Cody and Waite's reduction to one number, without its error."""
    if not b.module.fma:
        quadrant, r, rest = _reduce_precise(b, x)
        return quadrant, r + rest, rest
    n, quadrant = nearest(b, x, 2 / np.pi)
    for part in PARTS[x.type][:3]:
        x = b.fma(n, -part, x)
    return quadrant, x, b.const(x.type, 0)


def _reduce_precise(b: Builder, x: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """Cody and Waite's reduction to twice the digits."""
    n, quadrant = nearest(b, x, 2 / np.pi)
    if b.module.fma:
        first, second, third, _ = PARTS[x.type]
        product, product_error = two_product(b, n, b.const(x.type, second))
        r, error = two_sum(b, b.fma(n, -first, x), -product)
        return quadrant, r, b.fma(n, -third, error - product_error)
    if x.type == "f4":
        wide, first, second = b.convert(n, "f8"), *PARTS_UNFUSED_F4
        return quadrant, *_narrowed(b, (b.convert(x, "f8") - wide * first) - wide * second)
    rest = b.const(x.type, 0)
    for part in PARTS_UNFUSED[:3]:
        x, error = two_sum(b, x, n * -part)
        rest = rest + error
    return quadrant, *two_sum(b, x, rest - n * PARTS_UNFUSED[3])


def _narrowed(b: Builder, r: Scalar) -> tuple[Scalar, Scalar]:
    """An "f8" as the sum of two "f4"."""
    narrow = b.convert(r, "f4")
    return narrow, b.convert(r - b.convert(narrow, "f8"), "f4")


def _reduce_huge(b: Builder, x: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """Payne and Hanek's reduction, by a function that each module has once."""
    f = format_of(x)
    function = b.module.functions.get(HUGE) or _define_reduce_huge(b)
    place = b.alloca("i8", 2)
    r = b.call(function, "f8", [b.convert(x, "f8"), place])
    quadrant, rest = b.convert(b.load(place, "i8"), f.bits), b.load(place, "f8", 1)
    return quadrant, *(_narrowed(b, r) if f.type == "f4" else (r, rest))


HUGE = "reduce_huge"


def _define_reduce_huge(outer: Builder) -> Function:
    """reduce_huge(x, place) gives r and stores the quadrant and the rest; inf and NaN give NaN.

    With |x| = m 2**e, m an integer of 53 bits, the bits of 2/pi before position e - 2 make multiples of 4 and are left
    out; the product of m and the next 192 bits, modulo 2**192, has the quadrant in its two highest bits and r / (pi/2)
    below, with more than 64 correct bits in the worst case.
    """
    words = [0, 0] + [int(TWO_OVER_PI[k : k + 8], 16) for k in range(0, len(TWO_OVER_PI), 8)]
    function = Function(outer.module, HUGE, "f8", ["f8", "p"], internal=True, attributes="noinline cold")
    with function as b:
        x, place = b.arguments
        bits = b.bitcast(x, "u8")
        exponent = ((bits >> 52) & 0x7FF) - 1075
        fraction = (bits & ((1 << 52) - 1)) | (1 << 52)
        with b.if_(~(b.abs(x) < np.inf)):
            b.zero(place, 16)
            b.ret(x - x)
        start = exponent + 62  # the table has 64 zeros before 2/pi
        table = b.offset(b.address(b.module.table(np.array(words, "u4"))), b.convert((start >> 5) << 2, "i8"))
        shift = start & 31
        loaded = [b.convert(b.load(table, "u4", k), "u8") for k in range(7)]
        mask = (1 << 32) - 1
        window = [(((loaded[k] << 32) | loaded[k + 1]) >> (32 - shift)) & mask for k in range(6)]

        low = [b.const("u8", 0)] * 6  # of the product, the lowest word first
        for place_of_word, factor in enumerate([fraction & mask, fraction >> 32]):
            carry = b.const("u8", 0)
            for k in range(6 - place_of_word):
                term = window[5 - k] * factor + low[k + place_of_word] + carry
                low[k + place_of_word], carry = term & mask, term >> 32

        high = (low[5] << 32) | low[4]
        quadrant = (high + (1 << 61)) >> 62
        signed = b.convert(high - (quadrant << 62), "i8")
        pieces = [b.convert(signed >> 32, "f8") * 2.0**-30]
        pieces += [b.convert(b.convert(v, "i8"), "f8") for v in (b.convert(signed, "u8") & mask, low[3], low[2])]
        total, rest = pieces[0], b.const("f8", 0)
        for piece, scale in zip(pieces[1:], (2.0**-62, 2.0**-94, 2.0**-126)):
            total, error = two_sum(b, total, piece * scale)
            rest = rest + error
        total, rest = two_sum(b, total, rest)
        product, error = two_product(b, total, b.const("f8", PARTS["f8"][0]))
        r, rest = two_sum(b, product, error + (total * PARTS["f8"][1] + rest * PARTS["f8"][0]))
        negative = (bits >> 63) != 0
        b.store(place, b.convert(b.select(negative, 0 - quadrant, quadrant), "i8"))
        b.store(place, b.select(negative, -rest, rest), 1)
        b.ret(b.select(negative, -r, r))
    return function
