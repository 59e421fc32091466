"""`torch.autograd`: gradients of recorded computations, and everything around them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from ...core.tensor import Tensor as CoreTensor
from ...dialects.names import missing_name
from .. import backward as driver
from ..anomaly import detect_anomaly, set_detect_anomaly
from ..backward import backward
from ..errors import NotRecordedError, RuntimeError
from ..modes import (
    enable_grad,
    enforce_grad_layout_policy,
    inference_mode,
    is_multithreading_enabled,
    is_view_replay_enabled,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from ..tensor import Tensor
from . import forward_ad, function, functional, grad_mode, graph
from . import gradcheck as _gradcheck
from .function import Function
from .gradcheck import gradgradcheck

gradcheck = _gradcheck.gradcheck


def grad(
    outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
    only_inputs: bool = True, allow_unused: bool | None = None, is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:  # fmt: skip
    """Gradients of the sum of the outputs with respect to the inputs; `.grad` is left alone.

    Parameters
    ----------
    outputs, inputs : Tensor, gradient edge, or sequence of them
        `inputs` may be a dict, then the result is one.
    grad_outputs : Tensor, None or sequence of them
        The cotangents of the outputs.
    retain_graph : bool, optional
        Keep what the graph saved; by default the value of `create_graph`.
    create_graph : bool
        Record the backward pass, so that the gradients can be differentiated.
    only_inputs : bool
        Ignored, as in PyTorch.
    allow_unused : bool, optional
        None for an input that the outputs do not depend on, instead of an error; by default `materialize_grads`.
    is_grads_batched : bool
        The cotangents have a leading axis of examples, and so have the results.
    materialize_grads : bool
        Zeros for inputs that the outputs do not depend on.

    Returns
    -------
    tuple of Tensor

    Examples
    --------
    >>> import tetragrad.torch as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> torch.autograd.grad((x * x).sum(), x)
    (tensor([2., 4.]),)
    """
    if allow_unused is False and materialize_grads:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if not only_inputs:
        warnings.warn("only_inputs argument is deprecated and is ignored now", FutureWarning, stacklevel=2)
    if isinstance(inputs, dict):
        found = grad(
            outputs, tuple(inputs.values()), grad_outputs, retain_graph, create_graph, only_inputs, allow_unused,
            is_grads_batched, materialize_grads,
        )  # fmt: skip
        return dict(zip(inputs, found))
    allow = materialize_grads if allow_unused is None else allow_unused
    outs, targets = driver.as_sequence(outputs), driver.as_sequence(inputs)
    if not targets:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    seeds = [] if is_grads_batched else driver.seeds_of(outs, grad_outputs, bool(create_graph), "tensors")
    for position, target in enumerate(targets):
        if not isinstance(target, CoreTensor) and not hasattr(target, "output_nr"):
            raise TypeError(f"grad(): element {position} of inputs must be a Tensor, not {type(target).__name__}")
        if driver.root_of(target) is None:
            raise NotRecordedError("One of the differentiated Tensors does not require grad")
    retain = bool(create_graph if retain_graph is None else retain_graph)
    if is_grads_batched:
        return _batched(outs, targets, grad_outputs, retain, create_graph, allow, materialize_grads)
    return _gradients(outs, targets, seeds, retain, create_graph, allow, materialize_grads)


def _gradients(
    outs: Sequence[Any], targets: Sequence[Any], seeds: Sequence[Any], retain: bool, create: bool, allow: bool,
    fill: bool,
) -> tuple[Any, ...]:  # fmt: skip
    nodes = [driver.root_of(target) for target in targets]
    found = driver.sweep(outs, seeds, nodes, bool(create), retain)  # type: ignore[arg-type]
    taken = {id(seed) for seed in seeds}
    results = []
    for index, (target, node) in enumerate(zip(targets, nodes)):
        like = target if isinstance(target, Tensor) else target.like()
        if node in found:
            results.append(driver.fitted(found[node], like, taken))
        elif fill:
            results.append(driver.fitted(None, like, taken))
        elif allow:
            results.append(None)
        else:
            raise RuntimeError(
                f"The differentiated Tensor at index {index} appears to not have been used in the graph. Set "
                f"allow_unused=True if this is the desired behavior."
            )
    return tuple(results)


def _batched(
    outs: Sequence[Any], targets: Sequence[Any], grad_outputs: Any, retain: bool, create: bool, allow: bool, fill: bool
) -> tuple[Any, ...]:
    """One sweep per example, the results stacked."""
    from ..shaping import stack

    given = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    if any([g is None for g in given]):
        raise RuntimeError("grad_outputs must be given for every output when is_grads_batched=True")
    sizes = {len(g) for g in given}
    if len(sizes) != 1:
        raise RuntimeError(f"grad_outputs must have one batch size, got {sorted(sizes)}")
    (size,) = sizes
    rows = []
    for i in range(size):
        seeds = driver.seeds_of(outs, [g[i] for g in given], bool(create), "tensors")
        rows.append(_gradients(outs, targets, seeds, retain or i + 1 < size, create, allow, fill))
    return tuple([None if column[0] is None else stack(column) for column in zip(*rows)])


def variable_class(data: Tensor, requires_grad: bool = False, volatile: Any = None) -> Tensor:
    """The old name of a Tensor that is differentiated."""
    return data.detach().requires_grad_(requires_grad)


Variable = variable_class

__all__ = [
    "Function", "Variable", "backward", "detect_anomaly", "enable_grad", "enforce_grad_layout_policy",
    "forward_ad", "function", "functional", "grad", "grad_mode", "gradcheck", "gradgradcheck", "graph",
    "inference_mode", "is_multithreading_enabled", "is_view_replay_enabled", "no_grad", "set_detect_anomaly",
    "set_grad_enabled", "set_multithreading_enabled",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.torch.autograd", name, __all__)
