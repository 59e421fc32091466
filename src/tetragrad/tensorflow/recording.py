"""Which operations are recorded: those on Tensors that a recording tape watches.

The engine numbers nodes as they are made, so a tape knows what was recorded under it by intervals of numbers; what it
watches besides (variables, Tensors passed to `watch`) it keeps in a set. A Tensor keeps its node when the tape ends,
but an operation keeps it among its operands only while some recording tape admits it: so nothing is recorded outside
tapes, and what one tape recorded is never held by the next.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from ..core.sweep import reach
from ..core.tensor import Leaf, Node, Tensor, next_number


class State:
    """The tapes that record now, in the order in which they started, and the lowest number they admit by interval."""

    __slots__ = ("floor", "tapes")

    def __init__(self, tapes: tuple[Recorder, ...], floor: float) -> None:
        self.tapes = tapes
        self.floor = floor


OUTSIDE = State((), math.inf)

_state: ContextVar[State] = ContextVar("tetragrad_tensorflow_tapes", default=OUTSIDE)

state = _state.get

# Tapes that may still be asked for gradients.
_living: dict[int, weakref.ref[Recorder]] = {}


def living() -> list[Recorder]:
    """The tapes that may still be asked for gradients."""
    return [tape for ref in list(_living.values()) if (tape := ref()) is not None]


class TapeLeaf(Leaf):
    """The node of a Tensor or Variable that some tape watches."""

    __slots__ = ()


class Recorder:
    """What a tape or a forward accumulator recorded: intervals of node numbers, and the nodes it watches."""

    def __init__(self) -> None:
        self.intervals: list[tuple[float, float]] = []
        self.watched: set[Node] = set()
        self.recording = False
        self.gathered = False  # `gather` ran while this recorded: gradients may be IndexedSlices

    def start(self) -> None:
        """Record from now on, in this thread."""
        low = next_number()
        self.intervals.append((low, math.inf))
        self.recording = True
        key = id(self)
        _living[key] = weakref.ref(self, lambda _: _living.pop(key, None))
        outer = state()
        _state.set(State((*outer.tapes, self), min(outer.floor, low)))

    def stop(self) -> None:
        """Stop recording; what was recorded stays."""
        self.intervals[-1] = (self.intervals[-1][0], next_number())
        self.recording = False
        others = tuple([tape for tape in state().tapes if tape is not self])
        _state.set(State(others, min([tape.intervals[-1][0] for tape in others])) if others else OUTSIDE)

    def forget(self) -> None:
        """Drop what was recorded."""
        self.intervals = []
        self.watched = set()
        _living.pop(id(self), None)

    def admits(self, node: Node) -> bool:
        """Whether a node belongs to what was recorded here."""
        if node in self.watched:
            return True
        if not node.parents:
            return False
        return any([low < node.number < high for low, high in self.intervals])

    def accessed(self, variable: Any) -> None:
        """A variable is read while this records."""

    def watch_node(self, node: Node) -> None:
        """Derivatives with respect to this node may be asked for."""
        self.watched.add(node)


def watch_tensor(x: Tensor, tapes: Sequence[Recorder]) -> None:
    """Make a Tensor a source for these tapes; a node that no tape can use any more is replaced."""
    node = x._node
    if node is None or not (
        isinstance(node, Leaf) or any([tape.admits(node) for tape in living()]) or is_foreign(node)
    ):
        node = x._node = TapeLeaf(tuple(x._value.shape), x._value.dtype, x)
    for tape in tapes:
        tape.watch_node(node)


def others_need(tape: Recorder) -> bool:
    """Whether some other tape may still go through what this one recorded."""
    return any([other is not tape for other in living()])


def is_live(node: Node) -> bool:
    """Whether an operation on a Tensor with this node is to be recorded now (for nodes below the floor)."""
    for tape in state().tapes:
        if tape.admits(node):
            return True
    return is_foreign(node)


class Borders:
    """Whether graphs of other faces, or of the transforms of `tetragrad.api`, ever came in: most programs have none."""

    crossed = False


def is_foreign(node: Node) -> bool:
    """Whether a graph belongs to another face or a running transform too: it is recorded with or without a tape."""
    if not Borders.crossed:
        return False
    for reached in reach([node])[0]:
        if not reached.parents and not isinstance(reached, TapeLeaf) and reached.is_live():
            return True
    return False


class outside_tapes:
    """Context in which no tape records."""

    def __enter__(self) -> None:
        self._token = _state.set(OUTSIDE)

    def __exit__(self, *exc: object) -> None:
        _state.reset(self._token)
