"""The frameworks' ways to compile, over the one compiler."""

import pickle

import numpy as np
import pytest

import tetragrad.paddle as paddle
import tetragrad.tensorflow as tf
import tetragrad.torch as torch
from tetragrad.dialects.compiling import WholeFunctionError
from tetragrad.mxnet import autograd, gluon
from tetragrad.mxnet import np as mnp

# -- torch


def test_torch_parameters_of_a_closure():
    w = torch.tensor([[0.5, -1.0], [2.0, 0.25]], requires_grad=True)
    b = torch.zeros(2, requires_grad=True)

    @torch.compile
    def loss(x):
        return torch.tanh(x @ w + b).pow(2).sum()

    x = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    for _ in range(3):
        found, expected = [], []
        for f, gradients in ((loss, found), (loss._f, expected)):
            w.grad = b.grad = None
            out = f(x)
            out.backward()
            gradients += [out.item(), w.grad.numpy(), b.grad.numpy()]
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=2e-6)
        with torch.no_grad():
            w -= 0.1 * w.grad
            b -= 0.1 * b.grad
    assert len(loss) == 1
    assert "uncompiled" not in loss.explain()


def test_torch_results_are_of_its_kind():
    f = torch.compile(lambda x: (x * 2, x > 0, x.argmax(), x.sum()))
    doubled, positive, place, total = f(torch.tensor([1.0, -1.0]))
    assert doubled.dtype is torch.float32
    assert positive.dtype is torch.bool
    assert place.dtype is torch.int64
    assert total.item() == 0.0
    assert all(isinstance(out, torch.Tensor) for out in (doubled, positive, place, total))


def test_torch_decisions_run_eagerly_unless_the_whole_is_wanted():
    def f(x):
        return x * 2 if x.sum() > 0 else -x

    x = torch.tensor([1.0, -3.0])
    assert torch.equal(torch.compile(f)(x), -x)
    with pytest.raises(WholeFunctionError, match=r"cannot be compiled as a whole: test_compiling\.py"):
        torch.compile(f, fullgraph=True)(x)
    assert torch.compile(f, disable=True) is f


def test_torch_random_numbers_are_new_at_each_call():
    f = torch.compile(lambda x: x + torch.rand(3))
    x = torch.zeros(3)
    assert not torch.equal(f(x), f(x))


def test_torch_numbers_are_part_of_the_signature():
    f = torch.compile(lambda x, n: x * n)
    x = torch.tensor([1.0, 2.0])
    assert f(x, 2.0).tolist() == [2.0, 4.0]
    assert f(x, 3).tolist() == [3.0, 6.0]
    assert f(x, 3).dtype is torch.float32
    assert len(f) == 2


def test_torch_options_as_a_decorator():
    @torch.compile(mode="max-autotune", dynamic=True)
    def f(x):
        return x.sin()

    assert f.__name__ == "f"
    assert f(torch.zeros(2)).tolist() == [0.0, 0.0]


def test_torch_twice_differentiated():
    f = torch.compile(lambda x: (x.sin() * x).sum())
    x = torch.tensor([0.5, 1.5], requires_grad=True)
    (first,) = torch.autograd.grad(f(x), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    a = x.detach().numpy().astype(float)
    np.testing.assert_allclose(second.numpy(), 2 * np.cos(a) - a * np.sin(a), rtol=1e-5)


# -- TensorFlow


def test_tensorflow_tapes_inside_and_outside():
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    x, y = tf.constant([[1.0, 1.0]]), tf.constant([[0.0, 0.0]])

    @tf.function
    def loss(x, y):
        return tf.reduce_mean((x @ v - y) ** 2)

    @tf.function
    def gradient(x, y):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean((x @ v - y) ** 2)
        return tape.gradient(value, v)

    for _ in range(2):
        with tf.GradientTape() as tape:
            value = loss(x, y)
        outside = tape.gradient(value, v)
        np.testing.assert_allclose(outside.numpy(), gradient(x, y).numpy(), rtol=1e-6)
        expected = 2 * np.ones((2, 1)) @ (x.numpy() @ v.numpy()) / 2
        np.testing.assert_allclose(outside.numpy(), expected, rtol=1e-6)
        v.assign_sub(0.1 * outside)
    assert loss.experimental_get_tracing_count() == 1
    assert "uncompiled" not in loss.explain() + gradient.explain()


def test_tensorflow_assignments_happen_once():
    v = tf.Variable(1.0)

    @tf.function
    def step(x):
        v.assign_add(x)
        return v * 2.0

    assert float(step(tf.constant(1.0))) == 4.0
    assert float(step(tf.constant(1.0))) == 6.0


def test_tensorflow_can_run_functions_eagerly():
    calls = []
    f = tf.function(lambda x: calls.append(1) or x * 2.0)
    f(tf.constant(1.0)), f(tf.constant(2.0))
    assert len(calls) == 1
    tf.config.run_functions_eagerly(True)
    try:
        f(tf.constant(2.0))
    finally:
        tf.config.run_functions_eagerly(False)
    assert len(calls) == 2


# -- Paddle and MXNet


def test_paddle():
    @paddle.jit.to_static
    def f(x, n=2.0):
        return paddle.sin(x) ** n

    x = paddle.to_tensor([0.0, 1.0], stop_gradient=False)
    f(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.sin(2 * x.numpy()), rtol=1e-6)
    assert "uncompiled" not in f.explain()
    assert paddle.jit.to_static(paddle.jit.not_to_static(lambda x: x)).__class__ is not f.__class__


def test_mxnet_records_only_where_it_is_told_to():
    f = gluon.hybridize(lambda x: mnp.sin(x) ** 2)
    x = mnp.array([0.0, 1.0])
    x.attach_grad()
    with autograd.record():
        y = f(x)
    y.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), np.sin(2 * x.asnumpy()), rtol=1e-6)
    assert f(x)._node is None
    assert gluon.hybridize(f, active=False) is f


def test_pickles():
    f = pickle.loads(pickle.dumps(torch.compile(torch.sin)))
    assert f(torch.zeros(1)).item() == 0.0
