"""Complex numbers as pairs of real expressions: NumPy's arithmetic on them, written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import scalars
from .exprs import Expr, Expressions
from .graph import Op


class Pair:
    """Real and imaginary part of a complex number."""

    __slots__ = ("im", "re")

    def __init__(self, re: Expr, im: Expr) -> None:
        self.re = re
        self.im = im

    @property
    def parts(self) -> tuple[Expr, Expr]:
        """Both."""
        return self.re, self.im


Number = Expr | Pair


def parts_of(x: Number) -> tuple[Expr, ...]:
    """The real expressions that a number consists of."""
    return x.parts if isinstance(x, Pair) else (x,)


class Arithmetic:
    """Real arithmetic in one dtype, and complex arithmetic on pairs of it."""

    def __init__(self, make: Expressions, dtype: Any) -> None:
        self.make = make
        self.dtype = dtype

    def number(self, value: float) -> Expr:
        """A constant."""
        return self.make.constant(value, self.dtype)

    def real(self, name: str, *args: Expr) -> Expr:
        """A row of the table on real numbers."""
        return self.make.apply(name, args, self.dtype)

    def test(self, name: str, *args: Expr) -> Expr:
        """A row whose result is a truth value."""
        return self.make.apply(name, args, np.bool_)

    def choose(self, condition: Expr, x: Pair, y: Pair) -> Pair:
        """`x` where the condition holds, else `y`."""
        return Pair(self.make.select(condition, x.re, y.re), self.make.select(condition, x.im, y.im))

    def each(self, name: str, *args: Pair) -> Pair:
        """A real row on the real parts and on the imaginary parts."""
        return Pair(self.real(name, *[x.re for x in args]), self.real(name, *[x.im for x in args]))

    def multiply(self, x: Pair, y: Pair) -> Pair:
        """(a + bi)(c + di)."""
        real = self.real
        re = real("subtract", real("multiply", x.re, y.re), real("multiply", x.im, y.im))
        return Pair(re, real("add", real("multiply", x.re, y.im), real("multiply", x.im, y.re)))

    def divide(self, x: Pair, y: Pair) -> Pair:
        """By Smith's method, as NumPy does: with the ratio of the divisor's smaller part to its larger one."""
        real = self.real
        wide = self.test("greater_equal", real("absolute", y.re), real("absolute", y.im))
        large = self.make.select(wide, y.re, y.im)
        small = self.make.select(wide, y.im, y.re)
        ratio = real("divide", small, large)
        scale = real("divide", self.number(1), real("add", large, real("multiply", small, ratio)))
        a, b = x.parts
        first = Pair(real("add", a, real("multiply", b, ratio)), real("subtract", b, real("multiply", a, ratio)))
        other = Pair(real("add", real("multiply", a, ratio), b), real("subtract", real("multiply", b, ratio), a))
        out = self.choose(wide, first, other)
        out = Pair(real("multiply", out.re, scale), real("multiply", out.im, scale))
        zero = self.test("equal", real("maximum", real("absolute", y.re), real("absolute", y.im)), self.number(0))
        by_zero = Pair(real("divide", a, real("absolute", y.re)), real("divide", b, real("absolute", y.re)))
        return self.choose(zero, by_zero, out)

    def absolute(self, x: Pair) -> Expr:
        """The square root of the sum of squares, without overflow."""
        real = self.real
        a, b = real("absolute", x.re), real("absolute", x.im)
        large, small = real("fmax", a, b), real("fmin", a, b)
        usual = self.test("logical_and", self.test("greater", large, self.number(0)), self.test("isfinite", large))
        ratio = real("divide", small, self.make.select(usual, large, self.number(1)))
        root = real("multiply", large, real("sqrt", real("add", self.number(1), real("multiply", ratio, ratio))))
        nothing = self.test("logical_or", self.test("isnan", a), self.test("isnan", b))
        infinite = self.test("logical_or", self.test("isinf", a), self.test("isinf", b))
        root = self.make.select(usual, root, large)
        root = self.make.select(nothing, self.number(np.nan), root)
        return self.make.select(infinite, self.number(np.inf), root)

    def reciprocal(self, x: Pair) -> Pair:
        """1 / x as NumPy's reciprocal computes it."""
        real = self.real
        wide = self.test("less_equal", real("absolute", x.im), real("absolute", x.re))
        large, small = self.make.select(wide, x.re, x.im), self.make.select(wide, x.im, x.re)
        ratio = real("divide", small, large)
        scale = real("add", large, real("multiply", small, ratio))
        one = real("divide", self.number(1), scale)
        rest = real("divide", ratio, scale)
        first = Pair(one, real("negative", rest))
        return self.choose(wide, first, Pair(rest, real("negative", one)))

    def nonzero(self, x: Pair) -> Expr:
        """Whether a part is not zero."""
        return self.test("logical_or", self.make.convert(x.re, np.bool_), self.make.convert(x.im, np.bool_))


Rule = Callable[[Arithmetic, Sequence[Any]], Any]


def _of_truths(name: str) -> Rule:
    return lambda c, args: c.test(name, *[c.nonzero(x) for x in args])


def _of_parts(name: str, join: str) -> Rule:
    return lambda c, args: c.test(join, c.test(name, args[0].re), c.test(name, args[0].im))


def _equal(c: Arithmetic, args: Sequence[Pair]) -> Expr:
    x, y = args
    return c.test("logical_and", c.test("equal", x.re, y.re), c.test("equal", x.im, y.im))


RULES: dict[str, Rule] = {
    "add": lambda c, args: c.each("add", *args),
    "subtract": lambda c, args: c.each("subtract", *args),
    "negative": lambda c, args: c.each("negative", *args),
    "multiply": lambda c, args: c.multiply(*args),
    "square": lambda c, args: c.multiply(args[0], args[0]),
    "divide": lambda c, args: c.divide(*args),
    "reciprocal": lambda c, args: c.reciprocal(*args),
    "absolute": lambda c, args: c.absolute(*args),
    "conj": lambda c, args: Pair(args[0].re, c.real("negative", args[0].im)),
    "real": lambda c, args: args[0].re,
    "imag": lambda c, args: args[0].im,
    "positive": lambda c, args: args[0],
    "stop_gradient": lambda c, args: args[0],
    "equal": _equal,
    "not_equal": lambda c, args: c.test("logical_not", _equal(c, args)),
    "isnan": _of_parts("isnan", "logical_or"),
    "isinf": _of_parts("isinf", "logical_or"),
    "isfinite": _of_parts("isfinite", "logical_and"),
    "logical_not": lambda c, args: c.test("logical_not", c.nonzero(args[0])),
    "logical_and": _of_truths("logical_and"),
    "logical_or": _of_truths("logical_or"),
    "logical_xor": _of_truths("logical_xor"),
}
CHOICES = frozenset({"where", "keep", "astype", "astype_discrete"})


def dtype_of(op: Op) -> Any:
    """The complex dtype in which an elementwise operation computes, or None if it has no native form."""
    dtypes = [value.dtype for value in (*op.operands, *op.outputs)]
    if not any([dtype in scalars.REALS for dtype in dtypes]) or (op.name not in RULES and op.name not in CHOICES):
        return None
    if op.name in CHOICES:
        return op.out.dtype
    if op.name in ("real", "imag", "conj", "stop_gradient"):
        return op.operands[0].dtype if op.operands[0].dtype in scalars.REALS else None
    given = [complex if value.weak else value.dtype for value in op.operands]
    given = [value.dtype for value in op.operands] if all([value.weak for value in op.operands]) else given
    try:
        ufunc: Any = op.primitive.value
        found = ufunc.resolve_dtypes((*given, None))[0]
    except TypeError:
        return None
    return found if found in scalars.REALS else None
