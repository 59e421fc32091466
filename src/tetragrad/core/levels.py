"""Levels: how forward mode, vmap and traces nest without confusing one another.

A running transform opens a `Level` with the next number of a counter and boxes its values. An operation is processed at
the highest level among its arguments; everything below is a constant there. So

    jvp(lambda x: x * jvp(lambda y: x + y, (1.,), (1.,))[1], ...)

keeps the two perturbations apart by their numbers alone. A Tensor's level is that of its value: a boxed value lives
inside a Tensor, and what is boxed may again be a Tensor of a lower level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..errors import EscapedValueError
from .tensor import Tensor, next_number


class Level:
    """One running transform; closed when the transform ends, whether or not it raised."""

    __slots__ = ("box", "kind", "number", "open", "outer")

    def __init__(self, kind: str, box: type[Boxed]) -> None:
        self.kind = kind
        self.box = box
        self.number = next_number()
        self.open = False
        self.outer: Level | None = None  # the one that runs around this one

    def run(self, f: Callable[..., Any], args: Sequence[Any]) -> Any:
        """Call `f` while this level is open."""
        previous = _current.get()
        try:
            self.open = True
            self.outer = previous
            _current.set(self)
            return f(*args)
        finally:  # in this very frame: a `KeyboardInterrupt` finds no gap, as it would in a method `__exit__`
            self.open = False
            _current.set(previous)

    def impure(self, what: str) -> None:
        """Take note that the function did something that differs from call to call."""


_current: ContextVar[Level | None] = ContextVar("tetragrad_level", default=None)

current_level = _current.get


def impure(what: str) -> None:
    """Tell the running levels that what comes now (random numbers, say) differs from call to call."""
    level = _current.get()
    while level is not None:
        level.impure(what)
        level = level.outer


class Boxed:
    """A value of a running transform. Subclasses say how a primitive acts on it."""

    __slots__ = ("level",)

    level: Level

    # Whether Tensors of lower levels keep their nodes where they meet this one: a trace cuts nothing off.
    joins_below = False

    @property
    def shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    @property
    def dtype(self) -> Any:
        raise NotImplementedError

    @property
    def inside(self) -> Any:
        """The value that is boxed, None if there is none yet."""
        return None

    @classmethod
    def lift(cls, level: Level, value: Any) -> Boxed:
        """Box a constant at `level`."""
        raise NotImplementedError

    def process(self, primitive: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """Apply `primitive` at this value's level; other arguments may be lower values."""
        raise NotImplementedError

    def concrete(self, purpose: str) -> Any:
        """The array behind this value, if it has one (`purpose` is for the error message)."""
        raise NotImplementedError

    @classmethod
    def below(cls, value: Tensor) -> Tensor:
        """A Tensor of a lower level as this level keeps it: as it is now, whatever is written into it later.

        Inside a trace it stays itself, since the trace must know it by its identity.
        """
        level = _current.get()
        while level is not None:
            if level.box.joins_below:
                return value
            level = level.outer
        return type(value)(value._value, value._node)

    def check_write(self, target: Tensor, into_gradient: bool = False) -> None:
        """Raise if this value must not be written into `target`, or into its `.grad`."""

    def check_open(self, name: str) -> None:
        """Raise if this value outlived its transform."""
        if not self.level.open:
            raise EscapedValueError(
                f"{name}: a value of shape {self.shape} and dtype {self.dtype} belongs to a `{self.level.kind}` "
                f"that has "
                f"ended. Return values from the transformed function instead of storing them outside it."
            )


def level_of(value: Any) -> int:
    """The level number of a value; 0 for plain arrays and constants."""
    if isinstance(value, Tensor):
        value = value._value
    return value.level.number if isinstance(value, Boxed) else 0


def lift(value: Any) -> Any:
    """Bring a raw value up to the level that is running now, so that new variables belong to it."""
    level = current_level()
    if level is not None and level_of(value) < level.number:
        if isinstance(value, Tensor):
            value = level.box.below(value)
        return level.box.lift(level, value)
    return value


def as_seen(x: Tensor) -> Any:
    """The value of a Tensor that is about to be copied; inside a trace, one that stays tied to this very Tensor."""
    level = _current.get()
    while level is not None:
        if level.box.joins_below and level_of(x) < level.number:
            return level.box.lift(level, x)
        level = level.outer
    return x._value


def concrete(value: Any, purpose: str) -> Any:
    """The plain array behind a value at any level."""
    while True:
        if isinstance(value, Tensor):
            value = value._value
        elif isinstance(value, Boxed):
            value = value.concrete(purpose)
        else:
            return value


def shape_of(value: Any) -> tuple[int, ...]:
    """Shape of an array, Tensor, boxed value or anything NumPy reads as an array."""
    shape = getattr(value, "shape", None)
    return np.shape(value) if shape is None else shape
