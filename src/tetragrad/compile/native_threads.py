"""Kernels that several threads share: the machine code that starts them, and the number of threads it reads.

Threads live as long as one step: nothing is left behind that a fork could break, and small work starts none. They take
pieces of the extent from a common counter, so a thread that the system keeps busy elsewhere delays nobody; where no
thread is to be had, the caller does all pieces.
"""

from __future__ import annotations

import ctypes
from functools import cache

from ..core.threads import follow
from .abi import address_of
from .ir import Builder, Function, Module, Scalar

MINIMUM = 60_000.0  # ns of work that a second thread is worth
MOST = 256
PIECES = 4  # for each thread

COUNT = "tetragrad.thread_count"
_count = ctypes.c_int64(1)


def _set_count(n: int) -> None:
    _count.value = min(n, MOST)


follow(_set_count)


@cache
def symbols() -> dict[str, int]:
    """Addresses that the machine code names; without the system's functions where it has none."""
    found = {COUNT: ctypes.addressof(_count)}
    try:
        process = ctypes.CDLL(None)
        found |= {name: address_of(getattr(process, name)) for name in ("pthread_create", "pthread_join")}
    except (AttributeError, OSError, TypeError):
        pass
    return found


def emit_split(b: Builder, kernel: Scalar, buffers: Scalar, extent: int, work: float) -> None:
    """Call a kernel for all of its extent, by several threads if there is work for them."""
    most = min(extent, int(work / MINIMUM) + 1, MOST)
    if most == 1 or "pthread_create" not in symbols():
        b.call(kernel, None, [buffers, b.const("i8", 0), b.const("i8", extent)])
        return
    b.call(split(b.module), None, [kernel, buffers, b.const("i8", extent), b.const("i8", most)])


def split(module: Module) -> Function:
    """``split(kernel, buffers, extent, most)``: run by at most so many threads, the caller's among them."""
    if "split" in module.functions:
        return module.functions["split"]
    pieces = _pieces(module)
    function = Function(module, "split", None, ["p", "p", "i8", "i8"], internal=True, attributes="noinline")
    with function as b:
        kernel, buffers, extent, most = b.arguments
        if "pthread_create" not in symbols():
            most = b.const("i8", 1)
        allowed = b.load(b.address(COUNT), "i8")
        count = b.select(allowed < most, allowed, most)
        with b.if_(count < 2):
            b.call(kernel, None, [buffers, b.const("i8", 0), extent])
            b.ret()
        task, threads = b.alloca("i8", 5), b.alloca("i8", MOST)
        parts = count * PIECES
        for place, value in enumerate([b.const("i8", 0), extent, (extent + parts - 1) / parts]):
            b.store(task, value, place)
        b.store(task, kernel, 3)
        b.store(task, buffers, 4)
        with b.loop(1, count, carry=[b.const("i8", 0)]) as (_, started):
            thread = b.offset(threads, started[0] * 8)
            failed = b.call("pthread_create", "i4", [thread, b.null(), b.address(pieces), task])
            started[0] = started[0] + b.select(failed == 0, b.const("i8", 1), 0)
        b.call(pieces, "p", [task])
        with b.loop(0, started[0]) as (k, _):
            b.call("pthread_join", "i4", [b.load(threads, "i8", k), b.null()])
    return function


def _pieces(module: Module) -> Function:
    """``pieces(task)``: take pieces until none is left. The task: next start, extent, size of a piece, what to call."""
    function = Function(module, "pieces", "p", ["p"], internal=True)
    with function as b:
        (task,) = b.arguments
        extent, size = b.load(task, "i8", 1), b.load(task, "i8", 2)
        kernel, buffers = b.load(task, "p", 3), b.load(task, "p", 4)
        with b.repeat():
            start = b.fetch_add(task, size)
            b.break_if(start >= extent)
            stop = start + size
            b.call(kernel, None, [buffers, start, b.select(stop < extent, stop, extent)])
        b.ret(b.null())
    return function
