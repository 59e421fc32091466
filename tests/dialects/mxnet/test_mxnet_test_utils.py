"""`mxnet.test_utils`: comparisons, and gradients against finite differences."""

import numpy as onp
import pytest

from tetragrad.mxnet import autograd, nd, np, test_utils


def test_comparisons():
    a = np.array([1.0, 2.0])
    assert test_utils.same(a, [1.0, 2.0]) and not test_utils.same(a, a + 1e-6)
    assert test_utils.almost_equal(a, a + 1e-5)
    assert not test_utils.almost_equal(a.astype("float64"), a.astype("float64") + 1e-3)
    assert test_utils.almost_equal(nd.array([onp.nan]), onp.array([onp.nan]), equal_nan=True)
    test_utils.assert_almost_equal(a, 1.0, rtol=0, atol=1.5)
    with pytest.raises(AssertionError, match=r"left and right differ by 1, tolerance rtol=0.1, atol=0.01"):
        test_utils.assert_almost_equal(a, a + 1, 0.1, 0.01, ("left", "right"))
    with pytest.raises(AssertionError, match="shape"):
        test_utils.assert_almost_equal(a, np.array([1.0]), use_broadcast=False)


def test_numeric_gradients():
    x, w = onp.array([[0.3, -1.2]]), onp.array([0.7])
    by_x, by_w = test_utils.numeric_grad(lambda x, w: np.tanh(x) * w, [x, w])
    onp.testing.assert_allclose(by_x, 0.7 / onp.cosh(x) ** 2, rtol=1e-6)
    onp.testing.assert_allclose(by_w, [onp.tanh(x).sum()], rtol=1e-6)


def test_gradients_are_checked():
    x = np.array([[0.3, -1.2], [2.0, 0.5]])
    test_utils.check_numeric_gradient(lambda x, y: np.dot(x, np.exp(y)), [x, x.T])

    class Wrong(autograd.Function):
        def forward(self, x):
            return x * x

        def backward(self, dy):
            return dy

    with pytest.raises(AssertionError, match="NUMERICAL_0 and BACKWARD_0"):
        test_utils.check_numeric_gradient(lambda x: Wrong()(x), [x])
    with pytest.raises(TypeError, match="function of arrays, got str"):
        test_utils.check_numeric_gradient("sym", [x])
