"""Starting values for `create_parameter`: each is called with a shape and a dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.levels import concrete
from ...dialects.names import answer_for
from ..random import generator


class Constant:
    """One value everywhere."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any) -> Any:
        return np.full(shape, self.value, dtype)


class Assign:
    """Given values."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any) -> Any:
        return np.asarray(concrete(self.value, "Assign"), dtype).reshape(shape)


class Normal:
    """Numbers of a normal distribution."""

    def __init__(self, mean: float = 0.0, std: float = 1.0) -> None:
        self.mean, self.std = mean, std

    def __call__(self, shape: Any, dtype: Any) -> Any:
        return generator.normal(self.mean, self.std, shape).astype(dtype)


class Uniform:
    """Numbers from `low` to `high`."""

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        self.low, self.high = low, high

    def __call__(self, shape: Any, dtype: Any) -> Any:
        return generator.uniform(self.low, self.high, shape).astype(dtype)


__getattr__ = answer_for(__name__)
