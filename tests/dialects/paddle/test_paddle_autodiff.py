"""`tetragrad.paddle`: backward passes, `grad`, modes, in-place operations."""

import threading

import numpy as np
import pytest
from support.variables import of_paddle as variable

import tetragrad.errors as errors
import tetragrad.paddle as paddle
from tetragrad.paddle import to_tensor

# -- the chapter in our own words --------------------------------------------------------------------------------------


def test_first_gradient():
    x = paddle.arange(4, dtype="float32")
    assert repr(x) == (
        "Tensor(shape=[4], dtype=float32, place=Place(cpu), stop_gradient=True,\n       [0., 1., 2., 3.])"
    )
    x = to_tensor(x, stop_gradient=False)
    assert x.grad is None
    y = 2 * paddle.dot(x, x)
    assert repr(y) == "Tensor(shape=[], dtype=float32, place=Place(cpu), stop_gradient=False,\n       28.)"
    y.backward()
    assert repr(x.grad) == (
        "Tensor(shape=[4], dtype=float32, place=Place(cpu), stop_gradient=False,\n       [0. , 4. , 8. , 12.])"
    )
    assert repr(x.grad == 4 * x) == (
        "Tensor(shape=[4], dtype=bool, place=Place(cpu), stop_gradient=True,\n       [True, True, True, True])"
    )


def test_accumulates_and_clears():
    x = variable()
    (x * x).sum().backward()
    paddle.sum(x).backward()
    assert x.grad.tolist() == [1.0, 3.0, 5.0, 7.0]
    seen = x.grad
    x.clear_gradient()
    assert x.grad.tolist() == seen.tolist() == [0.0] * 4
    x.clear_gradient(False)
    assert x.grad is None and x.gradient() is None
    x.clear_grad()  # without a gradient: nothing


def test_old_handle_of_the_gradient_sees_the_sum():
    x = variable()
    x.sum().backward()
    first = x.grad
    x.sum().backward()
    assert first is not x.grad
    assert first.tolist() == x.grad.tolist() == [2.0] * 4
    first.set_value(first * 3)
    assert x.grad.tolist() == [6.0] * 4
    gradient = x.gradient()
    assert type(gradient) is np.ndarray and gradient.dtype == np.float32


def test_detached_factor():
    x = variable()
    y = x * x
    u = y.detach()
    assert u.stop_gradient
    paddle.sum(u * x).backward()
    assert bool((x.grad == u).all())
    x.clear_gradient()
    y.sum().backward()
    assert bool((x.grad == 2 * x).all())


@pytest.mark.parametrize("start", [0.3, -0.7])
def test_control_flow(start):
    def f(a):
        b = a * 2
        while paddle.norm(b) < 1000:
            b = b * 2
        return b if paddle.sum(b) > 0 else 100 * b

    a = variable((start,))
    d = f(a)
    d.backward()
    assert np.allclose(a.grad.numpy(), d.numpy() / a.numpy())


# -- backward ----------------------------------------------------------------------------------------------------------


def test_vector_backward_is_a_sum_unless_weighted():
    x = variable()
    (x * x).backward()
    assert x.grad.tolist() == [0.0, 2.0, 4.0, 6.0]
    x.grad = None
    (x * 2).backward(to_tensor([1.0, 2.0, 3.0, 4.0]))
    assert x.grad.tolist() == [2.0, 4.0, 6.0, 8.0]
    x.grad = None
    (x * 2).backward(to_tensor([1, 2, 3, 4]))  # silently cast
    assert x.grad.dtype == paddle.float32


def test_seed_errors():
    y = variable() * 2
    with pytest.raises(AssertionError, match=r"must be paddle.Tensor"):
        y.backward([1.0, 1.0, 1.0, 1.0])
    with pytest.raises(AssertionError, match="Tensor shape not match"):
        y.backward(to_tensor([1.0, 1.0, 1.0]))


@pytest.mark.parametrize("f", [lambda x: x.sum(), lambda x: x * x, lambda x: x + x, lambda x: x[1:]])
def test_second_backward_is_refused(f):
    x = variable()
    y = f(x)
    y.backward()
    with pytest.raises(SystemError, match=r"\(Fatal\) The TensorWrappers of \w+GradNode do not exist") as caught:
        y.backward()
    assert isinstance(caught.value, errors.FreedGraphError)
    assert "retain_graph=True" in str(caught.value)


def test_retained_graph_accumulates():
    x = variable()
    y = 2 * paddle.dot(x, x)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [0.0, 8.0, 16.0, 24.0]


def test_backward_of_constants_and_leaves():
    assert to_tensor([1.0]).backward() is None
    x = variable()
    x.backward()
    assert x.grad.tolist() == [1.0] * 4
    with paddle.no_grad():
        y = x * 2
    y.backward()
    assert x.grad.tolist() == [1.0] * 4


def test_autograd_backward():
    x = variable()
    paddle.autograd.backward([x * 2, x * 3], [None, to_tensor([2.0] * 4)])
    assert x.grad.tolist() == [8.0] * 4
    y = x * 2
    with pytest.raises(AssertionError, match="duplicate"):
        paddle.autograd.backward([y, y])
    with pytest.raises(AssertionError, match="length of grad_tensors"):
        paddle.autograd.backward([y], [None, None])
    with pytest.raises(AssertionError, match="must be Tensor"):
        paddle.autograd.backward(3)


# -- stop_gradient -----------------------------------------------------------------------------------------------------


def test_stop_gradient_of_results_and_late():
    x = variable()
    y = x * 2
    y.stop_gradient = True
    (y * x).sum().backward()
    assert x.grad.tolist() == [0.0, 2.0, 4.0, 6.0]
    assert not y.is_leaf and y.stop_gradient
    late = to_tensor([1.0])
    z = late * 2
    late.stop_gradient = False
    z.backward()
    assert late.grad is None
    assert x.requires_grad and x.is_leaf and not x.requires_grad_(False).requires_grad


def test_to_tensor_copies_out_of_the_graph():
    x = variable()
    y = to_tensor(x * 2, stop_gradient=False)
    y.sum().backward()
    assert x.grad is None and y.grad.tolist() == [1.0] * 4
    with paddle.no_grad():
        assert not variable().stop_gradient


def test_integers_carry_gradients():
    x = to_tensor([1, 2, 3], stop_gradient=False)
    (x * 2.5).sum().backward()
    assert x.grad.dtype == paddle.int64
    (x * x).sum().backward()  # Paddle cannot add these up
    y = variable()
    whole = y.astype("int64")
    assert not whole.stop_gradient
    whole.sum().backward()
    assert y.grad.tolist() == [1.0] * 4
    assert y.argmax().stop_gradient and (y > 1).stop_gradient


def test_gradient_assignment():
    x = variable()
    x.grad = to_tensor([1.0, 2.0, 3.0, 4.0])
    x.sum().backward()
    assert x.grad.tolist() == [2.0, 3.0, 4.0, 5.0]
    with pytest.raises(ValueError, match="must be Tensor, but got float"):
        x.grad = 3.0
    with pytest.raises(ValueError, match="shape"):
        x.grad = to_tensor([1.0])


@pytest.mark.parametrize("forget", ["keyword", "position", "assign", "delete"])
def test_ways_to_forget_a_gradient(forget):
    """Paddle ignores the keyword, and crashes where the attribute is deleted."""
    x = variable()
    x.sum().backward()
    if forget == "keyword":
        x.clear_gradient(set_to_zero=False)
    elif forget == "position":
        x.clear_gradient(False)
    elif forget == "assign":
        x.grad = None
    else:
        del x.grad
    assert x.grad is None
    x.sum().backward()
    assert x.grad.tolist() == [1.0] * 4


def test_kinks():
    def g(f, x):
        x = variable(x)
        return paddle.grad(f(x), x)[0].tolist()

    assert g(lambda x: x.abs() + paddle.nn.functional.relu(x), (0.0,)) == [0.0]
    assert g(lambda x: paddle.maximum(x, to_tensor(0.0)), (0.0,)) == [0.5]
    assert g(lambda x: x.max(), (1.0, 3.0, 3.0)) == [0.0, 0.5, 0.5]
    assert g(lambda x: paddle.norm(x), (0.0, 0.0)) == [0.0, 0.0]
    assert g(lambda x: x.clip(0.0, 1.0), (0.0,)) == [1.0]
    assert g(lambda x: x.floor(), (0.5,)) == [0.0]
    assert g(lambda x: x**0.0, (0.0,)) == [0.0]


def test_kinks_where_the_real_gradient_is_none():
    for f, at in ((paddle.prod, (0.0, 2.0, 0.0)), (paddle.std, (1.0, 1.0))):  # Paddle: nan
        x = variable(at)
        assert paddle.grad(f(x), x)[0].tolist() == [0.0] * len(at)


def test_values_that_are_not_finite_raise_if_asked():
    config = paddle.amp.debugging.TensorCheckerConfig(enable=True)
    paddle.amp.debugging.enable_tensor_checker(config)
    try:
        x = variable((0.0,))
        with pytest.raises(RuntimeError, match=r"\(PreconditionNotMet\) There are NAN or INF .*op=log"):
            paddle.log(x)
        with pytest.raises(RuntimeError, match="op=sqrt_grad"):
            paddle.sqrt(x).backward()
    finally:
        paddle.amp.debugging.disable_tensor_checker()
    assert paddle.log(x).tolist() == [-np.inf]
    with pytest.raises(RuntimeError, match="num_nan=1, num_inf=0, num_zero=1"):
        paddle.amp.debugging.check_numerics(to_tensor([0.0, np.nan]), "op", "x")


def test_no_static_graph():
    for name in ("append_backward", "gradients", "py_func"):
        with pytest.raises(AssertionError, match=f"'{name}.*static graph mode.* Use "):
            getattr(paddle.static, name)()


def test_complex_gradients_are_conjugate():
    z = to_tensor([1 + 2j], stop_gradient=False)
    assert paddle.grad(z * z, z)[0].tolist() == [2 - 4j]
    assert paddle.grad((z * z.conj()).real(), z)[0].tolist() == [2 + 4j]
    seen = []
    z.register_hook(lambda g: seen.append(g.tolist()))
    (z * z).backward()
    assert z.grad.tolist() == [2 - 4j] and seen == [[2 - 4j]]


# -- grad --------------------------------------------------------------------------------------------------------------


def test_grad_leaves_the_graph_and_the_gradients_alone():
    x = variable()
    y = x * x
    (first,) = paddle.grad(y, x)
    (second,) = paddle.grad(y, x, retain_graph=False)
    assert first.tolist() == second.tolist() == [0.0, 2.0, 4.0, 6.0]
    assert x.grad is None and first.stop_gradient
    y.backward()


def test_grad_of_grad():
    x = variable()
    (g,) = paddle.grad(x**3, x, create_graph=True)
    assert not g.stop_gradient
    assert paddle.grad(g, x)[0].tolist() == [0.0, 6.0, 12.0, 18.0]
    g.sum().backward()
    assert x.grad.tolist() == [0.0, 6.0, 12.0, 18.0]
    (g,) = paddle.grad(x**3, x)
    with pytest.raises(ValueError, match="0-th input does not appear in the backward graph"):
        paddle.grad(g, x)


def test_grad_arguments():
    x, z = variable(), variable()
    y = x * x
    with pytest.raises(ValueError, match=r"\(InvalidArgument\) The 1-th input does not appear"):
        paddle.grad(y, [x, z])
    found = paddle.grad(y, [x, z], allow_unused=True)
    assert found[1] is None
    with pytest.raises(RuntimeError, match=r"\(AlreadyExists\)"):
        paddle.grad(y, [x, x])
    for bad in ({"inputs": []}, {"inputs": "a"}, {"inputs": x, "only_inputs": False}):
        with pytest.raises(AssertionError):
            paddle.grad(y, **bad)
    with pytest.raises(AssertionError, match="outputs must be Tensor"):
        paddle.grad(3.0, x)
    with pytest.raises(AssertionError, match="length of grad_outputs"):
        paddle.grad([y, y * 2], x, grad_outputs=[None])
    with pytest.raises(ValueError, match="shape"):
        paddle.grad(y, x, grad_outputs=to_tensor([1.0]))
    weighted = paddle.grad([y, y * 2], x, grad_outputs=[None, to_tensor([1.0] * 4)])
    assert weighted[0].tolist() == [0.0, 6.0, 12.0, 18.0]


def test_grad_through_and_around_results():
    x = variable()
    y = x * x
    z = y * x
    assert paddle.grad(z, y)[0].tolist() == [0.0, 1.0, 2.0, 3.0]
    for blocked in (y, [y], {y}):
        assert paddle.grad(z, x, no_grad_vars=blocked)[0].tolist() == y.tolist()
    with pytest.raises(AssertionError, match="no_grad_vars"):
        paddle.grad(z, x, no_grad_vars=[3])


# -- modes -------------------------------------------------------------------------------------------------------------


def test_modes():
    x = variable()
    with paddle.set_grad_enabled(False):
        assert (x * 2).stop_gradient and not paddle.is_grad_enabled()
        with paddle.enable_grad():
            assert not (x * 2).stop_gradient
    previous = paddle.set_grad_enabled(False)
    assert not paddle.is_grad_enabled()
    with previous:
        pass
    assert paddle.is_grad_enabled()

    @paddle.no_grad()
    def double(x):
        return x * 2

    assert double(x).stop_gradient
    with pytest.raises(TypeError):
        paddle.no_grad(lambda x: x)
    with pytest.raises(ZeroDivisionError), paddle.no_grad():
        raise ZeroDivisionError
    assert paddle.is_grad_enabled()


def test_modes_belong_to_threads():
    seen = []
    with paddle.no_grad():
        thread = threading.Thread(target=lambda: seen.append(paddle.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


# -- in place ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("add_", (to_tensor(1.0),)), ("zero_", ()), ("exp_", ()), ("scale_", (2.0,)), ("fill_", (3.0,)),
        ("clip_", (0.2, 0.3)), ("reshape_", ([2, 2],)), ("pow_", (2.0,)), ("cast_", ("float64",)), ("uniform_", ()),
    ],
)  # fmt: skip
def test_in_place(name, args):
    x = variable((0.1, 0.2, 0.3, 0.4))
    with pytest.raises(ValueError, match=r"Leaf Var .* that doesn't stop gradient can't use inplace strategy"):
        getattr(x, name)(*args)
    y = x * 1
    assert getattr(y, name)(*args) is y
    assert y.inplace_version == 1
    with paddle.no_grad():
        getattr(x, name)(*args)
    assert x.inplace_version == 1


def test_in_place_results_are_differentiated():
    x = variable()
    w = x * 1
    y = w * w
    w.add_(to_tensor(1.0))  # Paddle's backward would refuse: y needs the old w
    (y + w).sum().backward()
    assert x.grad.tolist() == [1.0, 3.0, 5.0, 7.0]


def test_item_assignment():
    x = variable()
    with pytest.raises(ValueError, match="Leaf Tensor"):
        x[0] = 5.0
    y = x * 2
    y[0] = 5.0
    y[1:3] = x[:2] * 10
    y.sum().backward()
    assert x.grad.tolist() == [10.0, 10.0, 0.0, 2.0]


def test_memory_is_shared_with_views_and_detached():
    x = variable()
    d = x.detach()
    d[0] = 9.0
    assert x.tolist()[0] == 9.0 and x.inplace_version == d.inplace_version == 1
    view = x[1:3]
    view.add_(to_tensor(1.0))
    assert x.tolist() == [9.0, 2.0, 3.0, 3.0] and x.is_leaf
    kept = id(x)
    x.set_value(np.ones(4, "float32"))
    assert id(x) == kept and d.tolist() == [1.0] * 4
    with pytest.raises(AssertionError, match="Shape not match"):
        x.set_value(np.ones(3, "float32"))
    with pytest.raises(AssertionError, match="dtype not match"):
        x.set_value(np.ones(4))


def test_augmented_operators_make_new_tensors():
    x = to_tensor([1.0])
    before = id(x)
    y = x
    x += 1
    assert id(x) != before and y.tolist() == [1.0]
