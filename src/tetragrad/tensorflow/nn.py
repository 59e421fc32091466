"""`tf.nn`: activations, normalisation by softmax, cross-entropies, dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn as shared
from ..dialects.names import missing_name
from ..ops import reductions
from ..ops import softmax as softmax_ops
from ..ops.arithmetic import keep, where
from . import convolution
from .convolution import *  # noqa: F403
from .elementwise import (
    add,
    log_sigmoid,
    multiply,
    refused,
    relu,
    sigmoid,
    softplus,
    square,
    subtract,
    tanh,
)
from .errors import invalid
from .indexing import embedding_lookup
from .products import l2_normalize
from .reductions import axes_of, reduce_mean, top_k
from .tensor import operand, pair, wrap


def softmax(logits: Any, axis: Any = -1, name: str | None = None) -> Any:
    """exp(x) / sum(exp(x)) along an axis.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.nn.softmax([0.0, 0.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.5, 0.5], dtype=float32)>
    """
    return _along("Softmax", softmax_ops.softmax, logits, axis)


def log_softmax(logits: Any, axis: Any = -1, name: str | None = None) -> Any:
    """The logarithm of softmax, accurate for large logits."""
    return _along("LogSoftmax", softmax_ops.log_softmax, logits, axis)


def _along(op: str, door: Any, logits: Any, axis: Any) -> Any:
    x = operand(logits)
    if x._value.dtype.kind != "f":
        raise refused(op, x)
    if not x._value.shape:
        raise invalid("logits must have at least 1 dimension", op)
    return door(x, axis=axes_of(op, x, -1 if axis is None else axis))


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: Any = -1, name: str | None = None) -> Any:
    """Cross-entropy of label distributions and softmax(logits)."""
    log_p = log_softmax(logits, axis)
    weights = pair("SoftmaxCrossEntropyWithLogits", log_p, labels)[1]
    return -_summed(multiply(weights, log_p), axis)


def _summed(x: Any, axis: Any) -> Any:
    return reductions.sum(x, axis=axes_of("Sum", x, axis), keepdims=False)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Any:
    """Cross-entropy of class numbers and softmax(logits)."""
    from ..ops.indexing import getitem

    log_p = log_softmax(logits)
    classes = np.asarray(operand(labels))
    shape = tuple(log_p._value.shape)
    if classes.dtype.kind not in "iu":
        raise invalid(f"labels must be integers, got {classes.dtype.name}", "SparseSoftmaxCrossEntropyWithLogits")
    if classes.shape != shape[:-1]:
        raise ValueError(
            f"`labels.shape.rank` must equal `logits.shape.rank - 1`, or the shapes differ: labels {classes.shape}, "
            f"logits {shape}"
        )
    if classes.size and not (0 <= classes.min() and classes.max() < shape[-1]):
        raise invalid(
            f"Received a label value of {classes.max()} which is outside the valid range of [0, {shape[-1]}).",
            "SparseSoftmaxCrossEntropyWithLogits",
        )
    grid = np.ix_(*[np.arange(n) for n in classes.shape]) if classes.ndim else ()
    return -getitem.primitive.unlinked(log_p, index=(*grid, classes))  # type: ignore[attr-defined]


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """Cross-entropy of probabilities and sigmoid(logits), accurate for large logits."""
    x = operand(logits)
    z = pair("SigmoidCrossEntropyWithLogits", x, labels)[1]
    return add(subtract(softplus(x), x), multiply(subtract(1.0, z), x))


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """x where it is positive, alpha x elsewhere."""
    x = operand(features)
    positive = np.asarray(x) > 0 if type(x._value) is np.ndarray else x > 0
    return wrap(where(positive, x, multiply(x, alpha)))


def relu6(features: Any, name: str | None = None) -> Any:
    """relu, at most 6."""
    x = relu(features)
    return wrap(where(x < 6, x, np.full(x.shape, 6, x._value.dtype)[()]))


def elu(features: Any, name: str | None = None) -> Any:
    """x where it is positive, exp(x) - 1 elsewhere."""
    from ..ops.exponential import expm1

    x = operand(features)
    positive = x > 0
    below = wrap(keep(x, ~positive))
    return wrap(where(positive, x, expm1(below)))


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Any:
    """x times the normal distribution function."""
    x = operand(features)
    return wrap(shared.gelu(x, approximate))


def silu(features: Any, beta: float = 1.0) -> Any:
    """x times sigmoid(beta x)."""
    x = operand(features)
    return multiply(x, sigmoid(multiply(x, beta)))


swish = silu


def dropout(x: Any, rate: Any, noise_shape: Any = None, seed: Any = None, name: str | None = None) -> Any:
    """Elements set to zero with probability `rate`, the others divided by 1 - rate."""
    from . import random

    x = operand(x)
    if not 0 <= float(rate) < 1:
        raise ValueError(f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}")
    kept = random.uniform(tuple(x._value.shape) if noise_shape is None else noise_shape, seed=seed)._value >= float(
        rate
    )
    scaled = multiply(x, 1 / (1 - float(rate)))
    return wrap(keep(scaled, np.broadcast_to(kept, x._value.shape)))


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> tuple[Any, Any]:
    """Mean and variance over axes."""
    from .reductions import reduce_variance

    return reduce_mean(x, axes, keepdims), reduce_variance(x, axes, keepdims)


def l2_loss(t: Any, name: str | None = None) -> Any:
    """Half the sum of squares."""
    return multiply(reductions.sum(square(t), axis=None, keepdims=False), 0.5)


def bias_add(value: Any, bias: Any, data_format: Any = None, name: str | None = None) -> Any:
    """The sum of a Tensor and a vector along its last axis."""
    return add(value, bias)


__all__ = [
    *convolution.__all__, "bias_add", "dropout", "elu", "embedding_lookup", "gelu", "l2_loss", "l2_normalize",
    "leaky_relu", "log_sigmoid", "log_softmax", "moments", "relu", "relu6", "sigmoid",
    "sigmoid_cross_entropy_with_logits", "silu", "softmax", "softmax_cross_entropy_with_logits", "softplus",
    "sparse_softmax_cross_entropy_with_logits", "swish", "tanh", "top_k",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
