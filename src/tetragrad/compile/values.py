"""The values of the machine code while it is written: their types, and `Scalar`, whose operators write instructions.

A part of `ir`, which gives the builder that a Scalar writes to.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Union

import numpy as np

if TYPE_CHECKING:
    from .ir import Builder

INTEGERS = {f"{kind}{size}": size for kind in "iu" for size in (1, 2, 4, 8)}
LLVM = {"f4": "float", "f8": "double", "b1": "i1", "p": "ptr"} | {t: f"i{8 * n}" for t, n in INTEGERS.items()}
SIZE = {"f4": 4, "f8": 8, "b1": 1, "p": 8} | INTEGERS
LANES: dict[str, tuple[int, str]] = {}  # of vector types: how many, of what

Number = Union["Scalar", int, float, bool]


def _operator(operations: str, swap: bool = False) -> Callable[[Scalar, Number], Scalar]:
    """The method of one instruction, named for floats, signed and unsigned integers and booleans; "-" is none."""
    instructions = dict(zip("fiub", operations.split()))

    def method(self: Scalar, other: Number) -> Scalar:
        builder, type = self.builder, self.type
        instruction = instructions.get(type[0], "-")
        if instruction == "-":
            raise TypeError(f"no {instructions['i']!r} of {type}")
        (left, right), lanes = builder.operands([self, other], type)
        if swap:
            left, right = right, left
        return builder.emit(f"{instruction} {named(type, lanes)} {left}, {right}", type, lanes)

    return method


def _comparison(relation: str) -> Callable[[Scalar, Number], Scalar]:
    equality = relation in ("eq", "ne")
    of_floats = "fcmp une" if relation == "ne" else f"fcmp o{relation}"
    of_integers = {kind: f"icmp {'' if equality else sign}{relation}" for kind, sign in zip("iubp", "suuu")}
    instructions = {"f": of_floats, **of_integers}

    def method(self: Scalar, other: Number) -> Scalar:
        type = self.type
        (left, right), lanes = self.builder.operands([self, other], type)
        return self.builder.emit(f"{instructions[type[0]]} {named(type, lanes)} {left}, {right}", "b1", lanes)

    return method


class Scalar:
    """A value in the machine code: an operand's text and its type code. Operators write instructions.

    A Python number beside a scalar is converted to the scalar's own type; two scalars must have the same type. `/` and
    `%` of integers truncate as C does; `>>` is arithmetic for signed types; comparisons give "b1" (`==` too, so scalars
    are compared as Python objects with `is`).

    A scalar may stand for several numbers of its type side by side in a vector register, its `lanes`: whatever is
    written for one number then works on each. Beside a vector, a single number is in every lane.
    """

    __slots__ = ("builder", "lanes", "region", "text", "type")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, builder: Builder, text: str, type: str, lanes: int = 1, region: tuple[str, str] | None = None
    ) -> None:  # fmt: skip
        if type in LANES:
            lanes, type = LANES[type]
        self.builder = builder
        self.text = text
        self.type = type
        self.lanes = lanes
        self.region = region  # of a pointer: what it cannot alias, see Builder.disjoint

    def __repr__(self) -> str:
        return f"Scalar({vector(self.type, self.lanes)} {self.text})"

    @property
    def is_constant(self) -> bool:
        """Whether its text is a number."""
        return self.text[0] not in "%@"

    def __bool__(self) -> bool:
        raise TypeError("a value of the compiled program is not known while it is written; use select or if_")

    __add__ = __radd__ = _operator("fadd add add -")
    __mul__ = __rmul__ = _operator("fmul mul mul -")
    __sub__, __rsub__ = _operator("fsub sub sub -"), _operator("fsub sub sub -", swap=True)
    __truediv__, __rtruediv__ = _operator("fdiv sdiv udiv -"), _operator("fdiv sdiv udiv -", swap=True)
    __mod__ = _operator("frem srem urem -")
    __and__ = __rand__ = _operator("- and and and")
    __or__ = __ror__ = _operator("- or or or")
    __xor__ = __rxor__ = _operator("- xor xor xor")
    __lshift__ = _operator("- shl shl -")
    __rshift__ = _operator("- ashr lshr -")
    __lt__, __le__, __gt__, __ge__ = _comparison("lt"), _comparison("le"), _comparison("gt"), _comparison("ge")
    __eq__ = _comparison("eq")  # type: ignore[assignment]
    __ne__ = _comparison("ne")  # type: ignore[assignment]

    def __neg__(self) -> Scalar:
        if self.type[0] == "f":
            return self.builder.emit(f"fneg {named(self.type, self.lanes)} {self.text}", self.type, self.lanes)
        return 0 - self

    def __invert__(self) -> Scalar:
        return self ^ (True if self.type == "b1" else -1)


def vector(type: str, lanes: int) -> str:
    """The type of so many numbers in one register, such as "f4x8"; one lane is the number's own type."""
    if lanes == 1:
        return type
    name = f"{type}x{lanes}"
    LLVM[name], SIZE[name], LANES[name] = f"<{lanes} x {LLVM[type]}>", lanes * SIZE[type], (lanes, type)
    return name


def named(type: str, lanes: int) -> str:
    """LLVM's name of a type with lanes."""
    return LLVM[type] if lanes == 1 else f"<{lanes} x {LLVM[type]}>"


def literal(type: str, value: Any, lanes: int = 1) -> str:
    """A Python number as LLVM writes it in a type; with lanes, in each of them."""
    return in_every_lane(_literal(type, value), type, lanes)


def in_every_lane(text: str, type: str, lanes: int) -> str:
    """The constant of which each lane is this one."""
    if lanes == 1:
        return text
    return f"splat ({LLVM[type]} {text})"


def _literal(type: str, value: Any) -> str:
    kind = type[0]
    if kind == "f":
        number = float(value)
        if type == "f4":
            with np.errstate(over="ignore"):
                number = float(np.float32(number))
        return (
            f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"  # exact, and for "f4" too in LLVM's notation
        )
    if kind == "b":
        return "true" if value else "false"
    if kind == "p":
        return f"inttoptr (i64 {int(value)} to ptr)"
    if value != int(value):
        raise TypeError(f"{value!r} is not an {type}")
    bits = 8 * SIZE[type]
    wrapped = int(value) & ((1 << bits) - 1)
    return str(wrapped - (1 << bits) if wrapped >> (bits - 1) else wrapped)
