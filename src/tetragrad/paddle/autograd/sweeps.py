"""Backward passes with Paddle's rules: implicit ones, gradients that add up, `grad` that never frees the graph.

For complex numbers Paddle's gradient is the conjugate of the engine's cotangent, so seeds, results and what hooks see
are conjugated here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, NoReturn

import numpy as np

from ...core.gradients import add_to_grads
from ...core.levels import Boxed
from ...core.sweep import own_result, pull, reach
from ...core.tensor import FREED, PLAIN, Leaf, Node
from ...core.tensor import Tensor as CoreTensor
from ...dialects.base import variable
from ...errors import CotangentError, FreedGraphError
from ...families.rules import CONVERT
from ...ops.complex_numbers import conj
from ..dtypes import Size
from ..errors import AlreadyExistsError, FatalError, invalid, require, translate
from ..tensor import Tensor, is_looked_at, overwrite
from .graph import node_name

# Whether `grad` is running: it leaves out the hooks of variables.
_functional: ContextVar[bool] = ContextVar("tetragrad_paddle_functional", default=False)


def go_backward(tensors: Sequence[Any], grad_tensors: Sequence[Any], retain_graph: bool) -> None:
    """Add the gradients of all variables that the Tensors were computed from to their `.grad`."""
    roots, seeds = roots_and_seeds(tensors, grad_tensors, False)
    if not roots:
        return
    accumulate(run_sweep(roots, seeds, retain_graph=bool(retain_graph)), {id(seed) for seed in seeds})


def accumulate(found: dict[Node, Any], taken: set[int]) -> None:
    """Add the cotangents that a sweep found (and gives away) to the `.grad` of the leaves' Tensors."""
    if len(found) == 1:
        leaf, ct = found.popitem()
        owner = leaf.owner() if type(leaf) is Leaf and leaf.owner is not None else None
        if owner is not None and getattr(owner, "_grad", None) is None:
            gradient = _gradient(ct, leaf, type(owner), taken, False)
            leaf = ct = None  # type: ignore[assignment]  # the gradient alone holds its array now
            add_to_grads((owner,), (gradient,))
            return
        found[leaf] = ct
    owners, gradients, shown = [], [], []
    while found:
        leaf, ct = found.popitem()
        owner = leaf.owner() if type(leaf) is Leaf and leaf.owner is not None else None
        if owner is None:
            continue
        owners.append(owner)
        gradients.append(_gradient(ct, leaf, type(owner), taken, False))
        old = getattr(owner, "_grad", None)
        if old is not None and is_looked_at(old):
            shown.append((owner, old))
    old = ct = None  # the gradients alone hold their arrays now
    add_to_grads(owners, gradients)
    for owner, old in shown:  # handles that the user holds see the sum
        overwrite(old, owner._grad)
        owner._grad = old


def tensor_backward(
    self: Tensor, grad_tensor: Any = None, retain_graph: bool = False, *, dump_backward_graph_path: Any = None
) -> None:
    """Go backward from this Tensor and add the gradients to the `.grad` of the variables it was computed from.

    Parameters
    ----------
    grad_tensor : Tensor, optional
        The derivative of the final target with respect to this Tensor, of its shape; ones if left out.
    retain_graph : bool
        Keep the graph for another backward pass.

    Raises
    ------
    AssertionError
        If `grad_tensor` is no Tensor, or has another shape.
    SystemError
        If an earlier backward pass used up the graph.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
    >>> (3 * x).backward(paddle.to_tensor([1.0, 10.0]))
    >>> x.grad.tolist()
    [3.0, 30.0]
    """
    node = self._node
    if grad_tensor is None and node is not None and type(self._value) in PLAIN:
        g = np.ones(node.shape, node.dtype) if node.shape else node.dtype.type(1)
        try:
            found, _ = pull((node,), (g,), retain_graph=bool(retain_graph))
        except (CotangentError, FreedGraphError) as error:
            _raise(error, (node,))
        accumulate(found, {id(g)})
        return
    if grad_tensor is not None:
        require(isinstance(grad_tensor, CoreTensor), "The type of grad_tensor must be paddle.Tensor")
        require(
            grad_tensor.shape == self._value.shape,
            f"Tensor shape not match, Tensor of grad_tensor [ {getattr(grad_tensor, 'name', '')} ] with shape "
            f"{Size(grad_tensor.shape)} mismatch Tensor [ {self.name} ] with shape {self.shape}",
        )
    go_backward((self,), (grad_tensor,), retain_graph)


def grad(
    outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
    only_inputs: bool = True, allow_unused: bool = False, no_grad_vars: Any = None, *,
    dump_backward_graph_path: Any = None,
) -> list[Any]:  # fmt: skip
    """Gradients of the outputs with respect to the inputs, without touching any `.grad`. The graph stays usable.

    Parameters
    ----------
    outputs : Tensor or list of Tensor
    inputs : Tensor or list of Tensor
        Variables, or results on the way to the outputs.
    grad_outputs : Tensor or list of Tensor or None, optional
        The derivative of the final target with respect to each output; ones where left out.
    retain_graph : bool, optional
        Accepted; the graph is never freed here.
    create_graph : bool
        Record this pass, so that the gradients can be differentiated.
    only_inputs : bool
        Only True.
    allow_unused : bool
        Return None for an input that the outputs do not depend on, instead of raising.
    no_grad_vars : Tensor, or list or set of Tensor, optional
        Tensors through which no gradient passes.

    Returns
    -------
    list of Tensor

    Raises
    ------
    ValueError
        If the outputs do not depend on an input.
    RuntimeError
        If an input is given twice.
    AssertionError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
    >>> (g,) = paddle.grad((x**3).sum(), x, create_graph=True)
    >>> paddle.grad(g.sum(), x)[0].tolist()
    [6.0, 12.0]
    """
    outputs = tensor_list(outputs, "outputs")
    inputs = tensor_list(inputs, "inputs")
    require(outputs, "outputs cannot be empty")
    require(inputs, "inputs cannot be empty")
    require(only_inputs is True, "only_inputs=False is not supported yet")
    require(retain_graph is None or isinstance(retain_graph, bool), "retain_graph must be None, True or False")
    require(isinstance(create_graph, bool), "create_graph must be True or False")
    require(isinstance(allow_unused, bool), "allow_unused must be True or False")
    seeds = _matching(grad_outputs, outputs, "grad_outputs", "outputs")
    blocked = _blocked(no_grad_vars)
    nodes = [x._node for x in inputs]
    for position, node in enumerate(nodes):
        if node is not None and node in nodes[:position]:
            raise AlreadyExistsError(
                f"(AlreadyExists) inputs contain duplicate tensor {inputs[position].name}, please check inputs "
                "carefully."
            )
    roots, gs = roots_and_seeds(outputs, seeds, create_graph)
    token = _functional.set(True)
    try:
        found = (
            run_sweep(
                roots, gs, [node for node in nodes if node is not None], create_graph=create_graph, retain_graph=True,
                admit=(lambda node: node not in blocked) if blocked else None,
            )
            if roots
            else {}
        )  # fmt: skip
    finally:
        _functional.reset(token)
    taken = {id(g) for g in gs}
    results: list[Any] = []
    for position, (x, node) in enumerate(zip(inputs, nodes)):
        if node in found:
            results.append(_gradient(found[node], node, type(x), taken, create_graph))
        elif allow_unused:
            results.append(None)
        else:
            raise invalid(
                f"The {position}-th input does not appear in the backward graph. Please check the input tensor or set "
                "allow_unused=True to get None result."
            )
    return results


def run_sweep(roots: Sequence[Node], seeds: Sequence[Any], targets: Any = None, **options: Any) -> dict[Node, Any]:
    """`core.sweep.pull`, with Paddle's error for a graph that was used up."""
    try:
        return pull(roots, seeds, targets, **options)[0]
    except (CotangentError, FreedGraphError) as error:
        _raise(error, roots)


def _raise(error: Exception, roots: Sequence[Node]) -> NoReturn:
    """Raise an error of a sweep as Paddle's users know it."""
    if isinstance(error, FatalError):
        raise error
    if isinstance(error, CotangentError):  # from a hook or a PyLayer
        raise translate(error) from error
    freed = [node for node in reach(roots)[0] if node.residuals is FREED]
    raise FatalError(
        f"(Fatal) The TensorWrappers of {node_name(freed[0]) if freed else 'the graph'} do not exist. This may be "
        "because:\nYou calculate backward twice for the same subgraph without setting retain_graph=True. Please "
        "set retain_graph=True in the first backward/grad call.\n[Hint: Expected node->IsTensorWrappersCleared() "
        "!= true, but received node->IsTensorWrappersCleared():1 == true:1.]"
    ) from error


def roots_and_seeds(
    tensors: Sequence[Any], grad_tensors: Sequence[Any], create_graph: bool
) -> tuple[list[Node], list[Any]]:
    """The nodes of those Tensors that have one, and their cotangents: ones where none is given."""
    roots, seeds = [], []
    for x, given in zip(tensors, grad_tensors):
        node = x._node
        if node is None:
            continue
        boxed = isinstance(x._value, Boxed)
        if given is None:
            g: Any = np.ones(node.shape, node.dtype) if node.shape else node.dtype.type(1)
        else:
            if given.shape != node.shape:
                raise invalid(
                    f"the gradient of an output has shape {list(given.shape)}, the output has shape {list(node.shape)}"
                )
            g = given if create_graph or isinstance(given._value, Boxed) else given._value
            if g.dtype != node.dtype:
                g = CONVERT(g, node.dtype)
            if node.dtype.kind == "c":
                g = conj(g)
        if boxed and not isinstance(g, CoreTensor):
            g = CoreTensor(g, None)
        roots.append(node)
        seeds.append(g)
    return roots, seeds


def _gradient(ct: Any, node: Node, face: type[CoreTensor], taken: set[int], keep_graph: bool) -> Any:
    """A cotangent as a Tensor of its own."""
    if ct is None:
        zeros = np.zeros(node.shape, node.dtype)
        return face(zeros if zeros.ndim else zeros[()], None)
    if ct.dtype is not node.dtype and ct.dtype != node.dtype:
        ct = CONVERT(ct, node.dtype)
    if node.dtype.kind == "c" and face._conjugate_grad:
        ct = conj(ct)
    ct = own_result(ct, taken)
    if isinstance(ct, CoreTensor):
        return face(ct._value, ct._node if keep_graph else None)
    return face(ct, None)


def tensor_list(value: Any, name: str) -> list[Any]:
    """One or several Tensors as a list."""
    listed = list(value) if isinstance(value, (list, tuple)) else [value]
    require(all(isinstance(each, CoreTensor) for each in listed), f"{name} must be Tensor or list of Tensor")
    return listed


def _matching(given: Any, tensors: Sequence[Any], name: str, what: str) -> list[Any]:
    """One seed or None per Tensor."""
    if given is None:
        return [None] * len(tensors)
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    require(
        all(each is None or isinstance(each, CoreTensor) for each in listed),
        f"{name} must be Tensor or list of Tensor or None",
    )
    require(len(listed) == len(tensors), f"The length of {name} must be equal to {what}")
    return listed


def _blocked(no_grad_vars: Any) -> set[Any]:
    if no_grad_vars is None:
        return set()
    listed = [no_grad_vars] if isinstance(no_grad_vars, CoreTensor) else list(no_grad_vars)
    require(all(isinstance(each, CoreTensor) for each in listed), "no_grad_vars can only contains Tensor")
    return {each._node for each in listed} - {None}


def backward(
    tensors: Any, grad_tensors: Any = None, retain_graph: bool = False, *, dump_backward_graph_path: Any = None
) -> None:
    """Go backward from several Tensors at once.

    Parameters
    ----------
    tensors : Tensor or list of Tensor
    grad_tensors : Tensor or list of Tensor or None, optional
        The derivative of the final target with respect to each; ones where left out.
    retain_graph : bool
        Keep the graph for another backward pass.

    Raises
    ------
    AssertionError
        If an argument is of the wrong kind or length, or a Tensor is given twice.
    """
    tensors = tensor_list(tensors, "tensors")
    require(
        len({id(each) for each in tensors}) == len(tensors),
        "The argument 'tensors' of paddle.autograd.backward contains duplicate paddle.Tensor object.",
    )
    seeds = _matching(grad_tensors, tensors, "grad_tensors", "tensors")
    for x, seed in zip(tensors, seeds):
        require(
            seed is None or seed.shape == x.shape,
            f"Tensor shape not match, a grad_tensor with shape {Size(seed.shape) if seed is not None else ''} "
            f"mismatches a Tensor with shape {Size(x.shape)}",
        )
    go_backward(tensors, seeds, retain_graph)


def tensor_hook(tensor: Tensor, hook: Any) -> Callable[[Any], Any]:
    """A user's hook as the engine calls it: not for variables under `grad`, and Tensors only."""
    if not callable(hook):
        raise TypeError(f"register_hook: a hook is a function, got {type(hook).__name__}")
    of_leaf = isinstance(tensor._node, Leaf)
    complex_values = tensor._value.dtype.kind == "c"

    def run(g: Any) -> Any:
        if of_leaf and _functional.get():
            return None
        shown = conj(g) if complex_values else g
        replaced = hook(variable(Tensor, shown._value) if shown._node is None else shown)
        if replaced is None:
            return None
        if not isinstance(replaced, CoreTensor):
            raise TypeError(
                f"hook {getattr(hook, '__qualname__', hook)!s}: it must return a Tensor or None, got "
                f"{type(replaced).__name__}"
            )
        return conj(replaced) if complex_values else replaced

    run.__qualname__ = getattr(hook, "__qualname__", "hook")
    return run
