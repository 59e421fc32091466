"""Operations whose results nobody reads."""

from __future__ import annotations

from ..graph import Graph


def drop_unused(graph: Graph) -> bool:
    """Remove operations that no output depends on."""
    needed = set(graph.outputs)
    kept = []
    for op in reversed(graph.ops):
        if any([value in needed for value in op.outputs]):
            kept.append(op)
            needed.update(op.operands)
    changed = len(kept) < len(graph.ops)
    graph.ops = kept[::-1]
    return changed
