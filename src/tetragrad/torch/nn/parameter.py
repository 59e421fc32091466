"""`torch.nn.Parameter`: a Tensor that modules register as theirs."""

from __future__ import annotations

from typing import Any

from ..creation import zeros
from ..tensor import Tensor


class _ParameterMeta(type):
    """Parameters are Tensors with a mark: operations on them give Tensors."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and hasattr(instance, "_parameter")


class Parameter(metaclass=_ParameterMeta):
    """``Parameter(data, requires_grad=True)``: a leaf with the values of `data`."""

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        made: Any = zeros(0) if data is None else data.detach()
        made._parameter = True
        made.requires_grad = requires_grad
        return made


__all__ = ["Parameter"]
