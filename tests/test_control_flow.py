"""Ordinary Python: whatever decides what is computed, what was computed is what is differentiated."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as np_  # the own face; plain NumPy stays `np`


def by_backward(f):
    def gradient(x):
        x = tg.tensor(x, requires_grad=True)
        f(x).backward()
        return x.grad.numpy()

    return gradient


def by_forward(f):
    def gradient(x):
        x = np.asarray(x)
        return np.array([tg.jvp(f, (x,), (e.reshape(x.shape),))[1] for e in np.eye(x.size)]).reshape(x.shape)

    return gradient


GRADIENTS = pytest.mark.parametrize("gradient", [tg.grad, by_backward, by_forward])


def doubling(a):
    """The chapter's function: piecewise linear in `a`, with a data-dependent number of steps and branch."""
    b = a * 2
    while np_.linalg.norm(b) < 1000:
        b = b * 2
    if b.sum() > 0:
        return b.sum()
    return (100 * b).sum()


@GRADIENTS
class TestStatements:
    @pytest.mark.parametrize("a", [0.3, -0.3, 17.0, -1e-3, 4000.0])
    def test_while_and_if(self, gradient, a):
        np.testing.assert_allclose(gradient(doubling)(a), doubling(tg.tensor(a)).item() / a, rtol=1e-14)

    @pytest.mark.parametrize("shape", [(4,), (2, 3)])
    def test_while_and_if_on_arrays(self, gradient, shape):
        a = np.random.default_rng(0).standard_normal(shape)
        factor = doubling(tg.tensor(a)).item() / a.sum()
        np.testing.assert_allclose(gradient(doubling)(a), np.full(shape, factor), rtol=1e-12)

    def test_for_with_break_continue_and_else(self, gradient):
        def f(x):
            total = x * 0
            for i in range(10):
                if i % 2:
                    continue
                if i > 6:
                    break
                total = total + x**i
            else:
                total = total * 1e9
            return total.sum()

        x = np.array([0.5, 2.0])
        np.testing.assert_allclose(gradient(f)(x), sum(i * x ** max(i - 1, 0) for i in (0, 2, 4, 6)))

    def test_recursion(self, gradient):
        def power(x, n):
            if n == 0:
                return x * 0 + 1
            half = power(x, n // 2)
            return half * half * x if n % 2 else half * half

        np.testing.assert_allclose(gradient(lambda x: power(x, 13))(1.1), 13 * 1.1**12)

    def test_early_return(self, gradient):
        def first_above(x):
            for element in x:
                if element > 1:
                    return element * element
            return x.sum()

        np.testing.assert_array_equal(gradient(first_above)(np.array([0.5, 2.0, 3.0])), [0, 4, 0])
        np.testing.assert_array_equal(gradient(first_above)(np.array([0.5, 0.2])), [1, 1])

    def test_exceptions_as_control_flow(self, gradient):
        def f(x):
            try:
                if x[0] > 0:
                    raise ValueError(x * 3)
                y = x * 2
            except ValueError as error:
                y = error.args[0]
            finally:
                y = y * 10
            return y.sum()

        np.testing.assert_array_equal(gradient(f)(np.array([1.0, 2.0])), 30)
        np.testing.assert_array_equal(gradient(f)(np.array([-1.0, 2.0])), 20)

    def test_an_operation_that_failed_and_was_caught(self, gradient):
        def f(x):
            y = x * 2
            try:
                y = y + np.ones(7)
            except ValueError:
                y = y * 5
            return y.sum()

        np.testing.assert_array_equal(gradient(f)(np.ones(2)), 10)

    def test_closures_that_rebind(self, gradient):
        def f(x):
            total = x

            def grow():
                nonlocal total
                total = total * x

            for _ in range(3):
                grow()
            return total.sum()

        np.testing.assert_allclose(gradient(f)(np.array([1.0, 2.0])), 4 * np.array([1.0, 2.0]) ** 3)

    def test_generators_comprehensions_and_reduce(self, gradient):
        def f(x):
            terms = (element * i for i, element in enumerate(x))
            squares = [term * term for term in terms]
            return functools.reduce(lambda a, b: a + b, squares)

        x = np.array([1.0, 2.0, 3.0])
        np.testing.assert_allclose(gradient(f)(x), 2 * x * np.arange(3) ** 2)

    def test_containers_and_unpacking(self, gradient):
        def f(x):
            first, *rest = x
            table = {"rest": rest, "pair": (first, first * 2)}
            return table["pair"][0] * table["pair"][1] + sum(table["rest"])

        np.testing.assert_array_equal(gradient(f)(np.array([3.0, 5.0, 7.0])), [12, 1, 1])

    def test_objects_with_state(self, gradient):
        class Horner:
            def __init__(self):
                self.value = 0

            def __call__(self, x, coefficients):
                for c in coefficients:
                    self.value = self.value * x + c
                return self.value

        np.testing.assert_allclose(gradient(lambda x: Horner()(x, [2, -1, 3]))(1.5), 2 * 2 * 1.5 - 1)

    def test_decisions_by_truth_comparison_and_membership(self, gradient):
        def f(x):
            return (x * 2 if x and 1 < x <= 4 and max(x, 3) == 3 else x * 7) * (3 if x in (2.0, 5.0) else 1)

        assert gradient(f)(2.0) == 6
        assert gradient(f)(2.5) == 2
        assert gradient(f)(5.0) == 21

    def test_python_indices_from_values(self, gradient):
        def f(x):
            return x[int(x[0])] * x[np_.argmax(x)]

        np.testing.assert_array_equal(gradient(f)(np.array([1.0, 2.0, 5.0])), [0, 5, 2])

    def test_masks_from_values(self, gradient):
        def f(x):
            return (x[x > 0] ** 2).sum() + np_.where(x > 0, x, -3 * x).sum()

        np.testing.assert_array_equal(gradient(f)(np.array([-1.0, 2.0])), [-3, 5])


class TestPrograms:
    def test_adaptive_integration(self):
        """Simpson's rule refined where needed: d/da of the integral of exp(a t) over [0, 1]."""

        def simpson(f, low, high):
            return (high - low) / 6 * (f(low) + 4 * f((low + high) / 2) + f(high))

        def integrate(f, low, high, tolerance):
            middle = (low + high) / 2
            whole = simpson(f, low, high)
            parts = simpson(f, low, middle) + simpson(f, middle, high)
            if abs(parts - whole) < tolerance:
                return parts
            return integrate(f, low, middle, tolerance / 2) + integrate(f, middle, high, tolerance / 2)

        def area(a):
            return integrate(lambda t: np_.exp(a * t), 0.0, 1.0, 1e-10)

        a = 1.7
        exact = (math.exp(a) * (a - 1) + 1) / a**2
        assert tg.grad(area)(a) == pytest.approx(exact, rel=1e-8)
        assert tg.jvp(area, (a,), (1.0,))[1] == pytest.approx(exact, rel=1e-8)

    def test_adaptive_steps_of_a_differential_equation(self):
        """y' = -k y by Heun's method with step control; d/dk of y(1) = exp(-k)."""

        def solve(k):
            y, t, h = 1.0, 0.0, 0.1
            while t < 1:
                h = min(h, 1 - t)
                slope = -k * y
                euler = y + h * slope
                heun = y + h / 2 * (slope - k * euler)
                error = abs(float(heun - euler))
                if error <= 1e-4:
                    y, t = heun, t + h
                h = h * min(2.0, max(0.3, 0.9 * (1e-4 / (error + 1e-15)) ** 0.5))
            return y

        k = 1.3
        assert tg.grad(solve)(k) == pytest.approx(-math.exp(-k), rel=1e-3)
        assert tg.jvp(solve, (k,), (1.0,))[1] == pytest.approx(float(tg.grad(solve)(k)), rel=1e-12)

    def test_fixed_point_with_convergence_test(self):
        def babylonian(a):
            x = a
            while abs(x * x - a) > 1e-14:
                x = (x + a / x) / 2
            return x

        assert tg.grad(babylonian)(2.0) == pytest.approx(0.5 / math.sqrt(2), rel=1e-7)

    def test_a_different_path_each_time(self):
        """Nothing of one run is remembered in the next."""
        x = tg.tensor(3.0, requires_grad=True)
        for flag in (True, False, True):
            x.zero_grad()
            (x * x if flag else x * 5).backward()
            assert x.grad.item() == (6.0 if flag else 5.0)

    def test_second_derivative_through_a_loop(self):
        def f(x):
            y = x
            while y < 100:
                y = y * x
            return y

        assert tg.grad(tg.grad(f))(3.0) == pytest.approx(5 * 4 * 3.0**3)
