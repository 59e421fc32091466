"""`tetragrad.paddle`: hooks, layers with a backward pass of their own, recomputation."""

import gc
import weakref

import numpy as np
import pytest
from support.variables import of_paddle as variable

import tetragrad.paddle as paddle
from tetragrad.paddle import to_tensor

# -- hooks -------------------------------------------------------------------------------------------------------------


def test_hooks():
    x = variable()
    handle = x.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: g + 1)
    x.sum().backward()
    assert x.grad.tolist() == [3.0] * 4
    assert handle.remove() is True and handle.remove() is False
    with pytest.raises(RuntimeError, match="stop gradient"):
        to_tensor([1.0]).register_hook(lambda g: g)


def test_a_hook_that_is_none():
    with pytest.raises(TypeError, match="a hook is a function, got int"):  # Paddle accepts it here, and fails later
        variable().register_hook(3)


def test_hooks_of_variables_do_not_run_under_grad():
    x = variable()
    x.register_hook(lambda g: g * 100)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    assert paddle.grad(y, x)[0].tolist() == [20.0] * 4


def test_bad_hooks_are_named():
    x = variable()
    x.register_hook(lambda g: 3.0)
    with pytest.raises(TypeError, match="must return a Tensor or None"):
        x.sum().backward()


def test_retained_gradient_of_a_result():
    x = variable()
    y = x * 2
    y.sum().backward(retain_graph=True)
    assert y.grad is None
    y.retain_grads()
    y.sum().backward()
    assert y.grad.tolist() == [1.0] * 4


def test_graph_names():
    x = variable()
    y = (x * 2).exp()
    assert y.grad_fn.name() == "ExpGradNode"
    (scaled,) = y.grad_fn.next_functions
    assert scaled.name() == "ScaleGradNode"
    assert scaled.next_functions[0].name() == "GradNodeAccumulation"


# -- custom layers -----------------------------------------------------------------------------------------------------


class Cube(paddle.autograd.PyLayer):
    @staticmethod
    def forward(ctx, x, factor=1.0):
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x**3 * factor

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensor()
        return dy * 3 * x * x * ctx.factor


def layer(forward, backward):
    return type(
        "Layer", (paddle.autograd.PyLayer,), {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    )


def test_py_layer():
    x = variable()
    y = Cube.apply(x, factor=2.0)
    assert not y.is_leaf and y.grad_fn.name() == "GradNodePyLayer_Cube"
    (g,) = paddle.grad(y, x, create_graph=True)
    assert g.tolist() == [0.0, 6.0, 24.0, 54.0]
    assert paddle.grad(g, x)[0].tolist() == [0.0, 12.0, 24.0, 36.0]


def test_py_layer_that_saves_its_result():
    class Exp(paddle.autograd.PyLayer):
        @staticmethod
        def forward(ctx, x):
            out = x.exp()
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx, dy):
            return dy * ctx.saved_tensor()[0]

    x = variable((1.0,))
    (g,) = paddle.grad(Exp.apply(x), x, create_graph=True)
    (gg,) = paddle.grad(g, x, create_graph=True)
    assert np.allclose(gg.numpy(), np.e)
    node = weakref.ref(gg._node)
    gc.disable()
    try:
        del g, gg
        assert node() is None  # no reference cycle
    finally:
        gc.enable()


def test_py_layer_with_several_tensors():
    seen = []

    def backward(ctx, a, b):
        seen.append(b)
        return a * 2, None

    two = layer(lambda ctx, x, y: (x * 2, y * 3), backward)
    x, y = variable(), variable()
    a, _ = two.apply(x, y)
    a.sum().backward()
    assert x.grad.tolist() == [2.0] * 4 and seen[0].tolist() == [0.0] * 4

    def lazily(ctx, x):
        ctx.set_materialize_grads(False)
        constant = x * 3
        ctx.mark_non_differentiable(constant)
        return x * 2, constant

    a, b = layer(lazily, lambda ctx, a, b: seen.append(b) or a).apply(x)
    assert b.stop_gradient and not a.stop_gradient
    a.sum().backward()
    assert seen[-1] is None


def test_py_layer_errors():
    x, y = variable(), variable()
    double = lambda ctx, *xs: xs[0] * 2  # noqa: E731
    with pytest.raises(ValueError, match="should not return empty at 1 position"):
        layer(double, lambda ctx, g: g).apply(x, y).sum().backward()
    with pytest.raises(ValueError, match="should be 1, but received 2"):
        layer(double, lambda ctx, g: (g, g)).apply(x).sum().backward()
    with pytest.raises(ValueError, match="only support Tensor or None"):
        layer(double, lambda ctx, g: 3.0).apply(x).sum().backward()
    with pytest.raises(ValueError, match="shape"):
        layer(double, lambda ctx, g: g[:2]).apply(x).sum().backward()
    with pytest.raises(ValueError, match="can't use inplace strategy"):
        layer(lambda ctx, x: x, lambda ctx, g: g).apply(x)
    with pytest.raises(ValueError, match="At least one output"):
        layer(lambda ctx, x: 3.0, lambda ctx, g: g).apply(x)
    with pytest.raises(NotImplementedError, match="forward"):
        type("Nothing", (paddle.autograd.PyLayer,), {}).apply(x)


def test_inputs_marked_not_inplace_get_their_gradient():
    def forward(ctx, x):
        ctx.mark_not_inplace(x)
        ctx.set_grad_in_dtype_consistent(False)
        return x * 2

    x = variable()
    layer(forward, lambda ctx, g: g * 2).apply(x).sum().backward()
    assert x.grad.tolist() == [2.0] * 4


def test_saved_tensors_hooks():
    packed = []

    def pack(tensor):
        packed.append(list(tensor.shape))
        return tensor.numpy()

    x, w = variable(), variable()
    with paddle.autograd.saved_tensors_hooks(pack, to_tensor):
        y = x * w
    y.sum().backward()
    assert packed == [[4], [4]] and x.grad.tolist() == w.tolist()
    with paddle.no_grad(), paddle.autograd.saved_tensors_hooks(pack, to_tensor):
        assert (x * w).stop_gradient


def test_nesting_with_transforms():
    import tetragrad as tg

    x = to_tensor([1.0, 2.0])
    (g,) = (tg.grad(lambda x: (x**3).sum())(x),)
    assert type(g) is paddle.Tensor and g.tolist() == [3.0, 12.0]
    rows = tg.vmap(lambda row: paddle.norm(row))(to_tensor([[3.0, 4.0], [6.0, 8.0]]))
    assert rows.tolist() == [5.0, 10.0]
    _, t = tg.jvp(lambda x: paddle.nn.functional.relu(x) * x, (x,), (to_tensor([1.0, 0.0]),))
    assert t.tolist() == [2.0, 0.0]


def test_long_chains():
    x = variable(1.0)
    y = x
    for _ in range(20000):
        y = y * 1.0
    y.backward()
    assert x.grad.item() == 1.0


def test_recompute():
    from tetragrad.paddle.distributed.fleet.utils import recompute

    runs = []

    def f(t, power):
        runs.append(1)
        return paddle.nn.functional.dropout(paddle.sin(t) ** power, 0.5)

    x = variable()
    y = recompute(f, x, power=3)
    y.sum().backward()
    assert len(runs) == 2
    kept = (y.numpy() != 0) * 2.0
    assert np.allclose(x.grad.numpy(), kept * 3 * np.sin(x.numpy()) ** 2 * np.cos(x.numpy()), atol=1e-6)


def test_several_functions_recomputed():
    from tetragrad.paddle.incubate.distributed.fleet import recompute_hybrid, recompute_sequential

    runs = []

    def step(x):
        runs.append(1)
        return paddle.sin(x)

    x = variable()
    recompute_sequential({"segments": 2}, [step] * 3, x).sum().backward()
    a = np.arange(4.0)
    expected = np.cos(np.sin(np.sin(a))) * np.cos(np.sin(a)) * np.cos(a)
    assert len(runs) == 6 and np.allclose(x.grad.numpy(), expected, atol=1e-6)
    assert recompute_hybrid({}, step, x).shape == [4]
