"""Deep and wide graphs: no recursion, time in proportion to the edges. `benchmarks.limits` has the millions."""

from __future__ import annotations

import gc
import weakref
from time import process_time

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp

DEEP = 50_000
WIDE = 100_000


@pytest.fixture(autouse=True)
def reference_counts_alone():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def seconds(act, repeat=3):
    """Shortest processor time of several runs."""
    times = []
    for _ in range(repeat):
        start = process_time()
        act()
        times.append(process_time() - start)
    return min(times)


def check_proportional(act, small, large):
    """The time per edge may not grow: twice is noise, a square law would be far more."""
    act(small)
    assert seconds(lambda: act(large)) / large < 2.5 * seconds(lambda: act(small), 10) / small


# --- deep -------------------------------------------------------------------------------------------------------------
def test_a_diamond_of_a_thousand_levels():
    x = tg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(1_000):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**1000


def diamond(levels):
    x = tg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(levels):
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad.item() == 1.0


def test_the_time_of_a_diamond():
    check_proportional(diamond, 500, 10_000)


def test_the_time_of_a_lattice():
    """Every value goes into all those of the next layer: few nodes, many edges and paths."""

    def lattice(layers):
        values = [tg.tensor(1.0, requires_grad=True) for _ in range(6)]
        leaf = values[0]
        for _ in range(layers):
            total = sum(values) * (1 / 6)
            values = [total * 1.0 for _ in values]
        sum(values).backward()
        assert abs(leaf.grad.item() - 1) < 1e-9

    check_proportional(lattice, 20, 400)


def test_second_order_of_a_deep_chain():
    x = tg.tensor(3.0, requires_grad=True)
    y = x
    for _ in range(DEEP // 5):
        y = y * 1.0
    (y * y).backward(create_graph=True)
    gradient = x.grad
    x.zero_grad()
    node = weakref.ref(gradient._node)
    gradient.backward()
    assert x.grad.item() == 2.0
    del gradient, y
    assert node() is None


def test_a_deep_chain_that_is_never_swept():
    x = tg.tensor(np.ones(3), requires_grad=True)
    y = x
    for _ in range(DEEP):
        y = tnp.sin(y)
    node = weakref.ref(y._node)
    del y
    assert node() is None


def test_a_deep_chain_abandoned_amidst_its_sweep():
    x = tg.tensor(1.0, requires_grad=True)
    y = x
    for number in range(DEEP):
        y = y * 1.0
        if number == DEEP // 2:
            y.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        y.backward()
    node = weakref.ref(y._node)
    del y
    assert node() is None
    assert x.grad is None


def test_the_time_of_a_chain_of_writes():
    def writes(length):
        x = tg.tensor(np.ones(4), requires_grad=True)
        y = x * 1
        for number in range(length):
            y[number % 4] += 1.0
        y.sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), 1)

    check_proportional(writes, 200, 4_000)


def test_the_time_of_a_chain_of_views():
    def views(length):
        x = tg.tensor(np.ones((2, 3)), requires_grad=True)
        y = x
        for _ in range(length):
            y = y.T
        y.sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), 1)

    check_proportional(views, 200, 4_000)


def test_the_time_of_many_views_of_one_array():
    def rows(count):
        x = tg.tensor(np.ones((count, 2)), requires_grad=True)
        parts = [x[i] for i in range(count)]
        sum([part.sum() for part in parts]).backward()
        with tg.no_grad():
            x += 1
        np.testing.assert_array_equal(parts[-1].numpy(), 2)
        np.testing.assert_array_equal(x.grad.numpy(), 1)

    check_proportional(rows, 200, 2_000)


def test_deep_checkpoints():
    x = tg.tensor(1.5, requires_grad=True)
    y = x
    for _ in range(300):
        y = tg.checkpoint(lambda y: y * 2.0 - y, y)
    y.backward()
    assert x.grad.item() == 1.0


# --- wide -------------------------------------------------------------------------------------------------------------
def test_one_variable_used_very_often():
    x = tg.tensor(1.0, requires_grad=True)
    sum([x * 2.0 for _ in range(WIDE)]).backward()
    assert x.grad.item() == 2.0 * WIDE


def test_one_array_used_very_often_takes_no_more_memory():
    """Its cotangents are added into one array."""
    x = tg.tensor(np.ones(1000), requires_grad=True)
    total = tg.tensor(0.0)
    for _ in range(2_000):
        total = total + tnp.dot(x, x)
    total.backward()
    np.testing.assert_array_equal(x.grad.numpy(), 4_000)


def test_very_many_variables():
    variables = [tg.tensor(float(i), requires_grad=True) for i in range(WIDE)]
    total = variables[0] * 1.0
    for variable in variables[1:]:
        total = total + variable * variable
    for times in (1, 2):
        total.backward(retain_graph=True)
        assert variables[0].grad.item() == times
        assert variables[-1].grad.item() == times * 2.0 * (WIDE - 1)


def test_very_many_arguments():
    xs = [float(i) for i in range(WIDE // 5)]
    gradients = tg.grad(lambda xs: sum([x * x for x in xs]))(xs)
    assert gradients == [2 * x for x in xs]


def test_one_operation_on_very_many_arrays():
    def join(count):
        variables = [tg.tensor(np.ones(2), requires_grad=True) for _ in range(count)]
        (tnp.concatenate(variables) * 3).sum().backward()
        (tnp.stack(variables, axis=1) * 2).sum().backward()
        assert all((variable.grad.numpy() == 5).all() for variable in variables)

    check_proportional(join, 500, WIDE // 10)


def test_one_operation_with_very_many_results():
    x = tg.tensor(np.ones((WIDE // 10, 2)), requires_grad=True)
    sum(list(x)[::2]).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy()[::2], 1)
    np.testing.assert_array_equal(x.grad.numpy()[1::2], 0)


def test_very_many_items_of_one_array():
    x = tg.tensor(np.ones(WIDE // 10), requires_grad=True)
    sum([x[i] for i in range(len(x))]).backward()
    np.testing.assert_array_equal(x.grad.numpy(), 1)
