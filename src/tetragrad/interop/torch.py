"""The border to PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .border import exported, foreign, gradient_of, imported


def from_torch(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of torch tensors as one of tetragrad's arrays, through which gradients flow.

    Parameters
    ----------
    function : callable
        ``function(*torch tensors) -> torch tensor or tuple of them``. Parameters that it holds (of a torch module) are
        constants here.

    Returns
    -------
    callable
        ``(*arrays or Tensors) -> array or Tensor``, or a tuple. Memory is shared where it can be.

    Raises
    ------
    OperationError
        PyTorch is not installed.
    MissingRuleError
        When called inside `jvp` or `vmap`: reverse mode alone crosses the border.
    """
    torch = foreign("from_torch", "torch")

    def run(arrays: Sequence[Any]) -> Any:
        xs = [_import(torch, array) for array in arrays]
        with torch.enable_grad():
            out = function(*[_attached(x) for x in xs])
        several = isinstance(out, (tuple, list))
        outs = list(out) if several else [out]
        wanted = [place for place, x in enumerate(xs) if x.requires_grad]

        def pull(gs: Sequence[Any]) -> list[Any]:
            pairs = [(o, _import(torch, np.conj(g)).detach()) for o, g in zip(outs, gs) if o.requires_grad]
            cotangents: list[Any] = [None] * len(xs)
            if pairs and wanted:
                heads, seeds = zip(*pairs)
                found = torch.autograd.grad(
                    heads, [xs[place] for place in wanted], seeds, retain_graph=True, allow_unused=True
                )
                for place, ct in zip(wanted, found):
                    cotangents[place] = None if ct is None else np.conj(_export(ct))
            return cotangents

        return [_export(o) for o in outs], several, pull

    return imported("from_torch", run, lambda count: from_torch(_torch_gradient(torch, function, count)))


def _torch_gradient(torch: Any, function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """``(*cotangents, *inputs) -> cotangents of the inputs`` in torch, in our convention for complex numbers."""

    def gradient(*arguments: Any) -> tuple[Any, ...]:
        gs, xs = arguments[:count], arguments[count:]
        wanted = [x for x in xs if x.requires_grad]
        out = function(*xs)
        pairs = [(o, g.conj()) for o, g in zip(out if isinstance(out, (tuple, list)) else [out], gs) if o.requires_grad]
        if not pairs:
            return tuple([torch.zeros_like(x) for x in xs])
        heads, seeds = zip(*pairs)
        found = iter(
            torch.autograd.grad(heads, wanted, seeds, create_graph=True, allow_unused=True, materialize_grads=True)
        )
        return tuple([next(found).conj() if x.requires_grad else torch.zeros_like(x) for x in xs])

    return gradient


def to_torch(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of tetragrad's arrays as one of torch tensors, through which torch's gradients flow.

    Parameters
    ----------
    function : callable
        ``function(*arrays) -> array or tuple of arrays``, written with `tetragrad.numpy` and operators.

    Returns
    -------
    callable
        ``(*torch tensors) -> torch tensor``, or a tuple; on the CPU.

    Raises
    ------
    OperationError
        PyTorch is not installed.
    """
    torch = foreign("to_torch", "torch")

    class Border(torch.autograd.Function):  # type: ignore[name-defined]
        """One call of the function."""

        @staticmethod
        def forward(ctx: Any, *xs: Any) -> Any:
            outputs, several, pull = exported(function, [_export(x) for x in xs])
            ctx.pull, ctx.several, ctx.count = pull, several, len(outputs)
            ctx.save_for_backward(*xs)
            made = tuple([torch.from_numpy(np.array(out)) for out in outputs])
            return made if several else made[0]

        @staticmethod
        def backward(ctx: Any, *gs: Any) -> Any:
            xs = ctx.saved_tensors
            if torch.is_grad_enabled():
                found = to_torch(gradient_of(function, ctx.count))(*[g.conj() for g in gs], *xs)
                found = [ct.conj() for ct in found]
            else:
                found = [
                    None if ct is None else torch.from_numpy(np.array(np.conj(ct)))
                    for ct in ctx.pull([_export(g.conj()) for g in gs])
                ]
            return tuple([ct if needed else None for ct, needed in zip(found, ctx.needs_input_grad)])

    def call(*args: Any) -> Any:
        return Border.apply(*[arg if isinstance(arg, torch.Tensor) else torch.as_tensor(arg) for arg in args])

    return call


def _import(torch: Any, array: Any) -> Any:
    """An array as a torch tensor that shares its memory, or not where NumPy says that it must not be written."""
    array = np.asarray(array)
    if not array.flags.writeable or any([stride < 0 for stride in array.strides]):
        array = array.copy()
    x = torch.from_dlpack(array) if array.ndim and array.dtype != bool else torch.from_numpy(np.array(array))
    return x.requires_grad_() if x.is_floating_point() or x.is_complex() else x


def _attached(x: Any) -> Any:
    """A tensor that the function may also change in place."""
    return x.view_as(x) if x.requires_grad else x


def _export(x: Any) -> np.ndarray[Any, Any]:
    return x.detach().cpu().resolve_conj().resolve_neg().numpy()
