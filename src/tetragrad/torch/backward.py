"""Backward passes as PyTorch runs them: what may be a root, a seed or an input, and where gradients go.

Complex gradients are conjugates here, so seeds and results of the engine's sweep (which does not conjugate) are
conjugated on the way in and out.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core import gradients, hooks
from ..core.levels import Boxed
from ..core.mutation import alias_of
from ..core.recording import no_grad
from ..core.sweep import own_result, pull, reach
from ..core.tensor import PLAIN, Node
from ..core.tensor import Tensor as CoreTensor
from ..errors import FreedGraphError, TetragradError
from ..families.rules import CONVERT
from ..numpy.writing import assign
from . import anomaly, dtypes, errors
from .errors import RuntimeError
from .modes import transforming
from .names import SAVING_NOTHING
from .tensor import Tensor, conj

# Weakly, hooks on several Tensors: each sweep first tells them its roots (`prepare`).
watchers: set[weakref.ref[Any]] = set()

ndarray = np.ndarray


def backward(
    tensors: Any, grad_tensors: Any = None, retain_graph: Any = None, create_graph: bool = False,
    grad_variables: Any = None, inputs: Any = None,
) -> None:  # fmt: skip
    """Compute the sum of gradients of the tensors with respect to the leaves (or `inputs`), and add it to `.grad`.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
        What to differentiate.
    grad_tensors : Tensor, None or sequence of them
        The cotangents; None for a tensor with one element means 1.
    retain_graph : bool, optional
        Keep what the graph saved; by default the value of `create_graph`.
    create_graph : bool
        Record the backward pass too.
    inputs : Tensor or sequence of Tensor, optional
        Where gradients go; by default all leaves.
    """
    if transforming.get():
        raise RuntimeError(
            "backward() called inside a functorch transform. This is not supported, please use functorch.grad or "
            "functorch.vjp instead or call backward() outside of functorch transforms."
        )
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only "
                "use `grad_tensors`."
            )
        grad_tensors = grad_variables
    if inputs is not None and not isinstance(inputs, (CoreTensor, Node)) and len(inputs) == 0:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    if create_graph:
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the parameter and its "
            "gradient which can cause a memory leak. We recommend using autograd.grad when creating the graph to "
            "avoid this. If you have to use this function, make sure to reset the .grad fields of your parameters to "
            "None after use to break the cycle and avoid the leak.",
            UserWarning,
            stacklevel=3,
        )
    outputs = as_sequence(tensors)
    seeds = seeds_of(outputs, grad_tensors, bool(create_graph), "tensors")
    retain = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        found = sweep(outputs, seeds, None, bool(create_graph), bool(retain))
        owners = [(leaf.owner() if leaf.owner is not None else None, ct) for leaf, ct in found.items()]
    else:
        targets = as_sequence(inputs)
        for target in targets:
            if target._node is None:
                raise RuntimeError("One of the differentiated Tensors does not require grad")
        found = sweep(outputs, seeds, [target._node for target in targets], bool(create_graph), bool(retain))
        owners = [(target, found[target._node]) for target in dict.fromkeys(targets) if target._node in found]
    accumulate(owners, {id(seed) for seed in seeds})


def as_sequence(tensors: Any) -> tuple[Any, ...]:
    """One Tensor or several, as a tuple."""
    return (tensors,) if isinstance(tensors, CoreTensor) or hasattr(tensors, "output_nr") else tuple(tensors)


def root_of(output: Any) -> Node | None:
    """The engine's node of a Tensor or of a gradient edge."""
    return output._node if isinstance(output, CoreTensor) else output.target()


def seeds_of(outputs: Sequence[Any], gradients: Any, create_graph: bool, what: str) -> list[Any]:
    """The checked cotangents of the outputs, raw where they can be."""
    if gradients is None:
        gradients = [None] * len(outputs)
    elif isinstance(gradients, CoreTensor) or not isinstance(gradients, (list, tuple)):
        gradients = [gradients]
    for g in gradients:
        if g is not None and not isinstance(g, CoreTensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
    if len(gradients) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} {what} and {len(gradients)} gradients")
    return [_seed(i, out, g, create_graph) for i, (out, g) in enumerate(zip(outputs, gradients))]


def _seed(index: int, out: Any, g: Any, create_graph: bool) -> Any:
    if not isinstance(out, CoreTensor) and not hasattr(out, "output_nr"):
        raise TypeError(f"element {index} of tensors is not a Tensor, got {type(out).__name__}")
    node = root_of(out)
    if node is None:
        raise errors.NotRecordedError(f"element {index} of tensors does not require grad and does not have a grad_fn")
    shape, dtype = node.shape, node.dtype
    boxed = isinstance(out, CoreTensor) and isinstance(out._value, Boxed)
    if g is None:
        size = 1
        for length in shape:
            size *= length
        if size != 1:
            raise errors.NonScalarError("grad can be implicitly created only for scalar outputs")
        if dtype.kind == "c":
            raise errors.NonScalarError(
                f"grad can be implicitly created only for real scalar outputs but got {dtypes.as_dtype(dtype)}"
            )
        g = np.ones(shape, dtype) if shape else dtype.type(1)
        return CoreTensor(g, None) if boxed else g
    if tuple(g.shape) != tuple(shape):
        raise errors.CotangentError(
            f"Mismatch in shape: grad_output[{index}] has a shape of {g.shape!r} and output[{index}] has a shape of "
            f"{dtypes.Size(shape)!r}."
        )
    if (g.dtype.kind == "c") != (dtype.kind == "c"):
        raise errors.CotangentError(
            f"For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
            f"dtype: grad_output[{index}] has a dtype of {g.dtype!r} and output[{index}] has a dtype of "
            f"{dtypes.as_dtype(np.dtype(dtype))!r}."
        )
    g = conj(g)
    if isinstance(g._value, Boxed) or boxed or (create_graph and g._node is not None):
        return g
    return g._value if g._value.dtype == dtype else g._value.astype(dtype)


def sweep(
    outputs: Sequence[Any], seeds: Sequence[Any], targets: Sequence[Node] | None, create_graph: bool, retain: bool
) -> dict[Any, Any]:
    """A sweep from Tensors or gradient edges."""
    return sweep_nodes([root_of(out) for out in outputs], seeds, targets, create_graph, retain)


def sweep_nodes(
    roots: Sequence[Any], seeds: Sequence[Any], targets: Sequence[Node] | None, create_graph: bool, retain: bool
) -> dict[Any, Any]:
    """The engine's sweep, with its errors as PyTorch's, its watchers told, and each result checked if wanted."""
    living = [watcher for ref in list(watchers) if (watcher := ref()) is not None] if watchers else ()
    for watcher in living:
        watcher.prepare(roots)
    checks = anomaly.watch(roots) if anomaly.is_enabled() else ()
    try:
        return pull(roots, seeds, targets, create_graph=create_graph, retain_graph=retain, spare=SAVING_NOTHING)[0]
    except FreedGraphError as error:
        raise errors.translate(error) from None
    except TetragradError as error:
        raise errors.translate(error) from error
    finally:
        for check in checks:
            check.remove()


def accumulate(owners: Sequence[tuple[Any, Any]], taken: set[int]) -> None:
    """Add cotangents to the `.grad` of Tensors, all or none; a gradient that is there stays the same Tensor."""
    receivers = [owner for owner, _ in owners if owner is not None]
    new = [fitted(ct, owner, taken) for owner, ct in owners if owner is not None]
    with gradients.turns:  # reading, adding and putting back are one step for other threads
        before = [getattr(owner, "_grad", None) for owner in receivers]
        gradients.add_to_grads(receivers, new)
        for owner, old in zip(receivers, before):
            if old is None:
                continue
            total = owner._grad
            if total._node is not None or type(total._value) not in PLAIN or old._node is not None:
                continue  # part of a graph: a new Tensor
            if alias_of(old) is None:
                old._value = total._value
            else:  # views of the gradient see the sum
                with no_grad():
                    assign(old, total)
            owner._grad = old
    for owner in receivers:
        if hasattr(owner, "_post_hooks"):
            for hook in list(owner._post_hooks.values()):
                hook(owner)


def _give(found: dict[Any, Any], seed: Any) -> bool:
    """Give the one leaf that a sweep met its first gradient, if it is as simple as that."""
    ((leaf, ct),) = found.items()
    owner = None if leaf.owner is None else leaf.owner()
    if type(owner) is not Tensor or hasattr(owner, "_post_hooks") or getattr(owner, "_grad", None) is not None:
        return False
    gradient = fitted(ct, owner, {id(seed)})
    with gradients.turns:
        if getattr(owner, "_grad", None) is None:
            gradients.add_to_grads((owner,), (gradient,))
            return True
    return False


def tensor_backward(
    self: Any, gradient: Any = None, retain_graph: Any = None, create_graph: bool = False, inputs: Any = None
) -> None:
    """Add the gradients of this Tensor to the `.grad` of the leaves (or of `inputs`) it was computed from.

    Parameters
    ----------
    gradient : Tensor, optional
        The cotangent; may be left out if this Tensor has one element.
    retain_graph : bool, optional
        Keep what the graph saved; by default the value of `create_graph`.
    create_graph : bool
        Record the backward pass too.
    inputs : Tensor or sequence of Tensor, optional
        Where gradients go; by default all leaves.
    """
    node, value = self._node, self._value
    if (
        gradient is None and inputs is None and not create_graph and node is not None and not value.shape
        and type(value) in PLAIN and value.dtype.kind == "f" and not transforming.get()
    ):  # fmt: skip
        g = node.dtype.type(1)
        found = sweep_nodes((node,), (g,), None, False, bool(retain_graph))
        if len(found) == 1 and _give(found, g):
            return
        accumulate([(leaf.owner(), ct) for leaf, ct in found.items() if leaf.owner is not None], {id(g)})
    else:
        backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def fitted(ct: Any, like: Any, taken: set[int]) -> Any:
    """A cotangent from the sweep as a Tensor of its own, in the dtype of what it belongs to; zeros for None."""
    value = like._value
    if hasattr(like, "_grad_dtype"):
        return _of_dtype(ct, like, taken)
    face = Tensor if isinstance(like, Tensor) or not isinstance(like, CoreTensor) else type(like)
    if type(ct) is ndarray and ct.dtype is value.dtype and ct.dtype.kind == "f":
        return face(own_result(ct, taken), None)
    if ct is None:
        ct = np.zeros(value.shape, value.dtype)
        ct = ct if ct.ndim else ct[()]
    elif ct.dtype != value.dtype:
        ct = CONVERT(ct, value.dtype)
    if value.dtype.kind == "c" and face._conjugate_grad:
        ct = conj(ct)
    ct = own_result(ct, taken)
    return face(ct._value, ct._node) if isinstance(ct, CoreTensor) else face(ct, None)


def _of_dtype(ct: Any, like: Any, taken: set[int]) -> Any:
    """A cotangent for a leaf whose `grad_dtype` was set."""
    plain = Tensor(like._value, None)
    made = fitted(ct, plain, taken)
    wanted = like._grad_dtype
    return made if wanted is None or made.dtype == wanted else made.to(wanted)


def retain(x: Tensor) -> Any:
    """Register the hook that keeps the gradient of an interior Tensor in its `.grad`."""
    ref = weakref.ref(x)

    def keep(g: Any) -> None:
        owner = ref()
        if owner is None:
            return
        g = conj(g)
        old = getattr(owner, "_grad", None)
        if old is None:
            owner._grad = Tensor(np.array(g._value)[()], None) if g._node is None else g
        else:
            owner._grad = old + g

    return hooks.register(x._node, "tensor", keep, Tensor)  # type: ignore[arg-type]


def reachable(roots: Sequence[Any]) -> set[Node]:
    """All nodes that a sweep from these roots can meet."""
    return set(reach([root for root in roots if root is not None])[0])


__all__ = ["accumulate", "backward", "tensor_backward"]
