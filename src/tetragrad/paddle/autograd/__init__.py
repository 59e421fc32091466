"""`paddle.autograd`: backward passes, custom layers, Jacobians and Hessians."""

from typing import Any

from ...dialects.names import missing_name
from ..modes import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .jacobians import Hessian, Jacobian, hessian, jacobian
from .py_layer import PyLayer, PyLayerContext
from .saved import saved_tensors_hooks
from .sweeps import backward, grad

Function = PyLayer

__all__ = [
    "Function", "Hessian", "Jacobian", "PyLayer", "PyLayerContext", "backward", "enable_grad", "grad", "hessian",
    "is_grad_enabled", "jacobian", "no_grad", "saved_tensors_hooks", "set_grad_enabled",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.paddle.autograd", name, __all__)
