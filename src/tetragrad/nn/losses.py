"""Losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..errors import OperationError, ShapeError
from ..numpy.arguments import one_axis, operand
from ..numpy.indexing import take_along_axis
from ..numpy.reductions import mean, sum
from ..numpy.shaping import expand_dims
from .activations import log_softmax


def cross_entropy(logits: Any, labels: Any, axis: int = -1, reduction: str = "mean") -> Any:
    """Minus the logarithms of the probabilities that softmax gives the right classes.

    Parameters
    ----------
    logits : array or Tensor
        Scores of the classes along `axis`.
    labels : array of int, or array or Tensor of float
        The right classes, in the shape of `logits` without `axis`; or their probabilities, in the shape of `logits`.
    axis : int
    reduction : {'mean', 'sum', 'none'}

    Returns
    -------
    array or Tensor

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    OperationError
        If a label is no class, or `reduction` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.grad(tg.nn.cross_entropy)(np.zeros((1, 2)), np.array([1]))
    array([[ 0.5, -0.5]])
    """
    logits, labels = operand(logits), operand(labels)
    shape = shape_of(logits)
    axis = one_axis("cross_entropy", axis, len(shape))
    scores = log_softmax(logits, axis)
    if labels.dtype.kind in "iu":
        if shape_of(labels) != shape[:axis] + shape[axis + 1 :]:
            raise ShapeError(f"cross_entropy: labels {list(shape_of(labels))} do not fit logits {list(shape)}")
        known = labels if type(labels) is np.ndarray else None
        if known is not None and known.size and not (known.min() >= 0 and known.max() < shape[axis]):
            raise OperationError(f"cross_entropy: labels must be from 0 to {shape[axis] - 1}")
        picked = take_along_axis(scores, expand_dims(labels, axis), axis)
        losses = -sum(picked, axis)
    else:
        losses = -sum(scores * labels, axis)
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise OperationError(f"cross_entropy: reduction is 'mean', 'sum' or 'none', got {reduction!r}")
    return mean(losses) if reduction == "mean" else sum(losses)
