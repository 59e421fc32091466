"""The threads that large eager operations share, and how many there may be."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

_count: int | None = None
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
    return thread_count()


def run_together(work: Callable[[], None]) -> None:
    """Run `work` in all threads at once (they share out the pieces among themselves) and wait; errors are raised."""
    global _pool
    helpers = thread_count() - 1
    if helpers == 0:
        work()
        return
    if _pool is None or _pool[:2] != (os.getpid(), helpers):
        from concurrent.futures import ThreadPoolExecutor

        _pool = (os.getpid(), helpers, ThreadPoolExecutor(helpers, thread_name_prefix="tetragrad"))
    futures = [_pool[2].submit(copy_context().run, work) for _ in range(helpers)]
    try:
        work()
    finally:
        errors = [future.exception() for future in futures]
    for error in errors:
        if error is not None:
            raise error
