"""Memory for large results, used again: a page that the process touches for the first time costs more than most
operations that write it, and the allocator gives large blocks back to the system."""

from __future__ import annotations

import math
import sys
import threading
from typing import Any

import numpy as np

LARGE = 1 << 20  # bytes; smaller arrays the allocator keeps by itself
LIMIT = 1 << 28  # bytes kept at most

_arrays: list[Any] = []
_lock = threading.Lock()
_counts_are_exact = getattr(sys, "_is_gil_enabled", lambda: True)()


def empty(shape: tuple[int, ...], dtype: Any) -> Any:
    """An uninitialised array, perhaps one that nobody holds any more.

    The pool keeps the array objects themselves: when only the pool refers to one, neither a view nor a node nor a user
    can see its memory.
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < LARGE or size > LIMIT or dtype.hasobject or not _counts_are_exact:
        return np.empty(shape, dtype)
    with _lock:
        for position in range(len(_arrays)):
            if sys.getrefcount(_arrays[position]) == _FREE:
                array = _arrays[position]
                if array.shape == shape and array.dtype == dtype and array.flags.carray:
                    _arrays.append(_arrays.pop(position))  # the one used last goes last
                    return array
    array = np.empty(shape, dtype)
    with _lock:
        _arrays.append(array)
        held = sum([kept.nbytes for kept in _arrays])
        while held > LIMIT:
            held -= _arrays.pop(0).nbytes
    return array


def clear() -> None:
    """Give all memory that nobody uses back."""
    with _lock:
        _arrays.clear()


def _count_free() -> int:
    """What `sys.getrefcount` says of an entry of a list that nobody else holds."""
    entries = [np.zeros(1)]
    position = 0
    return sys.getrefcount(entries[position])


_FREE = _count_free()
