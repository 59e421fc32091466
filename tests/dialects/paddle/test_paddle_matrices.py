"""`tetragrad.paddle`: Jacobians, Hessians and products with them."""

import numpy as np
import pytest
from support.variables import of_paddle as variable

import tetragrad.paddle as paddle
from tetragrad.paddle import to_tensor


def test_jacobian():
    x = variable((1.0, 2.0, 3.0))
    jacobian = paddle.autograd.jacobian(x * x, x)
    assert jacobian.shape == [3, 3]
    assert jacobian[1].tolist() == [0.0, 4.0, 0.0] and list(jacobian._rows) == [1]
    assert jacobian[0, 0].tolist() == 2.0 and jacobian[-1].tolist() == [0.0, 0.0, 6.0]
    assert jacobian[:].tolist() == np.diag([2.0, 4.0, 6.0]).tolist()
    assert jacobian[:, 1].tolist() == [0.0, 4.0, 0.0] and jacobian[0:2].shape == [2, 3]
    assert (jacobian + 1)[0, 1].tolist() == 1.0


def test_jacobian_of_several():
    x, w = variable((1.0, 2.0)), variable((3.0, 4.0))
    by_x, by_w = paddle.autograd.jacobian(x * w, [x, w])
    assert by_x[:].tolist() == [[3.0, 0.0], [0.0, 4.0]] and by_w[:].tolist() == [[1.0, 0.0], [0.0, 2.0]]
    ((nested,), _) = paddle.autograd.jacobian([x * 2, x * 3], [x])
    assert nested[:].tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert paddle.autograd.jacobian(x * x, w)[:].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert paddle.autograd.jacobian((x * x).sum(), x)[0].tolist() == 2.0


def test_batched_jacobian_and_hessian():
    x = variable([[1.0, 2.0], [3.0, 4.0]])
    jacobian = paddle.autograd.jacobian(x * x, x, batch_axis=0)
    assert jacobian.shape == [2, 2, 2] and jacobian[:, 0].tolist() == [[2.0, 0.0], [6.0, 0.0]]
    hessian = paddle.autograd.hessian((x**3).sum(axis=1), x, batch_axis=0)
    assert hessian[:].tolist() == [[[6.0, 0.0], [0.0, 12.0]], [[18.0, 0.0], [0.0, 24.0]]]


def test_matrix_errors():
    x = variable([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match=r"xs.ndim should be 0 or 1"):
        paddle.autograd.jacobian(x * x, x)
    with pytest.raises(ValueError, match="batch_axis should be None or 0"):
        paddle.autograd.jacobian(x * x, x, batch_axis=1)
    v = variable((1.0, 2.0))
    with pytest.raises(ValueError, match=r"numel\(\)\(2\)==1"):
        paddle.autograd.hessian(v**3, v)
    zero = variable(2.0)
    with pytest.raises(IndexError, match="0-D tensor"):
        paddle.autograd.jacobian(zero * zero, zero)[:]


def test_hessian():
    x, w = variable((1.0, 2.0)), variable((3.0, 4.0))
    assert paddle.autograd.hessian((x**3).sum(), x)[:].tolist() == [[6.0, 0.0], [0.0, 12.0]]
    hessian = paddle.autograd.hessian((x * w * x).sum(), [x, w])
    assert hessian[0][1][:].tolist() == [[2.0, 0.0], [0.0, 4.0]] and hessian[1][1][:].tolist() == [[0.0, 0.0]] * 2


def test_functional_products():
    functional = paddle.incubate.autograd
    x = to_tensor([1.0, 2.0])
    for product in (functional.vjp, functional.jvp):
        value, derivative = product(lambda x: x * x, x)
        assert value.tolist() == [1.0, 4.0] and derivative.tolist() == [2.0, 4.0]
        assert product(lambda x: x * x, x, to_tensor([1.0, 10.0]))[1].tolist() == [2.0, 40.0]
        with pytest.raises(RuntimeError, match="invalid shape"):
            product(lambda x: x * x, x, to_tensor([1.0]))
    _, (by_x, by_y) = functional.vjp(lambda x, y: x * 2, [x, x])
    assert by_x.tolist() == [2.0, 2.0] and by_y.tolist() == [0.0, 0.0]
    values, tangents = functional.jvp(lambda x: (x * 2, x * 3), x)
    assert tangents[1].tolist() == [3.0, 3.0] and len(values) == 2
    with pytest.raises(AssertionError, match="static graph"):
        functional.forward_grad(x, x)


def test_functional_matrices():
    functional = paddle.incubate.autograd
    x = to_tensor([[1.0, 2.0], [3.0, 4.0]])
    jacobian = functional.Jacobian(lambda x, y: x @ y, [x, x])
    assert jacobian.shape == (4, 8) and jacobian[0].tolist() == [1.0, 3.0, 0.0, 0.0, 1.0, 0.0, 2.0, 0.0]
    batched = functional.Jacobian(lambda x: x * x, x, is_batched=True)
    assert batched[:].tolist() == [[[2.0, 0.0], [0.0, 4.0]], [[6.0, 0.0], [0.0, 8.0]]]
    assert functional.Hessian(lambda x: (x * x).sum(), x)[:].tolist() == (2 * np.eye(4)).tolist()
    with pytest.raises(RuntimeError, match="single element"):
        functional.Hessian(lambda x: x * x, x)[:]
