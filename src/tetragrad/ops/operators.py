"""Python's operators on Tensors of every face."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ..core.bind import explain
from ..core.tensor import PLAIN, Tensor
from . import arithmetic, contraction, exponential, indexing, rounding


def install_operators() -> None:
    """Give `core.Tensor` its operators; called once when the table is filled."""
    for name, door in {
        "add": arithmetic.add,
        "sub": arithmetic.subtract,
        "mul": arithmetic.multiply,
        "truediv": arithmetic.divide,
        "matmul": contraction.matmul,
        "pow": exponential.pow,
        "floordiv": arithmetic.floor_divide,
        "mod": arithmetic.remainder,
        "divmod": arithmetic.divmod,
        "and": arithmetic.bitwise_and,
        "or": arithmetic.bitwise_or,
        "xor": arithmetic.bitwise_xor,
        "lshift": arithmetic.left_shift,
        "rshift": arithmetic.right_shift,
    }.items():
        setattr(Tensor, f"__{name}__", door)
        setattr(Tensor, f"__r{name}__", _reflected(door))
    for name, method in {
        "abs": arithmetic.absolute,
        "getitem": indexing.index_into,
        "invert": arithmetic.invert,
        "neg": arithmetic.negative,
        "pos": arithmetic.positive,
        "round": _round,
    }.items():
        setattr(Tensor, f"__{name}__", method)
    for name, door in {
        "lt": arithmetic.less,
        "le": arithmetic.less_equal,
        "gt": arithmetic.greater,
        "ge": arithmetic.greater_equal,
        "eq": arithmetic.equal,
        "ne": arithmetic.not_equal,
    }.items():
        setattr(Tensor, f"__{name}__", _comparison(door, getattr(operator, name)))


def _reflected(door: Any) -> Any:
    def reflected(self: Any, other: Any) -> Any:
        return door(other, self)

    return reflected


def _comparison(door: Any, of_values: Callable[[Any, Any], Any]) -> Any:
    """A comparison by Python's operator on plain values, which loops and branches on data run often."""

    def compare(self: Tensor, other: Any) -> Any:
        x, y = self._value, other._value if isinstance(other, Tensor) else other
        if type(x) not in PLAIN or type(y) not in PLAIN:
            return door(self, other)
        try:
            return of_values(x, y)
        except (TypeError, ValueError) as error:
            raise explain(door.__name__, (self, other), error) from error

    return compare


def _round(self: Tensor, decimals: int | None = None) -> Any:
    return rounding.round(self, decimals or 0)
