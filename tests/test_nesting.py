"""Derivatives of functions that take derivatives: levels never mix, and every order of modes gives the same number."""

from __future__ import annotations

import contextvars
import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp


def by_reverse(f):
    return tg.grad(f)


def by_forward(f):
    return lambda x: tg.jvp(f, (x,), (np.ones(np.shape(x)) if np.shape(x) else 1.0,))[1]


def by_pullback(f):
    return lambda x: tg.vjp(f, x)[1](1.0)[0]


def by_linearize(f):
    return lambda x: tg.linearize(f, x)[1](1.0)


MODES = {"reverse": by_reverse, "forward": by_forward, "pullback": by_pullback, "linearize": by_linearize}
PAIRS = [pytest.param(a, b, id=f"{a.__name__}-{b.__name__}") for a, b in itertools.product(MODES.values(), repeat=2)]
TRIPLES = [
    pytest.param(*each, id="-".join(mode.__name__ for mode in each))
    for each in itertools.product((by_reverse, by_forward, by_linearize), repeat=3)
]


class TestPerturbations:
    @pytest.mark.parametrize(("outer", "inner"), PAIRS)
    def test_the_classic(self, outer, inner):
        """d/dx (x * d/dy (x + y)) = 1: confusion of the two perturbations gives 2."""
        assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0

    @pytest.mark.parametrize(("outer", "inner"), PAIRS)
    def test_the_classic_with_a_product(self, outer, inner):
        """d/dx (x * d/dy (x y)) = 2x."""
        assert outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6.0

    @pytest.mark.parametrize(("outer", "inner"), PAIRS)
    def test_inner_derivative_at_the_outer_variable(self, outer, inner):
        """d/dx of f'(x) with f = y**4 - x y: d/dx (4x**3 - x) = 12x**2 - 1."""
        assert outer(lambda x: inner(lambda y: y * y * y * y - x * y)(x))(2.0) == 47.0

    @pytest.mark.parametrize(("outer", "inner"), PAIRS)
    def test_inner_variable_is_unused(self, outer, inner):
        """d/dx (x * d/dy x) = 0."""
        assert outer(lambda x: x * inner(lambda y: x * x)(2.0))(3.0) == 0.0

    @pytest.mark.parametrize(("outer", "inner"), PAIRS)
    def test_outer_variable_is_unused(self, outer, inner):
        assert outer(lambda x: inner(lambda y: y * y)(2.0))(3.0) == 0.0

    @pytest.mark.parametrize(("first", "second", "third"), TRIPLES)
    def test_three_levels_with_variables_of_all(self, first, second, third):
        """d/dx (x d/dy (y d/dz (x y z**2))) at z = 3, y = 2: d/dx (x * 4 x * 6) = 48 x."""

        def f(x):
            return x * second(lambda y: y * third(lambda z: x * y * z * z)(3.0))(2.0)

        assert first(f)(5.0) == 48 * 5.0

    @pytest.mark.parametrize(("first", "second", "third"), TRIPLES)
    def test_third_derivative(self, first, second, third):
        assert first(second(third(lambda x: x * x * x * x)))(2.0) == 48.0

    @pytest.mark.parametrize(("outer", "inner"), PAIRS)
    def test_two_inner_derivatives_side_by_side(self, outer, inner):
        def f(x):
            return inner(lambda y: x * y * y)(1.0) * inner(lambda y: x * x * y)(1.0)

        assert outer(f)(2.0) == 2 * 3 * 4.0

    @pytest.mark.parametrize("mode", MODES.values())
    def test_fifth_derivative(self, mode):
        f = tnp.sin
        for _ in range(5):
            f = mode(f)
        assert f(0.3) == pytest.approx(np.cos(0.3), rel=1e-14)

    def test_alternating_modes_to_sixth_order(self):
        f = tnp.exp
        for mode in (by_reverse, by_forward) * 3:
            f = mode(f)
        assert f(0.3) == pytest.approx(np.exp(0.3), rel=1e-14)

    def test_grad_inside_jvp_inside_grad_inside_vmap(self):
        """Per example: d/da of the derivative along b of d/dc (a b c**3) at b = c = a: d/da (3 a**3) = 9 a**2."""

        def example(a):
            def g(a):
                return tg.jvp(lambda b: tg.grad(lambda c: a * b * c * c * c)(a), (a,), (tnp.ones_like(a),))[1]

            return tg.grad(g)(a)

        xs = np.array([0.5, 1.0, 2.0])
        np.testing.assert_allclose(tg.vmap(example)(xs), 9 * xs**2, rtol=1e-14)

    def test_gradient_with_respect_to_a_closed_over_tensor(self):
        """`backward` reaches a variable that a transformed function closes over."""
        w = tg.tensor(3.0, requires_grad=True)
        slope = tg.grad(lambda x: w * w * x * x)(2.0)
        slope.backward()
        assert w.grad.item() == 2 * 3.0 * 2 * 2.0

    def test_tangent_of_a_closed_over_tensor(self):
        w = tg.tensor(3.0, requires_grad=True)
        _, tangent = tg.jvp(lambda x: w * w * x, (2.0,), (1.0,))
        tangent.backward()
        assert w.grad.item() == 6.0

    @pytest.mark.parametrize("create_graph", [False, True])
    def test_backward_inside_transforms(self, create_graph):
        """A whole imperative derivative inside: w.grad is x."""

        def f(x):
            w = tg.tensor(2.0, requires_grad=True)
            (x * w).backward(create_graph=create_graph)
            return x * w.grad

        assert tg.jvp(f, (3.0,), (1.0,)) == (9.0, 6.0)
        np.testing.assert_array_equal(tg.vmap(f)(np.arange(3.0)), [0, 1, 4])
        assert tg.grad(f)(3.0) == (6.0 if create_graph else 3.0)

    def test_backward_of_a_tensor_by_a_tensor(self):
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        (x * x).backward(tg.tensor([1.0, 10.0]))
        np.testing.assert_array_equal(x.grad.numpy(), [2, 40])
        assert not x.grad.requires_grad

    @pytest.mark.parametrize(
        "transform", [tg.hessian, lambda f: tg.jacrev(tg.jacrev(f)), lambda f: tg.jacfwd(tg.jacfwd(f))]
    )
    def test_second_derivatives_without_recording(self, transform):
        with tg.no_grad():
            np.testing.assert_allclose(transform(lambda x: (x**3).sum())(np.array([1.0, 2.0])), np.diag([6.0, 12.0]))

    def test_vmap_over_a_closed_over_tensor(self):
        w = tg.tensor(3.0, requires_grad=True)
        tg.vmap(lambda x: w * w * x)(np.arange(3.0)).sum().backward()
        assert w.grad.item() == 2 * 3.0 * 3.0

    def test_a_pullback_kept_inside_another_transform(self):
        def f(x):
            _, pull = tg.vjp(lambda y: x * y * y, 2.0)
            return pull(1.0)[0] + pull(x)[0]

        x = 3.0
        assert tg.grad(f)(x) == pytest.approx(4.0 + 8 * x)

    def test_a_function_that_differentiates_itself_recursively(self):
        """f_n(x) = d/dx (x f_{n-1}(x)), f_0 = x: gives 2**n x."""

        def f(n, x, modes):
            if n == 0:
                return x
            return modes[n % 2](lambda y: y * f(n - 1, y, modes))(x)

        for modes in itertools.product((by_reverse, by_forward), repeat=2):
            assert f(3, 1.5, modes) == pytest.approx(8 * 1.5)

    def test_newton_inside_a_gradient(self):
        """A root found with inner derivatives, differentiated from outside: d/da sqrt(a)."""

        def root(a):
            x = a
            for _ in range(40):
                value, slope = tg.value_and_grad(lambda x: x * x - a)(x)
                x = x - value / slope
            return x

        assert tg.grad(root)(2.0) == pytest.approx(0.5 / np.sqrt(2.0), rel=1e-12)
        assert by_forward(root)(2.0) == pytest.approx(0.5 / np.sqrt(2.0), rel=1e-12)

    def test_a_level_that_raised_leaves_nothing(self):
        def fail(x):
            raise ZeroDivisionError

        def f(x):
            for attempt in (by_reverse, by_forward, tg.vmap):
                with pytest.raises(ZeroDivisionError):
                    attempt(fail)(np.ones(2))
            return x * x

        assert by_forward(f)(3.0) == 6.0
        assert by_reverse(f)(3.0) == 6.0
        with pytest.raises(ZeroDivisionError):
            by_forward(fail)(1.0)
        assert by_forward(lambda x: x * x)(3.0) == 6.0


def rosenbrock(x):
    return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum()


class TestHessians:
    @pytest.mark.parametrize(
        ("outer", "inner"), list(itertools.product((tg.jacfwd, tg.jacrev), repeat=2)), ids=lambda mode: mode.__name__
    )
    def test_all_nestings_agree(self, outer, inner):
        x = np.linspace(-1, 1, 6)
        expected = tg.hessian(rosenbrock)(x)
        np.testing.assert_allclose(outer(inner(rosenbrock))(x), expected, rtol=1e-12, atol=1e-10)
        np.testing.assert_allclose(expected, expected.T, rtol=1e-12, atol=1e-10)

    def test_against_formula(self):
        x = np.array([0.3, -0.7])
        expected = [[2 - 400 * (x[1] - 3 * x[0] ** 2), -400 * x[0]], [-400 * x[0], 200]]
        np.testing.assert_allclose(tg.hessian(rosenbrock)(x), expected, rtol=1e-13)

    def test_third_derivative_tensor(self):
        x = np.array([0.3, -0.7, 1.1])
        third = tg.jacobian(tg.hessian(lambda x: x[0] * x[1] * x[2] + x[0] ** 3))(x)
        expected = np.zeros((3, 3, 3))
        for each in itertools.permutations(range(3)):
            expected[each] = 1
        expected[0, 0, 0] = 6
        np.testing.assert_allclose(third, expected, atol=1e-14)


# --- values that leave their transform --------------------------------------------------------------------------------
class TestEscape:
    @pytest.fixture(params=["jvp", "vmap"])
    def escaped(self, request):
        kept = []

        def f(x):
            kept.append(x * 2)
            return x

        if request.param == "jvp":
            tg.jvp(f, (np.ones(2),), (np.ones(2),))
        else:
            tg.vmap(f)(np.ones((3, 2)))
        return kept[0]

    @pytest.mark.parametrize(
        "use",
        [
            pytest.param(lambda x: x + 1, id="operator"),
            pytest.param(lambda x: np.ones(2) * x, id="reflected operator"),
            pytest.param(tnp.sin, id="function"),
            pytest.param(lambda x: x[0], id="index"),
            pytest.param(lambda x: x.sum(), id="method"),
            pytest.param(lambda x: x.numpy(), id="numpy"),
            pytest.param(np.asarray, id="asarray"),
            pytest.param(lambda x: x.tolist(), id="tolist"),
            pytest.param(lambda x: tg.jvp(lambda y: x * y, (np.ones(2),), (np.ones(2),)), id="another jvp"),
            pytest.param(lambda x: tg.vmap(lambda y: x * y)(np.ones((3, 2))), id="another vmap"),
            pytest.param(lambda x: tg.grad(lambda y: (x * y).sum())(np.ones(2)), id="grad"),
        ],
    )
    def test_use_raises(self, escaped, use):
        with pytest.raises(tg.errors.EscapedValueError, match=r"jvp|vmap"):
            use(escaped)

    def test_repr_does_not(self, escaped):
        assert "ended" in repr(escaped)
        assert escaped.shape == (2,)

    def test_escape_names_the_operation(self, escaped):
        with pytest.raises(tg.errors.EscapedValueError, match="multiply"):
            escaped * 3

    def test_derivatives_in_another_thread(self):
        """A new thread does not know the running transform: it is told so, or brings the context along."""

        def in_thread(f, *args):
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(f, *args).result()

        def bare(x):
            return in_thread(lambda: tg.grad(lambda y: x * y * y)(2.0))

        def with_context(x):
            return in_thread(contextvars.copy_context().run, lambda: tg.grad(lambda y: x * y * y)(2.0))

        assert tg.grad(bare)(3.0) == 4.0
        for transform in (by_forward, tg.vmap):
            with pytest.raises(tg.errors.EscapedValueError, match="copy_context"):
                transform(bare)(np.array([3.0]))
            np.testing.assert_array_equal(
                transform(with_context)(np.array([3.0])), [4 if transform is by_forward else 12]
            )

    def test_a_failed_transform_closes_its_level(self):
        kept = []

        def f(x):
            kept.append(x)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            tg.jvp(f, (1.0,), (1.0,))
        with pytest.raises(tg.errors.EscapedValueError):
            kept[0] + 1

    def test_concrete_values_inside_vmap(self):
        for ask in (bool, float, lambda x: x.item(), lambda x: x.numpy()):
            with pytest.raises(tg.errors.EscapedValueError, match="where"):
                tg.vmap(lambda x, ask=ask: ask(x))(np.ones(3))

    def test_concrete_values_inside_jvp_are_there(self):
        assert tg.jvp(lambda x: x * x if float(x) > 0 and x > 0 else x, (3.0,), (1.0,)) == (9.0, 6.0)
