"""Normalisation: mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

from ..numpy.arguments import operand
from ..numpy.reductions import mean
from ..ops.exponential import sqrt


def layer_norm(x: Any, weight: Any = None, bias: Any = None, axis: Any = -1, eps: float = 1e-5) -> Any:
    """Elements less their mean, divided by their deviation, along one or several axes; then scaled and shifted.

    Parameters
    ----------
    x : array or Tensor
    weight, bias : array or Tensor, optional
        Factors and summands, broadcast against `x`.
    axis : int or tuple of int
    eps : float
        Added to the variance.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.layer_norm(np.array([1.0, 3.0]), eps=0.0)
    array([-1.,  1.])
    """
    x = operand(x)
    axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    centred = x - mean(x, axis, keepdims=True)
    out = centred / sqrt(mean(centred * centred, axis, keepdims=True) + eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias
