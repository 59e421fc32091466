"""The arrays around automatic differentiation: what the book's chapters use of `mxnet.np`, `npx` and `nd`."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as onp
import pytest

from tetragrad import mxnet as mx
from tetragrad.mxnet import MXNetError, autograd, gluon, nd, np, npx


def test_float32_everywhere():
    for made in (
        np.arange(4), np.array([1, 2]), np.array([True, False]), np.zeros(2), np.ones((2, 2)), np.full((2,), 3),
        np.eye(2), np.linspace(0, 1, 3), np.random.normal(size=3), np.random.uniform(), np.array(onp.arange(3.0)),
    ):  # fmt: skip
        assert type(made) is np.ndarray and made.dtype == onp.float32, made
    assert np.array([1, 2], dtype="int32").dtype == onp.int32
    assert np.zeros_like(np.array([1], dtype="int8")).dtype == onp.int8
    assert np.random.randint(0, 5, size=3).dtype == onp.int64
    assert np.ones(2, dtype=np.float64).dtype == onp.float64


@pytest.mark.parametrize(
    ("make", "dtype"),
    [
        (lambda i, f, d: i + f, "float32"),
        (lambda i, f, d: i / i, "float32"),
        (lambda i, f, d: i.mean(), "float32"),
        (lambda i, f, d: np.exp(i), "float32"),
        (lambda i, f, d: i * i, "int32"),
        (lambda i, f, d: f * 2.5, "float32"),
        (lambda i, f, d: f + d, "float64"),
        (lambda i, f, d: d.sum(), "float64"),
        (lambda i, f, d: i.astype("float64"), "float64"),
        (lambda i, f, d: f * onp.float64(2), "float32"),
        (lambda i, f, d: f.__iadd__(onp.float64(2)), "float32"),
        (lambda i, f, d: f > 1, "bool"),
        (lambda i, f, d: f.argmax(), "int64"),
        (lambda i, f, d: np.concatenate([f, f]), "float32"),
        (lambda i, f, d: f.astype("int32"), "int32"),
    ],
)
def test_dtypes_of_results(make, dtype):
    i, f, d = np.array([1, 2], dtype="int32"), np.array([1.0, 2.0]), np.array([1.0, 2.0], dtype="float64")
    assert make(i, f, d).dtype == dtype


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda: np.array([1.0, 2.5]), "array([1. , 2.5])"),
        (lambda: np.array(28.0), "array(28.)"),
        (lambda: np.array([1, 2], dtype="int32"), "array([1, 2], dtype=int32)"),
        (lambda: np.array([1, 2], dtype="int64"), "array([1, 2], dtype=int64)"),
        (lambda: np.array([1.0], dtype="float64"), "array([1.], dtype=float64)"),
        (lambda: np.arange(2) > 0, "array([False,  True])"),
        (lambda: np.zeros((0, 3)), "array([], shape=(0, 3))"),
        (lambda: np.ones((2, 2)), "array([[1., 1.],\n       [1., 1.]])"),
    ],
)
def test_repr(made, text):
    assert repr(made()) == text


def test_str_and_format():
    assert str(np.arange(3)) == "[0. 1. 2.]"
    assert f"{np.array(2.5):.2f} {np.array([2.5]):.1f}" == "2.50 2.5"


def test_python_numbers():
    x = np.array([3.5])
    assert x.item() == float(x) == 3.5 and int(x) == 3
    assert len(np.zeros((3, 2))) == 3
    assert math.sqrt(np.array(4.0)) == 2
    assert [1, 2, 3][np.array(1, dtype="int32")] == 2
    for convert in (float, int):
        with pytest.raises(TypeError, match="size-1"):
            convert(np.arange(3))
    with pytest.raises(TypeError):
        len(np.array(1.0))


def test_truth():
    assert np.array(1.0) and not np.array([0.0]) and not np.zeros(0)
    with pytest.raises(ValueError, match="truth value of an ndarray with multiple elements is ambiguous"):
        bool(np.arange(2) == np.arange(2))


def test_comparisons():
    x = np.arange(3)
    assert (x == np.array([0.0, 5.0, 2.0])).tolist() == [True, False, True]
    assert (x != 1).tolist() == [True, False, True]
    assert (2 > x).tolist() == [True, True, False]
    assert (x == None) is False  # noqa: E711
    with pytest.raises(MXNetError):
        _ = x == np.arange(4)


def test_indexing_and_writing():
    X = np.arange(12).reshape(3, 4)
    assert X[-1].tolist() == [8, 9, 10, 11] and X[1:3].shape == (2, 4)
    X[1, 2] = 9
    X[0:2, :] = 12
    assert X.tolist() == [[12] * 4, [12] * 4, [8, 9, 10, 11]]
    y_hat = np.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    y = np.array([0, 2])
    assert y_hat[[0, 1], y].tolist() == pytest.approx([0.1, 0.5])
    assert y_hat[range(2), y.astype("int32")].tolist() == pytest.approx([0.1, 0.5])
    assert X[X > 10].shape == (9,)
    X[X > 10] = 0
    assert X.sum() == 27
    with pytest.raises(IndexError):
        X[5]
    with pytest.raises(MXNetError):
        X[:] = np.ones(3)
    i = np.zeros(2, dtype="int32")
    i[0] = 2.9
    assert i.tolist() == [2, 0]


def test_identity_of_arrays():
    X, Y = np.ones((2, 2)), np.zeros((2, 2))
    before = id(Y)
    Y[:] = X + Y
    Y += X
    assert id(Y) == before and Y.tolist() == [[2, 2], [2, 2]]
    Z = X
    X += 1
    assert Z.tolist() == [[2, 2], [2, 2]]


def test_views():
    A = np.arange(4)
    B = A.reshape(2, 2)
    B[0, 0] = 5
    assert A[0] == 5
    C = A.copy()
    C[:] = 0
    assert A[0] == 5


def test_numpy_and_back():
    X = np.arange(3)
    A = X.asnumpy()
    assert type(A) is onp.ndarray
    A[:] = 9
    assert X.tolist() == [0, 1, 2]
    assert type(np.array(A)) is np.ndarray
    assert onp.asarray(X).tolist() == [0, 1, 2]
    assert (X + A).dtype == onp.float32 and type(A + X) is np.ndarray


def test_reductions_and_linear_algebra():
    A = np.arange(6).reshape(2, 3)
    assert A.sum(axis=0).tolist() == [3, 5, 7] and A.sum(axis=[0, 1]) == 15
    assert A.sum(axis=1, keepdims=True).shape == (2, 1)
    assert A.mean() == A.sum() / A.size == 2.5 and A.size == 6
    assert A.cumsum(axis=0).tolist() == [[0, 1, 2], [3, 5, 7]]
    assert A.T.shape == (3, 2) and A.transpose(1, 0).shape == (3, 2)
    assert np.dot(A, np.ones(3)).tolist() == [3, 12] and np.dot(A, A.T).shape == (2, 2)
    assert (A @ A.T).shape == (2, 2)
    assert float(np.linalg.norm(np.array([3, -4]))) == 5 and np.abs(np.array([3, -4])).sum() == 7
    assert float(A.var()) == pytest.approx(35 / 12) and A.max() == 5 and A.argmax() == 5
    assert np.linalg.inv(np.eye(2) * 2).tolist() == [[0.5, 0], [0, 0.5]]
    assert [part.shape for part in np.linalg.svd(np.ones((3, 2)))] == [(3, 2), (2,), (2, 2)]


def test_joining_and_shaping():
    X, Y = np.arange(12).reshape(3, 4), np.ones((3, 4))
    assert np.concatenate([X, Y], axis=0).shape == (6, 4) and np.concatenate((X, Y), 1).shape == (3, 8)
    assert np.stack([X, Y]).shape == (2, 3, 4) and np.expand_dims(X, 0).shape == (1, 3, 4)
    assert [part.shape for part in np.split(X, 2, axis=1)] == [(3, 2), (3, 2)]
    assert X.reshape(-1).shape == (12,) and X.reshape((4, -1)).shape == (4, 3)
    assert np.pad(X, ((1, 1), (0, 0))).shape == (5, 4)
    assert np.power(np.arange(3).reshape(-1, 1), np.arange(2).reshape(1, -1)).shape == (3, 2)
    assert [grid.shape for grid in np.meshgrid(np.arange(2), np.arange(3))] == [(3, 2), (3, 2)]


def test_out():
    out = np.zeros(2)
    assert np.add(np.ones(2), np.ones(2), out=out) is out
    assert out.tolist() == [2, 2]


def test_gradients_through_what_training_by_hand_uses():
    np.random.seed(1)
    X, y = np.random.normal(0, 1, (8, 3)), np.random.randint(0, 4, size=8)
    W, b = np.random.normal(0, 0.1, (3, 4)), np.zeros(4)
    for parameter in (W, b):
        parameter.attach_grad()
    losses = []
    for _ in range(60):
        with autograd.record():
            y_hat = npx.softmax(np.dot(X, W) + b)
            loss = -np.log(y_hat[range(8), y]).mean()
        loss.backward()
        for parameter in (W, b):
            parameter[:] = parameter - 0.5 * parameter.grad
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    with autograd.record():
        again = -npx.pick(npx.log_softmax(np.dot(X, W) + b), y).mean()
    assert float(again) == pytest.approx(float(loss), rel=0.1)


def test_recurrent_network_by_hand():
    np.random.seed(0)
    W_x, W_h = np.random.normal(0, 0.5, (5, 4)), np.random.normal(0, 0.5, (4, 4))
    for parameter in (W_x, W_h):
        parameter.attach_grad()
    H = np.zeros((2, 4))
    X = npx.one_hot(np.array([[0, 2, 1], [3, 4, 0]]).T, 5)
    assert X.shape == (3, 2, 5)
    for _ in range(2):
        H = H.detach()
        with autograd.record():
            outputs = []
            for step in X:
                H = np.tanh(np.dot(step, W_x) + np.dot(H, W_h))
                outputs.append(H)
            loss = np.concatenate(outputs, axis=0).sum()
        loss.backward()
    norm = math.sqrt(sum([(p.grad**2).sum() for p in (W_x, W_h)]))
    for parameter in (W_x, W_h):
        parameter.grad[:] *= 1 / norm
    assert math.sqrt(sum([(p.grad**2).sum() for p in (W_x, W_h)])) == pytest.approx(1, rel=1e-5)


def test_random():
    np.random.seed(3)
    first = np.random.normal(0, 1, size=(2, 3))
    mx.random.seed(3)
    assert (np.random.normal(0, 1, size=(2, 3)) == first).all()
    npx.seed(3)
    assert (np.random.normal(0, 1, size=(2, 3)) == first).all()
    assert np.random.normal().shape == () and np.random.rand(2, 3).shape == (2, 3)
    counts = np.random.multinomial(10, [1 / 6] * 6, size=4)
    assert counts.shape == (4, 6) and (counts.sum(axis=1) == 10).all()
    x = np.arange(10)
    np.random.shuffle(x)
    assert sorted(x.tolist()) == list(range(10))
    assert np.random.choice(5, size=3).shape == (3,)
    assert ((np.random.uniform(0, 1, (100,)) > 0.5).astype(np.float32)).sum() > 20


def test_random_parameters_have_derivatives():
    scale = np.array([1.0, 2.0])
    scale.attach_grad()
    with autograd.record():
        draw = np.random.normal(0, scale)
    draw.backward()
    assert np.allclose(scale.grad, draw / scale)


def test_dropout_follows_the_mode():
    x = np.ones((1000,))
    assert (npx.dropout(x, 0.5) == x).all()
    with autograd.record(train_mode=False):
        assert (npx.dropout(x, 0.5) == x).all()
    with autograd.record():
        dropped = npx.dropout(x, 0.5)
    assert set(dropped.tolist()) == {0.0, 2.0}


def test_npx():
    x = np.array([[1.0, -2.0, 0.5]])
    assert npx.relu(x).tolist() == [[1, 0, 0.5]]
    assert npx.sigmoid(np.array(0.0)) == 0.5
    assert float(npx.softmax(x).sum()) == pytest.approx(1)
    assert np.allclose(np.log(npx.softmax(x)), npx.log_softmax(x), rtol=1e-4)
    assert npx.pick(x, np.array([2])).tolist() == [0.5]
    assert npx.topk(x, k=2).tolist() == [[0, 2]]
    assert npx.activation(x, "tanh").shape == (1, 3)
    assert npx.fully_connected(x, np.ones((2, 3)), np.ones(2)).tolist() == [[0.5, 0.5]]
    assert npx.embedding(np.array([1, 0]), np.arange(4).reshape(2, 2)).tolist() == [[2, 3], [0, 1]]
    with pytest.raises(MXNetError, match="act_type"):
        npx.activation(x, "gelu")


def test_saving(tmp_path):
    file = str(tmp_path / "arrays")
    npx.save(file, np.arange(3))
    assert npx.load(file)[0].tolist() == [0, 1, 2]
    npx.save(file, [np.zeros(2), np.ones(1)])
    assert [x.tolist() for x in npx.load(file)] == [[0, 0], [1]]
    npx.save(file, {"w": np.ones(2)})
    assert npx.load(file)["w"].tolist() == [1, 1]


def test_devices():
    x = np.ones(2)
    assert x.ctx == npx.cpu() == mx.cpu(0) and repr(x.ctx) == "cpu(0)"
    assert x.as_in_ctx(npx.cpu()) is x and npx.num_gpus() == 0
    assert x.copyto(npx.cpu()) is not x
    with pytest.raises(MXNetError, match=r"no array can be put on gpu\(0\)"):
        np.ones(2, ctx=npx.gpu())
    assert x.wait_to_read() is None and npx.waitall() is None


def test_copies_are_constants():
    x = np.ones(2)
    x.attach_grad()
    for made in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(made) is np.ndarray and made.tolist() == [1, 1] and made.grad is None


def test_trainer():
    w = np.array([1.0, 2.0])
    w.attach_grad()
    trainer = gluon.Trainer([w], "sgd", {"learning_rate": 0.1, "momentum": 0.5})
    values = []
    for _ in range(2):
        with autograd.record():
            loss = (w * w).sum()
        loss.backward()
        trainer.step(2)
        values.append(w.tolist())
    assert values[0] == pytest.approx([0.9, 1.8])
    assert values[1] == pytest.approx([0.9 - 0.09 - 0.05, 1.8 - 0.18 - 0.1])
    with pytest.raises(UserWarning, match="has not been updated by backward since last `step`"):
        trainer.step(2)
    trainer.step(2, ignore_stale_grad=True)
    with pytest.raises(ValueError, match="Cannot find optimizer"):
        gluon.Trainer([w], "magic")


def test_missing_names():
    for home, name, closest in (
        (np, "arrange", "arange"),
        (npx, "soft_max", "softmax"), (mx, "autogard", "autograd"),
        (gluon, "Trainr", "Trainer"), (np.linalg, "nrom", "norm"),
        (np.random, "norml", "normal"), (nd, "zeroes", "zeros"),
    ):  # fmt: skip
        with pytest.raises(AttributeError, match=f"tetragrad.mxnet.* {name!r}; the closest name it has is {closest!r}"):
            getattr(home, name)


def test_errors_name_the_operation():
    with pytest.raises(MXNetError, match="dot"):
        np.dot(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(MXNetError, match="add"):
        np.ones(2) + np.ones(3)
    with pytest.raises(TypeError):
        np.ones(2) + "a"


# -- the older interface -----------------------------------------------------------------------------------------------


def test_nd():
    x = nd.array([1.0, 2.0])
    assert repr(x) == "\n[1. 2.]\n<NDArray 2 @cpu(0)>"
    x.attach_grad()
    with autograd.record():
        y = (x * x).sum()
        z = nd.dot(x, nd.stop_gradient(x))
    autograd.backward([y, z])
    assert type(x.grad) is nd.NDArray and x.grad.tolist() == [3, 6]
    assert nd.sum(x).shape == (1,) and nd.norm(x).asscalar() == pytest.approx(math.sqrt(5))
    assert (x > 1).tolist() == [0.0, 1.0] and (x > 1).dtype == onp.float32
    assert nd.concat(x, x, dim=0).shape == (4,) and nd.relu(-x).tolist() == [0, 0]


def test_nd_and_np_meet():
    x = np.array([1.0, 2.0])
    x.attach_grad()
    with autograd.record():
        y = x.as_nd_ndarray() * 3
        z = y.as_np_ndarray() * x
    z.backward()
    assert type(y) is nd.NDArray and type(z) is np.ndarray and x.grad.tolist() == [6, 12]
