"""`memory`: what recorded graphs hold at this moment."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np

from ..core.saving import Packed, PackedResiduals
from ..core.tensor import Node


class MemoryReport:
    """Live nodes and the bytes of the arrays they keep, in all and by operation.

    Attributes
    ----------
    nodes : int
        Live nodes, variables included.
    saved_bytes : int
        Bytes of the arrays that nodes keep for backward passes; memory that several share counts once.
    by_operation : dict of str to (int, int)
        For each operation its nodes and its bytes (an array counts for the first operation found to keep it).
    """

    def __init__(self, nodes: int, saved_bytes: int, by_operation: dict[str, tuple[int, int]]) -> None:
        self.nodes = nodes
        self.saved_bytes = saved_bytes
        self.by_operation = by_operation

    def __repr__(self) -> str:
        lines = [f"{self.nodes} nodes keep {self.saved_bytes:,} bytes"]
        ranked = sorted(self.by_operation.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))
        lines += [f"  {name:<20} {count:>8} nodes {size:>14,} bytes" for name, (count, size) in ranked]
        return "\n".join(lines)


def memory() -> MemoryReport:
    """Count the live nodes of all graphs and the bytes that they keep alive.

    Walks over all objects of the process, so it takes a while in large ones; nothing is counted while recording.

    Returns
    -------
    MemoryReport

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> x = tg.tensor(np.ones(1000), requires_grad=True)
    >>> before = tg.memory()
    >>> y = (x * x).sum()
    >>> after = tg.memory()
    >>> after.nodes - before.nodes, after.saved_bytes - before.saved_bytes
    (2, 8000)
    """
    counts: dict[str, int] = {}
    sizes: dict[str, int] = {}
    seen: set[int] = set()
    for node in gc.get_objects():
        if isinstance(node, Node):
            counts[node.name] = counts.get(node.name, 0) + 1
            sizes[node.name] = sizes.get(node.name, 0) + _bytes_of(node.residuals, seen)
    return MemoryReport(
        sum(counts.values()), sum(sizes.values()), {name: (counts[name], sizes[name]) for name in sorted(counts)}
    )


def _bytes_of(residuals: Any, seen: set[int]) -> int:
    """Bytes of the arrays in a node's residuals that were not counted yet."""
    if isinstance(residuals, PackedResiduals):
        residuals = residuals.residuals
    total = 0
    pending = [residuals]
    for each in pending:
        if isinstance(each, tuple):
            pending.extend(each)
        elif isinstance(each, Packed):
            pending.append(each.handle)
        elif isinstance(each, (np.ndarray, bytes)):
            owner: Any = each
            while isinstance(getattr(owner, "base", None), np.ndarray):
                owner = owner.base
            if id(owner) not in seen:
                seen.add(id(owner))
                total += owner.nbytes if isinstance(owner, np.ndarray) else len(owner)
    return total
