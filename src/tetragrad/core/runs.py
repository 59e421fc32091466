"""Backward through runs of elementwise operations on large arrays, block by block.

Where consecutive nodes of a sweep are elementwise and of one shape, a block of the cotangent goes through all of them
before the next block starts: what lies between stays near the core, threads share the blocks, and only the cotangents
that leave the run are ever whole arrays.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from .pool import empty
from .tensor import Node
from .threads import share_blocks

LARGE = 1 << 20  # bytes; below this, threads and blocks cost more than they save

ndarray = np.ndarray


class Run:
    """Consecutive elementwise nodes of one shape, with their residuals as rows of blocks."""

    __slots__ = ("members", "shape", "steps")

    def __init__(self, shape: tuple[int, ...], steps: list[tuple[Node, list[Any], list[Any]]]) -> None:
        self.shape = shape
        self.steps = steps
        self.members = {node for node, _, _ in steps}

    def sweep(self, cotangents: dict[Node, Any]) -> Collection[Node]:
        """Take the cotangents of the run's nodes out of the table and put those of its parents in; returns these."""
        incoming = []
        for node in self.members:
            g = cotangents.pop(node, None)
            if g is not None:
                incoming.append((node, *(row(g, self.shape) or (np.ascontiguousarray(g).reshape(-1), True))))
        outs, counts = self._outs({node for node, _, _ in incoming})
        share_blocks(math.prod(self.shape), lambda block: self._sweep_block(block, incoming, outs, counts))
        for parent, (whole, _) in outs.items():
            cotangents[parent] = cotangents[parent] + whole if parent in cotangents else whole
        return outs

    def _outs(self, reached: set[Node]) -> tuple[dict[Node, tuple[Any, Any]], dict[Node, int]]:
        """Arrays for the cotangents that leave the run, with flat views; and of how many parts each is the sum."""
        outs: dict[Node, tuple[Any, Any]] = {}
        counts: dict[Node, int] = {}
        for node, _, edges in self.steps:
            if node in reached:
                for _, parent in edges:
                    reached.add(parent)
                    if parent not in self.members and parent not in outs:
                        whole = empty(self.shape, parent.dtype)
                        outs[parent] = (whole, whole.reshape(-1))
                    if parent in outs:
                        counts[parent] = counts.get(parent, 0) + 1
        return outs, counts

    def _sweep_block(
        self, block: slice, incoming: list[Any], outs: dict[Node, tuple[Any, Any]], counts: dict[Node, int]
    ) -> None:
        left = counts.copy()
        local = {node: g[block] if blocked else g for node, g, blocked in incoming}
        for node, rows, edges in self.steps:
            g = local.pop(node, None)
            if g is None:
                continue
            residuals = [residual[block] if blocked else residual for residual, blocked in rows]
            for push, parent in edges:
                ct = push(g, residuals)
                if ct.dtype != parent.dtype:
                    ct = (ct.real if ct.dtype.kind == "c" and parent.dtype.kind != "c" else ct).astype(parent.dtype)
                if parent in left:
                    left[parent] -= 1
                    if not left[parent]:  # the last contribution: straight to its place
                        if parent in local:
                            np.add(local.pop(parent), ct, out=outs[parent][1][block])
                        else:
                            outs[parent][1][block] = ct
                        continue
                local[parent] = local[parent] + ct if parent in local else ct


def row(value: Any, shape: tuple[int, ...]) -> tuple[Any, bool] | None:
    """A residual or cotangent as (flat array, True), or (one number, False); None if it is neither."""
    if type(value) is not ndarray or not value.shape:
        return value, False
    if value.shape == shape and value.flags.c_contiguous:
        return value.reshape(-1), True
    if not any(value.strides):
        return value[(0,) * value.ndim], False
    return None


def find_run(order: Sequence[Node], start: int, stops: Collection[Node], wanted: Collection[Node] | None) -> Run | None:
    """The longest run that begins at position `start` of a sweep's order and passes no node of `stops`."""
    first = order[start]
    shape = first.shape
    if math.prod(shape) * first.dtype.itemsize <= LARGE:
        return None
    steps: list[tuple[Node, list[Any], list[Any]]] = []
    for position in range(start, len(order)):
        node = order[position]
        pushers = getattr(node.primitive, "pushers", None)
        residuals = node.residuals  # another thread's pass may release them
        if pushers is None or node.shape != shape or node in stops or type(residuals) is not tuple:
            break
        parents = [parent if wanted is None or parent in wanted else None for parent in node.parents]
        if any([parent is not None and parent.shape != shape for parent in parents]):
            break
        rows: list[Any] = [row(residual, shape) for residual in residuals]
        if None in rows:
            break
        edges = [(p, parent) for p, parent in zip(pushers, parents) if p is not None and parent is not None]
        steps.append((node, rows, edges))
    return Run(shape, steps) if steps else None
