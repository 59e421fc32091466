"""Rows that are made of others, written out: means, norms, the softmax family, small and odd matrix products.

What is left is elementwise, a rearrangement, a plain reduction, a matrix product for BLAS, or called back.
"""

from __future__ import annotations

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

    def add(self, name: str, operands: Sequence[Value], dtype: Any, shape: Shape, /, **params: Any) -> Value:
        """An operation and its result."""
        op = Op(TABLE[name], operands, params, self.where)
        op.outputs = (Value(dtype, shape, op),)
        self.ops.append(op)
        return op.outputs[0]

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

    def transpose(self, x: Value, axes: Sequence[int]) -> Value:
        """With the axes in another order."""
        if tuple(axes) == tuple(range(len(x.shape))):
            return x
        return self.add("transpose", (x,), x.dtype, tuple([x.shape[axis] for axis in axes]), axes=tuple(axes))


Rule = Callable[[Expansion, Op, list[Value]], "Value | None"]


def expanded(graph: Graph) -> Graph:
    """A copy of the graph in which rows are written out."""
    from . import products  # uses the Expansion above

    rules = RULES | products.RULES
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
                assert (out.dtype, out.shape) == (op.out.dtype, op.out.shape), (op.name, str(out), str(op.out))
                new[op.out] = out
                continue
            del made.ops[start:]
        copy = Op(op.primitive, operands, op.params, op.where)
        copy.outputs = tuple([Value(value.dtype, value.shape, copy, weak=value.weak) for value in op.outputs])
        made.ops.append(copy)
        new.update(zip(op.outputs, copy.outputs))
    return Graph(graph.inputs, made.ops, [new.get(value, value) for value in graph.outputs])


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
    if op.out.dtype.kind != "f" or op.out.dtype.itemsize < 4:
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
    _, peak, _, total = found
    return e.reshape(e.two("add", e.one("log", total), peak), op.out.shape)


def _softmax(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    found = _terms(e, op, operands[0])
    return None if found is None else e.two("divide", found[2], found[3])


def _log_softmax(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    found = _terms(e, op, operands[0])
    if found is None:
        return None
    x, peak, _, total = found
    return e.two("subtract", e.two("subtract", x, peak), e.one("log", total))


RULES: dict[str, Rule] = {
    "mean": _mean, "count_nonzero": _count_nonzero, "norm": _norm, "norm_along": _norm_along,
    "logsumexp": _logsumexp, "softmax": _softmax, "log_softmax": _log_softmax,
}  # fmt: skip
