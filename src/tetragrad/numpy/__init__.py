"""The NumPy-shaped face: NumPy's names and signatures, on plain arrays and on Tensors.

Plain arrays in, plain arrays out; with a Tensor among the arguments the result is a Tensor and the operation is
recorded. These are composites of the primitives in `tetragrad.ops`; no derivative rule lives here.
"""

# ruff: noqa: F401, F403
from typing import Any

from numpy import (
    bool_,
    complex64,
    complex128,
    dtype,
    e,
    errstate,
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
    ndarray,
    newaxis,
    pi,
    uint8,
)

from . import linalg
from .contraction import *
from .creation import *
from .differences import *
from .elementwise import *
from .indexing import *
from .joining import *
from .padding import *
from .reductions import *
from .shaping import *
from .sorting import *
from .statistics import *
from .tensor import Tensor
from .writing import *


def __getattr__(name: str) -> Any:
    """`numpy.random`, which takes a while to import, when it is first asked for."""
    if name == "random":
        import numpy

        return numpy.random
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
