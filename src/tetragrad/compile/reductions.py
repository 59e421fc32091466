"""Accumulators: how many elements become one, accurately and in vectors.

Sums of floats are added up in the native precision within a block, in any order, so that they go in vectors; the blocks
are added in float64, those of float64 with the rounding errors kept (Knuth's TwoSum). So they are at least as accurate
as NumPy's pairwise sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .ir import Builder
from .values import Scalar, vector

_LIMITS = {"i1": 1 << 7, "i2": 1 << 15, "i4": 1 << 31, "i8": 1 << 63}


def identity(b: Builder, kind: str, type: str) -> Scalar:
    """What leaves any other element as it is."""
    if kind in ("sum", "any"):
        return b.const(type, 0)
    if kind in ("prod", "all"):
        return b.const(type, 1)
    return b.const(type, _lowest(type) if kind == "max" else _highest(type))


def _lowest(type: str) -> float | int:
    return -math.inf if type[0] == "f" else -_LIMITS[type] if type[0] == "i" else 0


def _highest(type: str) -> float | int:
    if type[0] == "f":
        return math.inf
    if type[0] == "b":
        return 1
    return _LIMITS[type] - 1 if type[0] == "i" else 2 * _LIMITS["i" + type[1]] - 1


def combine(b: Builder, kind: str, x: Scalar, y: Scalar) -> Scalar:
    """Two elements become one."""
    if kind == "sum":
        return x | y if x.type == "b1" else x + y
    if kind == "prod":
        return x & y if x.type == "b1" else x * y
    if kind == "max":
        return b.maximum(x, y)
    if kind == "min":
        return b.minimum(x, y)
    return x & y if kind == "all" else x | y


class Accumulator:
    """One reduction on its way, or one in each of several lanes. Its state is on the stack, which LLVM turns into
    registers."""

    def __init__(self, b: Builder, kind: str, type: str, lanes: int = 1) -> None:
        self.b = b
        self.kind = kind
        self.type = type
        self.lanes = lanes
        self.blocked = kind == "sum" and type[0] == "f"
        self.first = True
        if kind in ("argmax", "argmin"):
            self.best: Scalar | None = None
            self.place = self._variable("i8", b.const("i8", 0))
            return
        self.start = identity(b, kind, type)
        self.state = self._variable(type, self.start)
        if self.blocked:
            self.total, self.rest = [self._variable("f8", b.const("f8", 0)) for _ in range(2)]
            self.in_blocks = False

    def _variable(self, type: str, start: Scalar) -> Scalar:
        variable = self.b.alloca(vector(type, self.lanes))
        self._set(variable, start)
        return variable

    def _set(self, variable: Scalar, value: Scalar) -> None:
        self.b.store(variable, self.b.splat(value, vector(value.type, self.lanes)))

    def _get(self, variable: Scalar, type: str) -> Scalar:
        return self.b.load(variable, type, lanes=self.lanes)

    def start_block(self, whole: bool) -> None:
        """Before a run of elements that may be taken in any order."""
        if self.blocked and not whole:
            self._set(self.state, self.start)

    def end_block(self, whole: bool) -> None:
        """After it."""
        if self.blocked and not whole:
            self._add_exactly(self._get(self.state, self.type))

    def held(self) -> Scalar:
        """The state within the block."""
        return self._get(self.state, self.type)

    def add(self, x: Scalar, position: Callable[[], Scalar], single: bool = False) -> None:
        """One element; `single`: a block by itself."""
        if self.kind in ("argmax", "argmin"):
            self._compare(x, position())
        elif single and self.blocked:
            self._add_exactly(x)
        else:
            self._set(self.state, combine(self.b, self.kind, self._get(self.state, self.type), x))

    def _add_exactly(self, x: Scalar) -> None:
        self.in_blocks = True
        x = self.b.convert(x, "f8")
        total = self._get(self.total, "f8")
        new = total + x
        self._set(self.total, new)
        if self.type == "f8":
            back = new - total
            error = (total - (new - back)) + (x - back)
            self._set(self.rest, self._get(self.rest, "f8") + error)

    def _compare(self, x: Scalar, position: Scalar) -> None:
        """NumPy's arg-reductions: the first extreme one, or the first nan."""
        b = self.b
        if self.best is None:
            self.best, self.best_type = b.alloca(vector(x.type, self.lanes)), x.type
        first = position == 0
        best = self._get(self.best, x.type)
        better = x > best if self.kind == "argmax" else x < best
        if x.type[0] == "f":
            better = (better | (x != x)) & (best == best)
        better = better | first
        self._set(self.best, b.select(better, x, best))
        self._set(self.place, b.select(better, position, self._get(self.place, "i8")))

    def value(self) -> Scalar:
        """The result."""
        b = self.b
        if self.kind in ("argmax", "argmin"):
            return self._get(self.place, "i8")
        if not self.blocked or not self.in_blocks:
            return self._get(self.state, self.type)
        total = self._get(self.total, "f8")
        if self.type == "f8":
            rest = self._get(self.rest, "f8")
            whole = total + rest
            total = b.select(b.abs(whole) < math.inf, whole, total)
        return b.convert(total, self.type)
