"""`tetragrad.paddle`: arrays, dtypes, printing, functions of training by hand, optimizers."""

import copy
import pickle

import numpy as np
import pytest

import tetragrad.paddle as paddle
import tetragrad.paddle.nn.functional as F
from tetragrad.paddle import to_tensor


def body(x):
    """What `repr` says of the elements."""
    return repr(x).split("\n       ", 1)[1][:-1]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (3, "3"), (1.0, "1."), ([True, False], "[True , False]"), ([1.5, 2.0], "[1.50000000, 2.        ]"),
        ([1e10, 1.0], "[10000000000., 1.          ]"), ([-1.0, 2.0], "[-1.,  2.]"), ([-1, 20], "[-1, 20]"),
        ([float("nan"), 1.0], "[nan, 1. ]"), ([float("inf"), -1.0], "[inf., -1. ]"),
        (1 - 2j, "(1.00000000-2.00000000j)"),
        ([[1.0, 2.0], [3.0, -4.0]], "[[ 1.,  2.],\n        [ 3., -4.]]"), (np.zeros((2, 0)), "[[],\n        []]"),
        (np.arange(2000.0), "[0.   , 1.   , 2.   , ..., 1997., 1998., 1999.]"),
        ([0.1], "[0.10000000]"), ([1e-9], "[0.00000000]"), ([[[1]], [[2]]], "[[[1]],\n\n        [[2]]]"),
    ],
)  # fmt: skip
def test_printing(data, text):
    assert body(to_tensor(data)) == text


def test_long_lines_wrap():
    assert body(to_tensor(np.arange(30.0))).count("\n") == 2


def test_print_options():
    paddle.set_printoptions(precision=3)
    try:
        assert body(to_tensor([1.23456, 2.0])) == "[1.235, 2.   ]"
    finally:
        paddle.set_printoptions(precision=8)


def test_dtypes_and_shapes():
    x = to_tensor([1.0, 2.0])
    assert x.dtype == paddle.float32 and str(x.dtype) == "paddle.float32" and x.dtype is paddle.float32
    assert x.shape == [2] and x.shape == (2,) and repr(x.shape) == "paddle.Size([2])" and x.shape + x.shape == [2, 2]
    assert to_tensor([1, 2]).dtype == paddle.int64 and to_tensor(np.arange(3.0)).dtype == paddle.float64
    assert to_tensor(x, dtype="float64").dtype == paddle.float64 and to_tensor([1j]).dtype == paddle.complex64
    assert x.ndim == 1 and x.size == 2 and x.numel().item() == 2 and hash(x) == id(x)
    with pytest.raises(TypeError, match="dtype must be any of"):
        to_tensor([1.0], dtype="foo")
    for bad in ("abc", None):
        with pytest.raises(TypeError, match="Can't constructs a"):
            to_tensor(bad)
    paddle.set_default_dtype("float64")
    try:
        assert to_tensor(1.0).dtype == paddle.float64 == paddle.zeros([1]).dtype
    finally:
        paddle.set_default_dtype("float32")


def test_creation():
    assert paddle.arange(4).dtype == paddle.int64 and paddle.arange(1.0, 2.0, 0.5).tolist() == [1.0, 1.5]
    assert paddle.zeros([2, 3]).shape == [2, 3] and paddle.ones(3).dtype == paddle.float32
    assert paddle.full([2], 3).tolist() == [3.0, 3.0] and paddle.eye(2)[1].tolist() == [0.0, 1.0]
    assert paddle.zeros_like(to_tensor([1])).dtype == paddle.int64
    assert paddle.linspace(0, 1, 3).tolist() == [0.0, 0.5, 1.0]
    parameter = paddle.create_parameter([2], "float32", default_initializer=paddle.nn.initializer.Constant(2.0))
    assert repr(parameter).startswith("Parameter containing:\nTensor(") and parameter.tolist() == [2.0, 2.0]
    assert parameter.trainable and not parameter.stop_gradient


def test_random_numbers_follow_the_seed():
    def draw():
        paddle.seed(7)
        return [
            paddle.randn([2]), paddle.normal(0, 1, [2]), paddle.rand([2]), paddle.uniform([2]), paddle.randperm(4),
            paddle.randint(0, 5, [3]), paddle.bernoulli(paddle.full([3], 0.5)), paddle.multinomial(paddle.ones([4]), 2),
        ]  # fmt: skip

    for first, second in zip(draw(), draw()):
        assert first.tolist() == second.tolist()
    assert paddle.randn([2, 3]).dtype == paddle.float32 and paddle.randint(5).shape == [1]


def test_which_dtypes_mix():
    x, n = to_tensor([1.0, 2.0]), to_tensor([1, 2])
    for mix in (lambda: x * n, lambda: x < n, lambda: n + to_tensor([1, 2], dtype="int32"), lambda: paddle.add(x, n)):
        with pytest.raises(TypeError, match=r"\(InvalidType\) Type promotion only support"):
            mix()
    assert (x * x.astype("float64")).dtype == paddle.float64
    assert (n * 2.5).dtype == (n / 2).dtype == (n / n).dtype == paddle.float32
    assert (n * 2).dtype == (n // n).dtype == (n**2).dtype == paddle.int64
    assert (x.sum() / x.numel()).tolist() == 1.5 and (x * to_tensor(2)).dtype == paddle.float32
    assert (x * to_tensor(2.0, dtype="float64")).dtype == paddle.float32
    with pytest.raises(TypeError):
        x + None
    with pytest.raises(RuntimeError, match="bitwise_and"):
        x & x
    assert (n & to_tensor([3, 1])).tolist() == [1, 0] and (-to_tensor([0.0])).numpy().tobytes() == b"\0\0\0\0"


def test_comparisons_and_truth():
    x = to_tensor([1.0, 2.0])
    assert (x == to_tensor([1.0, 3.0])).tolist() == [True, False] and (x > 1).dtype == paddle.bool
    with pytest.raises(AssertionError, match="can only contain one element"):
        bool(x)
    with pytest.raises(ValueError, match="InvalidArgument"):
        x == to_tensor([1.0, 2.0, 3.0])  # noqa: B015
    assert bool(to_tensor([0.0])) is False and bool((x > 0).all())
    assert float(x[1]) == 2.0 and int(x[1]) == 2 and x[1].item() == 2.0 and [1, 2, 3][to_tensor(1)] == 2
    with pytest.raises(ValueError, match="only one element tensors"):
        x.item()


def test_indexing_and_writing():
    X = paddle.arange(12, dtype="float32").reshape((3, 4))
    assert X[-1].tolist() == [8.0, 9.0, 10.0, 11.0] and X[1:3].shape == [2, 4]
    X[1, 2] = 9
    X[0:2, :] = 12
    assert X[:2].tolist() == [[12.0] * 4] * 2
    before = id(X)
    X[:] = X + 1
    assert id(X) == before and X[0, 0].item() == 13.0
    X[X > 10] = -1.0
    assert X[0].tolist() == [-1.0] * 4
    scores = to_tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    assert np.allclose(scores[[0, 1], to_tensor([0, 2])].numpy(), [0.1, 0.5])
    with pytest.raises(IndexError, match=r"\(OutOfRange\)"):
        X[7]
    numbers = X.numpy()
    numbers[0] = 100
    assert X[0, 0].item() == -1.0


def test_shapes():
    x = paddle.arange(6, dtype="float32")
    m = x.reshape([2, 3])
    assert m.T.shape == [3, 2] and paddle.transpose(m, perm=[1, 0]).tolist() == m.t().tolist()
    assert x.reshape([0, -1]).shape == [6, 1] and x.unsqueeze(0).squeeze().shape == [6]
    assert paddle.concat([m, m], axis=1).shape == [2, 6] and paddle.stack([x, x]).shape == [2, 6]
    assert [part.shape for part in paddle.split(x, [1, -1])] == [[1], [5]] and len(paddle.chunk(x, 3)) == 3
    assert paddle.tile(x, [2]).shape == [12] and paddle.expand(x, [2, -1]).shape == [2, 6]
    assert paddle.gather(m, to_tensor([1]), axis=1).tolist() == [[1.0], [4.0]] and m.flatten().shape == [6]
    with pytest.raises(ValueError, match="'shape' in ReshapeOp is invalid"):
        x.reshape([4, 4])
    with pytest.raises(ValueError, match="expected to be equal"):
        paddle.concat([x, m])


def test_reductions():
    m = paddle.arange(6, dtype="float32").reshape([2, 3])
    assert m.sum(axis=0).tolist() == [3.0, 5.0, 7.0] and m.sum(axis=[0, 1]).item() == 15.0
    assert m.mean(axis=1, keepdim=True).tolist() == [[1.0], [4.0]] and m.max().item() == 5.0
    assert m.argmax(axis=1).dtype == paddle.int64 and m.cumsum(axis=0)[1].tolist() == [3.0, 5.0, 7.0]
    assert to_tensor([1, 2]).mean().item() == 1 and to_tensor([True, True]).sum().dtype == paddle.int64
    assert np.allclose(m.std().item(), np.std(m.numpy(), ddof=1)) and m.var(unbiased=False).shape == []
    values, places = paddle.topk(to_tensor([1.0, 3.0, 2.0]), 2)
    assert values.tolist() == [3.0, 2.0] and places.tolist() == [1, 2]
    with pytest.raises(ValueError, match="reduce dim index"):
        m.sum(axis=2)
    with pytest.raises(ValueError, match=r"argument 'x' \(position 0\) must be Tensor, but got list"):
        paddle.sum([1.0])


def test_linear_algebra():
    A = to_tensor([[2.0, 1.0], [1.0, 3.0]])
    b = to_tensor([1.0, 2.0])
    assert paddle.mv(A, b).tolist() == [4.0, 7.0] and paddle.dot(b, b).item() == 5.0
    assert paddle.mm(A, A).tolist() == (A @ A).tolist() == paddle.matmul(A, A, transpose_y=True).tolist()
    assert np.allclose((A @ paddle.linalg.inv(A)).numpy(), np.eye(2), atol=1e-6)
    assert np.allclose(paddle.linalg.solve(A, b.unsqueeze(1)).numpy().ravel(), np.linalg.solve(A.numpy(), b.numpy()))
    assert np.isclose(paddle.norm(A).item(), np.linalg.norm(A.numpy())) and paddle.norm(A, p=1).item() == 7.0
    assert paddle.linalg.norm(A, axis=1).shape == [2] and np.isclose(paddle.linalg.det(A).item(), 5.0)
    with pytest.raises(ValueError, match="InvalidArgument"):
        paddle.matmul(A, to_tensor([1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="InvalidArgument"):
        paddle.linalg.inv(to_tensor([[1.0, 1.0], [1.0, 1.0]]))


def test_functions_of_training():
    x = to_tensor([[1.0, 2.0], [3.0, 1.0]])
    assert np.allclose(F.softmax(x).sum(axis=-1).numpy(), 1) and F.relu(to_tensor([-1.0, 2.0])).tolist() == [0.0, 2.0]
    assert np.isnan(F.relu(to_tensor([float("nan")])).item())
    picked = -F.log_softmax(x).numpy()[[0, 1], [0, 1]]
    labels = to_tensor([0, 1])
    assert np.allclose(F.cross_entropy(x, labels, reduction="none").numpy(), picked)
    assert np.isclose(F.cross_entropy(x, labels).item(), picked.mean())
    assert F.cross_entropy(x, labels.unsqueeze(1), reduction="none").shape == [2, 1]
    assert np.isclose(F.cross_entropy(x, F.one_hot(labels, 2), soft_label=True).item(), picked.mean())
    weighted = F.cross_entropy(x, labels, weight=to_tensor([1.0, 3.0])).item()
    assert np.isclose(weighted, (picked[0] + 3 * picked[1]) / 4)
    assert F.mse_loss(x, x).item() == 0.0 and F.linear(x, x, x[0]).shape == [2, 2]
    assert F.dropout(x, training=False) is x and set(np.unique(F.dropout(paddle.ones([100])).numpy())) == {0.0, 2.0}
    with pytest.raises(ValueError, match="reduction"):
        F.cross_entropy(x, labels, reduction="foo")


def test_training_by_hand():
    paddle.seed(0)
    X = paddle.normal(0, 1, (100, 2))
    y = paddle.matmul(X, to_tensor([[2.0], [-3.4]])) + 4.2
    w = paddle.normal(0, 0.01, shape=(2, 1))
    b = paddle.zeros(shape=[1])
    w.stop_gradient = b.stop_gradient = False
    params = [w, b]
    for _ in range(60):
        loss = (paddle.matmul(X, w) + b - y) ** 2 / 2
        loss.sum().backward()
        with paddle.no_grad():
            for i, param in enumerate(params):
                param -= 0.2 * params[i].grad / 100
                params[i].set_value(param)
                params[i].clear_gradient()
    assert np.allclose(w.numpy().ravel(), [2.0, -3.4], atol=1e-2) and np.allclose(b.item(), 4.2, atol=1e-2)


def test_clipping_gradients_by_hand():
    w = to_tensor([3.0, 4.0], stop_gradient=False)
    (w * w).sum().backward()
    norm = paddle.sqrt(sum(paddle.sum(p.grad**2) for p in [w]))
    with paddle.no_grad():
        w.grad.set_value(w.grad / norm)
    assert np.allclose(w.grad.numpy(), [0.6, 0.8])


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda w: paddle.optimizer.SGD(0.1, parameters=[w]), [0.512, 1.024]),
        (lambda w: paddle.optimizer.SGD(0.1, parameters=[w], weight_decay=0.1), [0.493039, 0.986078]),
        (lambda w: paddle.optimizer.Momentum(0.1, parameters=[w]), [0.062, 0.124]),
        (lambda w: paddle.optimizer.Adam(0.5, parameters=[w]), [-0.335904, 0.536975]),
    ],
)
def test_optimizers(make, expected):
    w = to_tensor([1.0, 2.0], stop_gradient=False)
    optimizer, kept = make(w), id(w)
    for _ in range(3):
        (w * w).sum().backward()
        optimizer.step()
        optimizer.clear_grad()
    assert np.allclose(w.numpy(), expected, atol=1e-5) and id(w) == kept and w.grad.tolist() == [0.0, 0.0]


def test_optimizer_errors():
    with pytest.raises(AttributeError, match="should not be None"):
        paddle.optimizer.SGD(0.1)
    with pytest.raises(TypeError, match="iterable"):
        paddle.optimizer.SGD(0.1, parameters=to_tensor([1.0]))


def test_missing_names():
    for get, name in (
        (lambda: paddle.arrange, "arange"), (lambda: paddle.nn.Linear, "functional.linear"),
        (lambda: to_tensor([1.0]).grads, "grad"), (lambda: paddle.optimizer.Adamax, "Adam"),
    ):  # fmt: skip
        with pytest.raises(AttributeError, match=f"closest name it has is '{name}"):
            get()


def test_copies():
    x = to_tensor([1.0, 2.0], stop_gradient=False)
    (x * x).sum().backward()
    for copied in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert copied.tolist() == x.tolist() and not copied.stop_gradient and copied is not x
    assert copy.deepcopy(x).grad.tolist() == [2.0, 4.0]
    x.clone().sum().backward()
    assert x.grad.tolist() == [3.0, 5.0]


def test_files(tmp_path):
    path = tmp_path / "deep" / "tensors"
    paddle.save({"x": to_tensor([1.0, 2.0]), "n": [to_tensor(3)]}, path)
    loaded = paddle.load(path)
    assert loaded["x"].tolist() == [1.0, 2.0] and loaded["n"][0].dtype == paddle.int64


def test_places():
    x = to_tensor([1.0], place=paddle.CPUPlace())
    assert repr(x.place) == "Place(cpu)" and paddle.get_device() == "cpu"
    with pytest.raises(ValueError, match="CPU"):
        paddle.set_device("gpu:0")


def test_more_functions():
    table = to_tensor([[1.0, 2.0], [3.0, 4.0]], stop_gradient=False)
    F.embedding(to_tensor([1, 1, 0]), table, padding_idx=0).sum().backward()
    assert table.grad.tolist() == [[0.0, 0.0], [2.0, 2.0]]
    assert F.pad(to_tensor([[1.0, 2.0]]), [1, 1]).tolist() == [[0.0, 1.0, 2.0, 0.0]]
    assert np.allclose(F.normalize(to_tensor([[3.0, 4.0]])).numpy(), [[0.6, 0.8]])
    assert np.isclose(F.binary_cross_entropy(to_tensor([0.5, 0.4]), to_tensor([1.0, 0.0])).item(), 0.60198641)
    assert np.allclose(F.layer_norm(to_tensor([[1.0, 2.0, 4.0]]), 3).numpy(), [[-1.06904137, -0.26726028, 1.3363018]])
    assert paddle.add_n([table, table]).tolist() == (2 * table).tolist()
    assert paddle.broadcast_shape([2, 1], [1, 3]) == [2, 3] and to_tensor([4]).floor().dtype == paddle.int64
    with pytest.raises(ValueError, match="isn't consistent"):
        paddle.concat([to_tensor([1.0]), to_tensor([1])])
