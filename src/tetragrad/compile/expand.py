"""Rows that are made of others, written out: means, norms, the softmax family, small and odd matrix products.

What is left is elementwise, a rearrangement, a plain reduction, a matrix product for BLAS, or called back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.primitive import TABLE
from .graph import Graph, Op, Value

Shape = tuple[int, ...]


class Expansion:
    """A graph in the making."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.where = ""
        self.checks: dict[tuple[Value, int], Check] = {}
        self.shares: dict[Value, tuple[Value, Value, Value]] = {}  # of a logsumexp: x, exp(x - peak), its sum

    def add(self, name: str, operands: Sequence[Value], dtype: Any, shape: Shape, /, **params: Any) -> Value:
        """An operation and its result."""
        return self.add_row(TABLE[name], operands, dtype, shape, **params)

    def add_row(self, row: Any, operands: Sequence[Value], dtype: Any, shape: Shape, /, **params: Any) -> Value:
        """The same of a row that need not be in the table."""
        op = Op(row, operands, params, self.where)
        op.outputs = (Value(dtype, shape, op),)
        self.ops.append(op)
        return op.outputs[0]

    def check_positions(self, op: Op, operands: Sequence[Value]) -> None:
        """Note that the positions which an operation is given must be on the axis."""
        length = _LENGTHS.get(op.name)
        if length is None:
            return
        positions = operands[-1]
        own = positions.constant is not None or (positions.op is not None and positions.op.name in _INSIDE)
        if not own and positions.size:
            size = length(op)
            self.checks.setdefault((positions, size), Check(positions, size, op.where))

    def outside(self, positions: Value, length: int) -> Value:
        """Whether some position is outside an axis."""
        shape = positions.shape
        bad = self.add("greater_equal", (positions, self.number(length)), np.bool_, shape)
        if positions.dtype.kind == "i":
            below = self.add("less", (positions, self.number(-length)), np.bool_, shape)
            bad = self.add("logical_or", (bad, below), np.bool_, shape)
        return self.add("any", (bad,), np.bool_, (), axis=None, keepdims=False)

    def number(self, value: float, dtype: Any = None) -> Value:
        """A constant: a Python number, or one of a dtype."""
        if dtype is None:
            return Value.of(value, constant=value)
        return Value(dtype, (), constant=np.dtype(dtype).type(value))

    def one(self, name: str, x: Value, **params: Any) -> Value:
        """An elementwise row of one argument, in its dtype."""
        return self.add(name, (x,), x.dtype, x.shape, **params)

    def two(self, name: str, x: Value, y: Value, dtype: Any = None) -> Value:
        """An elementwise row of two arguments."""
        return self.add(name, (x, y), dtype or x.dtype, np.broadcast_shapes(x.shape, y.shape))

    def convert(self, x: Value, dtype: Any) -> Value:
        """In another dtype."""
        dtype = np.dtype(dtype)
        if x.dtype == dtype and not x.weak:
            return x
        return self.add("astype" if dtype.kind in "fc" else "astype_discrete", (x,), dtype, x.shape, dtype=dtype)

    def reduce(self, name: str, x: Value, axes: Sequence[int], keepdims: bool, dtype: Any = None) -> Value:
        """A reduction."""
        shape = [1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes]
        return self.add(name, (x,), dtype or x.dtype, tuple(shape), axis=tuple(axes), keepdims=keepdims)

    def reshape(self, x: Value, shape: Shape) -> Value:
        """In another shape."""
        return x if x.shape == shape else self.add("reshape", (x,), x.dtype, shape, shape=shape)

    def broadcast(self, x: Value, shape: Shape) -> Value:
        """Repeated to a shape."""
        return x if x.shape == shape else self.add("broadcast_to", (x,), x.dtype, shape, shape=shape)

    def part(self, x: Value, axis: int, start: int, stop: int) -> Value:
        """A slice of one axis."""
        shape = (*x.shape[:axis], stop - start, *x.shape[axis + 1 :])
        return self.add("getitem", (x,), x.dtype, shape, index=(*(slice(None),) * axis, slice(start, stop)))

    def transpose(self, x: Value, axes: Sequence[int]) -> Value:
        """With the axes in another order."""
        if tuple(axes) == tuple(range(len(x.shape))):
            return x
        return self.add("transpose", (x,), x.dtype, tuple([x.shape[axis] for axis in axes]), axes=tuple(axes))


# The length of the axis that the last operand has positions on; rows whose results are positions that fit.
_LENGTHS: dict[str, Callable[[Op], int]] = {
    "take": lambda op: op.operands[0].shape[op.params["axis"]],
    "take_along_axis": lambda op: op.operands[0].shape[op.params["axis"]],
    "scatter_take": lambda op: op.params["size"],
    "scatter_along_axis": lambda op: op.params["size"],
    "from_start": lambda op: op.params["length"],
}
_INSIDE = frozenset({"argmax", "argmin", "argsort", "argpartition", "from_start"})

Rule = Callable[[Expansion, Op, list[Value]], "Value | None"]


class Check:
    """Positions that must be on an axis: `flag` says whether one is not. Both are outputs of the expanded graph."""

    __slots__ = ("flag", "length", "positions", "where")

    def __init__(self, positions: Value, length: int, where: str) -> None:
        self.positions = positions
        self.length = length
        self.where = where
        self.flag = positions


def expanded(graph: Graph) -> tuple[Graph, list[Check]]:
    """A copy of the graph in which rows are written out; the flags and positions of the checks are its last outputs."""
    from . import products, windowed  # they use the Expansion above

    rules = RULES | products.RULES | windowed.RULES
    made = Expansion()
    new: dict[Value, Value] = {}
    for op in graph.ops:
        operands = [new.get(value, value) for value in op.operands]
        rule = rules.get(op.name)
        made.where = op.where
        start = len(made.ops)
        if rule is not None and all([value.size for value in (*operands, *op.outputs)]):
            out = rule(made, op, operands)
            if out is not None:
                made.check_positions(op, operands)
                assert (out.dtype, out.shape) == (op.out.dtype, op.out.shape), (op.name, str(out), str(op.out))
                new[op.out] = out
                continue
            del made.ops[start:]
        made.check_positions(op, operands)
        copy = Op(op.primitive, operands, op.params, op.where)
        copy.outputs = tuple([Value(value.dtype, value.shape, copy, weak=value.weak) for value in op.outputs])
        made.ops.append(copy)
        new.update(zip(op.outputs, copy.outputs))
    outputs = [new.get(value, value) for value in graph.outputs]
    checks = list(made.checks.values())
    for check in checks:
        check.flag = made.outside(check.positions, check.length)
        outputs += [check.flag, check.positions]
    return Graph(graph.inputs, made.ops, outputs), checks


def _axes(op: Op, x: Value) -> tuple[int, ...]:
    axis = op.params["axis"]
    return tuple(range(len(x.shape))) if axis is None else tuple(axis)


def _count(x: Value, axes: Sequence[int]) -> int:
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    return count


def _mean(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    (x,) = operands
    if op.out.dtype.kind not in "fc" or op.out.dtype.itemsize < 4:
        return None
    axes = _axes(op, x)
    total = e.reduce("sum", e.convert(x, op.out.dtype), axes, op.params["keepdims"])
    return e.two("divide", total, e.number(_count(x, axes)))


def _count_nonzero(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    (x,) = operands
    return e.reduce("sum", e.convert(x, bool), _axes(op, x), op.params["keepdims"], np.int64)


def _norm(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    (x,) = operands
    if op.out.dtype.kind != "f" or x.dtype.kind == "c":
        return None
    x = e.convert(x, op.out.dtype)
    if x.shape == ():
        return e.one("absolute", x)
    return e.one("sqrt", e.reduce("sum", e.two("multiply", x, x), tuple(range(len(x.shape))), False))


def _norm_along(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    (x,) = operands
    if op.out.dtype.kind != "f" or x.dtype != op.out.dtype:
        return None
    return e.one("sqrt", e.reduce("sum", e.two("multiply", x, x), op.params["axis"], bool(op.params["keepdims"])))


# -- the softmax family -----------------------------------------------------------------------------------------------


def _terms(e: Expansion, op: Op, x: Value) -> tuple[Value, Value, Value, Value] | None:
    """x, its peak (0 where that is infinite), exp(x - peak), and their sum."""
    if op.out.dtype.kind != "f":
        return None
    x, axes = e.convert(x, op.out.dtype), _axes(op, x)
    peak = e.reduce("max", x, axes, True)
    finite = e.add("isfinite", (peak,), bool, peak.shape)
    peak = e.add("where", (finite, peak, e.number(0, x.dtype)), x.dtype, peak.shape)
    terms = e.one("exp", e.two("subtract", x, peak))
    return x, peak, terms, e.reduce("sum", terms, axes, True)


def _logsumexp(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    found = _terms(e, op, operands[0])
    if found is None:
        return None
    x, peak, terms, total = found
    out = e.two("add", e.one("log", total), peak)
    shaped = e.reshape(out, op.out.shape)
    e.shares[out] = e.shares[shaped] = x, terms, total
    return shaped


def _exp(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    """exp(x - logsumexp(x)) is exp(x - peak) over its sum: one exponential less, and more accurate."""
    difference = operands[0].op
    if difference is None or difference.name != "subtract":
        return None
    x, out = difference.operands
    kept, guarded = out.shape, False
    while out.op is not None and out not in e.shares:
        name, inside = out.op.name, out.op.operands
        if name == "broadcast_to" or (name == "reshape" and kept == out.shape):
            out = inside[0]
            kept = out.shape if name == "broadcast_to" else kept
        elif name == "where" and _is_guard(inside[0], inside[2]) and inside[1].constant == 0:
            out, guarded = inside[2], True
        else:
            return None
    if out not in e.shares:
        return None
    own, terms, total = e.shares[out]
    if own is not x or terms.shape != op.out.shape or terms.dtype != op.out.dtype or kept != total.shape:
        return None
    if guarded:  # rows of nothing but -inf
        total = _chosen(e, _test(e, "equal", total, e.number(0)), e.number(1), total)
    return e.two("multiply", terms, e.one("reciprocal", total))


def _is_guard(condition: Value, out: Value) -> bool:
    op = condition.op
    return op is not None and op.name == "equal" and op.operands[0] is out and op.operands[1].constant == -math.inf


def _softmax(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    found = _terms(e, op, operands[0])
    return None if found is None else e.two("divide", found[2], found[3])


def _log_softmax(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    found = _terms(e, op, operands[0])
    if found is None:
        return None
    x, peak, _, total = found
    return e.two("subtract", e.two("subtract", x, peak), e.one("log", total))


# -- rows that write, in the form that `writes` knows; rearrangements --------------------------------------------------


def _updated(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    """With what is written in the shape and dtype of the place."""
    x, v = operands
    index = op.params["index"]
    target = np.broadcast_to(np.empty((), bool), x.shape)[index].shape
    shape = v.shape
    while len(shape) > len(target):
        shape = shape[1:]
    if x.dtype != op.out.dtype or 0 in target:
        return None
    v = e.broadcast(e.reshape(e.convert(v, x.dtype), shape), target)
    return e.add(op.name, (x, v), op.out.dtype, op.out.shape, index=index)


def _scattered(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    x, indices = operands
    x = e.broadcast(x, np.broadcast_shapes(x.shape, indices.shape))
    return e.add(op.name, (x, indices), op.out.dtype, op.out.shape, **op.params)


def _roll(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    (x,) = operands
    for shift, axis in zip(op.params["shift"], op.params["axis"]):
        length = x.shape[axis]
        start = -shift % length
        if start:
            parts = [e.part(x, axis, start, length), e.part(x, axis, 0, start)]
            x = e.add("concatenate", parts, x.dtype, x.shape, axis=axis)
    return x if x is not operands[0] else None


def _cross(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    x, y = [e.convert(value, op.out.dtype) for value in operands]

    def at(v: Value, k: int) -> Value:
        return e.add("getitem", (v,), v.dtype, v.shape[:-1], index=(Ellipsis, k))

    parts = []
    for i, j in ((1, 2), (2, 0), (0, 1)):
        parts.append(e.two("subtract", e.two("multiply", at(x, i), at(y, j)), e.two("multiply", at(x, j), at(y, i))))
    return e.add("stack", parts, op.out.dtype, op.out.shape, axis=len(op.out.shape) - 1)


# -- elementwise composites --------------------------------------------------------------------------------------------


def _elementwise(write: Callable[..., Value]) -> Rule:
    """A rule for floats of one dtype."""

    def rule(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
        if op.out.dtype.kind != "f" or op.out.dtype.itemsize < 4 or any([v.dtype.kind == "c" for v in operands]):
            return None
        out = write(e, *[e.convert(value, op.out.dtype) for value in operands])
        return e.broadcast(out, op.out.shape)

    return rule


def _test(e: Expansion, name: str, x: Value, y: Value) -> Value:
    return e.two(name, x, y, np.bool_)


def _chosen(e: Expansion, condition: Value, x: Value, y: Value) -> Value:
    like = y if x.constant is not None else x
    shape = np.broadcast_shapes(condition.shape, x.shape, y.shape)
    return e.add("where", (condition, x, y), like.dtype, shape)


def _sinc(e: Expansion, x: Value) -> Value:
    """NumPy's: sin(y) / y with y = pi x, and pi 1e-20 for pi 0."""
    zero = _test(e, "equal", x, e.number(0))
    y = e.two("multiply", _chosen(e, zero, e.number(1.0e-20), x), e.number(math.pi))
    return e.two("divide", e.one("sin", y), y)


def _rel_entr(e: Expansion, x: Value, y: Value) -> Value:
    """x log(x / y) of positive numbers, 0 for x = 0, else inf."""
    zero, one = e.number(0), e.number(1)
    both = e.two("logical_and", _test(e, "greater", x, zero), _test(e, "greater", y, zero), np.bool_)
    ratio = _chosen(e, both, e.two("divide", x, y), one)
    value = _chosen(e, both, e.two("multiply", x, e.one("log", ratio)), e.number(math.inf))
    nothing = e.two("logical_and", _test(e, "equal", x, zero), _test(e, "greater_equal", y, zero), np.bool_)
    value = _chosen(e, nothing, zero, value)
    unordered = e.two("logical_or", _test(e, "not_equal", x, x), _test(e, "not_equal", y, y), np.bool_)
    return _chosen(e, unordered, e.number(math.nan), value)


def _kl_div(e: Expansion, x: Value, y: Value) -> Value:
    """The same, minus x plus y."""
    zero = e.number(0)
    value = _rel_entr(e, x, y)
    both = e.two("logical_and", _test(e, "greater", x, zero), _test(e, "greater", y, zero), np.bool_)
    value = _chosen(e, both, e.two("add", e.two("subtract", value, x), y), value)
    nothing = e.two("logical_and", _test(e, "equal", x, zero), _test(e, "greater_equal", y, zero), np.bool_)
    return _chosen(e, nothing, y, value)


def _ndtr(e: Expansion, x: Value) -> Value:
    """By erf in the middle and by erfc in the tails."""
    half = e.number(0.5)
    x = e.two("multiply", x, e.number(math.sqrt(0.5)))
    size = e.one("absolute", x)
    middle = e.two("add", e.two("multiply", e.one("erf", x), half), half)
    tail = e.two("multiply", e.one("erfc", size), half)
    positive = _test(e, "greater", x, e.number(0))
    tail = _chosen(e, positive, e.two("subtract", e.two("multiply", tail, e.number(-1)), e.number(-1)), tail)
    return _chosen(e, _test(e, "less", size, e.number(math.sqrt(0.5))), middle, tail)


RULES: dict[str, Rule] = {
    "rel_entr": _elementwise(_rel_entr), "kl_div": _elementwise(_kl_div),
    "ndtr": _elementwise(_ndtr),
    "sinc": _elementwise(_sinc),
    "index_update": _updated, "index_add": _updated, "scatter_along_axis": _scattered, "roll": _roll, "cross": _cross,
    "mean": _mean, "count_nonzero": _count_nonzero, "norm": _norm, "norm_along": _norm_along,
    "logsumexp": _logsumexp, "exp": _exp, "softmax": _softmax, "log_softmax": _log_softmax,
}  # fmt: skip
