"""An exception at any operation, or an interrupt at any moment, loses and changes nothing."""

from __future__ import annotations

import gc
import os
import signal
from itertools import repeat
from time import perf_counter, sleep

import numpy as np
import pytest
from tests.support.faults import KINDS, Handler, Signals, counted_operations
from tests.support.programs import PROGRAMS, variables

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.core.levels import current_level
from tetragrad.core.tensor import Node, Tensor
from tetragrad.families.blocks import LARGE

# Faults at every moment take minutes; otherwise some are drawn.
THOROUGH = bool(os.environ.get("TETRAGRAD_THOROUGH"))
MOMENTS = 25


@pytest.fixture(scope="module", autouse=True)
def reference_counts_alone():
    """No cyclic collector."""
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.fixture(scope="module")
def operations():
    with counted_operations() as counter:
        yield counter


class Session:
    """A program on its variables, whose `.grad` hold something already; and what that must be at any time."""

    def __init__(self, program):
        self.program = program
        self.use(variables())

    def use(self, variables):
        self.variables = variables
        self.values = [(variable._value, variable.numpy().copy()) for variable in self.variables]
        self.given = [tg.tensor(np.full(variable.shape, 0.25)) for variable in self.variables]
        self.reset()

    def reset(self):
        for variable, given in zip(self.variables, self.given):
            variable._grad = given
        self.history = []
        self.note()

    def note(self):
        grads = [variable._grad for variable in self.variables]  # plain looks, where no fault is counted
        self.expected = [(grad, None if grad is None else np.array(grad._value)) for grad in grads]
        self.history.append([value for _, value in self.expected])

    def backward(self, result, **options):
        result.backward(**options)
        self.note()

    def first_order(self):
        self.backward(self.program(*self.variables))

    def second_order(self):
        self.backward(self.program(*self.variables), create_graph=True)
        gradients = [variable._grad for variable in self.variables if variable._grad._node is not None]
        for variable in self.variables:
            variable._grad = None
        self.note()
        if gradients:
            self.backward(sum([(gradient * gradient).sum() for gradient in gradients]))

    def check_unchanged(self):
        """Everything is as the last complete backward pass left it."""
        assert tg.is_grad_enabled()
        assert current_level() is None
        for variable, (value, copied) in zip(self.variables, self.values):
            assert variable._value is value
            np.testing.assert_array_equal(value, copied)
        for variable, (grad, copied) in zip(self.variables, self.expected):
            assert variable.grad is grad
            if grad is not None:
                np.testing.assert_array_equal(grad.numpy(), copied)

    def check_whole(self, history):
        """Every backward pass has left all of its gradients or none; an interrupt may come right after they are."""
        assert tg.is_grad_enabled()
        assert current_level() is None
        for variable, (value, copied) in zip(self.variables, self.values):
            assert variable._value is value
            np.testing.assert_array_equal(value, copied)
        found = [None if variable.grad is None else variable.grad.numpy() for variable in self.variables]
        assert any([same(found, state) for state in (history[len(self.history) - 1 : len(self.history) + 1])])

    def check_again(self, run, history):
        """The same work, undisturbed, gives what it should."""
        self.reset()
        run(self)
        assert len(self.history) == len(history)
        assert same(self.history[-1], history[-1])


def same(found, expected):
    """Whether two lists of arrays (or None) are equal to the last bit."""
    return all(
        [
            (a is None) == (b is None) and (a is None or (a.dtype == b.dtype and np.array_equal(a, b)))
            for a, b in zip(found, expected)
        ]
    )


def leave_out_what_exists():
    """From now on, collections and the list of leftovers see only what is made later."""
    gc.collect()
    gc.freeze()


def leftovers():
    """How many Tensors and nodes made since then exist."""
    return sum(map(isinstance, gc.get_objects(), repeat((Tensor, Node))))


ORDERS = {"first": Session.first_order, "second": Session.second_order}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_fault_at_any_operation(operations, name, order):
    run = ORDERS[order]
    session = Session(PROGRAMS[name])
    total = operations.events(lambda: run(session))
    history = session.history
    session.reset()
    leave_out_what_exists()
    assert total >= 4
    for fault_at in range(1, total + 1):
        kind = KINDS[fault_at % 3]
        assert operations.survive(lambda: run(session), fault_at, kind)
        session.check_unchanged()
        session.reset()
        assert leftovers() == 0, f"something is left after a fault at operation {fault_at} of {total}"
        assert gc.collect() == 0, f"a cycle is left after a fault at operation {fault_at} of {total}"
    session.check_again(run, history)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_after_a_fault_the_next_computation_is_right(operations, name, order):
    """Ten faults, each followed by the whole program."""
    run = ORDERS[order]
    session = Session(PROGRAMS[name])
    total = operations.events(lambda: run(session))
    history = session.history
    for fault_at in np.linspace(1, total, 10).astype(int):
        session.reset()
        assert operations.survive(lambda: run(session), fault_at, KINDS[fault_at % 3])
        session.check_again(run, history)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_retained_graph_survives_faults(operations, name):
    session = Session(PROGRAMS[name])
    session.first_order()
    expected = session.history[-1]
    session.reset()
    result = session.program(*session.variables)
    options = {"retain_graph": True}
    total = operations.events(lambda: result.backward(**options))
    session.reset()
    for fault_at in range(1, total + 1):
        assert operations.survive(lambda: session.backward(result, **options), fault_at, KINDS[fault_at % 3])
        session.check_unchanged()
    session.backward(result)
    assert same(session.history[-1], expected)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_an_interrupt_at_any_moment(name, order):
    run = ORDERS[order]
    session = Session(PROGRAMS[name])
    run(session)
    history = session.history
    signals = Signals()
    session.reset()
    total = signals.events(lambda: run(session))
    session.reset()
    leave_out_what_exists()
    rng = np.random.default_rng(len(name))
    moments = range(1, total + 1) if THOROUGH else rng.integers(1, total + 1, MOMENTS)
    for moment in moments:
        assert signals.survive(lambda: run(session), moment, KeyboardInterrupt)
        session.check_whole(history)
        session.reset()
        assert leftovers() == 0, f"something is left after an interrupt at moment {moment} of {total}"
        assert gc.collect() == 0, f"a cycle is left after an interrupt at moment {moment} of {total}"
    session.check_again(run, history)


# --- large arrays: the engine's threads, and runs of operations that go block by block --------------------------------
def large_chain(x, y):
    return (tnp.tanh(tnp.exp(x * 0.5) * y) + tnp.sin(x) - y).sum()


def large_matrices(x, y):
    a = x.reshape(512, 512)
    return (tnp.maximum(a @ a + y[:512], 0.0) ** 2).mean()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("program", [large_chain, large_matrices])
def test_interrupts_of_large_work(program, order):
    def session():
        made = Session(program)
        values = np.linspace(-1, 1, 2 * LARGE // 8), np.linspace(1, 2, 2 * LARGE // 8)
        made.use([tg.tensor(value, requires_grad=True) for value in values])
        return made

    run = ORDERS[order]
    disturbed, whole = session(), session()
    run(whole)
    signals = Signals()
    total = signals.events(lambda: run(disturbed))
    disturbed.reset()
    leave_out_what_exists()
    rng = np.random.default_rng(0)
    for moment in range(1, total + 1) if THOROUGH else rng.integers(1, total + 1, 15):
        interrupted = signals.survive(lambda: run(disturbed), moment, KeyboardInterrupt)
        assert interrupted or signals.count < moment  # the threads share the work out anew each time
        disturbed.check_whole(whole.history)
        disturbed.reset()
        for _ in range(200):  # an interrupt does not wait for what the other threads have begun
            if leftovers() == 0:
                break
            sleep(0.005)
        assert leftovers() == 0
        assert gc.collect() == 0
    disturbed.check_again(run, whole.history)


# --- writing in place -------------------------------------------------------------------------------------------------
class Family:
    """An array with views and an alias, and a write that all of them see."""

    def __init__(self, write, recorded):
        self.x, self.a, self.s = variables()
        with tg.enable_grad() if recorded else tg.no_grad():
            self.whole = self.a * 1
            self.row, self.column, self.flat = self.whole[0], self.whole.T[1], self.whole.reshape(9)[::2]
        self.alias = self.whole.detach()
        self.write = write

    def run(self):
        self.write(self)

    def contents(self):
        """The array, once all who look into it agree."""
        array = self.whole.numpy()
        for view, expected in (
            (self.row, array[0]),
            (self.column, array.T[1]),
            (self.flat, array.reshape(9)[::2]),
            (self.alias, array),
        ):
            np.testing.assert_array_equal(view.numpy(), expected)
        return array.copy()

    def gradients(self):
        """What backward passes through the whole and through each view bring."""
        found = []
        for tensor in (self.whole, self.row, self.column, self.flat):
            if tensor.requires_grad:
                (tensor * tensor).sum().backward(retain_graph=True)
            found += [None if each.grad is None else each.grad.numpy().copy() for each in (self.x, self.a, self.s)]
        return found


def write_row(family):
    family.row += family.x


def write_column(family):
    family.column[1:] = family.s


def write_whole(family):
    family.whole *= family.s


def write_alias(family):
    family.alias[0] = 7.0


def write_flat(family):
    family.flat[:] = 2.0


WRITES = [write_row, write_column, write_whole, write_alias, write_flat]


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("write", WRITES)
def test_a_disturbed_write_is_seen_by_all_or_by_none(operations, write, recorded):
    before = Family(write, recorded)
    after = Family(write, recorded)
    total = operations.events(after.run)
    signals = Signals()
    moments = signals.events(Family(write, recorded).run)
    states = [(family.contents(), family.gradients()) for family in (before, after)]
    for counter, count in ((operations, total), (signals, moments)):
        for moment in range(1, count + 1):
            family = Family(write, recorded)
            assert counter.survive(family.run, moment, KINDS[moment % 3])
            found = family.contents()
            state = next(state for state in states if same([found], state[:1]))
            assert same(family.gradients(), state[1])


# --- handlers of signals, at any moment -------------------------------------------------------------------------------
@pytest.fixture
def one_thread():
    """Without helpers, who take a share of the work that differs each time."""
    before = tg.threads()
    tg.threads(1)
    yield
    tg.threads(before)


@pytest.mark.usefixtures("one_thread")
def test_a_handler_that_computes_large_results():
    """Memory that is used again goes to one of them only."""
    x = tg.tensor(np.linspace(0, 1, LARGE // 4))
    results = []

    def act():
        results.extend([tnp.exp(x), tnp.exp(x + 1)])

    handler = Handler(act)
    for moment in range(1, 1_000):
        results.clear()
        assert not handler.survive(act, moment, None)
        if handler.count < moment:
            break
        assert len(results) == 4
        for i, result in enumerate(results):
            if i % 2 == 0:
                np.testing.assert_array_equal(result.numpy(), np.exp(x.numpy()))
            for other in results[:i]:
                assert not np.shares_memory(result.numpy(), other.numpy())
    assert moment > 20


def test_a_handler_that_makes_views():
    """All see a later write: those made amidst the making of others, and while the dead are forgotten."""

    def act():
        kept.extend([x[:1] for _ in range(20) if x.T is not None])

    for start in (0, 15):
        x, kept = tg.tensor(np.zeros(3)), []
        total = Handler(act).events(act)
        for moment in range(1, total + 1):
            x, kept = tg.tensor(np.zeros(3)), []
            kept.extend([x[:1] for _ in range(start)])
            Handler(act).survive(act, moment, None)
            x += 1
            assert len(kept) >= 20 + start
            assert all([view.item() == 1 for view in kept])


def test_a_handler_that_registers_hooks():
    def act():
        handles.append(x.register_hook(lambda g: seen.append(1)))
        handles.append(x.register_hook(lambda g: seen.append(1)))
        handles.pop(0).remove()

    x, handles = tg.tensor(1.0, requires_grad=True), []
    total = Handler(act).events(act)
    for moment in range(1, total + 1):
        x, handles, seen = tg.tensor(1.0, requires_grad=True), [], []
        Handler(act).survive(act, moment, None)
        (x * 1).backward()
        assert len(seen) == len(handles) > 0


# --- what really happens ----------------------------------------------------------------------------------------------
def test_memory_runs_out():
    x = tg.tensor(np.ones(1 << 20), requires_grad=True)
    (x * x).sum().backward()
    grad = x.grad
    for act in (
        lambda: (x.reshape(-1, 1) * x).sum().backward(),
        lambda: tg.grad(lambda x: (x.reshape(-1, 1) * x).sum())(x),
        lambda: tg.jvp(lambda x: (x.reshape(-1, 1) * x).sum(), (x,), (x,)),
        lambda: tg.vmap(lambda row: row * x)(x),
    ):
        with pytest.raises(MemoryError):
            act()
        assert x.grad is grad
        assert tg.is_grad_enabled()
        assert current_level() is None
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), 4)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers that send signals")
class TestRealSignals:
    @pytest.fixture
    def alarm(self):
        """Calls a function, again and again, at arbitrary moments."""

        def every(seconds, act):
            signal.signal(signal.SIGALRM, lambda number, frame: act())
            signal.setitimer(signal.ITIMER_REAL, seconds, seconds)

        before = signal.getsignal(signal.SIGALRM)
        yield every
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    def test_interrupted_training(self, alarm):
        """Every pass arrives at all variables or at none, wherever it is interrupted."""
        x, y = tg.tensor(np.zeros(3), requires_grad=True), tg.tensor(np.zeros(20_000), requires_grad=True)
        armed = interrupts = 0

        def act():
            nonlocal armed
            if armed:
                armed = 0
                raise KeyboardInterrupt

        alarm(0.0004, act)
        end = perf_counter() + 0.7
        while perf_counter() < end:
            try:
                armed = 1
                while True:
                    (tg.grad(lambda x: (2 * x).sum())(x) * x / 2).sum().backward()
                    ((x * 1).sum() + (y * 1).sum()).backward()
                    tg.jvp(lambda x: x * x, (1.0,), (1.0,))
            except KeyboardInterrupt:
                interrupts += 1
            assert tg.is_grad_enabled()
            assert current_level() is None
            if x.grad is not None and y.grad is not None:
                first, both = x.grad.numpy(), y.grad.numpy()
                assert (first == first[0]).all() and (both == both[0]).all()
                assert first[0] - 2 * both[0] in (0, 1) or interrupts > 1
        assert interrupts > 20

    def test_a_handler_that_runs_backward_passes(self, alarm):
        """It may come between the reading and the writing of a gradient: nothing is lost, nothing waits for ever."""
        x, y = tg.tensor(np.zeros(3), requires_grad=True), tg.tensor(np.zeros(20_000), requires_grad=True)
        count = handled = 0

        def step():
            (x * 1).sum().backward()
            ((x * 1).sum() + (y * 1).sum()).backward()

        def act():
            nonlocal handled
            step()
            handled += 1

        alarm(0.0005, act)
        end = perf_counter() + 0.5
        while perf_counter() < end:
            step()
            count += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert handled > 20
        np.testing.assert_array_equal(x.grad.numpy(), 2 * (count + handled))
        np.testing.assert_array_equal(y.grad.numpy(), count + handled)
