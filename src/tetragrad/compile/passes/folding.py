"""Constant folding: an operation on known numbers is done while compiling, by the row's own value function."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph import Graph, Op, Value, is_spread

# What gives one number spread, if it is given one.
_MOVES = frozenset({"broadcast_to", "reshape", "transpose"})
_SPREADS = _MOVES | {"astype", "negative", "square", "sqrt", "reciprocal"}


def fold_constants(graph: Graph) -> bool:
    """Compute what depends on constants only."""
    new: dict[Value, Value] = {}
    kept = []
    for op in graph.ops:
        op.operands = tuple([new.get(value, value) for value in op.operands])
        constants = [value.constant for value in op.operands]
        if _can_be_folded(op, constants):
            new[op.out] = _computed(op, constants)
        else:
            kept.append(op)
    graph.ops = kept
    if new:
        graph.replace(new)
    return bool(new)


def _can_be_folded(op: Op, constants: Sequence[Any]) -> bool:
    """Whether an operation on constants gives a number, perhaps spread."""
    if op.primitive.multi or not constants or any([constant is None for constant in constants]):
        return False
    single = all([np.ndim(constant) == 0 for constant in constants])
    if op.name in _SPREADS:
        return single or is_spread(constants[0])
    return single and op.out.shape == ()


def _computed(op: Op, constants: Sequence[Any]) -> Value:
    """The constant that an operation gives."""
    out = op.out
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if is_spread(constants[0]):
            one = constants[0].flat[0]
            if op.name not in _MOVES:
                one = op.primitive.value(one, **op.params)
            made = np.broadcast_to(np.asarray(one, out.dtype), out.shape)
        else:
            made = op.primitive.value(*constants, **op.params)
            made = out.dtype.type(made).item() if out.weak else np.asarray(made, out.dtype)[()]
    return Value(out.dtype, out.shape, weak=out.weak, constant=made)
