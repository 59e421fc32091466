"""`torch.autograd.grad_mode`: the modes, where PyTorch keeps them."""

from ..modes import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = ["enable_grad", "inference_mode", "no_grad", "set_grad_enabled"]
