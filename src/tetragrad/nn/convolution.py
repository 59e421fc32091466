"""Convolutions over one, two and three axes, and their transposes."""

from __future__ import annotations

from typing import Any

from ..core.levels import shape_of
from ..errors import ShapeError
from ..numpy.arguments import operand
from ..ops import convolution as rows
from ..ops.shape import reshape
from ..ops.windows import count_windows
from .arguments import pairs, per_axis


def conv(name: str, rank: int, x: Any, w: Any, b: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """A convolution over `rank` axes; `name` is for error messages."""
    x, w, single = _operands(name, rank, x, w)
    kernel, stride, dilation = shape_of(w)[2:], *_steps(name, rank, stride, dilation)
    padding = pairs(name, padding, shape_of(x)[2:], kernel, stride, dilation)
    out = rows.conv(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _finished(name, rank, out, b, single)


def conv_transpose(
    name: str, rank: int, x: Any, w: Any, b: Any, stride: Any, padding: Any, output_padding: Any, dilation: Any,
    groups: int, size: Any = None,
) -> Any:  # fmt: skip
    """The transpose of `conv`; `size` overrules what the result's size follows from."""
    x, w, single = _operands(name, rank, x, w)
    counts, kernel, given = shape_of(x)[2:], shape_of(w)[2:], size is not None
    stride, dilation = _steps(name, rank, stride, dilation)
    more = per_axis(name, "output_padding", output_padding, rank, 0)
    covered = [(t - 1) * s + d * (k - 1) + 1 for t, s, d, k in zip(counts, stride, dilation, kernel)]
    if isinstance(padding, str) and padding.lower() == "same":
        size = size or [t * s for t, s in zip(counts, stride)]
        padding = pairs(name, padding, size, kernel, stride, dilation)
    else:
        padding = pairs(name, padding, covered, kernel, stride, dilation)
        size = size or [c - low - high + m for c, (low, high), m in zip(covered, padding, more)]
    if min(size, default=1) < 1:
        raise ShapeError(f"{name}: the result would have the size {list(size)}; make the padding smaller")
    if given and not _belongs(size, counts, kernel, stride, padding, dilation):
        raise ShapeError(f"{name}: a result of the size {list(size)} does not belong to an input of {list(counts)}")
    # Only the padding before the first window matters: how much lies behind the last one follows from the size.
    padding = tuple([(low, c - low - length) for c, (low, _), length in zip(covered, padding, size)])
    out = rows.conv_transpose(x, w, size=tuple(size), stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _finished(name, rank, out, b, single)


def _belongs(size: Any, counts: Any, *windows: Any) -> bool:
    try:
        return count_windows(size, *windows) == tuple(counts)
    except ValueError:  # no window fits
        return False


def _operands(name: str, rank: int, x: Any, w: Any) -> tuple[Any, Any, bool]:
    x, w = operand(x), operand(w)
    shape = shape_of(x)
    if len(shape_of(w)) != rank + 2 or len(shape) not in (rank + 1, rank + 2):
        raise ShapeError(
            f"{name}: the input needs {rank + 2} axes (or {rank + 1}, for a single one) and the kernels {rank + 2}, "
            f"got shapes {list(shape)} and {list(shape_of(w))}"
        )
    single = len(shape) == rank + 1
    return reshape(x, shape=(1, *shape)) if single else x, w, single


def _steps(name: str, rank: int, stride: Any, dilation: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return per_axis(name, "stride", stride, rank), per_axis(name, "dilation", dilation, rank)


def _finished(name: str, rank: int, out: Any, b: Any, single: bool) -> Any:
    if b is not None:
        b = operand(b)
        channels = shape_of(out)[1]
        if shape_of(b) != (channels,):
            raise ShapeError(f"{name}: the bias needs the shape [{channels}], got {list(shape_of(b))}")
        out = out + reshape(b, shape=(channels, *(1,) * rank))
    return reshape(out, shape=shape_of(out)[1:]) if single else out


def conv1d(x: Any, w: Any, b: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:
    """Convolution over one axis; see `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.conv1d(np.array([[1.0, 2.0, 3.0]]), np.array([[[1.0, -1.0]]]))
    array([[-1., -1.]])
    """
    return conv("conv1d", 1, x, w, b, stride, padding, dilation, groups)


def conv2d(x: Any, w: Any, b: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:
    """Convolution over two axes: sums of products of windows with kernels, which are not reversed.

    Parameters
    ----------
    x : array or Tensor of shape (n, c, height, width), or (c, height, width)
    w : array or Tensor of shape (o, c // groups, *kernel)
        Kernels.
    b : array or Tensor of shape (o,), optional
        Added to each channel of the result.
    stride, dilation : int or tuple of int
        Steps between windows, and between the elements of one.
    padding : int, tuple of int, tuple of pairs of int, 'valid' or 'same'
        How many zeros are put at both ends of each axis; 'same' makes ``ceil(size / stride)`` windows.
    groups : int
        Channels fall into so many groups, each with kernels of its own.

    Returns
    -------
    array or Tensor of shape (n, o, *counts)

    Raises
    ------
    ShapeError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> x = np.arange(9.0).reshape(1, 3, 3)
    >>> tg.grad(lambda w: tg.nn.conv2d(x, w).sum())(np.ones((1, 1, 2, 2)))
    array([[[[ 8., 12.],
             [20., 24.]]]])
    """
    return conv("conv2d", 2, x, w, b, stride, padding, dilation, groups)


def conv3d(x: Any, w: Any, b: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:
    """Convolution over three axes; see `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.conv3d(np.ones((1, 2, 2, 2)), np.ones((1, 1, 2, 2, 2)))
    array([[[[8.]]]])
    """
    return conv("conv3d", 3, x, w, b, stride, padding, dilation, groups)


def conv_transpose1d(
    x: Any, w: Any, b: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
    dilation: Any = 1,
) -> Any:  # fmt: skip
    """Transposed convolution over one axis; see `conv_transpose2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.conv_transpose1d(np.array([[1.0, 2.0]]), np.array([[[1.0, 10.0]]]), stride=2)
    array([[ 1., 10.,  2., 20.]])
    """
    return conv_transpose("conv_transpose1d", 1, x, w, b, stride, padding, output_padding, dilation, groups)


def conv_transpose2d(
    x: Any, w: Any, b: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
    dilation: Any = 1,
) -> Any:  # fmt: skip
    """The transpose of a convolution over two axes: what its gradient does to cotangents.

    Parameters
    ----------
    x : array or Tensor of shape (n, o, height, width), or (o, height, width)
    w : array or Tensor of shape (o, c // groups, *kernel)
        The kernels of the convolution.
    b : array or Tensor of shape (c,), optional
    stride, padding, dilation, groups
        Those of the convolution; 'same' gives a result of ``size * stride``.
    output_padding : int or tuple of int
        How much longer the result is than the windows reach.

    Returns
    -------
    array or Tensor of shape (n, c, *size)

    Raises
    ------
    ShapeError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.conv_transpose2d(np.ones((1, 1, 2)), np.ones((1, 1, 1, 2)))
    array([[[1., 2., 1.]]])
    """
    return conv_transpose("conv_transpose2d", 2, x, w, b, stride, padding, output_padding, dilation, groups)


def conv_transpose3d(
    x: Any, w: Any, b: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
    dilation: Any = 1,
) -> Any:  # fmt: skip
    """Transposed convolution over three axes; see `conv_transpose2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.nn.conv_transpose3d(np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1, 2)))
    array([[[[1., 1.]]]])
    """
    return conv_transpose("conv_transpose3d", 3, x, w, b, stride, padding, output_padding, dilation, groups)
