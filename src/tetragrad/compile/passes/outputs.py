"""Outputs get memory of their own."""

from __future__ import annotations

from ...core.primitive import TABLE
from ..graph import Graph, Op, Value


def separate_outputs(graph: Graph) -> None:
    """Copy outputs that are inputs, constants or one another: a caller may write into what he gets."""
    taken = set(graph.inputs)
    for position, value in enumerate(graph.outputs):
        if value.constant is None and value not in taken:
            taken.add(value)
            continue
        name = "astype" if value.dtype.kind in "fc" else "astype_discrete"
        op = Op(TABLE[name], (value,), {"dtype": value.dtype})
        op.outputs = (Value(value.dtype, value.shape, op),)
        graph.ops.append(op)
        graph.outputs[position] = op.out
