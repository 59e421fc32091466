"""`mxnet.nd.contrib`: control flow as functions, and gradients scaled on their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..dialects.names import missing_name


def gradientmultiplier(data: Any, scalar: float = 1.0) -> Any:
    """The values of `data`; its gradient is multiplied by a number.

    Examples
    --------
    >>> from tetragrad.mxnet import autograd, nd
    >>> x = nd.array([1.0, 2.0])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = nd.contrib.gradientmultiplier(x, -0.5)
    >>> y.backward()
    >>> x.grad.tolist()
    [-0.5, -0.5]
    """
    return data.detach() + (data - data.detach()) * scalar


def foreach(body: Callable[..., Any], data: Any, init_states: Any) -> tuple[Any, Any]:
    """Run ``body(slice, states) -> (output, states)`` over the first axis; the outputs are stacked."""
    outputs = []
    states = init_states
    count = len(data[0] if isinstance(data, (list, tuple)) else data)
    for position in range(count):
        part = [each[position] for each in data] if isinstance(data, (list, tuple)) else data[position]
        out, states = body(part, states)
        outputs.append(out)
    return _stacked(outputs), states


def while_loop(
    cond: Callable[..., Any], func: Callable[..., Any], loop_vars: Any, max_iterations: int | None = None
) -> tuple[Any, Any]:
    """Run ``func(*loop_vars) -> (output, loop_vars)`` while the condition holds; the outputs are stacked."""
    variables = list(loop_vars) if isinstance(loop_vars, (list, tuple)) else [loop_vars]
    outputs: list[Any] = []
    while (max_iterations is None or len(outputs) < max_iterations) and bool(cond(*variables)):
        out, changed = func(*variables)
        variables = list(changed) if isinstance(changed, (list, tuple)) else [changed]
        outputs.append(out)
    return _stacked(outputs), variables


def cond(pred: Any, then_func: Callable[[], Any], else_func: Callable[[], Any]) -> Any:
    """What one of two functions gives."""
    return then_func() if bool(pred) else else_func()


def _stacked(outputs: list[Any]) -> Any:
    from .nd import stack

    if not outputs:
        return []
    if isinstance(outputs[0], (list, tuple)):
        return [stack(*column) for column in zip(*outputs)]
    return stack(*outputs)


__all__ = ["cond", "foreach", "gradientmultiplier", "while_loop"]


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.mxnet.nd.contrib", name, __all__)
