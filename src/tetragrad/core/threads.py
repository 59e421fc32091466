"""The threads that large eager operations share, and how many there may be."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Any

BLOCK = 1 << 17  # elements; the threads hand the interpreter to one another at each operation of a block

_count: int | None = None
_followers: list[Callable[[int], None]] = []
_pool: tuple[int, int, Any] | None = None  # (process, size, executor): a forked child makes its own


def thread_count() -> int:
    """How many threads an operation on large arrays may use."""
    global _count
    if _count is None:
        try:
            _count = max(1, int(os.environ["OMP_NUM_THREADS"].split(",")[0]))
        except (KeyError, ValueError):
            _count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _count


def threads(n: int | None = None) -> int:
    """Set or ask for the number of threads that operations on large arrays may use.

    Parameters
    ----------
    n : int, optional
        The new number, at least 1. The default is OMP_NUM_THREADS if set, else the number of usable cores.

    Returns
    -------
    int
        The number in force. BLAS has its own setting.

    Notes
    -----
    Elementary functions of at least 2**20 elements are computed by the compiler's code instead of NumPy's, within 2
    units of the last place; with TETRAGRAD_NATIVE=0 in the environment NumPy computes them all.

    Raises
    ------
    ValueError
        If `n` is less than 1.

    Examples
    --------
    >>> import tetragrad as tg
    >>> before = tg.threads()
    >>> tg.threads(1)
    1
    >>> tg.threads(before) == before
    True
    """
    global _count
    if n is not None:
        if n < 1:
            raise ValueError(f"threads: at least 1 thread is needed, got {n}")
        _count = int(n)
        for set_count in _followers:
            set_count(_count)
    return thread_count()


def follow(set_count: Callable[[int], None]) -> None:
    """Call `set_count` with the number of threads, now and whenever it is set."""
    _followers.append(set_count)
    set_count(thread_count())


class _Current(threading.local):
    """Of each thread: how many elements the array has of which it computes a block, 0 outside."""

    whole = 0


current = _Current()


def cut(size: int, row: int = 1) -> list[slice]:
    """Blocks of arrays of so many elements, counted in rows of `row` elements; none has fewer than BLOCK elements."""
    rows, least = size // row, -(-BLOCK // row)
    count = max(rows // least, 1)
    edges = [rows * k // count & -64 if row == 1 else rows * k // count for k in range(count)]
    return [slice(start, stop) for start, stop in zip(edges, [*edges[1:], rows])]


def share(blocks: Sequence[slice], size: int, work: Callable[[int, slice], None]) -> None:
    """``work(number, block)`` for each of the blocks of arrays of so many elements, each in one of the threads."""
    take = deque(enumerate(blocks)).popleft  # atomic, with and without the GIL: each block goes to one thread

    def take_all() -> None:
        before, current.whole = current.whole, size
        try:
            while True:
                try:
                    number, block = take()
                except IndexError:
                    return
                work(number, block)
        finally:
            current.whole = before

    run_together(take_all)


def run_together(work: Callable[[], None]) -> None:
    """Run `work` in all threads at once (they share out the pieces among themselves) and wait; errors are raised.

    `work` must be complete when one thread has run it alone: helpers that are busy elsewhere, or that the system
    refuses, are done without.
    """
    held = [work]
    helpers = _start_helpers(held)
    try:
        work()
    finally:
        held.clear()  # those who have not begun find nothing left to do; nobody waits for them
        errors = [helper.exception() for helper in helpers if not helper.cancel()]
        helpers.clear()
    for error in errors:
        if error is not None:
            try:
                raise error
            finally:
                del error, errors  # it knows this frame, which therefore must not know it


def _help(held: list[Callable[[], None]]) -> None:
    """What helpers do. When one is done, or comes late, it holds nothing of the work: its arrays are free at once."""
    for work in held.copy():
        work()


def _start_helpers(held: list[Callable[[], None]]) -> list[Any]:
    """Futures of the work that is held, in the other threads, each in a copy of this context."""
    global _pool
    count = thread_count() - 1
    helpers: list[Any] = []
    if count == 0:
        return helpers
    pool = _pool
    try:
        if pool is None or pool[:2] != (os.getpid(), count):
            from concurrent.futures import ThreadPoolExecutor

            _pool = pool = (os.getpid(), count, ThreadPoolExecutor(count, thread_name_prefix="tetragrad"))
        for _ in range(count):
            helpers.append(pool[2].submit(copy_context().run, _help, held))
    except RuntimeError:  # no thread to be had: the interpreter is shutting down, or the system's limit is reached
        pass
    return helpers
