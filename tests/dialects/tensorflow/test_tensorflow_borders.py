"""Tensors of this dialect in tetragrad's own transforms, and Tensors of the own face here: the graph stays whole."""

import numpy as np

import tetragrad as tg
import tetragrad.tensorflow as tf

X = [0.5, 1.0, 2.0]


def f(x):
    return tf.reduce_sum(tf.sin(x) * x)


def slope(x):
    x = np.asarray(x)
    return np.cos(x) * x + np.sin(x)


def test_transforms_of_functions_in_this_dialect():
    x = tf.constant(X)
    g = tg.grad(f)(x)
    assert type(g) is tf.EagerTensor and g.dtype == tf.float32
    np.testing.assert_allclose(g, slope(X), rtol=1e-6)
    _, t = tg.jvp(f, (x,), (tf.ones(3),))
    np.testing.assert_allclose(t, slope(X).sum(), rtol=1e-6)
    np.testing.assert_allclose(np.asarray(tg.hessian(lambda x: tf.reduce_sum(x**3))(x)), np.diag(6 * np.array(X)))
    np.testing.assert_allclose(np.asarray(tg.vmap(tg.grad(lambda e: tf.sin(e) * e))(x)), slope(X), rtol=1e-6)


def test_tape_inside_a_transform_and_transform_inside_a_tape():
    def inner(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x**3)
        return tf.reduce_sum(tape.gradient(y, x))

    x = tf.constant(X)
    np.testing.assert_allclose(tg.grad(inner)(x), 6 * x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tg.grad(lambda x: tf.reduce_sum(x**3))(x))
    np.testing.assert_allclose(tape.gradient(y, x), 6 * x)


def test_transforms_of_variables():
    v = tf.Variable(X)
    np.testing.assert_allclose(tg.grad(f)(v), slope(X), rtol=1e-6)
    np.testing.assert_allclose(tg.jvp(f, (v,), (tf.ones(3),))[1], slope(X).sum(), rtol=1e-6)


def test_own_tensors_keep_their_graph_here():
    x = tg.tensor(np.array(X, np.float32), requires_grad=True)
    y = tf.exp(tf.convert_to_tensor(x)) * 2
    assert type(y) is tf.EagerTensor
    back = tg.numpy.asarray(tg.Tensor(y._value, y._node))
    back.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(X), rtol=1e-6)


def test_recorded_by_the_tape_through_the_own_face():
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        own = tg.numpy.sin(tg.Tensor(x._value, x._node))
        y = tf.convert_to_tensor(own) * x
    np.testing.assert_allclose(tape.gradient(y, x), slope(X), rtol=1e-6)
