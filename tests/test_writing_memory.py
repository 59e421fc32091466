"""Writing in place: where memory is reused, what is freed, and what an interrupt leaves."""

from __future__ import annotations

import gc
import operator
import sys
import weakref

import numpy as np
import pytest

import tetragrad as tg
from tetragrad.core import mutation
from tetragrad.core.mutation import alias_of, sharers
from tetragrad.core.pool import LARGE

X = np.array([[0.7, -1.2, 0.4], [1.5, 0.3, -0.8]])
V = np.array([0.5, -1.3])


def address(x):
    return x._value.__array_interface__["data"][0]


class TestMemory:
    def test_a_training_step_allocates_no_parameters(self):
        p = tg.tensor(np.ones(1000), requires_grad=True)
        where, array = address(p), id(p._value)
        for _ in range(3):
            (p * p).sum().backward()
            with tg.no_grad():
                p -= 0.1 * p.grad
                p.grad[:] = 0
                p *= 0.9
                p[10:20] += 1
        assert (address(p), id(p._value)) == (where, array)
        np.multiply(p.detach(), 2, out=p.detach())
        assert address(p) == where

    def test_large_results(self):
        """Their memory is kept for use again; that is nobody who needs the old contents."""
        with tg.no_grad():
            x = np.exp(tg.tensor(np.zeros(LARGE // 4)))
            y = np.exp(x)
            where = address(x), address(y)
            x *= 2
            row = y[:10]
            y += 1
            row -= 1
        assert (address(x), address(y)) == where
        saved = x.numpy()
        x += 1
        assert address(x) != where[0] and (saved == 2).all() and (x.numpy() == 3).all()

    def test_a_step_with_views_about(self):
        p = tg.tensor(np.ones((100, 10)), requires_grad=True)
        where, rows = address(p), list(p.detach())
        with tg.no_grad():
            p -= 0.5
            rows[3] += 1
        assert address(p) == where and p[3, 0].item() == 1.5 and rows[4].tolist() == [0.5] * 10

    def test_copy_on_write_where_somebody_needs_the_old_values(self):
        p = tg.tensor(V, requires_grad=True)
        loss = (p * p).sum()
        snapshot, where = p.numpy(), address(p)
        with tg.no_grad():
            p *= 3
        assert address(p) != where and snapshot.tolist() == V.tolist()
        loss.backward()
        np.testing.assert_allclose(p.grad.numpy(), 2 * V)

    def test_recorded_writes_in_place(self):
        y = tg.tensor(np.ones(100), requires_grad=True) * 2
        where = address(y)
        y[3] = 5.0
        y += 1
        y *= 2
        y[10:20] -= y[:10]
        y[1:] = y[:-1]
        assert address(y) == where
        z = np.exp(y)  # whose rule reads its result
        inside = address(z)
        z += 1
        assert address(z) != inside

    def test_old_contents_that_a_rule_reads_are_kept(self):
        x, w = tg.tensor(V, requires_grad=True), tg.tensor(V + 2, requires_grad=True)
        y = x * 2
        y *= w
        y *= y.detach()
        y.sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * (V + 2) * 2 * V * (V + 2))
        np.testing.assert_allclose(w.grad.numpy(), 2 * V * 2 * V * (V + 2))

    def test_gradients_share_no_memory(self):
        x, y = tg.tensor(V, requires_grad=True), tg.tensor(V, requires_grad=True)
        g = np.ones(2)
        (x + y).backward(g)
        x.grad[:] = 0
        x.grad += 5
        y.grad *= 0.5
        assert (x.grad.tolist(), y.grad.tolist(), g.tolist()) == ([5, 5], [0.5, 0.5], [1, 1])
        x.zero_grad(), y.zero_grad()
        (x + y).sum().backward(create_graph=True)
        x.grad[0] = 9
        assert y.grad.tolist() == [1, 1]
        seed = tg.tensor([1.0, 1.0])
        _, pullback = tg.vjp(lambda x: x, tg.tensor(V))
        (ct,) = pullback(seed)
        ct += 1
        assert seed.tolist() == [1, 1]

    def test_arrays_lent_to_a_tensor_are_locked(self):
        a = np.array([1.0, 2.0])
        x = tg.tensor(a, copy=False)
        with pytest.raises(ValueError, match="read-only"):
            a[0] = 5
        x += 1
        assert a.tolist() == [1, 2] and x.tolist() == [2, 3]

    def test_what_leaves_is_read_only(self):
        x = tg.tensor(V)
        for array in (x.numpy(), np.asarray(x), np.array(x, copy=False)):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 5
        mine = np.array(x)
        mine[0] = 5
        assert x.tolist() == V.tolist()

    def test_nothing_is_left_behind(self):
        gc.disable()
        try:
            x = tg.tensor(X, requires_grad=True)
            y = x * 1
            views = [y[0], y.T, y.detach()]
            for view in views:
                view *= 2
            refs = [weakref.ref(each) for each in (*views, y)]
            del view, views, y
            assert [ref() for ref in refs] == [None] * 4
            assert sharers(x) == [x]
        finally:
            gc.enable()

    def test_many_short_lived_views(self):
        x = tg.tensor(np.zeros((50, 2)), requires_grad=True)
        y = x * 1
        kept = y[0]
        for i in range(500):
            y[i % 50] += 1.0
        assert len(alias_of(y).storage.members) < 40
        assert kept.tolist() == [10.0, 10.0]

    def test_cotangents_that_hooks_saw_are_not_changed(self):
        x = tg.tensor(np.ones(4), requires_grad=True)
        y, seen = x * 1, []
        for i in range(4):
            y[i] = float(i)
            y.register_hook(seen.append)
        y.sum().backward(retain_graph=True)
        assert [each.tolist() for each in seen] == [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
        assert x.grad.tolist() == [0, 0, 0, 0]

    def test_time_is_linear_in_the_number_of_writes(self):
        x = tg.tensor(np.ones(20_000), requires_grad=True)
        y = x * 1
        where = address(y)
        for i in range(1, 20_000):
            y[i] = y[i - 1] * 0.5 + y[i]
        assert address(y) == where
        y[-1].backward()
        np.testing.assert_allclose(x.grad.numpy()[-3:], [0.25, 0.5, 1.0])


class Interrupter:
    """Raises KeyboardInterrupt when the `count`-th line of `core.mutation` is about to run."""

    def __init__(self, count):
        self.left = count

    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename != mutation.__file__:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


@pytest.mark.parametrize("kind", ["alone", "alone, its values saved", "with views", "with views, their values saved"])
@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "values"])
@pytest.mark.parametrize("write", [lambda y: operator.imul(y, 3.0), lambda y: operator.setitem(y, ..., 5.0)])
@pytest.mark.parametrize("values", [X, X[0], X[0, 0]], ids=["matrix", "vector", "number"])
def test_an_interrupt_finds_all_of_a_write_done_or_nothing(values, write, recorded, kind):
    def state(y, views, x):
        """Values, and the derivative of everything."""
        x.zero_grad()
        total = np.sum(y * y) + sum([np.sum(view * view) for view in views], 0.0)
        total.backward(retain_graph=True)
        return [each.tolist() for each in (y, *views)], np.round(x.grad.numpy(), 9).tolist()

    def run(count):
        x = tg.tensor(values, requires_grad=True)
        y = x * 2
        views = [y[..., 0] if values.ndim else y.reshape(1), y.T[None], y.detach()] if "views" in kind else []
        saved = [each * each for each in (y, *views)] if "saved" in kind else []
        before = state(y, views, x)
        interrupted = False
        tracer = sys.gettrace()
        with tg.enable_grad() if recorded else tg.no_grad():
            try:
                sys.settrace(Interrupter(count))
                write(y)
            except KeyboardInterrupt:
                interrupted = True
            finally:
                sys.settrace(tracer)
        del saved
        return interrupted, before, state(y, views, x)

    _, before, done = run(0)
    assert before != done
    count = 1
    while True:
        interrupted, _, found = run(count)
        assert found in (before, done), f"interrupted at line {count} of a write"
        if not interrupted:
            break
        count += 1
    assert count > 5


def test_a_strided_view_keeps_its_layout_when_its_source_is_gone():
    source = np.arange(12.0).reshape(3, 4)
    whole = tg.tensor(source)
    view = whole[:, ::2]
    del whole
    view[0] = 7.0
    row = view.ravel()  # a copy, as NumPy's is
    row[0] = 100.0
    expected = source[:, ::2].copy()
    expected[0] = 7.0
    np.testing.assert_array_equal(view.numpy(), expected)
