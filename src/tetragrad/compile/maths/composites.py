"""Functions composed of others, by NumPy's and SciPy's formulas and with their special values.

Their errors are those of the parts: small beside the larger term where terms cancel.
"""

from __future__ import annotations

import math

import numpy as np

from ..ir import Builder
from ..values import Scalar
from .exponentials import exp, exp2
from .logarithms import log, log1p
from .pieces import format_of, two_product, two_sum


def hypot(b: Builder, x: Scalar, y: Scalar) -> Scalar:
    """sqrt(x**2 + y**2), scaled so that it over- and underflows only with the result."""
    f = format_of(x)
    x, y = b.abs(x), b.abs(y)
    large, small = b.select(x > y, x, y), b.select(x > y, y, x)
    power = 2.0 ** (f.bias * 3 // 4)
    up, down = large < 1 / math.sqrt(power), large > math.sqrt(power)
    scale = b.select(up, b.const(f.type, power), b.select(down, 1 / power, b.const(f.type, 1)))
    back = b.select(up, b.const(f.type, 1 / power), b.select(down, power, b.const(f.type, 1)))
    u, v = large * scale, small * scale
    square, error = two_product(b, u, u)
    other, other_error = two_product(b, v, v)
    total, rest = two_sum(b, square, other)
    root = b.sqrt(total + (rest + error + other_error)) * back
    infinite = (x == np.inf) | (y == np.inf)
    return b.select(infinite, b.const(f.type, np.inf), b.select((x != x) | (y != y), x + y, root))


def _add_exponentials(b: Builder, x: Scalar, y: Scalar, rest: Scalar) -> Scalar:
    """The larger of x and y, plus the rest that their difference gives; the rest of infinities is dropped."""
    larger = b.select(x > y, x, y)
    return b.select(x == y, x + rest, b.select((x != x) | (y != y), x + y, larger + rest))


def logaddexp(b: Builder, x: Scalar, y: Scalar) -> Scalar:
    """log(exp(x) + exp(y))."""
    difference = b.select(x == y, b.const(x.type, 0), b.abs(x - y))
    return _add_exponentials(b, x, y, log1p(b, exp(b, -difference)))


def logaddexp2(b: Builder, x: Scalar, y: Scalar) -> Scalar:
    """log2(2**x + 2**y)."""
    difference = b.select(x == y, b.const(x.type, 0), b.abs(x - y))
    return _add_exponentials(b, x, y, log1p(b, exp2(b, -difference)) * (1 / math.log(2)))


def xlogy(b: Builder, x: Scalar, y: Scalar) -> Scalar:
    """x log(y), and 0 where x is 0 and y a number."""
    return b.select((x == 0) & (y == y), b.const(x.type, 0), x * log(b, y))


def xlog1py(b: Builder, x: Scalar, y: Scalar) -> Scalar:
    """x log(1 + y), and 0 where x is 0 and y a number."""
    return b.select((x == 0) & (y == y), b.const(x.type, 0), x * log1p(b, y))


def entr(b: Builder, x: Scalar) -> Scalar:
    """-x log(x); 0 at 0, -inf below."""
    value = b.select(x == 0, b.const(x.type, 0), -x * log(b, x))
    return b.select(x < 0, b.const(x.type, -np.inf), value)
