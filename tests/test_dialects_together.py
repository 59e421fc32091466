"""Dialects side by side: a Tensor of one that is passed to another keeps its graph; none of them holds a rule."""

from __future__ import annotations

import ast
import contextlib
import importlib
import itertools
from pathlib import Path

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad import mxnet as mx
from tetragrad import paddle, torch
from tetragrad import tensorflow as tf

X = np.array([0.3, -0.7, 1.1], dtype=np.float32)
K = np.array([2.0, -1.0, 0.5], dtype=np.float32)


class Torch:
    name = "torch"
    tensor = torch.Tensor
    scope = contextlib.nullcontext
    sin = staticmethod(torch.sin)
    sum = staticmethod(torch.sum)
    convert = staticmethod(torch.as_tensor)

    def variable(self, values):
        return torch.tensor(values, requires_grad=True)

    def constant(self, values):
        return torch.tensor(values)

    def grad(self, scope, y, x):
        return torch.autograd.grad(y, x)[0]

    def backward(self, y):
        y.backward()


class Paddle:
    name = "paddle"
    tensor = paddle.Tensor
    scope = contextlib.nullcontext
    sin = staticmethod(paddle.sin)
    sum = staticmethod(paddle.sum)
    convert = staticmethod(paddle.assign)

    def variable(self, values):
        return paddle.to_tensor(values, stop_gradient=False)

    def constant(self, values):
        return paddle.to_tensor(values)

    def grad(self, scope, y, x):
        return paddle.grad(y, x)[0]

    def backward(self, y):
        y.backward()


class Mxnet:
    name = "mxnet"
    tensor = mx.np.ndarray
    scope = staticmethod(mx.autograd.record)
    sin = staticmethod(mx.np.sin)
    sum = staticmethod(mx.np.sum)
    convert = staticmethod(mx.np.array)

    def variable(self, values):
        x = mx.np.array(values)
        x.attach_grad()
        return x

    def constant(self, values):
        return mx.np.array(values)

    def grad(self, scope, y, x):
        return mx.autograd.grad(y, [x])[0]

    def backward(self, y):
        y.backward()


class Tensorflow:
    name = "tensorflow"
    tensor = tf.Tensor
    scope = staticmethod(lambda: tf.GradientTape(persistent=True))
    sin = staticmethod(tf.sin)
    sum = staticmethod(tf.reduce_sum)
    convert = staticmethod(tf.convert_to_tensor)

    def variable(self, values):
        return tf.Variable(values)

    def constant(self, values):
        return tf.constant(values)

    def grad(self, tape, y, x):
        return tape.gradient(y, x)


class Own:
    name = "own"
    tensor = tg.Tensor
    scope = contextlib.nullcontext
    sin = staticmethod(tnp.sin)
    sum = staticmethod(tnp.sum)

    def variable(self, values):
        return tg.tensor(values, requires_grad=True)

    def constant(self, values):
        return tg.tensor(values)

    def backward(self, y):
        y.backward()


SIDES = [Torch(), Paddle(), Mxnet(), Tensorflow()]
PAIRS = list(itertools.permutations(SIDES, 2))
assert len(PAIRS) == 12


def sides(pair):
    return f"{pair[0].name}-{pair[1].name}"


def values(x):
    return np.asarray(x._value)


@pytest.fixture(params=PAIRS, ids=sides)
def pair(request):
    return request.param


def test_there_and_back(pair):
    """sin in the one, product and sum in the other, gradient in the first."""
    a, b = pair
    x = a.variable(X)
    with b.scope(), a.scope() as record:
        y = a.sin(x * 2)
        z = b.sum(b.constant(K) * b.sin(y))
        back = a.convert(z)
    assert isinstance(z, b.tensor) and isinstance(back, a.tensor)
    np.testing.assert_allclose(values(z), (K * np.sin(np.sin(2 * X))).sum(), rtol=1e-5)
    found = values(a.grad(record, back, x))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, K * np.cos(np.sin(2 * X)) * np.cos(2 * X) * 2, rtol=1e-5)


def test_each_operand_order(pair):
    a, b = pair
    x = a.variable(X)
    k = b.constant(K)
    for product, face in ((lambda y: k * y, b), (lambda y: y * k, a)):
        with b.scope(), a.scope() as record:
            y = a.sin(x)
            z = product(y)
            total = a.sum(a.convert(z))
        assert isinstance(z, face.tensor)
        np.testing.assert_allclose(values(a.grad(record, total, x)), K * np.cos(X), rtol=1e-5)


CALLS = {
    "torch": [
        torch.sum, torch.mean, torch.exp, torch.abs, torch.max, torch.relu, torch.square, torch.cumsum,
        lambda x: torch.matmul(x, x), lambda x: torch.dot(x, x), lambda x: torch.reshape(x, (3, 1)),
        lambda x: torch.stack([x, x]), lambda x: torch.cat([x, x]), lambda x: torch.maximum(x, torch.zeros(3)),
        lambda x: torch.where(torch.ones(3) > 0, x, 0.0), lambda x: torch.softmax(x, 0), torch.norm, torch.clone,
        lambda x: torch.nn.functional.relu(x), lambda x: torch.nn.functional.mse_loss(x, torch.zeros(3)),
        lambda x: torch.einsum("i,i->", x, x), lambda x: torch.clamp(x, 0.0, 1.0), lambda x: torch.unsqueeze(x, 0),
    ],
    "paddle": [
        paddle.sum, paddle.mean, paddle.exp, paddle.abs, paddle.max, paddle.square, paddle.cumsum,
        lambda x: paddle.matmul(x, x), lambda x: paddle.dot(x, x), lambda x: paddle.reshape(x, [3, 1]),
        lambda x: paddle.stack([x, x]), lambda x: paddle.concat([x, x]), lambda x: paddle.maximum(x, paddle.zeros([3])),
        lambda x: paddle.nn.functional.softmax(x), paddle.norm, paddle.clone, lambda x: paddle.nn.functional.relu(x),
        lambda x: paddle.clip(x, 0.0, 1.0), lambda x: paddle.unsqueeze(x, 0),
    ],
    "mxnet": [
        mx.np.sum, mx.np.mean, mx.np.exp, mx.np.abs, mx.np.max, mx.npx.relu, mx.np.square, mx.np.cumsum,
        lambda x: mx.np.matmul(x, x), lambda x: mx.np.dot(x, x), lambda x: mx.np.reshape(x, (3, 1)),
        lambda x: mx.np.stack([x, x]), lambda x: mx.np.concatenate([x, x]),
        lambda x: mx.np.maximum(x, mx.np.zeros(3)), mx.npx.softmax, mx.np.linalg.norm, mx.np.copy,
        lambda x: mx.np.clip(x, 0.0, 1.0), lambda x: mx.np.expand_dims(x, 0),
    ],
    "tensorflow": [
        tf.reduce_sum, tf.reduce_mean, tf.exp, tf.abs, tf.reduce_max, tf.nn.relu, tf.square, tf.cumsum,
        lambda x: tf.tensordot(x, x, axes=1), lambda x: tf.reshape(x, (3, 1)), lambda x: tf.stack([x, x]),
        lambda x: tf.concat([x, x], 0), lambda x: tf.maximum(x, tf.zeros(3)), tf.nn.softmax, tf.norm, tf.identity,
        lambda x: tf.clip_by_value(x, 0.0, 1.0), lambda x: tf.expand_dims(x, 0),
    ],
}  # fmt: skip
CALLS["torch"] = [call if call is not torch.cumsum else lambda x: torch.cumsum(x, 0) for call in CALLS["torch"]]


def test_functions_given_foreign_tensors(pair):
    """Whatever function gets it, the result is of its own dialect, and depends on the foreign variable."""
    a, b = pair
    wrong = []
    for place, call in enumerate(CALLS[b.name]):
        x = a.variable(X)
        with b.scope(), a.scope() as record:
            y = a.sin(x)
            z = call(y)
            back = a.sum(a.convert(z))
        if not isinstance(z, b.tensor):
            wrong.append((place, call, f"gives {type(z)}"))
        elif not np.isfinite(values(a.grad(record, back, x))).all():
            wrong.append((place, call, "gradient"))
    assert not wrong


BACKWARD = [(a, b) for a, b in itertools.permutations([*SIDES, Own()], 2) if "tensorflow" not in (a.name, b.name)]


@pytest.mark.parametrize("pair", BACKWARD, ids=sides)
def test_backward_of_the_other_fills_the_gradient(pair):
    a, b = pair
    x, w = a.variable(X), b.variable(K)
    for _ in range(2):
        with b.scope(), a.scope():
            y = a.sin(x)
            z = b.sum(w * y)
        b.backward(z)
    times = [1 if side.name == "mxnet" else 2 for side in pair]  # MXNet's are written anew, all others accumulate
    np.testing.assert_allclose(values(x.grad), times[0] * K * np.cos(X), rtol=1e-5)
    np.testing.assert_allclose(values(w.grad), times[1] * np.sin(X), rtol=1e-5)
    assert isinstance(x.grad, a.tensor) and isinstance(w.grad, b.tensor)


COMPLEX = np.array([1 + 2j, 0.5 - 1j])


@pytest.mark.parametrize("made", [Torch(), Paddle(), Own()], ids=lambda side: side.name)
@pytest.mark.parametrize("passed", [Torch(), Paddle(), Own()], ids=lambda side: side.name)
def test_complex_gradients_are_those_of_the_variable_s_face(made, passed):
    """PyTorch's and Paddle's are the conjugates of ours, whoever goes backward."""
    z = made.variable(COMPLEX)
    w = passed.constant(np.ones(2, dtype=complex)) * (z * z)
    assert isinstance(w, passed.tensor)
    real = {"torch": torch.real, "paddle": paddle.real, "own": tnp.real}[passed.name]
    passed.backward(passed.sum(real(w)))
    wanted = 2 * COMPLEX
    np.testing.assert_allclose(values(z.grad), wanted if made.name == "own" else wanted.conj())


def test_through_all_four():
    x = torch.tensor(X, requires_grad=True)
    with mx.autograd.record(), tf.GradientTape():
        y = torch.sin(x)
        y = mx.np.exp(y)
        y = tf.square(y)
        y = paddle.tanh(y)
        y = torch.sum(y)
    y.backward()
    e = np.exp(np.sin(X)) ** 2
    np.testing.assert_allclose(values(x.grad), (1 - np.tanh(e) ** 2) * e * 2 * np.cos(X), rtol=1e-4)


# -- what a dialect may not hold ---------------------------------------------------------------------------------------

SOURCE = Path(tg.__file__).parent
PARTS = ("torch", "tensorflow", "mxnet", "paddle", "dialects")
FILES = [path for part in PARTS for path in sorted((SOURCE / part).rglob("*.py"))]

# What makes rows of the table, or keeps rules beside it.
MAKERS = {
    "Primitive", "elementwise", "linear", "general", "nondifferentiable", "bilinear", "scalar_rule",
    "linear_rule",
}  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_derivative_rule_in_a_dialect(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = node.module or ""
            names = {alias.name for alias in node.names}
            part = module.split(".")[0]
            if part == "families":
                assert names <= {"CONVERT", "unbroadcast"}, (
                    f"line {node.lineno}: a dialect imports {names} from the families"
                )
            if part == "core":
                assert not names & MAKERS, f"line {node.lineno}: a dialect imports {names & MAKERS}"
        elif isinstance(node, ast.keyword):
            assert node.arg not in ("partials", "vjps", "jvps", "transpose_rule"), f"line {node.value.lineno}: a rule"


# -- names that are not there ------------------------------------------------------------------------------------------

MODULES = """
    torch torch.autograd torch.autograd.forward_ad torch.autograd.function torch.autograd.functional
    torch.autograd.grad_mode torch.autograd.graph torch.distributions torch.func torch.linalg torch.nn
    torch.nn.functional torch.nn.init torch.nn.utils torch.optim torch.random torch.testing torch.utils
    torch.utils.checkpoint torch.utils.data
    tensorflow tensorflow.autodiff tensorflow.compat tensorflow.config tensorflow.data tensorflow.debugging
    tensorflow.dtypes tensorflow.errors tensorflow.keras tensorflow.keras.losses tensorflow.keras.optimizers
    tensorflow.linalg tensorflow.math tensorflow.nest tensorflow.nn tensorflow.random tensorflow.raw_ops tensorflow.test
    mxnet mxnet.autograd mxnet.contrib mxnet.gluon mxnet.nd mxnet.numpy mxnet.numpy.linalg mxnet.numpy.random
    mxnet.numpy_extension mxnet.operator mxnet.random
    paddle paddle.amp paddle.amp.debugging paddle.autograd paddle.device paddle.distributed paddle.distributed.fleet
    paddle.distributed.fleet.utils paddle.incubate paddle.incubate.autograd paddle.incubate.distributed.fleet
    paddle.linalg paddle.nn paddle.nn.functional paddle.nn.initializer paddle.optimizer paddle.static
""".split()


@pytest.mark.parametrize("name", MODULES)
def test_a_missing_name_is_answered(name):
    module = importlib.import_module(f"tetragrad.{name}")
    with pytest.raises(AttributeError, match="has no attribute 'qqzzqq'; tetragrad covers"):
        module.qqzzqq  # noqa: B018
    for known in [each for each in getattr(module, "__all__", ()) if len(each) > 4][:1]:
        with pytest.raises(AttributeError, match=r"has no attribute .*; the closest name it has is"):
            getattr(module, known + "x")


# -- what is no Tensor -------------------------------------------------------------------------------------------------


def misuses():
    """Calls with something that is no Tensor of anybody's, and what the error says of it."""
    x = torch.ones(2, requires_grad=True)
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        z = v * v
    a = mx.np.array([1.0, 2.0])
    a.attach_grad()
    with mx.autograd.record():
        b = a * a
    p = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
    array = np.ones(2)
    return {
        "torch grad": (lambda: torch.autograd.grad(x.sum(), array), "inputs must be a Tensor, not float64"),
        "torch grad None": (lambda: torch.autograd.grad(x.sum(), [x, None]), "element 1 of inputs must be a Tensor"),
        "torch backward": (lambda: torch.autograd.backward("a"), "not a Tensor, got str"),
        "torch dot": (lambda: torch.dot(array, x), "'input' .* must be Tensor, not ndarray"),
        "torch matmul": (lambda: torch.matmul(x, 3), "'other' .* must be Tensor, not int"),
        "torch where": (lambda: torch.where(x > 0, "a", x), "not str"),
        "tensorflow source": (lambda: tape.gradient(z, "a"), "a source is .* got 'a' of type str"),
        "tensorflow array": (lambda: tape.gradient(z, array), "a source is .* of type ndarray"),
        "tensorflow target": (lambda: tape.gradient(3.0, v), "a target is .* got 3.0 of type float"),
        "tensorflow jacobian": (lambda: tape.jacobian(z, 3), "a source is .* got 3 of type int"),
        "mxnet head": (lambda: mx.autograd.backward(array), "a head is an NDArray, got ndarray"),
        "mxnet variable": (lambda: mx.autograd.grad(b, [3]), "a variable is an NDArray, got int"),
        "mxnet buffer": (lambda: mx.autograd.mark_variables(a, array), "takes NDArrays, got ndarray and ndarray"),
        "paddle input": (lambda: paddle.grad(p * p, 3), "inputs must be Tensor"),
        "paddle backward": (lambda: paddle.autograd.backward(array), "tensors must be Tensor"),
        "paddle dot": (lambda: paddle.dot(p, array), "'y' .* must be Tensor, but got ndarray"),
    }


@pytest.mark.parametrize("name", misuses())
def test_what_is_no_tensor_is_named(name):
    call, gist = misuses()[name]
    with pytest.raises((TypeError, ValueError, AssertionError), match=gist):
        call()
