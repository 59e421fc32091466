"""Smaller facts of `mxnet.autograd`, the older interface, custom operators, and parameters."""

from __future__ import annotations

import numpy as onp
import pytest

import tetragrad as tg
import tetragrad.mxnet as mx
from tetragrad.mxnet import MXNetError, autograd, gluon, nd, np, npx


def variable(values, face=np, **kwargs):
    x = face.array(values)
    x.attach_grad(**kwargs)
    return x


def recorded(f, *args):
    with autograd.record():
        return f(*args)


# -- modes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", [autograd.record, autograd.pause, autograd.train_mode, autograd.predict_mode])
def test_scopes_are_no_decorators(scope):
    with pytest.raises(TypeError):
        scope()(lambda x: x)


def test_dropout_in_predict_mode():
    x = variable([1.0] * 100)
    with autograd.record(), autograd.predict_mode():
        y = npx.dropout(x, 0.5)
    y.backward()
    assert x.grad.tolist() == [1] * 100


def test_operations_outside_on_recorded_arrays_are_constants():
    x = variable([1.0, 2.0])
    y = recorded(lambda: x * x)
    z = y * 2
    with pytest.raises(MXNetError, match="not in a computational graph"):
        z.backward()
    y.backward()
    assert x.grad.tolist() == [2, 4]


# -- gradients ---------------------------------------------------------------------------------------------------------


def test_numbers_without_axes():
    x = variable(3.0)
    y = recorded(lambda: x * x)
    y.backward()
    assert y.shape == x.grad.shape == () and x.grad.item() == 6


def test_kept_graphs_overwrite():
    x = variable([1.0, 2.0])
    y = recorded(lambda: x * x)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [2, 4]


@pytest.mark.parametrize("how", ["clear", "attach", "write"])
def test_ways_to_clear(how):
    x = variable([1.0, 2.0], grad_req="add")
    recorded(lambda: x * x).backward()
    if how == "clear":
        x.grad[:] = 0
    elif how == "attach":
        x.attach_grad("add")
    else:
        x.attach_grad()
    recorded(lambda: x * 3).backward()
    assert x.grad.tolist() == [3, 3]


def test_backward_takes_the_training_flag():
    seen = []

    class Look(autograd.Function):
        def forward(self, x):
            return x * 1

        def backward(self, dy):
            seen.append(autograd.is_training())
            return dy

    x = variable([1.0])
    for flag in (True, False):
        recorded(lambda: Look()(x)).backward(train_mode=flag)
    assert seen == [True, False]


def test_functions_may_convert_between_the_interfaces():
    class Twice(autograd.Function):
        def forward(self, x):
            return x.as_np_ndarray() * 2

        def backward(self, dy):
            return (dy.as_np_ndarray() * 2).as_nd_ndarray()

    x = variable([1.0, 2.0])
    recorded(lambda: Twice()(x)).backward()
    assert x.grad.tolist() == [2, 2]


@pytest.mark.parametrize(
    "name", ["jvp", "vjp", "jacobian", "hessian", "forward_grad", "detect_anomaly", "saved_tensors_hooks", "checkpoint"]
)
def test_what_mxnet_does_not_have(name):
    assert not hasattr(autograd, name)


def test_the_derivative_of_a_largest_element_among_ties_in_transforms():
    x = np.array([[1.0, 3.0], [2.0, 2.0]])
    assert tg.vmap(tg.grad(np.max))(x).tolist() == [[0, 1], [1, 1]]
    assert tg.jvp(np.max, (x[1],), (np.ones(2),))[1].item() == 2


# -- the older interface -----------------------------------------------------------------------------------------------


def test_gradients_that_stop_or_start():
    x = variable([1.0, 2.0], nd)
    y = recorded(lambda: nd.BlockGrad(x * x) * x + nd.make_loss(x))
    y.backward()
    assert x.grad.tolist() == [2, 5]
    with pytest.raises(AttributeError, match="stop_gradient"):
        np.stop_gradient(x)
    with pytest.raises(MXNetError, match="dense"):
        x.attach_grad(stype="row_sparse")


def test_scaled_gradients_and_control_flow():
    x = variable([1.0, 2.0], nd)
    y = recorded(lambda: nd.contrib.gradientmultiplier(x * x, 0.5))
    y.backward()
    assert y.tolist() == [1, 4] and x.grad.tolist() == [1, 2]
    outputs, state = recorded(lambda: nd.contrib.foreach(lambda e, s: (e * s, s + e), x, nd.array([1.0])))
    autograd.backward([outputs, state])
    assert outputs.tolist() == [[1], [4]] and state.tolist() == [4]
    assert x.grad.tolist() == [4, 3]  # 1 * x0 + x1 * (1 + x0), and the sum of x
    rows, (last,) = nd.contrib.while_loop(lambda s: s < 10, lambda s: (s, [s * 2]), [nd.array([3.0])], 5)
    assert rows.tolist() == [[3], [6]] and last.tolist() == [12]
    assert nd.contrib.cond(nd.array([0.0]), lambda: 1, lambda: 2) == 2
    with pytest.raises(AttributeError, match="'while_loop'"):
        nd.contrib.whileloop  # noqa: B018


# -- operators by name -------------------------------------------------------------------------------------------------


class Power(mx.operator.CustomOp):
    def __init__(self, n):
        self.n = n

    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], in_data[0] ** self.n)

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], out_grad[0] * self.n * in_data[0] ** (self.n - 1))


@mx.operator.register("test_power")
class PowerProp(mx.operator.CustomOpProp):
    def __init__(self, n="2"):
        super().__init__(need_top_grad=True)
        assert isinstance(n, str)
        self.n = float(n)

    def create_operator(self, ctx, in_shapes, in_dtypes):
        assert in_shapes == [[2]] and in_dtypes == [onp.float32]
        return Power(self.n)


@pytest.mark.parametrize("face", [np, nd])
def test_a_custom_operator(face):
    x = variable([1.0, 2.0], face)
    y = recorded(lambda: nd.Custom(x, op_type="test_power", n=3))
    y.backward()
    assert type(y) is type(x) and y.tolist() == [1, 8] and x.grad.tolist() == [3, 12]
    assert nd.Custom(x, op_type="test_power").tolist() == [1, 4]
    prop = PowerProp()
    assert prop.list_arguments() == ["data"] and prop.list_outputs() == ["output"]
    assert prop.list_auxiliary_states() == [] and len(prop.declare_backward_dependency([1], [2], [3])) == 3
    with pytest.raises(MXNetError, match="Cannot find custom operator nothing"):
        nd.Custom(x, op_type="nothing")


def test_a_custom_operator_to_second_order():
    """MXNet has none."""
    x = variable([1.0, 2.0])
    with autograd.record():
        (dx,) = autograd.grad(nd.Custom(x, op_type="test_power", n=3), [x], create_graph=True)
    dx.backward()
    assert x.grad.tolist() == [6, 12]


# -- parameters --------------------------------------------------------------------------------------------------------


def test_parameters():
    w = gluon.Parameter("w", grad_req="add", shape=2, init="ones")
    with pytest.raises(RuntimeError, match="has not been initialized"):
        w.data()
    w.initialize()
    for _ in range(2):
        recorded(lambda: (w.data() ** 2).sum()).backward()
    assert w.grad().tolist() == w.list_grad()[0].tolist() == [4, 4] and w.list_data() == [w.data()]
    w.zero_grad()
    assert w.grad().tolist() == [0, 0]
    trainer = gluon.Trainer([w], "sgd", {"learning_rate": 0.5})
    recorded(lambda: w.data().sum()).backward()
    trainer.allreduce_grads()
    trainer.update(1)
    assert w.data().tolist() == [0.5, 0.5]
    w.set_data(np.array([7.0, 8.0]))
    assert w.data().tolist() == [7, 8]
    fixed = gluon.Parameter("fixed", shape=(1,), init=[2.0], differentiable=False)
    fixed.initialize()
    with pytest.raises(RuntimeError, match="grad_req='null'"):
        fixed.grad()
    assert fixed.grad_req == "null"
