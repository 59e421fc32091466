"""Algebraic rules that keep IEEE results: no value, sign of zero, infinity or nan differs from that of the eager
operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.primitive import TABLE
from ..graph import Graph, Op, Value, is_spread

Rule = Callable[[Op], Value | None]


def simplify(graph: Graph) -> bool:
    """Replace operations by their operand, or by simpler ones, where a rule says so."""
    new: dict[Value, Value] = {}
    kept = []
    changed = False
    for op in graph.ops:
        op.operands = tuple([new.get(value, value) for value in op.operands])
        rule = RULES.get(op.name)
        replacement = None if rule is None else rule(op)
        if replacement is None:
            kept.append(op)
            continue
        changed = True
        if isinstance(replacement, Op):
            kept.append(replacement)
            replacement = replacement.out
        new[op.out] = replacement
    graph.ops = kept
    if changed:
        graph.replace(new)
    return changed


def number_of(value: Value) -> Any:
    """The one number that a constant consists of, else None."""
    constant = value.constant
    return constant if np.ndim(constant) == 0 else constant.flat[0] if is_spread(constant) else None


def same_type(value: Value, other: Value) -> bool:
    """Whether one can stand for the other."""
    return value.shape == other.shape and value.dtype == other.dtype and value.weak == other.weak


def rewritten(op: Op, name: str, operands: tuple[Value, ...], **params: Any) -> Op:
    """Another operation with the result type of `op`."""
    made = Op(TABLE[name], operands, params, op.where)
    made.outputs = (Value(op.out.dtype, op.out.shape, made, weak=op.out.weak),)
    return made


def _multiply(op: Op) -> Any:
    x, y = op.operands
    for value, factor in ((x, y), (y, x)):
        if number_of(factor) == 1 and same_type(value, op.out):
            return value
        if number_of(factor) == -1 and same_type(value, op.out) and value.dtype.kind == "f":
            return rewritten(op, "negative", (value,))
    return None


def _add(op: Op) -> Any:
    x, y = op.operands
    for value, zero in ((x, y), (y, x)):
        number = number_of(zero)  # x + -0.0 is x for every x; x + 0.0 is not for x = -0.0
        if number is not None and number == 0 and same_type(value, op.out):
            if value.dtype.kind in "iub" or (value.dtype.kind == "f" and np.signbit(number)):
                return value
    return None


def _subtract(op: Op) -> Any:
    x, y = op.operands
    number = number_of(y)
    if number is not None and number == 0 and same_type(x, op.out) and not (x.dtype.kind == "f" and np.signbit(number)):
        return x if x.dtype.kind in "iuf" else None
    return None


def _divide(op: Op) -> Any:
    x, y = op.operands
    number = number_of(y)
    if number is None or not same_type(x, op.out) or x.dtype.kind != "f":
        return None
    if number == 1:
        return x
    number = x.dtype.type(number)  # a power of two divides as exactly as its inverse multiplies
    mantissa, exponent = np.frexp(number)
    if abs(mantissa) == 0.5 and abs(int(exponent)) < (100 if x.dtype.itemsize == 4 else 1000):
        factor = x.dtype.type(1) / number
        return rewritten(op, "multiply", (x, Value(x.dtype, (), constant=factor)))
    return None


def _negative(op: Op) -> Any:
    (x,) = op.operands
    if x.op is not None and x.op.name == "negative" and same_type(x.op.operands[0], op.out):
        return x.op.operands[0]
    return None


def _same(op: Op) -> Any:
    """An operation that does nothing when the type stays."""
    x = op.operands[0]
    return x if same_type(x, op.out) and x.captured is None else None


def _reshape(op: Op) -> Any:
    (x,) = op.operands
    if same_type(x, op.out):
        return x
    if x.op is not None and x.op.name == "reshape":
        return rewritten(op, "reshape", x.op.operands, shape=op.out.shape)
    return None


def _transpose(op: Op) -> Any:
    (x,) = op.operands
    axes = tuple(op.params["axes"])
    if axes == tuple(range(len(axes))) and same_type(x, op.out):
        return x
    if x.op is not None and x.op.name == "transpose":
        first = tuple(x.op.params["axes"])
        return rewritten(op, "transpose", x.op.operands, axes=tuple([first[axis] for axis in axes]))
    return None


def _broadcast_to(op: Op) -> Any:
    (x,) = op.operands
    if same_type(x, op.out):
        return x
    if x.op is not None and x.op.name == "broadcast_to":
        return rewritten(op, "broadcast_to", x.op.operands, shape=op.out.shape)
    return None


def _where(op: Op) -> Any:
    _, x, y = op.operands
    if x is y and same_type(x, op.out):
        return x
    return None


RULES: dict[str, Callable[[Op], Any]] = {
    "multiply": _multiply,
    "add": _add,
    "subtract": _subtract,
    "divide": _divide,
    "negative": _negative,
    "positive": _same,
    "stop_gradient": _same,
    "astype": _same,
    "astype_discrete": _same,
    "reshape": _reshape,
    "transpose": _transpose,
    "broadcast_to": _broadcast_to,
    "where": _where,
}
