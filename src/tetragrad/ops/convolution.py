"""Convolution of sequences, the operation behind `numpy.convolve` and `numpy.correlate`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..families import Case, Real, linear
from .cumulative import flip
from .indexing import getitem

_ANY = Real(-3, 3, complex=True)


def _convolve(x: Any, y: Any) -> Any:
    return np.convolve(x, y)


def _overlap(g: Any, y: Any, length: int, offset: int) -> Any:
    """The part of ``convolve(g, reversed y)`` where the two overlap fully: the transpose of ``convolve(_, y)``."""
    return getitem(convolve(g, flip(y, 0)), index=(slice(offset, offset + length),))


convolve = linear(
    "convolve",
    _convolve,
    [
        lambda g, y, x_shape: _overlap(g, y, x_shape[0], y.shape[0] - 1),
        lambda g, x, y_shape: _overlap(g, x, y_shape[0], x.shape[0] - 1),
    ],
    sample=[Case(_ANY[4], _ANY[3]), Case(_ANY[2], _ANY[5]), Case(_ANY[1], _ANY[1])],
    doc="Full convolution of two sequences: length n + m - 1.",
)
