"""Convolutions and pooling under the dialects' names, options and layouts, against plain loops and differences.

The expected behaviour (defaults, layouts, what padding counts for, which of equal elements gets the gradient) was
compared with PyTorch 2.13, TensorFlow and Paddle 3.3 when it was written.
"""

from __future__ import annotations

import numpy as np
import pytest
from support import windows

import tetragrad.paddle as paddle
import tetragrad.tensorflow as tf
import tetragrad.torch as torch
from tetragrad.mxnet import autograd, npx
from tetragrad.mxnet import np as mnp
from tetragrad.mxnet.base import MXNetError

RNG = np.random.default_rng(0)
X, W, B = [RNG.standard_normal(shape) for shape in ((2, 4, 7, 6), (6, 2, 3, 2), (6,))]
PLANE = RNG.integers(0, 5, (2, 3, 6, 7)).astype(float)
OPTIONS = {"stride": (2, 1), "padding": (1, 0), "groups": 2}


# Each dialect's (function, arrays, cotangent's maker) -> value and gradients.
def through_torch(f, *arrays):
    tensors = [torch.tensor(x, requires_grad=True) for x in arrays]
    out = f(*tensors)
    g = cotangent(out.shape)
    return out.detach().numpy(), [x.numpy() for x in torch.autograd.grad(out, tensors, torch.tensor(g))]


def through_paddle(f, *arrays):
    tensors = [paddle.to_tensor(x, stop_gradient=False) for x in arrays]
    out = f(*tensors)
    paddle.sum(out * paddle.to_tensor(cotangent(out.shape))).backward()
    return out.numpy(), [x.grad.numpy() for x in tensors]


def through_tensorflow(f, *arrays):
    tensors = [tf.constant(x) for x in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        out = f(*tensors)
    return out.numpy(), [x.numpy() for x in tape.gradient(out, tensors, tf.constant(cotangent(out.shape)))]


def through_mxnet(f, *arrays):
    tensors = [mnp.array(x, dtype="float64") for x in arrays]
    for x in tensors:
        x.attach_grad()
    with autograd.record():
        out = f(*tensors)
    out.backward(mnp.array(cotangent(out.shape), dtype="float64"))
    return out.asnumpy(), [x.grad.asnumpy() for x in tensors]


def cotangent(shape):
    return np.cos(np.arange(np.prod(shape))).reshape(tuple(shape))


def compare(found, wanted, *arrays):
    """A value and gradients with those of a function of loops."""
    value, gradients = found
    np.testing.assert_allclose(value, wanted(*arrays), atol=1e-12)
    for gradient, rough in zip(gradients, windows.gradients(wanted, arrays, cotangent(value.shape))):
        np.testing.assert_allclose(gradient, rough, atol=1e-6)


def last(x):
    """Channels last."""
    return np.moveaxis(x, 1, -1)


def first(x):
    return np.moveaxis(x, -1, 1)


def plain_conv(x, w, b):
    return windows.conv(x, w, **OPTIONS) + b.reshape(-1, 1, 1)


def test_torch_conv2d():
    compare(through_torch(lambda x, w, b: torch.nn.functional.conv2d(x, w, b, **OPTIONS), X, W, B), plain_conv, X, W, B)


def test_torch_module_is_the_function():
    layer = torch.nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2, dtype=torch.float64)
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    np.testing.assert_allclose(layer(torch.tensor(X)).detach().numpy(), plain_conv(X, weight, bias), atol=1e-12)
    assert repr(layer) == "Conv2d(4, 6, kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), groups=2)"
    assert repr(torch.nn.MaxPool2d(2)) == ("MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)")
    assert torch.nn.AvgPool1d(3, 1)(torch.ones(1, 2, 5)).shape == (1, 2, 3)
    assert torch.nn.AdaptiveAvgPool2d(1)(torch.ones(1, 2, 5, 5)).shape == (1, 2, 1, 1)
    assert torch.nn.ConvTranspose2d(2, 4, 3, stride=2, output_padding=1)(torch.ones(1, 2, 5, 5)).shape == (1, 4, 12, 12)


def test_torch_conv_transpose2d():
    """out = conv(input) has <out, y> = <input, conv_transpose(y)>."""
    y = RNG.standard_normal((2, 6, 4, 5))
    out = torch.nn.functional.conv_transpose2d(torch.tensor(y), torch.tensor(W), **OPTIONS).numpy()
    assert out.shape == (2, 4, 7, 6)
    np.testing.assert_allclose(np.vdot(out, X), np.vdot(y, windows.conv(X, W, **OPTIONS)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda f, x, w: f.conv2d(x, w[:, :1]), "to have 1 channels, but got 4 channels instead"),
        (lambda f, x, w: f.conv2d(x[0, 0], w), "Expected 3D (unbatched) or 4D (batched) input to conv2d"),
        (lambda f, x, w: f.conv2d(x[:, :2, :2], w), "Kernel size can't be greater than actual input size"),
        (lambda f, x, w: f.conv2d(x[:, :2].float(), w), "expected scalar type Float but found Double"),
        (lambda f, x, w: f.conv2d(x[:, :2], w, padding="same", stride=2), "is not supported for strided convolutions"),
        (lambda f, x, w: f.conv2d(x[:, :2], w, w[0, 0]), "expected bias to be 1-dimensional with 6 elements"),
        (lambda f, x, w: f.conv_transpose2d(x, w), "Given transposed=1, weight of size [6, 2, 3, 2]"),
        (lambda f, x, w: f.max_pool2d(x, 2, padding=2), "pad should be at most half of effective kernel size"),
    ],
)
def test_torch_errors(call, words):
    with pytest.raises(RuntimeError) as caught:
        call(torch.nn.functional, torch.tensor(X), torch.tensor(W))
    assert words in str(caught.value)


def test_torch_max_pool2d():
    """Ties go to the first; the indices are positions in the flattened plane."""
    function = torch.nn.functional.max_pool2d
    value, (gradient,) = through_torch(lambda x: function(x, 3, 2, 1), PLANE)
    np.testing.assert_array_equal(value, windows.pool(PLANE, np.max, (3, 3), 2, 1, value=-np.inf))
    _, indices = function(torch.tensor(PLANE), 3, 2, 1, return_indices=True)
    assert indices.dtype == torch.int64
    wanted = np.zeros((6, 42))
    np.add.at(wanted, (np.arange(6)[:, None], indices.numpy().reshape(6, -1)), cotangent(value.shape).reshape(6, -1))
    np.testing.assert_allclose(gradient.reshape(6, 42), wanted, atol=1e-12)
    np.testing.assert_array_equal(PLANE.reshape(6, 42)[np.arange(6)[:, None], indices.numpy().reshape(6, -1)],
                                  value.reshape(6, -1))  # fmt: skip


def test_torch_avg_pool2d():
    function = torch.nn.functional.avg_pool2d
    compare(through_torch(lambda x: function(x, 3, 2, 1), PLANE),
            lambda x: windows.pool(x, np.mean, (3, 3), 2, 1), PLANE)  # fmt: skip
    compare(through_torch(lambda x: function(x, (2, 3), 2, (0, 1), count_include_pad=False), PLANE),
            lambda x: windows.pool(x, np.nanmean, (2, 3), 2, (0, 1), value=np.nan), PLANE)  # fmt: skip
    np.testing.assert_allclose(
        function(torch.ones(1, 5, 5), 2, ceil_mode=True).numpy(), np.ones((1, 3, 3))
    )  # what hangs over does not count
    assert function(torch.ones(1, 4, 4), 2, divisor_override=8).sum().item() == 2


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_paddle_conv2d(layout):
    there, back = (last, first) if layout == "NHWC" else (lambda x: x, lambda x: x)
    x = there(X)
    found = through_paddle(lambda x, w, b: paddle.nn.functional.conv2d(x, w, b, data_format=layout, **OPTIONS), x, W, B)
    compare(found, lambda x, w, b: there(plain_conv(back(x), w, b)), x, W, B)


@pytest.mark.parametrize("padding", [[1, 0, 0, 2], [[0, 0], [0, 0], [1, 0], [0, 2]]], ids=str)
def test_paddle_paddings(padding):
    out = paddle.nn.functional.conv2d(paddle.to_tensor(X[:, :2]), paddle.to_tensor(W), padding=padding).numpy()
    np.testing.assert_allclose(out, windows.conv(X[:, :2], W, padding=((1, 0), (0, 2))), atol=1e-12)


def test_paddle_pooling():
    functional = paddle.nn.functional
    compare(through_paddle(lambda x: functional.avg_pool2d(x, 3, 2, 1), PLANE),
            lambda x: windows.pool(x, np.nanmean, (3, 3), 2, 1, value=np.nan), PLANE)  # fmt: skip
    compare(through_paddle(lambda x: functional.avg_pool2d(x, 3, 2, 1, exclusive=False), PLANE),
            lambda x: windows.pool(x, np.mean, (3, 3), 2, 1), PLANE)  # fmt: skip
    out, mask = functional.max_pool2d(paddle.to_tensor(PLANE), 2, return_mask=True)
    np.testing.assert_array_equal(out.numpy(), windows.pool(PLANE, np.max, (2, 2)))
    np.testing.assert_array_equal(PLANE[0, 0].ravel()[mask.numpy()[0, 0]], out.numpy()[0, 0])
    with pytest.raises(ValueError, match="Unknown padding"):
        functional.max_pool2d(paddle.to_tensor(PLANE), 2, padding="full")


@pytest.mark.parametrize(
    ("strides", "padding", "plain"),
    [
        (1, "VALID", {}),
        ([1, 2, 2, 1], "SAME", {"stride": 2, "padding": ((1, 1), (0, 0))}),
        (1, "SAME", {"padding": ((1, 1), (0, 1))}),
        (2, [[0, 0], [1, 0], [2, 1], [0, 0]], {"stride": 2, "padding": ((1, 0), (2, 1))}),
    ],
    ids=str,
)
def test_tensorflow_conv2d(strides, padding, plain):
    x, w = last(X[:, :2]), W.transpose(2, 3, 1, 0)
    found = through_tensorflow(lambda x, w: tf.nn.conv2d(x, w, strides, padding), x, w)
    compare(found, lambda x, w: last(windows.conv(first(x), w.transpose(3, 2, 0, 1), **plain)), x, w)


def test_tensorflow_conv2d_transpose():
    x, w = RNG.standard_normal((1, 3, 4, 2)), RNG.standard_normal((3, 3, 5, 2))
    out = tf.nn.conv2d_transpose(x, w, (1, 6, 8, 5), 2).numpy()
    y = RNG.standard_normal(out.shape)
    forward = tf.nn.conv2d(y, w, 2, "SAME").numpy()
    np.testing.assert_allclose(np.vdot(out, y), np.vdot(x, forward))
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.nn.conv2d_transpose(x, w, (1, 9, 9, 5), 2)


def test_tensorflow_pooling():
    x = last(PLANE)
    compare(through_tensorflow(lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME"), x),
            lambda x: last(windows.pool(first(x), np.nanmean, (3, 3), 2, ((0, 1), (1, 1)), value=np.nan)),
            x)  # fmt: skip
    np.testing.assert_array_equal(
        tf.nn.max_pool2d(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID").numpy(), last(windows.pool(PLANE, np.max, (2, 2)))
    )
    np.testing.assert_array_equal(
        tf.nn.max_pool1d(x[0], 2, 2, "VALID").numpy(), last(windows.pool(first(x[0]), np.max, (2,)))
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="SAME"):
        tf.nn.max_pool2d(x, 2, 2, "full")


def test_mxnet_convolution():
    def convolution(x, w, b):
        return npx.convolution(x, w, b, kernel=(3, 2), stride=(2, 1), pad=(1, 0), num_filter=6, num_group=2)

    compare(through_mxnet(convolution, X, W, B), plain_conv, X, W, B)
    y = RNG.standard_normal((2, 6, 4, 5))
    out = npx.deconvolution(mnp.array(y, dtype="float64"), mnp.array(W, dtype="float64"), kernel=(3, 2), num_filter=4,
                            stride=(2, 1), pad=(1, 0), num_group=2).asnumpy()  # fmt: skip
    np.testing.assert_allclose(np.vdot(out, X), np.vdot(y, windows.conv(X, W, **OPTIONS)))
    with pytest.raises(MXNetError, match="num_filter"):
        npx.convolution(mnp.ones((1, 1, 3, 3)), mnp.ones((1, 1, 2, 2)), kernel=(2, 2), num_filter=3, no_bias=True)


def test_mxnet_pooling():
    compare(through_mxnet(lambda x: npx.pooling(x, kernel=(2, 3), pool_type="avg", pad=(1, 1)), PLANE),
            lambda x: windows.pool(x, np.mean, (2, 3), 1, 1), PLANE)  # fmt: skip
    x = mnp.array(PLANE)
    np.testing.assert_array_equal(npx.pooling(x, kernel=(2, 2)).asnumpy(), windows.pool(PLANE, np.max, (2, 2), 1))
    np.testing.assert_array_equal(
        npx.pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="sum").asnumpy(), windows.pool(PLANE, np.sum, (2, 2))
    )
    np.testing.assert_allclose(
        npx.pooling(x, global_pool=True, pool_type="avg").asnumpy(), PLANE.mean((2, 3), keepdims=True), rtol=1e-6
    )
    with pytest.raises(MXNetError, match="pool_type"):
        npx.pooling(x, kernel=(2, 2), pool_type="median")
