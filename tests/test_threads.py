"""Threads, tasks and processes: each has its own recording state, and what they share stays whole."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.core import gradients, locks, threads
from tetragrad.core.levels import current_level
from tetragrad.core.mutation import alias_of
from tetragrad.families.blocks import BLOCK, LARGE

THREADS = 8


@pytest.fixture
def many_switches():
    """The interpreter changes threads far more often than usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(work, count=THREADS):
    """Run ``work(number)`` in as many threads at once; results in order, errors raised."""
    barrier = threading.Barrier(count)

    def begin(number):
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def variable(*shape):
    return tg.tensor(np.linspace(0.5, 1.5, int(np.prod(shape))).reshape(shape), requires_grad=True)


# --- shared variables and graphs --------------------------------------------------------------------------------------
@pytest.mark.usefixtures("many_switches")
class TestShared:
    def test_gradients_add_up(self):
        """8 threads, 10,000 passes each; integers in float64, so the sums are exact."""
        x, y = tg.tensor(np.ones(3), requires_grad=True), tg.tensor(2.0, requires_grad=True)

        def work(number):
            for step in range(5_000):
                (x * (number + step % 3)).backward(np.ones(3))
                (x * y).backward(np.ones(3))

        together(work)
        steps = sum([number + step % 3 for number in range(THREADS) for step in range(5_000)])
        np.testing.assert_array_equal(x.grad.numpy(), steps + THREADS * 5_000 * 2)
        assert y.grad.item() == THREADS * 5_000 * 3

    def test_large_gradients_add_up(self):
        x = tg.tensor(np.zeros(100_000), requires_grad=True)

        def work(number):
            for _ in range(50):
                (x * (number + 1)).sum().backward()

        together(work)
        np.testing.assert_array_equal(x.grad.numpy(), 50 * sum(range(THREADS + 1)))

    def test_gradients_of_second_order_add_up(self):
        x = tg.tensor(2.0, requires_grad=True)

        def work(number):
            for _ in range(200):
                (x * x * x).backward(create_graph=True)

        together(work)
        assert x.grad.item() == THREADS * 200 * 12
        gradient = x.grad
        x.zero_grad()
        gradient.backward()
        assert x.grad.item() == THREADS * 200 * 12

    def test_one_graph_swept_by_all(self):
        x = variable(4)
        y = x
        for _ in range(20):
            y = tnp.sin(y) * x
        y = y.sum()
        y.backward(retain_graph=True)
        once = x.grad.numpy().copy()
        x.zero_grad()

        def work(number):
            for _ in range(50):
                y.backward(retain_graph=True)

        together(work)
        np.testing.assert_allclose(x.grad.numpy(), THREADS * 50 * once)

    def test_one_graph_swept_by_all_and_released(self):
        """Only one of them can have it; the others are told."""
        x = variable(4)
        y = x
        for _ in range(200):
            y = tnp.sin(y) * x
        y = y.sum()

        def work(number):
            try:
                y.backward()
            except tg.errors.FreedGraphError:
                return 0
            return 1

        passes = sum(together(work))
        gradient = x.grad
        x.zero_grad()
        y = x
        for _ in range(200):
            y = tnp.sin(y) * x
        y.sum().backward()
        if passes:
            np.testing.assert_allclose(gradient.numpy(), passes * x.grad.numpy())
        else:
            assert gradient is None

    def test_one_pullback_called_by_all(self):
        out, pullback = tg.vjp(lambda x: tnp.sin(x) * x, np.linspace(0, 1, 5))
        expected = pullback(out)[0]
        for found in together(lambda number: [pullback(out)[0] for _ in range(100)]):
            for each in found:
                np.testing.assert_array_equal(each, expected)

    def test_a_checkpoint_swept_by_all(self):
        x = variable(3)
        y = tg.checkpoint(lambda x: tnp.exp(tnp.sin(x) * x), x).sum()

        def work(number):
            for _ in range(30):
                y.backward(retain_graph=True)

        together(work)
        expected = tg.grad(lambda x: tnp.exp(tnp.sin(x) * x).sum())(x.numpy())
        np.testing.assert_allclose(x.grad.numpy(), THREADS * 30 * expected)

    def test_views_of_a_shared_variable(self):
        w = variable(3, 4)
        expected = w.numpy().copy()

        def work(number):
            for _ in range(200):
                (w.T[number % 4] * w[number % 3, 0]).sum().backward()

        together(work)
        with tg.no_grad():
            w += 1
        np.testing.assert_array_equal(w.numpy(), expected + 1)
        plain = tg.tensor(expected, requires_grad=True)
        for number in range(THREADS):
            (200 * plain.T[number % 4] * plain[number % 3, 0]).sum().backward()
        np.testing.assert_allclose(w.grad.numpy(), plain.grad.numpy())

    def test_first_views_made_at_once(self):
        """All of them are known afterwards: a write is seen through each."""
        sys.setswitchinterval(1e-6)
        for _ in range(20):
            shared = [tg.tensor(np.zeros(4)) for _ in range(200)]
            found = together(lambda number, shared=shared: [(x[number % 3 :], x.reshape(2, 2)) for x in shared], 4)
            for x in shared:
                x += 1
            for views in found:
                for view, reshaped in views:
                    assert view.tolist() == [1.0] * len(view)
                    assert reshaped.tolist() == [[1.0, 1.0]] * 2

    def test_views_come_and_go_at_once(self):
        """Those that stay are not forgotten with those that go."""
        sys.setswitchinterval(1e-6)
        shared = tg.tensor(np.zeros((2_000, 2)))

        def work(number):
            kept = []
            for row in range(2_000):
                view = shared[row]
                if row % 5 == number:
                    kept.append(view)
            return kept

        found = together(work, 5)
        shared += 1
        assert len(alias_of(shared).storage.members) < 4_100
        for kept in found:
            for view in kept:
                assert view.tolist() == [1.0, 1.0]

    def test_hooks_come_and_go_beside_other_passes(self):
        x = variable(3)

        def work(number):
            own = variable(3)
            seen = []
            for _ in range(200):
                y = own * 2
                y.register_hook(seen.append)
                with x.register_hook(lambda g: None):
                    (y * x).sum().backward()
            return len(seen)

        assert together(work) == [200] * THREADS
        np.testing.assert_allclose(x.grad.numpy(), THREADS * 200 * 2 * variable(3).numpy())

    def test_updates_under_a_lock(self):
        """What programs write in place they guard themselves, as with NumPy's arrays."""
        w = tg.tensor(np.zeros(5), requires_grad=True)
        lock = threading.Lock()

        def work(number):
            for _ in range(100):
                with lock:
                    (w * 1).sum().backward()
                    with tg.no_grad():
                        w[...] += w.grad
                    w.zero_grad()

        together(work)
        np.testing.assert_array_equal(w.numpy(), THREADS * 100)


# --- where there is no global lock ---------------------------------------------------------------------------------
class TestFreeThreading:
    """What `locks.one_at_a_time` does there, tried here."""

    @pytest.fixture
    def guarded(self, monkeypatch):
        monkeypatch.setattr(locks, "FREE_THREADED", True)
        return locks.one_at_a_time

    def test_one_at_a_time(self, guarded, many_switches):
        count = 0

        @guarded
        def step():
            nonlocal count
            before = abs(count)
            count = before + abs(1)

        together(lambda number: [step() for _ in range(2_000)])
        assert count == THREADS * 2_000

    def test_handlers_of_signals_may_call_it_too(self, guarded):
        step = guarded(lambda again: again and step(again - 1))
        assert step(2) == 0


# --- each its own -----------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("many_switches")
class TestOwnState:
    def test_recording(self):
        x = variable(3)

        def work(number):
            for _ in range(300):
                if number % 2:
                    with tg.no_grad():
                        assert not (x * 2).requires_grad
                assert (x * 2).requires_grad
            return tg.is_grad_enabled()

        with tg.no_grad():
            assert all(together(work))
            assert not tg.is_grad_enabled()

    def test_one_object_entered_by_all(self):
        off = tg.no_grad()

        def work(number):
            for _ in range(300):
                with off:
                    assert not tg.is_grad_enabled()
                    with off:
                        pass
                    assert not tg.is_grad_enabled()
                assert tg.is_grad_enabled()

        together(work)
        assert tg.is_grad_enabled()

    def test_left_where_it_was_not_entered(self):
        mode = tg.no_grad()
        context = copy_context()
        context.run(mode.__enter__)
        with pytest.raises(RuntimeError, match="another thread or context"):
            mode.__exit__(None, None, None)
        assert tg.is_grad_enabled()

    def test_transforms(self):
        x = np.linspace(0.1, 1, 6)

        def f(x):
            return (tnp.sin(x) * x).sum()

        def work(number):
            results = []
            for _ in range(15):
                results.append(tg.vmap(tg.grad(f))(x.reshape(3, 2)))
                results.append(tg.jvp(tg.grad(f), (x,), (x,))[1])
                results.append(tg.hessian(f)(x))
                results.append(tg.vmap(lambda row: tg.jvp(f, (row,), (row,))[1])(x.reshape(2, 3)))
            return results

        expected = work(0)
        for found in together(work):
            for one, other in zip(found, expected):
                np.testing.assert_array_equal(one, other)
        assert current_level() is None

    def test_tasks(self):
        """Tasks wait amidst their blocks and transforms, while others are amidst theirs."""

        async def task(number):
            x = variable(3)
            off = number % 2 == 0
            for _ in range(5):
                with tg.no_grad() if off else tg.enable_grad():
                    await asyncio.sleep(0)
                    assert tg.is_grad_enabled() != off
                    assert (x * 2).requires_grad != off
                    await asyncio.sleep(0)
                assert tg.is_grad_enabled()
                (x * number).sum().backward()
            return x.grad.numpy()

        async def main():
            return await asyncio.gather(*[task(number) for number in range(10)])

        for number, found in enumerate(asyncio.run(main())):
            np.testing.assert_array_equal(found, 5 * number)

    def test_a_thread_started_with_the_context_of_a_task(self):
        async def main():
            with tg.no_grad():
                return await asyncio.to_thread(tg.is_grad_enabled)

        assert asyncio.run(main()) is False


# --- large arrays: the engine's own threads ---------------------------------------------------------------------------
@pytest.mark.usefixtures("two_threads")
class TestHelpers:
    x = np.linspace(0.1, 2, LARGE // 8 + 3 * BLOCK + 5)

    def gradient(self, x):
        return tg.grad(lambda x: (tnp.exp(x) * tnp.sin(x) + x).sum())(x)

    def test_large_work_inside_threads(self):
        expected = np.exp(self.x) * (np.sin(self.x) + np.cos(self.x)) + 1
        for found in together(lambda number: [self.gradient(self.x) for _ in range(3)], 4):
            for each in found:
                np.testing.assert_allclose(each, expected, rtol=1e-14)

    def test_the_number_of_threads_changes_meanwhile(self):
        expected = np.exp(self.x)

        def work(number):
            for step in range(10):
                if number == 0:
                    tg.threads(1 + step % 3)
                np.testing.assert_array_equal(tnp.exp(tg.tensor(self.x)).numpy(), expected)

        together(work, 4)

    def test_errors_of_floating_point_arithmetic(self):
        """NumPy's settings go along into the helpers, and errors come back; each thread has its own settings."""
        x = tg.tensor(np.where(np.arange(self.x.size) == self.x.size - 1, 0.0, self.x), requires_grad=True)

        def work(number):
            with np.errstate(divide="raise" if number % 2 else "ignore"):
                for _ in range(3):
                    if number % 2:
                        with pytest.raises(FloatingPointError):
                            tnp.log(x)
                    else:
                        assert tnp.log(x).numpy()[-1] == -np.inf

        together(work, 4)
        assert x.grad is None

    def test_an_error_leaves_no_cycle(self):
        x = tg.tensor(-self.x)
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            with np.errstate(invalid="raise"):
                for _ in range(3):
                    try:
                        tnp.log(x)
                    except FloatingPointError:
                        pass
            assert gc.collect() == 0
        finally:
            gc.enable()
            gc.unfreeze()

    def test_done_without_helpers_where_no_thread_can_be_had(self, monkeypatch):
        monkeypatch.setattr(threads, "_pool", None)

        def start(self):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", start)
        np.testing.assert_array_equal(tnp.exp(tg.tensor(self.x)).numpy(), np.exp(self.x))

    def test_a_thread_that_outlives_the_program(self):
        """The interpreter no longer starts threads then."""
        run_program(
            """
            import threading, time
            import numpy as np
            import tetragrad as tg
            import tetragrad.numpy as tnp

            tg.threads(2)
            x = tg.tensor(np.zeros(1 << 18), requires_grad=True)

            def late():
                threading.main_thread().join()
                tnp.exp(x).sum().backward()
                assert (x.grad.numpy() == 1).all()
                print("done")

            tnp.exp(x)
            threading.Thread(target=late).start()
            """,
            "done",
        )


# --- processes --------------------------------------------------------------------------------------------------------
def run_program(source, expected):
    """Run a program in a process of its own."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == expected


def in_a_process(x):
    """What a worker process does: its own recording, large arrays, gradients onto a variable that was sent to it."""
    assert tg.is_grad_enabled()
    large = tg.grad(lambda y: (tnp.exp(y) * y).sum())(np.zeros(LARGE // 4))
    assert (large == 1).all()
    assert x.grad is None
    (x * x).sum().backward()
    return x, x.grad


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes(method, two_threads):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    tnp.exp(tg.tensor(np.zeros(LARGE)))  # starts the helper threads, which a forked process does not have
    x = variable(3)
    (x * 3).sum().backward()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool, tg.enable_grad():
            results = list(pool.map(in_a_process, [x, x]))
    for sent_back, gradient in results:
        assert sent_back.requires_grad
        assert sent_back.is_leaf
        np.testing.assert_array_equal(sent_back.numpy(), x.numpy())
        np.testing.assert_array_equal(gradient.numpy(), 2 * x.numpy())
    np.testing.assert_array_equal(x.grad.numpy(), 3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_fork_amidst_an_accumulation_of_another_thread():
    x = variable(3)
    held, done = threading.Event(), threading.Event()

    def hold():
        with gradients.turns:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:  # a lock that is never released would let this wait for ever
            threading.Timer(20, os._exit, (2,)).start()
            (x * x).sum().backward()
            os._exit(0 if (x.grad.numpy() == 2 * x.numpy()).all() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        done.set()
        thread.join()
