"""Activations: functions of each element, and softmax."""

from __future__ import annotations

from typing import Any

from ..core.levels import shape_of
from ..numpy.arguments import operand, some_axes
from ..ops import exponential, special
from ..ops import softmax as softmax_rows
from ..ops.arithmetic import keep
from ..ops.trigonometric import tanh


def relu(x: Any) -> Any:
    """The positive elements, zeros for the others (nan stays nan); the derivative at 0 is 0.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    x = operand(x)
    return keep(x, ~(x <= 0))


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)).

    Examples
    --------
    >>> import tetragrad as tg
    >>> tg.nn.sigmoid(0.0)
    np.float64(0.5)
    """
    return exponential.expit(operand(x))


def silu(x: Any) -> Any:
    """x * sigmoid(x).

    Examples
    --------
    >>> import tetragrad as tg
    >>> tg.nn.silu(0.0)
    np.float64(0.0)
    """
    x = operand(x)
    return x * exponential.expit(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """x times the normal distribution's probability of less than x, or a formula with tanh close to that.

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.

    Examples
    --------
    >>> import tetragrad as tg
    >>> tg.nn.gelu(0.0)
    np.float64(0.0)
    """
    x = operand(x)
    if approximate:
        return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x**3)))
    return x * special.ndtr(x)


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along one or several axes, without overflow.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.softmax(np.zeros((1, 4)))
    array([[0.25, 0.25, 0.25, 0.25]])
    """
    x = operand(x)
    return softmax_rows.softmax(x, axis=some_axes("softmax", axis, len(shape_of(x))))


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """The logarithm of `softmax`, accurate for large elements.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    x = operand(x)
    return softmax_rows.log_softmax(x, axis=some_axes("log_softmax", axis, len(shape_of(x))))
