"""What runs in one loop nest, what is in memory, and how exact the arithmetic is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.compiled import assert_agrees, traced

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.compile.entry import make_entry
from tetragrad.compile.graph import Graph, Op, Value
from tetragrad.compile.plan import build
from tetragrad.compile.program import CallStep, GemmStep, KernelStep
from tetragrad.core.primitive import TABLE


def normal(*shape, dtype=np.float32):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)


def kernels(program):
    """The kernels but those that add up parts."""
    return [step for step in program.steps if isinstance(step, KernelStep) and step.fused != ("combine",)]


def arena(program):
    return sum([buffer.nbytes for buffer in program.buffers if buffer.kind == "arena"])


def mixture(u):
    return tnp.sum(tnp.tanh(u) * tnp.exp(-u * u) + tnp.sin(u))


def layer_norm(x, scale, shift):
    centred = x - tnp.mean(x, axis=-1, keepdims=True)
    variance = tnp.mean(centred**2, axis=-1, keepdims=True)
    return centred / tnp.sqrt(variance + 1e-5) * scale + shift


def cross_entropy(z, labels):
    z = z - tnp.logsumexp(z, axis=1, keepdims=True)
    return -tnp.mean(tnp.take_along_axis(z, labels[:, None], axis=1))


def test_value_and_gradient_in_one_pass():
    graph, arguments = traced(tg.value_and_grad(mixture), normal(100_000))
    program = assert_agrees(graph, arguments, factor=3)
    assert len(kernels(program)) == 1
    assert arena(program) < 4096


def test_cross_entropy_in_one_pass():
    z, labels = normal(300, 100), np.arange(300) % 100
    graph, arguments = traced(lambda z, labels: tg.value_and_grad(lambda z: cross_entropy(z, labels))(z), z, labels)
    program = assert_agrees(graph, arguments, factor=3)
    assert len([step for step in kernels(program) if 0 in step.reads]) == 1
    assert arena(program) < 4096


def test_layer_norm_in_one_pass():
    weights = normal(400, 64)

    def gradient(x, scale, shift, weights):
        return tg.grad(lambda p: tnp.sum(layer_norm(*p) * weights))([x, scale, shift])

    graph, arguments = traced(gradient, weights[::-1].copy(), normal(64), normal(64), weights)
    program = assert_agrees(graph, arguments, factor=10)
    assert len(kernels(program)) == 1
    assert arena(program) < 3 * 16 * 64 * 8


def test_update_of_three_arrays():
    def adam(p, m, v, g):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        return p - 1e-3 * m / (tnp.sqrt(v) + 1e-8), m, v

    program = assert_agrees(*traced(adam, *[abs(normal(50, 20)) for _ in range(4)]))
    assert len(kernels(program)) == 1
    assert arena(program) == 0


def test_kernels_name_all_that_runs_inside():
    def f(a, b):
        c = a.T[::2] * 2.0 + b
        return tnp.tanh(c) - 1.0, tnp.sum(tnp.abs(c), axis=0)

    graph, arguments = traced(f, normal(20, 20), normal(10, 20))
    names = [name for step in kernels(assert_agrees(graph, arguments)) for name in step.fused]
    assert set(names) == {op.name for op in graph.ops}
    (step,) = kernels(assert_agrees(*traced(lambda a: -(a.T * 2.0) + 1.0, normal(20, 30))))
    assert step.fused == ("transpose", "multiply", "negative", "add")


def test_transposes_and_slices_are_not_copied():
    def f(x, y):
        return tnp.transpose(x)[1:, ::-1] * y[None, :]

    program = assert_agrees(*traced(f, normal(30, 20), normal(30)))
    assert len(program.steps) == 1
    program = assert_agrees(*traced(lambda x, y: x.T @ y.T, normal(60, 50), normal(70, 60)))
    assert [type(step) for step in program.steps] == [GemmStep]


def test_what_windows_are_taken_of_is_stored():
    def f(x, k):
        return tg.nn.conv2d(tg.nn.max_pool2d(x, 2), k)

    program = assert_agrees(*traced(f, normal(2, 3, 12, 12), normal(4, 3, 3, 3)))
    assert sum([step.flops for step in kernels(program)]) == 3 * 2 * 3 * 6 * 6


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8])
@pytest.mark.parametrize("length", range(1, 18))
def test_short_rows(length, dtype):
    def f(x, y):
        return x[:, ::-1] * y + 1, tnp.sum(x * y, axis=1), tnp.max(x, axis=0), tnp.argmin(y, axis=1)

    x, y = [(10 * normal(*shape)).astype(dtype) for shape in [(5, length), (5, length)]]
    assert_agrees(*traced(f, x, y))


@pytest.mark.parametrize("axis", [None, 0, 1, 2, (0, 1), (1, 2), (0, 2)])
@pytest.mark.parametrize("shape", [(7, 5, 9), (64, 300, 3), (2, 1, 4000), (1100, 2, 8)])
def test_reductions(shape, axis):
    def f(x):
        return [op(x * 2, axis=axis) for op in (tnp.sum, tnp.mean, tnp.max, tnp.min)]

    assert_agrees(*traced(f, normal(*shape)), factor=3)
    assert_agrees(*traced(lambda x: tnp.logsumexp(x, axis=axis), normal(*shape)), factor=3)
    assert_agrees(*traced(lambda x: x - tnp.mean(x, axis=axis, keepdims=True), normal(*shape)), factor=3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_are_as_exact_as_numpy(dtype):
    x = (np.random.default_rng(1).normal(size=1_000_003) + 0.3).astype(dtype)
    exact = math.fsum(x.tolist())
    graph, arguments = traced(tnp.sum, x)
    got = make_entry(build(graph))(*arguments)
    assert abs(float(got) - exact) <= max(abs(float(np.sum(x)) - exact), np.finfo(dtype).eps * abs(exact))


def test_rows_that_need_their_extremes():
    x = np.array([[-np.inf, -np.inf], [0, np.nan], [np.inf, 1], [1e30, -1e30]])

    def f(x):
        return tnp.logsumexp(x, axis=1), tnp.max(x, axis=1), tnp.argmax(x, axis=1)

    assert_agrees(*traced(f, x))


INTEGERS = ["int8", "int32", "int64", "uint8", "uint64", "bool"]
BINARY = [
    "add", "subtract", "multiply", "floor_divide", "remainder", "fmod", "left_shift", "right_shift", "maximum",
    "minimum", "bitwise_xor", "less", "logical_and", "fmax",
]  # fmt: skip


@pytest.mark.parametrize("dtype", [*INTEGERS, "float32"])
@pytest.mark.parametrize("name", BINARY)
def test_numpy_semantics(name, dtype):
    """Wraparound, division by zero, signs of remainders, shifts beyond the width, zeros and nan: the same bits."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        values = [0.0, -0.0, 1, -1, 2.5, -2.5, np.inf, -np.inf, np.nan, 1e-30]
    elif dtype.kind == "b":
        values = [True, False]
    else:
        info = np.iinfo(dtype)
        values = [0, 1, 2, 3, 7, info.max, info.max - 1, info.min, info.min + 1]
        values += [-1, -2, -7] if dtype.kind == "i" else [8, 31]
    x = np.array(values, dtype)
    x, y = np.ascontiguousarray(x[:, None]), np.ascontiguousarray(x[None, :])
    with np.errstate(all="ignore"):
        try:
            out = TABLE[name].value(x, y)
        except TypeError:
            pytest.skip("NumPy has no such loop")
        operands = [Value.of(x), Value.of(y)]
        op = Op(TABLE[name], operands, {})
        op.outputs = (Value.of(out, op),)
        program = build(Graph(operands, [op], op.outputs), check=True)
        assert not [step for step in program.steps if isinstance(step, CallStep)]
        got = make_entry(program)(x, y)
    np.testing.assert_array_equal(got, out)
    if out.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(got) | np.isnan(got), np.signbit(out) | np.isnan(out))


def test_positions_outside_raise():
    x, positions = normal(5, 3), np.array([0, -1, 4])
    graph, arguments = traced(lambda x, i: tnp.take(x, i, axis=0) * 2, x, positions)
    entry = make_entry(build(graph))
    np.testing.assert_array_equal(entry(*arguments), x[positions] * 2)
    for wrong in (5, -6):
        with pytest.raises(IndexError, match="out of bounds"):
            entry(x, np.array([0, wrong, 0]))
    np.testing.assert_array_equal(entry(*arguments), x[positions] * 2)


def test_repeated_positions_add_up():
    x, positions = normal(6, 4), np.array([2, 0, 2, 2, -1])

    def f(x, i):
        return tg.grad(lambda x: tnp.sum(tnp.take(x, i, axis=0) ** 2))(x)

    program = assert_agrees(*traced(f, x, positions))
    assert not [step for step in program.steps if isinstance(step, CallStep) and step.only_if is None]


def test_long_chains():
    def waves(x):
        for _ in range(60):
            x = tnp.sin(x)
        return tnp.sum(x)

    def layers(x):
        for _ in range(20):
            x = tnp.tanh(x - tnp.mean(x, axis=1, keepdims=True))
        return tnp.sum(x)

    def polynomial(x):
        y = x
        for _ in range(400):
            y = y * 0.5 + x
        return tnp.sum(y)

    for f, x in ((waves, normal(4)), (waves, normal(5000)), (layers, normal(6, 7)), (polynomial, normal(10))):
        assert_agrees(*traced(tg.value_and_grad(f), x), factor=30)


def test_rare_arguments():
    """sin of huge numbers, which is computed in another way, beside a sum and an accumulation over rows."""
    x = normal(40, 30, dtype=np.float64)
    x[3, 4], x[7, 1] = 1e30, -1e10

    def f(x):
        y = tnp.sin(x)
        return tnp.sum(y), tnp.sum(y, axis=0), tnp.sum(y, axis=1), tnp.cos(x)

    assert_agrees(*traced(f, x), factor=10)


def test_a_kernel_writes_over_what_nothing_reads_after_it():
    x, w = normal(64, 64), normal(64, 64) / 8

    def chain(x, w):
        for _ in range(4):
            x = 2 * tnp.sin(x @ w)
        return x @ w

    graph, arguments = traced(chain, x, w)
    program = assert_agrees(graph, arguments, factor=20)
    over = [step for step in kernels(program) if set(step.reads) & set(step.writes)]
    between = [buffer for buffer in program.buffers if buffer.kind == "arena" and buffer.shape == x.shape]
    assert len(over) == len(between) == 4


@pytest.mark.parametrize("later", [lambda h: h[::-1], lambda h: h.T, lambda h: h[:1]])
def test_a_kernel_does_not_write_over_what_it_reads_elsewhere(later):
    x, w = normal(64, 64), normal(64, 64) / 8

    def function(x, w):
        h = x @ w
        return (tnp.sin(h) * 2 + later(h)) @ w

    graph, arguments = traced(function, x, w)
    program = assert_agrees(graph, arguments, factor=20)
    assert not [step for step in kernels(program) if set(step.reads) & set(step.writes)]


@pytest.mark.parametrize("part", [lambda h: h[:-1], lambda h: h[:8], lambda h: h[:, :-1]])
def test_loops_over_a_part_are_not_loops_over_the_whole(part):
    x = normal(34, 33)

    def function(x):
        h = tnp.log(tnp.abs(x) + 1)
        return h, tnp.concatenate([x[:1, : part(x).shape[1]], part(h)])

    graph, arguments = traced(function, x)
    program = assert_agrees(graph, arguments, factor=20)
    copies = [step for step in kernels(program) if "concatenate" in step.fused]
    assert not [step for step in copies if "log" in step.fused and len(step.writes) > 1]
