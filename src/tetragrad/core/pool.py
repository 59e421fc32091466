"""Memory for large results, used again: a page that the process touches for the first time costs more than most
operations that write it, and the allocator gives large blocks back to the system."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from .locks import FREE_THREADED, process_lock

LARGE = 1 << 20  # bytes; smaller arrays the allocator keeps by itself
LIMIT = 1 << 28  # bytes kept at most

_SEEN = (1 << 25) - (1 << 13)  # just below the most that it learns from

_arrays: list[Any] = []
_lock = process_lock()


def empty(shape: tuple[int, ...], dtype: Any) -> Any:
    """An uninitialised array, perhaps one that nobody holds any more.

    The pool keeps the array objects themselves: when only the pool refers to one, neither a view nor a node nor a user
    can see its memory.
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < LARGE or size > LIMIT or dtype.hasobject or FREE_THREADED:
        return np.empty(shape, dtype)
    with _lock:
        for position, array in enumerate(_arrays):
            if sys.getrefcount(array) == _FREE and array.shape == shape and array.dtype == dtype and array.flags.carray:
                _arrays[position : position + 1] = []  # a slice: the handler of a signal may have been here
                _arrays.append(array)  # the one used last goes last
                return array
    if not _arrays:
        # The C library keeps freed blocks up to the size of the largest that was freed; those here never are, so it
        # would give the temporaries of operations on parts of them back to the system each time.
        np.empty(_SEEN, np.uint8)
    array = np.empty(shape, dtype)
    with _lock:
        _arrays.append(array)
        held = sum([kept.nbytes for kept in _arrays])
        while held > LIMIT and _arrays:
            held -= _arrays.pop(0).nbytes
    return array


def holds(array: Any) -> bool:
    """Whether the pool refers to this array, besides those who use it."""
    return array.nbytes >= LARGE and any([kept is array for kept in _arrays])


def clear() -> None:
    """Give all memory that nobody uses back."""
    with _lock:
        _arrays.clear()


def _count_free() -> int:
    """What `sys.getrefcount` says, in a loop like that of `empty`, of an entry of a list that nobody else holds."""
    for _, array in enumerate([np.zeros(1)]):
        return sys.getrefcount(array)
    raise AssertionError


_FREE = _count_free()
