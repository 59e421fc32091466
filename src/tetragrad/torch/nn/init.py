"""`torch.nn.init`: values for parameters before training."""

from __future__ import annotations

import math
from typing import Any

from ...core.recording import no_grad
from ...dialects.names import answer_for
from ..random import normal_ as _normal
from ..random import uniform_ as _uniform


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0) -> Any:
    """Uniform on [a, b)."""
    with no_grad():
        return _uniform(tensor, a, b)


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    """Normal."""
    with no_grad():
        return _normal(tensor, mean, std)


def constant_(tensor: Any, val: float) -> Any:
    """One value everywhere."""
    with no_grad():
        return tensor.fill_(val)


def zeros_(tensor: Any) -> Any:
    """Zeros."""
    return constant_(tensor, 0)


def ones_(tensor: Any) -> Any:
    """Ones."""
    return constant_(tensor, 1)


def _fans(tensor: Any) -> tuple[int, int]:
    """How many numbers come in to, and go out of, one element of a layer's result."""
    shape = tuple(tensor.shape)
    if len(shape) < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def xavier_uniform_(tensor: Any, gain: float = 1.0) -> Any:
    """Uniform, with the variance 2 / (fan in + fan out) (Glorot and Bengio, 2010)."""
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Any, gain: float = 1.0) -> Any:
    """Normal, with the variance 2 / (fan in + fan out)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_fans(tensor))))


def kaiming_uniform_(tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Any:
    """Uniform, with the variance 2 / ((1 + a**2) fan) (He and others, 2015)."""
    bound = math.sqrt(6.0 / (1 + a**2) / _fans(tensor)[mode == "fan_out"])
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Any:
    """Normal, with the variance 2 / ((1 + a**2) fan)."""
    return normal_(tensor, 0.0, math.sqrt(2.0 / (1 + a**2) / _fans(tensor)[mode == "fan_out"]))


__all__ = [
    "constant_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "uniform_", "xavier_normal_",
    "xavier_uniform_", "zeros_",
]  # fmt: skip

__getattr__ = answer_for(__name__)
