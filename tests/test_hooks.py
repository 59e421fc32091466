"""Hooks on Tensors and nodes: what they see, what they may change, their order, and what happens when they fail."""

import gc
import weakref

import numpy as np
import pytest

import tetragrad as tg


def variable(*values):
    return tg.tensor(list(values), requires_grad=True)


def test_order_at_one_node():
    x = variable(1.0, 2.0)
    y = x * x
    calls = []
    y.register_hook(lambda g: calls.append("first"))
    y.node.register_hook(lambda cotangents, g: calls.append("after the rule"))
    y.node.register_prehook(lambda g: calls.append("before the rule"))
    y.register_hook(lambda g: calls.append("second"))
    x.register_hook(lambda g: calls.append("variable"))
    y.sum().backward()
    assert calls == ["first", "second", "before the rule", "after the rule", "variable"]


def test_each_hook_sees_what_the_one_before_returned():
    x = variable(1.0, 2.0)
    seen = []
    x.register_hook(lambda g: 10 * g)
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * x).sum().backward()
    assert seen == [[20.0, 40.0]]
    assert x.grad.tolist() == [20.0, 40.0]


def test_a_variable_used_often_gets_one_call_with_the_whole_gradient():
    x = variable(3.0)
    seen = []
    x.register_hook(lambda g: seen.append(g.item()))
    (x * x + x + x).sum().backward()
    assert seen == [8.0]


def test_prehooks_and_hooks_of_nodes_replace_cotangents():
    x, w = variable(1.0, 2.0), variable(3.0, 4.0)
    y = x * w
    y.node.register_prehook(lambda g: g * 2)
    y.node.register_hook(lambda cotangents, g: (None, cotangents[1] * 0))
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 8.0]
    assert w.grad.tolist() == [0.0, 0.0]


def test_functional_gradients_run_hooks_and_record_them():
    def f(x):
        y = x * x
        y.register_hook(lambda g: g * g * 3)
        return (y * x).sum()  # the cotangent of y is x; the hook makes it 3 x**2

    x = np.array([2.0])
    assert tg.grad(f)(x).tolist() == [2 * 2.0 * 3 * 4.0 + 4.0]
    assert tg.hessian(f)(x).tolist() == [[18 * 4.0 + 2 * 2.0]]  # d/dx (6 x**3 + x**2)


def test_removal_also_by_with():
    x = variable(1.0)
    handle = x.register_hook(lambda g: g * 5)
    handle.remove()
    handle.remove()
    with x.register_hook(lambda g: g * 7):
        (x * 1).sum().backward()
    (x * 1).sum().backward()
    assert x.grad.tolist() == [8.0]


@pytest.mark.parametrize("wrong", [np.ones(3), "text", np.array(["a", "b"])], ids=["shape", "type", "dtype"])
def test_a_wrong_replacement_is_refused_by_name(wrong):
    def clip_badly(g):
        return wrong

    x = variable(1.0, 2.0)
    x.register_hook(clip_badly)
    with pytest.raises(tg.errors.CotangentError, match="clip_badly"):
        (x * x).sum().backward()
    assert x.grad is None


def test_an_error_inside_keeps_its_type_and_names_the_hook():
    def explode(g):
        raise KeyError("inside")

    x = variable(1.0)
    x.register_hook(explode)
    with pytest.raises(KeyError) as caught:
        (x * x).sum().backward()
    assert any("explode" in note for note in caught.value.__notes__)
    assert x.grad is None


def test_constants_have_no_gradient_to_hook():
    with pytest.raises(tg.errors.NotRecordedError, match="register_hook"):
        tg.tensor([1.0]).register_hook(lambda g: None)
    with pytest.raises(TypeError, match="function"):
        variable(1.0).register_hook(3)


def test_hooks_do_not_keep_graphs_alive():
    gc.disable()
    try:
        array = np.ones(1000)
        gone = weakref.ref(array)
        x = variable(*np.ones(1000))
        y = x * array
        y.register_hook(lambda g: None)
        y.node.register_hook(lambda cotangents, g: None)
        del y, array
        assert gone() is None
    finally:
        gc.enable()
