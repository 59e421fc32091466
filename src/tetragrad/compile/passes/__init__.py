"""Rewriting a traced graph: each pass takes a graph and leaves one that computes the same with less."""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Graph
from .duplicates import merge_duplicates
from .folding import fold_constants
from .outputs import separate_outputs
from .simplify import simplify
from .unused import drop_unused

__all__ = ["PASSES", "improve", "separate_outputs"]

# Each returns whether it changed anything; they run round until none does.
PASSES: tuple[Callable[[Graph], bool], ...] = (fold_constants, simplify, merge_duplicates, drop_unused)


def improve(graph: Graph, check: bool = False) -> None:
    """Run all passes until nothing changes; `check` the graph after each."""
    changed = True
    while changed:
        changed = False
        for rewrite in PASSES:
            changed = rewrite(graph) or changed
            if check:
                graph.check()
