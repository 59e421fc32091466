"""Threads of compiled programs: the steps that share them, calls in between, what is left behind."""

from __future__ import annotations

import ctypes
import os
import threading
import types
from functools import cache
from itertools import pairwise
from time import sleep

import numpy as np
import pytest
from tests.support.native_programs import add_kernel, program

import tetragrad as tg
from tetragrad.compile import abi, blocked, native_threads
from tetragrad.compile.entry import make_entry
from tetragrad.compile.program import CallStep, GemmStep, Matrix

LONG = 1e9  # ns: work for any number of threads


@pytest.fixture(autouse=True)
def two_threads():
    before = tg.threads()
    tg.threads(2)
    yield
    tg.threads(before)
    native_threads.settle(1.0)


@pytest.fixture
def system(monkeypatch):
    """A function that lets the machine code find other functions of the system."""

    def change(symbols):
        monkeypatch.setattr(native_threads, "system", lambda: symbols)
        for module, of_one in [(native_threads, native_threads._library), (blocked, blocked._library)]:
            monkeypatch.setattr(module, "_library", cache(of_one.__wrapped__))

    yield change
    native_threads.settle(1.0)  # before the machine code is gone


def times(factor):
    return lambda b, x: x * factor


def chain(n, work):
    """Each step adds 1, then multiplies by its number; one after another, each with so much work."""
    arena = [("f8", n)] * (len(work) - 1)
    made = program([("f8", n)], [("f8", n)], arena=arena)
    for k, (ns, (source, target)) in enumerate(zip(work, pairwise(range(len(work) + 1))), 1):
        add_kernel(made, source, target, lambda b, x, k=k: (x + 1) * k, work=ns)
    return made


def chained(x, count):
    for k in range(1, count + 1):
        x = (x + 1) * k
    return x


def calling(value, n):
    """Doubled by threads, a call of `value`, doubled by threads twice."""
    made = program([("f8", n)], [("f8", n)], arena=[("f8", n)] * 3)
    add_kernel(made, 0, 1, times(2), work=LONG)
    row = types.SimpleNamespace(name="user_row", value=value, multi=False)
    made.steps.append(CallStep(row, (1,), {}, (2,), weak=(False,), where="model.py:3"))
    add_kernel(made, 2, 3, times(2), work=LONG)
    add_kernel(made, 3, 4, times(2), work=LONG)
    return made


def running():
    """The number of this process's threads, also those that Python does not know."""
    return len(os.listdir("/proc/self/task"))


@pytest.mark.parametrize("n", [1, 2, 3, 17, 1000, 100_001])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 1000])
def test_steps_that_share_threads(n, count):
    """Long ones and short ones mixed; the first are too short for a thread of their own."""
    work = [0.0, native_threads.JOINED, LONG, 0.0, LONG, native_threads.JOINED, native_threads.MINIMUM, 10.0]
    f = make_entry(chain(n, work))
    x = np.arange(float(n))
    tg.threads(count)
    for _ in range(3):
        np.testing.assert_array_equal(f(x), chained(x, len(work)))


def test_many_steps_one_after_another():
    """The record of one job is that of the next: none may be seen by a thread that comes late."""
    f = make_entry(chain(64, [LONG] * 100))
    x = np.arange(64.0)
    tg.threads(4)
    expected = chained(x, 100)
    for _ in range(50):
        np.testing.assert_array_equal(f(x), expected)


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs /proc")
def test_no_thread_is_left():
    entries = [make_entry(chain(5000, work)) for work in ([LONG], [LONG, 0.0], [0.0, LONG, LONG, 0.0])]
    x = np.ones(5000)
    entries.append(make_entry(calling(lambda x: x, 5000)))
    tg.threads(8)
    before = running()
    for f in entries * 5:
        f(x)
    native_threads.settle(5.0)
    for _ in range(1000):  # the system's own part of a thread's end
        if running() == before:
            break
        sleep(0.001)
    assert running() == before and native_threads._alive.value == 0


def test_small_programs_have_no_team():
    made = chain(1000, [100.0, native_threads.MINIMUM - 1])
    module = made.module
    make_entry(made)
    assert "threads" not in str(module)


def test_a_call_in_the_middle():
    f = make_entry(calling(lambda x: x + 1, 3000))
    x = np.arange(3000.0)
    for _ in range(5):
        np.testing.assert_array_equal(f(x), (2 * x + 1) * 4)


def test_an_error_in_the_middle():
    fails = [True]

    def value(x):
        if fails[0]:
            raise KeyError("broken")
        return x

    f = make_entry(calling(value, 3000))
    x = np.arange(3000.0)
    for _ in range(3):
        with pytest.raises(KeyError, match="broken"):
            f(x)
    fails[0] = False
    np.testing.assert_array_equal(f(x), 8 * x)


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_threads_that_the_system_refuses(system, allowed):
    """It gives the first few of a call and no more."""
    create = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 4)
    real, given = create(native_threads.system()["pthread_create"]), []

    def limited(*arguments):
        if len(given) >= allowed:
            return 11  # EAGAIN
        given.append(arguments)
        return real(*arguments)

    refuse = create(limited)
    system(native_threads.system() | {"pthread_create": abi.address_of(refuse)})
    tg.threads(4)
    f = make_entry(chain(1000, [LONG] * 3))
    x = np.arange(1000.0)
    for _ in range(3):
        given.clear()
        np.testing.assert_array_equal(f(x), chained(x, 3))
        native_threads.settle(1.0)
        assert len(given) == allowed


def test_memory_that_the_system_refuses(system):
    refuse = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t)(lambda size: None)
    system(native_threads.system() | {"malloc": abi.address_of(refuse)})
    x = np.arange(1000.0)
    np.testing.assert_array_equal(make_entry(chain(1000, [LONG] * 3))(x), chained(x, 3))


def test_a_system_without_threads(system):
    names = (native_threads.COUNT, native_threads.ALIVE)
    system({name: native_threads.system()[name] for name in names})
    made = program([("f4", 60, 60)], [("f4", 60, 60)])
    made.steps.append(GemmStep("f4", 60, 60, 60, *[Matrix(buffer, 60) for buffer in (0, 0, 1)]))
    x = np.ones((60, 60), "f4")
    np.testing.assert_array_equal(make_entry(made)(x), x @ x)
    x = np.arange(1000.0)
    np.testing.assert_array_equal(make_entry(chain(1000, [LONG] * 3))(x), chained(x, 3))


def test_threads_that_do_not_come(system):
    """The caller does not wait for a thread that the system has not begun to run; nor are ever more started."""
    create = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 4)
    real, kept = create(native_threads.system()["pthread_create"]), []

    def keep(thread, attributes, function, argument):
        kept.append((function, argument))
        return 0

    later = create(keep)
    nothing = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(lambda thread: 0)
    system(
        native_threads.system() | {"pthread_create": abi.address_of(later), "pthread_detach": abi.address_of(nothing)}
    )
    f = make_entry(chain(1000, [LONG] * 3))
    x = np.arange(1000.0)
    for _ in range(20):
        np.testing.assert_array_equal(f(x), chained(x, 3))
    assert len(kept) == 2 * native_threads.CROWD
    thread = ctypes.c_int64()
    for function, argument in kept:
        assert real(ctypes.addressof(thread), None, function, argument) == 0
    native_threads.settle(5.0)
    assert native_threads._alive.value == 0


@pytest.mark.parametrize("shape", [(300, 200, 150), (7, 500, 900)], ids=str)
def test_products_between_steps(shape):
    """What a step writes with several threads is what a product reads with them, and the other way round."""
    m, n, k = shape
    made = program([("f4", m, k), ("f4", k, n)], [("f4", m, n)], arena=[("f4", m, k), ("f4", m, n)])
    add_kernel(made, 0, 2, times(2), work=LONG)
    made.steps.append(GemmStep("f4", m, n, k, Matrix(2, k), Matrix(1, n), Matrix(3, n)))
    add_kernel(made, 3, 4, times(3), work=LONG)
    f = make_entry(made)
    rng = np.random.default_rng(0)
    a, b = rng.integers(-4, 5, (m, k)).astype("f4"), rng.integers(-4, 5, (k, n)).astype("f4")
    for count in (1, 2, 5):
        tg.threads(count)
        np.testing.assert_array_equal(f(a, b), 6 * (a @ b))


def test_the_same_function_in_many_threads():
    f = make_entry(chain(20_000, [LONG, 0.0, LONG]))
    wrong = []

    def work(k):
        x = np.full(20_000, float(k))
        for _ in range(40):
            if not (f(x) == chained(x, 3)).all():
                wrong.append(k)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forks_while_a_call_runs():
    f = make_entry(chain(200_000, [LONG] * 3))
    x = np.ones(200_000)
    expected, done, wrong = chained(x, 3), threading.Event(), []

    def work():
        while not done.is_set():
            if not (f(x) == expected).all():
                wrong.append(1)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(10):
            child = os.fork()
            if child == 0:
                os._exit(0 if (f(x) == expected).all() else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        done.set()
        worker.join()
    assert not wrong
