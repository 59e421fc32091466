"""Kernels that several threads share: the machine code that starts them, and the number of threads it reads.

Threads live as long as a stretch of native steps, at most: a program whose steps are all small starts none. They are
told of the steps, one job after another, in a record. A job is a kernel and its extent; threads cut pieces off what is
left of it, which become smaller towards the end, so a thread that the system keeps busy elsewhere delays nobody for
long. What the record says of a job may be read by whoever holds a piece of it, and by nobody else: the next job is
posted when all pieces are done. Where no thread is to be had, the caller does all pieces.

Nobody waits for threads to end, nor for those that come late because the cores are busy: they find nothing left, and
the last to leave frees the record. A fork, and the end of the process, wait until they are gone.
"""

from __future__ import annotations

import atexit
import ctypes
import os
from functools import cache
from time import monotonic, sleep

from ..core.threads import follow
from . import engine
from .abi import address_of
from .ir import Builder, Function, Module, Scalar

MINIMUM = 60_000.0  # ns of work that a second thread is worth
JOINED = 8_000.0  # ns of work that is worth a job for threads that are there already
MOST = 256
PIECES = 2  # for each thread, that what is left of a job would make
CROWD = 2  # threads that were started and have not ended, for each one that is allowed: no more are started then

# A thread without work asks so often for it, then lets others run so often between, then sleeps for some microseconds.
ASKED, YIELDED, ASLEEP = 1000, 300, 50

# Places in the record, in 8 bytes. Threads write to the first two, each of which has a cache line for itself.
LEFT, DONE, KERNEL, BUFFERS, EXTENT, PARTS, HOLDERS, MEMORY, CORES, LENGTH = 0, 8, 16, 17, 18, 19, 20, 21, 24, 40
BYTES = 128  # of a set of cores
OVER = -1  # what is left where nothing will follow
RECORD, STARTED = range(2)  # places in what the caller keeps of a team

POST, LEAVE = "threads.post", "threads.leave"
EVERYWHERE = ("pthread_create", "pthread_detach", "sched_yield", "usleep", "malloc", "free")
ON_LINUX = ("sched_getcpu", "sched_getaffinity", "sched_setaffinity", "pthread_setaffinity_np")
COUNT, ALIVE = "tetragrad.thread_count", "tetragrad.threads_alive"
_count, _alive = ctypes.c_int64(1), ctypes.c_int64(0)


def _set_count(n: int) -> None:
    _count.value = min(n, MOST)


follow(_set_count)


def settle(seconds: float) -> None:
    """Wait until all threads are gone, or for so long: one may be at work for another thread of Python."""
    end = monotonic() + seconds
    while _alive.value > 0 and monotonic() < end:
        sleep(0.0002)


def _forget() -> None:
    _alive.value = 0


atexit.register(settle, 0.5)  # the machine code will be taken away
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lambda: settle(0.01), after_in_child=_forget)


@cache
def system() -> dict[str, int]:
    """Addresses that the machine code names; without the system's functions where it has none."""
    found = {COUNT: ctypes.addressof(_count), ALIVE: ctypes.addressof(_alive)}
    try:
        process = ctypes.CDLL(None)
        for names in (EVERYWHERE, ON_LINUX):
            found |= {name: address_of(getattr(process, name)) for name in names}
    except (AttributeError, OSError, TypeError):
        pass
    return found


def symbols(module: Module) -> dict[str, int]:
    """Addresses of what the module calls to share its work."""
    return dict(_library().addresses) if not module.declarations.keys().isdisjoint((POST, LEAVE)) else {}


@cache
def _library() -> engine.Code:
    """The code that all programs share; it lives as long as the process, as threads may outlive a program."""
    module = engine.new_module("threads")
    _emit_post(module)
    _emit_leave(module)
    return engine.compile(module, system())


class Team:
    """The threads of a stretch of steps, while its code is written.

    Parameters
    ----------
    b : Builder
    work : float
        Nanoseconds of the longest job that will be posted: if that is not worth a thread there will be none.
    needed : bool
        Functions that post jobs of their own will be called.

    Attributes
    ----------
    place : Scalar or None
        What such functions take.
    """

    def __init__(self, b: Builder, work: float, needed: bool = False) -> None:
        self.place: Scalar | None = None
        if needed or work >= MINIMUM:
            self.place = b.alloca("i8", 2)
            b.store(self.place, b.null(), RECORD)
            b.store(self.place, b.const("i8", 0), STARTED)

    def post(self, b: Builder, kernel: Scalar, buffers: Scalar, extent: int, work: float) -> None:
        """Call a kernel for all of its extent, by several threads if there is work for them."""
        most = min(extent, int(work / MINIMUM) + 1, MOST)
        if self.place is None or (most == 1 and (work < JOINED or extent == 1)):
            b.call(kernel, None, [buffers, b.const("i8", 0), b.const("i8", extent)])
            return
        post(b, self.place, kernel, buffers, b.const("i8", extent), b.const("i8", most))

    def leave(self, b: Builder) -> None:
        """The end of the stretch."""
        if self.place is not None:
            with b.if_(b.load(self.place, "p", RECORD) != b.null()):
                b.call(LEAVE, None, [self.place])


def post(b: Builder, team: Scalar, kernel: Scalar, buffers: Scalar, extent: Scalar, most: Scalar) -> None:
    """Call all of a kernel; so many threads are worth starting for it, and those that are there help in any case."""
    b.call(POST, None, [team, kernel, buffers, extent, most])


# -- the library -------------------------------------------------------------------------------------------------------


def _emit_post(module: Module) -> None:
    with Function(module, POST, None, ["p", "p", "p", "i8", "i8"]) as b:
        team, kernel, buffers, extent, most = b.arguments
        if "pthread_create" not in system():
            b.call(kernel, None, [buffers, b.const("i8", 0), extent])
            return
        share, wait, start = _emit_share(module), _emit_wait(module), _emit_start(module)
        allowed = b.load(b.address(COUNT), "i8")
        wanted = b.select(allowed < most, allowed, most) - 1
        with b.if_(b.load(team, "i8", STARTED) < wanted):
            b.call(start, None, [team, wanted, allowed])
        record = b.load(team, "p", RECORD)
        with b.if_(record == b.null()):
            b.call(kernel, None, [buffers, b.const("i8", 0), extent])
            b.ret()
        for place, value in [(KERNEL, kernel), (BUFFERS, buffers), (EXTENT, extent), (DONE, b.const("i8", 0))]:
            b.store(record, value, place)
        b.release(record, extent)
        b.call(share, None, [record])
        with b.repeat([b.const("i8", 0)]) as turns:
            b.break_if(b.acquire(b.offset(record, DONE * 8), "i8") == extent)
            b.call(wait, None, [turns[0]])
            turns[0] = turns[0] + 1


def _emit_leave(module: Module) -> None:
    """``leave(team)``: nothing will follow. The team has a record."""
    with Function(module, LEAVE, None, ["p"]) as b:
        (team,) = b.arguments
        if "pthread_create" in system():
            record = b.load(team, "p", RECORD)
            b.release(record, b.const("i8", OVER))
            _let_go(b, record)


def _emit_start(module: Module) -> Function:
    """``start(team, wanted, allowed)``: more threads for a team, which gets a record if it has none."""
    work = _emit_work(module)
    function = Function(module, "start", None, ["p", "i8", "i8"], internal=True)
    with function as b:
        team, wanted, allowed = b.arguments
        with b.if_(b.load(team, "p", RECORD) == b.null()):
            memory = b.call("malloc", "p", [b.const("i8", (LENGTH + 8) * 8)])
            with b.if_(memory == b.null()):
                b.ret()
            record = b.convert((b.convert(memory, "i8") + 63) & -64, "p")
            numbers = [(LEFT, b.const("i8", 0)), (PARTS, allowed * PIECES), (HOLDERS, b.const("i8", 1))]
            for place, value in [*numbers, (MEMORY, memory)]:
                b.store(record, value, place)
            b.store(team, record, RECORD)
        record, thread, one = b.load(team, "p", RECORD), b.alloca("i8"), b.const("i8", 1)
        elsewhere = _other_cores(b, record) if "pthread_setaffinity_np" in system() else None
        holders, alive = b.offset(record, HOLDERS * 8), b.address(ALIVE)
        with b.loop(b.load(team, "i8", STARTED), wanted) as (k, _):
            b.break_if(b.acquire(alive, "i8") >= allowed * CROWD)
            b.fetch_add(holders, one)
            b.fetch_add(alive, one)
            failed = b.call("pthread_create", "i4", [thread, b.null(), b.address(work), record]) != 0
            with b.if_(failed):
                b.fetch_add(holders, -one)
                b.fetch_add(alive, -one)
            b.break_if(failed)
            if elsewhere is not None:
                b.call("pthread_setaffinity_np", "i4", [b.load(thread, "i8"), b.const("i8", BYTES), elsewhere])
            b.call("pthread_detach", "i4", [b.load(thread, "i8")])
            b.store(team, k + 1, STARTED)
    return function


def _other_cores(b: Builder, record: Scalar) -> Scalar:
    """The set of cores that the process may use without this one; all of them are written in the record.

    Where a new thread begins is up to the system, which may let it wait for the very core that the caller keeps busy.
    """
    everywhere, cores = b.offset(record, CORES * 8), b.alloca("i8", BYTES // 8)
    b.zero(everywhere, BYTES)
    b.call("sched_getaffinity", "i4", [b.const("i4", 0), b.const("i8", BYTES), everywhere])
    b.copy(cores, everywhere, BYTES)
    core = b.convert(b.call("sched_getcpu", "i4", []), "i8")
    with b.if_((core >= 0) & (core < BYTES * 8)):
        word = core / 64
        b.store(cores, b.load(cores, "i8", word) & ~(b.const("i8", 1) << core % 64), word)
    return cores


def _emit_work(module: Module) -> Function:
    """``work(record)``: what a thread does until it is over."""
    share, idle = module.functions["share"], module.functions["wait"]
    function = Function(module, "work", "p", ["p"], internal=True)
    with function as b:
        (record,) = b.arguments
        if "pthread_setaffinity_np" in system():  # it is on its way: from now on it may be anywhere
            everywhere = b.offset(record, CORES * 8)
            b.call("sched_setaffinity", "i4", [b.const("i4", 0), b.const("i8", BYTES), everywhere])
        with b.repeat([b.const("i8", 0)]) as turns:
            left = b.acquire(record, "i8")
            b.break_if(left == OVER)

            def help() -> list[Scalar]:
                b.call(share, None, [record])
                return [b.const("i8", 0)]

            def wait() -> list[Scalar]:
                b.call(idle, None, [turns[0]])
                return [turns[0] + 1]

            turns[:] = b.choose(left > 0, help, wait)
        _let_go(b, record)
        b.fetch_add(b.address(ALIVE), b.const("i8", -1))
        b.ret(b.null())
    return function


def _let_go(b: Builder, record: Scalar) -> None:
    with b.if_(b.fetch_add(b.offset(record, HOLDERS * 8), b.const("i8", -1)) == 1):
        b.call("free", None, [b.load(record, "p", MEMORY)])


def _emit_share(module: Module) -> Function:
    """``share(record)``: do pieces of the job until none is left."""
    function = Function(module, "share", None, ["p"], internal=True)
    with function as b:
        (record,) = b.arguments
        parts = b.load(record, "i8", PARTS)
        with b.repeat():
            left = b.acquire(record, "i8")
            b.break_if(left <= 0)
            size = (left + parts - 1) / parts
            # Where it is another job's `left` meanwhile, which happens to be as much, the piece is one of that job.
            with b.if_(b.replace(record, left, left - size)):
                start = b.load(record, "i8", EXTENT) - left
                b.call(b.load(record, "p", KERNEL), None, [b.load(record, "p", BUFFERS), start, start + size])
                b.fetch_add(b.offset(record, DONE * 8), size)
    return function


def _emit_wait(module: Module) -> Function:
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
