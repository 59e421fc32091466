"""The chapter in MXNet's idiom: what its cells and exercises show, in our own words."""

from __future__ import annotations

import math

import pytest

from tetragrad.mxnet import autograd, np, npx
from tetragrad.mxnet.base import MXNetError

npx.set_np()


@pytest.fixture
def x():
    made = np.arange(4.0)
    made.attach_grad()
    return made


def test_an_array_and_its_empty_gradient(x):
    assert repr(x) == "array([0., 1., 2., 3.])"
    assert repr(x.grad) == "array([0., 0., 0., 0.])"
    assert type(x).__name__ == "ndarray"


def test_a_quadratic_form(x):
    with autograd.record():
        y = 2 * np.dot(x, x)
    assert repr(y) == "array(28.)"
    y.backward()
    assert repr(x.grad) == "array([ 0.,  4.,  8., 12.])"
    assert repr(x.grad == 4 * x) == "array([ True,  True,  True,  True])"


def test_the_gradient_is_overwritten(x):
    for _ in range(2):
        with autograd.record():
            y = x.sum()
        y.backward()
        assert x.grad.tolist() == [1, 1, 1, 1]


def test_a_vector_is_summed(x):
    with autograd.record():
        y = x * x
    y.backward()
    assert x.grad.tolist() == [0, 2, 4, 6]


def test_a_detached_factor(x):
    with autograd.record():
        y = x * x
        u = y.detach()
        z = u * x
    z.backward()
    assert (x.grad == u).all()
    y.backward()
    assert (x.grad == 2 * x).all()


def grow(a):
    b = a * 2
    while np.linalg.norm(b) < 1000:
        b = b * 2
    return b if b.sum() > 0 else 100 * b


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [(), (3,), (2, 2)])
def test_control_flow(seed, size):
    np.random.seed(seed)
    a = np.random.normal(size=size)
    a.attach_grad()
    with autograd.record():
        d = grow(a)
    d.backward()
    assert a.shape == a.grad.shape == size
    assert np.allclose(a.grad, d / a, rtol=1e-6)
    factor = a.grad.asnumpy().reshape(-1)
    assert (factor == factor[0]).all() and math.log2(factor[0] / (1 if d.sum() > 0 else 100)).is_integer()


def test_the_second_derivative():
    x = np.arange(4.0) + 0.5
    x.attach_grad()
    with autograd.record():
        y = np.sin(x)
        (dx,) = autograd.grad(y, [x], create_graph=True, retain_graph=True)
    dx.backward()
    assert np.allclose(x.grad, -np.sin(x))


def test_the_second_derivative_of_a_power():
    """MXNet cannot: its operator `_backward_power_scalar` has no derivative."""
    x = np.arange(4.0)
    x.attach_grad()
    with autograd.record():
        (dx,) = autograd.grad((x**3).sum(), [x], create_graph=True)
    dx.backward()
    assert x.grad.tolist() == [0, 6, 12, 18]


def test_backward_twice(x):
    with autograd.record():
        y = 2 * np.dot(x, x)
    y.backward()
    with pytest.raises(MXNetError, match=r"not in a computational graph.*pass retain_graph=True"):
        y.backward()
    assert x.grad.tolist() == [0, 4, 8, 12]
    with autograd.record():
        y = 2 * np.dot(x, x)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [0, 4, 8, 12]
    x.attach_grad(grad_req="add")
    with autograd.record():
        y = 2 * np.dot(x, x)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [0, 8, 16, 24]


@pytest.mark.parametrize(
    ("start", "value", "derivative"), [(5.0, 0.559639, -0.525304), (-3.0, -0.748121, 0.275900), (0.5, 0.25, 1.0)]
)
def test_another_control_flow(start, value, derivative):
    a = np.array(start)
    a.attach_grad()
    with autograd.record():
        s, n = a, 0
        while np.abs(s) > 1:
            s = s / 2 if n % 2 == 0 else np.sin(s) * s
            n += 1
        out = s * s if a > 0 else -s
    out.backward()
    assert float(out) == pytest.approx(value, rel=1e-5)
    assert float(a.grad) == pytest.approx(derivative, rel=1e-5)


def test_the_derivative_of_sine_without_cosine():
    x = np.linspace(-3.14159265, 3.14159265, 13)
    x.attach_grad()
    assert x[6] == 0 and x[5] == -x[7]
    with autograd.record():
        y = np.sin(x)
    y.backward()
    assert max([abs(float(g) - math.cos(float(at))) for g, at in zip(x.grad, x)]) < 1e-6
