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


def dot_gradient(x: Any) -> Callable[[], Any]:
    run = dot(x)
    return lambda: run()[1]


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


def lenet_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    k1, c1, k2, c2, w1, *others = params
    kernels = [k.transpose(2, 3, 1, 0) for k in (k1, k2)]  # channels come last in TensorFlow
    w1 = w1.reshape(16, 5, 5, -1).transpose(1, 2, 0, 3).reshape(w1.shape)
    params = [tf.Variable(p) for p in (kernels[0], c1, kernels[1], c2, w1, *others)]
    k1, c1, k2, c2, w1, b1, w2, b2, w3, b3 = params
    inputs, labels = tf.constant(inputs.transpose(0, 2, 3, 1)), tf.constant(labels)

    def loss() -> Any:
        h = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(inputs, k1, 1, "SAME") + c1), 2, 2, "VALID")
        h = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(h, k2, 1, "VALID") + c2), 2, 2, "VALID")
        h = tf.nn.relu(tf.reshape(h, (64, 400)) @ w1 + b1)
        logits = tf.nn.relu(h @ w2 + b2) @ w3 + b3
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


def _value_and_gradients(function: Callable[..., Any], *arrays: Any) -> Callable[[], Any]:
    variables = [tf.Variable(array) for array in arrays]

    def run() -> Any:
        with tf.GradientTape() as tape:
            y = function(*variables)
        return y, tape.gradient(y, variables)

    return run


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    labels = tf.constant(labels)

    def loss(logits: Any) -> Any:
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

    return _value_and_gradients(loss, logits)


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    cotangent = tf.constant(cotangent)

    def loss(x: Any, gain: Any, bias: Any) -> Any:
        centred = x - tf.reduce_mean(x, axis=1, keepdims=True)
        scale = tf.math.rsqrt(tf.reduce_mean(tf.square(centred), axis=1, keepdims=True) + 1e-5)
        return tf.reduce_sum((centred * scale * gain + bias) * cotangent)

    return _value_and_gradients(loss, x, gain, bias)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    x = tf.Variable(x)

    def run() -> Any:
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = tf.reduce_sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
            g = inner.gradient(y, x)
        return outer.jacobian(g, x)

    return run
