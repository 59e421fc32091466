"""An exception at any operation, or an interrupt at any moment, loses and changes nothing."""

from __future__ import annotations

import gc
import os

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.core.levels import current_level
from tetragrad.core.tensor import Node, Tensor

from tests.support.faults import KINDS, Planned, Signals, counted_operations
from tests.support.programs import PROGRAMS, variables

# Faults at every moment take minutes; otherwise some are drawn.
THOROUGH = bool(os.environ.get("TETRAGRAD_THOROUGH"))
MOMENTS = 25


@pytest.fixture(scope="module", autouse=True)
def reference_counts_alone():
    """No cyclic collector; what exists by now is left out of the counts below."""
    gc.collect()
    gc.freeze()
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
        gc.collect()  # what a failed test before has left
        self.program = program
        self.variables = variables()
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


def living():
    """Tensors and nodes that exist."""
    return sum([isinstance(each, (Tensor, Node)) for each in gc.get_objects()])


ORDERS = {"first": Session.first_order, "second": Session.second_order}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_fault_at_any_operation(operations, name, order):
    run = ORDERS[order]
    session = Session(PROGRAMS[name])
    total = operations.events(lambda: run(session))
    history = session.history
    session.reset()
    alive = living()
    assert total >= 4
    for fault_at in range(1, total + 1):
        kind = KINDS[fault_at % 3]
        assert operations.survive(lambda: run(session), fault_at, kind)
        session.check_unchanged()
        session.reset()
        assert living() == alive, f"something is left after a fault at operation {fault_at} of {total}"
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
    alive = living()
    rng = np.random.default_rng(len(name))
    moments = range(1, total + 1) if THOROUGH else rng.integers(1, total + 1, MOMENTS)
    for moment in moments:
        assert signals.survive(lambda: run(session), moment, KeyboardInterrupt)
        session.check_whole(history)
        session.reset()
        assert living() == alive, f"something is left after an interrupt at moment {moment} of {total}"
        assert gc.collect() == 0, f"a cycle is left after an interrupt at moment {moment} of {total}"
    session.check_again(run, history)
