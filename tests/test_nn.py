"""`tetragrad.nn`: values against plain loops, derivatives of several orders, options, errors."""

from __future__ import annotations

import numpy as np
import pytest
from support import windows

import tetragrad as tg
from tetragrad import nn
from tetragrad.errors import OperandTypeError, OperationError, ShapeError
from tetragrad.ops import convolution, pooling

RNG = np.random.default_rng(0)
CONVOLUTIONS = {1: nn.conv1d, 2: nn.conv2d, 3: nn.conv3d}
TRANSPOSES = {1: nn.conv_transpose1d, 2: nn.conv_transpose2d, 3: nn.conv_transpose3d}
SIZE = (7, 6, 5)
KERNEL = (3, 2, 2)


def draw(*shape):
    return RNG.standard_normal(shape)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2},
        {"padding": 1},
        {"dilation": 2},
        {"groups": 2},
        {"stride": 2, "padding": 1, "dilation": 2, "groups": 2},
    ],
    ids=str,
)
def test_convolutions(rank, options):
    x, w, b = draw(2, 4, *SIZE[:rank]), draw(6, 4 // options.get("groups", 1), *KERNEL[:rank]), draw(6)
    wanted = windows.conv(x, w, **options) + b.reshape(6, *(1,) * rank)
    conv = CONVOLUTIONS[rank]
    np.testing.assert_allclose(conv(x, w, b, **options), wanted, atol=1e-12)
    np.testing.assert_allclose(conv(x[0], w, b, **options), wanted[0], atol=1e-12)
    tg.check_grads(lambda x, w, b: conv(x, w, b, **options), (x, w, b), order=2)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 2}, {"padding": 1}, {"stride": 2, "output_padding": 1, "groups": 2, "dilation": 2}],
    ids=str,
)
def test_transposed_convolutions_are_transposes(rank, options):
    x, w = draw(2, 4, *(3, 4, 3)[:rank]), draw(4, 2, *KERNEL[:rank])
    out = TRANSPOSES[rank](x, w, **options)
    same = {key: value for key, value in options.items() if key != "output_padding"}
    y = draw(*out.shape)
    np.testing.assert_allclose(np.vdot(out, y), np.vdot(x, windows.conv(y, w, **same)), rtol=1e-10)
    tg.check_grads(lambda x, w: TRANSPOSES[rank](x, w, **options), (x, w), order=2)


def test_paddings():
    x, w = draw(1, 2, 7, 8), draw(3, 2, 3, 2)
    np.testing.assert_allclose(
        nn.conv2d(x, w, padding=((1, 0), (0, 2))), windows.conv(x, w, padding=((1, 0), (0, 2))), atol=1e-12
    )
    np.testing.assert_allclose(nn.conv2d(x, w, padding=(1, 2)), windows.conv(x, w, padding=(1, 2)), atol=1e-12)
    np.testing.assert_allclose(nn.conv2d(x, w, padding="valid"), windows.conv(x, w), atol=1e-12)
    np.testing.assert_allclose(
        nn.conv2d(x, w, padding="same"), windows.conv(x, w, padding=((1, 1), (0, 1))), atol=1e-12
    )
    assert nn.conv2d(x, w, stride=3, padding="same").shape == (1, 3, 3, 3)
    assert nn.conv_transpose2d(draw(1, 3, 4, 5), w, stride=2, padding="same").shape == (1, 2, 8, 10)


def test_large_convolutions_in_pieces(monkeypatch):
    """Pieces of images, and of lines of one image, give what one piece gives."""
    x, w = draw(5, 3, 20, 17).astype(np.float32), draw(4, 3, 3, 4).astype(np.float32)

    def run():
        out, pull = tg.vjp(lambda x, w: nn.conv2d(x, w, stride=(2, 1), padding=1), x, w)
        return out, *pull(np.cos(out))

    whole = run()
    for bytes_ in (1 << 8, 1 << 14):
        monkeypatch.setattr(convolution, "COLUMNS", bytes_)
        monkeypatch.setattr(convolution, "WORTHWHILE", 1)
        for part, wanted in zip(run(), whole):
            assert part.dtype == np.float32
            np.testing.assert_allclose(part, wanted, rtol=1e-4, atol=1e-4)


def test_no_garbage_from_nan_and_inf():
    """An element that is not finite reaches only the windows that hold it."""
    x, w = np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2))
    x[0, 0, 0, 0] = np.nan
    assert np.isnan(nn.conv2d(x, w)).sum() == 1
    g = np.ones((1, 1, 3, 3))
    g[0, 0, 2, 2] = np.inf
    gradient = tg.vjp(lambda x: nn.conv2d(x, w), np.ones_like(x))[1](g)[0]
    assert np.isinf(gradient).sum() == 4 and np.isfinite(gradient).sum() == 12
    assert (
        np.isfinite(tg.vjp(lambda x: nn.max_pool2d(x, 2), np.arange(16.0).reshape(4, 4))[1](g[0, 0, 1:, 1:])[0]).sum()
        == 15
    )


def test_vmap_over_images_and_kernels():
    x, w = draw(3, 2, 4, 5, 6), draw(3, 2, 2, 3, 2)
    wanted = np.stack([windows.conv(a, b, groups=2) for a, b in zip(x, w)])
    np.testing.assert_allclose(tg.vmap(lambda a, b: nn.conv2d(a, b, groups=2))(x, w), wanted, atol=1e-12)
    one = tg.vmap(tg.grad(lambda b, a: (nn.conv2d(a, b, groups=2) ** 2).sum()), in_axes=(0, None))(w, x[0])
    for b, found in zip(w, one):
        np.testing.assert_allclose(found, tg.grad(lambda b: (nn.conv2d(x[0], b, groups=2) ** 2).sum())(b), atol=1e-9)


@pytest.mark.parametrize(
    ("operands", "error", "words"),
    [
        (((1, 3, 8, 8), (6, 1, 5, 5), None), ShapeError, "need an input of 1 channels, not 3"),
        (((1, 1, 3, 3), (6, 1, 5, 5), None), ShapeError, "do not fit axes of size"),
        (((8, 8), (6, 1, 5, 5), None), ShapeError, "conv2d: the input needs 4 axes"),
        (((1, 1, 8, 8), (6, 1, 5), None), ShapeError, "conv2d: the input needs 4 axes"),
        (((1, 1, 8, 8), (6, 1, 5, 5), (5,)), ShapeError, "bias needs the shape"),
    ],
)
def test_shapes_that_do_not_fit(operands, error, words):
    x, w, b = [None if shape is None else np.ones(shape) for shape in operands]
    with pytest.raises(error, match=words.replace("[", r"\[")):
        nn.conv2d(x, w, b)


@pytest.mark.parametrize(
    "options",
    [{"stride": 0}, {"stride": (1, 2, 3)}, {"padding": -1}, {"padding": "full"}, {"dilation": 1.5}, {"groups": 3}],
    ids=str,
)
def test_options_that_do_not_fit(options):
    with pytest.raises((OperationError, ShapeError)):
        nn.conv2d(np.ones((1, 2, 4, 4)), np.ones((2, 2, 2, 2)), **options)


# -- pooling ----------------------------------------------------------------------------------------------------------
POOLS = [
    {"window": (2, 2)},
    {"window": (3, 2), "stride": 1},
    {"window": (3, 3), "stride": 2, "padding": 1},
    {"window": (2, 3), "stride": (3, 1), "padding": (1, 1)},
]


@pytest.mark.parametrize("options", POOLS, ids=str)
def test_pooling(options):
    x = draw(2, 3, 7, 8)
    kernel, others = options["window"], {key: value for key, value in options.items() if key != "window"}
    wanted = windows.pool(x, np.max, kernel, **others, value=-np.inf)
    np.testing.assert_array_equal(nn.max_pool2d(x, **options), wanted)
    np.testing.assert_allclose(nn.avg_pool2d(x, **options), windows.pool(x, np.mean, kernel, **others), atol=1e-14)
    without = windows.pool(x, np.nanmean, kernel, **others, value=np.nan)
    np.testing.assert_allclose(nn.avg_pool2d(x, **options, count_padding=False), without, atol=1e-14)
    tg.check_grads(lambda x: nn.max_pool2d(x, **options), (x,), order=2)
    tg.check_grads(lambda x: nn.avg_pool2d(x, **options, count_padding=False), (x,), order=2)


def test_pooling_along_one_and_three_axes():
    x = draw(2, 4, 5, 6)
    np.testing.assert_array_equal(nn.max_pool1d(x, 2), windows.pool(x, np.max, (2,)))
    np.testing.assert_array_equal(nn.max_pool3d(x, 2), windows.pool(x, np.max, (2, 2, 2)))
    np.testing.assert_array_equal(nn.max_pool1d(x, 2, dilation=3), windows.pool(x, np.max, (2,), dilation=3))
    np.testing.assert_allclose(nn.avg_pool1d(x, 3, 1), windows.pool(x, np.mean, (3,), 1), atol=1e-14)
    np.testing.assert_allclose(nn.avg_pool3d(x, 2, 1), windows.pool(x, np.mean, (2, 2, 2), 1), atol=1e-14)
    assert nn.max_pool2d(np.arange(16, dtype=np.int32).reshape(4, 4), 2).dtype == np.int32


def test_the_first_of_the_largest_gets_the_gradient():
    x = np.array([[1.0, 2.0, 0.0, 0.0], [2.0, 2.0, 0.0, 0.0]])
    gradient = tg.grad(lambda x: nn.max_pool2d(x, 2).sum())(x)
    np.testing.assert_array_equal(gradient, [[0, 1, 1, 0], [0, 0, 0, 0]])
    tangent = tg.jvp(lambda x: nn.max_pool2d(x, 2), (x,), (np.arange(8.0).reshape(2, 4),))[1]
    np.testing.assert_array_equal(tangent, [[1, 2]])


def test_max_pool_with_nan_and_infinities():
    x = np.array([np.nan, 1.0, -np.inf, -np.inf, 0.0, np.nan])
    np.testing.assert_array_equal(nn.max_pool1d(x, 2), [np.nan, -np.inf, np.nan])
    np.testing.assert_array_equal(tg.grad(lambda x: nn.max_pool1d(x, 2).sum())(x), [1, 0, 1, 0, 0, 1])
    padded = tg.grad(lambda x: nn.max_pool1d(x, 3, 1, padding=1).sum())(np.full(2, -np.inf))
    np.testing.assert_array_equal(padded, [2, 0])  # padding never gets a gradient


def test_many_places_in_a_window():
    """More than fit a byte."""
    x = draw(1, 20, 19)
    gradient = tg.grad(lambda x: nn.max_pool2d(x, (20, 19)).sum())(x)
    assert gradient.sum() == 1 and gradient.argmax() == x.argmax()
    rows = pooling.window_argmax(x, x.max((1, 2), keepdims=True), window=(20, 19), stride=(1, 1), padding=((0, 0),) * 2,
                                 dilation=(1, 1))  # fmt: skip
    assert rows.item() == x.argmax()


@pytest.mark.parametrize("size", [1, 2, 3, (4, 5), (None, 2), (9, 10)], ids=str)
def test_adaptive_pooling(size):
    x = draw(2, 7, 8)
    rows, columns = [
        length if each is None else each
        for each, length in zip(windows.spread(size, 2) if size is not None else (), (7, 8))
    ]
    wanted = [
        [
            x[:, i * 7 // rows : -(-(i + 1) * 7 // rows), j * 8 // columns : -(-(j + 1) * 8 // columns)].mean((1, 2))
            for j in range(columns)
        ]
        for i in range(rows)
    ]
    np.testing.assert_allclose(nn.adaptive_avg_pool2d(x, size), np.moveaxis(wanted, -1, 0), atol=1e-14)
    tg.check_grads(lambda x: nn.adaptive_avg_pool2d(x, size), (x,), order=2)


def test_poolings_that_do_not_fit():
    with pytest.raises(OperationError, match="at most half a window"):
        nn.max_pool2d(np.ones((4, 4)), 2, padding=2)
    with pytest.raises(ShapeError, match="do not fit axes of size"):
        nn.max_pool2d(np.ones((4, 4)), 5)
    with pytest.raises(ShapeError, match="needs at least 2 axes"):
        nn.avg_pool2d(np.ones(4), 2)
    with pytest.raises(OperandTypeError, match="floating"):
        nn.avg_pool1d(np.arange(4), 2)


# -- the rest ---------------------------------------------------------------------------------------------------------
def test_cross_entropy():
    logits, labels = draw(4, 5), np.array([0, 3, 4, 1])
    shifted = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    wanted = -shifted[np.arange(4), labels]
    np.testing.assert_allclose(nn.cross_entropy(logits, labels, reduction="none"), wanted)
    np.testing.assert_allclose(nn.cross_entropy(logits, labels), wanted.mean())
    np.testing.assert_allclose(nn.cross_entropy(logits.T, np.eye(5)[labels].T, axis=0, reduction="sum"), wanted.sum())
    found = tg.vmap(lambda x, label: nn.cross_entropy(x, label))(logits, labels)
    np.testing.assert_allclose(found, wanted)
    tg.check_grads(lambda x: nn.cross_entropy(x, labels), (logits,), order=2)
    with pytest.raises(OperationError, match="labels must be from 0 to 4"):
        nn.cross_entropy(logits, labels + 1)
    with pytest.raises(ShapeError, match="do not fit logits"):
        nn.cross_entropy(logits, labels[:2])
    with pytest.raises(OperationError, match="reduction"):
        nn.cross_entropy(logits, labels, reduction="median")


def test_layer_norm():
    x, w, b = draw(3, 4, 5), draw(4, 5), draw(4, 5)
    wanted = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5) * w + b
    np.testing.assert_allclose(nn.layer_norm(x, w, b, axis=(-2, -1)), wanted, atol=1e-12)
    tg.check_grads(lambda x, w, b: nn.layer_norm(x, w, b, axis=(-2, -1)), (x, w, b), order=2)
    assert nn.layer_norm(x.astype(np.float32)).dtype == np.float32


def test_activations():
    x = draw(20)
    for f in (
        nn.relu,
        nn.sigmoid,
        nn.silu,
        nn.gelu,
        lambda x: nn.gelu(x, approximate=True),
        nn.softmax,
        nn.log_softmax,
    ):
        assert f(x.astype(np.float32)).dtype == np.float32
        tg.check_grads(f, (x,), order=2)
    np.testing.assert_allclose(nn.gelu(x, approximate=True), nn.gelu(x), atol=1e-3)
    np.testing.assert_array_equal(tg.grad(lambda x: nn.relu(x).sum())(np.array([-1.0, 0.0, 2.0])), [0, 0, 1])
    assert np.isnan(nn.relu(np.nan))


def test_lenet_learns():
    """A network of convolutions goes downhill, and its Hessian-vector product is that of its gradient."""
    rng = np.random.default_rng(1)
    weights = [rng.standard_normal(shape) * 0.3 for shape in ((4, 1, 3, 3), (6, 4, 3, 3), (24, 3))]
    images, labels = rng.standard_normal((8, 1, 12, 12)), rng.integers(0, 3, 8)

    def loss(weights):
        a, b, c = weights
        x = nn.max_pool2d(nn.relu(nn.conv2d(images, a, padding="same")), 2)
        x = nn.avg_pool2d(nn.relu(nn.conv2d(x, b)), 2)
        return nn.cross_entropy(x.reshape(8, -1) @ c, labels)

    before, gradient = tg.value_and_grad(loss)(weights)
    assert loss([w - 0.1 * g for w, g in zip(weights, gradient)]) < before
    product = tg.jvp(tg.grad(loss), (weights,), (gradient,))[1]
    step = 1e-6
    ahead, behind = [tg.grad(loss)([w + sign * step * g for w, g in zip(weights, gradient)]) for sign in (1, -1)]
    for found, up, down in zip(product, ahead, behind):
        np.testing.assert_allclose(found, (up - down) / (2 * step), atol=1e-5)
