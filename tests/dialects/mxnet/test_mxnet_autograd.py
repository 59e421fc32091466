"""`mxnet.autograd` as the real one behaves, errors included, and where it does better."""

from __future__ import annotations

import threading

import numpy as onp
import pytest
from support.variables import of_mxnet as variable

import tetragrad as tg
from tetragrad.mxnet import MXNetError, autograd, nd, np, npx


def recorded(f, *args):
    with autograd.record():
        return f(*args)


# -- modes -------------------------------------------------------------------------------------------------------------


def test_flags_and_scopes():
    assert not autograd.is_recording() and not autograd.is_training()
    with autograd.record():
        assert autograd.is_recording() and autograd.is_training()
        with autograd.pause():
            assert not autograd.is_recording() and not autograd.is_training()
            with autograd.train_mode():
                assert not autograd.is_recording() and autograd.is_training()
        with autograd.predict_mode():
            assert autograd.is_recording() and not autograd.is_training()
        with autograd.pause(train_mode=True):
            assert autograd.is_training()
        assert autograd.is_recording() and autograd.is_training()
    with autograd.record(train_mode=False):
        assert autograd.is_recording() and not autograd.is_training()
    assert not autograd.is_recording() and not autograd.is_training()


def test_flags_come_back_after_an_exception():
    with pytest.raises(KeyError), autograd.record():
        raise KeyError
    assert not autograd.is_recording() and not autograd.is_training()


def test_setters_return_what_was_before():
    assert autograd.set_recording(True) is False
    assert autograd.set_recording(False) is True
    assert autograd.set_training(True) is False
    assert autograd.set_training(False) is True


def test_a_scope_may_be_entered_again():
    scope = autograd.record()
    for _ in range(2):
        with scope, scope:
            assert autograd.is_recording()
        assert not autograd.is_recording()


def test_flags_belong_to_their_thread():
    seen = []
    with autograd.record():
        thread = threading.Thread(target=lambda: seen.append((autograd.is_recording(), autograd.is_training())))
        thread.start()
        thread.join()
    assert seen == [(False, False)]


def test_nothing_is_recorded_outside():
    x = variable()
    y = x * x
    with pytest.raises(MXNetError, match="not in a computational graph"):
        y.backward()
    with autograd.record(), autograd.pause():
        y = x * x
    with pytest.raises(MXNetError, match="not in a computational graph"):
        y.backward()


def test_a_constant_part():
    x = variable()
    with autograd.record():
        y = x * x
        with autograd.pause():
            factor = y * 2
        z = (factor * x).sum()
    z.backward()
    assert x.grad.tolist() == [0, 2, 8, 18]


def test_recording_inside_no_grad_of_the_own_face():
    x = variable()
    with tg.no_grad():
        y = recorded(lambda: x * 2)
    y.backward()
    assert x.grad.tolist() == [2, 2, 2, 2]


# -- leaves and their gradients ----------------------------------------------------------------------------------------


def test_no_gradient_before_attach_grad():
    x = np.arange(4)
    assert x.grad is None
    assert x.attach_grad() is None
    assert x.grad.tolist() == [0, 0, 0, 0]
    with pytest.raises(AttributeError):
        x.grad = np.ones(4)


def test_the_buffer_stays():
    x = variable()
    buffer = x.grad
    recorded(lambda: x * x).backward()
    assert buffer.tolist() == x.grad.tolist() == [0, 2, 4, 6]
    recorded(lambda: x.sum()).backward()
    assert buffer.tolist() == x.grad.tolist() == [1, 1, 1, 1]
    view = x.grad[1:3]
    recorded(lambda: x * x).backward()
    assert view.tolist() == [2, 4]
    x.grad[:] = 0
    assert buffer.tolist() == view.tolist() * 2 == [0, 0, 0, 0]


def test_values_taken_from_the_buffer_stay():
    x = variable()
    recorded(lambda: x * x).backward()
    kept = x.grad.asnumpy(), x.grad.copy(), x.grad + 0
    recorded(lambda: x.sum()).backward()
    for values in kept:
        assert values.tolist() == [0, 2, 4, 6]


@pytest.mark.parametrize(("request_", "after"), [("write", [2, 2]), ("add", [4, 4])])
def test_requests(request_, after):
    x = variable([1.0, 2.0], request_)
    buffer = x.grad
    for _ in range(2):
        recorded(lambda: x * 2).backward()
    assert x.grad.tolist() == buffer.tolist() == after


def test_the_null_request():
    x, y = variable([1.0, 2.0], "null"), variable([3.0, 4.0])
    recorded(lambda: x * y).backward()
    assert x.grad.tolist() == [0, 0] and y.grad.tolist() == [1, 2]
    with pytest.raises(MXNetError, match="There are no inputs in computation graph that require gradients"):
        recorded(lambda: x * 2).backward()


def test_another_request():
    with pytest.raises(KeyError):
        np.ones(2).attach_grad("sum")


def test_attaching_again_gives_zeros():
    x = variable()
    recorded(lambda: x * x).backward()
    x.attach_grad()
    assert x.grad.tolist() == [0, 0, 0, 0]


def test_an_interior_array_made_a_variable_is_cut_off():
    x = variable()
    with autograd.record():
        y = x * 2
        y.attach_grad()
        z = y * y
    z.backward()
    assert y.grad.tolist() == [0, 4, 8, 12]
    assert x.grad.tolist() == [0, 0, 0, 0]


def test_an_unreached_variable_keeps_its_buffer():
    x, y = variable(), variable([1.0, 1.0])
    recorded(lambda: x * x).backward()
    recorded(lambda: y * 3).backward()
    assert x.grad.tolist() == [0, 2, 4, 6]


def test_fresh_grad():
    x = variable()
    assert x._fresh_grad == 0
    recorded(lambda: x * x).backward()
    assert x._fresh_grad == 1


def test_mark_variables():
    x, buffer = np.array([1.0, 2.0]), np.ones(2)
    autograd.mark_variables([x], [buffer], "add")
    recorded(lambda: x * 3).backward()
    assert x.grad is buffer and buffer.tolist() == [4, 4]
    autograd.mark_variables(x, buffer)
    recorded(lambda: x * 3).backward()
    assert buffer.tolist() == [3, 3]
    with pytest.raises(MXNetError, match="does not fit"):  # MXNet does not look
        autograd.mark_variables([x], [np.ones(3)])


def test_integer_variables():
    x = np.array([1, 2, 3], dtype="int32")
    x.attach_grad()
    recorded(lambda: x * x).backward()
    assert x.grad.dtype == onp.int32 and x.grad.tolist() == [2, 4, 6]


def test_gradients_have_the_dtype_of_their_variable():
    x, y = np.array([1.0, 2.0], dtype="float16"), variable([3.0, 4.0])
    x.attach_grad()
    out = recorded(lambda: x * y)
    assert out.dtype == onp.float32
    out.backward()
    assert x.grad.dtype == onp.float16 and y.grad.dtype == onp.float32


# -- backward ----------------------------------------------------------------------------------------------------------


def test_a_cotangent():
    x = variable()
    recorded(lambda: x * x).backward(np.array([1.0, 0.0, 2.0, 0.0]))
    assert x.grad.tolist() == [0, 0, 8, 0]


@pytest.mark.parametrize("shape", [(3,), (5,), (2, 2), ()])
def test_a_cotangent_of_another_shape(shape):
    """MXNet reads it as it lies in memory."""
    x = variable()
    with pytest.raises(MXNetError, match="head gradient has shape"):
        recorded(lambda: x * x).backward(np.ones(shape))


def test_a_cotangent_of_another_type():
    x = variable()
    with pytest.raises(MXNetError, match="data type do not match specified type"):
        recorded(lambda: x * x).backward(np.ones(4, dtype="float64"))
    with pytest.raises(TypeError, match="head gradient is an NDArray"):
        recorded(lambda: x * x).backward([1.0, 1.0, 1.0, 1.0])


def test_backward_from_a_variable():
    x = variable([[1.0, 2.0]])
    x.backward()
    assert x.grad.tolist() == [[1, 1]]


def test_backward_may_be_called_inside():
    x = variable()
    with autograd.record():
        (x * x).backward()
    assert x.grad.tolist() == [0, 2, 4, 6]


@pytest.mark.parametrize("f", [lambda x: x.sum(), lambda x: x + 1, lambda x: x[1:], lambda x: x.reshape(2, 2)])
def test_every_graph_is_used_up(f):
    x = variable()
    y = recorded(f, x)
    y.backward()
    with pytest.raises(MXNetError, match="not in a computational graph"):
        y.backward()


def test_a_shared_part_that_was_used_up():
    x = variable()
    with autograd.record():
        shared = x * x
        first, second = shared * 2, shared * 3
    first.backward()
    with pytest.raises(MXNetError, match="There are no inputs in computation graph that require gradients"):
        second.backward()


def test_an_array_of_a_used_up_graph_is_a_constant_later():
    x, y = variable(), variable([1.0, 1.0, 1.0, 1.0])
    state = recorded(lambda: x * x)
    state.backward()
    x.grad[:] = 7
    recorded(lambda: state * y).backward()
    assert y.grad.tolist() == [0, 1, 4, 9] and x.grad.tolist() == [7, 7, 7, 7]


def test_several_heads():
    x = variable([1.0, 2.0])
    y, z = recorded(lambda: (x * x, x * 3))
    autograd.backward([y, z], [None, np.array([10.0, 100.0])])
    assert x.grad.tolist() == [32, 304]
    y, z = recorded(lambda: (x * x, x * 3))
    with pytest.raises(AssertionError):
        autograd.backward([y, z], [np.ones(2)])
    autograd.backward(recorded(lambda: x * x))
    assert x.grad.tolist() == [2, 4]


# -- gradients as values -----------------------------------------------------------------------------------------------


def test_grad_gives_a_list_and_leaves_buffers_alone():
    x = variable()
    y = recorded(lambda: x * x)
    found = autograd.grad(y, x)
    assert isinstance(found, list) and len(found) == 1
    assert type(found[0]) is nd.NDArray and type(found[0].as_np_ndarray()) is np.ndarray
    assert found[0].tolist() == [0, 2, 4, 6] and x.grad.tolist() == [0, 0, 0, 0]
    with pytest.raises(MXNetError, match="not in a computational graph"):
        y.backward()


def test_grad_with_cotangents_and_kept_graph():
    x = variable([1.0, 2.0])
    y = recorded(lambda: x * x)
    assert autograd.grad([y], [x], [np.array([1.0, 0.0])], retain_graph=True)[0].tolist() == [2, 0]
    assert autograd.grad(y, [x])[0].tolist() == [2, 4]


def test_grad_errors():
    x, other = variable(), variable()
    y = recorded(lambda: x * x)
    with pytest.raises(AssertionError, match="variables cannot be an empty list"):
        autograd.grad(y, [])
    with pytest.raises(MXNetError, match="does not require gradient"):
        autograd.grad(y, [y])
    with pytest.raises(MXNetError, match="does not require gradient"):
        autograd.grad(y, [np.ones(4)])
    with pytest.raises(MXNetError, match="twice"):
        autograd.grad(y, [x, x])
    with pytest.raises(MXNetError, match="unreachable from the outputs"):
        autograd.grad(y, [other])


SMOOTH = {
    "multiply": (lambda x: x * x * x, lambda x: 6 * x),
    "power": (lambda x: x**4, lambda x: 12 * x**2),
    "dot": (lambda x: np.dot(x, x) * x.sum(), None),
    "negative": (lambda x: -(x * x), lambda x: -2 + 0 * x),
    "exp": (np.exp, onp.exp),
    "tanh": (np.tanh, lambda x: -2 * onp.tanh(x) * (1 - onp.tanh(x) ** 2)),
    "log": (np.log, lambda x: -1 / x**2),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_second_derivatives(name):
    """MXNet has none for multiplication, powers, dot, negation."""
    f, expected = SMOOTH[name]
    x = variable([0.5, 1.5])
    with autograd.record():
        (dx,) = autograd.grad(f(x), [x], create_graph=True)
    dx.backward()
    if expected is None:  # sum over j of d2/dx_i dx_j of (x.x) sum(x)
        s, n = x.asnumpy().sum(), 2
        wanted = 2 * s + 2 * n * x.asnumpy() + 2 * s
    else:
        wanted = expected(x.asnumpy())
    onp.testing.assert_allclose(x.grad.asnumpy(), wanted, rtol=1e-5)


def test_third_derivative():
    x = variable([0.5, 1.5])
    with autograd.record():
        (first,) = autograd.grad(x**4, [x], create_graph=True)
        (second,) = autograd.grad(first, [x], create_graph=True)
    second.backward()
    onp.testing.assert_allclose(x.grad.asnumpy(), 24 * x.asnumpy(), rtol=1e-5)


def test_gradient_of_a_gradient_that_was_not_recorded():
    x = variable()
    with autograd.record():
        (dx,) = autograd.grad(np.sin(x), [x])
    with pytest.raises(MXNetError, match="not in a computational graph"):
        dx.backward()


def test_get_symbol_is_refused():
    x = variable()
    with pytest.raises(MXNetError, match="no symbolic graphs"):
        autograd.get_symbol(recorded(lambda: x * x))


# -- writing in place --------------------------------------------------------------------------------------------------


def test_a_variable_is_not_written_while_recording():
    x = variable()
    for write in (lambda: x.__setitem__(0, 5.0), lambda: x.__iadd__(1), lambda: x.fill(0)):
        with pytest.raises(MXNetError, match=r"Inplace operations \(\+=, -=, x\[:\]=, etc\)"):
            recorded(write)
    assert x.tolist() == [0, 1, 2, 3]


def test_a_step_outside():
    x = variable([1.0, 2.0])
    buffer, name = x.grad, id(x)
    recorded(lambda: x * x).backward()
    x[:] = x - 0.5 * x.grad
    assert x.tolist() == [0, 0] and id(x) == name
    x += 1
    assert x.grad is buffer and x.tolist() == [1, 1]
    recorded(lambda: x * x).backward()
    assert x.grad.tolist() == [2, 2]
    x = x - 1
    assert x.grad is None


def test_a_saved_value_may_be_overwritten():
    """MXNet's gradients are silently wrong then (outside record), or it refuses (inside)."""
    x = variable([1.0, 2.0])
    with autograd.record():
        y = x * 3
        z = y * y
        y[:] = 0
        w = (z + y).sum()
    y += 100
    w.backward()
    assert x.grad.tolist() == [18, 36]
    z = recorded(lambda: x * x)
    x[:] = 50
    z.backward()
    assert x.grad.tolist() == [2, 4]


def test_a_recorded_write():
    x = variable([1.0, 2.0, 3.0])
    with autograd.record():
        y = np.zeros(3)
        for i in range(3):
            y[i] = x[i] * x[i] * (i + 1)
        y[1:] *= 2
    y.backward()
    assert x.grad.tolist() == [2, 16, 36]


def test_a_write_of_constants_into_a_recorded_array():
    x = variable([1.0, 2.0, 3.0])
    with autograd.record():
        y = x * x
        y[0] = 5
    y.backward()
    assert x.grad.tolist() == [0, 4, 6]


def test_detach_shares_memory():
    x = variable()
    u = x.detach()
    assert u.grad is None
    u[:] = 9
    assert x.tolist() == [9, 9, 9, 9]
    with pytest.raises(MXNetError, match="not in a computational graph"):
        recorded(lambda: u * 2).backward()


def test_slices_outside_are_views_and_inside_are_recorded():
    x = variable()
    x[1:3][:] = 7
    assert x.tolist() == [0, 7, 7, 3]
    y = recorded(lambda: x[1:3] * 2)
    y.backward()
    assert x.grad.tolist() == [0, 2, 2, 0]


# -- kinks -------------------------------------------------------------------------------------------------------------

KINKS = [
    (np.abs, [0.0, -2.0], [0, -1]),
    (npx.relu, [0.0, 2.0], [0, 1]),
    (np.sign, [0.0, 2.0], [0, 0]),
    (np.floor, [0.5, 2.0], [0, 0]),
    (lambda x: np.maximum(x, 0), [0.0, -1.0, 1.0], [1, 0, 1]),
    (lambda x: np.minimum(x, 0), [0.0, -1.0, 1.0], [1, 1, 0]),
    (lambda x: np.maximum(0, x), [0.0, -1.0, 1.0], [0, 0, 1]),
    (lambda x: np.clip(x, 0, 1), [0.0, -1.0, 0.5, 1.0], [1, 0, 1, 1]),
    (np.sqrt, [0.0, 4.0], [onp.inf, 0.25]),
    (np.std, [1.0, 1.0], [0, 0]),
    (np.max, [1.0, 3.0, 3.0], [0, 1, 1]),
    (np.min, [1.0, 1.0, 3.0], [1, 1, 0]),
    (lambda x: x.max(axis=0, keepdims=True), [1.0, 3.0, 3.0], [0, 1, 1]),
    (lambda x: np.amax(x.reshape(2, 2), axis=1), [2.0, 2.0, 0.0, 1.0], [1, 1, 0, 1]),
    (np.argmax, [1.0, 3.0], [0, 0]),
    (lambda x: x.argmin(axis=0), [1.0, 3.0], [0, 0]),
    (lambda x: x.astype("int32"), [1.5, 3.0], [0, 0]),
]


@pytest.mark.parametrize(("f", "values", "wanted"), KINKS)
def test_kinks(f, values, wanted):
    x = variable(values)
    recorded(f, x).backward()
    assert x.grad.tolist() == wanted


@pytest.mark.parametrize(
    ("f", "values", "wanted"),
    [
        (np.linalg.norm, [0.0, 0.0], [0, 0]),  # MXNet: nan
        (lambda x: x**0.0, [0.0, 2.0], [0, 0]),  # MXNet: nan, 0
        (np.prod, [0.0, 2.0, 0.0], [0, 0, 0]),  # MXNet: nan, 0, nan
    ],
)
def test_kinks_where_the_real_gradient_is_none(f, values, wanted):
    x = variable(values)
    recorded(f, x).backward()
    assert x.grad.tolist() == wanted


# -- the transforms of tetragrad itself --------------------------------------------------------------------------------


@pytest.mark.parametrize("attached", [False, True])
def test_transforms_record_by_themselves(attached):
    x = variable([1.0, 2.0]) if attached else np.array([1.0, 2.0])

    def cube(x):
        return (x * x * x).sum()

    assert tg.grad(cube)(x).tolist() == [3, 12]
    assert tg.vjp(cube, x)[1](np.array(2.0))[0].tolist() == [6, 24]
    assert tg.hessian(cube)(x).tolist() == [[6, 0], [0, 12]]
    assert tg.jvp(cube, (x,), (np.ones(2),))[1].item() == 15
    assert tg.vmap(lambda x: x * x)(x).tolist() == [1, 4]
    assert type(tg.grad(cube)(x)) is np.ndarray and not autograd.is_recording()


def test_transforms_of_functions_that_use_mxnet_within():
    own = tg.tensor([1.0, 2.0])
    assert tg.grad(lambda x: np.sin(np.exp(x)).sum())(own).tolist() == pytest.approx(
        [onp.cos(onp.exp(v)) * onp.exp(v) for v in (1.0, 2.0)]
    )

    def paused(x):
        with autograd.pause():
            factor = x * x
        return (factor * x).sum()

    assert tg.grad(paused)(np.array([1.0, 2.0])).tolist() == [1, 4]
