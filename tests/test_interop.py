"""Gradients across the border to the real PyTorch, JAX and TensorFlow, where these are installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad import interop
from tetragrad.errors import MissingRuleError, OperationError

X = np.array([0.3, -0.7, 1.1])
Y = np.array([1.5, 0.4, 0.2])


def is_installed(package):
    """Whether the real package is here (folders of tests have the same names)."""
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None


def needs(package):
    return pytest.mark.skipif(not is_installed(package), reason=f"needs {package}")


def installed(package):
    if not is_installed(package):
        pytest.skip(f"needs {package}")
    return importlib.import_module(package)


class Torch:
    """One package, in the terms of these tests."""

    name = "torch"

    def __init__(self):
        self.package = installed("torch")
        self.sin, self.array = self.package.sin, self.package.from_numpy
        self.imported, self.exported = interop.from_torch, interop.to_torch

    def grad(self, f, *arrays):
        xs = [self.package.from_numpy(np.array(a)).requires_grad_() for a in arrays]
        return [g.numpy() for g in self.package.autograd.grad(f(*xs).sum(), xs)]

    def second(self, f, x):
        x = self.package.from_numpy(np.array(x)).requires_grad_()
        (g,) = self.package.autograd.grad(f(x).sum(), x, create_graph=True)
        return self.package.autograd.grad(g.sum(), x)[0].numpy()


class Jax:
    name = "jax"

    def __init__(self):
        self.package = installed("jax")
        self.package.config.update("jax_enable_x64", True)
        self.sin, self.array = self.package.numpy.sin, self.package.numpy.asarray
        self.imported, self.exported = interop.from_jax, interop.to_jax

    def grad(self, f, *arrays):
        found = self.package.grad(lambda *xs: f(*xs).sum(), argnums=tuple(range(len(arrays))))(*arrays)
        return [np.asarray(g) for g in found]

    def second(self, f, x):
        first = self.package.grad(lambda x: f(x).sum())
        return np.asarray(self.package.grad(lambda x: first(x).sum())(x))


class Tensorflow:
    name = "tensorflow"

    def __init__(self):
        self.package = installed("tensorflow")
        self.sin, self.array = self.package.sin, self.package.convert_to_tensor
        self.imported, self.exported = interop.from_tensorflow, interop.to_tensorflow

    def grad(self, f, *arrays):
        xs = [self.package.Variable(a) for a in arrays]
        with self.package.GradientTape() as tape:
            y = f(*xs)
        return [g.numpy() for g in tape.gradient(y, xs)]

    def second(self, f, x):
        x = self.package.Variable(x)
        with self.package.GradientTape() as outer:
            with self.package.GradientTape() as inner:
                y = f(x)
            g = inner.gradient(y, x)
        return outer.gradient(g, x).numpy()


@pytest.fixture(params=[Torch, Jax, Tensorflow], ids=lambda side: side.name)
def side(request):
    return request.param()


def ours(x, y):
    return tnp.sin(x) * x * y


# -- their functions here ----------------------------------------------------------------------------------------------


def test_imported_value_and_gradient(side):
    theirs = side.imported(lambda x, y: side.sin(x) * x * y)
    np.testing.assert_allclose(theirs(X, Y), np.sin(X) * X * Y)
    assert type(theirs(X, Y)) is np.ndarray
    x, y = tg.tensor(X, requires_grad=True), tg.tensor(Y, requires_grad=True)
    (theirs(x * 2, y) * 3).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 6 * Y * (np.cos(2 * X) * 2 * X + np.sin(2 * X)))
    np.testing.assert_allclose(y.grad.numpy(), 3 * np.sin(2 * X) * 2 * X)


def test_imported_again_and_again(side):
    theirs = side.imported(lambda x: side.sin(x) * x)
    f, g, h = X, np.cos(X) * X + np.sin(X), 2 * np.cos(X) - np.sin(X) * X
    out, pullback = tg.vjp(theirs, X)
    np.testing.assert_allclose(out, np.sin(X) * X)
    for _ in range(2):
        np.testing.assert_allclose(pullback(np.ones(3))[0], g)
    x = tg.tensor(f, requires_grad=True)
    theirs(x).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    first.sum().backward(create_graph=True)
    second, x.grad = x.grad, None
    np.testing.assert_allclose(second.numpy(), h)
    second.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), -3 * np.sin(X) - np.cos(X) * X)


def test_imported_in_nested_grad(side):
    theirs = side.imported(lambda x: side.sin(x) * x)
    first = tg.grad(lambda x: theirs(x).sum())
    second = tg.grad(lambda x: first(x).sum())
    np.testing.assert_allclose(second(X), 2 * np.cos(X) - np.sin(X) * X)


def test_imported_several_outputs_and_an_integer(side):
    theirs = side.imported(lambda x, n: (x * x, side.sin(x), n))
    n = np.array([1, 2, 3])
    x = tg.tensor(X, requires_grad=True)
    square, sine, number = theirs(x, n)
    np.testing.assert_array_equal(number._value, n)
    square.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * X)
    x.grad = None
    square, sine, number = theirs(x, n)
    (square * sine).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * X * np.sin(X) + X * X * np.cos(X))


def test_imported_unused_input(side):
    theirs = side.imported(lambda x, y: x * 2)
    x, y = tg.tensor(X, requires_grad=True), tg.tensor(Y, requires_grad=True)
    theirs(x, y).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [2, 2, 2])
    assert y.grad is None or not y.grad.numpy().any()


def test_imported_scalars_and_float32(side):
    theirs = side.imported(lambda x: side.sin(x) * x)
    x = tg.tensor(np.float32(0.5), requires_grad=True)
    out = theirs(x)
    assert out.shape == () and out.dtype == np.float32
    out.backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_allclose(float(x.grad), np.cos(0.5) * 0.5 + np.sin(0.5), rtol=1e-6)


def test_imported_complex(side):
    theirs = side.imported(lambda z: z * z * 2j)
    own = lambda z: z * z * 2j  # noqa: E731
    z = np.array([1.0 + 2.0j, -0.5 + 0.3j])
    g = np.array([0.2 - 1.0j, 1.0 + 0.5j])
    np.testing.assert_allclose(tg.vjp(theirs, z)[1](g)[0], tg.vjp(own, z)[1](g)[0])


def test_imported_does_not_change_its_input(side):
    x = X.copy()
    side.imported(lambda x: x * 2)(x)
    np.testing.assert_array_equal(x, X)


def test_forward_mode_is_refused(side):
    theirs = side.imported(lambda x: side.sin(x))
    with pytest.raises(MissingRuleError, match=r"only reverse mode .* crosses the border"):
        tg.jvp(theirs, (X,), (X,))
    with pytest.raises(MissingRuleError, match=r"only reverse mode .* crosses the border"):
        tg.vmap(theirs)(X)


# -- our functions there -----------------------------------------------------------------------------------------------


def test_exported_value_and_gradient(side):
    there = side.exported(ours)
    np.testing.assert_allclose(np.asarray(there(side.array(X), side.array(Y))), np.sin(X) * X * Y)
    gx, gy = side.grad(lambda x, y: there(x * 2, y) * 3, X, Y)
    np.testing.assert_allclose(gx, 6 * Y * (np.cos(2 * X) * 2 * X + np.sin(2 * X)))
    np.testing.assert_allclose(gy, 3 * np.sin(2 * X) * 2 * X)


def test_exported_twice(side):
    there = side.exported(lambda x: tnp.sin(x) * x)
    np.testing.assert_allclose(side.second(there, X), 2 * np.cos(X) - np.sin(X) * X)


def test_exported_several_outputs(side):
    there = side.exported(lambda x: (x * x, tnp.sin(x)))

    def product(x):
        square, sine = there(x)
        return square * sine

    np.testing.assert_allclose(side.grad(product, X)[0], 2 * X * np.sin(X) + X * X * np.cos(X))


def test_exported_branches_on_data(side):
    def branching(x):
        while tnp.linalg.norm(x) < 10:
            x = x * 2
        return x

    np.testing.assert_allclose(side.grad(side.exported(branching), X)[0], [8, 8, 8])


@needs("jax")
def test_exported_under_jit():
    jax = Jax().package
    there = interop.to_jax(lambda x: tnp.sin(x) * x)
    np.testing.assert_allclose(jax.jit(there)(X), np.sin(X) * X)
    np.testing.assert_allclose(jax.jit(jax.grad(lambda x: there(x).sum()))(X), np.cos(X) * X + np.sin(X))


@needs("jax")
def test_exported_under_jax_vmap():
    jax = Jax().package
    there = interop.to_jax(lambda x: tnp.sin(x) * x)
    rows = np.stack([X, Y])
    np.testing.assert_allclose(jax.vmap(there)(rows), np.sin(rows) * rows)
    first = jax.vmap(jax.grad(lambda x: there(x).sum()))(rows)
    np.testing.assert_allclose(first, np.cos(rows) * rows + np.sin(rows))


@needs("jax")
def test_jax_in_single_precision():
    jax = Jax().package
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(OperationError, match="the input is float64, but JAX computes in float32"):
            interop.from_jax(jax.numpy.sin)(X)
        out = interop.from_jax(jax.numpy.sin)(X.astype(np.float32))
        assert out.dtype == np.float32
    finally:
        jax.config.update("jax_enable_x64", True)


@needs("tensorflow")
def test_exported_in_a_tf_function():
    tf = Tensorflow().package
    there = interop.to_tensorflow(lambda x: tnp.sin(x) * x)

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = there(x)
        return tape.gradient(y, x)

    np.testing.assert_allclose(gradient(tf.constant(X)).numpy(), np.cos(X) * X + np.sin(X))


@needs("torch")
def test_torch_module_and_gradcheck():
    torch = Torch().package
    layer = torch.nn.Linear(3, 2).double()
    x = tg.tensor(X, requires_grad=True)
    interop.from_torch(layer)(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), layer.weight.detach().numpy().sum(0))
    there = interop.to_torch(ours)
    xs = [torch.tensor(a, requires_grad=True) for a in (X, Y)]
    assert torch.autograd.gradcheck(there, xs) and torch.autograd.gradgradcheck(there, xs)


def test_a_package_that_is_not_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(OperationError, match="from_torch: the package torch is not installed"):
        interop.from_torch(abs)


# -- arrays ------------------------------------------------------------------------------------------------------------


@needs("torch")
def test_dlpack_to_and_from_torch():
    torch = Torch().package
    x = tg.tensor(X)
    there = torch.from_dlpack(x)
    np.testing.assert_array_equal(there.numpy(), X)
    back = np.from_dlpack(torch.arange(3.0))
    assert tg.tensor(back).tolist() == [0.0, 1.0, 2.0]


@needs("jax")
def test_dlpack_to_jax():
    jax = Jax().package
    np.testing.assert_array_equal(np.asarray(jax.dlpack.from_dlpack(tg.tensor(X))), X)
