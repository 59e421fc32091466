"""`tf.nn`: convolutions and pooling, with channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.levels import shape_of
from ..dialects.ranks import over_axes
from ..errors import TetragradError
from ..nn import convolution, pooling
from ..ops.shape import moveaxis, transpose
from .errors import invalid
from .tensor import operand, pair, wrap

_FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


def _translated(op: str, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    try:
        return function(*args, **options)
    except TetragradError as error:
        raise invalid(str(error), op) from error


def _last(op: str, rank: int, data_format: Any) -> bool:
    last, first = _FORMATS[rank]
    if data_format not in (None, last, first):
        raise invalid(f"data_format must be {last!r} or {first!r}, got {data_format!r}", op)
    return data_format != first


def _numbers(op: str, value: Any, rank: int, last: bool) -> Any:
    """Steps or lengths: one, one per axis, or one for each axis of the input, which are 1 for examples and channels."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value
    numbers = [int(each) for each in value]
    if len(numbers) == rank + 2:
        outer = (numbers[0], numbers[-1]) if last else (numbers[0], numbers[1])
        if outer != (1, 1):
            raise invalid("strides and windows in the batch and depth dimensions are not supported", op)
        return tuple(numbers[1:-1] if last else numbers[2:])
    return tuple(numbers)


def _padding(op: str, padding: Any, last: bool) -> Any:
    if isinstance(padding, str):
        if padding not in ("SAME", "VALID"):
            raise invalid(
                f"Value for attr 'padding' of \"{padding}\" is not in the list of allowed values: \"SAME\", \"VALID\", "
                f'"EXPLICIT"', op,
            )  # fmt: skip
        return padding.lower()
    pairs = [tuple(each) for each in padding]
    return tuple(pairs[1:-1] if last else pairs[2:])


def _first(x: Any, last: bool) -> Any:
    return moveaxis(x, len(shape_of(x)) - 1, 1) if last else x


def _back(x: Any, last: bool) -> Any:
    return wrap(moveaxis(x, 1, len(shape_of(x)) - 1) if last else x)


def _conv(
    rank: int, input: Any, filters: Any, strides: Any, padding: Any, data_format: Any = None, dilations: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Sums of products of windows of {axes} with filters of shape (..., in, out).

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.nn.conv2d(tf.ones((1, 3, 3, 1)), tf.ones((2, 2, 1, 4)), 1, "VALID").shape
    TensorShape([1, 2, 2, 4])
    """
    op = "Conv3D" if rank == 3 else "Conv2D"  # TensorFlow makes those over one axis of those over two
    last = _last(op, rank, data_format)
    x, w = pair(op, input if hasattr(input, "_value") else operand(input), filters)
    kernels = shape_of(w)
    if len(shape_of(x)) != rank + 2 or len(kernels) != rank + 2:
        raise invalid(f"input and filter must have {rank + 2} dimensions: {shape_of(x)}, {kernels}", op)
    x = _first(x, last)
    depth = shape_of(x)[1]
    if depth % kernels[-2]:
        raise invalid(f"input depth must be evenly divisible by filter depth: {depth} vs {kernels[-2]}", op)
    w = transpose(w, axes=(rank + 1, rank, *range(rank)))
    steps = [_numbers(op, each, rank, last) for each in (strides, dilations)]
    args = (None, steps[0], _padding(op, padding, last), steps[1], depth // kernels[-2])
    return _back(_translated(op, convolution.conv, f"conv{rank}d", rank, x, w, *args), last)


def conv1d(
    input: Any, filters: Any, stride: Any, padding: Any, data_format: Any = "NWC", dilations: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Sums of products of windows of one axis with filters of shape (width, in, out)."""
    return _conv(1, input, filters, stride, padding, data_format, dilations)


conv2d, conv3d = over_axes("conv{}d", _conv, (2, 3))


def conv2d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: Any = "NHWC",
    dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The transpose of `conv2d` with filters of shape (height, width, out, in)."""
    op = "Conv2DBackpropInput"
    last = _last(op, 2, data_format)
    x, w = pair(op, input if hasattr(input, "_value") else operand(input), filters)
    size = [int(each) for each in output_shape]
    wanted = size[1:3] if last else size[2:]
    w = transpose(w, axes=(3, 2, 0, 1))
    steps = [_numbers(op, each, 2, last) for each in (strides, dilations)]
    args = (None, steps[0], _padding(op, padding, last), 0, steps[1], 1, wanted)
    out = _back(_translated(op, convolution.conv_transpose, "conv2d_transpose", 2, _first(x, last), w, *args), last)
    if list(shape_of(out)) != size:
        raise invalid(f"output_shape {size} does not fit the input and the filters, which give {shape_of(out)}", op)
    return out


# -- pooling ----------------------------------------------------------------------------------------------------------


def _pool(
    op: str, rank: int, function: Any, input: Any, ksize: Any, strides: Any, padding: Any, form: Any, **options: Any
) -> Any:
    last = _last(op, rank, form)
    x = _first(operand(input), last)
    args = (_numbers(op, ksize, rank, last), _numbers(op, strides, rank, last), _padding(op, padding, last))
    return _back(_translated(op, function, op, rank, x, *args, **options), last)


def _max_pool(
    rank: int, input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None, name: str | None = None
) -> Any:
    """The largest elements of windows of {axes}; among equals the first gets the gradient."""
    op = "MaxPool3D" if rank == 3 else "MaxPool"
    return _pool(op, rank, pooling.max_pool, input, ksize, strides, padding, data_format)


def _avg_pool(
    rank: int, input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None, name: str | None = None
) -> Any:
    """Means of windows of {axes}; padding does not count."""
    op = "AvgPool3D" if rank == 3 else "AvgPool"
    return _pool(op, rank, pooling.avg_pool, input, ksize, strides, padding, data_format, count_padding=False)


max_pool1d, max_pool2d, max_pool3d = over_axes("max_pool{}d", _max_pool)
avg_pool1d, avg_pool2d, avg_pool3d = over_axes("avg_pool{}d", _avg_pool)

__all__ = [
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "conv1d", "conv2d", "conv2d_transpose", "conv3d", "max_pool1d",
    "max_pool2d", "max_pool3d",
]  # fmt: skip
