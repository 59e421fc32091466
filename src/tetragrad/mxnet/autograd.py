"""`mxnet.autograd`: recording modes, backward passes, gradients as values, and custom functions."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as onp

from ..core import recording as engine
from ..core.bind import describe
from ..core.custom import custom_call
from ..core.gradients import add_to_grads
from ..core.sweep import own_result, pull, reach
from ..core.tensor import FREED, Leaf, Node, Tensor
from ..dialects.names import answer_for
from ..errors import TetragradError
from ..families.rules import CONVERT
from .base import NO_INPUTS, NOT_IN_GRAPH, UNREACHABLE, MXNetError, translate
from .modes import (
    Scope,
    is_recording,
    is_training,
    pause,
    predict_mode,
    record,
    set_recording,
    set_training,
    train_mode,
)
from .ndarray import NDArray


def mark_variables(variables: Any, gradients: Any, grad_reqs: Any = "write") -> None:
    """Make arrays variables whose gradients go into the caller's buffers.

    Parameters
    ----------
    variables, gradients : NDArray or list of NDArray
        ``x.grad`` of each variable is the buffer itself from now on.
    grad_reqs : str or list of str
        ``"write"``, ``"add"`` or ``"null"``.

    Raises
    ------
    MXNetError
        A buffer has another shape than its variable.
    """
    if not isinstance(variables, (list, tuple)):
        variables, gradients = [variables], [gradients]
    if isinstance(grad_reqs, str):
        grad_reqs = [grad_reqs] * len(variables)
    for x, buffer, request in zip(variables, gradients, grad_reqs):
        if not isinstance(x, NDArray) or not isinstance(buffer, NDArray):
            raise TypeError(f"mark_variables takes NDArrays, got {type(x).__name__} and {type(buffer).__name__}")
        if x.shape != buffer.shape:
            raise MXNetError(f"MXNetError: mark_variables: the gradient {describe(buffer)} does not fit {describe(x)}")
        x._attach(buffer, request)


def backward(heads: Any, head_grads: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
    """Go backward from several arrays at once; their gradients add up, and go into the `.grad` of the variables.

    Parameters
    ----------
    heads : NDArray or list of NDArray
    head_grads : NDArray or list, optional
        One cotangent per head, of its shape and dtype; None stands for ones.
    retain_graph : bool
        Keep the graph for another backward pass.
    train_mode : bool
        Whether layers behave as in training.

    Raises
    ------
    MXNetError
        A head was not recorded, or its graph was already used, or a cotangent does not fit.
    """
    nodes, seeds = _heads(heads, head_grads)
    found = _pull(nodes, seeds, None, False, retain_graph, train_mode)
    taken = {id(seed) for seed in seeds}
    owners: list[Any] = []
    gradients = []
    for leaf, ct in found.items():
        owner = leaf.owner() if isinstance(leaf, Leaf) and leaf.owner is not None else None
        if owner is not None:
            owners.append(owner)
            gradients.append(_faced(own_result(_fitted(ct, leaf), taken), type(owner)))
    if all([isinstance(owner, NDArray) and owner._grad_req == "null" for owner in owners]):
        raise MXNetError(NO_INPUTS)
    add_to_grads(owners, gradients)


def _array_backward(self: NDArray, out_grad: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
    """Go backward from this array (as if from its sum) and put the gradients into the `.grad` of the variables.

    Parameters
    ----------
    out_grad : NDArray, optional
        The derivative of the target with respect to this array, of its shape and dtype; ones by default.
    retain_graph : bool
        Keep the graph for another backward pass.
    train_mode : bool
        Whether layers behave as in training.

    Raises
    ------
    MXNetError
        Nothing was recorded for this array, or the graph was already used, or `out_grad` does not fit.
    """
    backward([self], None if out_grad is None else [out_grad], retain_graph, train_mode)


_array_backward.__name__ = "backward"
NDArray.backward = _array_backward


def grad(
    heads: Any,
    variables: Any,
    head_grads: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> list[Any]:
    """Gradients of the (summed) heads as new arrays; `.grad` stays as it is.

    Parameters
    ----------
    heads, head_grads
        As for `backward`.
    variables : NDArray or list of NDArray
        With `attach_grad`, each once.
    retain_graph : bool, optional
        Keep the graph; by default as `create_graph` says.
    create_graph : bool
        Record the backward pass too, so that the gradients can be differentiated.

    Returns
    -------
    list of NDArray

    Raises
    ------
    MXNetError
        A variable is none, or is named twice, or the heads do not depend on it.

    Examples
    --------
    >>> from tetragrad.mxnet import autograd, np
    >>> x = np.array([1.0, 2.0])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = x**3
    ...     dx = autograd.grad(y, [x], create_graph=True)[0]
    >>> dx.backward()
    >>> x.grad
    array([ 6., 12.])
    """
    nodes, seeds = _heads(heads, head_grads)
    if isinstance(variables, NDArray):
        variables = [variables]
    assert variables, "variables cannot be an empty list."
    targets: list[Node] = []
    for x in variables:
        if not isinstance(x, Tensor):
            raise TypeError(f"autograd.grad: a variable is an NDArray, got {type(x).__name__}")
        node = x._node
        if not isinstance(node, Leaf):
            raise MXNetError(
                "MXNetError: Check failed: a variable does not require gradient. Call attach_grad() on it first."
            )
        if node in targets:
            raise MXNetError("MXNetError: Check failed: autograd.grad: the same variable is named twice")
        targets.append(node)
    retain_graph = bool(create_graph if retain_graph is None else retain_graph)
    found = _pull(nodes, seeds, targets, create_graph, retain_graph, train_mode)
    taken = {id(seed) for seed in seeds}
    results = []
    for position, node in enumerate(targets):
        if node not in found:
            raise MXNetError(UNREACHABLE.format(position))
        results.append(_faced(own_result(_fitted(found[node], node), taken), NDArray))
    return results


def _heads(heads: Any, head_grads: Any) -> tuple[list[Node], list[Any]]:
    """The heads' nodes and their cotangents, checked."""
    if not isinstance(heads, (list, tuple)):
        heads = [heads]
        if isinstance(head_grads, Tensor):
            head_grads = [head_grads]
    if head_grads is None:
        head_grads = [None] * len(heads)
    assert len(heads) == len(head_grads), "heads and head_grads must be lists of the same length"
    nodes = []
    seeds = []
    for head, g in zip(heads, head_grads):
        if not isinstance(head, Tensor):
            raise TypeError(f"a head is an NDArray, got {type(head).__name__}")
        node = head._node
        if node is None or node.residuals is FREED:
            raise MXNetError(NOT_IN_GRAPH)
        nodes.append(node)
        if g is None:
            seeds.append(onp.ones(node.shape, node.dtype) if node.shape else node.dtype.type(1))
            continue
        if not isinstance(g, Tensor):
            raise TypeError(f"a head gradient is an NDArray or None, got {type(g).__name__}")
        if g.shape != node.shape:
            raise MXNetError(
                f"MXNetError: Check failed: the head gradient has shape {g.shape}, its head has shape {node.shape}"
            )
        if g.dtype != node.dtype:
            raise MXNetError(
                f"MXNetError: Check failed: data type do not match specified type. Expected: {node.dtype} v.s. given "
                f"{g.dtype}"
            )
        seeds.append(g if g._node is not None else g._value)
    return nodes, seeds


def _pull(
    nodes: Any, seeds: Any, targets: Any, create_graph: bool, retain_graph: bool, train_mode: bool
) -> dict[Node, Any]:
    previous = is_training()
    try:
        if previous is not train_mode:
            set_training(train_mode)
        found, _ = pull(nodes, seeds, targets, create_graph=create_graph, retain_graph=retain_graph)
    except TetragradError as error:
        raise translate(error) from error
    finally:
        if previous is not train_mode:
            set_training(previous)
    if targets is not None and not retain_graph and not create_graph:
        for node in reach(nodes)[0]:  # what did not lead to a variable is used up as well
            if not isinstance(node, Leaf):
                node.residuals = FREED
    return found


def _fitted(ct: Any, leaf: Node) -> Any:
    if ct is None:
        return onp.zeros(leaf.shape, leaf.dtype) if leaf.shape else leaf.dtype.type(0)
    if ct.dtype is leaf.dtype or ct.dtype == leaf.dtype:
        return ct
    return CONVERT(ct, leaf.dtype) if leaf.dtype.kind == "f" else ct.astype(leaf.dtype)


def _faced(ct: Any, face: type[Tensor]) -> Tensor:
    return face(ct._value, ct._node) if isinstance(ct, Tensor) else face(ct, None)


def get_symbol(x: Any) -> Any:
    """MXNet's symbols are not available here: this raises."""
    raise MXNetError(
        "MXNetError: get_symbol: tetragrad.mxnet has no symbolic graphs. To see what was recorded, walk the nodes from "
        "x._node (their .name and .parents)."
    )


class Function:
    """An operation with a backward rule of its own.

    Subclasses give ``forward(self, *inputs)`` and ``backward(self, *cotangents of the outputs)``, which returns one
    cotangent per input. One instance serves one call.

    Examples
    --------
    >>> from tetragrad.mxnet import autograd, np
    >>> class Doubled(autograd.Function):
    ...     def forward(self, x):
    ...         return 2 * x
    ...
    ...     def backward(self, dy):
    ...         return 2 * dy
    >>> x = np.array([1.0, 2.0])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = Doubled()(x)
    >>> y.backward()
    >>> x.grad
    array([2., 2.])
    """

    def __init__(self) -> None:
        self._used = False
        self.saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *args: Any) -> None:
        """Keep arrays for `backward`, which finds them in `saved_tensors`."""
        self.saved_tensors = args

    def forward(self, *inputs: Any) -> Any:
        """The operation; nothing is recorded in here."""
        raise NotImplementedError

    def backward(self, *output_grads: Any) -> Any:
        """The cotangents of the inputs."""
        raise NotImplementedError

    def __call__(self, *inputs: Any) -> Any:
        assert not self._used, "Each Function instance can only be called once. Please create another instance."
        self._used = True
        with Scope(False, None):
            outputs = self.forward(*inputs)
        if not is_recording():
            return outputs
        single = isinstance(outputs, NDArray)
        made = [outputs] if single else list(outputs)
        nodes: list[weakref.ref[Node] | None] = []
        pullback = _Pullback(self, len(inputs), made, nodes)
        face = type(made[0])
        recorded = custom_call(type(self).__name__, face, inputs, [out._value for out in made], pullback, not single)
        nodes.extend([None if out._node is None else weakref.ref(out._node) for out in recorded])
        return recorded[0] if single else tuple(recorded)


class _Pullback:
    """The reverse rule of one call of a `Function`."""

    def __init__(self, function: Function, count: int, outputs: Sequence[NDArray], nodes: list[Any]) -> None:
        self.function = function
        self.count = count
        self.outputs = outputs
        self.nodes = nodes

    def __call__(self, *cotangents: Any) -> Sequence[Any]:
        function = self.function
        recorded = bool(engine.is_recording())
        saved = function.saved_tensors
        if recorded:  # what `forward` saved of its outputs has their history now
            function.saved_tensors = tuple([self._with_history(x) for x in saved])
        try:
            with Scope(recorded, None):
                gradients = function.backward(*cotangents)
        finally:
            function.saved_tensors = saved
        gradients = [gradients] if isinstance(gradients, Tensor) else list(gradients)
        if len(gradients) != self.count:
            raise MXNetError(
                f"MXNetError: {type(function).__name__}.backward must return exactly the same number of NDArrays as "
                f"the number of NDArrays arguments to forward. Expecting {self.count} got {len(gradients)}"
            )
        return gradients

    def _with_history(self, x: Any) -> Any:
        for output, node in zip(self.outputs, self.nodes):
            if x is output and node is not None:
                return type(x)(x._value, node())
        return x


__all__ = [
    "Function", "backward", "get_symbol", "grad", "is_recording", "is_training", "mark_variables", "pause",
    "predict_mode", "record", "set_recording", "set_training", "train_mode",
]  # fmt: skip

__getattr__ = answer_for(__name__)
