"""`mxnet.nd`: a small part of MXNet's older array interface, over the same arrays without NumPy's printing.

Reductions give arrays of one element, comparisons give 0.0 and 1.0, as in MXNet.
"""

# ruff: noqa: F401

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import numpy as face
from ..dialects.base import convert
from ..dialects.names import missing_name
from ..ops.exponential import expit
from . import choices, contrib
from . import numpy_extension as npx
from .ndarray import NDArray
from .numpy import creation, random
from .operations import call, operation
from .operator import Custom


def _made(function: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    """A function of `mxnet.np` that makes an array, giving one of the older kind."""

    def make(*args: Any, **kwargs: Any) -> Any:
        return convert(NDArray, function(*args, **kwargs))

    make.__name__ = name or function.__name__
    make.__doc__ = function.__doc__ if name is None else f"As `mxnet.np.{function.__name__}`."
    return make


def array(source_array: Any, ctx: Any = None, dtype: Any = None) -> NDArray:
    """Make an array from numbers, nested lists or arrays; float32 if no dtype is named.

    Examples
    --------
    >>> from tetragrad.mxnet import nd
    >>> nd.array([1, 2])
    <BLANKLINE>
    [1. 2.]
    <NDArray 2 @cpu(0)>
    """
    return _made(creation.array)(source_array, dtype, ctx)


def zeros(shape: Any, ctx: Any = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of zeros."""
    return _made(creation.zeros)(shape, dtype, ctx=ctx)


def ones(shape: Any, ctx: Any = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of ones."""
    return _made(creation.ones)(shape, dtype, ctx=ctx)


def full(shape: Any, val: Any, ctx: Any = None, dtype: Any = None) -> NDArray:
    """An array of one value."""
    return _made(creation.full)(shape, val, dtype=dtype, ctx=ctx)


arange = _made(creation.arange)
linspace = _made(creation.linspace)
eye = _made(creation.eye)
zeros_like = _made(creation.zeros_like)
ones_like = _made(creation.ones_like)
random_normal = _made(random.normal, "random_normal")
random_uniform = _made(random.uniform, "random_uniform")


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(data: Any, axis: Any = None, keepdims: bool = False, exclude: bool = False, **kwargs: Any) -> Any:
        if exclude:
            named = {each % len(data.shape) for each in (axis if isinstance(axis, (tuple, list)) else (axis,))}
            axis = tuple([each for each in range(len(data.shape)) if each not in named])
        axis = None if axis == () else tuple(axis) if isinstance(axis, list) else axis
        made = call(NDArray, function, (data,), {"axis": axis, "keepdims": bool(keepdims)})
        return made if made.shape else made.reshape((1,))

    reduce.__name__ = function.__name__
    reduce.__doc__ = f"As `numpy.{function.__name__}`; without axes left, an array of one element."
    return reduce


sum = _reduction(face.sum)
mean = _reduction(face.mean)
max = _reduction(choices.max)
min = _reduction(choices.min)
prod = _reduction(face.prod)


def norm(data: Any, ord: int = 2, axis: Any = None, keepdims: bool = False, **kwargs: Any) -> Any:
    """The 1-norm or the 2-norm of all elements, or along axes."""
    flat = data.reshape((-1,)) if axis is None else data
    made = call(NDArray, face.linalg.norm, (flat,), {"ord": ord, "axis": axis, "keepdims": bool(keepdims)})
    return made if made.shape else made.reshape((1,))


def dot(lhs: Any, rhs: Any, transpose_a: bool = False, transpose_b: bool = False, **kwargs: Any) -> Any:
    """The product over the last axis of `lhs` and the first of `rhs`."""
    lhs = lhs.T if transpose_a else lhs
    rhs = rhs.T if transpose_b else rhs
    made = call(NDArray, face.tensordot, (lhs, rhs), {"axes": 1})
    return made if made.shape else made.reshape((1,))


batch_dot = operation(NDArray, face.matmul, "batch_dot")

for _name in (
    "abs", "arccos", "arcsin", "arctan", "broadcast_to", "cbrt", "ceil", "clip", "cos", "cosh", "exp", "expand_dims",
    "expm1", "flip", "floor", "log", "log10", "log1p", "log2", "maximum", "minimum", "reciprocal", "repeat", "rint",
    "round", "sign", "sin", "sinh", "sort", "sqrt", "square", "squeeze", "swapaxes", "take", "tan", "tanh", "tile",
    "transpose", "where",
):  # fmt: skip
    globals()[_name] = operation(NDArray, getattr(face, _name), _name)
_RENAMED: dict[str, Any] = {
    "broadcast_add": face.add, "broadcast_sub": face.subtract, "broadcast_mul": face.multiply,
    "broadcast_div": face.divide, "broadcast_power": face.power, "elemwise_add": face.add,
    "elemwise_mul": face.multiply, "sigmoid": expit, "relu": npx._relu, "negative": face.negative,
}  # fmt: skip
for _name, _function in _RENAMED.items():
    globals()[_name] = operation(NDArray, _function, _name)


def reshape(data: Any, shape: Any, **kwargs: Any) -> Any:
    """The elements in another shape; -1 stands for the length left over."""
    return data.reshape(tuple(shape))


def concat(*data: Any, dim: int = 1) -> Any:
    """Arrays joined along an axis, by default the second."""
    return call(NDArray, face.concatenate, (list(data),), {"axis": dim})


def stack(*data: Any, axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis."""
    return call(NDArray, face.stack, (list(data),), {"axis": axis})


def argmax(data: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Where the largest element is along an axis, as a float32 number."""
    return call(NDArray, choices.argmax, (data,), {"axis": axis, "keepdims": bool(keepdims)}).astype("float32")


def stop_gradient(data: Any) -> Any:
    """The value of `data` as a constant."""
    return data.detach()


BlockGrad = stop_gradient


def make_loss(data: Any) -> Any:
    """`data` itself: a backward pass may start anywhere."""
    return data


softmax = _made(npx.softmax)
log_softmax = _made(npx.log_softmax)
one_hot = _made(npx.one_hot)
pick = _made(npx.pick)
waitall = npx.waitall


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.mxnet.nd", name, globals())
