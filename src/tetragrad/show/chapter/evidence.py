"""Small tools by which the sections measure what they claim."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from typing import Any

import numpy


def plain(x: Any) -> Any:
    """The value of an array or a Tensor as a NumPy array."""
    return x.numpy() if hasattr(x, "numpy") else numpy.asarray(x)


def gap(x: Any, y: Any) -> float:
    """Largest absolute difference of two arrays or Tensors."""
    return float(numpy.max(numpy.abs(plain(x) - plain(y))))


def same(x: Any, y: Any) -> bool:
    """Whether two arrays or Tensors are equal, element by element."""
    return numpy.array_equal(plain(x), plain(y))


def central_difference(f: Callable[[float], Any], x: float, step: float = 1e-5) -> float:
    """Derivative of a function of one number, from two values of it."""
    return (float(f(x + step)) - float(f(x - step))) / (2 * step)


def microseconds(function: Callable[[], Any], repeats: int = 7, seconds: float = 0.01) -> float:
    """Time of one call in microseconds: the best of several batches, each about `seconds` long."""
    timer = timeit.Timer(function)
    timer.timeit(1)  # warm up
    number = max(1, int(seconds / max(timer.timeit(1), 1e-7)))
    return min(timer.repeat(repeats, number)) / number * 1e6
