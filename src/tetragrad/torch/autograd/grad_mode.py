"""`torch.autograd.grad_mode`: the modes, where PyTorch keeps them."""

from ...dialects.names import answer_for
from ..modes import (
    enable_grad,
    enforce_grad_layout_policy,
    inference_mode,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)

__all__ = [
    "enable_grad", "enforce_grad_layout_policy", "inference_mode", "no_grad", "set_grad_enabled",
    "set_multithreading_enabled",
]  # fmt: skip

__getattr__ = answer_for(__name__)
