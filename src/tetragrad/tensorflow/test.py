"""`tf.test`: numerical derivatives beside those of the tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..dialects.names import missing_name
from .tape import GradientTape
from .tensor import EagerTensor, operand


def compute_gradient(
    f: Callable[..., Any], x: Sequence[Any], delta: float | None = None
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Jacobians of `f` with respect to each argument: by the tape, and by central differences.

    Parameters
    ----------
    f : callable
        ``f(*x)`` gives one Tensor.
    x : list
        The arguments.
    delta : float, optional
        The step; 2 ** -10 in half of the precision by default.

    Returns
    -------
    theoretical, numerical
        Two tuples of matrices, one row per element of the result.
    """
    if not isinstance(x, (list, tuple)):
        raise ValueError("`x` must be a list or tuple of values convertible to a Tensor")
    inputs = [EagerTensor(operand(each)._value, None) for each in x]
    with GradientTape() as tape:
        tape.watch(inputs)
        out = f(*inputs)
    rows = int(np.prod(out.shape, dtype=int))
    theory = tuple([np.asarray(j).reshape(rows, -1) for j in tape.jacobian(out, inputs, unconnected_gradients="zero")])
    step = 2.0**-10 if delta is None else float(delta)
    return theory, tuple([_numerical(f, inputs, i, rows, step) for i in range(len(inputs))])


def _numerical(f: Callable[..., Any], inputs: list[Any], position: int, rows: int, step: float) -> Any:
    value = np.asarray(inputs[position])
    columns = np.zeros((rows, value.size), value.dtype)
    for i in range(value.size):
        ends = []
        for sign in (1, -1):
            moved = value.copy().reshape(-1)
            moved[i] += sign * step
            args = [*inputs]
            args[position] = EagerTensor(moved.reshape(value.shape)[()], None)
            ends.append(np.asarray(f(*args)).reshape(-1))
        columns[:, i] = (ends[0] - ends[1]) / (2 * step)
    return columns


def is_gpu_available(*args: Any, **kwargs: Any) -> bool:
    """False."""
    return False


__all__ = ["compute_gradient", "is_gpu_available"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
