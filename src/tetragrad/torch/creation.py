"""Making Tensors: from data, filled, ranges, grids, and like others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.levels import concrete
from ..core.tensor import Tensor as CoreTensor
from ..dialects.base import convert
from . import dtypes, errors
from .dtypes import check_device, get_default_dtype, numpy_dtype
from .tensor import Tensor, constant


def made(value: Any, requires_grad: bool = False) -> Tensor:
    """A fresh array as a Tensor, a variable if wanted."""
    x = Tensor(value if value.ndim else value[()], None)
    if requires_grad:
        if value.dtype.kind not in "fc":
            raise errors.DifferentiableTypeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        x.requires_grad = True
    return x


def _from_data(data: Any, dtype: Any) -> Any:
    """A fresh array of data: Python floats in the default dtype, arrays and Tensors in their own."""
    if isinstance(data, CoreTensor):
        return np.array(concrete(data, "tensor()"), dtype)
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.array(data, dtype)
    else:
        if isinstance(data, (list, tuple)) and _holds_tensor(data):
            data = _values(data)
        try:
            array = np.array(data)
        except ValueError as error:
            raise ValueError(_ragged(data) or str(error)) from None
        if array.dtype.kind in "OUSM":
            raise (ValueError if array.dtype.kind == "O" else TypeError)(f"new(): invalid data type '{_culprit(data)}'")
        if dtype is None and array.dtype == np.float64 and not _holds_array(data):
            dtype = get_default_dtype().dtype
        elif dtype is None and array.dtype == np.complex128 and not _holds_array(data):
            dtype = dtypes.default_complex().dtype
        if dtype is None and array.size == 0 and not _holds_array(data):
            dtype = get_default_dtype().dtype
        array = array if dtype is None else array.astype(dtype)
    if array.dtype not in dtypes.BY_NUMPY:
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype}. The only supported types are: "
            f"{', '.join(each.name for each in dtypes.BY_NUMPY.values())}."
        )
    return array


def _ragged(data: Any, dim: int = 0) -> str | None:
    """Which sequence has another length than the first of its axis."""
    if not isinstance(data, (list, tuple)) or not data:
        return None
    lengths = [len(each) if isinstance(each, (list, tuple)) else None for each in data]
    for length in lengths:
        if length != lengths[0]:
            return f"expected sequence of length {lengths[0]} at dim {dim + 1} (got {length})"
    return next((text for each in data if (text := _ragged(each, dim + 1))), None)


def _culprit(data: Any) -> str:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return type(data).__name__


def _holds_tensor(data: Any) -> bool:
    return any([isinstance(each, CoreTensor) or (isinstance(each, (list, tuple)) and _holds_tensor(each))
                for each in data])  # fmt: skip


def _holds_array(data: Any) -> bool:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic))


def _values(data: Any) -> Any:
    if isinstance(data, CoreTensor):
        return concrete(data, "tensor()")
    return [_values(each) for each in data] if isinstance(data, (list, tuple)) else data


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A Tensor with a copy of the data; Python floats give float32, integers int64.

    Examples
    --------
    >>> import tetragrad.torch as torch
    >>> torch.tensor([1.0, 2.0], requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    """
    check_device(device)
    return made(_from_data(data, numpy_dtype(dtype)), requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A Tensor of the data; a Tensor stays itself (of another dialect: with its graph), an array is copied."""
    check_device(device)
    if isinstance(data, CoreTensor):
        x: Tensor = convert(Tensor, data)
        return x if dtype is None or x.dtype == dtypes.as_dtype(dtype) else x.to(dtype)  # type: ignore[attr-defined]
    return made(_from_data(data, numpy_dtype(dtype)))


asarray = as_tensor


def from_numpy(ndarray: Any) -> Tensor:
    """A Tensor of an array's values (copied: writes into one are not seen by the other)."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return made(_from_data(ndarray, None))


def shape_from(size: Any) -> tuple[int, ...]:
    """The shape of ``f(2, 3)`` or ``f((2, 3))``."""
    if (
        len(size) == 1
        and not isinstance(size[0], (int, np.integer))
        and not (isinstance(size[0], Tensor) and size[0].shape == ())
    ):
        size = tuple(size[0])
    shape = tuple([int(length) for length in size])
    for length in shape:
        if length < 0:
            raise errors.RuntimeError("zeros: Dimension size must be non-negative.")
    return shape


def _sizes(size: Any, given: Any) -> tuple[int, ...]:
    return shape_from((given,) if given is not None else size)


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **kwargs: Any) -> Tensor:
    """Zeros of a shape."""
    check_device(device)
    shape = _sizes(size, kwargs.pop("size", None))
    _nothing_left("zeros", kwargs)
    return made(np.zeros(shape, numpy_dtype(dtype or get_default_dtype())), requires_grad)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **kwargs: Any) -> Tensor:
    """Ones of a shape."""
    check_device(device)
    shape = _sizes(size, kwargs.pop("size", None))
    _nothing_left("ones", kwargs)
    return made(np.ones(shape, numpy_dtype(dtype or get_default_dtype())), requires_grad)


def _nothing_left(name: str, kwargs: dict[str, Any]) -> None:
    for key in kwargs:
        if key not in ("out", "layout", "pin_memory", "names", "memory_format"):
            raise TypeError(f"{name}() received an invalid combination of arguments - got an unexpected keyword "
                            f"argument '{key}'")  # fmt: skip


empty = zeros


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """One value in a shape."""
    check_device(device)
    value = fill_value._value if isinstance(fill_value, CoreTensor) else fill_value
    wanted = numpy_dtype(dtype) or _from_data(value, None).dtype
    return made(np.full(shape_from((size,)), value, wanted), requires_grad)


def _like(x: Any, dtype: Any) -> Any:
    return numpy_dtype(dtype) or x._value.dtype


def zeros_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None
) -> Tensor:
    """Zeros of the shape and dtype of a Tensor."""
    return made(np.zeros(tuple(input.shape), _like(input, dtype)), requires_grad)


def ones_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None
) -> Tensor:
    """Ones of the shape and dtype of a Tensor."""
    return made(np.ones(tuple(input.shape), _like(input, dtype)), requires_grad)


def full_like(
    input: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value in the shape and dtype of a Tensor."""
    return made(np.full(tuple(input.shape), fill_value, _like(input, dtype)), requires_grad)


empty_like = zeros_like


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Numbers from `start` up to, not including, `end`; of integers int64, else of the default dtype."""
    check_device(device)
    if end is None:
        start, end = 0, start
    start, end, step = [each.item() if isinstance(each, Tensor) else each for each in (start, end, step)]
    if step == 0:
        raise errors.RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise errors.RuntimeError("upper bound and lower bound inconsistent with step sign")
    whole = all([isinstance(each, (int, np.integer)) for each in (start, end, step)])
    wanted = numpy_dtype(dtype) or (np.dtype(np.int64) if whole else get_default_dtype().dtype)
    count = math.ceil((end - start) / step)
    value = (start + step * np.arange(count, dtype=np.int64 if whole else np.float64)).astype(wanted)
    return made(value, requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Evenly spaced numbers, both ends included."""
    check_device(device)
    start, end = [each.item() if isinstance(each, Tensor) else each for each in (start, end)]
    wanted = numpy_dtype(dtype or get_default_dtype())
    if wanted.kind != "f":
        return made(np.linspace(start, end, steps).astype(wanted), requires_grad)
    # As PyTorch computes it: in the dtype itself, from both ends towards the middle.
    first, last = wanted.type(start), wanted.type(end)
    step = (last - first) / wanted.type(max(steps - 1, 1))
    places = np.arange(steps, dtype=wanted)
    value = np.where(places < steps // 2, first + step * places, last - step * (wanted.type(steps - 1) - places))
    return made(value.astype(wanted), requires_grad)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Powers of `base` with evenly spaced exponents."""
    value = np.logspace(start, end, steps, base=base).astype(numpy_dtype(dtype or get_default_dtype()))
    return made(value, requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The identity matrix."""
    check_device(device)
    return made(np.eye(n, m, dtype=numpy_dtype(dtype or get_default_dtype())), requires_grad)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid."""
    parts = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    rank = len(parts)
    lengths = tuple([part.shape.numel() for part in parts])
    grids = []
    for axis, part in enumerate(parts):
        shape = [1] * rank
        shape[axis] = lengths[axis]
        grids.append(part.reshape(tuple(shape)).expand(*lengths))
    if indexing == "xy" and rank > 1:
        grids = [grid.transpose(0, 1) for grid in grids]
    return tuple(grids)


def tril_indices(row: int, col: int, offset: int = 0) -> Tensor:
    """Indices of the lower triangle of a matrix, as a (2, count) Tensor."""
    return made(np.stack(np.tril_indices(row, offset, col)))


def triu_indices(row: int, col: int, offset: int = 0) -> Tensor:
    """Indices of the upper triangle of a matrix, as a (2, count) Tensor."""
    return made(np.stack(np.triu_indices(row, offset, col)))


def complex_(real: Any, imag: Any) -> Tensor:
    """Complex numbers from real and imaginary parts."""
    return constant(real + 1j * imag)


def is_tensor(obj: Any) -> bool:
    """Whether an object is a Tensor."""
    return isinstance(obj, Tensor)


__all__ = [
    "arange", "as_tensor", "asarray", "empty", "empty_like", "eye", "from_numpy", "full", "full_like", "is_tensor",
    "linspace", "logspace", "meshgrid", "ones", "ones_like", "tensor", "tril_indices", "triu_indices", "zeros",
    "zeros_like",
]  # fmt: skip
