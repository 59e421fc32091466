"""Modules of convolutions and pooling."""

from __future__ import annotations

import math
from typing import Any

from ..creation import zeros
from . import convolution, init
from .modules import Module
from .parameter import Parameter


def _each(value: Any, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


class _Convolution(Module):
    """What convolutions and their transposes share."""

    rank: int
    transposed = False

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None, output_padding: Any = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        if padding_mode != "zeros":
            raise NotImplementedError(f"padding_mode='{padding_mode}': pad the input with functional.pad before")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups")
        rank = self.rank
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = [_each(each, rank) for each in (kernel_size, stride, dilation)]
        self.padding = padding if isinstance(padding, str) else _each(padding, rank)
        self.output_padding = _each(output_padding, rank)
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = Parameter(zeros(first, second // groups, *self.kernel_size, dtype=dtype))
        if bias:
            self.bias = Parameter(zeros(out_channels, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform values within 1 / sqrt(elements of a kernel)."""
        bound = 1 / math.sqrt(max(math.prod(self.weight.shape[1:]), 1))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self.rank:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.rank:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self.rank:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        return text if self.bias is not None else text + ", bias=False"


class _Conv(_Convolution):
    def forward(self, input: Any) -> Any:
        function = getattr(convolution, f"conv{self.rank}d")
        return function(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class _ConvTranspose(_Convolution):
    transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device,
            dtype, output_padding,
        )  # fmt: skip

    def forward(self, input: Any) -> Any:
        function = getattr(convolution, f"conv_transpose{self.rank}d")
        return function(
            input, self.weight, self.bias, self.stride, self.padding, self.output_padding, self.groups, self.dilation
        )


class Conv1d(_Conv):
    """Convolution over one axis."""

    rank = 1


class Conv2d(_Conv):
    """Convolution over two axes."""

    rank = 2


class Conv3d(_Conv):
    """Convolution over three axes."""

    rank = 3


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution over one axis."""

    rank = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution over two axes."""

    rank = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution over three axes."""

    rank = 3


class _MaxPool(Module):
    rank: int

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Any) -> Any:
        function = getattr(convolution, f"max_pool{self.rank}d")
        return function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest elements of windows of one axis."""

    rank = 1


class MaxPool2d(_MaxPool):
    """The largest elements of windows of two axes."""

    rank = 2


class MaxPool3d(_MaxPool):
    """The largest elements of windows of three axes."""

    rank = 3


class _AvgPool(Module):
    rank: int

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Any:
        function = getattr(convolution, f"avg_pool{self.rank}d")
        more = () if self.rank == 1 else (self.divisor_override,)
        return function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad, *more
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPool):
    """Means of windows of one axis."""

    rank = 1

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        stride = kernel_size if stride is None else stride
        super().__init__(_each(kernel_size, 1), _each(stride, 1), _each(padding, 1), ceil_mode, count_include_pad)


class AvgPool2d(_AvgPool):
    """Means of windows of two axes."""

    rank = 2


class AvgPool3d(_AvgPool):
    """Means of windows of three axes."""

    rank = 3


class _AdaptiveAvgPool(Module):
    rank: int

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Any) -> Any:
        return getattr(convolution, f"adaptive_avg_pool{self.rank}d")(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Means over parts of one axis."""

    rank = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Means over parts of two axes."""

    rank = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Means over parts of three axes."""

    rank = 3


__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "Conv1d",
    "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "MaxPool1d", "MaxPool2d", "MaxPool3d",
]  # fmt: skip
