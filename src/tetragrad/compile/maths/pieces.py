"""What the functions of this package are made of: number formats, polynomials, exponents, exact sums and products.

Everything is code without branches on `ir.Scalar`, for one number or a vector of them. The fused multiply-add is used
where the target has it (`Builder.fma`); every formula stays within its bound without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir import Builder
from ..values import Number, Scalar


@dataclass(frozen=True)
class Format:
    """A floating-point format.

    Attributes
    ----------
    type, bits : str
        The type's code, and that of the integer of the same size.
    fraction : int
        Bits of the fraction.
    bias : int
        The exponent field of 1.
    one : int
        The bits of 1.
    shifter : float
        1.5 * 2**fraction: adding it rounds to an integer, which then stands in the lowest bits.
    width : int
        Bits of the whole.
    tiny, huge : float
        The smallest normal and the largest number.
    """

    type: str
    bits: str
    fraction: int
    bias: int
    one: int
    shifter: float
    width: int
    tiny: float
    huge: float


def _format(type: str, bits: str) -> Format:
    info = np.finfo(type)
    bias = info.maxexp - 1
    one, shifter = bias << info.nmant, 1.5 * 2.0**info.nmant
    return Format(type, bits, info.nmant, bias, one, shifter, info.bits, float(info.tiny), float(info.max))


FORMATS = {"f4": _format("f4", "i4"), "f8": _format("f8", "i8")}


def format_of(x: Scalar) -> Format:
    """The format of a float; of another type, an error."""
    if x.type not in FORMATS:
        raise TypeError(f"a float is needed, not {x.type}")
    return FORMATS[x.type]


def shared(b: Builder, x: Scalar, code: Callable[[Builder, Scalar], Any]) -> Any:
    """code(b, x), written once for several functions of the same x."""
    found = b.known.get((x.text, code))
    if found is None:
        found = code(b, x)
        b.known[x.text, code] = found
    return found


def polynomial(b: Builder, x: Scalar, coefficients: Sequence[Number]) -> Scalar:
    """The polynomial with these coefficients, the constant first.

    Neighbours are paired until at most three terms are left (Estrin's scheme): a processor's queue of waiting
    instructions is short, so a long chain, as in Horner's, costs more than the few extra multiplications.
    """
    terms: list[Number] = list(coefficients)
    while len(terms) > 3:
        pairs: list[Number] = [b.fma(x, terms[k + 1], terms[k]) for k in range(0, len(terms) - 1, 2)]
        terms = pairs + terms[2 * len(pairs) :]
        x = x * x
    result = terms[-1]
    for term in terms[-2::-1]:
        result = b.fma(x, result, term)
    return result if isinstance(result, Scalar) else b.const(x.type, result)


def at_most(b: Builder, x: Scalar, bound: float) -> Scalar:
    """min(x, bound); NaN stays."""
    return b.select(x > bound, bound, x)


def at_least(b: Builder, x: Scalar, bound: float) -> Scalar:
    """max(x, bound); NaN stays."""
    return b.select(x < bound, bound, x)


def nearest(b: Builder, x: Scalar, factor: float) -> tuple[Scalar, Scalar]:
    """The integer n nearest to x * factor, as a float, and an integer whose lowest bits are n's.

    The product must stay below 2**(fraction - 1). Adding the shifter leaves no room for a fraction.
    """
    f = format_of(x)
    shifted = b.fma(x, factor, f.shifter)
    return shifted - f.shifter, b.bitcast(shifted, f.bits)


def power_of_two(b: Builder, n: Scalar, offset: Number, type: str) -> Scalar:
    """2**(n + offset) from an integer whose lowest bits are n's; the sum must be the exponent of a normal number."""
    f = FORMATS[type]
    biased = f.one + (offset << f.fraction) if isinstance(offset, int) else offset
    return b.bitcast((n << f.fraction) + biased, type)


def sign_bit(b: Builder, x: Scalar) -> Scalar:
    """The sign bit of x alone, as an integer."""
    f = format_of(x)
    return b.bitcast(x, f.bits) & (1 << (f.width - 1))


def with_sign(b: Builder, x: Scalar, sign: Scalar) -> Scalar:
    """x times the sign whose bit `sign_bit` gave."""
    return b.bitcast(b.bitcast(x, format_of(x).bits) ^ sign, x.type)


def two_sum(b: Builder, x: Scalar, y: Scalar) -> tuple[Scalar, Scalar]:
    """x + y, rounded, and the rounding error, exactly (Knuth)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)


def fast_two_sum(x: Scalar, y: Scalar) -> tuple[Scalar, Scalar]:
    """x + y, rounded, and the rounding error, exactly, where |x| >= |y| (Dekker)."""
    total = x + y
    return total, y - (total - x)


def two_product(b: Builder, x: Scalar, y: Scalar) -> tuple[Scalar, Scalar]:
    """x * y, rounded, and the rounding error, exactly (Dekker's splitting where there is no fused multiply-add)."""
    product = x * y
    if b.module.fma:
        return product, b.fma(x, y, -product)
    x1, x2 = _halves(x)
    y1, y2 = _halves(y)
    return product, ((x1 * y1 - product) + x1 * y2 + x2 * y1) + x2 * y2


def _halves(x: Scalar) -> tuple[Scalar, Scalar]:
    """x in two parts of half the digits (Veltkamp)."""
    scaled = x * (2.0 ** {"f4": 12, "f8": 27}[x.type] + 1)
    high = scaled - (scaled - x)
    return high, x - high
