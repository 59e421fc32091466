"""Memory of large results is used again only when nobody can see it any more."""

import threading

import numpy as np
import pytest

import tetragrad as tg
from tetragrad.core import pool

SHAPE = (1 << 19,)


@pytest.fixture(autouse=True)
def _empty_pool():
    pool.clear()
    yield
    pool.clear()


def address(x):
    return x.__array_interface__["data"][0]


def test_memory_that_nobody_holds_is_used_again():
    first = pool.empty(SHAPE, float)
    kept = address(first)
    del first
    assert address(pool.empty(SHAPE, float)) == kept


@pytest.mark.parametrize("look", [lambda a: a, lambda a: a[3:5], lambda a: a.reshape(2, -1), memoryview])
def test_memory_that_somebody_sees_is_left_alone(look):
    held = look(pool.empty(SHAPE, float))
    base = pool._arrays[-1]
    kept = address(base)
    del base
    assert address(pool.empty(SHAPE, float)) != kept
    del held


def test_another_shape_dtype_or_a_frozen_array_is_not_handed_out():
    array = pool.empty(SHAPE, float)
    kept = address(array)
    array.flags.writeable = False
    del array
    assert address(pool.empty(SHAPE, float)) != kept
    assert pool.empty(SHAPE, np.int64).dtype == np.int64
    assert pool.empty((2, SHAPE[0] // 2), float).shape == (2, SHAPE[0] // 2)


def test_small_and_huge_arrays_stay_with_the_allocator():
    pool.empty((10,), float)
    pool.empty((pool.LIMIT // 8 + 1,), float)
    assert not pool._arrays


def test_the_pool_keeps_no_more_than_its_limit():
    held = [pool.empty((1 << 22,), float) for _ in range(20)]
    assert sum(array.nbytes for array in pool._arrays) <= pool.LIMIT
    del held


def test_results_of_many_threads_stay_apart():
    x = np.arange(1 << 18, dtype=float)
    wrong = []

    def work(k):
        for i in range(30):
            t = tg.tensor(x, requires_grad=True)
            y = t * (k + i)
            z = y * y
            z.backward(np.ones_like(x))
            if not (np.array_equal(y.numpy(), x * (k + i)) and np.array_equal(t.grad.numpy(), 2 * x * (k + i) ** 2)):
                wrong.append((k, i))

    threads = [threading.Thread(target=work, args=(100 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_result_and_its_gradient_survive_later_work():
    x = tg.tensor(np.linspace(0, 1, 1 << 19), requires_grad=True)
    y = x * x
    y.backward(np.ones(SHAPE))
    before = y.numpy().copy(), x.grad.numpy().copy()
    for _ in range(5):
        (x * 3.0) * x
    np.testing.assert_array_equal(y.numpy(), before[0])
    np.testing.assert_array_equal(x.grad.numpy(), before[1])
