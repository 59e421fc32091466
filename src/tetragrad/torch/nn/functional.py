"""`torch.nn.functional`: activations, losses and layers as functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import nn as shared
from ...core.levels import concrete
from ...dialects.names import missing_name
from ...numpy import reductions as faces
from ...numpy.padding import pad as pad_face
from ...ops.arithmetic import where
from ...ops.exponential import exp, expit, expm1, logaddexp
from ...ops.indexing import getitem
from ...ops.special import log_expit
from ...ops.trigonometric import tanh as tanh_door
from .. import errors, random
from ..linalg import matmul
from ..names import named
from ..pointwise import clamp, relu
from ..promotion import cast, floating
from ..reductions import mean, norm, one_dim, sum
from ..tensor import Tensor, constant
from . import convolution
from .convolution import *  # noqa: F403


def softmax(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """exp(input) / sum(exp(input)) along `dim`."""
    return constant(faces.softmax(_prepared(input, dtype), _default_dim(input, dim)))


def log_softmax(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """log(softmax(input)), accurate for large elements."""
    return constant(faces.log_softmax(_prepared(input, dtype), _default_dim(input, dim)))


def softmin(input: Any, dim: Any = None) -> Any:
    """softmax(-input)."""
    return softmax(-input, dim)


def _prepared(input: Any, dtype: Any) -> Any:
    x = input if dtype is None else cast(input, dtype.dtype)
    if x._value.dtype.kind not in "fc":
        raise NotImplementedError(f"\"softmax_lastdim_kernel_impl\" not implemented for '{x.dtype.legacy}'")
    return x


def _default_dim(input: Any, dim: Any) -> int:
    if dim is None:
        dim = 0 if len(input._value.shape) in (0, 1, 3) else 1
    return one_dim(input, dim)


def sigmoid(input: Any) -> Any:
    """1 / (1 + exp(-input))."""
    return expit(floating(input))


def tanh(input: Any) -> Any:
    """Hyperbolic tangent."""
    return tanh_door(floating(input))


def logsigmoid(input: Any) -> Any:
    """log(sigmoid(input))."""
    return log_expit(floating(input))


def softplus(input: Any, beta: float = 1, threshold: float = 20) -> Any:
    """log(1 + exp(beta * input)) / beta."""
    scaled = input * beta
    return named(constant(where(scaled > threshold, input, logaddexp(scaled, 0) / beta)), "SoftplusBackward0")


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """input where it is positive, negative_slope * input elsewhere."""
    return named(constant(where(input > 0, input, input * negative_slope)), "LeakyReluBackward0")


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """input where it is positive, alpha * (exp(input) - 1) elsewhere."""
    return named(constant(where(input > 0, input, alpha * expm1(clamp(input, max=0)))), "EluBackward0")


def gelu(input: Any, approximate: str = "none") -> Any:
    """input times the normal distribution function of it."""
    return named(constant(shared.gelu(input, approximate == "tanh")), "GeluBackward0")


def silu(input: Any, inplace: bool = False) -> Any:
    """input * sigmoid(input)."""
    return named(input * expit(input), "SiluBackward0")


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """Values kept between two bounds."""
    return clamp(input, min_val, max_val)


def relu6(input: Any, inplace: bool = False) -> Any:
    """Values kept between 0 and 6."""
    return clamp(input, 0, 6)


# -- layers -----------------------------------------------------------------------------------------------------------


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """input @ weight.T + bias."""
    product = matmul(input, weight.mT if len(weight._value.shape) > 1 else weight)
    return product if bias is None else named(product + bias, "AddmmBackward0" if product.ndim == 2 else "AddBackward0")


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Elements set to zero with probability p, the others divided by 1 - p."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0
    kept = random.rand(tuple(input.shape))._value >= p
    return input * Tensor(np.asarray(kept / (1 - p), input._value.dtype)[()], None)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """Integers as rows with a single 1."""
    index = concrete(tensor, "one_hot")
    if index.dtype.kind not in "iu":
        raise errors.RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    count = int(index.max()) + 1 if num_classes < 0 else num_classes
    if index.size and int(index.max()) >= count:
        raise errors.RuntimeError("Class values must be smaller than num_classes.")
    return Tensor(np.eye(count, dtype=np.int64)[index], None)


def embedding(input: Any, weight: Any) -> Any:
    """Rows of a matrix by their numbers."""
    return named(getitem(weight, index=(np.asarray(concrete(input, "embedding")),)), "EmbeddingBackward0")


def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """Divided by the norm along `dim`."""
    return input / clamp(norm(input, p, dim, True), min=eps)


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-05) -> Any:
    """Mean 0 and variance 1 over the last axes, then scaled and shifted."""
    dims = tuple(range(-len(tuple(normalized_shape)), 0))
    return named(constant(shared.layer_norm(input, weight, bias, dims, eps)), "NativeLayerNormBackward0")


def pad(input: Any, pad: Any, mode: str = "constant", value: float = 0) -> Any:
    """Margins, given in pairs from the last axis backwards."""
    rank = len(input._value.shape)
    widths = [(0, 0)] * rank
    for i in range(len(pad) // 2):
        widths[rank - 1 - i] = (pad[2 * i], pad[2 * i + 1])
    if mode == "constant":
        return constant(pad_face(input, widths, mode, constant_values=value))
    return constant(pad_face(input, widths, {"replicate": "edge", "circular": "wrap"}.get(mode, mode)))


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """Cosine of the angle along `dim`."""
    return sum(x1 * x2, dim) / clamp(norm(x1, 2, dim) * norm(x2, 2, dim), min=eps)


# -- losses -----------------------------------------------------------------------------------------------------------


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "mean":
        return mean(losses)
    if reduction == "sum":
        return sum(losses)
    if reduction == "none":
        return losses
    raise ValueError(f"{reduction} is not a valid value for reduction")


def mse_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> Any:
    """Mean of squared differences."""
    difference = input - target
    return named(_reduced(difference * difference, reduction), "MseLossBackward0")


def l1_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> Any:
    """Mean of absolute differences."""
    return _reduced(abs(input - target), reduction)


def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Squares of small differences, absolute values of large ones."""
    size = abs(input - target)
    losses = constant(where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta))
    return named(_reduced(losses, reduction), "SmoothL1LossBackward0")


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Squares of small differences, absolute values of large ones times delta."""
    return named(smooth_l1_loss(input, target, reduction, delta) * delta, "HuberLossBackward0")


def nll_loss(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Minus the log-probabilities (axis 1) of the target classes."""
    return named(_nll(input, target, weight, ignore_index, reduction), "NllLossBackward0")


def _nll(input: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    classes = np.asarray(concrete(target, "nll_loss"))
    if classes.dtype.kind not in "iu":
        raise errors.RuntimeError(f"expected scalar type Long but found {target.dtype.legacy}")
    axis = 1 if len(input._value.shape) > 1 else 0
    if axis and classes.shape[:1] != input._value.shape[:1]:
        raise ValueError(
            f"Expected input batch_size ({input._value.shape[0]}) to match target batch_size ({len(classes)})."
        )
    counted = classes != ignore_index
    safe = np.where(counted, classes, 0)
    if safe.size and not (safe.min() >= 0 and safe.max() < input._value.shape[axis]):
        bad = classes[(classes != ignore_index) & ((classes < 0) | (classes >= input._value.shape[axis]))]
        raise errors.IndexError(f"Target {int(np.ravel(bad)[0])} is out of bounds.")
    grid: list[Any] = list(np.indices(safe.shape, sparse=True))
    grid.insert(axis, safe)
    picked = -getitem(input, index=tuple(grid))
    if weight is None and counted.all():
        return _reduced(picked, reduction)
    factors = counted.astype(input._value.dtype)
    scale = Tensor(factors[()] if factors.ndim == 0 else factors, None)
    if weight is not None:
        scale = scale * getitem(weight, index=(safe,))
    losses = picked * scale
    return sum(losses) / sum(scale) if reduction == "mean" else _reduced(losses, reduction)


def cross_entropy(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """Negative log-likelihood of softmax; targets are classes (integers) or probabilities."""
    axis = 1 if len(input._value.shape) > 1 else 0
    logs = log_softmax(input, axis)
    if target._value.dtype.kind in "iu" and label_smoothing == 0:
        return named(_nll(logs, target, weight, ignore_index, reduction), "NllLossBackward0")
    count = input._value.shape[axis]
    if target._value.dtype.kind in "iu":
        target = cast(one_hot(target, count), input._value.dtype)
        target = target if axis == target.ndim - 1 else target.movedim(-1, axis)
    target = target * (1 - label_smoothing) + label_smoothing / count
    products = logs * target
    if weight is not None:
        products = products * weight.reshape((count, *(1,) * (products.ndim - axis - 1)))
    losses = -sum(products, axis)
    if reduction == "mean":
        return named(sum(losses) / max(losses.shape.numel(), 1), "DivBackward1")
    return _reduced(losses, reduction)


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    """Cross-entropy of probabilities of yes; logarithms are kept above -100."""
    losses = -(target * clamp(input.log(), min=-100) + (1 - target) * clamp((1 - input).log(), min=-100))
    return named(_reduced(losses if weight is None else losses * weight, reduction), "BinaryCrossEntropyBackward0")


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """Cross-entropy of sigmoid(input)."""
    yes = log_expit(input) if pos_weight is None else log_expit(input) * pos_weight
    losses = -(target * yes + (1 - target) * log_expit(-input))
    return named(_reduced(losses if weight is None else losses * weight, reduction),
                 "BinaryCrossEntropyWithLogitsBackward0")  # fmt: skip


def kl_div(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """Kullback-Leibler divergence; `input` holds log-probabilities."""
    from ..pointwise import xlogy

    losses = exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    if reduction == "batchmean":
        return sum(losses) / losses.shape[0]
    return _reduced(losses, reduction)


__all__ = [
    *convolution.__all__,
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_similarity", "cross_entropy", "dropout",
    "elu", "embedding", "gelu", "hardtanh", "huber_loss", "kl_div", "l1_loss", "layer_norm", "leaky_relu", "linear",
    "log_softmax", "logsigmoid", "mse_loss", "nll_loss", "normalize", "one_hot", "pad", "relu", "relu6", "sigmoid",
    "silu", "smooth_l1_loss", "softmax", "softmin", "softplus", "tanh",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.torch.nn.functional", name, __all__)
