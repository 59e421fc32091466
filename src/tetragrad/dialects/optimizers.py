"""One step of gradient descent, with momentum or Adam's way, on plain arrays. The dialects' optimisers stand on these.

``state`` is a dict that belongs to one parameter, empty at first. The new values are returned, in the dtype of the old.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def sgd(
    value: Any, gradient: Any, state: dict[str, Any], *, learning_rate: float, momentum: float = 0.0,
    dampening: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0,
) -> Any:  # fmt: skip
    """Parameters after one step of gradient descent.

    Parameters
    ----------
    value, gradient : array
        Of one shape and dtype.
    state : dict
        Keeps the velocity, if there is momentum.
    learning_rate : float
    momentum : float
        Share of the velocity that each step keeps; the velocity is the sum of the gradients so weighted.
    dampening : float
        Share of the gradient that does not enter the velocity (after the first step, which takes all of it).
    nesterov : bool
        Look ahead: the step is the gradient and the velocity kept.
    weight_decay : float
        How much of the value itself is added to the gradient.

    Returns
    -------
    array

    Examples
    --------
    >>> import numpy as np
    >>> sgd(np.array([1.0]), np.array([2.0]), {}, learning_rate=0.25)
    array([0.5])
    """
    if weight_decay:
        gradient = gradient + weight_decay * value
    step = gradient
    if momentum:
        if "velocity" in state:
            state["velocity"] = momentum * state["velocity"] + (1 - dampening) * gradient
        else:
            state["velocity"] = np.array(gradient)
        step = gradient + momentum * state["velocity"] if nesterov else state["velocity"]
    return value - learning_rate * step


def adam(
    value: Any, gradient: Any, state: dict[str, Any], *, learning_rate: float, beta1: float = 0.9,
    beta2: float = 0.999, epsilon: float = 1e-8, weight_decay: float = 0.0, decoupled: bool = False,
    amsgrad: bool = False, corrected_epsilon: bool = True,
) -> Any:  # fmt: skip
    """Parameters after one step of Adam (Kingma and Ba, 2015).

    Parameters
    ----------
    value, gradient : array
        Of one shape and dtype.
    state : dict
        Keeps the running means of the gradient and of its square, and the number of steps.
    learning_rate, beta1, beta2, epsilon : float
    weight_decay : float
        How much of the value is added to the gradient, or if `decoupled` taken off the value itself (AdamW).
    decoupled : bool
    amsgrad : bool
        Divide by the largest mean square so far.
    corrected_epsilon : bool
        Whether `epsilon` is added to the corrected root (PyTorch, Paddle) or to the root as it is (TensorFlow, MXNet).

    Returns
    -------
    array

    Examples
    --------
    >>> import numpy as np
    >>> adam(np.array([1.0]), np.array([2.0]), {}, learning_rate=0.25).round(6)
    array([0.75])
    """
    if weight_decay and decoupled:
        value = value - learning_rate * weight_decay * value
    elif weight_decay:
        gradient = gradient + weight_decay * value
    step = state["step"] = state.get("step", 0) + 1
    state["mean"] = mean = beta1 * state.get("mean", 0.0) + (1 - beta1) * gradient
    state["square"] = square = beta2 * state.get("square", 0.0) + (1 - beta2) * (gradient * gradient.conj()).real
    if amsgrad:
        state["largest"] = square = np.maximum(state.get("largest", square), square)
    root = (1 - beta2**step) ** 0.5
    spread = np.sqrt(square) + (epsilon * root if corrected_epsilon else epsilon)
    return value - (learning_rate * root / (1 - beta1**step)) * (mean / spread)
