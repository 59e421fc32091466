"""Looking for the operation that makes the first infinity or nan: NumPy tells, and the dialect's error names it.

What is watched is the arithmetic of this thread's operations, forward and backward: values that come in as nan pass.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..core.primitive import TABLE

# What NumPy did before the watch began, None if nobody watches.
_before: ContextVar[Any] = ContextVar("tetragrad_numerics", default=None)


def watch(error: Callable[[str, str], Exception]) -> None:
    """From now on, in this thread, raise ``error(operation, kind)`` where a value becomes infinite or nan."""
    if _before.get() is None:
        _before.set((np.geterr(), np.geterrcall()))

    def found(kind: str, flag: int) -> None:
        raise error(_operation(), kind)

    np.seterr(divide="call", over="call", invalid="call")
    np.seterrcall(found)


def unwatch() -> None:
    """Let infinities and nan arise again."""
    before = _before.get()
    if before is not None:
        kinds, handler = before
        np.seterr(**kinds)
        np.seterrcall(handler)
        _before.set(None)


def is_watched() -> bool:
    """Whether infinities and nan raise, in this thread."""
    return _before.get() is not None


def silently() -> AbstractContextManager[Any]:
    """Context without NumPy's warnings of infinities and nan, unless these are watched for."""
    return nullcontext() if _before.get() is not None else np.errstate(divide="ignore", over="ignore", invalid="ignore")


def _operation() -> str:
    """The name of the operation that runs: some frame below knows its row of the table, or is that of a rule."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        for known in ("primitive", "self", "node"):
            row = frame.f_locals.get(known)
            row = row if known != "node" else getattr(row, "primitive", None)
            name = getattr(row, "name", None)
            if isinstance(name, str) and TABLE.get(name) is row:
                return name + ("_grad" if known == "node" else "")
        frame = frame.f_back
    return "unknown"
