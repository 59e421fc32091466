"""`.grad`: where backward passes leave the gradients of variables. All those of one pass arrive, or none."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Sequence
from operator import add
from typing import Any

import numpy as np

from .mutation import is_exclusive
from .recording import recorded_call
from .tensor import PLAIN, Tensor

LARGE = 1 << 16  # bytes; below this, memory matters less than the moment that it takes to look who holds it

# Adding is a read and a write, so concurrent backward passes take turns. Reentrant: a signal handler may run one too.
_turns = threading.RLock()


def _renew_turns() -> None:
    """In a forked child: the lock may be held by a thread that does not exist there."""
    global _turns
    _turns = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_turns)

store: Any = Tensor.__dict__["_grad"].__set__


def add_to_grads(owners: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
    """Add a gradient to the `.grad` of each owner.

    A failure changes none of them, nor does a `KeyboardInterrupt`: first all sums are made, then one call into C, where
    no signal is looked for, stores them. Where a gradient's array belongs to nobody else, it takes the sum.
    """
    with _turns:
        totals = [_total(getattr(owner, "_grad", None), new) for owner, new in zip(owners, gradients)]
        if len(owners) == 1:
            owners[0]._grad = totals[0]
        else:
            deque(map(store, owners, totals), maxlen=0)


def _total(old: Tensor | None, new: Tensor) -> Tensor:
    if old is None:
        return new
    value = old._value
    if old._node is not None or new._node is not None or type(value) not in PLAIN or type(new._value) not in PLAIN:
        return recorded_call(add, old, new)
    if value.nbytes > LARGE and is_exclusive(new):
        np.add(value, new._value, out=new._value)
        return new
    return type(new)(value + new._value, None)
