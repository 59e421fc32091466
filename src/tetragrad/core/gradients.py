"""`.grad`: where backward passes leave the gradients of variables. All those of one pass arrive, or none."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from operator import add, call
from typing import Any

import numpy as np

from .levels import Boxed
from .locks import process_lock
from .mutation import is_exclusive
from .recording import recorded_call
from .tensor import PLAIN, Tensor

LARGE = 1 << 16  # bytes; below this, memory matters less than the moment that it takes to look who holds it

# Adding is a read and a write, so concurrent backward passes take turns. The handler of a signal may run one amidst
# another of its own thread: the lock lets it through, and the count of passes tells the other to begin anew.
turns = process_lock()
_passes = 0

store: Any = Tensor.__dict__["_grad"].__set__


def add_to_grads(owners: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
    """Add a gradient to the `.grad` of each owner. A gradient whose array nobody else holds takes the sum itself.

    A failure changes none of them, nor does a `KeyboardInterrupt`: all is made ready first and then done in one call
    into C, within which Python looks for no signal.
    """
    global _passes
    for owner in owners:
        if owner._receive_gradient is not None:
            _deliver(owners, gradients)
            return
    with turns:
        while True:
            seen = _passes
            sums: list[Any] = []
            totals = []
            for owner, new in zip(owners, gradients):
                old = getattr(owner, "_grad", None)
                totals.append(new if old is None and type(new._value) in PLAIN else _total(owner, old, new, sums))
            if len(totals) == 1 and not sums:
                if seen == _passes:
                    _passes = seen + 1
                    owner._grad = totals[0]
                    return
            else:
                act: Callable[[], Any] = partial(
                    deque, map(call, [*sums, *map(partial, repeat(store), owners, totals)]), 0
                )
                if seen == _passes:  # otherwise the handler of a signal was here in between
                    _passes = seen + 1
                    act()
                    return


def _deliver(owners: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
    """As `add_to_grads`, where the face of some owners has a way of its own (MXNet's buffers)."""
    others: list[tuple[Tensor, Tensor]] = []
    with turns:
        for owner, gradient in zip(owners, gradients):
            if owner._receive_gradient is None:
                others.append((owner, gradient))
            else:
                owner._receive_gradient(gradient)
        add_to_grads([owner for owner, _ in others], [gradient for _, gradient in others])


def _total(owner: Tensor, old: Tensor | None, new: Tensor, sums: list[Any]) -> Tensor:
    """The Tensor that will hold the sum; `sums` gets what must be done for that."""
    if isinstance(new._value, Boxed):
        new._value.check_write(owner, into_gradient=True)
    if old is None:
        return new
    value = old._value
    if old._node is not None or new._node is not None or type(value) not in PLAIN or type(new._value) not in PLAIN:
        return recorded_call(add, old, new)
    if value.nbytes > LARGE and is_exclusive(new):
        sums.append(partial(np.add, value, new._value, new._value))
        return new
    return type(new)(value + new._value, None)
