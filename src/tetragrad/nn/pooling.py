"""Pooling over the last one, two or three axes: the largest element of each window, or their mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.levels import concrete, shape_of
from ..errors import OperandTypeError, OperationError, ShapeError
from ..numpy.arguments import operand
from ..numpy.contraction import matmul
from ..ops import pooling as rows
from ..ops.shape import moveaxis
from .arguments import Pairs, pairs, per_axis


class Windows:
    """Where the windows of a pooling lie."""

    __slots__ = ("ceil", "dilation", "padding", "size", "stride", "window")

    def __init__(
        self, name: str, rank: int, x: Any, window: Any, stride: Any, padding: Any, dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        shape = shape_of(x)
        if len(shape) < rank:
            raise ShapeError(f"{name}: the input needs at least {rank} axes, got the shape {list(shape)}")
        self.size = shape[len(shape) - rank :]
        self.window = per_axis(name, "window", window, rank)
        self.stride = self.window if stride is None else per_axis(name, "stride", stride, rank)
        self.dilation = per_axis(name, "dilation", dilation, rank)
        self.padding = pairs(name, padding, self.size, self.window, self.stride, self.dilation)
        if padding != "same" and any([2 * max(pair) > k for pair, k in zip(self.padding, self.window)]):
            raise OperationError(f"{name}: padding may be at most half a window {list(self.window)}, got {padding!r}")
        self.ceil = [self._missing(*each) if ceil_mode else 0 for each in zip(*self._axes())]

    def _axes(self) -> tuple[Any, ...]:
        return self.size, self.window, self.stride, self.padding, self.dilation

    @staticmethod
    def _missing(size: int, window: int, stride: int, padding: tuple[int, int], dilation: int) -> int:
        """What one more window, which begins within the array or before it, needs behind the padding."""
        low, high = padding
        room = size + low + high - dilation * (window - 1) - 1
        more = -room % stride
        return more if more and (room + more) < size + low else 0

    def parameters(self) -> dict[str, Any]:
        """For the rows."""
        extended = tuple([(low, high + more) for (low, high), more in zip(self.padding, self.ceil)])
        return {"window": self.window, "stride": self.stride, "padding": extended, "dilation": self.dilation}

    def elements(self, counted: Pairs) -> Any:
        """How many elements each window has, if so much padding counts as elements."""
        ones = np.ones([low + size + high for size, (low, high) in zip(self.size, counted)])
        parameters = self.parameters()
        parameters["padding"] = tuple(
            [(a - low, b - high) for (a, b), (low, high) in zip(parameters["padding"], counted)]
        )
        return rows.window_sum(ones, **parameters)


def max_pool(name: str, rank: int, x: Any, *windows: Any, **options: Any) -> Any:
    """The largest elements of windows over the last `rank` axes."""
    x = operand(x)
    return rows.max_pool(x, **Windows(name, rank, x, *windows, **options).parameters())


def max_places(name: str, rank: int, x: Any, out: Any, *windows: Any, **options: Any) -> Any:
    """Where `max_pool` found its results: positions in the last `rank` axes flattened into one, as int64."""
    x = concrete(x, name)
    geometry = Windows(name, rank, x, *windows, **options)
    numbers = rows.window_argmax(x, concrete(out, name), **geometry.parameters()).astype(np.int64)
    places: Any = 0
    steps = zip(geometry.size, geometry.window, geometry.stride, geometry.padding, geometry.dilation)
    for axis, (size, _, stride, (low, _), dilation) in enumerate(steps):
        behind = rank - 1 - axis
        k = numbers // math.prod(geometry.window[axis + 1 :]) % geometry.window[axis]
        starts = np.arange(numbers.shape[-1 - behind]) * stride - low
        places = places * size + starts.reshape(-1, *(1,) * behind) + k * dilation
    return places


def avg_pool(
    name: str, rank: int, x: Any, *windows: Any, count_padding: bool, divisor: Any = None, **options: Any
) -> Any:
    """Means of windows over the last `rank` axes; `count_padding` says that zeros of the padding count."""
    x = operand(x)
    if x.dtype.kind not in "fc":
        raise OperandTypeError(f"{name}: the input must be floating or complex, got {x.dtype}")
    geometry = Windows(name, rank, x, *windows, **options)
    sums = rows.window_sum(x, **geometry.parameters())
    if divisor is not None:
        return sums / divisor
    padded = any([low or high for low, high in geometry.padding])
    if any(geometry.ceil) or (padded and not count_padding):
        nothing = ((0, 0),) * rank
        counts = geometry.elements(geometry.padding if count_padding else nothing)
        return sums / counts.astype(x.dtype)
    return sums / math.prod(geometry.window)


def adaptive_avg_pool(name: str, rank: int, x: Any, size: Any) -> Any:
    """Means over as many parts of the last `rank` axes as `size` says; None keeps an axis as it is."""
    x = operand(x)
    shape = shape_of(x)
    if len(shape) < rank:
        raise ShapeError(f"{name}: the input needs at least {rank} axes, got the shape {list(shape)}")
    lengths = shape[len(shape) - rank :]
    wanted = size if isinstance(size, Sequence) and len(size) == rank else (size,) * rank
    wanted = [length if each is None else each for each, length in zip(wanted, lengths)]
    wanted = per_axis(name, "size", wanted, rank)
    if all([length % count == 0 for length, count in zip(lengths, wanted)]):
        window = tuple([length // count for length, count in zip(lengths, wanted)])
        return avg_pool(name, rank, x, window, window, 0, count_padding=True)
    for axis, (length, count) in enumerate(zip(lengths, wanted), len(shape) - rank):
        if length != count:
            weights = _parts(length, count).astype(x.dtype)
            x = moveaxis(matmul(moveaxis(x, axis, len(shape) - 1), weights), len(shape) - 1, axis)
    return x


def _parts(length: int, count: int) -> Any:
    """The matrix that takes means of `count` parts, which overlap where they are not of one length."""
    weights = np.zeros((length, count))
    for part in range(count):
        start, stop = part * length // count, -(-(part + 1) * length // count)
        weights[start:stop, part] = 1 / (stop - start)
    return weights


def max_pool1d(x: Any, window: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    """The largest elements of windows of the last axis; see `max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.max_pool1d(np.array([1.0, 3.0, 2.0, 0.0]), 2)
    array([3., 2.])
    """
    return max_pool("max_pool1d", 1, x, window, stride, padding, dilation)


def max_pool2d(x: Any, window: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    """The largest elements of windows of the last two axes; the derivative is that of the first of the largest.

    Parameters
    ----------
    x : array or Tensor of shape (..., height, width)
    window : int or tuple of int
        Lengths of a window.
    stride : int or tuple of int, optional
        Steps between windows, by default their lengths.
    padding : int, tuple of int, tuple of pairs of int, 'valid' or 'same'
        How far windows may reach over the ends of each axis, at most half their length.
    dilation : int or tuple of int
        Steps between the elements of a window.

    Returns
    -------
    array or Tensor

    Raises
    ------
    ShapeError
        If a window is larger than the padded axes.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.max_pool2d(np.arange(16.0).reshape(4, 4), 2)
    array([[ 5.,  7.],
           [13., 15.]])
    """
    return max_pool("max_pool2d", 2, x, window, stride, padding, dilation)


def max_pool3d(x: Any, window: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    """The largest elements of windows of the last three axes; see `max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.max_pool3d(np.arange(8.0).reshape(2, 2, 2), 2)
    array([[[7.]]])
    """
    return max_pool("max_pool3d", 3, x, window, stride, padding, dilation)


def avg_pool1d(x: Any, window: Any, stride: Any = None, padding: Any = 0, count_padding: bool = True) -> Any:
    """Means of windows of the last axis; see `avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.avg_pool1d(np.array([1.0, 3.0, 2.0, 0.0]), 2)
    array([2., 1.])
    """
    return avg_pool("avg_pool1d", 1, x, window, stride, padding, count_padding=count_padding)


def avg_pool2d(x: Any, window: Any, stride: Any = None, padding: Any = 0, count_padding: bool = True) -> Any:
    """Means of windows of the last two axes.

    Parameters
    ----------
    x : array or Tensor of shape (..., height, width)
    window, stride, padding
        As for `max_pool2d`.
    count_padding : bool
        Whether the zeros of the padding count as elements.

    Returns
    -------
    array or Tensor

    Raises
    ------
    ShapeError
        If a window is larger than the padded axes.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.avg_pool2d(np.arange(16.0).reshape(4, 4), 2)
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    return avg_pool("avg_pool2d", 2, x, window, stride, padding, count_padding=count_padding)


def avg_pool3d(x: Any, window: Any, stride: Any = None, padding: Any = 0, count_padding: bool = True) -> Any:
    """Means of windows of the last three axes; see `avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.avg_pool3d(np.arange(8.0).reshape(2, 2, 2), 2)
    array([[[3.5]]])
    """
    return avg_pool("avg_pool3d", 3, x, window, stride, padding, count_padding=count_padding)


def adaptive_avg_pool1d(x: Any, size: Any) -> Any:
    """Means over `size` parts of the last axis; see `adaptive_avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.adaptive_avg_pool1d(np.array([1.0, 2.0, 6.0]), 2)
    array([1.5, 4. ])
    """
    return adaptive_avg_pool("adaptive_avg_pool1d", 1, x, size)


def adaptive_avg_pool2d(x: Any, size: Any) -> Any:
    """Means over parts of the last two axes, which overlap where they are not of one length.

    Parameters
    ----------
    x : array or Tensor of shape (..., height, width)
    size : int or pair of int or None
        How many parts each axis has; None keeps the axis as it is.

    Returns
    -------
    array or Tensor of shape (..., *size)

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.adaptive_avg_pool2d(np.arange(9.0).reshape(3, 3), (1, 3))
    array([[3., 4., 5.]])
    """
    return adaptive_avg_pool("adaptive_avg_pool2d", 2, x, size)


def adaptive_avg_pool3d(x: Any, size: Any) -> Any:
    """Means over parts of the last three axes; see `adaptive_avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.adaptive_avg_pool3d(np.arange(8.0).reshape(2, 2, 2), 1)
    array([[[3.5]]])
    """
    return adaptive_avg_pool("adaptive_avg_pool3d", 3, x, size)
