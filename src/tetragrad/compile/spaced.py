"""Positions in the lanes of a vector that differ by constants, so that a load is one, or one and a shuffle."""

from __future__ import annotations

from math import gcd
from typing import Any, NamedTuple

from .ir import Builder, Step
from .values import Scalar


class Spaced(NamedTuple):
    """An integer in each lane: ``base + offset``. The base is `residue` modulo `modulus`, or just that if it is 0."""

    base: Any
    residue: int
    modulus: int
    offsets: tuple[int, ...]

    @property
    def place(self) -> tuple[Any, Step]:
        """The first lane's, and the step from one lane to the next."""
        first, *others = self.offsets
        base = self.base + first if first else self.base
        step = others[0] - first
        even = self.offsets == tuple([first + k * step for k in range(len(self.offsets))])
        return base, step if even else tuple([offset - first for offset in self.offsets])

    def plus(self, other: Spaced, factor: int) -> Spaced:
        """``self + factor * other``."""
        part = other.base * factor if factor != 1 else other.base
        return Spaced(
            part if isinstance(self.base, int) and self.base == 0 else part + self.base,
            self.residue + factor * other.residue,
            gcd(self.modulus, factor * other.modulus),
            tuple([x + factor * y for x, y in zip(self.offsets, other.offsets)]),
        )

    def divided(self, b: Builder, divisor: int) -> Spaced | None:
        """The quotients, rounded down, of numbers that are not negative; None where they depend on the base."""
        if self.modulus % divisor:
            return None
        rest = self.residue % divisor
        if isinstance(self.base, Scalar):
            base: Any = b.convert(b.convert(self.base, "u8") / divisor, "i8")
        else:
            base = self.base // divisor
        offsets = tuple([(rest + offset) // divisor for offset in self.offsets])
        return Spaced(base, (self.residue - rest) // divisor, self.modulus // divisor, offsets)
