"""Functions with a backward pass of their own, `mxnet.autograd.Function`."""

from __future__ import annotations

import numpy as onp
import pytest
from support.variables import of_mxnet as variable

from tetragrad.mxnet import MXNetError, autograd, np


def recorded(f, *args):
    with autograd.record():
        return f(*args)


class Sigmoid(autograd.Function):
    def forward(self, x):
        assert not autograd.is_recording()
        y = 1 / (1 + np.exp(-x))
        self.save_for_backward(y)
        return y

    def backward(self, dy):
        (y,) = self.saved_tensors
        return dy * y * (1 - y)


def test_a_function():
    x = variable([0.0, 1.0])
    y = recorded(lambda: Sigmoid()(x) * 2)
    y.backward()
    s = 1 / (1 + onp.exp(-x.asnumpy()))
    onp.testing.assert_allclose(x.grad.asnumpy(), 2 * s * (1 - s), rtol=1e-6)


def test_a_function_outside_record():
    x = variable([0.0])
    assert Sigmoid()(x).tolist() == [0.5]


def test_a_function_differentiates_twice():
    """MXNet's does not."""
    x = variable([0.3, 1.0])
    with autograd.record():
        (dx,) = autograd.grad(Sigmoid()(x), [x], create_graph=True)
    dx.backward()
    s = 1 / (1 + onp.exp(-x.asnumpy()))
    onp.testing.assert_allclose(x.grad.asnumpy(), s * (1 - s) * (1 - 2 * s), rtol=1e-5)


def test_one_instance_one_call():
    x = variable()
    f = Sigmoid()
    f(x)
    with pytest.raises(AssertionError, match="Each Function instance can only be called once"):
        f(x)


class Both(autograd.Function):
    def forward(self, x, y):
        self.save_for_backward(x, y)
        return x * y, x + y

    def backward(self, dp, ds):
        x, y = self.saved_tensors
        return dp * y + ds, dp * x + ds


def test_several_inputs_and_outputs():
    x, y = variable([1.0, 2.0]), variable([3.0, 4.0], "add")
    for _ in range(2):
        with autograd.record():
            p, s = Both()(x, y)
            z = p + 10 * s
        z.backward()
    assert x.grad.tolist() == [13, 14] and y.grad.tolist() == [22, 24]
    p, s = recorded(lambda: Both()(x, y))
    s.backward()
    assert x.grad.tolist() == [1, 1]


def test_a_function_with_too_few_gradients():
    class Wrong(Both):
        def backward(self, dp, ds):
            return dp

    x, y = variable(), variable()
    p, _ = recorded(lambda: Wrong()(x, y))
    with pytest.raises(MXNetError, match=r"same number of NDArrays .* Expecting 2 got 1"):
        p.backward()


def test_a_function_with_a_gradient_of_another_shape():
    class Wrong(Both):
        def backward(self, dp, ds):
            return dp[:1], ds

    x, y = variable(), variable()
    p, _ = recorded(lambda: Wrong()(x, y))
    with pytest.raises(MXNetError, match="shape"):
        p.backward()
