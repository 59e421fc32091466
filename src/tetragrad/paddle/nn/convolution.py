"""`paddle.nn.functional`: convolutions and pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.levels import shape_of
from ...dialects.ranks import over_axes
from ...errors import TetragradError
from ...nn import convolution, pooling
from ...nn.arguments import pairs, per_axis
from ...ops.shape import moveaxis
from ..errors import invalid
from ..random import lengths
from ..tensor import as_operand, made


def _translated(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    try:
        return function(*args, **options)
    except TetragradError as error:
        raise invalid(str(error)) from error


def _padding(padding: Any, rank: int, last: bool) -> Any:
    """Paddle's forms of a padding: 'SAME', 'VALID', a number, one or two per axis, or pairs for all axes."""
    if isinstance(padding, str):
        if padding.upper() not in ("SAME", "VALID"):
            raise ValueError(f"Unknown padding: '{padding.upper()}'. It can only be 'SAME' or 'VALID'.")
        return padding.lower()
    if isinstance(padding, (list, tuple)) and len(padding) == rank + 2 and isinstance(padding[0], (list, tuple)):
        outer = [padding[0], padding[-1] if last else padding[1]]
        if any([any(each) for each in outer]):
            raise ValueError(f"Non-zero padding({padding}) in the batch or channel dimensions is not supported.")
        return tuple(padding[1:-1]) if last else tuple(padding[2:])
    numbers = lengths(padding)
    if len(numbers) == 2 * rank:
        return tuple(zip(numbers[::2], numbers[1::2]))
    return numbers


def _channels_last(data_format: str | None, rank: int) -> bool:
    first, last = [("NCL", "NLC"), ("NCHW", "NHWC"), ("NCDHW", "NDHWC")][rank - 1]
    if data_format not in (None, first, last):
        raise ValueError(
            f"Attr(data_format) should be '{first}' or '{last}'. Received Attr(data_format): {data_format}"
        )
    return data_format == last


def _first(x: Any, last: bool) -> Any:
    return moveaxis(x, len(shape_of(x)) - 1, 1) if last else x


def _last(x: Any, last: bool) -> Any:
    return moveaxis(x, 1, len(shape_of(x)) - 1) if last else x


def _conv(
    rank: int, x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1, data_format: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Sums of products of windows of {axes} with kernels.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> paddle.nn.functional.conv2d(paddle.ones([1, 1, 3, 3]), paddle.ones([1, 1, 2, 2])).shape
    paddle.Size([1, 1, 2, 2])
    """
    name, last = f"conv{rank}d", _channels_last(data_format, rank)
    x, weight = as_operand(x, name), as_operand(weight, name, "weight", 1)
    x = _first(x, last)
    padding, dilation = _same(name, x, weight, stride, _padding(padding, rank, last), dilation)
    out = _translated(
        convolution.conv, name, rank, x, weight, bias, lengths(stride), padding, lengths(dilation), groups
    )
    return _last(out, last)


def _same(name: str, x: Any, weight: Any, stride: Any, padding: Any, dilation: Any) -> tuple[Any, Any]:
    """As in Paddle, 'SAME' follows from the size of the input, for transposes too, and sets the dilation to 1."""
    if padding != "same":
        return padding, dilation
    size, kernel = shape_of(x)[2:], shape_of(weight)[2:]
    steps = per_axis(name, "stride", lengths(stride), len(size))
    return pairs(name, "same", size, kernel, steps, (1,) * len(size)), 1


conv1d, conv2d, conv3d = over_axes("conv{}d", _conv)


def _conv_transpose(
    rank: int, x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    dilation: Any = 1, groups: int = 1, output_size: Any = None, data_format: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The transpose of a convolution over {axes}."""
    name, last = f"conv{rank}d_transpose", _channels_last(data_format, rank)
    x, weight = as_operand(x, name), as_operand(weight, name, "weight", 1)
    size = None if output_size is None else per_axis(name, "output_size", lengths(output_size), rank)
    x = _first(x, last)
    padding, dilation = _same(name, x, weight, stride, _padding(padding, rank, last), dilation)
    args = (lengths(stride), padding, lengths(output_padding), lengths(dilation), groups, size)
    return _last(_translated(convolution.conv_transpose, name, rank, x, weight, bias, *args), last)


def conv1d_transpose(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    groups: int = 1, dilation: Any = 1, output_size: Any = None, data_format: str = "NCL", name: str | None = None,
) -> Any:  # fmt: skip
    """The transpose of `conv1d`."""
    return _conv_transpose(
        1, x, weight, bias, stride, padding, output_padding, dilation, groups, output_size, data_format
    )


conv2d_transpose, conv3d_transpose = over_axes("conv{}d_transpose", _conv_transpose, (2, 3))


# -- pooling ----------------------------------------------------------------------------------------------------------


def _max_pool(
    rank: int, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, return_mask: bool = False,
    ceil_mode: bool = False, data_format: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The largest elements of windows of {axes}; among equals the first gets the gradient."""
    name, last = f"max_pool{rank}d", _channels_last(data_format, rank)
    x = _first(as_operand(x, name), last)
    steps = None if stride is None else lengths(stride)
    args = (lengths(kernel_size), steps, _padding(padding, rank, last), 1, ceil_mode)
    out = _translated(pooling.max_pool, name, rank, x, *args)
    if not return_mask:
        return _last(out, last)
    return _last(out, last), _last(made(pooling.max_places(name, rank, x, out, *args).astype(np.int32)), last)


def max_pool1d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, return_mask: bool = False,
    ceil_mode: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The largest elements of windows of one axis."""
    return _max_pool(1, x, kernel_size, stride, padding, return_mask, ceil_mode)


max_pool2d, max_pool3d = over_axes("max_pool{}d", _max_pool, (2, 3))


def _avg_pool(
    rank: int, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    exclusive: bool = True, divisor_override: Any = None, data_format: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Means of windows of {axes}; with `exclusive` the padding does not count."""
    name, last = f"avg_pool{rank}d", _channels_last(data_format, rank)
    x = as_operand(x, name)
    options = {"ceil_mode": ceil_mode, "count_padding": not exclusive, "divisor": divisor_override}
    args = (lengths(kernel_size), None if stride is None else lengths(stride), _padding(padding, rank, last))
    return _last(_translated(pooling.avg_pool, name, rank, _first(x, last), *args, **options), last)


def avg_pool1d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, exclusive: bool = True, ceil_mode: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Means of windows of one axis; with `exclusive` the padding does not count."""
    return _avg_pool(1, x, kernel_size, stride, padding, ceil_mode, exclusive)


avg_pool2d, avg_pool3d = over_axes("avg_pool{}d", _avg_pool, (2, 3))


def adaptive_avg_pool1d(x: Any, output_size: Any, name: str | None = None) -> Any:
    """Means over parts of one axis."""
    return _translated(
        pooling.adaptive_avg_pool, "adaptive_avg_pool1d", 1, as_operand(x, "adaptive_avg_pool1d"), output_size
    )


def adaptive_avg_pool2d(x: Any, output_size: Any, data_format: str = "NCHW", name: str | None = None) -> Any:
    """Means over parts of two axes."""
    last = _channels_last(data_format, 2)
    x = _first(as_operand(x, "adaptive_avg_pool2d"), last)
    return _last(_translated(pooling.adaptive_avg_pool, "adaptive_avg_pool2d", 2, x, output_size), last)


__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "conv1d",
    "conv1d_transpose", "conv2d", "conv2d_transpose", "conv3d", "conv3d_transpose", "max_pool1d", "max_pool2d",
    "max_pool3d",
]  # fmt: skip
