"""Convolutions: of stacks of images with stacks of kernels, and of two sequences (`numpy.convolve`).

`conv` is a sum of products of three arrays' entries, x[s] w[k] out[t] with s = t * stride + k * dilation - low. Given
two of the arrays it is linear in the third, and so there are three operations: `conv` gives the outputs,
`conv_transpose` the inputs and `conv_kernel` the kernels. Each is the transpose of the others, which makes them closed
under differentiation to any order.

All three gather windows into columns (`windows.unfold`), multiply matrices, and for the inputs add the columns up again
(`windows.fold`), a few images at a time, so that the columns stay near the core.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..core.threads import run_together
from ..families import Case, Real, linear
from ..families.rules import RESHAPE
from .cumulative import flip
from .indexing import getitem
from .shape import transpose
from .windows import Lengths, Pairs, Scratch, count_windows, covered, fold, margins, padded, unfold

_ANY = Real(-3, 3, complex=True)

COLUMNS = 1 << 21  # bytes of columns at a time
SMALL = 1 << 18  # multiplications in one matrix product that BLAS does in the caller's thread
SUMMED = 512  # at least so many products summed by one matrix product
WORTHWHILE = 1 << 19  # multiplications from which our own threads pay


class Geometry:
    """The shapes of one convolution, checked: `n` images of `size` with `counts` windows of the shape `kernel`."""

    __slots__ = ("c", "counts", "dilation", "groups", "kernel", "n", "o", "padding", "size", "stride")

    def __init__(
        self, n: int, channels: Sequence[int], size: Lengths, kernel: Lengths, stride: Lengths, padding: Pairs,
        dilation: Lengths, groups: int,
    ) -> None:  # fmt: skip
        c, c_of_group, o = channels
        if groups < 1 or c != c_of_group * groups or o % groups:
            raise ValueError(
                f"the shapes do not fit: kernels for {c_of_group} input channels and {o} output channels in "
                f"groups={groups} need an input of {c_of_group * groups} channels"
                + (f", not {c}" if c != c_of_group * groups else f", and {groups} must divide {o}")
            )
        self.n, self.groups, self.c, self.o = n, groups, c_of_group, o // groups  # c, o: channels of a group
        self.size, self.kernel = tuple(size), tuple(kernel)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.counts = count_windows(size, kernel, stride, padding, dilation)

    @property
    def input(self) -> Lengths:
        return (self.n, self.groups * self.c, *self.size)

    @property
    def weight(self) -> Lengths:
        return (self.groups * self.o, self.c, *self.kernel)

    @property
    def output(self) -> Lengths:
        return (self.n, self.groups * self.o, *self.counts)

    def pieces(self, itemsize: int) -> tuple[int, list[tuple[int, int]]]:
        """How many images at a time, and which windows along the first axis at a time, make columns of few bytes."""
        line = max(1, self.groups * self.c * math.prod(self.kernel) * math.prod(self.counts[1:]) * itemsize)
        lines = min(self.counts[0], max(1, 2 * COLUMNS // line))
        images = max(1, min(self.n, COLUMNS // (line * lines)))
        return images, [(start, min(start + lines, self.counts[0])) for start in range(0, self.counts[0], lines)]

    def over_images(self, work: Callable[[int, int, Scratch], Any], images: int, together: int = 1) -> Iterator[Any]:
        """``work(start, stop, scratch)`` for some images at a time, in order; in threads where that pays.

        It does not where the matrix products, of so many images `together`, are for BLAS and its threads.
        """
        starts = range(0, self.n, images)
        product = self.o * self.c * math.prod(self.kernel) * math.prod(self.counts)
        if product * together > SMALL or product * self.n * self.groups < WORTHWHILE or len(starts) == 1:
            with Scratch.borrowed() as scratch:
                for start in starts:
                    yield work(start, min(start + images, self.n), scratch)
                    scratch.used = 0
            return
        results = [None] * len(starts)
        take = deque(range(len(starts))).popleft  # atomic: each piece of work goes to one thread

        def some() -> None:
            with Scratch.borrowed() as scratch:
                while True:
                    try:
                        number = take()
                    except IndexError:
                        return
                    start = starts[number]
                    results[number] = work(start, min(start + images, self.n), scratch)
                    scratch.used = 0

        run_together(some)
        yield from results


def _conv(x: Any, w: Any, *, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int) -> Any:
    x, w = _arrays(x, w)
    n, c, *size = x.shape
    o, c_of_group, *kernel = w.shape
    shapes = Geometry(n, (c, c_of_group, o), size, kernel, stride, padding, dilation, groups)
    if not (w.size and x.size):
        return np.zeros(shapes.output, x.dtype)
    weights = w.reshape(groups, shapes.o, -1)
    out = np.empty((n, groups, shapes.o, math.prod(shapes.counts)), x.dtype)
    images, lines = shapes.pieces(x.itemsize)
    row = math.prod(shapes.counts[1:])

    def work(first: int, last: int, scratch: Scratch) -> None:
        part = padded(x[first:last], padding, scratch)
        filled = scratch.used
        for start, stop in lines:
            scratch.used = filled
            cols = scratch.empty((last - first, c, *kernel, stop - start, *shapes.counts[1:]), x.dtype)
            unfold(part, start, cols, stride, dilation, scratch)
            cols = cols.reshape(last - first, groups, weights.shape[2], -1)
            np.matmul(weights, cols, out=out[first:last, ..., start * row : stop * row])

    deque(shapes.over_images(work, images), 0)
    return out.reshape(shapes.output)


def _conv_transpose(
    x: Any, w: Any, *, size: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int
) -> Any:
    x, w = _arrays(x, w)
    n, o, *counts = x.shape
    o_of_kernel, c, *kernel = w.shape
    shapes = Geometry(n, (c * groups, c, o_of_kernel), size, kernel, stride, padding, dilation, groups)
    _check_windows(shapes, o, counts)
    if max(stride) == 1 and shapes.o <= shapes.c:
        return _conv_reversed(x, w, shapes)
    out = np.zeros(shapes.input, x.dtype)
    if not (w.size and x.size):
        return out
    weights = w.reshape(groups, shapes.o, -1).swapaxes(1, 2)
    x = x.reshape(n, groups, shapes.o, -1)
    images, lines = shapes.pieces(x.itemsize)
    row = math.prod(shapes.counts[1:])
    lengths, outer, inner = margins(shapes.input, padding)
    multiply = np.multiply if shapes.o == 1 else np.matmul  # columns times rows

    def work(first: int, last: int, scratch: Scratch) -> None:
        part = whole = out[first:last]
        if lengths != shapes.input:
            part = scratch.empty((last - first, *lengths[1:]), x.dtype)
            part.fill(0)
        filled = scratch.used
        for start, stop in lines:
            scratch.used = filled
            cols = scratch.empty((last - first, groups, weights.shape[1], (stop - start) * row), x.dtype)
            multiply(weights, x[first:last, ..., start * row : stop * row], out=cols)
            cols = cols.reshape(last - first, groups * c, *kernel, stop - start, *shapes.counts[1:])
            top = start * stride[0]
            reach = covered(stop - start, kernel[0], stride[0], dilation[0])
            fold(cols, part[:, :, top : top + reach], stride, dilation, scratch)
        if part is not whole:
            whole[inner] = part[outer]

    deque(shapes.over_images(work, images), 0)
    return out


def _conv_reversed(x: Any, w: Any, shapes: Geometry) -> Any:
    """The transpose where windows move by single steps: a convolution with reversed kernels.

    It gathers what `fold` would add up, several times quicker unless there are many more outputs than inputs.
    """
    kernels = w.reshape(shapes.groups, shapes.o, shapes.c, *shapes.kernel).swapaxes(1, 2)
    kernels = np.flip(kernels, tuple(range(3, kernels.ndim)))
    kernels = kernels.reshape(shapes.groups * shapes.c, shapes.o, *shapes.kernel)
    before = [d * (k - 1) - low for d, k, (low, _) in zip(shapes.dilation, shapes.kernel, shapes.padding)]
    behind = [length - t + low for length, t, (low, _) in zip(shapes.size, shapes.counts, shapes.padding)]
    padding = tuple(zip(before, behind))
    return _conv(x, kernels, stride=shapes.stride, padding=padding, dilation=shapes.dilation, groups=shapes.groups)


def _conv_kernel(
    x: Any, y: Any, *, size: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int
) -> Any:
    x, y = _arrays(x, y)
    n, c, *lengths = x.shape
    _, o, *counts = y.shape
    shapes = Geometry(n, (c, c // max(groups, 1), o), lengths, size, stride, padding, dilation, groups)
    _check_windows(shapes, o, counts)
    if len(y) != n:
        raise ValueError(f"the shapes do not fit: {n} inputs and {len(y)} outputs")
    out = np.zeros((groups, shapes.o, shapes.c * math.prod(size)), x.dtype)
    if not (x.size and y.size):
        return out.reshape(shapes.weight)
    images, lines = shapes.pieces(x.itemsize)
    images = min(n, max(images, -(-SUMMED // math.prod(counts))))
    y = y.reshape(n, groups, shapes.o, -1)
    row = math.prod(counts[1:])
    rank = len(size)
    images_first = (1 + rank, *range(1 + rank), *range(2 + rank, 2 + 2 * rank))

    def work(first: int, last: int, scratch: Scratch) -> Any:
        part = padded(x[first:last], padding, scratch)
        filled = scratch.used
        total = None
        for start, stop in lines:
            scratch.used = filled
            # Images behind channels: one product sums over all of them.
            cols = scratch.empty((c, *size, last - first, stop - start, *counts[1:]), x.dtype)
            unfold(part, start, cols.transpose(images_first), stride, dilation, scratch)
            g = y[first:last, ..., start * row : stop * row].transpose(1, 2, 0, 3).reshape(groups, shapes.o, -1)
            product = g @ cols.reshape(groups, out.shape[2], -1).swapaxes(1, 2)
            total = product if total is None else total + product
        return total

    for total in shapes.over_images(work, images, images):
        out += total
    return out.reshape(shapes.weight)


def _arrays(x: Any, y: Any) -> tuple[Any, Any]:
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim < 3 or x.ndim != y.ndim:
        raise ValueError(f"the shapes {list(x.shape)} and {list(y.shape)} must have 2 axes and equally many more")
    dtype = np.result_type(x, y)
    return np.ascontiguousarray(x, dtype), np.ascontiguousarray(y, dtype)


def _check_windows(shapes: Geometry, channels: int, counts: Sequence[int]) -> None:
    if (channels, *counts) != shapes.output[1:]:
        raise ValueError(
            f"the shapes do not fit: inputs {list(shapes.input)} and kernels {list(shapes.weight)} belong to outputs "
            f"{list(shapes.output)}, not to {[shapes.n, channels, *counts]}"
        )


# -- batching ---------------------------------------------------------------------------------------------------------
# A batch joins the images, or where the kernels are batched too, the groups of channels: each example becomes groups of
# its own. Where an array is shared by all examples the batch goes among its partner's free channels.


def _batch_conv(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    (x, w), groups = args, params["groups"]
    if not batched[1]:
        return _split(conv(_merge(x, 0), w, **params), 0, size)
    if batched[0]:
        out = conv(_merge(_swap(x, 0, 1), 1), _merge(w, 0), **{**params, "groups": size * groups})
        return _swap(_split(out, 1, size), 0, 1)
    w = _swap(_split(w, 1, groups), 0, 1)  # groups, batch, channels of a group
    out = conv(x, _merge(_merge(w, 0), 0), **params)
    return _from_groups(out, groups, size)


def _batch_conv_transpose(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    (x, w), groups = args, params["groups"]
    if not batched[1]:
        return _split(conv_transpose(_merge(x, 0), w, **params), 0, size)
    if batched[0]:
        out = conv_transpose(_merge(_swap(x, 0, 1), 1), _merge(w, 0), **{**params, "groups": size * groups})
        return _swap(_split(out, 1, size), 0, 1)
    out = conv_transpose(x, _merge(_swap(w, 0, 1), 1), **params)
    return _from_groups(out, groups, size)


def _batch_conv_kernel(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    (x, y), groups = args, params["groups"]
    if batched[0] and batched[1]:
        x, y = _merge(_swap(x, 0, 1), 1), _merge(_swap(y, 0, 1), 1)
        return _split(conv_kernel(x, y, **{**params, "groups": size * groups}), 0, size)
    if batched[0]:
        out = conv_kernel(_among_groups(x, groups), y, **params)
        return _swap(_split(out, 1, size), 0, 1)
    out = conv_kernel(x, _among_groups(y, groups), **params)  # groups, batch, channels of a group
    out = _split(_split(out, 0, groups), 1, size)
    return _merge(_swap(out, 0, 1), 1)


def _merge(x: Any, axis: int) -> Any:
    """An axis and the next one as one."""
    shape = shape_of(x)
    return RESHAPE(x, (*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :]))


def _split(x: Any, axis: int, count: int) -> Any:
    """An axis as two, the first of this length."""
    shape = shape_of(x)
    return RESHAPE(x, (*shape[:axis], count, shape[axis] // count, *shape[axis + 1 :]))


def _swap(x: Any, first: int, second: int) -> Any:
    axes = list(range(len(shape_of(x))))
    axes[first], axes[second] = second, first
    return transpose(x, axes=tuple(axes))


def _among_groups(x: Any, groups: int) -> Any:
    """Batch, images, channels -> images, channels, where these are: groups, batch, channels of a group."""
    x = _split(_swap(x, 0, 1), 2, groups)  # images, batch, groups, channels of a group
    return _merge(_merge(_swap(x, 1, 2), 1), 1)


def _from_groups(x: Any, groups: int, size: int) -> Any:
    """The way back from `_among_groups`."""
    x = _split(_split(x, 1, groups), 2, size)  # images, groups, batch, channels of a group
    return _swap(_merge(_swap(x, 1, 2), 2), 0, 1)


# -- the rows ---------------------------------------------------------------------------------------------------------


def _plain(rank: int, **changed: Any) -> dict[str, Any]:
    """Parameters for the examples below."""
    return {"stride": (1,) * rank, "padding": ((0, 0),) * rank, "dilation": (1,) * rank, "groups": 1, **changed}


_MIXED: dict[str, Any] = {"stride": (2, 1), "padding": ((1, 2), (0, 1)), "dilation": (1, 2), "groups": 2}
_CUT: dict[str, Any] = {"stride": (3,), "padding": ((2, -1),), "dilation": (1,), "groups": 1}

conv = linear(
    "conv",
    _conv,
    [
        lambda g, w, x_shape, stride, padding, dilation, groups: conv_transpose(
            g, w, size=x_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
        lambda g, x, w_shape, stride, padding, dilation, groups: conv_kernel(
            x, g, size=w_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
    ],
    batch=_batch_conv,
    sample=[
        Case(_ANY[2, 3, 6], _ANY[2, 3, 3], **_plain(1)),
        Case(_ANY[1, 1, 7], _ANY[2, 1, 2], **_CUT),
        Case(_ANY[2, 2, 4, 5], _ANY[3, 2, 3, 2], **_plain(2)),
        Case(_ANY[2, 4, 5, 6], _ANY[2, 2, 3, 2], **_MIXED),
        Case(_ANY[1, 2, 3, 3, 4], _ANY[2, 1, 2, 2, 3], **_plain(3, groups=2, padding=((1, 0), (0, 0), (1, 1)))),
        Case(_ANY[0, 2, 3], _ANY[1, 2, 2], **_plain(1)),
    ],
    doc="""Products of windows of images with kernels, summed (in signal processing: cross-correlation).

    Parameters
    ----------
    x : array or Tensor of shape (n, c, *size)
        Images: n of them, with c channels.
    w : array or Tensor of shape (o, c // groups, *kernel)
        Kernels, not reversed.
    stride, dilation : tuple of int
        Steps between windows, and between the elements of one.
    padding : tuple of pairs of int
        How many zeros are put before and behind each axis; negative numbers cut off.
    groups : int
        Channels fall into so many groups, each of which has kernels of its own.

    Returns
    -------
    array or Tensor of shape (n, o, *counts)

    Raises
    ------
    ShapeError
        If channels do not fit or a kernel is larger than the padded image.
    """,
)

conv_transpose = linear(
    "conv_transpose",
    _conv_transpose,
    [
        lambda g, w, stride, padding, dilation, groups: conv(
            g, w, stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
        lambda g, x, w_shape, stride, padding, dilation, groups: conv_kernel(
            g, x, size=w_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
    ],
    batch=_batch_conv_transpose,
    sample=[
        Case(_ANY[2, 2, 4], _ANY[2, 3, 3], size=(6,), **_plain(1)),
        Case(_ANY[1, 2, 3], _ANY[2, 1, 2], size=(7,), **_CUT),
        Case(_ANY[2, 2, 3, 5], _ANY[2, 2, 3, 2], size=(5, 6), **_MIXED),
        Case(_ANY[1, 2, 2, 1, 2], _ANY[2, 1, 2, 2, 3], size=(3, 2, 4), **_plain(3, groups=2)),
        Case(_ANY[0, 1, 2], _ANY[1, 2, 2], size=(3,), **_plain(1)),
    ],
    doc="The transpose of `conv` in its images: outputs (n, o, *counts) and kernels give images of this `size`.",
)

conv_kernel = linear(
    "conv_kernel",
    _conv_kernel,
    [
        lambda g, y, x_shape, stride, padding, dilation, groups: conv_transpose(
            y, g, size=x_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
        lambda g, x, stride, padding, dilation, groups: conv(
            x, g, stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
    ],
    batch=_batch_conv_kernel,
    sample=[
        Case(_ANY[2, 3, 6], _ANY[2, 2, 4], size=(3,), **_plain(1)),
        Case(_ANY[1, 1, 7], _ANY[1, 2, 3], size=(2,), **_CUT),
        Case(_ANY[2, 4, 5, 6], _ANY[2, 2, 3, 5], size=(3, 2), **_MIXED),
        Case(_ANY[1, 2, 3, 2, 4], _ANY[1, 2, 2, 1, 2], size=(2, 2, 3), **_plain(3, groups=2)),
        Case(_ANY[0, 2, 3], _ANY[0, 1, 2], size=(2,), **_plain(1)),
    ],
    doc="The transpose of `conv` in its kernels: images (n, c, *size) and outputs give kernels of this `size`.",
)


# -- sequences --------------------------------------------------------------------------------------------------------


def _convolve(x: Any, y: Any) -> Any:
    return np.convolve(x, y)


def _overlap(g: Any, y: Any, length: int, offset: int) -> Any:
    """The part of ``convolve(g, reversed y)`` where the two overlap fully: the transpose of ``convolve(_, y)``."""
    return getitem(convolve(g, flip(y, 0)), index=(slice(offset, offset + length),))


convolve = linear(
    "convolve",
    _convolve,
    [
        lambda g, y, x_shape: _overlap(g, y, x_shape[0], y.shape[0] - 1),
        lambda g, x, y_shape: _overlap(g, x, y_shape[0], x.shape[0] - 1),
    ],
    sample=[Case(_ANY[4], _ANY[3]), Case(_ANY[2], _ANY[5]), Case(_ANY[1], _ANY[1])],
    doc="Full convolution of two sequences: length n + m - 1.",
)
