"""The chapter's steps in TensorFlow's idiom."""

from __future__ import annotations

import tetragrad.tensorflow as tf


def first_gradient():
    x = tf.Variable(tf.range(4, dtype=tf.float32))
    with tf.GradientTape() as tape:
        y = 2 * tf.tensordot(x, x, axes=1)
    x_grad = tape.gradient(y, x)
    return {"y": y, "x_grad": x_grad, "x_grad == 4 * x": x_grad == 4 * x}


def another_function():
    x = tf.Variable(tf.range(4, dtype=tf.float32))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x)
    return {"x_grad": tape.gradient(y, x)}


def a_vector():
    x = tf.Variable(tf.range(4, dtype=tf.float32))
    with tf.GradientTape() as tape:
        y = x * x
    return {"x_grad": tape.gradient(y, x)}  # as if of tf.reduce_sum(y)


def a_detached_factor():
    x = tf.Variable(tf.range(4, dtype=tf.float32))
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        u = tf.stop_gradient(y)
        z = u * x
    return {"x_grad == u": tape.gradient(z, x) == u, "x_grad": tape.gradient(y, x)}


def control_flow():
    def f(a):
        b = a * 2
        while tf.norm(b) < 1000:
            b = b * 2
        return b if tf.reduce_sum(b) > 0 else 100 * b

    a = tf.Variable(0.7)
    with tf.GradientTape() as tape:
        d = f(a)
    a_grad = tape.gradient(d, a)
    return {"d": d, "a_grad": a_grad, "a_grad == d / a": a_grad == d / a}
