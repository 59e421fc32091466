"""`DialectTensor`: what the Tensors of all dialects have in common. Each dialect adds names, defaults and errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import concrete
from ..core.mutation import share
from ..core.tensor import PLAIN, Leaf, Node
from ..core.tensor import Tensor as CoreTensor
from ..numpy import exchange
from ..numpy.tensor import stop_gradient


class DialectTensor(CoreTensor):
    """A Tensor of a dialect: Python's number and container protocols, identity hash, values to NumPy."""

    __slots__ = ()

    __hash__ = object.__hash__

    __dlpack__ = exchange.dlpack
    __dlpack_device__ = exchange.dlpack_device

    def _array(self) -> np.ndarray[Any, Any]:
        """The plain array behind this Tensor (shared memory: do not write into it)."""
        return np.asarray(concrete(self, "this conversion"))

    def item(self, *index: int) -> Any:
        """The one element (or the one at `index`) as a Python number."""
        return self._array().item(*index)

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self._array().tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __bool__(self) -> bool:
        return bool(self._array())

    def __index__(self) -> int:
        return self._array().__index__()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.shape == () and spec else format(str(self), spec)


def variable(face: type[CoreTensor], value: Any) -> Any:
    """A new variable (leaf) of a face with this plain value."""
    made = face(value, None)
    made._node = Leaf(value.shape, value.dtype, made)
    return made


def constant(face: type[CoreTensor], value: Any) -> Any:
    """A plain array, number or Tensor as a constant Tensor of a face."""
    if isinstance(value, CoreTensor):
        stopped = stop_gradient(value)
        return face(stopped._value, None)
    value = np.asarray(value)
    return face(value if value.ndim else value[()], None)


def convert(face: type[CoreTensor], value: Any) -> Any:
    """A Tensor of another dialect as one of this face, with its graph intact; shares memory."""
    if type(value) is face or not isinstance(value, CoreTensor):
        return value
    made = face(value._value, value._node)
    if type(value._value) in PLAIN:
        share(value, made)
    return made


__all__ = ["DialectTensor", "Leaf", "Node", "constant", "convert", "variable"]
