"""Forward mode: `Dual` values carry a primal and its tangent through each operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .levels import Boxed, Level, shape_of


class Dual(Boxed):
    """A primal with its tangent (None for a known zero), at one level."""

    __slots__ = ("primal", "tangent")

    def __init__(self, level: Level, primal: Any, tangent: Any) -> None:
        self.level = level
        self.primal = primal
        self.tangent = tangent

    @property
    def shape(self) -> tuple[int, ...]:
        return shape_of(self.primal)

    @property
    def dtype(self) -> Any:
        return self.primal.dtype

    @property
    def inside(self) -> Any:
        return self.primal

    @classmethod
    def lift(cls, level: Level, value: Any) -> Dual:
        return cls(level, value, None)

    def process(self, primitive: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        level = self.level
        primals: list[Any] = []
        tangents: list[Any] = []
        moving = False
        for arg in args:
            if isinstance(arg, Dual) and arg.level is level:
                primals.append(arg.primal)
                tangents.append(arg.tangent)
                moving = moving or arg.tangent is not None
            else:
                primals.append(arg)
                tangents.append(None)
        out = primitive.door(*primals, **params)
        if not primitive.differentiable:
            return out
        tangent = None
        if moving:
            tangent = primitive.jvp(primals, tangents, out, params)
        if primitive.multi:
            return tuple([Dual(level, part, None if tangent is None else tangent[i]) for i, part in enumerate(out)])
        return Dual(level, out, tangent)

    def concrete(self, purpose: str) -> Any:
        self.check_open(purpose)
        return self.primal
