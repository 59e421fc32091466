"""The TensorFlow dialect: ``import tetragrad.tensorflow as tf`` in place of ``import tensorflow as tf``.

Names, defaults, errors and printing are TensorFlow's; every operation and derivative is tetragrad's. Programs run
eagerly.
"""

# ruff: noqa: F401, F403
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from numpy import newaxis as newaxis

from ..dialects.names import missing_name
from . import (
    autodiff,
    compat,
    config,
    data,
    debugging,
    dtypes,
    errors,
    keras,
    linalg,
    math,
    nest,
    nn,
    random,
    raw_ops,
    test,
)
from .control import *
from .conversion import constant, convert_to_tensor
from .creation import *
from .custom import (
    AggregationMethod,
    RegisterGradient,
    custom_gradient,
    grad_pass_through,
    gradients,
    hessians,
    no_gradient,
    numpy_function,
    py_function,
    recompute_grad,
    stop_gradient,
)
from .dtypes import (
    DType,
    TensorShape,
    as_dtype,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .dtypes import bool_ as bool
from .elementwise import (
    abs,
    acos,
    acosh,
    add,
    add_n,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cast,
    clip_by_value,
    complex,
    cos,
    cosh,
    divide,
    equal,
    exp,
    floor,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    pow,
    round,
    saturate_cast,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    truediv,
    where,
)
from .elementwise import logical_not_ as logical_not
from .function import Function, TensorSpec, executing_eagerly, function
from .indexed_slices import IndexedSlices
from .indexing import (
    boolean_mask,
    gather,
    gather_nd,
    scatter_nd,
    tensor_scatter_nd_add,
    tensor_scatter_nd_sub,
    tensor_scatter_nd_update,
    unique,
)
from .module import Module
from .products import clip_by_global_norm, clip_by_norm, einsum, matmul, norm, tensordot
from .reductions import (
    argmax,
    argmin,
    argsort,
    cumsum,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
    sort,
)
from .shaping import *
from .shaping import slice_ as slice
from .tape import GradientTape, UnconnectedGradients
from .tensor import EagerTensor, Tensor
from .variable import Variable

# The version of TensorFlow whose behaviour is followed.
__version__ = "2.21.0"


def is_tensor(x: Any) -> Any:
    """Whether something is a Tensor or a Variable."""
    return isinstance(x, (Tensor, Variable, IndexedSlices))


def device(device_name: Any) -> Any:
    """Context that would choose a device: everything runs on the CPU."""
    return contextlib.nullcontext()


@contextlib.contextmanager
def name_scope(name: str) -> Iterator[str]:
    """Context that would prefix names of operations."""
    yield f"{name}/"


def print(*inputs: Any, output_stream: Any = None, end: str = "\n", sep: str = " ", **kwargs: Any) -> None:
    """Print values, Tensors as their arrays; to the standard error stream by default, as TensorFlow does."""
    import builtins
    import sys

    stream = (
        output_stream if hasattr(output_stream, "write") else sys.stdout if output_stream == sys.stdout else sys.stderr
    )
    builtins.print(*[x.numpy() if is_tensor(x) else x for x in inputs], sep=sep, end=end, file=stream)


def group(*inputs: Any, **kwargs: Any) -> None:
    """Nothing to do: operations run when they are called."""


def control_dependencies(control_inputs: Any) -> Any:
    """Context without effect: operations run in the order of the program."""
    return contextlib.nullcontext()


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """The Tensor, if it has the shape (None stands for any length)."""
    x = convert_to_tensor(x)
    if not x.shape.is_compatible_with(tuple(shape)):
        raise errors.InvalidArgumentError(
            None,
            "EnsureShape",
            f"Shape of tensor x {list(x.shape)} is not compatible with expected shape {list(shape)}.",
        )
    return x


optimizers = keras.optimizers

_MODULES = frozenset(
    "autodiff compat config data debugging dtypes errors keras linalg math nest nn optimizers random raw_ops "
    "test".split()
)


def __dir__() -> list[str]:
    return [
        name
        for name, value in globals().items()
        if name in _MODULES or not (name.startswith("_") or isinstance(value, ModuleType) or name in _HELPERS)
    ]


_HELPERS = frozenset({"Any", "Iterator", "ModuleType", "annotations", "missing_name"})


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __dir__())
