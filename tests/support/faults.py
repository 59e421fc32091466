"""Faults on demand: an exception at the k-th operation of a program, or at the k-th point where a signal may arrive."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from inspect import CO_GENERATOR
from pathlib import Path

import tetragrad
from tetragrad.core.primitive import TABLE
from tetragrad.core.recording import RecordingMode

SOURCES = str(Path(tetragrad.__file__).parent)


class Planned(Exception):
    """The exception that users' code might raise."""


KINDS = (Planned, KeyboardInterrupt, MemoryError)


class Counter:
    """Counts events and raises at one of them."""

    def __init__(self):
        self.start()

    def start(self, fault_at=None, kind=Planned):
        self.count, self.fault_at, self.kind = 0, fault_at, kind

    def tick(self):
        self.count += 1
        if self.count == self.fault_at:
            raise self.kind

    def survive(self, act, fault_at, kind):
        """Run `act` with a fault; whether the fault came out of it. Nothing of the exception is kept."""
        self.start(fault_at, kind)
        try:
            act()
        except KINDS:
            return True
        finally:
            self.fault_at = None
        return False

    def events(self, act):
        """How many events there are in `act`."""
        self.start()
        act()
        return self.count


# --- operations -------------------------------------------------------------------------------------------------------
VALUES = ("value", "scalar_value", "array_value")  # what doors call the NumPy function
RULES = ("vjp", "jvp", "batch")


@contextmanager
def counted_operations():
    """Every value and every rule of the table counts twice: when it begins, and when it has its result."""
    counter = Counter()
    undo = []

    def counted(function):
        def wrapper(*args, **kwargs):
            counter.tick()
            out = function(*args, **kwargs)
            counter.tick()
            return out

        return wrapper

    def doors(door, seen):
        """A door with those inside it; they keep the NumPy function in their closures."""
        if not hasattr(door, "__closure__") or door in seen:
            return
        seen.add(door)
        for name, cell in zip(door.__code__.co_freevars, door.__closure__ or ()):
            if name in VALUES and cell.cell_contents is not None:
                undo.append((lambda cell, old: setattr(cell, "cell_contents", old), cell, cell.cell_contents))
                cell.cell_contents = counted(cell.cell_contents)
            elif name in ("door", "unlinked"):
                doors(cell.cell_contents, seen)

    seen = set()
    for primitive in TABLE.values():
        doors(primitive.door, seen)
        for name in ("value", *RULES):
            old = getattr(primitive, name)
            undo.append((lambda primitive, old, name=name: setattr(primitive, name, old), primitive, old))
            setattr(primitive, name, counted(old))
    try:
        yield counter
    finally:
        for restore, owner, old in reversed(undo):
            restore(owner, old)


# --- signals ----------------------------------------------------------------------------------------------------------
class Signals(Counter):
    """Counts the points inside tetragrad where the interpreter may run a signal handler, and raises at one of them.

    Those are where a function begins and where a call has returned. (Jumps backward are left out: nothing but loops.)
    """

    def profile(self, frame, event, arg):
        code = frame.f_code
        if event == "c_call" or event == "c_exception" or not code.co_filename.startswith(SOURCES):
            return
        if code.co_flags & CO_GENERATOR:
            return  # when a generator is dropped, Python itself swallows what is raised in it
        if code is EXIT and event == "call":
            return  # see docs/robustness.md: the one gap, at the end of a user's `with tg.no_grad()`
        if code is ENTER and event == "return":
            return  # called by the `with` statement, which looks for no signal between this and its block
        self.tick()

    def survive(self, act, fault_at, kind):
        return super().survive(lambda: self._watched(act), fault_at, kind)

    def events(self, act):
        return super().events(lambda: self._watched(act))

    def _watched(self, act):
        sys.setprofile(self.profile)
        try:
            act()
        finally:
            sys.setprofile(None)


class Handler(Signals):
    """Runs a function at one of those points, as the handler of a signal may, instead of raising."""

    def __init__(self, act):
        super().__init__()
        self.act = act

    def tick(self):
        self.count += 1
        if self.count == self.fault_at:
            sys.setprofile(None)
            self.act()
            sys.setprofile(self.profile)


EXIT, ENTER = RecordingMode.__exit__.__code__, RecordingMode.__enter__.__code__
