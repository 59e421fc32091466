"""`mxnet.npx`: convolution and pooling."""

from __future__ import annotations

from typing import Any

from ..core.levels import shape_of
from ..nn import convolution as shared
from ..nn import pooling as pools
from ..ops import pooling as rows
from .base import MXNetError
from .ndarray import ndarray
from .operations import call


def convolution(
    data: Any, weight: Any, bias: Any = None, kernel: Any = None, stride: Any = None, dilate: Any = None,
    pad: Any = None, num_filter: int = 1, num_group: int = 1, no_bias: bool = False, layout: str | None = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """Sums of products of windows with `num_filter` kernels; channels come before the axes of the windows.

    Examples
    --------
    >>> from tetragrad.mxnet import np, npx
    >>> npx.convolution(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), kernel=(2, 2), num_filter=1, no_bias=True)
    array([[[[4., 4.],
             [4., 4.]]]])
    """
    rank = _rank("convolution", data, layout)
    _fits("convolution", weight, kernel, num_filter)

    def run(x: Any, w: Any, b: Any) -> Any:
        return shared.conv("convolution", rank, x, w, b, stride or 1, pad or 0, dilate or 1, num_group)

    return call(ndarray, run, (data, weight, None if no_bias else bias), {})


def deconvolution(
    data: Any, weight: Any, bias: Any = None, kernel: Any = None, stride: Any = None, dilate: Any = None,
    pad: Any = None, adj: Any = None, target_shape: Any = None, num_filter: int = 1, num_group: int = 1,
    no_bias: bool = True, layout: str | None = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """The transpose of `convolution`."""
    rank = _rank("deconvolution", data, layout)
    if target_shape:
        lengths, kernels = shape_of(data)[2:], shape_of(weight)[2:]
        axes = zip(lengths, kernels, stride or (1,) * rank, dilate or (1,) * rank, target_shape)
        over = [s * (n - 1) + d * (k - 1) + 1 - target for n, k, s, d, target in axes]
        pad, adj = [(each + 1) // 2 for each in over], [each % 2 for each in over]

    def run(x: Any, w: Any, b: Any) -> Any:
        return shared.conv_transpose(
            "deconvolution", rank, x, w, b, stride or 1, pad or 0, adj or 0, dilate or 1, num_group
        )

    return call(ndarray, run, (data, weight, None if no_bias else bias), {})


def pooling(
    data: Any, kernel: Any = (), pool_type: str = "max", global_pool: bool = False, pooling_convention: str = "valid",
    stride: Any = None, pad: Any = None, count_include_pad: bool = True, layout: str | None = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """The largest elements of windows, their means or their sums; steps are 1 unless `stride` says else.

    Examples
    --------
    >>> from tetragrad.mxnet import np, npx
    >>> npx.pooling(np.arange(4).reshape(1, 1, 2, 2), kernel=(2, 2), pool_type="avg")
    array([[[[1.5]]]])
    """
    rank = _rank("pooling", data, layout)
    if pool_type not in ("max", "avg", "sum"):
        raise MXNetError(f"MXNetError: pooling: pool_type is one of max, avg, sum, got {pool_type!r}")
    if pooling_convention not in ("valid", "full"):
        raise MXNetError(f"MXNetError: pooling: pooling_convention is valid or full, got {pooling_convention!r}")
    if global_pool:
        kernel, stride, pad = tuple(data.shape[2:]), None, None
    args = (kernel, stride or 1, pad or 0)
    ceil_mode = pooling_convention == "full"

    def run(x: Any) -> Any:
        if pool_type == "max":
            return pools.max_pool("pooling", rank, x, *args, ceil_mode=ceil_mode)
        if pool_type == "sum":
            return rows.window_sum(x, **pools.Windows("pooling", rank, x, *args, ceil_mode=ceil_mode).parameters())
        return pools.avg_pool("pooling", rank, x, *args, ceil_mode=ceil_mode, count_padding=count_include_pad)

    return call(ndarray, run, (data,), {})


def _rank(name: str, data: Any, layout: str | None) -> int:
    rank = len(shape_of(data)) - 2
    if rank not in (1, 2, 3):
        raise MXNetError(f"MXNetError: {name}: data needs 3, 4 or 5 axes, got the shape {tuple(shape_of(data))}")
    if layout not in (None, ("NCW", "NCHW", "NCDHW")[rank - 1]):
        raise MXNetError(f"MXNetError: {name}: layout={layout!r} is not available; channels come before space")
    return rank


def _fits(name: str, weight: Any, kernel: Any, num_filter: int) -> None:
    shape = tuple(shape_of(weight))
    if kernel is not None and (tuple(kernel) != shape[2:] or num_filter != shape[0]):
        raise MXNetError(
            f"MXNetError: {name}: weight of shape {shape} does not fit num_filter={num_filter} and kernel={kernel}"
        )


__all__ = ["convolution", "deconvolution", "pooling"]
