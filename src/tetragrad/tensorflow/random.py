"""`tf.random`: draws from one generator, started anew by `set_seed`. The numbers are not TensorFlow's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import impure
from ..dialects.names import missing_name
from .creation import shape_from
from .dtypes import numpy_dtype
from .tensor import EagerTensor, operand

_generator = np.random.default_rng()


def set_seed(seed: int) -> None:
    """Start the generator anew, so that the same draws follow."""
    global _generator
    _generator = np.random.default_rng(int(seed))


def _source(seed: Any) -> np.random.Generator:
    impure("random numbers")
    return _generator if seed is None else np.random.default_rng([int(s) & 0xFFFFFFFF for s in np.ravel(seed)])


def _made(values: Any, dtype: Any) -> EagerTensor:
    return EagerTensor(np.asarray(values).astype(numpy_dtype(dtype))[()], None)


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Draws from a normal distribution.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.random.normal((2, 3)).shape
    TensorShape([2, 3])
    """
    return _made(np.asarray(mean) + np.asarray(stddev) * _source(seed).standard_normal(shape_from(shape)), dtype)


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Draws from a uniform distribution on [minval, maxval); of integers with an integer dtype."""
    kind = numpy_dtype(dtype)
    if kind.kind in "iu":
        if maxval is None:
            raise ValueError(f"Must specify maxval for integer dtype tf.{kind.name}")
        return _made(_source(seed).integers(int(minval), int(maxval), shape_from(shape)), dtype)
    low, high = np.asarray(minval), np.asarray(1 if maxval is None else maxval)
    return _made(low + (high - low) * _source(seed).random(shape_from(shape)), dtype)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Draws from a normal distribution within two standard deviations."""
    source, wanted = _source(seed), shape_from(shape)
    draws = source.standard_normal(wanted)
    while (outside := np.abs(draws) > 2).any():
        draws = np.where(outside, source.standard_normal(wanted), draws)
    return _made(np.asarray(mean) + np.asarray(stddev) * draws, dtype)


def shuffle(value: Any, seed: Any = None, name: str | None = None) -> Any:
    """The rows in random order."""
    x = operand(value)
    return x[()] if not x._value.shape else _rows(x, _source(seed).permutation(x._value.shape[0]))


def _rows(x: EagerTensor, order: Any) -> Any:
    from .indexing import gather

    return gather(x, order)


def categorical(logits: Any, num_samples: int, dtype: Any = "int64", seed: Any = None, name: Any = None) -> Any:
    """Draws of classes, one row for each row of logits."""
    x = np.asarray(operand(logits))
    gumbel = _source(seed).gumbel(size=(x.shape[0], int(num_samples), x.shape[1]))
    return _made((x[:, None, :] + gumbel).argmax(-1), dtype)


def poisson(shape: Any, lam: Any, dtype: Any = "float32", seed: Any = None, name: Any = None) -> Any:
    """Draws from Poisson distributions; the shape is followed by that of `lam`."""
    rate = np.asarray(lam)
    return _made(_source(seed).poisson(rate, (*shape_from(shape), *rate.shape)), dtype)


def gamma(shape: Any, alpha: Any, beta: Any = None, dtype: Any = "float32", seed: Any = None, name: Any = None) -> Any:
    """Draws from gamma distributions (constants: no gradient); the shape is followed by that of `alpha`."""
    a = np.asarray(alpha)
    draws = _source(seed).gamma(a, size=(*shape_from(shape), *a.shape))
    return _made(draws if beta is None else draws / np.asarray(beta), dtype)


stateless_normal = normal
stateless_uniform = uniform

__all__ = [
    "categorical", "gamma", "normal", "poisson", "set_seed", "shuffle", "stateless_normal", "stateless_uniform",
    "truncated_normal", "uniform",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
