"""Kernels that several threads share: the machine code that starts them, and the number of threads it reads.

Threads live as long as a stretch of native steps: nothing is left behind that a fork could break, and a program whose
steps are all small starts none. The stretch has a `Team`, a record on the caller's stack, in which the caller posts one
job after another. A job is a kernel and its extent; threads cut pieces off what is left of it, which become smaller
towards the end, so a thread that the system keeps busy elsewhere delays nobody for long. What the record says of a job
may be read by whoever holds a piece of it, and by nobody else: the next job is posted when all pieces are done. Where
no thread is to be had, the caller does all pieces.
"""

from __future__ import annotations

import ctypes
from functools import cache

from ..core.threads import follow
from . import engine
from .abi import address_of
from .ir import Builder, Function, Module, Scalar

MINIMUM = 60_000.0  # ns of work that a second thread is worth
JOINED = 8_000.0  # ns of work that is worth a job for threads that are there already
MOST = 256
PIECES = 2  # for each thread, that what is left of a job would make

# A thread without work asks so often for it, then lets others run so often between, then sleeps for some microseconds.
ASKED, YIELDED, ASLEEP = 1000, 300, 50

# Places in the record, in 8 bytes. Threads write to the first two, each of which has a cache line for itself.
LEFT, DONE, KERNEL, BUFFERS, EXTENT, PARTS, STARTED, THREADS = 0, 8, 16, 17, 18, 19, 20, 21
OVER = -1  # what is left where nothing will follow

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
        names = ("pthread_create", "pthread_join", "sched_yield", "usleep")
        found |= {name: address_of(getattr(process, name)) for name in names}
    except (AttributeError, OSError, TypeError):
        pass
    return found


def _exist() -> bool:
    return "pthread_create" in symbols()


class Team:
    """The threads of a stretch of steps, while its code is written.

    Parameters
    ----------
    b : Builder
    work : float
        Nanoseconds of the longest job that will be posted: if that is not worth a thread there will be none.
    needed : bool
        The record is needed in any case.

    Attributes
    ----------
    record : Scalar or None
    """

    def __init__(self, b: Builder, work: float, needed: bool = False) -> None:
        self.record: Scalar | None = None
        if needed or (work >= MINIMUM and _exist()):
            self.record = b.alloca("i8", THREADS + MOST)
            parts = b.load(b.address(COUNT), "i8") * PIECES
            for place, value in [(LEFT, b.const("i8", 0)), (PARTS, parts), (STARTED, b.const("i8", 0))]:
                b.store(self.record, value, place)

    def post(self, b: Builder, kernel: Scalar, buffers: Scalar, extent: int, work: float) -> None:
        """Call a kernel for all of its extent, by several threads if there is work for them."""
        most = min(extent, int(work / MINIMUM) + 1, MOST)
        if self.record is None or (most == 1 and (work < JOINED or extent == 1)):
            b.call(kernel, None, [buffers, b.const("i8", 0), b.const("i8", extent)])
            return
        b.call(post(b.module), None, [self.record, kernel, buffers, b.const("i8", extent), b.const("i8", most)])

    def leave(self, b: Builder) -> None:
        """The end of the stretch."""
        if self.record is not None and _exist():
            b.call(_leave(b.module), None, [self.record])


def post(module: Module) -> Function:
    """``post(team, kernel, buffers, extent, most)``: run all of a kernel; so many threads are worth starting for it."""
    if "post" in module.functions:
        return module.functions["post"]
    function = Function(module, "post", None, ["p", "p", "p", "i8", "i8"], internal=True, attributes="noinline")
    with function as b:
        team, kernel, buffers, extent, most = b.arguments
        if not _exist():
            b.call(kernel, None, [buffers, b.const("i8", 0), extent])
            return function
        share, wait, work = _share(module), _wait(module), _work(module)
        allowed = b.load(b.address(COUNT), "i8")
        wanted = b.select(allowed < most, allowed, most) - 1
        started = b.load(team, "i8", STARTED)
        with b.loop(started, wanted) as (k, _):
            thread = b.offset(team, (k + THREADS) * 8)
            b.break_if(b.call("pthread_create", "i4", [thread, b.null(), b.address(work), team]) != 0)
            b.store(team, k + 1, STARTED)
        with b.if_(b.load(team, "i8", STARTED) == 0):
            b.call(kernel, None, [buffers, b.const("i8", 0), extent])
            b.ret()
        for place, value in [(KERNEL, kernel), (BUFFERS, buffers), (EXTENT, extent), (DONE, b.const("i8", 0))]:
            b.store(team, value, place)
        b.release(team, extent)
        b.call(share, None, [team])
        with b.repeat([b.const("i8", 0)]) as turns:
            b.break_if(b.acquire(b.offset(team, DONE * 8), "i8") == extent)
            b.call(wait, None, [turns[0]])
            turns[0] = turns[0] + 1
    return function


def _leave(module: Module) -> Function:
    """``leave(team)``: wait until its threads are gone."""
    if "leave" in module.functions:
        return module.functions["leave"]
    function = Function(module, "leave", None, ["p"], internal=True, attributes="noinline")
    with function as b:
        (team,) = b.arguments
        b.release(team, b.const("i8", OVER))
        with b.loop(0, b.load(team, "i8", STARTED)) as (k, _):
            b.call("pthread_join", "i4", [b.load(team, "i8", k + THREADS), b.null()])
    return function


def _work(module: Module) -> Function:
    """``work(team)``: what a thread does until it is over."""
    function = Function(module, "work", "p", ["p"], internal=True)
    with function as b:
        (team,) = b.arguments
        with b.repeat([b.const("i8", 0)]) as turns:
            left = b.acquire(team, "i8")
            b.break_if(left == OVER)

            def help() -> list[Scalar]:
                b.call(module.functions["share"], None, [team])
                return [b.const("i8", 0)]

            def wait() -> list[Scalar]:
                b.call(module.functions["wait"], None, [turns[0]])
                return [turns[0] + 1]

            turns[:] = b.choose(left > 0, help, wait)
        b.ret(b.null())
    return function


def _share(module: Module) -> Function:
    """``share(team)``: do pieces of the job until none is left."""
    function = Function(module, "share", None, ["p"], internal=True)
    with function as b:
        (team,) = b.arguments
        parts = b.load(team, "i8", PARTS)
        with b.repeat():
            left = b.acquire(team, "i8")
            b.break_if(left <= 0)
            size = (left + parts - 1) / parts
            # Where it is another job's `left` meanwhile, which happens to be as much, the piece is one of that job.
            with b.if_(b.replace(team, left, left - size)):
                start = b.load(team, "i8", EXTENT) - left
                b.call(b.load(team, "p", KERNEL), None, [b.load(team, "p", BUFFERS), start, start + size])
                b.fetch_add(b.offset(team, DONE * 8), size)
    return function


def _wait(module: Module) -> Function:
    """``wait(turn)``: let a little time pass; the more turns there were already, the more."""
    function = Function(module, "wait", None, ["i8"], internal=True)
    with function as b:
        (turn,) = b.arguments
        with b.if_(turn < ASKED):
            if engine.host().triple.startswith("x86_64"):
                b.call("llvm.x86.sse2.pause", None, [])
            b.ret()
        with b.if_(turn < ASKED + YIELDED):
            b.call("sched_yield", "i4", [])
            b.ret()
        b.call("usleep", "i4", [b.const("i4", ASLEEP)])
    return function
