"""Rules: small functions whose parameter names say what they read, and so what a node keeps alive.

    lambda out: 1 - out * out          a factor: multiplied with the cotangent or tangent
    lambda g, y: g / y                 the product itself, where that is cheaper or safer
    lambda g, x_shape, axis: ...       `<input>_shape` keeps only a shape; parameters of the operation go by their names
    ZERO                               a derivative known to be zero

`g` is the cotangent (reverse) or, for elementwise rules, equally the tangent (forward).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..core.tensor import Tensor


class _Zero:
    """A derivative that is known to be zero."""

    def __repr__(self) -> str:
        return "ZERO"


ZERO = _Zero()


class Rule:
    """A rule function with the residual names it reads."""

    __slots__ = ("function", "names", "product")

    def __init__(self, function: Callable[..., Any]) -> None:
        code = function.__code__
        names = code.co_varnames[: code.co_argcount]
        self.function = function
        self.product = names[:1] in (("g",), ("t",))
        self.names = names[1:] if self.product else names
        if "g" in self.names or "t" in self.names:
            raise TypeError(f"a rule that takes the cotangent or tangent takes it first, got {names}")

    def picker(self, layout: Sequence[str]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        """Residual tuple (in `layout` order) -> the arguments of this rule."""
        positions = [layout.index(name) for name in self.names]
        if positions == list(range(len(layout))):
            return tuple
        if len(positions) == 1:
            (only,) = positions
            return lambda residuals: (residuals[only],)
        return lambda residuals: tuple([residuals[position] for position in positions])

    def pusher(self, layout: Sequence[str]) -> Callable[[Any, Sequence[Any]], Any]:
        """(g, residuals) -> the rule's contribution."""
        function, product = self.function, self.product
        if not self.names:
            return (lambda g, residuals: function(g)) if product else (lambda g, residuals: g * function())
        if len(self.names) == 1:
            only = layout.index(self.names[0])
            if product:
                return lambda g, residuals: function(g, residuals[only])
            return lambda g, residuals: g * function(residuals[only])
        pick = self.picker(layout)
        if product:
            return lambda g, residuals: function(g, *pick(residuals))
        return lambda g, residuals: g * function(*pick(residuals))


def compile_rules(rules: Sequence[Any]) -> list[Rule | None]:
    """Rule functions (or ZERO) of an operation, one per input."""
    return [None if rule is ZERO or rule is None else Rule(rule) for rule in rules]


def layout_of(rules: Sequence[Rule | None], inputs: Sequence[str]) -> tuple[str, ...]:
    """The residual names that a list of rules reads, each once, the inputs first and in their order."""
    read = dict.fromkeys([name for rule in rules if rule is not None for name in rule.names])
    return (*[name for name in inputs if name in read], *[name for name in read if name not in inputs])


def needs_of(rules: Sequence[Rule | None]) -> list[frozenset[str]]:
    """Per input, the residual names its rule reads."""
    return [frozenset(rule.names) if rule is not None else frozenset() for rule in rules]


def input_names(value: Callable[..., Any], count: int) -> tuple[str, ...]:
    """Names of the array inputs of a value function: its positional parameters, or x, y, z for a ufunc."""
    code = getattr(value, "__code__", None)
    if code is None:
        return ("x", "y", "z")[:count]
    names = code.co_varnames[: code.co_argcount]
    if code.co_flags & 0x04:  # *args
        names += ("*" + code.co_varnames[code.co_argcount + code.co_kwonlyargcount],)
    return names


def parameter_names(value: Callable[..., Any]) -> tuple[str, ...]:
    """Names of a value function's parameters: its keyword-only arguments."""
    code = getattr(value, "__code__", None)
    if code is None:
        return ()
    return code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]


def unbroadcast(g: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Undo broadcasting and promotion: sum `g` to `shape` and bring it to `dtype` (the one place that does)."""
    have = g.shape
    if have != shape:
        extra = len(have) - len(shape)
        axes = tuple([i for i, length in enumerate(have) if i < extra or (shape[i - extra] == 1 and length != 1)])
        if axes:
            g = SUM(g, axes)
        if g.shape != shape:
            # The factor had the smaller shape here (a cotangent spread over nothing): spread it now.
            g = RESHAPE(g, shape) if g.size == _size(shape) else BROADCAST(g, shape)
    if g.dtype is not dtype and g.dtype != dtype:
        g = CONVERT(g, dtype)
    return g


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


# The four linear operations that derivations need. On plain arrays they are NumPy's; `ops` gives the doors for the
# rest.
def SUM(g: Any, axes: tuple[int, ...]) -> Any:
    return LINEAR["sum"](g, axis=axes, keepdims=False) if isinstance(g, Tensor) else np.add.reduce(g, axes)


def RESHAPE(g: Any, shape: tuple[int, ...]) -> Any:
    return LINEAR["reshape"](g, shape=shape) if isinstance(g, Tensor) else g.reshape(shape)


def BROADCAST(g: Any, shape: tuple[int, ...]) -> Any:
    return LINEAR["broadcast_to"](g, shape=shape) if isinstance(g, Tensor) else np.broadcast_to(g, shape)


def CONVERT(g: Any, dtype: Any) -> Any:
    """Change of dtype; from complex to real it takes the real part, the transpose of reading a real as complex."""
    if g.dtype.kind == "c" and dtype.kind != "c":
        g = LINEAR["real"](g) if isinstance(g, Tensor) else g.real
    return LINEAR["astype"](g, dtype=dtype) if isinstance(g, Tensor) else g.astype(dtype)


LINEAR: dict[str, Callable[..., Any]] = {}


def add_tangents(parts: Sequence[Any]) -> Any:
    """Sum of the tangent contributions that are not known zeros; None if all are."""
    total = None
    for part in parts:
        if part is not None:
            total = part if total is None else total + part
    return total


def match_tangent(t: Any, out: Any) -> Any:
    """Bring an elementwise tangent to the shape and dtype of its output (the output of a real function is real)."""
    if t is None:
        return None
    shape, dtype = shape_of(out), out.dtype
    if shape_of(t) != shape:
        t = BROADCAST(t, shape)
    if t.dtype != dtype:
        t = CONVERT(t, dtype)
    return t
