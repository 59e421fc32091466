"""Python's operators on Tensors of every face."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor
from . import arithmetic


def install_operators() -> None:
    """Give `core.Tensor` its operators; called once when the table is filled."""
    for name, door in {
        "add": arithmetic.add,
        "sub": arithmetic.subtract,
        "mul": arithmetic.multiply,
        "truediv": arithmetic.divide,
    }.items():
        setattr(Tensor, f"__{name}__", door)
        setattr(Tensor, f"__r{name}__", _reflected(door))
    Tensor.__neg__ = arithmetic.negative  # type: ignore[attr-defined]
    Tensor.__pos__ = arithmetic.positive  # type: ignore[attr-defined]


def _reflected(door: Any) -> Any:
    def reflected(self: Any, other: Any) -> Any:
        return door(other, self)

    return reflected
