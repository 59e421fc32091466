"""`maximum` and its like, which give all of the derivative to the first operand where MXNet does: at ties."""

from __future__ import annotations

from typing import Any

from ... import numpy as face
from ..ndarray import ndarray
from ..operations import operation


def _maximum(x1: Any, x2: Any) -> Any:
    return face.where(face.logical_or(face.greater_equal(x1, x2), face.isnan(x1)), x1, x2)


def _minimum(x1: Any, x2: Any) -> Any:
    return face.where(face.logical_or(face.less_equal(x1, x2), face.isnan(x1)), x1, x2)


def _fmax(x1: Any, x2: Any) -> Any:
    return face.where(face.logical_or(face.greater_equal(x1, x2), face.isnan(x2)), x1, x2)


def _fmin(x1: Any, x2: Any) -> Any:
    return face.where(face.logical_or(face.less_equal(x1, x2), face.isnan(x2)), x1, x2)


maximum = operation(ndarray, _maximum, "maximum")
minimum = operation(ndarray, _minimum, "minimum")
fmax = operation(ndarray, _fmax, "fmax")
fmin = operation(ndarray, _fmin, "fmin")
