"""The part of `ir.Builder` for vectors: numbers to lanes, lanes to numbers, lanes moved and combined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .values import LANES, LLVM, Number, Scalar, in_every_lane, literal, named


class Vectors:
    """What a builder can do with the lanes of a vector."""

    known: dict[Any, Any]

    @property
    def _builder(self) -> Any:
        return self

    def emit(self, instruction: str, type: str, lanes: int = 1) -> Scalar:
        """Write an instruction that gives a value of `type`."""
        raise NotImplementedError

    def operand(self, value: Number, type: str, lanes: int = 1) -> str:
        """The text of an operand that must have `type`."""
        raise NotImplementedError

    def splat(self, x: Scalar, type: str) -> Scalar:
        """The same number in every lane."""
        lanes, element = LANES.get(type, (1, type))
        if x.lanes == lanes:
            return x
        if x.is_constant:
            return Scalar(self._builder, in_every_lane(x.text, element, lanes), element, lanes)
        found = self.known.get((x.text, lanes))
        if found is None:
            first = f"{LLVM[type]} poison, {LLVM[element]} {self.operand(x, element)}, i64 0"
            one = self.emit(f"insertelement {first}", type)
            shuffled = f"{LLVM[type]} {one.text}, {LLVM[type]} poison, <{lanes} x i32> zeroinitializer"
            found = self.known[x.text, lanes] = self.emit(f"shufflevector {shuffled}", type)
        return found

    def lane(self, x: Scalar, k: int) -> Scalar:
        """One of the numbers of a vector."""
        if x.lanes == 1:
            return x
        return self.emit(f"extractelement {named(x.type, x.lanes)} {x.text}, i64 {k}", x.type)

    def from_lanes(self, numbers: Sequence[Scalar]) -> Scalar:
        """The vector of these numbers."""
        type = numbers[0].type
        full, text = named(type, len(numbers)), "poison"
        for k, number in enumerate(numbers):
            made = self.emit(f"insertelement {full} {text}, {LLVM[type]} {number.text}, i64 {k}", type, len(numbers))
            text = made.text
        return made

    def numbers(self, type: str, values: Sequence[Any]) -> Scalar:
        """The vector of constants."""
        texts = [f"{LLVM[type]} {literal(type, value)}" for value in values]
        return Scalar(self._builder, f"<{', '.join(texts)}>", type, len(texts))

    def shuffle(self, x: Scalar, y: Scalar, places: Sequence[int]) -> Scalar:
        """A vector of elements of two vectors, by their places in both together."""
        mask = ", ".join([f"i32 {place}" for place in places])
        vectors = ", ".join([f"{named(x.type, x.lanes)} {self.operand(v, x.type, x.lanes)}" for v in (x, y)])
        return self.emit(f"shufflevector {vectors}, <{len(places)} x i32> <{mask}>", x.type, len(places))

    def fold(self, x: Scalar, combine: Callable[[Scalar, Scalar], Scalar]) -> Scalar:
        """The lanes, a power of two, combined to one number."""
        while x.lanes > 1:
            half = x.lanes // 2
            if half == 1:
                return combine(self.lane(x, 0), self.lane(x, 1))
            x = combine(*[self.shuffle(x, x, range(start, start + half)) for start in (0, half)])
        return x

    def sum_lanes(self, x: Scalar) -> Scalar:
        """The sum of a vector of floats, in any order."""
        return self.fold(x, lambda low, high: low + high)

    def any_lane(self, condition: Scalar) -> Scalar:
        """Whether a condition holds in one of the lanes."""
        lanes = condition.lanes
        if lanes == 1:
            return condition
        bits = self.emit(f"bitcast {named('b1', lanes)} {condition.text} to i{lanes}", "b1")
        return self.emit(f"icmp ne i{lanes} {bits.text}, 0", "b1")
