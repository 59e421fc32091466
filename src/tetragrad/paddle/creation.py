"""Making Tensors: ranges, constants, and copies."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..core.levels import concrete, shape_of
from ..core.tensor import Tensor as CoreTensor
from ..dialects.base import variable
from ..ops import arithmetic
from .dtypes import numpy_dtype
from .random import generator, lengths
from .tensor import Tensor, as_operand, made, to_tensor

_parameters = itertools.count()


def _number(value: Any) -> Any:
    return concrete(value, "this argument").item() if isinstance(value, CoreTensor) else value


def _filled(shape: Any, value: Any, dtype: Any, stop_gradient: bool = True) -> Tensor:
    array = np.full(lengths(shape), value, dtype)
    if not stop_gradient:
        return variable(Tensor, array if array.ndim else array[()])
    return made(array)


def arange(start: Any = 0, end: Any = None, step: Any = 1, dtype: Any = None, name: str | None = None) -> Tensor:
    """Numbers from `start` (0 if only one is given) to `end`, excluded.

    Parameters
    ----------
    start, end, step : number or Tensor
    dtype : dtype, optional
        By default int64 for whole numbers, float32 for others.

    Returns
    -------
    Tensor
    """
    start, end, step = _number(start), _number(end), _number(step)
    if end is None:
        start, end = 0, start
    whole = all(isinstance(each, int) for each in (start, end, step))
    return made(np.arange(start, end, step).astype(numpy_dtype(dtype, np.dtype("int64") if whole else None)))


def linspace(start: Any, stop: Any, num: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """`num` numbers from `start` to `stop`, both included, at equal distances."""
    kind = numpy_dtype(dtype)
    inner = kind if kind.kind == "f" else np.dtype(np.float64)
    first, last, count = inner.type(_number(start)), inner.type(_number(stop)), int(_number(num))
    step = (last - first) / inner.type(max(1, count - 1))
    places = np.arange(count).astype(inner)
    # From both ends, in the dtype itself, as Paddle does.
    values = np.where(np.arange(count) < count // 2, first + step * places, last - step * places[::-1])
    return made((values if count > 1 else np.full(count, first)).astype(kind))


def zeros(shape: Any, dtype: Any = None, name: str | None = None, *, requires_grad: bool = False) -> Tensor:
    """Zeros of a shape."""
    return _filled(shape, 0, numpy_dtype(dtype), not requires_grad)


def ones(shape: Any, dtype: Any = None, name: str | None = None, *, requires_grad: bool = False) -> Tensor:
    """Ones of a shape."""
    return _filled(shape, 1, numpy_dtype(dtype), not requires_grad)


def full(
    shape: Any, fill_value: Any, dtype: Any = None, name: str | None = None, *, requires_grad: bool = False
) -> Tensor:
    """One value in all elements of a shape."""
    value = _number(fill_value)
    if dtype is None and isinstance(value, bool):
        dtype = "bool"
    return _filled(shape, value, numpy_dtype(dtype), not requires_grad)


def empty(shape: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """A Tensor of a shape whose values are not to be relied on."""
    return zeros(shape, dtype)


def eye(num_rows: int, num_columns: int | None = None, dtype: Any = None, name: str | None = None) -> Tensor:
    """Ones on the diagonal of a matrix of zeros."""
    return made(np.eye(_number(num_rows), _number(num_columns), dtype=numpy_dtype(dtype)))


def full_like(x: Any, fill_value: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """One value in the shape and dtype of `x`."""
    x = as_operand(x, "full_like")
    return _filled(shape_of(x), _number(fill_value), numpy_dtype(dtype, x._value.dtype))


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Zeros in the shape and dtype of `x`."""
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Ones in the shape and dtype of `x`."""
    return full_like(x, 1, dtype)


def empty_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """A Tensor in the shape and dtype of `x`, whose values are not to be relied on."""
    return full_like(x, 0, dtype)


def assign(x: Any, output: Any = None) -> Any:
    """A copy of `x` in the same graph; with `output`, that Tensor gets the values."""
    x = arithmetic.positive(as_operand(x, "assign")) if isinstance(x, CoreTensor) else to_tensor(np.asarray(x))
    if output is None:
        return x
    from .inplace import copy_

    return copy_(output, x)


def clone(x: Any, name: str | None = None) -> Any:
    """A copy of `x` in the same graph."""
    return arithmetic.positive(as_operand(x, "clone"))


def create_parameter(
    shape: Any, dtype: Any = None, name: str | None = None, attr: Any = None, is_bias: bool = False,
    default_initializer: Any = None,
) -> Tensor:  # fmt: skip
    """A variable for an optimizer to change.

    Parameters
    ----------
    shape : list of int
    dtype : dtype
    name : str, optional
    attr : ignored
    is_bias : bool
        Start from zeros; otherwise from numbers that suit a linear layer of this shape (Xavier's).
    default_initializer : callable, optional
        ``default_initializer(shape, dtype) -> array``; see `paddle.nn.initializer`.

    Returns
    -------
    Tensor
    """
    size, kind = lengths(shape), numpy_dtype(dtype)
    if default_initializer is not None:
        values = default_initializer(size, kind)
    elif is_bias:
        values = np.zeros(size)
    else:
        fan = sum(size[:2]) if len(size) > 1 else 2 * (size[0] if size else 1)
        bound = (6 / max(1, fan)) ** 0.5
        values = generator.uniform(-bound, bound, size)
    parameter: Tensor = variable(Tensor, np.asarray(values).astype(kind))
    parameter._parameter = True
    parameter.name = name or f"create_parameter_{next(_parameters)}.w_0"
    return parameter
