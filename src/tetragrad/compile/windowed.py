"""Convolutions and pooling, written out: matrix products of windows that are laid side by side, or elementwise chains.

`unfold` and `fold` are rows that only the compiler has: an index map, and its transpose, which adds where windows
overlap.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .expand import Expansion, Rule
from .graph import Op, Value
from .products import product

# Windows of up to so many elements are taken element by element in one expression.
FEW = 16

Lengths = tuple[int, ...]
Pairs = Sequence[tuple[int, int]]


class Row:
    """A row that only the compiler has; it looks like a `Primitive` to the graph."""

    def __init__(self, name: str, value: Callable[..., Any]) -> None:
        self.name = name
        self.value = value
        self.inputs = ("x",)
        self.multi = self.variadic = False

    def __repr__(self) -> str:
        return f"<Row {self.name}>"


def _unfold(x: Any, *, counts: Lengths, window: Lengths, stride: Lengths, dilation: Lengths) -> Any:
    first = x.ndim - len(window)
    strides = x.strides[first:]
    along = [s * d for s, d in zip(strides, dilation)] + [s * step for s, step in zip(strides, stride)]
    shape = (*x.shape[:first], *window, *counts)
    return np.lib.stride_tricks.as_strided(x, shape, (*x.strides[:first], *along), writeable=False)


def _fold(x: Any, *, size: Lengths, window: Lengths, stride: Lengths, dilation: Lengths) -> Any:
    rank = len(window)
    first = x.ndim - 2 * rank
    out = np.zeros((*x.shape[:first], *size), x.dtype)
    for place in itertools.product(*map(range, window)):
        steps = zip(place, dilation, x.shape[-rank:], stride)
        at: list[Any] = [slice(k * d, k * d + (n - 1) * s + 1, s) for k, d, n, s in steps]
        index: Any = (..., *at)
        out[index] += x[(*(slice(None),) * first, *place)]
    return out


UNFOLD: Any = Row("unfold", _unfold)
FOLD: Any = Row("fold", _fold)


class Windows:
    """The windows of one operation."""

    def __init__(self, window: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths, counts: Lengths) -> None:
        self.window, self.stride, self.padding, self.dilation = window, stride, padding, dilation
        self.counts = counts
        self.rank = len(window)

    def unfold(self, e: Expansion, x: Value) -> Value:
        """All elements of all windows of a padded array: (..., *window, *counts)."""
        lead = x.shape[: len(x.shape) - self.rank]
        params = {"counts": self.counts, "window": self.window, "stride": self.stride, "dilation": self.dilation}
        return e.add_row(UNFOLD, (x,), x.dtype, (*lead, *self.window, *self.counts), **params)

    def fold(self, e: Expansion, x: Value, size: Lengths) -> Value:
        """Its transpose, without the padding."""
        lead = x.shape[: len(x.shape) - 2 * self.rank]
        params = {"window": self.window, "stride": self.stride, "dilation": self.dilation}
        lengths = tuple([n + low + high for n, (low, high) in zip(size, self.padding)])
        out = e.add_row(FOLD, (x,), x.dtype, (*lead, *lengths), size=lengths, **params)
        for axis, (n, (low, high)) in enumerate(zip(size, self.padding), len(lead)):
            out = _resized(e, out, axis, -low, -high, 0) if (low, high) != (0, 0) else out
            assert out.shape[axis] == n
        return out

    def padded(self, e: Expansion, x: Value, fill: float = 0) -> Value:
        """The array with its last axes extended."""
        for axis, (low, high) in enumerate(self.padding, len(x.shape) - self.rank):
            x = _resized(e, x, axis, low, high, fill)
        return x

    def places(self, e: Expansion, x: Value) -> list[Value]:
        """Of a padded array: for each place in the window, the elements there, in row-major order."""
        lead = x.shape[: len(x.shape) - self.rank]
        found = []
        for place in itertools.product(*map(range, self.window)):
            index: list[Any] = [
                slice(k * d, k * d + (n - 1) * s + 1, s)
                for k, d, n, s in zip(place, self.dilation, self.counts, self.stride)
            ]
            found.append(e.add("getitem", (x,), x.dtype, (*lead, *self.counts), index=(Ellipsis, *index)))
        return found

    @property
    def elements(self) -> int:
        """In one window."""
        return math.prod(self.window)

    @property
    def apart(self) -> bool:
        """Whether windows lie one next to the other."""
        return self.stride == self.window and max(self.dilation) == 1 and not any([p != (0, 0) for p in self.padding])


def _resized(e: Expansion, x: Value, axis: int, low: int, high: int, fill: float) -> Value:
    """An axis extended, or cut off where numbers are negative."""
    start, stop = max(-low, 0), x.shape[axis] - max(-high, 0)
    if (start, stop) != (0, x.shape[axis]):
        x = e.part(x, axis, start, stop)
    parts = []
    for length in (max(low, 0), None, max(high, 0)):
        if length is None:
            parts.append(x)
        elif length:
            shape = (*x.shape[:axis], length, *x.shape[axis + 1 :])
            parts.append(Value(x.dtype, shape, constant=np.broadcast_to(x.dtype.type(fill), shape)))
    if len(parts) == 1:
        return x
    shape = (*x.shape[:axis], sum([part.shape[axis] for part in parts]), *x.shape[axis + 1 :])
    return e.add("concatenate", parts, x.dtype, shape, axis=axis)


# -- convolutions -----------------------------------------------------------------------------------------------------


def _prepared(e: Expansion, op: Op, operands: list[Value]) -> tuple[Value, Value]:
    x, y = [e.convert(value, op.out.dtype) for value in operands]
    return x, y


def _conv(e: Expansion, op: Op, operands: list[Value]) -> Value:
    x, w = _prepared(e, op, operands)
    p, groups = op.params, op.params["groups"]
    n, _, *counts = op.out.shape
    o, c, *kernel = w.shape
    windows = Windows(tuple(kernel), p["stride"], p["padding"], p["dilation"], tuple(counts))
    columns = windows.unfold(e, windows.padded(e, x))
    columns = e.reshape(columns, (n, groups, c * math.prod(kernel), math.prod(counts)))
    weights = e.reshape(w, (1, groups, o // groups, c * math.prod(kernel)))
    return e.reshape(product(e, weights, columns), op.out.shape)


def _conv_transpose(e: Expansion, op: Op, operands: list[Value]) -> Value:
    g, w = _prepared(e, op, operands)
    p, groups = op.params, op.params["groups"]
    n, _, *counts = g.shape
    o, c, *kernel = w.shape
    windows = Windows(tuple(kernel), p["stride"], p["padding"], p["dilation"], tuple(counts))
    weights = e.reshape(w, (1, groups, o // groups, c * math.prod(kernel)))
    weights = e.transpose(weights, (0, 1, 3, 2))
    columns = product(e, weights, e.reshape(g, (n, groups, o // groups, math.prod(counts))))
    return windows.fold(e, e.reshape(columns, (n, groups * c, *kernel, *counts)), tuple(op.out.shape[2:]))


def _conv_kernel(e: Expansion, op: Op, operands: list[Value]) -> Value:
    x, g = _prepared(e, op, operands)
    p, groups = op.params, op.params["groups"]
    n, o, *counts = g.shape
    _, c, *kernel = op.out.shape
    rank, total = len(counts), math.prod(counts)
    windows = Windows(tuple(kernel), p["stride"], p["padding"], p["dilation"], tuple(counts))
    columns = windows.unfold(e, windows.padded(e, x))  # n, groups * c, *kernel, *counts
    columns = e.transpose(columns, (*range(1, 2 + rank), 0, *range(2 + rank, 2 + 2 * rank)))
    columns = e.reshape(columns, (groups, c * math.prod(kernel), n * total))
    g = e.transpose(e.reshape(g, (n, groups, o // groups, total)), (1, 2, 0, 3))
    g = e.reshape(g, (groups, o // groups, n * total))
    return e.reshape(product(e, g, e.transpose(columns, (0, 2, 1))), op.out.shape)


# -- pooling ----------------------------------------------------------------------------------------------------------


def _pooled(op: Op, counts: Lengths) -> Windows:
    p = op.params
    return Windows(p["window"], p["stride"], p["padding"], p["dilation"], tuple(counts[-len(p["window"]) :]))


def _chain(name: str, fill: Callable[[Any], float]) -> Rule:
    def rule(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
        (x,) = operands
        windows = _pooled(op, op.out.shape)
        if windows.elements > FEW:
            return None
        out, *others = windows.places(e, windows.padded(e, x, fill(x.dtype)))
        for other in others:
            out = e.two(name, out, other)
        return out

    return rule


def _lowest(dtype: Any) -> float:
    return -math.inf if dtype.kind == "f" else np.iinfo(dtype).min if dtype.kind in "iu" else 0


def _window_argmax(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    x, out = operands
    windows = _pooled(op, out.shape)
    if windows.elements > FEW or x.dtype.kind == "c" or any([pair != (0, 0) for pair in windows.padding]):
        return None
    dtype = op.out.dtype
    place = e.number(np.iinfo(dtype).max, dtype)
    for number, part in reversed(list(enumerate(windows.places(e, x)))):
        found = e.two("equal", part, out, np.bool_)
        found = e.two("logical_or", found, e.add("isnan", (part,), np.bool_, part.shape), np.bool_)
        place = e.add("where", (found, e.number(number, dtype), place), dtype, op.out.shape)
    return place


def _window_take(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    x, index = operands
    windows = _pooled(op, op.out.shape)
    if windows.elements > FEW:
        return None
    out: Value | None = None
    for number, part in enumerate(windows.places(e, windows.padded(e, x))):
        here = e.two("equal", index, e.number(number, index.dtype), np.bool_)
        part = e.add("keep", (part, here), x.dtype, op.out.shape)
        out = part if out is None else e.two("add", out, part)
    return out


def _spread(e: Expansion, windows: Windows, x: Value, shape: Lengths) -> Value:
    """Each element repeated over its window, which lies next to the others: still (..., count, window, ...)."""
    lead = shape[: len(shape) - windows.rank]
    single = [n for count in windows.counts for n in (count, 1)]
    return e.reshape(x, (*x.shape[: len(lead)], *single))


def _filled_up(e: Expansion, windows: Windows, x: Value, size: Lengths) -> Value:
    """With zeros where the last windows end before the array does."""
    lead = x.shape[: len(x.shape) - 2 * windows.rank]
    x = e.reshape(x, (*lead, *[n * k for n, k in zip(windows.counts, windows.window)]))
    for axis, length in enumerate(size, len(lead)):
        x = _resized(e, x, axis, 0, length - x.shape[axis], 0)
    return x


def _window_scatter(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    g, index = operands
    windows = _pooled(op, g.shape)
    if not windows.apart or g.shape != index.shape:
        return None
    shape = [n for count, k in zip(windows.counts, windows.window) for n in (count, k)]
    places = np.arange(windows.elements, dtype=index.dtype)
    places = places.reshape([n for k in windows.window for n in (1, k)])
    here = e.two("equal", _spread(e, windows, index, g.shape), Value.of(places, constant=places), np.bool_)
    full = (*g.shape[: len(g.shape) - windows.rank], *shape)
    out = e.add("keep", (_spread(e, windows, g, g.shape), here), g.dtype, full)
    return _filled_up(e, windows, out, op.params["size"])


def _window_spread(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    (g,) = operands
    windows = _pooled(op, g.shape)
    if not windows.apart:
        return None
    shape = [n for count, k in zip(windows.counts, windows.window) for n in (count, k)]
    full = (*g.shape[: len(g.shape) - windows.rank], *shape)
    return _filled_up(e, windows, e.broadcast(_spread(e, windows, g, g.shape), full), op.params["size"])


RULES: dict[str, Rule] = {
    "conv": _conv, "conv_transpose": _conv_transpose, "conv_kernel": _conv_kernel,
    "max_pool": _chain("maximum", _lowest), "window_sum": _chain("add", lambda dtype: 0),
    "window_argmax": _window_argmax, "window_take": _window_take, "window_scatter": _window_scatter,
    "window_spread": _window_spread,
}  # fmt: skip
