"""Hooks of modules on gradients: what crosses a module's inputs and outputs passes an identity that tells them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.function import Function
from ..tensor import Tensor

Gradients = tuple[Any, ...]


class _Crossing(Function):
    """The identity of several Tensors; ``told(gradients)`` may give other gradients."""

    @staticmethod
    def forward(ctx: Any, told: Callable[[Gradients], Gradients], *tensors: Tensor) -> Any:
        ctx.told = told
        return tuple([tensor.view_as(tensor) for tensor in tensors])  # type: ignore[attr-defined]

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return (None, *ctx.told(gradients))


def _crossed(values: Sequence[Any], told: Callable[[Gradients], Gradients]) -> tuple[bool, tuple[Any, ...]]:
    """The values, the recorded Tensors among them behind a crossing; and whether there are any."""
    moving = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value._node is not None]

    def among(gradients: Gradients) -> Gradients:
        every: list[Any] = [None] * len(values)
        for i, g in zip(moving, gradients):
            every[i] = g
        found = told(tuple(every))
        return tuple([found[i] for i in moving])

    if not moving:
        return False, tuple(values)
    behind = _Crossing.apply(among, *[values[i] for i in moving])
    crossed = list(values)
    for i, value in zip(moving, behind):
        crossed[i] = value
    return True, tuple(crossed)


def _replaced(gradients: Gradients, given: Any) -> Gradients:
    """The gradients after a hook, which may have given others."""
    return gradients if given is None else given if isinstance(given, tuple) else (given,)


def call_with_hooks(module: Any, before: Sequence[Any], after: Sequence[Any], args: Sequence[Any], kwargs: Any) -> Any:
    """Call a module with the hooks before (on the gradients of its outputs) and after (on those of its inputs)."""
    outgoing: list[Gradients] = [()]

    def at_inputs(gradients: Gradients) -> Gradients:
        for hook in after:
            gradients = _replaced(gradients, hook(module, gradients, outgoing[0]))
        return gradients

    def at_outputs(gradients: Gradients) -> Gradients:
        for hook in before:
            gradients = _replaced(gradients, hook(module, gradients))
        outgoing[0] = gradients
        if not inputs_move:
            at_inputs((None,) * len(args))
        return gradients

    inputs_move, args = _crossed(args, at_inputs)
    out = module.forward(*args, **kwargs)
    _, outs = _crossed(out if isinstance(out, tuple) else (out,), at_outputs)
    return outs if isinstance(out, tuple) else outs[0]
