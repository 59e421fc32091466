"""The native entry: what it accepts, what it gives, and that it leaves nothing behind."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
import types

import numpy as np
import pytest
from tests.support.native_programs import add_kernel, program

import tetragrad as tg
from tetragrad.compile import abi, engine, entry
from tetragrad.compile.entry import make_entry
from tetragrad.compile.ir import Function
from tetragrad.compile.program import CallStep, KernelStep
from tetragrad.errors import OperationError


def doubling(*shape, dtype="f4", **more):
    made = program([(dtype, *shape)], [(dtype, *shape)])
    add_kernel(made, 0, 1, lambda b, x: x * 2, **more)
    return made


def through_arena(n=1000):
    """2 x + 1, by way of the arena."""
    made = program([("f8", n)], [("f8", n)], arena=[("f8", n)])
    add_kernel(made, 0, 1, lambda b, x: x * 2)
    add_kernel(made, 1, 2, lambda b, x: x + 1)
    return made


def primitive(value, multi=False):
    return types.SimpleNamespace(name="user_row", value=value, multi=multi)


def calling(value, shape=(3,), arena=False):
    """A call of `value` between two kernels: (x + 1), value, (x * 2)."""
    made = program([("f8", *shape)], [("f8", *shape)], arena=[("f8", *shape), ("f8", *shape)])
    if arena:
        made.arena_size += entry.ON_STACK
    add_kernel(made, 0, 1, lambda b, x: x + 1)
    made.steps.append(CallStep(primitive(value), (1,), {}, (2,), weak=(False,), where="model.py:3"))
    add_kernel(made, 2, 3, lambda b, x: x * 2)
    return made


# -- arguments ---------------------------------------------------------------------------------------------------------


def test_an_array_that_fits():
    f = make_entry(doubling(2, 3))
    x = np.arange(6, dtype="f4").reshape(2, 3)
    out = f(x)
    assert type(out) is np.ndarray and out.dtype == "f4" and out.flags.carray and out.flags.owndata
    np.testing.assert_array_equal(out, 2 * x)


@pytest.mark.parametrize(
    "argument",
    [
        np.ones((2, 3)), np.ones((2, 3), ">f4"), np.ones((3, 2), "f4"), np.ones(6, "f4"), np.ones((2, 3, 1), "f4"),
        np.ones((3, 2), "f4").T, np.ones((4, 3), "f4")[::2], np.ones((2, 3), "i4"), np.float32(1), 1.0, None, "x",
        np.ones((2, 3), "f4").view(np.matrix), np.ma.ones((2, 3), "f4"), [[1.0] * 3] * 2,
        np.frombuffer(b"x" * 25, "u1")[1:].view("f4").reshape(2, 3),
    ],
)  # fmt: skip
def test_an_argument_that_does_not_fit(argument):
    f = make_entry(doubling(2, 3))
    assert f(argument) is NotImplemented


def test_the_number_of_arguments():
    f = make_entry(doubling(3))
    x = np.ones(3, "f4")
    assert f() is NotImplemented and f(x, x) is NotImplemented
    with pytest.raises(TypeError):
        f(x=x)


def test_a_readonly_array_and_an_empty_one():
    x = np.ones(3, "f4")
    x.flags.writeable = False
    np.testing.assert_array_equal(make_entry(doubling(3))(x), [2, 2, 2])
    assert make_entry(doubling(0, 4))(np.ones((0, 4), "f4")).shape == (0, 4)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_scalars_and_0d_arrays(dtype):
    f = make_entry(doubling(dtype=dtype))
    kind = np.dtype(dtype).type
    for argument in (kind(3), np.array(3, dtype)):
        out = f(argument)
        assert type(out) is kind and out == 6
    assert f(3) is NotImplemented and f(3.0) is NotImplemented
    assert f(np.array(3, "c8")) is NotImplemented and f(np.complex64(3)) is NotImplemented


def test_boolean_scalars():
    made = program([("b1",)], [("b1",)])
    add_kernel(made, 0, 1, lambda b, x: ~x)
    f = make_entry(made)
    assert f(np.True_) is np.False_ and f(np.array(False)) is np.True_ and f(True) is NotImplemented


def test_a_weak_float():
    made = program([("f8",)], [("f4",)], weak=(0,))
    add_kernel(made, 0, 1, lambda b, x: x / 3)
    f = make_entry(made)
    assert f(1.0) == np.float32(1 / 3) and type(f(1.0)) is np.float32
    for argument in (1, np.float64(1), np.array(1.0), True, 1j):
        assert f(argument) is NotImplemented


def test_a_weak_complex():
    made = program([("c16",)], [("f8",)], weak=(0,))
    with Function(made.module, "imag", None, ["p", "i8", "i8"]) as b:
        b.store(b.load(b.arguments[0], "p", 1), b.load(b.load(b.arguments[0], "p", 0), "f8", 1))
    made.steps.append(KernelStep("imag", 1, (0,), (1,)))
    assert make_entry(made)(2 + 3j) == 3.0


def test_dtypes():
    """An input has this machine's byte order, whatever its dtype says."""
    f = make_entry(doubling(3, dtype=">f4"))
    assert f(np.ones(3, ">f4")) is NotImplemented
    out = f(np.ones(3, "f4"))
    assert out.dtype == np.dtype("f4") and (out == 2).all()
    made = program([("l", 2), ("q", 2)], [])
    made.outputs = [1]
    assert (make_entry(made)(np.ones(2, "l"), np.ones(2, "l")) == 1).all()
    for dtype in ("M8[s]", "U3", "O", "i4,i4"):
        with pytest.raises(TypeError, match="no machine code"):
            make_entry(program([(dtype, 3)], []))


# -- results -----------------------------------------------------------------------------------------------------------


def test_several_results():
    made = program([("f4", 3), ("f4",)], [("f4", 3), ("f8",)], constants=[np.arange(2.0), np.float64(7)])
    add_kernel(made, 0, 4, lambda b, x: x * 2)
    add_kernel(made, 1, 5, lambda b, x: x + 1)
    made.outputs = [4, 5, 4, 0, 2, 3, 1, 2]
    f = make_entry(made)
    x, s = np.ones(3, "f4"), np.float32(4)
    doubled, more, again, same, constant, number, scalar, constant_again = f(x, s)
    assert doubled is again and same is x and scalar is s and constant is constant_again
    np.testing.assert_array_equal(doubled, [2, 2, 2])
    np.testing.assert_array_equal(constant, [0, 1])
    assert type(more) is np.float64 and more == 5 and type(number) is np.float64 and number == 7
    constant[:] = 9  # belongs to the caller
    np.testing.assert_array_equal(f(x, s)[4], [0, 1])


def test_many_arguments_and_results():
    made = program([("f4", k, 2) for k in range(20)] + [("f8",)] * 3, [("f4", k, 2) for k in range(20)], weak=(21,))
    for k in range(20):
        add_kernel(made, k, 23 + k, lambda b, x: x + 1)
    f = make_entry(made)
    arguments = [np.full((k, 2), k, "f4") for k in range(20)] + [np.array(1.0), 2.0, np.float64(3)]
    for k, out in enumerate(f(*arguments)):
        np.testing.assert_array_equal(out, arguments[k] + 1)
    for k in range(23):
        wrong = list(arguments)
        wrong[k] = np.ones(3) if k != 21 else np.float64(2)
        assert f(*wrong) is NotImplemented
        wrong[k] = np.float32(1)
        assert f(*wrong) is NotImplemented


def test_no_result_and_no_step():
    assert make_entry(program([("f4", 2)], []))(np.ones(2, "f4")) == ()
    made = program([("f4", 2)], [])
    made.outputs = [0]
    x = np.ones(2, "f4")
    assert make_entry(made)(x) is x


def test_code_that_was_compiled_before():
    made = doubling(3)
    made.module.exports.append("kernel0")
    made.module.functions["kernel0"].internal = False
    made.module._bodies[0] = made.module._bodies[0].replace("define internal", "define")
    made.module = engine.compile(made.module)
    np.testing.assert_array_equal(make_entry(made)(np.ones(3, "f4")), [2, 2, 2])


def test_results_do_not_share_memory():
    f = make_entry(through_arena())
    x = np.arange(1000.0)
    outs = [f(x + k) for k in range(4)]
    for k, out in enumerate(outs):
        np.testing.assert_array_equal(out, 2 * (x + k) + 1)


@pytest.mark.parametrize("n", [3, 256, 257, 100_000])
def test_the_arena(n):
    f = make_entry(through_arena(n))
    for k in range(3):
        np.testing.assert_array_equal(f(np.full(n, float(k))), np.full(n, 2.0 * k + 1))


# -- nothing is left behind --------------------------------------------------------------------------------------------


def allocated_by(call, times=2000):
    """Bytes that the process has more after many calls."""
    import tracemalloc

    call()
    tracemalloc.start()
    try:
        for _ in range(20):
            call()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(times):
            call()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_calls_keep_no_memory_and_no_references():
    made = program([("f4", 3), ("f4",)], [("f4", 3), ("f8",)], constants=[np.arange(2.0)])
    add_kernel(made, 0, 3, lambda b, x: x * 2)
    add_kernel(made, 1, 4, lambda b, x: x + 1)
    made.outputs = [3, 4, 3, 0, 2]
    f = make_entry(made)
    x, s = np.ones(3, "f4"), np.float32(2.5)
    objects = [x, s, np.dtype("f4"), np.dtype("f8"), np.ndarray, f]
    gc.collect()  # other tests' garbage, which has references to dtypes
    counts = [sys.getrefcount(known) for known in objects]
    assert allocated_by(lambda: (f(x, s), f(x), f(x, 1.0), f(x.astype("f8"), s))) < 2000
    assert [sys.getrefcount(known) for known in objects] == counts


def test_the_program_is_freed_with_its_entry():
    def call():
        f = make_entry(through_arena(20_000))
        f(np.ones(20_000))

    assert allocated_by(call, 5) < 20_000


def fail_at(monkeypatch, name, count):
    """Let call number `count` of a C function fail as it would without memory."""
    real = abi.functions()[name]
    argument_types = [ctypes.c_void_p] * (8 if name == "PyArray_NewFromDescr" else 3)
    shape = ctypes.PYFUNCTYPE(ctypes.c_void_p, *argument_types)
    calls = []

    def failing(*arguments):
        calls.append(name)
        if len(calls) == count:
            if name == "PyArray_NewFromDescr":  # it takes the reference to the dtype in any case
                ctypes.pythonapi.Py_DecRef(ctypes.c_void_p(arguments[1]))
            return None
        return shape(real)(*arguments)

    fake = shape(failing)
    functions = abi.functions() | {name: abi.address_of(fake)}
    monkeypatch.setattr(abi, "functions", lambda: functions)
    return calls, fake


@pytest.mark.parametrize(
    ("name", "count"),
    [("PyArray_NewFromDescr", 1), ("PyArray_NewFromDescr", 2), ("PyArray_Scalar", 1), ("PyArray_Scalar", 2),
     ("PyTuple_New", 1), ("PyMem_RawMalloc", 1)],
)  # fmt: skip
def test_an_allocation_that_fails(monkeypatch, name, count):
    calls, _fake = fail_at(monkeypatch, name, count)
    made = program([("f8", 3), ("f8",)], [("f8", 3), ("f8", 3), ("f8",), ("f8",)], arena=[("f8", 3)])
    made.arena_size = entry.ON_STACK + 64
    add_kernel(made, 0, 2, lambda b, x: x * 2)
    for k in (3, 4):
        add_kernel(made, 2, k, lambda b, x: x + 1)
    for k in (5, 6):
        add_kernel(made, 1, k, lambda b, x: x + 1)
    f = make_entry(made)
    x, s = np.ones(3), np.float64(2)

    def failing():
        calls.clear()
        # The fake sets no exception, except where the entry itself does.
        with pytest.raises((SystemError, MemoryError)):
            f(x, s)

    failing()
    counts = sys.getrefcount(x), sys.getrefcount(s), sys.getrefcount(np.dtype("f8"))
    for _ in range(10):
        failing()
    assert (sys.getrefcount(x), sys.getrefcount(s), sys.getrefcount(np.dtype("f8"))) == counts
    assert allocated_by(failing, 200) < 4000
    calls[:] = [name] * 100  # from now on it succeeds
    np.testing.assert_array_equal(f(x, s)[0], [3, 3, 3])


@pytest.mark.parametrize("name", ["PyArray_Scalar", "PyArray_NewFromDescr"])
def test_the_only_result_fails(monkeypatch, name):
    calls, _fake = fail_at(monkeypatch, name, 1)
    f = make_entry(doubling() if name == "PyArray_Scalar" else doubling(3))
    x = np.float32(1) if name == "PyArray_Scalar" else np.ones(3, "f4")
    with pytest.raises(SystemError):
        f(x)
    np.testing.assert_array_equal(f(x), 2 * x)
    assert len(calls) == 2


def test_an_exception_where_an_argument_is_returned():
    def value(x):
        raise KeyError("broken")

    made = calling(value)
    made.outputs = [0]
    f, x = make_entry(made), np.ones(3)
    with pytest.raises(KeyError):
        f(x)


# -- calls back into Python --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arena", [False, True])
def test_a_call(arena):
    f = make_entry(calling(np.sort, arena=arena))
    np.testing.assert_array_equal(f(np.array([3.0, 1, 2])), [4, 6, 8])


def test_a_call_with_scalars_parameters_and_several_results():
    seen = []

    def value(x, s, w, *, power):
        seen.append((type(s), type(w)))
        return x**power + s, s * w

    made = program([("f8", 2), ("f8",), ("f8",)], [("f8", 2), ("f8",)], weak=(2,))
    made.steps.append(
        CallStep(primitive(value, multi=True), (0, 1, 2), {"power": 2}, (3, 4), weak=(False, False, True))
    )
    first, second = make_entry(made)(np.array([2.0, 3]), np.float64(1), 4.0)
    np.testing.assert_array_equal(first, [5, 10])
    assert second == 4 and type(second) is np.float64 and seen == [(np.float64, float)]


@pytest.mark.parametrize("arena", [False, True])
def test_an_exception_in_a_call(arena):
    def value(x):
        raise KeyError("broken")

    f = make_entry(calling(value, arena=arena))
    x = np.ones(3)

    def failing():
        with pytest.raises(KeyError, match="broken") as caught:
            f(x)
        return caught

    assert failing().value.__notes__ == ["in a compiled function, at model.py:3"]
    gc.collect()
    count = sys.getrefcount(x)
    assert allocated_by(failing, 200) < 20_000
    assert sys.getrefcount(x) == count


def test_a_call_that_gives_another_shape():
    f = make_entry(calling(lambda x: x[:2]))
    with pytest.raises(OperationError, match=r"user_row: gives shape \[2\], but gave \[3\]"):
        f(np.ones(3))


def test_a_call_may_keep_its_operands():
    kept = []

    def value(x):
        kept.append(x)
        return x

    f = make_entry(calling(value))
    f(np.ones(3))
    f(np.zeros(3))
    np.testing.assert_array_equal(kept, [[2, 2, 2], [1, 1, 1]])


def test_a_call_of_the_program_inside_itself():
    depth = [0]

    def value(x):
        depth[0] += 1
        return f(x) if depth[0] < 5 else x

    f = make_entry(calling(value, arena=True))
    expected = 1.0
    for _ in range(5):
        expected += 1
    np.testing.assert_array_equal(f(np.ones(3)), [expected * 2**5] * 3)


# -- threads -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 7, 1000, 100_001])
def test_a_kernel_in_pieces(two_threads, n):
    f = make_entry(doubling(n, dtype="f8", work=1e9))
    x = np.arange(float(n))
    for count in (1, 2, 3, 8):
        tg.threads(count)
        np.testing.assert_array_equal(f(x), 2 * x)


def test_callers_in_several_threads():
    f = make_entry(through_arena(50_000))
    f_long = make_entry(doubling(50_000, dtype="f8", work=1e9))
    wrong = []

    def work(k):
        x = np.full(50_000, float(k))
        for _ in range(50):
            if not (f(x) == 2 * k + 1).all() or not (f_long(x) == 2 * k).all():
                wrong.append(k)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def slow(n=200_000):
    """Some tenths of a second of arithmetic."""
    made = program([("f8", n)], [("f8", n)])

    def rule(b, x):
        y = x
        with b.loop(0, 300, carry=[y]) as (_, values):
            values[0] = values[0] * 0.5 + x
        return values[0]

    add_kernel(made, 0, 1, rule, work=1e9)
    return made


def test_the_lock_is_released():
    f = make_entry(slow(1_000_000))
    x = np.ones(1_000_000)
    counted, done = [], threading.Event()

    def count():
        while not done.wait(0.0005):
            counted.append(1)

    counter = threading.Thread(target=count)
    counter.start()
    try:
        before = len(counted)
        f(x)
        during = len(counted) - before
    finally:
        done.set()
        counter.join()
    assert during > 3


def test_an_interrupt_surfaces_after_the_call(two_threads):
    f = make_entry(slow())
    x = np.ones(200_000)

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            for _ in range(100):
                signal.setitimer(signal.ITIMER_REAL, 0.005)
                f(x)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (f(x) == 2).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_process(two_threads):
    f, g = make_entry(slow(50_000)), make_entry(through_arena(50_000))
    x = np.ones(50_000)
    f(x), g(x)
    child = os.fork()
    if child == 0:
        os._exit(0 if (f(x) == 2).all() and (g(x) == 3).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# -- without machine code for the entry --------------------------------------------------------------------------------


def test_the_entry_in_python(monkeypatch):
    monkeypatch.setattr(abi, "is_known", lambda: False)
    f = make_entry(calling(np.sort))
    np.testing.assert_array_equal(f(np.array([3.0, 1, 2])), [4, 6, 8])
    assert f(np.ones(2)) is NotImplemented and f() is NotImplemented and f(1.0) is NotImplemented
    scalar = make_entry(doubling())
    assert type(scalar(np.float32(2))) is np.float32 and scalar(np.array(2, "f4")) == 4

    def value(x):
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        make_entry(calling(value))(np.ones(3))
