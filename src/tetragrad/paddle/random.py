"""Random Tensors, from one generator that `seed` restarts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import concrete, impure
from ..core.tensor import Tensor as CoreTensor
from .dtypes import numpy_dtype
from .errors import require
from .tensor import Tensor, as_operand, made


class Generator:
    """The source of random numbers."""

    def __init__(self) -> None:
        self._numbers = np.random.default_rng()

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from a number: the same numbers follow each time."""
        self._numbers = np.random.default_rng(int(seed) % 2**64)
        return self

    def __getattr__(self, name: str) -> Any:
        impure("random numbers")
        return getattr(self._numbers, name)


generator = Generator()


def seed(seed: int) -> Generator:
    """Restart the generator from a number: the same numbers follow each time."""
    return generator.manual_seed(seed)


def lengths(shape: Any) -> tuple[int, ...]:
    """A shape given as a number, a list, a tuple or a Tensor."""
    if isinstance(shape, CoreTensor):
        shape = np.asarray(concrete(shape, "shape")).tolist()
    return tuple([int(each) for each in shape]) if isinstance(shape, (list, tuple)) else (int(shape),)


def _tensor(values: Any, dtype: Any) -> Tensor:
    return made(np.asarray(values).astype(dtype))


def randn(shape: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Numbers of the standard normal distribution."""
    return _tensor(generator.standard_normal(lengths(shape)), numpy_dtype(dtype))


standard_normal = randn


def normal(mean: Any = 0.0, std: Any = 1.0, shape: Any = None, name: str | None = None) -> Tensor:
    """Numbers of normal distributions, whose means and deviations may be Tensors."""
    mean, std = [np.asarray(concrete(each, "normal()")) for each in (mean, std)]
    size = lengths(shape) if shape is not None else np.broadcast_shapes(mean.shape, std.shape)
    return _tensor(generator.normal(mean, std, size), numpy_dtype(None))


def gaussian(shape: Any, mean: float = 0.0, std: float = 1.0, dtype: Any = None, name: str | None = None) -> Tensor:
    """Numbers of one normal distribution."""
    return _tensor(generator.normal(mean, std, lengths(shape)), numpy_dtype(dtype))


def rand(shape: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Numbers from 0 to 1, 1 excluded."""
    return _tensor(generator.random(lengths(shape)), numpy_dtype(dtype))


def uniform(
    shape: Any, dtype: Any = None, min: float = 0.0, max: float = 1.0, seed: int = 0, name: str | None = None
) -> Tensor:
    """Numbers from `min` to `max`; the same ones each time for a `seed` other than 0."""
    source = np.random.default_rng(seed) if seed else generator
    return _tensor(source.uniform(min, max, lengths(shape)), numpy_dtype(dtype))


def randint(
    low: int = 0, high: int | None = None, shape: Any = (1,), dtype: Any = None, name: str | None = None
) -> Tensor:
    """Whole numbers from `low` to `high`, `high` excluded (from 0 to `low`, if that is all)."""
    if high is None:
        low, high = 0, low
    return _tensor(generator.integers(low, high, lengths(shape)), numpy_dtype(dtype, np.dtype("int64")))


def randperm(n: int, dtype: Any = "int64", name: str | None = None) -> Tensor:
    """The numbers from 0 to n - 1 in random order."""
    return _tensor(generator.permutation(n), numpy_dtype(dtype))


def bernoulli(x: Any, p: float | None = None, name: str | None = None) -> Tensor:
    """Ones with the probabilities that `x` says (or all with `p`), zeros else."""
    chances = np.asarray(concrete(as_operand(x, "bernoulli"), "bernoulli()"))
    drawn = generator.random(chances.shape) < (chances if p is None else p)
    return _tensor(drawn, chances.dtype)


def multinomial(x: Any, num_samples: int = 1, replacement: bool = False, name: str | None = None) -> Tensor:
    """Positions drawn with the weights in each row of `x`."""
    weights = np.asarray(concrete(as_operand(x, "multinomial"), "multinomial()"), dtype=float)
    require(weights.ndim in (1, 2), "multinomial: x must have one or two axes")

    def draw(row: Any) -> Any:
        return generator.choice(len(row), num_samples, replacement, row / row.sum())

    return _tensor(draw(weights) if weights.ndim == 1 else np.stack([draw(row) for row in weights]), np.int64)
