"""`torch.library`: named operators of the user's own; the decorators of `torch.amp`."""

import numpy as np
import pytest

import tetragrad.torch as torch

library = torch.library


def sine_op(name="sine"):
    @library.custom_op(f"test::{name}", mutates_args=())
    def sine(x: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        return torch.from_numpy(np.sin(x.numpy()) * np.float32(scale))

    def setup_context(ctx, inputs, output):
        x, ctx.scale = inputs
        ctx.save_for_backward(x)

    def backward(ctx, grad):
        assert ctx.needs_input_grad == (True, False)
        (x,) = ctx.saved_tensors
        return grad * x.cos() * ctx.scale, None

    sine.register_autograd(backward, setup_context=setup_context)
    return sine


def test_an_operator_and_its_gradients():
    sine = sine_op()
    x = torch.tensor([0.5, 1.0], requires_grad=True)
    y = sine(x, scale=2.0)
    assert type(y.grad_fn).__name__ == "GeneratedBackwardFor_test_sine_defaultBackward"
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert torch.allclose(g, 2 * x.cos())
    g.sum().backward()
    assert torch.allclose(x.grad, -2 * x.sin())
    assert sine(x.detach()).grad_fn is None
    assert repr(sine) == "<CustomOpDef(test::sine)>"


def test_an_operator_within_transforms():
    sine = sine_op("sine_in_func")
    x = torch.tensor([0.5, 1.0, 2.0])
    assert torch.allclose(torch.func.grad(lambda x: sine(x).sum())(x), x.cos())

    @sine.register_vmap
    def on_batch(info, in_dims, x, scale):
        assert info.batch_size == 3 and in_dims == (0, None)
        return sine(x, scale), 0

    assert torch.allclose(torch.vmap(sine)(x), x.sin())


def test_keyword_arguments():
    @library.custom_op("test::scaled", mutates_args=())
    def scaled(x: torch.Tensor, *, by: float) -> torch.Tensor:
        return x * by

    def setup_context(ctx, inputs, keyword_only_inputs, output):
        ctx.by = keyword_only_inputs["by"]

    library.register_autograd("test::scaled", lambda ctx, g: g * ctx.by, setup_context=setup_context)
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    scaled(x, by=3.0).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_an_operator_without_a_formula():
    plain = library.custom_op("test::plain", lambda x: x * 2, mutates_args=())
    x = torch.tensor([1.0], requires_grad=True)
    with pytest.raises(
        RuntimeError, match=r"backward through test.plain.default but no autograd formula was registered"
    ):
        plain(x).backward()
    plain.register_autograd(lambda ctx, g: (g, g))
    with pytest.raises(RuntimeError, match=r"incorrect number of gradients \(expected 1, got 2\)"):
        plain(x).backward()


def test_an_operator_that_writes_into_its_argument():
    @library.custom_op("test::fill", mutates_args={"x"})
    def fill(x: torch.Tensor) -> None:
        x.fill_(7.0)

    x = torch.zeros(2)
    assert fill(x) is None and x.tolist() == [7.0, 7.0]
    with pytest.raises(RuntimeError, match=r"non-functional operator test\.fill\.default"):
        library.register_autograd(fill, lambda ctx, g: g)
    with pytest.raises(RuntimeError, match="no operator 'test::nothing'"):
        library.register_vmap("test::nothing", lambda info, in_dims, x: (x, 0))


def test_numpy_within_no_grad():
    x = torch.tensor([1.0], requires_grad=True)
    with torch.no_grad():
        assert x.numpy() == 1.0
    with pytest.raises(RuntimeError, match="Can't call numpy"):
        x.numpy()


def test_decorators_of_mixed_precision():
    class Triple(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float16)
        def forward(ctx, x):
            return 3 * x

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            return 3 * grad

    x = torch.tensor([1.0], requires_grad=True)
    y = Triple.apply(x)
    y.backward()
    assert y.dtype == torch.float32 and x.grad.tolist() == [3.0]
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        torch.amp.custom_bwd(device_type=3)
