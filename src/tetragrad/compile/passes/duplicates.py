"""Common subexpressions: the same operation on the same values is computed once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Graph, Value


def merge_duplicates(graph: Graph) -> bool:
    """Let equal operations share their results."""
    found: dict[Any, Any] = {}
    new: dict[Value, Value] = {}

    def latest(value: Value) -> Value:
        return new.get(value, value)

    kept = []
    for op in graph.ops:
        op.operands = tuple([latest(value) for value in op.operands])
        key = (op.name, tuple([_identity(value) for value in op.operands]), key_of(op.params))
        same = found.get(key)
        if same is None or [str(v) for v in same.outputs] != [str(v) for v in op.outputs]:
            found[key] = op
            kept.append(op)
        else:
            new.update(zip(op.outputs, same.outputs))
    changed = len(kept) < len(graph.ops)
    graph.ops = kept
    if changed:
        graph.replace(new)
    return changed


def _identity(value: Value) -> Any:
    constant = value.constant
    if constant is not None and np.ndim(constant) == 0:
        return str(value), repr(constant)
    return value


def key_of(param: Any) -> Any:
    """A hashable stand-in for a parameter of an operation; equal ones mean the same."""
    if isinstance(param, np.ndarray):
        return "array", param.shape, param.dtype.str, param.tobytes()
    if isinstance(param, dict):
        return tuple([(name, key_of(each)) for name, each in sorted(param.items())])
    if isinstance(param, (tuple, list)):
        return type(param).__name__, tuple([key_of(each) for each in param])
    if isinstance(param, slice):
        return "slice", param.start, param.stop, param.step
    try:
        hash(param)
    except TypeError:
        return id(param)
    return type(param).__name__, repr(param) if isinstance(param, float) else param
