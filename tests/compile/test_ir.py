"""The builder of LLVM IR and the engine: values, memory, control, calls, object code."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from tetragrad.compile import engine, ir
from tetragrad.compile.values import literal

CTYPES = {
    "f4": ctypes.c_float, "f8": ctypes.c_double, "p": ctypes.c_void_p, "i1": ctypes.c_int8, "i2": ctypes.c_int16,
    "i4": ctypes.c_int32, "i8": ctypes.c_int64, "u1": ctypes.c_uint8, "u2": ctypes.c_uint16, "u4": ctypes.c_uint32,
    "u8": ctypes.c_uint64, "b1": ctypes.c_bool, None: None,
}  # fmt: skip


def build(result, arguments, body, module=None):
    """Compile a function whose body is `body(b, *arguments)`; what the body gives is returned."""
    module = module or engine.new_module("test")
    with ir.Function(module, "f", result, arguments) as b:
        value = body(b, *b.arguments)
        if value is not None:
            b.ret(value)
    code = engine.compile(module)
    function = ctypes.CFUNCTYPE(CTYPES[result], *[CTYPES[a] for a in arguments])(code["f"])
    function.code = code  # keeps the machine code mapped
    return function


def pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


@pytest.mark.parametrize("type", ["f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_arithmetic_is_numpys(type):
    dtype = np.dtype(type).type
    x, y = dtype(7), dtype(3)
    assert build(type, [type, type], lambda b, x, y: (x + y) * 2 - y)(x, y) == 17
    assert build("b1", [type, type], lambda b, x, y: (x > y) & (x != y) & ~(x <= y) & (x >= y) & ~(x == y))(x, y)
    if type[0] != "f":
        assert (
            build(type, [type, type], lambda b, x, y: (x / y) + (x % y) + (x << 1) + (x >> 1) + (x & y) + (x ^ y))(x, y)
            == 2 + 1 + 14 + 3 + 3 + 4
        )
    else:
        assert build(type, [type, type], lambda b, x, y: 1 / (x / y))(x, y) == 1 / (x / y)


def test_integers_wrap_and_unsigned_shifts_are_logical():
    assert build("i1", ["i1"], lambda b, x: x + 1)(127) == -128
    assert build("u1", ["u1"], lambda b, x: x - 1)(0) == 255
    assert build("u4", ["u4"], lambda b, x: x >> 31)(2**32 - 1) == 1
    assert build("i4", ["i4"], lambda b, x: x >> 31)(-5) == -1
    assert build("b1", ["u8"], lambda b, x: x > 1)(2**64 - 1)


def test_comparisons_with_nan_are_ieee():
    nan = float("nan")
    assert not build("b1", ["f8"], lambda b, x: (x < 1) | (x >= 1) | (x == x))(nan)
    assert build("b1", ["f8"], lambda b, x: x != x)(nan)


@pytest.mark.parametrize("source", ["f4", "f8", "i1", "u1", "i4", "u4", "i8", "u8", "b1"])
@pytest.mark.parametrize("target", ["f4", "f8", "i1", "u1", "i4", "u4", "i8", "u8", "b1"])
def test_conversions_are_cs(source, target):
    value = {"f": 3.75, "i": -3, "u": 200, "b": True}[source[0]]
    array = np.array([value], "?" if source == "b1" else source)
    wanted = array.astype("?" if target == "b1" else target)
    out = np.zeros_like(wanted)

    def body(b, x, y):
        b.store(y, b.convert(b.load(x, source), target))

    build(None, ["p", "p"], body)(pointer(array), pointer(out))
    assert out == wanted


@pytest.mark.parametrize("value", [0.1, -0.0, 1e-45, 3.4e38, float("inf"), float("-inf"), float("nan"), 1e39, 16777217])
def test_float_literals_are_rounded_as_numpy_rounds(value):
    with np.errstate(over="ignore"):
        wanted = np.array(value, np.float32)
    found = np.float32(build("f4", [], lambda b: b.const("f4", value))())
    assert found.tobytes() == wanted.tobytes() or (np.isnan(value) and np.isnan(found))


def test_integer_literals_wrap():
    assert literal("u1", -1) == "-1"
    assert literal("i8", 2**64 - 2) == "-2"
    with pytest.raises(TypeError, match=r"0\.5"):
        literal("i4", 0.5)


def test_functions_of_one_number():
    def body(b, x):
        return b.floor(x) + 10 * b.ceil(x) + 100 * b.trunc(x) + 1000 * b.rint(x) + b.sqrt(b.abs(x)) + b.copysign(1.0, x)

    assert build("f8", ["f8"], body)(-2.25) == -3 - 20 - 200 - 2000 + 1.5 - 1
    assert build("i4", ["i4"], lambda b, x: b.abs(x))(-3) == 3
    nan = float("nan")
    assert np.isnan(build("f8", ["f8"], lambda b, x: b.maximum(x, 1.0))(nan))
    assert build("f8", ["f8"], lambda b, x: b.maxnum(x, 1.0) + b.minnum(x, 1.0))(nan) == 2
    assert build("u1", ["u1"], lambda b, x: b.minimum(x, 100) + b.maximum(x, 3))(200) == (100 + 200) % 256
    assert build("f8", ["f8", "f8", "f8"], lambda b, x, y, z: b.fma(x, y, z))(2, 3, 4) == 10


@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_loop_carries_values(count):
    def body(b, x, n):
        with b.loop(0, n, carry=[b.const("f8", 0), b.const("i8", 0)]) as (i, carried):
            carried[0] = carried[0] + b.load(x, "f8", i)
            carried[1] = carried[1] + i
        return carried[0] + b.convert(carried[1], "f8")

    x = np.arange(100.0)
    assert build("f8", ["p", "i8"], body)(pointer(x), count) == 2 * sum(range(count))


def test_loops_nest_step_and_count_down():
    def body(b, n):
        total = b.const("i8", 0)
        with b.loop(0, n, 3, carry=[total]) as (i, outer):
            with b.loop(i, -1, -1, carry=[outer[0]]) as (j, inner):
                inner[0] = inner[0] + j
            outer[0] = inner[0]
        return outer[0]

    assert build("i8", ["i8"], body)(10) == sum(sum(range(i + 1)) for i in range(0, 10, 3))


def test_break_if_and_repeat():
    def first_zero(b, x, n):
        with b.loop(0, n, carry=[b.const("i8", -1)]) as (i, found):
            found[0] = i
            b.break_if(b.load(x, "i8", i) == 0)
            found[0] = b.const("i8", -1)
        return found[0]

    f = build("i8", ["p", "i8"], first_zero)
    x = np.array([3, 1, 0, 5])
    assert [f(pointer(x), n) for n in (4, 2)] == [2, -1]

    def collatz(b, n):
        with b.repeat([n, b.const("i8", 0)]) as values:
            b.break_if(values[0] == 1)
            even = (values[0] & 1) == 0
            values[0] = b.select(even, values[0] >> 1, 3 * values[0] + 1)
            values[1] = values[1] + 1
        return values[1]

    assert build("i8", ["i8"], collatz)(27) == 111


def test_if_and_choose():
    def clip(b, x):
        with b.if_(x > 10, likely=False):
            b.ret(10)
        return b.choose(x < 0, lambda: [x * x], lambda: [x + 1])[0]

    f = build("i8", ["i8"], clip)
    assert [f(v) for v in (11, 3, -3)] == [10, 4, 9]


def test_functions_call_each_other_addresses_and_symbols():
    module = engine.new_module("calls")
    with ir.Function(module, "square", "f8", ["f8"], internal=True) as b:
        b.ret(b.arguments[0] * b.arguments[0])

    double = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(lambda x: 2 * x)
    address = ctypes.cast(double, ctypes.c_void_p).value

    def body(b, x):
        inner = b.call("square", "f8", [x]) + b.call(address, "f8", [x]) + b.call("cos", "f8", [x])
        return inner + b.call(b.address("square"), "f8", [x])

    assert build("f8", ["f8"], body, module)(3.0) == 9 + 6 + np.cos(3.0) + 9
    assert module.exports == ["f"]

    def named(b, x):
        return b.call("given", "f8", [x])

    module = engine.new_module("symbols")
    with ir.Function(module, "f", "f8", ["f8"]) as b:
        b.ret(b.call("given", "f8", [b.arguments[0]]))
    code = engine.compile(module, {"given": address})
    assert ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(code["f"])(4.0) == 8
    with pytest.raises(RuntimeError, match="symbols"):
        build("f8", ["f8"], named)


def test_tables_variables_stack_and_blocks_of_memory():
    module = engine.new_module("memory")
    table = module.table(np.array([1.5, 2.5, 4.5]))
    assert module.table(np.array([1.5, 2.5, 4.5])) == table
    counter = module.variable(8)

    def body(b, out, flags):
        place = b.address(counter)
        b.store(place, b.load(place, "i8") + 1)
        local = b.alloca("f8", 4)
        b.zero(local, 32)
        b.copy(local, b.address(table), 24)
        b.store(local, b.convert(b.load(place, "i8"), "f8"), 3)
        b.copy(out, local, 32)
        b.store(flags, b.load(flags, "b1") ^ True)
        b.store(b.offset(flags, 1), b.load(flags, "b1", 1))

    f = build(None, ["p", "p"], body, module)
    out, flags = np.empty(4), np.array([True, True])
    f(pointer(out), pointer(flags))
    f(pointer(out), pointer(flags))
    assert out.tolist() == [1.5, 2.5, 4.5, 2.0] and flags.tolist() == [True, True]


def test_disjoint_arrays_are_marked():
    module = engine.new_module("disjoint")
    with ir.Function(module, "f", "f4", ["p", "p"]) as b:
        x, y = b.disjoint(b.arguments)
        before = b.load(x, "f4")
        b.store(y, before + 1)
        b.ret(before + b.load(b.offset(x, 0), "f4"))
    assert str(module).count("!noalias") == 3


def test_vectors():
    lanes, n = 8, 21
    module = engine.new_module("vectors")
    with ir.Function(module, "f", "f4", ["p", "p", "p", "i8"]) as b:
        x, flags, out, count = b.arguments
        total = b.alloca("f4")
        b.store(total, b.const("f4", 0))
        for i, width in b.spans(0, count, lanes, 1):
            value = b.load(x, "f4", i, width)
            chosen = b.select(b.load(flags, "b1", i, width), value * 2 + 1, b.maximum(value, 3))
            b.store(out, chosen, i)
            b.store(total, b.load(total, "f4") + b.fold(chosen, lambda low, high: low + high))
        b.ret(b.load(total, "f4"))
    x, flags, out = np.arange(n, dtype="f4") % 6, np.arange(n) % 3 == 0, np.empty(n, "f4")
    code = engine.compile(module)
    arguments = [ctypes.c_void_p] * 3
    f = ctypes.CFUNCTYPE(ctypes.c_float, *arguments, ctypes.c_int64)(code["f"])
    wanted = np.where(flags, x * 2 + 1, np.maximum(x, 3))
    assert f(pointer(x), pointer(flags), pointer(out), n) == wanted.sum() and np.array_equal(out, wanted)


@pytest.mark.parametrize("step", [-1, 1, 2, 3])
def test_vectors_of_elements_at_a_distance(step):
    module = engine.new_module("steps")
    with ir.Function(module, "f", None, ["p", "p", "i8"]) as b:
        x, out, start = b.arguments
        value = b.load(x, "f8", start, 4, step)
        b.store(out, value, start, step)
        places = start + b.numbers("i8", [0, step, 2 * step, 3 * step])
        b.store(out, b.load(x, "f8", places + 12), places + 12)
    x, out = np.arange(30.0), np.zeros(30)
    code = engine.compile(module)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(code["f"])(pointer(x), pointer(out), 5)
    wanted = np.zeros(30)
    for k in range(4):
        for place in (5 + k * step, 17 + k * step):
            wanted[place] = place
    assert np.array_equal(out, wanted)


def test_mistakes_are_refused_while_building():
    with pytest.raises(TypeError, match="must return"), ir.Function(ir.Module("m"), "f", "f8", []):
        pass
    with ir.Function(ir.Module("m"), "f", None, ["f8", "f4", "p"]) as b:
        x, y, p = b.arguments
        with pytest.raises(TypeError, match="f8 expected, not f4"):
            x + y
        with pytest.raises(TypeError, match="select or if_"):
            bool(x > 1)
        with pytest.raises(TypeError, match="no 'and' of f8"):
            x & 1
        with pytest.raises(TypeError, match="of p"):
            p + 1
        with pytest.raises(TypeError, match="sizes differ"):
            b.bitcast(x, "i4")
        with pytest.raises(TypeError, match="returns None"):
            b.ret(x)
        b.call("external", "f8", [x])
        with pytest.raises(TypeError, match="two signatures"):
            b.call("external", "f8", [y])
    with pytest.raises(ValueError, match="already"):
        module = ir.Module("m")
        ir.Function(module, "f", None, [])
        ir.Function(module, "f", None, [])


def test_object_code_is_loaded_again():
    module = engine.new_module("object")
    with ir.Function(module, "f", "i8", ["i8"]) as b:
        b.ret(b.arguments[0] * 3)
    code = engine.load(engine.emit(module), module.exports)
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(code["f"])(5) == 15
    assert engine.host().key and engine.load(code.object_code, ["f"])["f"] != code["f"]


def test_threads_compile_at_once():
    found = []

    def work(k):
        found.append(build("i8", ["i8"], lambda b, x: x + k)(1) == k + 1)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


def test_dumps_and_clean_exit():
    program = """
from tetragrad.compile import engine, ir
module = engine.new_module("dumped")
with ir.Function(module, "f", "i8", ["i8"]) as b:
    b.ret(b.arguments[0] * 3)
code = engine.compile(module)
"""
    environment = {"TETRAGRAD_DUMP": "llvm,asm", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "define i64 @f(i64" in done.stderr and ".globl" in done.stderr
