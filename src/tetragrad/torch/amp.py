"""`torch.amp`: the decorators of Functions for mixed precision. Operations keep their dtypes: there is no autocast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..dialects.names import answer_for


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None
) -> Callable[..., Any]:
    """Decorator of a Function's `forward`. Since nothing is cast outside of autocast, it changes nothing.

    Examples
    --------
    >>> import tetragrad.torch as torch
    >>> class Double(torch.autograd.Function):
    ...     @staticmethod
    ...     @torch.amp.custom_fwd(device_type="cpu")
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...
    ...     @staticmethod
    ...     @torch.amp.custom_bwd(device_type="cpu")
    ...     def backward(ctx, grad):
    ...         return 2 * grad
    >>> Double.apply(torch.tensor(3.0))
    tensor(6.)
    """
    return _unchanged(fwd, device_type)


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Callable[..., Any]:
    """Decorator of a Function's `backward`; see `custom_fwd`."""
    return _unchanged(bwd, device_type)


def _unchanged(function: Callable[..., Any] | None, device_type: str) -> Callable[..., Any]:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    return (lambda function: function) if function is None else function


__all__ = ["custom_bwd", "custom_fwd"]

__getattr__ = answer_for(__name__)
