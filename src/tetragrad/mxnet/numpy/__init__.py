"""`mxnet.np`: NumPy's functions on MXNet's arrays, float32 by default, recorded inside `autograd.record`."""

# ruff: noqa: F401

from __future__ import annotations

from typing import Any

from numpy import (
    bool_,
    e,
    euler_gamma,
    finfo,
    float16,
    float32,
    float64,
    iinfo,
    inf,
    int8,
    int16,
    int32,
    int64,
    nan,
    newaxis,
    pi,
    uint8,
)

from ... import numpy as face
from ...dialects.names import missing_name
from .. import choices
from .. import methods as _methods
from ..ndarray import ndarray
from ..operations import operation
from . import linalg, random
from .creation import (
    arange,
    array,
    asarray,
    copy,
    empty,
    eye,
    full,
    full_like,
    hanning,
    identity,
    indices,
    linspace,
    logspace,
    meshgrid,
    ones,
    ones_like,
    tri,
    zeros,
    zeros_like,
)
from .elementwise import fmax, fmin, maximum, minimum

empty_like = zeros_like
PZERO, NZERO = 0.0, -0.0

# Functions that are those of the NumPy-shaped face but for dtypes and recording.
OPERATIONS = """
    abs absolute add all amax amin any append arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin
    argsort argwhere around array_split atleast_1d atleast_2d atleast_3d average bitwise_and bitwise_not bitwise_or
    bitwise_xor broadcast_arrays broadcast_to cbrt ceil clip column_stack concatenate copysign cos cosh count_nonzero
    cross cumprod cumsum deg2rad degrees delete diag diagflat diagonal diff divide dot dsplit dstack ediff1d einsum
    equal exp expand_dims expm1 fabs fix flatnonzero flip fliplr flipud floor floor_divide fmod greater greater_equal
    hsplit hstack hypot inner insert interp invert isfinite isinf isnan isneginf isposinf kron lcm ldexp less less_equal
    log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor matmul max mean median min mod
    moveaxis multiply nan_to_num negative nonzero not_equal outer pad percentile positive power prod quantile
    rad2deg radians ravel reciprocal remainder repeat reshape rint roll rollaxis rot90 round sign sin sinh sort split
    sqrt square squeeze stack std subtract sum swapaxes take tan tanh tensordot tile trace transpose tril triu
    true_divide trunc unique unravel_index var vdot vsplit vstack where
""".split()

for _name in OPERATIONS:
    globals()[_name] = operation(ndarray, getattr(choices, _name, None) or getattr(face, _name), _name)

bool = bool_
concat = globals()["concatenate"]
row_stack = globals()["vstack"]


def may_share_memory(a: Any, b: Any, max_work: Any = None) -> Any:
    """Whether two arrays may look into the same memory."""
    import numpy

    return numpy.may_share_memory(a._value, b._value)


def shape(a: Any) -> tuple[int, ...]:
    """Lengths of the axes."""
    return tuple(a.shape)


def ndim(a: Any) -> int:
    """Number of axes."""
    return len(a.shape)


def size(a: Any) -> int:
    """Number of elements."""
    return int(a.size)


def array_equal(a1: Any, a2: Any) -> Any:
    """Whether two arrays have the same shape and elements."""
    return face.array_equal(asarray(a1).asnumpy(), asarray(a2).asnumpy())


def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: Any = False) -> Any:
    """Whether two arrays are equal within a tolerance."""
    return face.allclose(asarray(a).asnumpy(), asarray(b).asnumpy(), rtol, atol, equal_nan)


def set_printoptions(*args: Any, **kwargs: Any) -> None:
    """As `numpy.set_printoptions`, which decides how these arrays print too."""
    import numpy

    numpy.set_printoptions(*args, **kwargs)


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.mxnet.np", name, globals())


__all__ = sorted(
    {name for name in globals() if not name.startswith("_")}
    - {"Any", "OPERATIONS", "annotations", "choices", "creation", "elementwise", "face", "missing_name", "operation"}
)
