"""Constant folding: an operation on known numbers is done while compiling, by the row's own value function."""

from __future__ import annotations

import warnings

import numpy as np

from ..graph import Graph, Value

_SPREADS = frozenset({"broadcast_to", "reshape", "astype", "transpose", "negative", "square", "sqrt", "reciprocal"})


def fold_constants(graph: Graph) -> bool:
    """Compute what depends on constants only."""
    new: dict[Value, Value] = {}
    kept = []
    for op in graph.ops:
        op.operands = tuple([new.get(value, value) for value in op.operands])
        constants = [value.constant for value in op.operands]
        if op.primitive.multi or not constants or any([constant is None for constant in constants]):
            kept.append(op)
            continue
        single = all([np.ndim(constant) == 0 for constant in constants])
        spread = op.name in _SPREADS and is_uniform(constants[0])
        if op.out.shape != () and not (spread or (op.name in _SPREADS and single)):
            kept.append(op)
            continue
        if not single and not spread:
            kept.append(op)
            continue
        new[op.out] = _computed(op, constants, spread and not single)
    changed = len(kept) < len(graph.ops)
    graph.ops = kept
    if changed:
        graph.replace(new)
    return changed


def _computed(op, constants, spread):  # type: ignore[no-untyped-def]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if spread and op.name in ("reshape", "transpose", "broadcast_to"):
            out = np.broadcast_to(np.asarray(constants[0]).flat[0].astype(op.out.dtype), op.out.shape)
        elif spread:
            one = op.primitive.value(np.asarray(constants[0]).flat[0], **op.params)
            out = np.broadcast_to(np.asarray(one, op.out.dtype), op.out.shape)
        else:
            out = op.primitive.value(*constants, **op.params)
            if not op.out.weak:
                out = np.asarray(out, op.out.dtype)
                out = out[()] if out.ndim == 0 else out
            else:
                out = op.out.dtype.type(out).item()
    return Value(op.out.dtype, op.out.shape, weak=op.out.weak, constant=out)


def is_uniform(constant: object) -> bool:
    """Whether a constant is one number, perhaps spread over a shape."""
    if isinstance(constant, np.ndarray) and constant.ndim:
        return bool(constant.size) and not any(constant.strides)
    return constant is not None
