"""The chapter's cells on automatic differentiation, in our own words and numbers."""

import numpy as np
import pytest

import tetragrad.tensorflow as tf


def test_gradient_of_a_dot_product():
    w = tf.Variable(tf.range(4, dtype=tf.float32))
    with tf.GradientTape() as tape:
        y = 2 * tf.tensordot(w, w, axes=1)
    assert repr(y) == "<tf.Tensor: shape=(), dtype=float32, numpy=28.0>"
    grad = tape.gradient(y, w)
    assert repr(grad) == "<tf.Tensor: shape=(4,), dtype=float32, numpy=array([ 0.,  4.,  8., 12.], dtype=float32)>"
    same = grad == 4 * w
    assert repr(same) == "<tf.Tensor: shape=(4,), dtype=bool, numpy=array([ True,  True,  True,  True])>"
    assert type(y).__name__ == "EagerTensor"


def test_each_tape_gives_its_own_gradient():
    w = tf.Variable([1.0, -2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(w)
    assert tape.gradient(y, w).numpy().tolist() == [1, 1, 1]
    with tf.GradientTape() as tape:
        y = w * w
    assert tape.gradient(y, w).numpy().tolist() == [2, -4, 6]


def test_detached_part():
    w = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        y = w * w
        u = tf.stop_gradient(y)
        z = u * w
    assert bool(tf.reduce_all(tape.gradient(z, w) == u))
    assert bool(tf.reduce_all(tape.gradient(y, w) == 2 * w))


def doubled_until_large(a):
    b = a * 2
    while tf.norm(b) < 1000:
        b = b * 2
    return b if tf.reduce_sum(b) > 0 else 100 * b


@pytest.mark.parametrize("start", [0.37, 1.9, -0.37, [0.5, 1.5, -0.25], [[1.0, 2.0], [3.0, 4.0]]])
def test_gradient_through_python_control_flow(start):
    a = tf.Variable(start)
    with tf.GradientTape() as tape:
        d = doubled_until_large(a)
    np.testing.assert_allclose(tape.gradient(d, a), d / a, rtol=1e-6)


def test_second_derivative_and_hessian():
    w = tf.Variable(tf.range(3.0))
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(w**3)
        g = inner.gradient(y, w)
    assert outer.gradient(g, w).numpy().tolist() == [0, 6, 12]
    assert outer.jacobian(g, w).numpy().tolist() == np.diag([0.0, 6.0, 12.0]).tolist()


def test_sine_and_its_slope_without_cosine():
    t = tf.linspace(-3.0, 3.0, 7)
    with tf.GradientTape() as tape:
        tape.watch(t)
        s = tf.sin(t)
    np.testing.assert_allclose(tape.gradient(s, t), np.cos(np.linspace(-3, 3, 7)), atol=1e-6)


def test_a_training_loop_by_hand():
    tf.random.set_seed(3)
    true_w, true_b = tf.constant([[2.0], [-3.4]]), 4.2
    X = tf.random.normal((200, 2))
    y = tf.matmul(X, true_w) + true_b + tf.random.normal((200, 1), stddev=0.01)
    w, b = tf.Variable(tf.random.normal((2, 1), stddev=0.01)), tf.Variable(tf.zeros(1))
    for _ in range(3):
        for start in range(0, 200, 10):
            rows = tf.range(start, start + 10)
            with tf.GradientTape() as tape:
                y_hat = tf.matmul(tf.gather(X, rows), w) + b
                loss = (y_hat - tf.reshape(tf.gather(y, rows), y_hat.shape)) ** 2 / 2
            for param, grad in zip([w, b], tape.gradient(loss, [w, b])):
                param.assign_sub(0.03 * grad / 10 * 3)
    np.testing.assert_allclose(w, true_w, atol=0.05)
    np.testing.assert_allclose(b, [true_b], atol=0.05)
