"""Batching (vmap): `Batch` values hold one example per entry of a leading axis that the function does not see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import EscapedValueError
from .levels import Boxed, Level, shape_of


class Batch(Boxed):
    """Examples along axis 0 of `value`; with ``size=None`` one value shared by all examples."""

    __slots__ = ("size", "value")

    def __init__(self, level: Level, value: Any, size: int | None) -> None:
        self.level = level
        self.value = value
        self.size = size

    @property
    def shape(self) -> tuple[int, ...]:
        shape = shape_of(self.value)
        return shape if self.size is None else shape[1:]

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def inside(self) -> Any:
        return self.value

    @classmethod
    def lift(cls, level: Level, value: Any) -> Batch:
        return cls(level, value, None)

    def process(self, primitive: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        level = self.level
        values: list[Any] = []
        batched: list[bool] = []
        size = None
        for arg in args:
            if isinstance(arg, Batch) and arg.level is level:
                values.append(arg.value)
                batched.append(arg.size is not None)
                if arg.size is not None:
                    size = arg.size
            else:
                values.append(arg)
                batched.append(False)
        if size is None:
            out = primitive.door(*values, **params)
        else:
            out = primitive.batch(values, batched, size, params)
        if primitive.multi:
            return tuple([Batch(level, part, size) for part in out])
        return Batch(level, out, size)

    def concrete(self, purpose: str) -> Any:
        self.check_open(purpose)
        if self.size is None:
            return self.value
        raise EscapedValueError(
            f"{purpose}: inside vmap this value (shape {self.shape}, dtype {self.dtype}) is {self.size} values at "
            f"once, so "
            f"it has no single {purpose}. Use numpy.where for a choice between values, or a Python loop instead of "
            f"vmap."
        )
