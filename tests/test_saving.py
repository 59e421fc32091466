"""Saved arrays: hooks around them, files, compression, computing again, and the report of what is kept."""

import os

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp

A = np.random.default_rng(3).standard_normal((40, 40))


def network(x, w):
    return tnp.tanh(x @ w) * tnp.sin(x)


def gradients(run):
    x, w = tg.tensor(A, requires_grad=True), tg.tensor(A / 7, requires_grad=True)
    run(x, w).sum().backward()
    return x.grad.numpy(), w.grad.numpy()


PLAIN = gradients(network)


def under(context):
    def run(x, w):
        with context():
            return network(x, w)

    return run


WAYS = {
    "hooks": under(lambda: tg.saved_arrays_hooks(lambda a: a.copy(), lambda h: h)),
    "disk": under(lambda: tg.save_on_disk(min_bytes=1)),
    "compressed": under(lambda: tg.save_compressed(min_bytes=1)),
    "checkpoint": lambda x, w: tg.checkpoint(network, x, w),
    "checkpoint closing over w": lambda x, w: tg.checkpoint(lambda x: network(x, w), x),
    "checkpoint in a checkpoint": lambda x, w: tg.checkpoint(lambda x: tg.checkpoint(network, x, w) * 1, x),
}


@pytest.mark.parametrize("run", WAYS.values(), ids=WAYS)
def test_gradients_are_the_same(run):
    for found, expected in zip(gradients(run), PLAIN, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("run", WAYS.values(), ids=WAYS)
def test_second_derivatives_are_the_same(run):
    v = np.ones_like(A)

    def second(run):
        return tg.hvp(lambda x: run(x, A / 7).sum(), (A,), (v,)), tg.grad(
            lambda x: (tg.grad(lambda x: run(x, A / 7).sum())(x) * v).sum()
        )(A)

    for found, expected in zip(second(run), second(network), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_every_saved_array_goes_through_the_hooks_and_only_there():
    packed, unpacked = [], []
    x = tg.tensor(A, requires_grad=True)
    with tg.saved_arrays_hooks(lambda a: packed.append(a.shape) or a, lambda h: unpacked.append(h.shape) or h):
        y = tnp.exp(x * x) + x
    z = (y * y).sum()
    assert packed == [(40, 40)] * 3  # x twice for the product, exp's result
    z.backward()
    assert unpacked == packed


def test_files_go_with_their_arrays(tmp_path):
    x = tg.tensor(A, requires_grad=True)
    with tg.save_on_disk(tmp_path, min_bytes=1):
        y = (x * x).sum()
    assert len(os.listdir(tmp_path)) > 0
    y.backward()
    assert os.listdir(tmp_path) == []


def test_checkpoint_saves_nothing_and_runs_twice():
    runs = []

    def f(x):
        runs.append(1)
        for _ in range(20):
            x = tnp.sin(x)
        return x

    x = tg.tensor(A, requires_grad=True)
    before = tg.memory().saved_bytes
    y = tg.checkpoint(f, x)
    assert tg.memory().saved_bytes == before
    y.sum().backward()
    assert len(runs) == 2


def test_checkpoint_uses_the_arguments_as_they_were():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    c = tg.tensor([3.0, 4.0])
    y = tg.checkpoint(lambda x, c: x * x * c, x, c)
    c[:] = 100.0
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 16.0]


def test_checkpoint_of_a_function_that_changes_its_mind():
    shapes = iter([2, 3])
    x = tg.tensor(A, requires_grad=True)
    y = tg.checkpoint(lambda x: tnp.sin(x[: next(shapes)]), x)
    with pytest.raises(tg.errors.OperationError, match="compute the same"):
        y.sum().backward()
    assert x.grad is None


def test_modes_nest_and_are_restored():
    x = tg.tensor(A, requires_grad=True)
    packed = []
    with tg.saved_arrays_hooks(lambda a: packed.append(1) or a, lambda h: h):
        with tg.no_grad():
            assert not (x * x).requires_grad
        assert tg.is_grad_enabled() is True
        tg.grad(lambda x: (x * x).sum())(A)
    assert packed
    count = len(packed)
    (x * x).sum().backward()
    assert len(packed) == count


def test_report():
    x = tg.tensor(A, requires_grad=True)
    before = tg.memory()
    y = tnp.exp(x)
    view = y[:10] * 2
    report = tg.memory()
    assert report.nodes - before.nodes == 3
    assert report.saved_bytes - before.saved_bytes == A.nbytes  # exp's result; the view's product keeps a number
    assert report.by_operation["exp"][1] >= A.nbytes
    assert "nodes keep" in repr(report)
    del y, view
    assert tg.memory().saved_bytes == before.saved_bytes


def test_hooks_do_not_switch_recording_on():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    hooks = tg.saved_arrays_hooks(lambda a: a, lambda a: a)
    with tg.no_grad(), hooks:
        assert not tg.is_grad_enabled() and not (x * x).requires_grad
    assert not tg.no_grad()(hooks(lambda: x * x))().requires_grad


def test_recording_switched_on_again_keeps_the_hooks():
    packed = []
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with tg.saved_arrays_hooks(lambda a: packed.append(1) or a, lambda a: a), tg.enable_grad():
        y = x * x
    assert y.requires_grad and packed
