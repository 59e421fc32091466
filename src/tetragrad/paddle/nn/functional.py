"""`paddle.nn.functional`: what training by hand uses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import nn as shared
from ...core.levels import concrete, shape_of
from ...dialects.names import missing_name
from ...numpy import padding
from ...numpy.indexing import take_along_axis
from ...ops import arithmetic, exponential, shape, special
from ...ops import softmax as softmax_ops
from ...ops.indexing import take
from .. import mathematics
from ..dtypes import as_dtype, numpy_dtype
from ..errors import invalid
from ..linalg import matmul, norm
from ..manipulation import squeeze
from ..mathematics import sigmoid, tanh
from ..operators import to_float
from ..random import generator, lengths
from ..tensor import as_operand, made
from . import convolution
from .convolution import *  # noqa: F403


def relu(x: Any, name: str | None = None) -> Any:
    """The elements that are positive, and zeros for the others. The derivative at zero is zero."""
    x = as_operand(x, "relu")
    return arithmetic.keep(x, ~(x <= 0))  # nan stays nan


def leaky_relu(x: Any, negative_slope: float = 0.01, name: str | None = None) -> Any:
    """The elements that are positive, and the others times a small slope."""
    x = as_operand(x, "leaky_relu")
    return arithmetic.where(x > 0, x, x * negative_slope)


def elu(x: Any, alpha: float = 1.0, name: str | None = None) -> Any:
    """The elements that are positive, and ``alpha * (exp(x) - 1)`` for the others."""
    x = as_operand(x, "elu")
    return arithmetic.where(x > 0, x, alpha * mathematics.expm1(arithmetic.minimum(x, 0)))


def softplus(x: Any, beta: float = 1, threshold: float = 20, name: str | None = None) -> Any:
    """``log(1 + exp(beta * x)) / beta``."""
    return exponential.logaddexp(beta * as_operand(x, "softplus"), 0.0) / beta


def gelu(x: Any, approximate: bool = False, name: str | None = None) -> Any:
    """The elements times the normal distribution's probability of less."""
    x = as_operand(x, "gelu")
    return shared.gelu(x, approximate)


def silu(x: Any, name: str | None = None) -> Any:
    """The elements times their sigmoid."""
    x = as_operand(x, "silu")
    return x * exponential.expit(x)


swish = silu


def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """Logarithm of the sigmoid, accurate for very negative elements."""
    return special.log_expit(as_operand(x, "log_sigmoid"))


def _along(x: Any, axis: int, dtype: Any, name: str) -> tuple[Any, tuple[int, ...]]:
    x = as_operand(x, name)
    x = to_float(x) if dtype is None else shape.astype(x, dtype=as_dtype(dtype).dtype)
    rank = len(shape_of(x))
    if rank == 0:
        x, rank = shape.reshape(x, shape=(1,)), 1
    if not -rank <= axis < rank:
        raise invalid(f"{name}: axis {axis} is out of range for a Tensor of {rank} axes")
    return x, (axis % rank,)


def softmax(x: Any, axis: int = -1, dtype: Any = None, name: str | None = None) -> Any:
    """``exp(x) / sum(exp(x))`` along an axis, without overflow."""
    operand, axes = _along(x, axis, dtype, "softmax")
    out = softmax_ops.softmax(operand, axis=axes)
    return out if shape_of(x) else shape.reshape(out, shape=())


def log_softmax(x: Any, axis: int = -1, dtype: Any = None, name: str | None = None) -> Any:
    """Logarithm of `softmax`, accurate for large elements."""
    operand, axes = _along(x, axis, dtype, "log_softmax")
    out = softmax_ops.log_softmax(operand, axis=axes)
    return out if shape_of(x) else shape.reshape(out, shape=())


def _reduced(loss: Any, reduction: str, name: str) -> Any:
    if reduction == "mean":
        return mathematics.mean(loss)
    if reduction == "sum":
        return mathematics.sum(loss)
    if reduction == "none":
        return loss
    raise ValueError(
        f"The value of 'reduction' in {name} should be 'sum', 'mean' or 'none', but received {reduction!r}, which is "
        "not allowed."
    )


def mse_loss(input: Any, label: Any, reduction: str = "mean", name: str | None = None) -> Any:
    """Squared differences, or their mean or sum."""
    difference = as_operand(input, "mse_loss", "input") - as_operand(label, "mse_loss", "label", 1)
    return _reduced(exponential.square(difference), reduction, "mse_loss")


def l1_loss(input: Any, label: Any, reduction: str = "mean", name: str | None = None) -> Any:
    """Absolute differences, or their mean or sum."""
    difference = as_operand(input, "l1_loss", "input") - as_operand(label, "l1_loss", "label", 1)
    return _reduced(arithmetic.absolute(difference), reduction, "l1_loss")


def cross_entropy(
    input: Any, label: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean",
    soft_label: bool = False, axis: int = -1, use_softmax: bool = True, label_smoothing: float = 0.0,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Negative logarithms of the probabilities of the right classes, or their mean or sum.

    Parameters
    ----------
    input : Tensor
        Scores, which become probabilities by `softmax`; with ``use_softmax=False`` probabilities.
    label : Tensor
        The right classes (with or without an axis of length 1 in the place of the classes), or with `soft_label` their
        probabilities.
    weight : Tensor, optional
        How much each class counts.
    ignore_index : int
        A class that counts nothing.
    reduction : {'mean', 'sum', 'none'}
    soft_label : bool
    axis : int
        Of the classes.
    use_softmax : bool
    label_smoothing : float
        Share of each probability that goes to all classes alike.

    Returns
    -------
    Tensor
    """
    x, label = as_operand(input, "cross_entropy", "input"), as_operand(label, "cross_entropy", "label", 1)
    axis = axis % len(shape_of(x))
    scores = log_softmax(x, axis) if use_softmax else exponential.log(x)
    if not soft_label and label_smoothing:
        kept = label if len(shape_of(label)) < len(shape_of(x)) else squeeze(label, axis)
        label, soft_label = one_hot(kept, shape_of(x)[axis]), True
    if soft_label:
        if label_smoothing:
            label = label * (1 - label_smoothing) + label_smoothing / shape_of(x)[axis]
        weighted = scores * label if weight is None else scores * label * weight
        return _reduced(-mathematics.sum(weighted, axis, keepdim=True), reduction, "cross_entropy")
    classes = np.asarray(concrete(label, "cross_entropy()"))
    keep_axis = classes.ndim == len(shape_of(x))
    if not keep_axis:
        classes = np.expand_dims(classes, axis)
    counted = classes != ignore_index
    counting = ignore_index >= 0  # as in Paddle: the mean leaves out ignored examples only then
    classes = np.where(counted, classes, 0)
    if classes.dtype.kind not in "iu" or (classes.size and not 0 <= classes.min() <= classes.max() < shape_of(x)[axis]):
        raise invalid(f"cross_entropy: the labels must be whole numbers from 0 to {shape_of(x)[axis] - 1}")
    loss = -take_along_axis(scores, classes, axis=axis)
    counts = counted.astype(scores._value.dtype)
    if weight is not None:
        counts = counts * np.asarray(concrete(weight, "cross_entropy()"))[classes]
    if weight is not None or not counted.all():
        loss = loss * made(counts)
    if reduction == "mean" and (weight is not None or (counting and not counted.all())):
        return mathematics.sum(loss) / float(counts.sum() or 1)
    return _reduced(loss if keep_axis else squeeze(loss, axis), reduction, "cross_entropy")


def softmax_with_cross_entropy(logits: Any, label: Any, soft_label: bool = False, axis: int = -1) -> Any:
    """`cross_entropy` of each example, with the axis of the classes kept."""
    return cross_entropy(logits, label, soft_label=soft_label, axis=axis, reduction="none")


def nll_loss(
    input: Any, label: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean",
    name: str | None = None,
) -> Any:  # fmt: skip
    """`cross_entropy` of logarithms of probabilities."""
    return cross_entropy(exponential.exp(input), label, weight, ignore_index, reduction, axis=1, use_softmax=False)


def binary_cross_entropy_with_logits(
    logit: Any, label: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Negative logarithms of the probabilities of the right one of two classes, from scores."""
    x, y = as_operand(logit, "bce", "logit"), as_operand(label, "bce", "label", 1)
    right = y if pos_weight is None else y * pos_weight
    loss = -(right * special.log_expit(x) + (1 - y) * special.log_expit(-x))
    return _reduced(loss if weight is None else loss * weight, reduction, "binary_cross_entropy_with_logits")


def one_hot(x: Any, num_classes: int = -1, name: str | None = None) -> Any:
    """For each whole number a row of zeros with a one in that place."""
    labels = np.asarray(concrete(as_operand(x, "one_hot"), "one_hot()"))
    count = int(num_classes) if num_classes != -1 else int(labels.max()) + 1
    if labels.size and not 0 <= labels.min() <= labels.max() < count:
        raise invalid(f"one_hot: the numbers must be from 0 to num_classes - 1 = {count - 1}")
    return made(np.eye(count, dtype=numpy_dtype(None))[labels])


def embedding(x: Any, weight: Any, padding_idx: int | None = None, name: str | None = None) -> Any:
    """The rows of a table at these positions; the row `padding_idx` gets no gradient."""
    places = np.asarray(concrete(as_operand(x, "embedding"), "embedding()"))
    weight = as_operand(weight, "embedding", "weight", 1)
    if places.dtype.kind not in "iu" or (places.size and not 0 <= places.min() <= places.max() < shape_of(weight)[0]):
        raise invalid(f"embedding: the positions must be whole numbers from 0 to {shape_of(weight)[0] - 1}")
    rows = take(weight, places, axis=0)
    return rows if padding_idx is None else arithmetic.keep(rows, (places != padding_idx)[..., None])


def pad(x: Any, pad: Any, mode: str = "constant", value: float = 0.0, name: str | None = None) -> Any:
    """A frame of one value: the lengths before and after the last axis, then the one before it, and so on."""
    x = as_operand(x, "pad")
    widths = lengths(pad)
    if mode != "constant" or len(widths) % 2 or len(widths) > 2 * len(shape_of(x)):
        raise invalid("pad: takes mode='constant' and two lengths per axis, the last axis first")
    pairs = [(widths[place], widths[place + 1]) for place in range(0, len(widths), 2)][::-1]
    if len(widths) == 2 * len(shape_of(x)):
        pairs = pairs[::-1]  # for all axes Paddle takes the first axis first
    return padding.pad(x, [(0, 0)] * (len(shape_of(x)) - len(pairs)) + pairs, constant_values=value)


def normalize(x: Any, p: float = 2, axis: int = 1, epsilon: float = 1e-12, name: str | None = None) -> Any:
    """Vectors along an axis, divided by their norms."""
    x = as_operand(x, "normalize")
    return x / arithmetic.maximum(norm(x, p, axis, True), epsilon)


def layer_norm(
    x: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, epsilon: float = 1e-05, name: str | None = None
) -> Any:
    """The elements of the last axes, less their mean, divided by their deviation; then scaled and shifted."""
    x = as_operand(x, "layer_norm")
    axes = tuple(range(-len(lengths(normalized_shape)), 0))
    return shared.layer_norm(x, weight, bias, axes, epsilon)


def binary_cross_entropy(
    input: Any, label: Any, weight: Any = None, reduction: str = "mean", name: str | None = None
) -> Any:
    """Negative logarithms of the probabilities of the right one of two classes."""
    x, y = as_operand(input, "binary_cross_entropy", "input"), as_operand(label, "binary_cross_entropy", "label", 1)
    loss = -(special.xlogy(y, x) + special.xlogy(1 - y, 1 - x))
    return _reduced(loss if weight is None else loss * weight, reduction, "binary_cross_entropy")


def linear(x: Any, weight: Any, bias: Any = None, name: str | None = None) -> Any:
    """``x @ weight + bias``."""
    out = matmul(x, weight)
    return out if bias is None else out + bias


def dropout(
    x: Any, p: Any = 0.5, axis: Any = None, training: bool = True, mode: str = "upscale_in_train",
    name: str | None = None,
) -> Any:  # fmt: skip
    """Zeros in random places in training, the others scaled so that the mean stays."""
    x = as_operand(x, "dropout")
    if not 0 <= p <= 1:
        raise ValueError("p argument should between 0 and 1")
    if mode not in ("upscale_in_train", "downscale_in_infer"):
        raise ValueError("mode argument should be 'downscale_in_infer' or 'upscale_in_train'")
    upscale = mode == "upscale_in_train"
    if not training:
        return x if upscale else x * (1 - p)
    if p == 0:
        return x
    lengths = shape_of(x)
    if axis is not None:
        kept = (axis,) if isinstance(axis, int) else tuple(axis)
        lengths = tuple([length if place in kept else 1 for place, length in enumerate(lengths)])
    mask = (generator.random(lengths) >= p).astype(x._value.dtype)
    return x * made(mask / np.asarray(1 - p, mask.dtype) if upscale and p < 1 else mask)


__all__ = [
    *convolution.__all__,
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_with_cross_entropy",
    "softplus",
    "swish",
    "tanh",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.paddle.nn.functional", name, __all__)
