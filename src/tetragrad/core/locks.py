"""Locks that survive forks and the handlers of signals, and those that only free-threaded Python needs."""

from __future__ import annotations

import functools
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

FREE_THREADED = not getattr(sys, "_is_gil_enabled", lambda: True)()


def process_lock() -> Any:
    """A lock for one thread at a time, as a context manager.

    Its thread may take it again: the handler of a signal may run amidst what it guards. In a forked child it is free:
    who held it does not exist there.
    """
    lock: Any = threading.RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lock._at_fork_reinit)
    return lock


_passing: weakref.WeakSet[Any] = weakref.WeakSet()


def passing_lock() -> Any:
    """The same, for an object that does not live as long as the process."""
    lock = threading.RLock()
    _passing.add(lock)
    return lock


def _free_in_child() -> None:
    for lock in list(_passing):
        if not lock._is_owned():
            lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_in_child)


def fork_lock() -> Any:
    """The same, but a fork waits until nobody has it: for what a forked child could not use half done."""
    lock = threading.RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock


importing = fork_lock()  # for imports that come when something is first used: a child would wait for them for ever


def one_at_a_time(function: F) -> F:
    """A function whose steps no other thread may come between: what the global lock grants, free threading must."""
    if not FREE_THREADED:
        return function
    lock = process_lock()

    @functools.wraps(function)
    def in_turn(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return function(*args, **kwargs)

    return in_turn  # type: ignore[return-value]
