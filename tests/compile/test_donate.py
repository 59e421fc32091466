"""Donated arguments: results take their memory where nothing can tell the difference, and nowhere else."""

import itertools
import pickle

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.compile import entry as entries
from tetragrad.compile.compiled import compile


def numbers(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, shape).astype(dtype)


def copied(tree):
    return tg.api.containers.map_leaves(lambda leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, tree)


def leaves_of(tree):
    return tg.api.containers.flatten(tree)[0]


def assert_as_without(f, *args, donate, reused):
    """The same bits as without donation, twice; `reused` leaves of the donated arguments become results (None: any)."""
    expected = leaves_of(compile(f)(*copied(args)))
    given_up = {donate} if isinstance(donate, int) else set(donate)
    compiled = compile(f, donate=donate)
    for _ in range(2):  # traced, then by the shortest way
        given = copied(args)
        found = leaves_of(compiled(*given))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
        own = [leaf for n in given_up for leaf in leaves_of(given[n])]
        count = sum([any([leaf is out for out in found]) for leaf in own])
        assert reused in (count, None), compiled.explain()
        for n, (arg, before) in enumerate(zip(given, args)):
            if n not in given_up:
                for one, other in zip(leaves_of(arg), leaves_of(before)):
                    np.testing.assert_array_equal(one, other)
        assert all([np.shares_memory(a, b) == (a is b) for a, b in itertools.combinations(found, 2)])


SIZES = [1, 2, 3, 7, 8, 15, 17, 31, 33, 1000, 1023, 4097, 70_001]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "i2", "?"])
def test_elementwise_updates_of_every_length(size, dtype):
    p, g = numbers(size, dtype=dtype), numbers(size, dtype=dtype, seed=1)
    f = tnp.logical_xor if dtype == "?" else lambda p, g: p - g * 2
    assert_as_without(f, p, g, donate=0, reused=1)


@pytest.mark.parametrize("size", SIZES)
def test_functions_of_every_length(size):
    """Also of arguments for which they have code of their own."""
    p = numbers(size, dtype="f4")
    p[::5] *= 1e6
    assert_as_without(lambda p: tnp.sin(p) - tnp.tanh(p) * p, p, donate=0, reused=1)
    many = lambda p: sum([tnp.sin(p + n) for n in range(30)])  # noqa: E731
    assert_as_without(many, p, donate=0, reused=1)


@pytest.mark.parametrize("size", SIZES)
def test_value_and_update_in_one_kernel(size):
    def step(w, x):
        value, gradient = tg.value_and_grad(lambda w: tnp.sum((w - x) ** 2))(w)
        return value, w - 0.1 * gradient

    reused = 1 if size > 4096 else None  # short rows may be read more than once
    assert_as_without(step, numbers(size, dtype="f4"), numbers(size, dtype="f4", seed=1), donate=0, reused=reused)


def test_a_training_step_reuses_every_parameter():
    def loss(parameters, x):
        hidden = tnp.tanh(x @ parameters["w"] + parameters["b"])
        return tnp.mean((hidden @ parameters["out"][0]) ** 2)

    def step(parameters, x, rate):
        value, gradient = tg.value_and_grad(loss)(parameters, x)
        return value, {
            "w": parameters["w"] - rate * gradient["w"],
            "b": parameters["b"] - rate * gradient["b"],
            "out": [parameters["out"][0] - rate * gradient["out"][0]],
        }

    parameters = {"w": numbers(80, 70), "b": numbers(70), "out": [numbers(70, 90)]}
    assert_as_without(step, parameters, numbers(60, 80), 0.1, donate=0, reused=3)


@pytest.mark.parametrize("order", list(itertools.permutations("pmv")))
@pytest.mark.parametrize("size", [5, 50_001])
def test_adam_in_place_whatever_the_order(order, size):
    def adam(state, g):
        m = 0.9 * state["m"] + 0.1 * g
        v = 0.99 * state["v"] + 0.01 * g * g
        new = {"m": m, "v": v, "p": state["p"] - 0.01 * m / (tnp.sqrt(v) + 1e-8)}
        return {key: new[key] for key in reversed(order)}

    state = {key: tnp.abs(numbers(size, dtype="f4", seed=n)) for n, key in enumerate(order)}
    assert_as_without(adam, state, numbers(size, dtype="f4", seed=9), donate=0, reused=3)


def gather(p, n):
    return tnp.take(p, n) * 2.0


x, y = numbers(40, 40), numbers(40, 40, seed=1)
steps = numbers(5000)
order = np.arange(5000)[::-1].copy()
KEPT = {
    "read at other places: reversed": (lambda p: p[::-1] + p, (steps,)),
    "read at other places: transposed": (lambda p: p.T * 2, (x,)),
    "read at other places: gathered": (gather, (steps, order)),
    "read at other places: diagonal": (lambda p: p + tnp.diagonal(p), (x,)),
    "read in a row first": (lambda p: p - tnp.max(p, axis=1, keepdims=True), (x,)),
    "a product of itself": (lambda p: p @ p, (x,)),
    "a running sum": (lambda p: tnp.cumsum(p), (steps,)),
    "sorted in NumPy": (lambda p: tnp.sort(p), (steps,)),
    "complex: parts change places": (lambda p: p * 1j, (steps + 1j,)),
    "another dtype": (lambda p: p.astype(np.float32), (steps,)),
    "another shape": (lambda p: p.reshape(-1) * 2, (x,)),
    "a sum": (lambda p: tnp.sum(p), (steps,)),
    "a number": (lambda p: p * 2, (np.float64(2.0),)),
    "nothing in it": (lambda p: p * 2, (numbers(0, 3),)),
    "positions that are checked at the end": (lambda p, v: (tnp.take(v, p), p * 0 + 7), (order, steps)),
}


@pytest.mark.parametrize("why", KEPT)
def test_arguments_that_are_needed_stay(why):
    f, args = KEPT[why]
    assert_as_without(f, *args, donate=0, reused=0)


REUSED = {
    "returned as it is": (lambda p: p, (steps,), 1),
    "beside a new one": (lambda p: (p, p + 1), (steps,), 1),
    "read by an earlier step only": (lambda p, v: (p @ v) * 2.0, (x, y), 1),
    "not read at all": (lambda p, v: v @ v, (x, y), 1),
    "by a product that reads something else": (lambda p, v: tnp.tanh(p) @ v, (x, y), 1),
    "read at other places before": (lambda p: tnp.roll(p, 1) - p, (steps,), 1),
    "written into at one place": (lambda p: _with_first(p, 5.0), (steps,), 1),
    "one of two results": (lambda p: (p + 1, p * 2), (steps,), 1),
    "two results, two arguments": (lambda p, v: (p + v, p - v), (steps, steps[::-1].copy()), 2),
    "two results that exchange them": (lambda p, v: (v * 2, p + 1), (steps, steps[::-1].copy()), 2),
    "written before an argument is read": (lambda p, v: (v * 2, p + v), (steps, steps[::-1].copy()), 2),
}


def _with_first(p, number):
    p = p + 0
    p[0] = number
    return p


@pytest.mark.parametrize("how", REUSED)
def test_results_that_take_an_arguments_place(how):
    f, args, count = REUSED[how]
    assert_as_without(f, *args, donate=range(len(args)) if count == 2 else 0, reused=count)


def test_a_result_that_is_the_argument_takes_no_step():
    f = compile(lambda p: p, donate=0)
    p = numbers(10)
    assert f(p) is p
    assert "0 native steps" in f.explain()
    assert compile(lambda p: p)(p) is not p


def double(p, v):
    return p * 2 + v


def unwritable(p):
    p = p.copy()
    p.flags.writeable = False
    return p


class Array(np.ndarray):
    pass


LEFT_ALONE = {
    "read-only": (unwritable, lambda p: numbers(9)),
    "every other": (lambda p: np.repeat(p, 2)[::2], lambda p: numbers(9)),
    "reversed": (lambda p: p[::-1].copy()[::-1], lambda p: numbers(9)),
    "spread": (lambda p: np.broadcast_to(p[:1], p.shape), lambda p: numbers(9)),
    "not aligned": (lambda p: np.frombuffer(bytearray(b"0" + p.tobytes()), np.float64, offset=1), lambda p: numbers(9)),
    "the same array twice": (lambda p: p, lambda p: p),
    "a view of the other": (lambda p: p, lambda p: p[:]),
    "a part of the other's memory": (lambda p: np.concatenate([p, p])[:9], lambda p: p.base[1:10]),
    "the other array reaches into it": (lambda p: np.concatenate([p, p])[9:], lambda p: p.base[1:10]),
}


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("why", LEFT_ALONE)
def test_arrays_that_cannot_be_given_up_are_left_alone(why, native, monkeypatch):
    make_p, make_v = LEFT_ALONE[why]
    monkeypatch.setattr(entries.abi, "is_known", lambda: native)
    f = compile(double, donate=0)
    p = numbers(9, seed=1)
    assert f(p, numbers(9)) is p  # a program that reuses arguments
    for _ in range(2):
        p = make_p(numbers(9, seed=2))
        v = make_v(p)
        before = p.copy(), v.copy()
        found = f(p, v)
        np.testing.assert_array_equal(found, before[0] * 2 + before[1])
        assert not np.shares_memory(found, p)
        np.testing.assert_array_equal(p, before[0])
        np.testing.assert_array_equal(v, before[1])
    assert len(f) == 1


def test_neighbours_in_one_block_do_not_overlap():
    block = numbers(27)
    left, middle, right = block[:9], block[9:18], block[18:]
    f = compile(lambda a, b, c: (a + b, b + c, c * 2), donate=(0, 1, 2))
    expected = [left + middle, middle + right, right * 2]
    for _ in range(2):
        parts = [block.copy()[n : n + 9] for n in (0, 9, 18)]
        assert all([np.shares_memory(out, part) for out, part in zip(f(*parts), parts)])
    found = f(left, middle, right)
    for one, other, part in zip(found, expected, (left, middle, right)):
        np.testing.assert_array_equal(one, other)
        assert np.shares_memory(one, part)


def test_other_byte_orders_and_subclasses():
    f = compile(double, donate=0)
    p = numbers(9)
    swapped = p.astype(">f8")
    np.testing.assert_array_equal(f(swapped, p), p * 3)
    np.testing.assert_array_equal(swapped, p)
    np.testing.assert_array_equal(f(p.view(Array), p.copy()), numbers(9) * 3)


def test_arrays_from_outside_are_not_written_into():
    weights = numbers(9)
    f = compile(lambda p: p + weights, donate=0)
    p = numbers(9, seed=1)
    expected = p + weights
    assert f(p) is p
    np.testing.assert_array_equal(p, expected)
    before = weights.copy()
    for _ in range(2):
        np.testing.assert_array_equal(f(weights), 2 * before)
        np.testing.assert_array_equal(weights, before)


def test_tensors_are_left_alone():
    f = compile(double, donate=0)
    p, v = tg.tensor(numbers(9)), tg.tensor(numbers(9, seed=1))
    w = tg.tensor(numbers(9, seed=2), requires_grad=True)
    product = p * w  # whose rule has saved what p holds
    for _ in range(2):
        np.testing.assert_array_equal(f(p, v).numpy(), 2 * numbers(9) + numbers(9, seed=1))
    np.testing.assert_array_equal(p.numpy(), numbers(9))
    product.sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), numbers(9))


def test_recorded_calls_do_not_donate():
    f = compile(double, donate=(0, 1))
    p, v = numbers(9), tg.tensor(numbers(9, seed=1), requires_grad=True)
    for _ in range(2):
        out = f(p, v)
        np.testing.assert_array_equal(p, numbers(9))
        out.sum().backward()
    np.testing.assert_array_equal(v.grad.numpy(), np.full(9, 2.0))


def test_transforms_do_not_donate():
    f = compile(lambda p, v: p * p * v, donate=0)
    p, v = numbers(9), numbers(9, seed=1)
    np.testing.assert_allclose(tg.grad(lambda p: tnp.sum(f(p, v)))(p), 2 * p * v)
    tg.jvp(f, (p, v), (v, p))
    tg.vmap(f)(numbers(3, 9), numbers(3, 9))
    np.testing.assert_array_equal(p, numbers(9))


def test_compiled_within_another_one():
    inner = compile(lambda p: p + 1, donate=0)
    outer = compile(lambda p: inner(p) * p)
    p = numbers(9)
    for _ in range(2):
        np.testing.assert_array_equal(outer(p), (p + 1) * p)
    np.testing.assert_array_equal(p, numbers(9))


def test_what_the_function_writes_into_gets_its_own_contents():
    def f(p, v):
        p[0] = 7.0
        return p * 2 + v

    g = compile(f, donate=(0, 1))
    for _ in range(2):
        p, v = numbers(9), numbers(9, seed=1)
        expected = numbers(9)
        expected[0] = 7
        found = g(p, v)
        np.testing.assert_array_equal(found, expected * 2 + numbers(9, seed=1))
        np.testing.assert_array_equal(p, expected)
        assert found is v


def test_uncompiled_functions_do_not_donate():
    f = compile(lambda p: p * 2 if p[0] > 0 else p * 3, donate=0)
    p = np.abs(numbers(9))
    for _ in range(2):
        np.testing.assert_array_equal(f(p), p * 2)
    np.testing.assert_array_equal(p, np.abs(numbers(9)))


def test_positions():
    p = numbers(9)
    assert compile(lambda v, p: p + v, donate=-1)(numbers(9), p) is p
    assert compile(lambda p, v: p + v, donate=0)(p, v=numbers(9)) is p
    assert compile(lambda p, n: p * n, donate=0, static_argnums=1)(p, 3.0) is p
    assert compile(donate=[0])(lambda p: p + 1)(p) is p
    assert pickle.loads(pickle.dumps(compile(double, donate=0)))(p, numbers(9)) is p
    with pytest.raises(TypeError, match=r"double: donate=\(2,\) but it was called with 2 positional"):
        compile(double, donate=2)(p, p)
    with pytest.raises(ValueError, match="static_argnums=1 and donate=1 name the same argument"):
        compile(double, donate=1, static_argnums=1)


def test_many_arguments_keep_apart():
    f = compile(lambda ps: [p + n for n, p in enumerate(ps)], donate=0)
    for _ in range(2):
        ps = [numbers(9, seed=n) for n in range(40)]
        assert all([one is other for one, other in zip(f(ps), ps)])
    ps = [numbers(9, seed=n) for n in range(40)]
    ps[3] = ps[30]
    np.testing.assert_array_equal(f(ps), [numbers(9, seed=30 if n == 3 else n) + n for n in range(40)])


def test_explain_names_what_was_reused():
    f = compile(lambda s, k, x: {"w": s["w"] - x, "n": tnp.sum(k)}, donate=(0, 1))
    f({"w": numbers(9)}, [numbers(3)], numbers(9))
    assert "donated: result['w'] lies in the memory of args[0]['w']" in f.explain()
    assert "donated: no result lies in the memory of args[1][0]" in f.explain()
    g = compile(double, donate=0)
    g(numbers(9), v=numbers(9))
    assert "donated: result lies in the memory of args[0]" in g.explain()


def test_a_step_in_place_allocates_nothing():
    import tracemalloc

    f = compile(lambda p, g: p - 0.1 * g, donate=0)
    p, g = numbers(1 << 20), numbers(1 << 20)
    f(p, g)
    tracemalloc.start()
    for _ in range(3):
        p = f(p, g)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < p.nbytes / 100
