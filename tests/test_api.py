"""The transforms: JAX's signatures, nested containers, plain arrays in and out."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp

Point = namedtuple("Point", "x y")


@dataclass(frozen=True)
class Layer:
    weight: Any
    bias: Any


@dataclass
class Net:
    layers: list[Layer]
    scale: Any


X = np.array([0.3, -0.7, 1.1])
Y = np.array([2.0, 0.5, -1.5])


def energy(x, y):
    return (x * x * y).sum()


def is_plain(value):
    return isinstance(value, (np.ndarray, np.generic, float, int)) and not isinstance(value, tg.Tensor)


class TestGrad:
    def test_plain_in_plain_out(self):
        gradient = tg.grad(energy)(X, Y)
        assert is_plain(gradient)
        np.testing.assert_allclose(gradient, 2 * X * Y)

    @pytest.mark.parametrize("x", [2, 2.0, np.float64(2), np.array(2.0)][1:])
    def test_numbers(self, x):
        gradient = tg.grad(lambda x: x * x)(x)
        assert is_plain(gradient) and np.shape(gradient) == ()
        assert gradient == 4

    def test_tensors_in_tensors_out(self):
        gradient = tg.grad(energy)(tg.tensor(X), Y)
        assert isinstance(gradient, tg.Tensor) and not gradient.requires_grad
        np.testing.assert_allclose(gradient.numpy(), 2 * X * Y)

    def test_the_gradient_attribute_is_left_alone(self):
        x = tg.tensor(X, requires_grad=True)
        gradient = tg.grad(energy)(x, Y)
        assert x.grad is None
        assert gradient.requires_grad

    @pytest.mark.parametrize(
        ("argnums", "expected"),
        [
            (0, 2 * X * Y), (1, X * X), (-1, X * X), ((0,), (2 * X * Y,)), ((0, 1), (2 * X * Y, X * X)),
            ([1, 0], (X * X, 2 * X * Y)),
        ],
    )  # fmt: skip
    def test_argnums(self, argnums, expected):
        found = tg.grad(energy, argnums)(X, Y)
        if isinstance(argnums, int):
            found, expected = (found,), (expected,)
        assert isinstance(found, tuple) and len(found) == len(expected)
        for part, want in zip(found, expected):
            np.testing.assert_allclose(part, want)

    def test_keyword_arguments_are_passed_on(self):
        assert tg.grad(lambda x, *, power: x**power)(2.0, power=3) == 12.0

    def test_arguments_that_are_not_differentiated_may_be_anything(self):
        assert tg.grad(lambda x, how: x * 3 if how == "triple" else x)(1.0, "triple") == 3.0

    def test_unused_arguments_have_zero_gradients(self):
        gradients = tg.grad(lambda x, y: (x * 2).sum(), (0, 1))(X, np.float32(1))
        np.testing.assert_array_equal(gradients[1], 0)
        assert gradients[1].dtype == np.float32
        gradient = tg.grad(lambda x: 1.0)(X)
        np.testing.assert_array_equal(gradient, np.zeros(3))

    def test_arguments_used_through_integers_have_zero_gradients(self):
        np.testing.assert_array_equal(tg.grad(lambda x: tnp.argmax(x) * 1.0)(X), np.zeros(3))

    def test_the_identity(self):
        gradient = tg.grad(lambda x: x)(3.0)
        assert gradient == 1.0

    def test_value_and_grad(self):
        value, gradient = tg.value_and_grad(energy)(X, Y)
        assert is_plain(value) and is_plain(gradient)
        assert value == energy(X, Y)
        np.testing.assert_allclose(gradient, 2 * X * Y)

    def test_has_aux(self):
        def f(x):
            y = x * 2
            return y.sum(), {"y": y, "name": "aux", "n": 3}

        gradient, aux = tg.grad(f, has_aux=True)(X)
        np.testing.assert_array_equal(gradient, 2)
        assert is_plain(aux["y"]) and aux["name"] == "aux" and aux["n"] == 3
        (value, aux), gradient = tg.value_and_grad(f, has_aux=True)(X)
        assert value == pytest.approx(2 * X.sum())
        np.testing.assert_array_equal(aux["y"], 2 * X)

    def test_name_and_docstring(self):
        def f(x):
            """Doc."""

        assert (tg.grad(f).__name__, tg.grad(f).__doc__) == ("f", "Doc.")

    def test_results_own_their_memory(self):
        """Neither a cotangent handed in nor another result shares memory with a gradient."""
        gx, gy = tg.grad(lambda x, y: (x + y).sum(), (0, 1))(X, Y)
        gx[:] = 7
        np.testing.assert_array_equal(gy, 1)
        g = np.ones(3)
        a, b = tg.vjp(lambda x, y: x + y, X, Y)[1](g)
        a[:] = 7
        np.testing.assert_array_equal(g, 1)
        np.testing.assert_array_equal(b, 1)

    def test_complex_arguments_follow_jax(self):
        z = np.array([1 + 2j, -0.5 + 1j])
        np.testing.assert_allclose(tg.grad(lambda z: (abs(z) ** 2).sum())(z), 2 * z.conj())
        np.testing.assert_allclose(tg.grad(lambda z: z.real.sum())(z), [1, 1])
        np.testing.assert_allclose(tg.grad(lambda z: z.imag.sum())(z), [-1j, -1j])
        assert tg.grad(lambda z: z * z, holomorphic=True)(1 + 2j) == 2 + 4j

    def test_integer_results_of_python(self):
        assert tg.grad(lambda x: 3)(2.0) == 0


TREES = {
    "dict": {"a": X, "b": {"c": Y}},
    "list": [X, [Y, X]],
    "tuple": (X, (Y,)),
    "namedtuple": Point(X, Point(Y, X)),
    "dataclass": Net([Layer(X, Y), Layer(Y, X)], np.float64(2)),
    "ordered dict": OrderedDict(z=X, a=Y),
    "with None": {"a": X, "b": None},
    "empty": [X, {}, ()],
}


def leaves(tree):
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in leaves(part)]
    if isinstance(tree, (list, tuple)):
        return [leaf for part in tree for leaf in leaves(part)]
    if tree is None:
        return []
    if hasattr(tree, "__dataclass_fields__"):
        return leaves([getattr(tree, name) for name in tree.__dataclass_fields__])
    return [tree]


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
class TestContainers:
    def same_kind(self, found, tree):
        assert type(found) is type(tree)
        assert len(leaves(found)) == len(leaves(tree))
        if isinstance(tree, dict):
            assert list(found) == list(tree)

    def test_grad(self, tree):
        gradient = tg.grad(lambda tree: sum((leaf * leaf).sum() for leaf in leaves(tree)))(tree)
        self.same_kind(gradient, tree)
        for found, leaf in zip(leaves(gradient), leaves(tree)):
            assert is_plain(found)
            np.testing.assert_allclose(found, 2 * leaf)

    def test_the_function_sees_its_own_containers(self, tree):
        def f(seen):
            assert type(seen) is type(tree)
            return sum(leaf.sum() for leaf in leaves(seen))

        tg.grad(f)(tree)

    def test_containers_as_results(self, tree):
        out, pull = tg.vjp(lambda tree: tree, tree)
        self.same_kind(out, tree)
        (back,) = pull(tree)
        self.same_kind(back, tree)
        for found, leaf in zip(leaves(back), leaves(tree)):
            np.testing.assert_array_equal(found, leaf)

    def test_jvp(self, tree):
        out, tangent = tg.jvp(lambda tree: tree, (tree,), (tree,))
        self.same_kind(out, tree)
        self.same_kind(tangent, tree)

    def test_vmap(self, tree):
        if any(np.ndim(leaf) == 0 for leaf in leaves(tree)):
            pytest.skip("a number has no axis to map")
        out = tg.vmap(lambda tree: tree)(tree)
        self.same_kind(out, tree)


class TestVjp:
    def test_out_and_pullback(self):
        out, pull = tg.vjp(lambda x, y: x * y, X, Y)
        np.testing.assert_array_equal(out, X * Y)
        g = np.array([1.0, 2.0, 3.0])
        for _ in range(3):  # any number of times
            gx, gy = pull(g)
            np.testing.assert_allclose(gx, g * Y)
            np.testing.assert_allclose(gy, g * X)

    def test_several_results(self):
        _, pull = tg.vjp(lambda x: (x * 2, {"s": x.sum()}), X)
        (gx,) = pull((np.ones(3), {"s": 5.0}))
        np.testing.assert_allclose(gx, 7)

    def test_results_that_do_not_depend(self):
        out, pull = tg.vjp(lambda x: (x, np.ones(2)), X)
        (gx,) = pull((np.ones(3), np.ones(2)))
        np.testing.assert_array_equal(gx, 1)
        np.testing.assert_array_equal(out[1], 1)

    def test_has_aux(self):
        out, pull, aux = tg.vjp(lambda x: (x * 2, x.sum()), X, has_aux=True)
        np.testing.assert_allclose(out, 2 * X)
        assert is_plain(aux) and aux == X.sum()
        np.testing.assert_array_equal(pull(np.ones(3))[0], 2)

    def test_pullback_is_differentiable(self):
        _, pull = tg.vjp(lambda x: x * x, 3.0)
        assert tg.grad(lambda g: pull(g)[0] * g)(2.0) == 24.0


class TestJvp:
    def test_value_and_tangent(self):
        out, tangent = tg.jvp(energy, (X, Y), (Y, X))
        assert out == energy(X, Y)
        assert tangent == pytest.approx((2 * X * Y * Y + X * X * X).sum())
        assert is_plain(out) and is_plain(tangent)

    def test_zero_tangents_of_what_does_not_move(self):
        out, tangent = tg.jvp(lambda x: (1.0, np.arange(2), x * 0 + 1), (X,), (X,))
        assert out[0] == 1.0 and tangent[0] == 0.0
        np.testing.assert_array_equal(tangent[1], 0)
        np.testing.assert_array_equal(tangent[2], 0)

    def test_has_aux(self):
        _, tangent, aux = tg.jvp(lambda x: (x.sum(), x * 2), (X,), (np.ones(3),), has_aux=True)
        assert tangent == 3
        np.testing.assert_array_equal(aux, 2 * X)
        assert is_plain(aux)

    def test_linearize_runs_the_function_once(self):
        runs = []

        def f(x, y):
            runs.append(1)
            return x * x * y

        out, push = tg.linearize(f, X, Y)
        np.testing.assert_array_equal(out, X * X * Y)
        for t in (X, Y):
            np.testing.assert_allclose(push(t, 0 * t), 2 * X * Y * t)
        assert len(runs) == 1

    def test_linearize_is_linear(self):
        _, push = tg.linearize(lambda x: {"y": tnp.sin(x)}, X)
        np.testing.assert_allclose(push(X + 2 * Y)["y"], push(X)["y"] + 2 * push(Y)["y"])


class TestJacobians:
    @pytest.mark.parametrize("jacobian", [tg.jacobian, tg.jacrev, tg.jacfwd])
    def test_shapes_and_values(self, jacobian):
        a = np.arange(6.0).reshape(2, 3)
        found = jacobian(lambda x: a @ x)(X)
        assert is_plain(found)
        np.testing.assert_allclose(found, a)
        found = jacobian(lambda m: m @ X)(a)
        assert found.shape == (2, 2, 3)
        np.testing.assert_allclose(found, np.einsum("ij,k->ijk", np.eye(2), X))

    @pytest.mark.parametrize("jacobian", [tg.jacobian, tg.jacfwd])
    def test_of_numbers(self, jacobian):
        assert jacobian(lambda x: x * x)(3.0) == 6.0
        np.testing.assert_allclose(jacobian(lambda x: x * X)(3.0), X)
        np.testing.assert_allclose(jacobian(lambda x: x.sum())(X), [1, 1, 1])

    @pytest.mark.parametrize("jacobian", [tg.jacobian, tg.jacfwd])
    def test_argnums_and_containers(self, jacobian):
        found = jacobian(lambda x, y: {"p": x * y, "s": x.sum()}, argnums=(0, 1))(X, Y)
        np.testing.assert_allclose(found["p"][0], np.diag(Y))
        np.testing.assert_allclose(found["p"][1], np.diag(X))
        np.testing.assert_allclose(found["s"][0], [1, 1, 1])
        np.testing.assert_allclose(found["s"][1], [0, 0, 0])

    @pytest.mark.parametrize("jacobian", [tg.jacobian, tg.jacfwd])
    def test_of_an_empty_array(self, jacobian):
        assert jacobian(lambda x: x * 2)(np.ones(0)).shape == (0, 0)

    def test_jacobian_keeps_float32(self):
        assert tg.jacobian(lambda x: x * x)(X.astype(np.float32)).dtype == np.float32
        assert tg.jacfwd(lambda x: x * x)(X.astype(np.float32)).dtype == np.float32

    def test_hessian(self):
        np.testing.assert_allclose(tg.hessian(lambda x: (x**3).sum())(X), np.diag(6 * X))

    def test_hessian_of_several_arguments(self):
        found = tg.hessian(energy, argnums=(0, 1))(X, Y)
        np.testing.assert_allclose(found[0][0], np.diag(2 * Y))
        np.testing.assert_allclose(found[0][1], np.diag(2 * X))
        np.testing.assert_allclose(found[1][0], np.diag(2 * X))
        np.testing.assert_allclose(found[1][1], np.zeros((3, 3)))

    def test_hessian_of_a_container(self):
        found = tg.hessian(lambda p: energy(p["x"], p["y"]))({"x": X, "y": Y})
        np.testing.assert_allclose(found["x"]["y"], np.diag(2 * X))

    def test_hvp(self):
        np.testing.assert_allclose(tg.hvp(lambda x: (x**3).sum(), (X,), (Y,)), 6 * X * Y)
        hx, hy = tg.hvp(energy, (X, Y), (Y, X))
        np.testing.assert_allclose(hx, 2 * Y * Y + 2 * X * X)
        np.testing.assert_allclose(hy, 2 * X * Y)

    def test_hvp_agrees_with_hessian(self):
        def f(x):
            return tnp.prod(tnp.sin(x)) + (x[0] * x) @ x

        np.testing.assert_allclose(tg.hvp(f, (X,), (Y,)), tg.hessian(f)(X) @ Y, rtol=1e-12)


class TestVmap:
    A = np.arange(12.0).reshape(3, 4)

    def test_is_a_loop(self):
        np.testing.assert_allclose(tg.vmap(lambda row: row.sum())(self.A), self.A.sum(1))

    def test_in_axes(self):
        found = tg.vmap(lambda x, y: x @ y, in_axes=(1, None))(self.A, X)
        np.testing.assert_allclose(found, self.A.T @ X)
        found = tg.vmap(lambda x: x.sum(), in_axes=-1)(self.A)
        np.testing.assert_allclose(found, self.A.sum(0))

    def test_in_axes_of_containers(self):
        found = tg.vmap(lambda p: p["x"] * p["s"], in_axes=({"x": 0, "s": None},))({"x": self.A, "s": 2.0})
        np.testing.assert_allclose(found, 2 * self.A)

    def test_out_axes(self):
        assert tg.vmap(lambda x: x * 2, out_axes=1)(self.A).shape == (4, 3)
        first, second = tg.vmap(lambda x: (x, x), out_axes=(0, -1))(self.A)
        np.testing.assert_array_equal(first, self.A)
        np.testing.assert_array_equal(second, self.A.T)

    def test_constant_results_are_repeated(self):
        found = tg.vmap(lambda x: np.ones(2))(self.A)
        np.testing.assert_array_equal(found, np.ones((3, 2)))
        np.testing.assert_array_equal(tg.vmap(lambda x: 5.0)(self.A), [5, 5, 5])

    def test_nested(self):
        found = tg.vmap(lambda x: tg.vmap(lambda y: x * y)(Y))(X)
        np.testing.assert_allclose(found, np.outer(X, Y))

    def test_same_axis_twice(self):
        np.testing.assert_allclose(tg.vmap(tg.vmap(lambda x: x * x))(self.A), self.A**2)

    def test_per_example_gradients(self):
        found = tg.vmap(tg.grad(lambda x, w: (x @ w) ** 2, argnums=1), in_axes=(0, None))(self.A, np.ones(4))
        np.testing.assert_allclose(found, 2 * self.A.sum(1)[:, None] * self.A)

    def test_gradient_of_vmap(self):
        found = tg.grad(lambda a: (tg.vmap(lambda x: x.sum() ** 2)(a)).sum())(self.A)
        np.testing.assert_allclose(found, np.broadcast_to(2 * self.A.sum(1)[:, None], (3, 4)))

    def test_hessian_of_each_example(self):
        found = tg.vmap(tg.hessian(lambda x: (x**3).sum()))(self.A)
        np.testing.assert_allclose(found, [np.diag(6 * row) for row in self.A])

    def test_integers_may_be_mapped(self):
        index = np.array([2, 0, 1])
        np.testing.assert_array_equal(tg.vmap(lambda i: tnp.take(X, i))(index), X[index])
        np.testing.assert_array_equal(tg.vmap(lambda i, row: row[i])(index, self.A), self.A[range(3), index])

    def test_choices_by_where(self):
        np.testing.assert_array_equal(tg.vmap(lambda x: tnp.where(x > 0, x, -x))(X), abs(X))

    def test_indexing_and_masks_of_an_example(self):
        np.testing.assert_array_equal(tg.vmap(lambda row: row[1:3] * row[-1])(self.A), self.A[:, 1:3] * self.A[:, -1:])

    def test_a_batch_of_none(self):
        assert tg.vmap(lambda x: x * 2)(np.ones((0, 3))).shape == (0, 3)

    def test_a_batch_of_one(self):
        np.testing.assert_array_equal(tg.vmap(lambda x: x.sum())(X[None]), [X.sum()])


class TestCheckGrads:
    def test_passes(self):
        tg.check_grads(lambda x, y: tnp.sin(x) * y, (X, Y), order=2)
        tg.check_grads(lambda p: (p["x"] ** 2).sum(), ({"x": X},), order=2)
        tg.check_grads(lambda x: tnp.tanh(x), (X.astype(np.float32),))
        tg.check_grads(lambda z: z * z * tnp.exp(z), (X + 1j * Y,), order=2)

    def test_catches_a_wrong_second_derivative(self):
        def g(x):
            """x * x, with a derivative that is right but cut off from x."""
            cut = tg.stop_gradient(x)
            return (cut * cut + 2 * cut * (x - cut)).sum()

        np.testing.assert_allclose(tg.grad(g)(X), 2 * X)
        with pytest.raises(tg.errors.GradientCheckError, match="order 2"):
            tg.check_grads(g, (X,), order=2, modes=("rev",))

    def test_unknown_mode(self):
        with pytest.raises(ValueError, match="mode"):
            tg.check_grads(lambda x: x, (1.0,), modes=("sideways",))


class TestStopGradient:
    def test_every_mode_and_order_stops(self):
        def f(x):
            return tg.stop_gradient(x * x) * x

        assert tg.grad(f)(3.0) == 9.0
        assert tg.jvp(f, (3.0,), (1.0,))[1] == 9.0
        assert tg.grad(tg.grad(f))(3.0) == 0.0
        assert tg.hessian(f)(3.0) == 0.0
        np.testing.assert_array_equal(tg.vmap(tg.grad(f))(X), X * X)

    def test_plain_values_pass(self):
        assert tg.stop_gradient(3.0) == 3.0
        assert tg.stop_gradient(X) is X


@pytest.mark.parametrize("transform", [tg.jacrev, tg.jacfwd, tg.hessian])
def test_matrices_of_tensors_are_tensors(transform):
    def f(x):
        return (x**3).sum() if transform is tg.hessian else x**3

    x = np.array([1.0, 2.0])
    expected = np.diag(6 * x) if transform is tg.hessian else np.diag(3 * x**2)
    for argument, kind in ((x, np.ndarray), (tg.tensor(x), tg.Tensor), (tg.tensor(x, requires_grad=True), tg.Tensor)):
        found = transform(f)(argument)
        assert type(found) is kind
        np.testing.assert_allclose(np.asarray(found if kind is np.ndarray else found.numpy()), expected)
    constant = transform(lambda x: tg.tensor(3.0))(tg.tensor(x))
    assert type(constant) is tg.Tensor
