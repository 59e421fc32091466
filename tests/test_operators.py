"""Python's operators on Tensors: each from both sides, against NumPy, with derivatives where there are any."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import tetragrad as tg
from tetragrad.errors import OperandTypeError, ShapeError

X = np.array([0.7, -1.3, 2.1])
Y = np.array([1.9, 2.2, -0.4])

REAL = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, divmod]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
BITS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]


def raw(x):
    if isinstance(x, tuple):
        return np.stack([raw(part) for part in x])
    return x.numpy() if isinstance(x, tg.Tensor) else x


@pytest.mark.parametrize("op", REAL, ids=lambda op: op.__name__)
def test_arithmetic_from_both_sides(op):
    x, y = tg.tensor(X, requires_grad=True), tg.tensor(Y, requires_grad=True)
    for left, right in ((x, y), (x, Y), (X, y), (x, 1.5), (1.5, y)):
        found = op(left, right)
        assert isinstance(found[0] if isinstance(found, tuple) else found, tg.Tensor)
        np.testing.assert_array_equal(raw(found), np.stack(expected) if isinstance(
            expected := op(raw(left), raw(right)), tuple) else expected)  # fmt: skip


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, 7, -1, -2, 0.5, 2.0, -1.5, np.array([2.0, 0.5, 3.0])])
def test_powers_from_both_sides(exponent):
    x = np.abs(X)
    np.testing.assert_allclose(raw(tg.tensor(x) ** exponent), x**exponent, rtol=1e-15)
    np.testing.assert_array_equal(raw(1.7 ** tg.tensor(x)), 1.7**x)
    tg.check_grads(lambda x: x**exponent, (x,), order=3, atol=1e-5, rtol=1e-5)
    tg.check_grads(lambda x: 1.7**x, (x,), order=3)


def test_no_modular_power():
    with pytest.raises(TypeError):
        pow(tg.tensor([2]), 2, 3)


def test_unary_operators():
    x = tg.tensor(X, requires_grad=True)
    for op in (operator.neg, operator.pos, abs):
        np.testing.assert_array_equal(raw(op(x)), op(X))
    np.testing.assert_array_equal(raw(round(x)), np.round(X))
    np.testing.assert_array_equal(raw(round(x, 1)), np.round(X, 1))
    np.testing.assert_array_equal(~tg.tensor([1, 2]), [-2, -3])
    np.testing.assert_array_equal(round(tg.tensor([14, 26]), -1), [10, 30])


@pytest.mark.parametrize("op", COMPARISONS, ids=lambda op: op.__name__)
def test_comparisons_give_plain_booleans(op):
    x, y = tg.tensor(X, requires_grad=True), tg.tensor(Y)
    for left, right in ((x, y), (x, Y), (X, y), (x, 0.7), (0.7, x)):
        found = op(left, right)
        assert type(found) is np.ndarray and found.dtype == bool
        np.testing.assert_array_equal(found, op(raw(left), raw(right)))
    assert type(op(tg.tensor(1.0), 2.0)) is np.bool_
    with pytest.raises(ShapeError, match=r"float64\[3\].*float64\[2\]"):
        op(x, np.zeros(2))


@pytest.mark.parametrize("op", BITS, ids=lambda op: op.__name__)
def test_bits_from_both_sides(op):
    a, b = np.array([5, 12, 3]), np.array([1, 2, 3])
    for left, right in ((tg.tensor(a), tg.tensor(b)), (tg.tensor(a), 2), (9, tg.tensor(b)), (a, tg.tensor(b))):
        np.testing.assert_array_equal(op(left, right), op(raw(left), raw(right)))
    with pytest.raises(OperandTypeError, match=r"float64\[3\]"):
        op(tg.tensor(X), 1)


def test_hash_and_equality():
    x, y = tg.tensor(X), tg.tensor(X)
    assert len({x, y, x}) == 2
    assert (x == y).all()


def test_comparisons_inside_transforms():
    def f(x):
        return x**2 if x > 0 else -x

    assert tg.jvp(f, (3.0,), (1.0,)) == (9.0, 6.0)
    assert tg.grad(f)(-3.0) == -1.0
    choose = tg.vmap(lambda x: tg.numpy.where((x > 0) & ~(x > 2), x**2, -x))
    np.testing.assert_array_equal(choose(X), [X[0] ** 2, -X[1], -X[2]])
