"""Recording state, the backward sweep, and what a graph keeps alive."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import sys
import threading
import weakref

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp

DEEP = 200_000


def variable(*shape):
    return tg.tensor(np.linspace(0.5, 1.5, int(np.prod(shape))).reshape(shape), requires_grad=True)


def innermost(value):
    """The array at the bottom of Tensors and of values of running transforms."""
    while not isinstance(value, np.ndarray):
        for name in ("_value", "primal", "value"):
            if hasattr(value, name):
                value = getattr(value, name)
                break
    return value


@pytest.fixture
def without_gc():
    """Reference counts alone must free everything."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


# --- recording state --------------------------------------------------------------------------------------------------
class TestRecording:
    def test_no_grad_makes_constants(self):
        x = variable(3)
        with tg.no_grad():
            assert not tg.is_grad_enabled()
            assert not (x * 2).requires_grad
        assert tg.is_grad_enabled()
        assert (x * 2).requires_grad

    def test_modes_nest(self):
        with tg.no_grad():
            with tg.enable_grad():
                with tg.no_grad():
                    assert not tg.is_grad_enabled()
                assert tg.is_grad_enabled()
            assert not tg.is_grad_enabled()

    def test_one_object_entered_twice(self):
        mode = tg.no_grad()
        with mode, mode:
            assert not tg.is_grad_enabled()
        assert tg.is_grad_enabled()

    @pytest.mark.parametrize("inner", [tg.no_grad, tg.enable_grad])
    def test_restored_when_the_block_raises(self, inner):
        with tg.no_grad():
            with pytest.raises(ZeroDivisionError), inner():
                raise ZeroDivisionError
            assert not tg.is_grad_enabled()
        assert tg.is_grad_enabled()

    def test_decorator(self):
        @tg.no_grad()
        def count_down(x, n):
            """Doc."""
            assert not tg.is_grad_enabled()
            return x if n == 0 else count_down(x * 2, n - 1)

        assert not count_down(variable(2), 3).requires_grad
        assert tg.is_grad_enabled()
        assert (count_down.__name__, count_down.__doc__) == ("count_down", "Doc.")

    def test_decorator_restores_when_the_function_raises(self):
        @tg.no_grad()
        def fail():
            raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert tg.is_grad_enabled()

    def test_each_thread_has_its_own(self):
        seen = []
        with tg.no_grad():
            thread = threading.Thread(target=lambda: seen.append(tg.is_grad_enabled()))
            thread.start()
            thread.join()
        assert seen == [True]

    def test_each_task_has_its_own(self):
        async def off(started, checked):
            with tg.no_grad():
                started.set()
                await checked.wait()

        async def main():
            started, checked = asyncio.Event(), asyncio.Event()
            task = asyncio.create_task(off(started, checked))
            await started.wait()
            seen = tg.is_grad_enabled()
            checked.set()
            await task
            return seen

        assert asyncio.run(main())

    def test_restored_when_a_transformed_function_raises(self):
        def fail(x):
            raise ZeroDivisionError

        for transform in (tg.grad, tg.vmap, tg.hessian, tg.jacobian):
            with tg.no_grad(), pytest.raises(ZeroDivisionError):
                transform(fail)(np.ones(2))
            assert tg.is_grad_enabled()
        with pytest.raises(ZeroDivisionError):
            tg.jvp(fail, (1.0,), (1.0,))
        assert tg.grad(lambda x: x * x)(3.0) == 6.0

    def test_a_variable_made_without_recording_is_one(self):
        with tg.no_grad():
            x = variable(2)
        assert x.requires_grad
        assert (x * 2).requires_grad

    def test_backward_works_without_recording(self):
        x = variable(2)
        y = (x * x).sum()
        with tg.no_grad():
            y.backward()
        np.testing.assert_array_equal(x.grad.numpy(), 2 * x.numpy())

    def test_transforms_record_even_inside_no_grad(self):
        with tg.no_grad():
            assert tg.grad(lambda x: x * x)(3.0) == 6.0
            assert tg.grad(tg.grad(lambda x: x * x * x))(2.0) == 12.0


# --- the sweep --------------------------------------------------------------------------------------------------------
class TestSweep:
    def test_gradients_accumulate_until_cleared(self):
        x = variable(3)
        for times in (1, 2):
            (x * x).sum().backward()
            np.testing.assert_allclose(x.grad.numpy(), times * 2 * x.numpy())
        x.zero_grad()
        assert x.grad is None
        (x * x).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * x.numpy())

    def test_several_uses_of_a_variable_add_up(self):
        x = variable(3)
        (x * x + x - 3 * x).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * x.numpy() - 2)

    def test_shared_results_add_up(self):
        x = variable(3)
        y = x * 2
        (y * y + y).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 8 * x.numpy() + 2)

    def test_a_diamond_of_sixty_levels_is_swept_once_per_node(self):
        x = tg.tensor(1.0, requires_grad=True)
        y = x
        for _ in range(60):
            y = y + y
        y.backward()
        assert x.grad.item() == 2.0**60

    def test_gradients_own_their_memory(self):
        """Gradients of two variables, or of two passes, never share an array with one another or with the cotangent."""
        x, y = variable(3), variable(3)
        g = np.ones(3)
        (x + y).backward(g)
        g[:] = 7
        first = x.grad.numpy()
        assert not np.shares_memory(first, y.grad.numpy())
        (x + y).backward(np.ones(3))
        np.testing.assert_array_equal(first, 1)
        np.testing.assert_array_equal(x.grad.numpy(), 2)

    def test_a_kept_gradient_does_not_change_later(self):
        x = variable(3)
        (x * 2).sum().backward()
        kept = x.grad
        (x * 2).sum().backward()
        np.testing.assert_array_equal(kept.numpy(), 2)

    def test_backward_twice_with_retain_graph(self):
        x = variable(3)
        y = (x * x).sum()
        y.backward(retain_graph=True)
        y.backward()
        np.testing.assert_allclose(x.grad.numpy(), 4 * x.numpy())

    def test_backward_on_a_variable_itself(self):
        x = tg.tensor(2.0, requires_grad=True)
        x.backward()
        assert x.grad.item() == 1.0

    def test_one_element_of_any_rank_needs_no_cotangent(self):
        x = tg.tensor([[3.0]], requires_grad=True)
        (x * x).backward()
        np.testing.assert_array_equal(x.grad.numpy(), [[6.0]])

    def test_a_variable_not_reached_keeps_no_gradient(self):
        x, y = variable(2), variable(2)
        (x * 2).sum().backward()
        assert y.grad is None

    def test_create_graph(self):
        x = tg.tensor(2.0, requires_grad=True)
        (x * x * x).backward(create_graph=True)
        gradient = x.grad
        assert gradient.item() == 12.0
        x.zero_grad()
        gradient.backward()
        assert x.grad.item() == 12.0

    def test_detach_cuts(self):
        x = variable(3)
        ((x * x).detach() * x).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), x.numpy() ** 2)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64, np.complex128])
    def test_gradients_have_the_dtype_of_the_variable(self, dtype):
        x = tg.tensor(np.ones(3), dtype=dtype, requires_grad=True)
        y = x * np.linspace(0, 1, 3) * 2.0
        y.backward(np.ones(3, y.dtype))
        assert x.grad.dtype == dtype

    def test_python_numbers_do_not_widen(self):
        x = tg.tensor(np.ones(3, np.float32), requires_grad=True)
        assert (2.0 * x + 1).dtype == np.float32
        assert (x / 3 - 1.5).dtype == np.float32

    def test_threads_can_share_a_variable(self):
        x = variable(3)

        def work():
            for _ in range(200):
                (x * 2).sum().backward()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        np.testing.assert_array_equal(x.grad.numpy(), 1600)


# --- what stays alive -------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("without_gc")
class TestMemory:
    def test_a_graph_dies_with_its_last_result(self):
        x = variable(1000)
        y = x * x
        array, node = weakref.ref(y._value), weakref.ref(y._node)
        z = (y * y).sum()
        del y
        assert array() is not None
        del z
        assert array() is None
        assert node() is None

    def test_backward_releases_what_the_rules_saved(self):
        x = variable(1000)
        y = x * x
        array = weakref.ref(y._value)
        z = (y * y).sum()
        del y
        z.backward()
        assert array() is None
        assert z.requires_grad

    def test_backward_with_create_graph_leaves_no_cycle(self):
        x = variable(1000)
        y = x * x
        array = weakref.ref(y._value)
        (y * x).sum().backward(create_graph=True)
        del y
        x.zero_grad()
        assert array() is None

    def test_nothing_is_kept_that_no_rule_reads(self):
        x = variable(1000)
        y = x * 2
        array = weakref.ref(y._value)
        z = y + 1
        del y
        assert array() is None
        assert z.requires_grad

    def test_constants_are_kept_only_where_needed(self):
        x, c = variable(1000), np.ones(1000)
        array = weakref.ref(c)
        y, z = x * c, x + c
        del c, y
        assert array() is None
        assert z.requires_grad

    def test_no_grad_keeps_nothing(self):
        x = variable(1000)
        with tg.no_grad():
            y = x * x
            array = weakref.ref(y._value)
            z = y * y
            del y
        assert array() is None
        assert not z.requires_grad

    def test_a_failed_operation_keeps_nothing(self):
        x = variable(1000)
        y = x * x
        array = weakref.ref(y._value)
        with pytest.raises(tg.errors.ShapeError):
            y + np.ones(7)
        sys.last_value = None
        del y
        assert array() is None

    @pytest.mark.parametrize("transform", ["grad", "vjp", "jvp", "vmap", "hessian", "jacobian", "linearize"])
    def test_transforms_leave_nothing_behind(self, transform):
        arrays = []

        def f(x):
            y = x * x
            arrays.append(weakref.ref(innermost(y)))
            return (y * y).sum()

        x = np.linspace(0, 1, 5)
        result = {
            "grad": lambda: tg.grad(f)(x),
            "vjp": lambda: tg.vjp(f, x)[1](1.0),
            "jvp": lambda: tg.jvp(f, (x,), (x,)),
            "vmap": lambda: tg.vmap(f)(np.stack([x, x])),
            "hessian": lambda: tg.hessian(f)(x),
            "jacobian": lambda: tg.jacobian(f)(x),
            "linearize": lambda: tg.linearize(f, x)[1](x),
        }[transform]()
        assert result is not None
        assert arrays and all(array() is None for array in arrays)

    def test_training_steps_do_not_grow(self):
        """The number of live objects after many steps is that after a few."""
        w = variable(4)

        def step():
            loss = ((w * 3 - 1) * (w * 3 - 1)).sum()
            loss.backward()
            updated = tg.tensor(w.numpy() - 0.01 * w.grad.numpy(), requires_grad=True)
            return updated

        for _ in range(5):
            w = step()
        before = len(gc.get_objects())
        for _ in range(200):
            w = step()
        assert len(gc.get_objects()) - before < 20


# --- depth ------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def chain():
    x = tg.tensor(np.ones(2), requires_grad=True)
    y = x
    for _ in range(DEEP // 2):
        y = y * 1.0 + 0.0
    return x, y


class TestDepth:
    def test_backward(self, chain):
        x, y = chain
        y.backward(np.ones(2), retain_graph=True)
        np.testing.assert_array_equal(x.grad.numpy(), 1)

    def test_repr_and_copies(self, chain):
        _, y = chain
        assert "1." in repr(y)
        for copied in (copy.copy(y), copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
            np.testing.assert_array_equal(copied.numpy(), 1)

    def test_freeing(self):
        x = tg.tensor(1.0, requires_grad=True)
        y = x
        for _ in range(DEEP):
            y = y * 1.0
        node = weakref.ref(y._node)
        del y
        assert node() is None

    def test_freeing_after_backward(self):
        x = tg.tensor(1.0, requires_grad=True)
        y = x
        for _ in range(DEEP):
            y = y * 1.0
        y.backward()
        del y
        assert x.grad.item() == 1.0

    def test_freeing_a_deep_graph_of_operations_with_several_outputs(self):
        x = tg.tensor(np.ones(2), requires_grad=True)
        y = x
        for _ in range(5_000):
            a, b = tnp.split(y, 2)
            y = tnp.concatenate([b, a])
        y.sum().backward()
        del a, b, y
        np.testing.assert_array_equal(x.grad.numpy(), 1)

    def test_transforms_of_deep_functions(self):
        def f(x):
            y = x
            for _ in range(20_000):
                y = y * 1.0 + 0.0
            return y * y

        assert tg.grad(f)(3.0) == 6.0
        assert tg.jvp(f, (3.0,), (1.0,)) == (9.0, 6.0)
        assert tg.grad(tg.grad(f))(3.0) == 2.0
        np.testing.assert_array_equal(tg.vmap(f)(np.arange(3.0)), [0, 1, 4])
