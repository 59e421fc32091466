"""Compiled functions as their users call them."""

import asyncio
import gc
import pickle
import threading
import weakref
from dataclasses import dataclass

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.compile import specialize as making
from tetragrad.compile.compiled import CACHE_SIZE, compile
from tetragrad.errors import CompileWarning, EscapedValueError, ShapeError, UntraceableError

x = np.array([0.5, -1.5, 2.0])
y = np.array([1.0, 2.0, 3.0])


def assert_same(found, expected):
    assert type(found) is type(expected), (type(found), type(expected))
    if isinstance(expected, (tuple, list)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            assert_same(found[key], expected[key])
    else:
        one, other = [np.asarray(v.numpy() if isinstance(v, tg.Tensor) else v) for v in (found, expected)]
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        if one.dtype.kind in "fc":
            np.testing.assert_allclose(one, other, rtol=8 * np.finfo(one.dtype).eps, atol=1e-300)
        else:
            np.testing.assert_array_equal(one, other)


def scaled(a):
    return tnp.sum(tnp.sin(a) * a)


@dataclass
class Pair:
    left: object
    right: object


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda a: a * 2.0, (x,)),
        (lambda a: a, (x,)),
        (lambda a: (a, a), (x,)),
        (lambda a, b: {"sum": tnp.sum(a), "pair": [a + b, (a > b, 3)]}, (x, y)),
        (lambda p: p["w"] @ p["v"] + p["n"][0], ({"w": x, "v": y, "n": [2.0]},)),
        (lambda p: Pair(p.right, p.left * 2).left, (Pair(x, y),)),
        (lambda a: tnp.zeros(3) + tnp.ones(3), (x,)),
        (lambda a, n: a[:n], (x, 2)),
        (lambda a, flip: a[::-1] if flip else a, (x, True)),
        (lambda a, s: a * s, (x.astype("f4"), 0.1)),
        (lambda a, s: a * (2 * s + 1), (x.astype("f4"), 0.1)),
        (lambda a, s: a * s, (x.astype("f4"), np.float64(0.1))),
        (lambda a: tnp.mean(a), (np.float32(2.0),)),
        (lambda a: a.reshape(3, 1).T, (x,)),
        (lambda a: a // 2 + a % 3, (np.array([5, -5, 7]),)),
        (lambda a: tnp.sum(a, axis=0), (np.zeros((0, 3)),)),
        (lambda a: a * 1j, (x,)),
        (tg.grad(scaled), (x,)),
        (tg.value_and_grad(scaled), (x,)),
        (tg.hessian(scaled), (x,)),
        (tg.vmap(tg.grad(scaled)), (np.stack([x, y]),)),
        (lambda a: tg.jvp(scaled, (a,), (a,)), (x,)),
        (lambda a: tg.grad(lambda b: tg.grad(scaled)(b) @ b)(a), (x,)),
    ],
)
def test_a_compiled_function_returns_what_the_function_returns(f, args):
    compiled = compile(f)
    for _ in range(3):
        assert_same(compiled(*args), f(*args))
    assert len(compiled) == 1
    assert "runs uncompiled" not in compiled.explain()


@pytest.mark.parametrize("layout", [lambda a: a[::-1], lambda a: np.stack([a, a], 1)[:, 0], lambda a: a.astype(">f8")])
def test_any_layout_of_an_argument(layout):
    compiled = compile(scaled)
    compiled(x)
    assert_same(compiled(layout(x)), scaled(np.ascontiguousarray(layout(x), "f8")))


def test_tensors_in_tensors_out():
    compiled = compile(lambda a: (a * 2, a > 0))
    doubled, positive = compiled(tg.tensor(x))
    assert isinstance(doubled, tg.Tensor)
    assert type(positive) is np.ndarray
    assert not doubled.requires_grad


def test_every_signature_has_its_program_and_old_ones_are_dropped():
    compiled = compile(lambda a: a + 1)
    compiled(x), compiled(x.astype("f4")), compiled(np.stack([x, y])), compiled(2.0), compiled(x)
    assert len(compiled) == 4
    for n in range(CACHE_SIZE + 3):
        compiled(np.zeros(n))
    assert len(compiled) == CACHE_SIZE
    compiled.clear()
    assert len(compiled) == 0
    assert_same(compiled(x), x + 1)


def test_a_float_on_which_the_path_depends_becomes_part_of_the_signature():
    compiled = compile(lambda a, p: a * p if p > 0.5 else a)
    for p in (1.0, 0.25, 2.0, 1.0):
        assert_same(compiled(x, p), x * p if p > 0.5 else x)
    assert len(compiled) == 3


def test_static_arguments():
    seen = []

    @compile(static_argnums=1)
    def f(a, p):
        seen.append(p)
        return a * p

    assert_same(f(x, 2.0), x * 2)
    assert_same(f(x, 3.0), x * 3)
    f(x, 2.0)
    assert seen == [2.0, 3.0]
    with pytest.raises(TypeError, match="hash"):
        f(x, [2.0])


def test_keywords_and_methods():
    class Model:
        def __init__(self):
            self.weight = y

        @compile
        def __call__(self, a, *, scale=1.0):
            return self.weight @ a * scale

    model = Model()
    assert_same(model(x), y @ x * 1.0)
    assert_same(model(x, scale=2.0), y @ x * 2.0)


def test_arrays_from_outside_are_read_at_each_call():
    weight = y.copy()
    compiled = compile(lambda a: weight * a)
    assert_same(compiled(x), weight * x)
    weight += 1
    assert_same(compiled(x), weight * x)


def test_tensors_from_outside_are_read_and_differentiated():
    weight = tg.tensor(y, requires_grad=True)
    compiled = compile(lambda a: tnp.sum(weight * a))
    for _ in range(2):
        out = compiled(x)
        weight.zero_grad()
        out.backward()
        np.testing.assert_array_equal(weight.grad.numpy(), x)
        with tg.no_grad():
            weight -= 1.0
    assert float(compiled(x)) == weight.numpy() @ x


def test_what_the_function_writes_into():
    state = tg.tensor(np.zeros(3))

    @compile
    def f(a):
        a[0] = 7.0
        nonlocal state
        state += a
        return a * 2

    own, total = x.copy(), np.zeros(3)
    for n in range(3):
        own[1] += n
        expected = own.copy()
        expected[0] = 7.0
        total += expected
        assert_same(f(own), expected * 2)
        np.testing.assert_array_equal(own, expected)
        np.testing.assert_array_equal(state.numpy(), total)


def test_results_belong_to_the_caller():
    compiled = compile(lambda a: (a, a * 1.0, a + 0))
    own = x.copy()
    for out in compiled(own):
        out += 1
    np.testing.assert_array_equal(own, x)


# -- differentiated from outside --------------------------------------------------------------------------------------


def test_as_part_of_a_recorded_computation():
    compiled = compile(lambda a, b, n: (tnp.sin(a) * b, a[:n], a > b))
    results = []
    for f in (compiled, compiled._f):
        a, b = tg.tensor(x, requires_grad=True), tg.tensor(y, requires_grad=True)
        product, part, larger = f(a * 1.0, b, 2)
        (product.sum() + (part**2).sum()).backward()
        results.append((a.grad.numpy(), b.grad.numpy(), larger))
    assert_same(*results)


def test_differentiated_twice():
    compiled = compile(scaled)
    results = []
    for f in (compiled, scaled):
        a = tg.tensor(x, requires_grad=True)
        f(a).backward(create_graph=True)
        first = a.grad
        a.grad = None
        (first * first).sum().backward()
        results.append((first.numpy(), a.grad.numpy()))
    assert_same(*results)
    assert_same(tg.hessian(compiled)(x), tg.hessian(scaled)(x))


@pytest.mark.parametrize(
    "transform",
    [
        tg.grad,
        tg.jacobian,
        lambda f: lambda a: tg.vmap(f)(np.stack([a, a])),
        lambda f: lambda a: tg.jvp(f, (a,), (a,)),
        lambda f: compile(tg.grad(f)),
        compile,
    ],
)
def test_inside_a_transform(transform):
    assert_same(transform(compile(scaled))(x), transform(scaled)(x))


def test_an_integer_result_and_an_unused_argument():
    compiled = compile(lambda a, b: (tnp.argmax(a), a * 2))
    a, b = tg.tensor(x, requires_grad=True), tg.tensor(y, requires_grad=True)
    _, doubled = compiled(a, b)
    doubled.sum().backward()
    np.testing.assert_array_equal(a.grad.numpy(), [2, 2, 2])
    np.testing.assert_array_equal(b.grad.numpy(), [0, 0, 0])


# -- what cannot be compiled ------------------------------------------------------------------------------------------


def test_a_path_that_depends_on_data_runs_uncompiled():
    def f(a):
        while tnp.linalg.norm(a) < 1000:
            a = a * 2
        return a

    compiled = compile(f)
    assert_same(compiled(x), f(x))
    assert "uncompiled" in compiled.explain()
    assert "test_compiled.py:" in compiled.explain()


def test_a_function_that_stops_at_a_decision_had_no_effect_yet():
    written = []

    def f(a):
        written.append(float(tnp.sum(a)))
        return a

    compile(f)(x)
    assert written == [x.sum()]


@pytest.mark.parametrize("result", [None, "text", object()])
def test_a_result_that_is_no_array(result):
    compiled = compile(lambda a: result)
    with pytest.raises(UntraceableError, match="no array"):
        compiled(x)


def test_a_value_that_escapes():
    kept = []
    compiled = compile(lambda a: kept.append(a * 2) or a)
    compiled(x)
    with pytest.raises(EscapedValueError, match=r"test_compiled.py:\d+"):
        kept[0] + 1
    assert_same(compiled(x), x)


def test_a_value_that_escapes_through_an_exception():
    class Mine(Exception):
        pass

    def f(a):
        raise Mine(a * 2)

    compiled = compile(f)
    with pytest.raises(Mine) as caught:
        compiled(x)
    with pytest.raises(EscapedValueError):
        caught.value.args[0] + 1
    assert len(compiled) == 0


def test_errors_of_the_function_are_its_own():
    compiled = compile(lambda a, b: a @ b)
    with pytest.raises(ShapeError, match="matmul"):
        compiled(x, np.zeros(2))
    assert_same(compiled(x, y), x @ y)


def test_a_write_of_a_traced_value_into_shared_memory_outside():
    whole = tg.tensor(np.zeros(6))
    part = whole[:3]

    def f(a):
        part[...] = a * 2
        return a

    with pytest.raises(UntraceableError, match=r"test_compiled.py:\d+ writes"):
        compile(f)(x)
    np.testing.assert_array_equal(whole.numpy(), np.zeros(6))
    np.testing.assert_array_equal(part.numpy(), np.zeros(3))


def test_gradients_left_outside_are_refused():
    weight = tg.tensor(y, requires_grad=True)

    def f(a):
        tnp.sum(weight * a).backward()
        return a

    with pytest.raises(UntraceableError, match="gradient"):
        compile(f)(x)
    assert weight.grad is None


def test_a_fault_of_the_compiler_leaves_the_function_running(monkeypatch):
    def broken(graph, donated):
        raise RuntimeError("out of registers")

    compiled = compile(scaled)
    with monkeypatch.context() as patch:
        patch.setattr(making, "build_entry", broken)
        with pytest.warns(CompileWarning, match="out of registers"):
            found = compiled(x)
    assert_same(found, scaled(x))
    assert "out of registers" in compiled.explain()
    compiled.clear()
    assert_same(compiled(x), scaled(x))


def test_an_interrupted_compilation(monkeypatch):
    def interrupted(graph, donated):
        raise KeyboardInterrupt

    compiled = compile(scaled)
    with monkeypatch.context() as patch:
        patch.setattr(making, "build_entry", interrupted)
        with pytest.raises(KeyboardInterrupt):
            compiled(x)
    assert len(compiled) == 0
    assert_same(compiled(x), scaled(x))
    assert_same(scaled(x), compiled(x))


# -- surroundings -----------------------------------------------------------------------------------------------------


def test_many_threads():
    compiled = compile(lambda a: tg.value_and_grad(scaled)(a))
    wrong = []

    def work(n):
        for size in (3, 4, 5, n + 6):
            a = np.linspace(0, n, size)
            for _ in range(20):
                value, gradient = compiled(a)
                if not np.allclose(gradient, np.cos(a) * a + np.sin(a)) or not np.isclose(value, np.sin(a) @ a):
                    wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_in_a_coroutine():
    compiled = compile(scaled)

    async def run():
        return await asyncio.gather(*[asyncio.to_thread(compiled, x) for _ in range(4)])

    assert_same(asyncio.run(run()), [scaled(x)] * 4)


def test_pickles_compile_anew():
    compiled = compile(scaled)
    compiled(x)
    again = pickle.loads(pickle.dumps(compiled))
    assert len(again) == 0
    assert_same(again(x), scaled(x))


def test_forgotten_functions_free_their_programs():
    compiled = compile(lambda a: a * 2 + 1)
    compiled(x)
    gone = weakref.ref(next(iter(compiled._programs.values())))
    del compiled
    gc.collect()
    assert gone() is None


def test_what_it_looks_like():
    compiled = compile(scaled)
    assert repr(compiled) == "<compiled scaled: 0 program(s)>"
    assert compiled.__name__ == "scaled"
    compiled(x)
    text = compiled.explain()
    assert text.startswith("scaled(float64[3]) compiled in ")
    assert "sin" in text
