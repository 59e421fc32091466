"""Backward through runs of elementwise operations on large arrays, block by block.

Where consecutive nodes of a sweep are elementwise and of one shape, a block of the cotangent goes through all of them
before the next block starts: what lies between stays near the core, threads share the blocks, and only the cotangents
that leave the run are ever whole arrays. A block is a stretch of the flat arrays; where something is broadcast, it is a
number of rows, and sums up its part of the cotangents of what was broadcast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from .pool import empty
from .tensor import Node
from .threads import cut, share

LARGE = 1 << 20  # bytes; below this, threads and blocks cost more than they save
ROWS = 16  # at least, for blocks of rows

ndarray = np.ndarray


class Out:
    """A cotangent that leaves the run, while the blocks put their parts into it.

    Attributes
    ----------
    count : int
        Of how many contributions it is the sum.
    summed : tuple of int
        The axes along which the parent was broadcast.
    partial : bool
        Each block has a sum of its own, since the rows were broadcast too.
    """

    __slots__ = ("array", "count", "parent", "partial", "summed")

    def __init__(self, parent: Node, shape: tuple[int, ...], of_run: tuple[int, ...], blocks: int) -> None:
        self.parent = parent
        self.count = 0
        self.summed = tuple([axis for axis, length in enumerate(of_run) if shape[axis] != length])
        self.partial = 0 in self.summed
        self.array = empty((blocks, *shape[1:]) if self.partial else shape, parent.dtype)

    def place(self, number: int, block: slice) -> Any:
        """Where a block puts its part."""
        return self.array[number : number + 1] if self.partial else self.array[block]

    def reduced(self, ct: Any, shape: tuple[int, ...]) -> Any:
        """A contribution, of this shape in this block, summed over what was broadcast."""
        if not self.summed:
            return ct
        return np.add.reduce(ct if ct.shape == shape else np.broadcast_to(ct, shape), self.summed, keepdims=True)

    def whole(self) -> Any:
        """The cotangent, when all blocks are done."""
        array = np.add.reduce(self.array, 0) if self.partial else self.array
        return array.reshape(self.parent.shape) if self.parent.shape else array.reshape(())[()]


class Run:
    """Consecutive elementwise nodes of one shape, with their residuals as `flat` or `rowwise` gives them."""

    __slots__ = ("members", "shape", "steps", "taken")

    def __init__(self, shape: tuple[int, ...], steps: list[tuple[Node, list[Any], list[Any]]], taken: Any) -> None:
        self.shape = shape
        self.steps = steps
        self.taken = taken
        self.members = {node for node, _, _ in steps}

    def sweep(self, cotangents: dict[Node, Any]) -> Collection[Node]:
        """Take the cotangents of the run's nodes out of the table and put those of its parents in; returns these."""
        incoming = []
        for node in self.members:
            g = cotangents.pop(node, None)
            if g is not None:
                g = g.whole() if hasattr(g, "whole") else g  # still in pieces
                incoming.append((node, *(self.taken(g, self.shape) or self.taken(np.ascontiguousarray(g), self.shape))))
        size = math.prod(self.shape)
        shape = (size,) if self.taken is flat else self.shape
        blocks = cut(size, size // shape[0])
        outs = self._outs({node for node, _, _ in incoming}, shape, len(blocks))
        share(blocks, size, lambda number, block: self._sweep_block(number, block, shape, incoming, outs))
        for parent, out in outs.items():
            whole = out.whole()
            cotangents[parent] = cotangents[parent] + whole if parent in cotangents else whole
        return outs

    def _outs(self, reached: set[Node], shape: tuple[int, ...], blocks: int) -> dict[Node, Out]:
        """The cotangents that leave the run, of arrays that are taken as of this shape."""
        outs: dict[Node, Out] = {}
        for node, _, edges in self.steps:
            if node in reached:
                for _, parent in edges:
                    reached.add(parent)
                    if parent not in self.members and parent not in outs:
                        own = shape if parent.shape == self.shape else padded(parent.shape, len(shape))
                        outs[parent] = Out(parent, own, shape, blocks)
                    if parent in outs:
                        outs[parent].count += 1
        return outs

    def _sweep_block(
        self, number: int, block: slice, shape: tuple[int, ...], incoming: list[Any], outs: dict[Node, Out]
    ) -> None:
        shape = (block.stop - block.start, *shape[1:])
        left = {parent: out.count for parent, out in outs.items()}
        local = {node: g[block] if blocked else g for node, g, blocked in incoming}
        for node, residuals, edges in self.steps:
            g = local.pop(node, None)
            if g is None:
                continue
            kept = [residual[block] if blocked else residual for residual, blocked in residuals]
            for push, parent in edges:
                ct = push(g, kept)
                out = outs.get(parent)
                if out is not None:
                    ct = out.reduced(ct, shape)
                if ct.dtype != parent.dtype:
                    ct = (ct.real if ct.dtype.kind == "c" and parent.dtype.kind != "c" else ct).astype(parent.dtype)
                if out is not None:
                    left[parent] -= 1
                    if not left[parent]:  # the last contribution: straight to its place
                        place = out.place(number, block)
                        if parent in local:
                            np.add(local.pop(parent), ct, out=place)
                        else:
                            place[...] = ct
                        continue
                local[parent] = local[parent] + ct if parent in local else ct


def flat(value: Any, shape: tuple[int, ...]) -> tuple[Any, bool] | None:
    """A residual or cotangent as (flat array, True), or (one number, False); None if it is neither."""
    if type(value) is not ndarray or not value.shape:
        return value, False
    if value.shape == shape and value.flags.c_contiguous:
        return value.reshape(-1), True
    if not any(value.strides):
        return value[(0,) * value.ndim], False
    return None


def rowwise(value: Any, shape: tuple[int, ...]) -> tuple[Any, bool] | None:
    """A residual or cotangent as (array, True) if it has rows of its own, (array or number, False) if all rows share
    it; None if its rows are not laid out as such."""
    if type(value) is not ndarray or not value.shape:
        return value, False
    if not any(value.strides):
        return value[(0,) * value.ndim], False
    if value.shape[-1] > 1 and value.strides[-1] not in (0, value.itemsize):
        return None
    return value, value.ndim == len(shape) and len(value) == shape[0]


def padded(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """A shape with axes of length 1 before its own."""
    return (1,) * (rank - len(shape)) + shape


def find_run(order: Sequence[Node], start: int, stops: Collection[Node], wanted: Collection[Node] | None) -> Run | None:
    """The longest run that begins at position `start` of a sweep's order and passes no node of `stops`."""
    first = order[start]
    shape = first.shape
    if math.prod(shape) * first.dtype.itemsize <= LARGE:
        return None
    steps = _steps(order, start, stops, wanted, flat)
    if shape[0] >= ROWS and len(shape) > 1:
        longer = _steps(order, start, stops, wanted, rowwise)
        if len(longer) > len(steps):
            return Run(shape, longer, rowwise)
    return Run(shape, steps, flat) if steps else None


def _steps(
    order: Sequence[Node], start: int, stops: Collection[Node], wanted: Collection[Node] | None,
    taken: Callable[[Any, tuple[int, ...]], tuple[Any, bool] | None],
) -> list[tuple[Node, list[Any], list[Any]]]:  # fmt: skip
    """The nodes of a run, with their residuals and the rules for the parents that want a cotangent."""
    shape = order[start].shape
    steps: list[tuple[Node, list[Any], list[Any]]] = []
    for position in range(start, len(order)):
        node = order[position]
        pushers = getattr(node.primitive, "pushers", None)
        residuals = node.residuals  # another thread's pass may release them
        if pushers is None or node.shape != shape or node in stops or type(residuals) is not tuple:
            break
        parents = [parent if wanted is None or parent in wanted else None for parent in node.parents]
        if taken is flat and any([parent is not None and parent.shape != shape for parent in parents]):
            break
        kept: list[Any] = [taken(residual, shape) for residual in residuals]
        if None in kept:
            break
        edges = [(p, parent) for p, parent in zip(pushers, parents) if p is not None and parent is not None]
        steps.append((node, kept, edges))
    return steps
