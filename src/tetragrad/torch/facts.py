"""What a Tensor knows of its memory, of its place in the graph, of its gradient's dtype and of inference mode."""

from __future__ import annotations

from typing import Any

from ..core.bind import Pick
from ..core.mutation import Alias, alias_of
from ..core.tensor import Tensor as CoreTensor
from . import dtypes, errors
from .errors import RuntimeError
from .modes import ever_inferred, is_inference_mode_enabled

# -- memory -----------------------------------------------------------------------------------------------------------


def version(x: Any) -> int:
    """How often this Tensor, or a Tensor it shares memory with, was written in place."""
    if is_inference(x):
        raise RuntimeError("Inference tensors do not track version counter.")
    alias = alias_of(x)
    shared = 0 if alias is None or hasattr(x, "_apart") else alias.storage.version
    return getattr(x, "_bumps", 0) + shared


def bump(x: Any) -> None:
    """Count a write into a Tensor. What `.data` gave has a count of its own."""
    alias = alias_of(x)
    if alias is None or hasattr(x, "_apart"):
        x._bumps = getattr(x, "_bumps", 0) + 1
    else:
        alias.storage.version += 1


def base(x: Any) -> Any:
    """The Tensor that this one is a view of, or None."""
    alias = alias_of(x)
    if alias is None or alias.above is None:
        return None
    for member in alias.storage.living():
        found: Alias | None = alias_of(member)
        if found is not None and found.above is None and found.history is alias.history:
            return member
    history = alias.history  # that Tensor is gone: one like it
    return type(x)(alias.storage.value if history.value is None else history.value, history.node)


# -- graph and gradient -----------------------------------------------------------------------------------------------


def output_nr(x: Any) -> int:
    """Which output of its operation this Tensor is."""
    node = x._node
    number: int = node.residuals[0] if node is not None and node.primitive is Pick else 0
    return number


def grad_dtype(x: Any) -> Any:
    """The dtype that the gradient of a leaf has: its own unless it was set; None for any."""
    if not x.is_leaf:
        raise RuntimeError("grad_dtype can only be accessed on leaf tensors.")
    return getattr(x, "_grad_dtype", x.dtype)


def set_grad_dtype(x: Any, dtype: Any) -> None:
    """Let the gradient of a leaf have another dtype than the leaf."""
    if not x.is_leaf:
        raise RuntimeError("grad_dtype can only be set on leaf tensors.")
    if dtype is not None and not isinstance(dtype, dtypes.dtype):
        raise TypeError(f"grad_dtype must be a torch.dtype or None, but got {type(dtype).__name__}")
    held = getattr(x, "_grad", None)
    if held is not None and dtype is not None and dtype != held.dtype:
        raise RuntimeError(
            f"Cannot set grad_dtype to '{dtype.legacy}' because there is already a gradient with dtype "
            f"'{held.dtype.legacy.lower()}'. Please clear the gradient (.grad = None) before changing grad_dtype, or "
            f"ensure the new grad_dtype matches the existing gradient's dtype."
        )
    x._grad_dtype = dtype


def check_gradient(x: Any, gradient: Any) -> None:
    """Refuse what cannot be the `.grad` of a Tensor."""
    if not isinstance(gradient, CoreTensor):
        raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(gradient).__name__}")
    if gradient is x:
        raise RuntimeError("can't assign Variable as its own grad")
    if gradient.shape != x.shape:
        raise errors.CotangentError(
            f"attempting to assign a gradient of size '{list(gradient.shape)}' to a tensor of size "
            f"'{list(x.shape)}'. Please ensure that the gradient and the tensor are the same size"
        )
    wanted, given = getattr(x, "_grad_dtype", x.dtype), dtypes.as_dtype(gradient._value.dtype)
    if wanted is not None and given != wanted:
        raise errors.CotangentError(
            f"attempting to assign a gradient with dtype '{given.legacy.lower()}' to a tensor with grad_dtype "
            f"'{wanted.legacy}'. The gradient must match the tensor's grad_dtype (defaults to the tensor's dtype). You "
            f"can set the tensor's grad_dtype attribute with a specific dtype, or None to allow any dtype."
        )


# -- inference mode ---------------------------------------------------------------------------------------------------


def is_inference(x: Any) -> bool:
    """Whether this Tensor was made in inference mode, or looks into the memory of one that was."""
    if not ever_inferred():
        return False
    if hasattr(x, "_inferred"):
        return True
    alias = alias_of(x)
    return alias is not None and any([hasattr(member, "_inferred") for member in alias.storage.living()])


def check_inference(x: Any, what: str) -> None:
    """Refuse to change a Tensor of inference mode outside that mode."""
    if is_inference(x) and not is_inference_mode_enabled():
        raise RuntimeError(
            f"{what} inference tensor outside InferenceMode is not allowed. You can make a clone to get a normal "
            f"tensor before doing so. See https://github.com/pytorch/rfcs/pull/17 for more details."
        )
