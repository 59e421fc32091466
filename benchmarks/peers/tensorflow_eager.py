"""The workloads in TensorFlow, eager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ..workloads import LEARNING_RATE

NOTES = {"multiply": "includes opening the tape that records it"}


def set_threads(number: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(number)
    tf.config.threading.set_inter_op_parallelism_threads(number)


def to_numpy(value: Any) -> Any:
    return value.numpy()


def _repeat(function: Callable[..., Any], x: Any) -> Callable[[], Any]:
    x = tf.Variable(x)

    def run() -> Any:
        with tf.GradientTape() as tape:
            y = function(x)
        return y, tape.gradient(y, x)

    return run


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    x, y = tf.constant(x), tf.constant(y)

    def run() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            tape.watch(y)
            return x * y

    return run


def dot(x: Any) -> Callable[[], Any]:
    return _repeat(lambda x: 2 * tf.tensordot(x, x, axes=1), x)


def control_flow(a: Any) -> Callable[[], Any]:
    def function(a: Any) -> Any:
        b = a * 2
        while tf.norm(b) < 1000:
            b = b * 2
        if tf.reduce_sum(b) > 0:
            return b
        return 100 * b

    return _repeat(function, a)


def chain(x: Any, length: int) -> Callable[[], Any]:
    def function(y: Any) -> Any:
        for _ in range(length):
            y = tf.sin(y)
        return tf.reduce_sum(y)

    return _repeat(function, x)


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    params = w1, b1, w2, b2 = [tf.Variable(p) for p in params]
    inputs, targets = tf.constant(inputs), tf.constant(targets)

    def loss() -> Any:
        return tf.reduce_mean(tf.square(tf.tanh(inputs @ w1 + b1) @ w2 + b2 - targets))

    return _descent(loss, params)


def classification_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    params = w1, b1, w2, b2 = [tf.Variable(p) for p in params]
    inputs, labels = tf.constant(inputs), tf.constant(labels)

    def loss() -> Any:
        logits = tf.nn.relu(inputs @ w1 + b1) @ w2 + b2
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

    return _descent(loss, params)


def _descent(loss: Callable[[], Any], params: Any) -> Callable[[], Any]:
    def run() -> Any:
        with tf.GradientTape() as tape:
            value = loss()
        for p, g in zip(params, tape.gradient(value, params)):
            p.assign_sub(LEARNING_RATE * g)
        return value

    return run


def elementwise(u: Any) -> Callable[[], Any]:
    return _repeat(lambda u: tf.reduce_sum(tf.tanh(u) * tf.exp(-u * u) + tf.sin(u)), u)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    x = tf.Variable(x)

    def run() -> Any:
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = tf.reduce_sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
            g = inner.gradient(y, x)
        return outer.jacobian(g, x)

    return run
