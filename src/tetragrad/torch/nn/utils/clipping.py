"""Gradients kept small, and parameters as one vector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....core.recording import no_grad
from ...creation import tensor
from ...shaping import cat, stack
from ...tensor import Tensor


def _with_grad(parameters: Any) -> list[Any]:
    every = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [each for each in every if each.grad is not None]


def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: Any = None
) -> Any:
    """Scale the gradients so that their joint norm is at most `max_norm`; returns the norm before."""
    found = _with_grad(parameters)
    with no_grad():
        norms = [each.grad.norm(norm_type) for each in found]
        total = stack(norms).norm(norm_type) if norms else tensor(0.0)
        scale = min(1.0, max_norm / (float(total) + 1e-6)) if norms else 1.0
        for each in found:
            each.grad.mul_(scale)
    return total


def clip_grad_value_(parameters: Any, clip_value: float, foreach: Any = None) -> None:
    """Limit every element of the gradients to [-clip_value, clip_value]."""
    with no_grad():
        for each in _with_grad(parameters):
            each.grad.clamp_(-clip_value, clip_value)


def parameters_to_vector(parameters: Iterable[Any]) -> Any:
    """All parameters in one vector."""
    return cat([each.reshape(-1) for each in parameters])


def vector_to_parameters(vec: Any, parameters: Iterable[Any]) -> None:
    """Parameters from one vector."""
    start = 0
    for each in parameters:
        count = each.numel()
        each.data = vec[start : start + count].reshape(tuple(each.shape))
        start += count


__all__ = ["clip_grad_norm_", "clip_grad_value_", "parameters_to_vector", "vector_to_parameters"]
