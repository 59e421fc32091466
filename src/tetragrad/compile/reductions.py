"""Accumulators: how many elements become one, accurately and in vectors.

Sums of floats are added up in the native precision within a block, in any order so that they vectorise; the blocks are
added in float64, those of float64 with the rounding errors kept (Knuth's TwoSum). So they are at least as accurate as
NumPy's pairwise sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .ir import Builder
from .values import Scalar

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
        return x | y if x.type == "b1" else b.add_reassoc(x, y)
    if kind == "prod":
        return x & y if x.type == "b1" else b.mul_reassoc(x, y)
    if kind == "max":
        return b.maximum(x, y)
    if kind == "min":
        return b.minimum(x, y)
    return x & y if kind == "all" else x | y


class Accumulator:
    """One reduction on its way. Its state is on the stack, which LLVM turns into registers."""

    def __init__(self, b: Builder, kind: str, type: str) -> None:
        self.b = b
        self.kind = kind
        self.type = type
        self.blocked = kind == "sum" and type[0] == "f"
        self.first = True
        if kind in ("argmax", "argmin"):
            self.best: Scalar | None = None
            self.place = b.alloca("i8")
            b.store(self.place, b.const("i8", 0))
            return
        self.state = b.alloca(type)
        self.start = identity(b, kind, type)
        b.store(self.state, self.start)
        if self.blocked:
            self.total, self.rest = b.alloca("f8"), b.alloca("f8")
            b.store(self.total, b.const("f8", 0))
            b.store(self.rest, b.const("f8", 0))
            self.in_blocks = False

    def start_block(self, whole: bool) -> None:
        """Before a run of elements that may be taken in any order."""
        if self.blocked and not whole:
            self.b.store(self.state, self.start)

    def end_block(self, whole: bool) -> None:
        """After it."""
        if self.blocked and not whole:
            self._add_exactly(self.b.load(self.state, self.type))

    def held(self) -> list[Scalar]:
        """The state within the block."""
        if self.kind in ("argmax", "argmin"):
            return [
                self.b.load(self.place, "i8"),
                *([] if self.best is None else [self.b.load(self.best, self.best_type)]),
            ]
        return [self.b.load(self.state, self.type)]

    def restore(self, states: list[Scalar]) -> None:
        """Go back to such a state."""
        targets = [self.place, self.best] if self.kind in ("argmax", "argmin") else [self.state]
        for target, state in zip(targets, states):
            if target is not None:
                self.b.store(target, state)

    def add(self, x: Scalar, position: Callable[[], Scalar], single: bool = False) -> None:
        """One element; `single`: a block by itself."""
        b = self.b
        if self.kind in ("argmax", "argmin"):
            self._compare(x, position())
        elif single and self.blocked:
            self._add_exactly(x)
        else:
            b.store(self.state, combine(b, self.kind, b.load(self.state, self.type), x))

    def _add_exactly(self, x: Scalar) -> None:
        b = self.b
        self.in_blocks = True
        x = b.convert(x, "f8")
        total = b.load(self.total, "f8")
        new = total + x
        b.store(self.total, new)
        if self.type == "f8":
            back = new - total
            error = (total - (new - back)) + (x - back)
            b.store(self.rest, b.load(self.rest, "f8") + error)

    def _compare(self, x: Scalar, position: Scalar) -> None:
        """NumPy's arg-reductions: the first extreme one, or the first nan."""
        b = self.b
        if self.best is None:
            self.best, self.best_type = b.alloca(x.type), x.type
            raise_to = _lowest(x.type) if self.kind == "argmax" else _highest(x.type)
            self.initial = b.const(x.type, raise_to)
        first = position == 0
        best = b.load(self.best, x.type)
        better = x > best if self.kind == "argmax" else x < best
        if x.type[0] == "f":
            better = (better | (x != x)) & (best == best)
        better = better | first
        b.store(self.best, b.select(better, x, best))
        b.store(self.place, b.select(better, position, b.load(self.place, "i8")))

    def value(self) -> Scalar:
        """The result."""
        b = self.b
        if self.kind in ("argmax", "argmin"):
            return b.load(self.place, "i8")
        if not self.blocked or not self.in_blocks:
            return b.load(self.state, self.type)
        total = b.load(self.total, "f8")
        if self.type == "f8":
            rest = b.load(self.rest, "f8")
            whole = total + rest
            total = b.select(b.abs(whole) < math.inf, whole, total)
        return b.convert(total, self.type)
