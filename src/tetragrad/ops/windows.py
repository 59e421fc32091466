"""Windows over the last axes of an array: where they lie, and how their elements are read and added up.

Convolutions and pooling are made of these. A window is given by four tuples with an entry per axis: its lengths
(`kernel` or `window`), `stride` between windows, `dilation` between the elements of one, and `padding`, pairs of how
far the axis is extended with zeros on both sides (negative numbers cut off). Window t holds the elements
``t * stride + k * dilation - low`` for k below its length.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import mul
from typing import Any

import numpy as np

from ..core.threads import thread_count

Lengths = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

ALL = slice(None)

# Along shorter rows NumPy's loop over an axis costs more than its copies.
SHORT = 32


def count_windows(size: Sequence[int], kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths) -> Lengths:
    """How many windows there are along each axis; elements that fill no further window are left out.

    Raises
    ------
    ValueError
        If the windows have another number of axes, or one does not fit.
    """
    if not len(size) == len(kernel) == len(stride) == len(padding) == len(dilation):
        raise ValueError(
            f"windows of shape {list(kernel)} with stride={stride}, padding={padding}, dilation={dilation} do not fit "
            f"axes of size {list(size)}: each needs one entry per axis"
        )
    counts = []
    for length, k, step, (low, high), spread in zip(size, kernel, stride, padding, dilation):
        room = length + low + high - (spread * (k - 1) + 1)
        if room < 0 or k < 1 or step < 1 or spread < 1:
            raise ValueError(
                f"windows of shape {list(kernel)} with stride={stride}, dilation={dilation} do not fit axes of size "
                f"{list(size)} with padding={padding}"
            )
        counts.append(room // step + 1)
    return tuple(counts)


def padded(x: Any, padding: Pairs, scratch: Scratch) -> Any:
    """`x` with zeros around its last axes, `x` itself where there is nothing to add."""
    lengths, outer, inner = margins(x.shape, padding)
    if lengths == x.shape:
        return x
    out = scratch.empty(lengths, x.dtype)
    out.fill(0)
    out[outer] = x[inner]
    return out


def margins(shape: Lengths, padding: Pairs) -> tuple[Lengths, tuple[Any, ...], tuple[Any, ...]]:
    """The shape with its last axes padded; where the array lies in that, and which part of it does."""
    first = len(shape) - len(padding)
    lengths = list(shape)
    outer: list[Any] = [ALL] * first
    inner: list[Any] = [ALL] * first
    for axis, (low, high) in enumerate(padding, first):
        lengths[axis] += low + high
        inner.append(slice(max(-low, 0), shape[axis] - max(-high, 0)))
        outer.append(slice(max(low, 0), lengths[axis] - max(high, 0)))
    return tuple(lengths), tuple(outer), tuple(inner)


# -- all elements of all windows --------------------------------------------------------------------------------------


def unfold(x: Any, first: int, out: Any, stride: Lengths, dilation: Lengths, scratch: Scratch) -> None:
    """Copy windows of `x` (n, c, *size), contiguous, to `out` (n, c, *kernel, *counts), from the `first` line of them.

    Short rows are gathered along the last axis first, so that the other axes then copy several of them at once.
    """
    rank = x.ndim - 2
    kernel, counts = out.shape[2 : 2 + rank], out.shape[2 + rank :]
    offset = first * stride[0] * x.strides[2]
    strides = x.strides[2:]
    if rank == 1 or counts[-1] >= SHORT or math.prod(kernel[:-1]) == 1:
        strides = (*x.strides[:2], *map(mul, strides, dilation), *map(mul, strides, stride))
        out[...] = np.ndarray(out.shape, x.dtype, x, offset, strides)
        return
    rows = scratch.empty((*x.shape[:2], kernel[-1], covered(counts[0], kernel[0], stride[0], dilation[0]),
                          *x.shape[3:-1], counts[-1]), x.dtype)  # fmt: skip
    strides = (*x.strides[:2], strides[-1] * dilation[-1], *strides[:-1], strides[-1] * stride[-1])
    rows[...] = np.ndarray(rows.shape, x.dtype, x, offset, strides)
    n, c, k, *others, t = rows.strides
    strides = (n, c, *map(mul, others, dilation), k, *map(mul, others, stride), t)
    out[...] = np.ndarray(out.shape, x.dtype, rows, 0, strides)


def covered(count: int, kernel: int, stride: int, dilation: int) -> int:
    """How many elements along an axis so many windows cover."""
    return (count - 1) * stride + (kernel - 1) * dilation + 1


def fold(windows: Any, out: Any, stride: Lengths, dilation: Lengths, scratch: Scratch) -> None:
    """Add the elements of windows (n, c, *kernel, *counts) to where they lie in `out`: the transpose of `unfold`."""
    rank = out.ndim - 2
    kernel, counts = windows.shape[2 : 2 + rank], windows.shape[2 + rank :]
    rows = windows
    if rank > 1:
        rows = scratch.empty((*out.shape[:2], kernel[-1], *out.shape[2:-1], counts[-1]), out.dtype)
        rows.fill(0)
        for place in itertools.product(*map(range, kernel[:-1])):
            rows[(..., *_elements(place, counts, stride, dilation), ALL)] += windows[(ALL, ALL, *place)]
    for k in range(kernel[-1]):
        out[(..., *_elements((k,), counts[-1:], stride[-1:], dilation[-1:]))] += rows[:, :, k]


class Scratch:
    """Memory for intermediate arrays that is kept from one call to the next: fresh pages cost as much as their use."""

    __slots__ = ("memory", "used")

    def __init__(self) -> None:
        self.memory = np.empty(1 << 23, np.uint8)
        self.used = 0

    def empty(self, shape: Sequence[int], dtype: Any) -> Any:
        """An array in this memory (or in memory of its own, if it is too large), valid until `used` is set back."""
        start, self.used = self.used, self.used + (math.prod(shape) * dtype.itemsize + 63) // 64 * 64
        if self.used > len(self.memory):
            self.used = start
            return np.empty(shape, dtype)
        return np.ndarray(shape, dtype, self.memory, start)

    @classmethod
    @contextmanager
    def borrowed(cls) -> Iterator[Scratch]:
        """Scratch memory that nobody else uses meanwhile."""
        try:
            scratch = _unused.pop()
        except IndexError:
            scratch = cls()
        try:
            yield scratch
        finally:
            scratch.used = 0
            if len(_unused) < thread_count():
                _unused.append(scratch)


_unused: list[Scratch] = []


def _elements(place: Sequence[int], counts: Lengths, stride: Lengths, dilation: Lengths) -> list[slice]:
    """Where the elements at this place of all windows lie."""
    return [
        slice(k * spread, k * spread + (count - 1) * step + 1, step)
        for k, count, step, spread in zip(place, counts, stride, dilation)
    ]


# -- one element of all windows at a time -----------------------------------------------------------------------------


def along_axis(
    size: int, count: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int
) -> Iterator[tuple[slice, slice]]:
    """For each place in the window: of which windows it lies inside the array, and at which elements."""
    for k in range(kernel):
        offset = k * dilation - padding[0]
        first = max(0, -(offset // stride))
        stop = min(count, (size - 1 - offset) // stride + 1)
        if first >= stop:
            yield slice(0, 0), slice(0, 0)
        else:
            yield slice(first, stop), slice(first * stride + offset, (stop - 1) * stride + offset + 1, stride)


def in_turn(
    size: Sequence[int], counts: Lengths, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """The same over several axes, in row-major order: pairs of indices into the windows and into the array."""
    axes = [list(along_axis(*each)) for each in zip(size, counts, kernel, stride, padding, dilation)]
    return [
        ((..., *[windows for windows, _ in places]), (..., *[elements for _, elements in places]))
        for places in itertools.product(*axes)
    ]
