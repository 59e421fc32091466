"""Forward mode with dual Tensors: ``with dual_level(): x = make_dual(primal, tangent)``."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ...api.variables import inner
from ...core.forward import Dual
from ...core.levels import Level
from ...core.tensor import Tensor as CoreTensor
from ...dialects.names import answer_for
from ..errors import RuntimeError
from ..tensor import Tensor

UnpackedDualTensor = namedtuple("UnpackedDualTensor", ["primal", "tangent"])

_levels: list[Level] = []


def enter_dual_level() -> int:
    """Open the level at which dual Tensors live; PyTorch has only one."""
    if _levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    level = Level("forward_ad", Dual)
    level.open = True
    _levels.append(level)
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Close it."""
    if not _levels:
        raise RuntimeError("Trying to exit a forward AD level but no level is currently active")
    if level not in (None, 0):
        raise RuntimeError("Trying to exit a forward AD level that was not the last one that was created")
    _levels.pop().open = False


class dual_level:
    """``with dual_level():`` dual Tensors can be made inside."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exc: object) -> None:
        exit_dual_level()


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Tensor:
    """The Tensor with a tangent that operations carry along."""
    if not _levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    if tensor._value.dtype.kind not in "fc":
        raise ValueError(f"Expected primal to be floating point or complex, but got: {tensor.dtype}")
    if tangent._value.dtype.kind not in "fc":
        raise ValueError(f"Expected tangent to be floating point or complex, but got: {tangent.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            f"Trying to set a forward gradient that has a different size than that of the original Tensor, this is "
            f"not supported. Tensor is of size {list(tensor.shape)} while the given forward gradient is of size "
            f"{list(tangent.shape)}."
        )
    return Tensor(Dual(_levels[-1], inner(tensor), inner(tangent)), None)


def unpack_dual(tensor: Any, *, level: int | None = None) -> Any:
    """The primal and the tangent of a Tensor (None if it has no tangent)."""
    value = tensor._value
    if not _levels or not isinstance(value, Dual) or value.level is not _levels[-1]:
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(_tensor(value.primal), None if value.tangent is None else _tensor(value.tangent))


def _tensor(value: Any) -> Tensor:
    return Tensor(value._value, value._node) if isinstance(value, CoreTensor) else Tensor(value, None)


__all__ = [
    "UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual",
]  # fmt: skip

__getattr__ = answer_for(__name__)
