"""`torch.nn.functional`: convolutions and pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.levels import shape_of
from ...dialects.ranks import over_axes
from ...errors import TetragradError
from ...nn import convolution, pooling
from .. import errors
from ..names import named
from ..tensor import Tensor, constant

_RANKS = {1: "2D (unbatched) or 3D", 2: "3D (unbatched) or 4D", 3: "4D (unbatched) or 5D"}


def _translated(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    try:
        return constant(function(*args, **options))
    except TetragradError as error:
        if isinstance(error, errors.RuntimeError):
            raise
        raise errors.translate(error) from error


def _numbers(value: Any) -> list[int]:
    return [value] if isinstance(value, int) else list(value)


def _check(name: str, rank: int, input: Any, weight: Any, bias: Any, groups: int, transposed: bool) -> None:
    """PyTorch's own words for operands that do not fit."""
    shape, kernels = list(shape_of(input)), list(shape_of(weight))
    if len(shape) not in (rank + 1, rank + 2):
        raise errors.RuntimeError(f"Expected {_RANKS[rank]} (batched) input to {name}, but got input of size: {shape}")
    if input.dtype != weight.dtype:
        raise errors.RuntimeError(f"expected scalar type {input.dtype.legacy} but found {weight.dtype.legacy}")
    channels = shape[-1 - rank]
    if len(kernels) == rank + 2 and groups > 0:
        expected = kernels[0] if transposed else kernels[1] * groups
        if kernels[0] % groups:
            raise errors.RuntimeError(
                f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
                f"size [{kernels}] instead"
            )
        if channels != expected:
            given = "transposed=1" if transposed else f"groups={groups}"
            raise errors.RuntimeError(
                f"Given {given}, weight of size {kernels}, expected input{shape} to have {expected} channels, but got "
                f"{channels} channels instead"
            )
    if bias is not None:
        filters = kernels[1] * groups if transposed else kernels[0]
        if list(shape_of(bias)) != [filters]:
            raise errors.RuntimeError(
                f"Given {'transposed=1, ' * transposed}weight of size {kernels}, expected bias to be 1-dimensional "
                f"with {filters} elements, but got bias of size {list(shape_of(bias))} instead"
            )
        if bias.dtype != input.dtype:
            raise errors.RuntimeError(f"Input type ({_lower(input)}) and bias type ({_lower(bias)}) should be the same")


def _lower(x: Any) -> str:
    return str(x.dtype.legacy).lower()


def _conv(
    rank: int, input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    """Sums of products of windows of the last {axes} with kernels.

    Examples
    --------
    >>> import tetragrad.torch as torch
    >>> torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    name = f"conv{rank}d"
    _check(name, rank, input, weight, bias, groups, False)
    steps = _numbers(stride)
    if min(steps) < 1:
        raise errors.RuntimeError("non-positive stride is not supported")
    if isinstance(padding, str):
        if padding not in ("valid", "same"):
            raise errors.RuntimeError(f"Invalid padding string: '{padding}'")
        if padding == "same" and max(steps) > 1:
            raise errors.RuntimeError("padding='same' is not supported for strided convolutions")
    else:
        padding = _padding(rank, padding)
        spread = _numbers(dilation) * rank
        size = [length + 2 * low for length, low in zip(shape_of(input)[-rank:], padding)]
        reach = [d * (k - 1) + 1 for d, k in zip(spread, shape_of(weight)[2:])]
        if any([r > length for r, length in zip(reach, size)]):
            raise errors.RuntimeError(
                f"Calculated padded input size per channel: ({' x '.join(map(str, size))}). Kernel size: "
                f"({' x '.join(map(str, reach))}). Kernel size can't be greater than actual input size"
            )
    out = _translated(convolution.conv, name, rank, input, weight, bias, stride, padding, dilation, groups)
    return named(out, "ConvolutionBackward0")


def _padding(rank: int, padding: Any) -> list[int]:
    numbers = _numbers(padding)
    if min(numbers) < 0:
        raise errors.RuntimeError("negative padding is not supported")
    if len(numbers) not in (1, rank):
        raise errors.RuntimeError(
            f"expected padding to be a single integer value or a list of {rank} values to match the convolution "
            f"dimensions, but got padding={numbers}"
        )
    return numbers if len(numbers) == rank else numbers * rank


conv1d, conv2d, conv3d = over_axes("conv{}d", _conv)


def _conv_transpose(
    rank: int, input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """The transpose of a convolution over {axes}."""
    name, more = f"conv_transpose{rank}d", output_padding
    _check(name, rank, input, weight, bias, groups, True)
    padding = _padding(rank, padding)
    axes = list(zip(*[_numbers(each) * (rank if len(_numbers(each)) == 1 else 1) for each in (more, stride, dilation)]))
    if any([m >= max(s, d) for m, s, d in axes]):
        raise errors.RuntimeError(
            f"output padding must be smaller than either stride or dilation, but got output_padding={more}, "
            f"stride={stride}, dilation={dilation}"
        )
    out = _translated(
        convolution.conv_transpose, name, rank, input, weight, bias, stride, padding, more, dilation, groups
    )
    return named(out, "ConvolutionBackward0")


conv_transpose1d, conv_transpose2d, conv_transpose3d = over_axes("conv_transpose{}d", _conv_transpose)


# -- pooling ----------------------------------------------------------------------------------------------------------


def _check_pool(rank: int, input: Any, window: Any, padding: Any, dilation: Any = 1) -> None:
    if len(shape_of(input)) not in (rank + 1, rank + 2):
        raise errors.RuntimeError(f"non-empty {rank + 1}D or {rank + 2}D (batch mode) tensor expected for input")
    for k, p in zip(_numbers(window) * rank, _numbers(padding) * rank):
        if 2 * p > k:
            raise errors.RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={_numbers(dilation)[0]}"
            )


def _max_pool(
    rank: int, input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest elements of windows of the last {axes}; among equals the first gets the gradient.

    Examples
    --------
    >>> import tetragrad.torch as torch
    >>> torch.nn.functional.max_pool2d(torch.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    name = f"max_pool{rank}d"
    _check_pool(rank, input, kernel_size, padding, dilation)
    args = (kernel_size, stride or None, padding, dilation, ceil_mode)
    out = named(
        _translated(pooling.max_pool, name, rank, input, *args),
        "SqueezeBackward1" if rank == 1 else f"MaxPool{rank}DWithIndicesBackward0",
    )
    if not return_indices:
        return out
    return out, Tensor(np.asarray(pooling.max_places(name, rank, input, out, *args)), None)


max_pool1d, max_pool2d, max_pool3d = over_axes("max_pool{}d", _max_pool)


def _avg_pool(
    rank: int, input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: Any = None,
) -> Any:  # fmt: skip
    """Means of windows of the last {axes}."""
    _check_pool(rank, input, kernel_size, padding)
    if divisor_override == 0:
        raise errors.RuntimeError("divisor must be not zero")
    options = {"ceil_mode": ceil_mode, "count_padding": count_include_pad, "divisor": divisor_override}
    out = _translated(
        pooling.avg_pool, f"avg_pool{rank}d", rank, input, kernel_size, stride or None, padding, **options
    )
    return named(out, "SqueezeBackward1" if rank == 1 else f"AvgPool{rank}DBackward0")


def avg_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:  # fmt: skip
    """Means of windows of the last axis."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


avg_pool2d, avg_pool3d = over_axes("avg_pool{}d", _avg_pool, (2, 3))


def _adaptive_avg_pool(rank: int, input: Any, output_size: Any) -> Any:
    """Means over parts of the last {axes}."""
    out = _translated(pooling.adaptive_avg_pool, f"adaptive_avg_pool{rank}d", rank, input, output_size)
    return named(out, f"AdaptiveAvgPool{rank}DBackward0")


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = over_axes("adaptive_avg_pool{}d", _adaptive_avg_pool)


__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "max_pool1d",
    "max_pool2d", "max_pool3d",
]  # fmt: skip
