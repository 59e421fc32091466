"""Pooling: the largest element of each window, and the sum of its elements.

The rows act on the last axes, as many as `window` has lengths; padding holds no elements. `max_pool` takes its
derivative from one element of each window, the first of the largest, whose place `window_argmax` finds; to read there
and to add there are transposes of one another, and so are sums over windows and spreading over them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..families import Case, Real, general, linear, nondifferentiable
from ..families.rules import unbroadcast
from .windows import Lengths, Pairs, along_axis, count_windows, in_turn

_ANY = Real(-3, 3, complex=True)
_REAL = Real(-3, 3)

_EACH: dict[str, Any] = {"window": (2,), "stride": (2,), "padding": ((0, 0),), "dilation": (1,)}
_WIDE: dict[str, Any] = {"window": (3,), "stride": (1,), "padding": ((1, 1),), "dilation": (2,)}
_MIXED: dict[str, Any] = {"window": (2, 3), "stride": (1, 2), "padding": ((0, 1), (1, 0)), "dilation": (2, 1)}
_CUBES: dict[str, Any] = {"window": (2, 1, 2), "stride": (2, 1, 1), "padding": ((0, 0),) * 3, "dilation": (1, 1, 1)}


def _in_turn(size: Lengths, window: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths) -> Any:
    """How many windows there are, and for each place in them which ones hold an element there and which element."""
    counts = count_windows(size, window, stride, padding, dilation)
    return counts, in_turn(size, counts, window, stride, padding, dilation)


def _reduced(
    x: Any, ufunc: Any, start: Any, window: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Any:
    """A ufunc over the elements of each window, one axis after the other."""
    first = x.ndim - len(window)
    if first < 0:
        raise ValueError(f"an array of shape {list(x.shape)} has no {len(window)} axes for windows {list(window)}")
    counts = count_windows(x.shape[first:], window, stride, padding, dilation)
    for axis, count, *each in zip(range(first, x.ndim), counts, window, stride, padding, dilation):
        before = (slice(None),) * axis
        places = list(along_axis(x.shape[axis], count, *each))
        windows, elements = places[0]
        if windows == slice(0, count):
            out, places = x[(*before, elements)].copy(), places[1:]
        else:
            out = np.full((*x.shape[:axis], count, *x.shape[axis + 1 :]), start, x.dtype)
        for windows, elements in places:
            part = out[(*before, windows)]
            ufunc(part, x[(*before, elements)], out=part)
        x = out
    return x


# -- sums -------------------------------------------------------------------------------------------------------------


def _window_sum(x: Any, *, window: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths) -> Any:
    return _reduced(np.asarray(x), np.add, 0, window, stride, padding, dilation)


def _window_spread(
    x: Any, *, size: Lengths, window: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Any:
    x = np.asarray(x)
    first = x.ndim - len(size)
    _check_counts(x.shape[max(first, 0) :], size, window, stride, padding, dilation)
    for axis, length, *each in reversed(list(zip(range(first, x.ndim), size, window, stride, padding, dilation))):
        before = (slice(None),) * axis
        out = np.zeros((*x.shape[:axis], length, *x.shape[axis + 1 :]), x.dtype)
        for windows, elements in along_axis(length, x.shape[axis], *each):
            part = out[(*before, elements)]
            np.add(part, x[(*before, windows)], out=part)
        x = out
    return x


def _check_counts(counts: Lengths, size: Lengths, *windows: Any) -> None:
    wanted = count_windows(size, *windows)
    if wanted != tuple(counts):
        raise ValueError(f"the shapes do not fit: {list(counts)} windows, but axes of {list(size)} have {list(wanted)}")


window_sum = linear(
    "window_sum",
    _window_sum,
    [
        lambda g, x_shape, window, stride, padding, dilation: window_spread(
            g, size=x_shape[-len(window) :], window=window, stride=stride, padding=padding, dilation=dilation
        )
    ],
    batch=lambda args, batched, size, params: window_sum(args[0], **params),
    sample=[
        Case(_ANY[5], **_EACH),
        Case(_ANY[2, 6], **_WIDE),
        Case(_ANY[2, 4, 6], **_MIXED),
        Case(_ANY[2, 4, 2, 3], **_CUBES),
        Case(_ANY[0, 4], **_EACH),
    ],
    doc="Sums over windows of the last axes.",
)

window_spread = linear(
    "window_spread",
    _window_spread,
    [
        lambda g, window, stride, padding, dilation: window_sum(
            g, window=window, stride=stride, padding=padding, dilation=dilation
        )
    ],
    batch=lambda args, batched, size, params: window_spread(args[0], **params),
    sample=[
        Case(_ANY[2], size=(5,), **_EACH),
        Case(_ANY[2, 4], size=(6,), **_WIDE),
        Case(_ANY[2, 3, 3], size=(4, 6), **_MIXED),
        Case(_ANY[2, 2, 2, 2], size=(4, 2, 3), **_CUBES),
        Case(_ANY[0, 2], size=(4,), **_EACH),
    ],
    doc="Each element added to all places of its window, in zeros of this `size`: the transpose of `window_sum`.",
)


# -- one element of each window ---------------------------------------------------------------------------------------


def _window_argmax(x: Any, out: Any, *, window: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths) -> Any:
    x, out = np.asarray(x), np.asarray(out)
    rank = len(window)
    _, places = _in_turn(x.shape[x.ndim - rank :], window, stride, padding, dilation)
    lead = np.broadcast_shapes(x.shape[:-rank], out.shape[:-rank])
    # The largest of (none - number) marks the first place that was found: quick in small integers, unlike a choice.
    unsigned = np.min_scalar_type(len(places))
    none = np.iinfo(unsigned).max
    marks = np.zeros((*lead, *out.shape[-rank:]), unsigned)
    nans = out.dtype.kind == "f" and np.isnan(out).any()
    for number, (windows, elements) in enumerate(places):
        part, mark = x[elements], marks[windows]
        found = part == out[windows]
        if nans:
            found |= np.isnan(part)
        np.maximum(mark, found * unsigned.type(none - number), out=mark)
    return np.subtract(none, marks, dtype=unsigned)


window_argmax = nondifferentiable(
    "window_argmax",
    _window_argmax,
    inputs=2,
    batch=lambda args, batched, size, params: window_argmax(*args, **params),
    sample=[
        Case(np.array([1.0, 1.0, 0.0, 2.0]), np.array([1.0, 2.0]), **_EACH),
        Case(np.array([[np.nan, 1.0, 0.0, 2.0, 2.0, -np.inf]]), np.array([[np.nan, 2.0, 2.0, 2.0]]), **_WIDE),
    ],
    doc="The place in each window, counted in row-major order, of its first element that equals `out`.",
)


def _window_take(x: Any, index: Any, *, window: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths) -> Any:
    x, index = np.asarray(x), np.asarray(index)
    rank = len(window)
    counts, places = _in_turn(x.shape[x.ndim - rank :], window, stride, padding, dilation)
    lead = np.broadcast_shapes(x.shape[:-rank], index.shape[:-rank])
    out = np.zeros((*lead, *counts), x.dtype)
    finite = np.isfinite(x).all()
    for number, (windows, elements) in enumerate(places):
        part = out[windows]
        part += _only(x[elements], index[windows] == number, finite)
    return out


def _window_scatter(
    x: Any, index: Any, *, size: Lengths, window: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Any:
    x, index = np.asarray(x), np.asarray(index)
    rank = len(window)
    _check_counts(x.shape[x.ndim - rank :], size, window, stride, padding, dilation)
    _, places = _in_turn(size, window, stride, padding, dilation)
    lead = np.broadcast_shapes(x.shape[:-rank], index.shape[:-rank])
    out = np.zeros((*lead, *size), x.dtype)
    finite = np.isfinite(x).all()
    apart = all([step >= length for step, length in zip(stride, window)]) and max(dilation) == 1
    for number, (windows, elements) in enumerate(places):
        part, found = out[elements], index[windows] == number
        if apart and finite:
            np.multiply(x[windows], found, out=part)
        else:
            part += _only(x[windows], found, finite)
    return out


def _only(x: Any, chosen: Any, finite: bool) -> Any:
    """`x` where it is chosen, exact zeros elsewhere: a product, several times quicker than `where`, if it can be."""
    return x * chosen if finite else np.where(chosen, x, x.dtype.type(0))


window_take = linear(
    "window_take",
    _window_take,
    [
        lambda g, index, x_shape, window, stride, padding, dilation: unbroadcast(
            window_scatter(
                g, index, size=x_shape[-len(window) :], window=window, stride=stride, padding=padding, dilation=dilation
            ),
            x_shape,
            g.dtype,
        ),
        None,
    ],
    batch=lambda args, batched, size, params: window_take(*args, **params),
    sample=[
        Case(_ANY[5], np.array([1, 0], np.uint8), **_EACH),
        Case(_ANY[2, 6], np.array([[1, 1, 2, 0], [2, 1, 3, 1]], np.uint8), **_WIDE),
        Case(_ANY[2, 4, 6], np.array([[[4, 1, 5], [0, 2, 2], [1, 1, 2]]], np.uint8), **_MIXED),
        Case(_ANY[4, 2, 3], np.array([[[0, 1], [2, 3]], [[3, 2], [1, 0]]], np.uint8), **_CUBES),
    ],
    doc="Of each window the element at the place that `index` names, zero where it names none.",
)

window_scatter = linear(
    "window_scatter",
    _window_scatter,
    [
        lambda g, index, x_shape, window, stride, padding, dilation: unbroadcast(
            window_take(g, index, window=window, stride=stride, padding=padding, dilation=dilation), x_shape, g.dtype
        ),
        None,
    ],
    batch=lambda args, batched, size, params: window_scatter(*args, **params),
    sample=[
        Case(_ANY[2], np.array([1, 0], np.uint8), size=(5,), **_EACH),
        Case(_ANY[2, 4], np.array([[1, 1, 2, 0], [2, 1, 3, 1]], np.uint8), size=(6,), **_WIDE),
        Case(_ANY[2, 3, 3], np.array([[[4, 1, 5], [0, 2, 2], [1, 1, 2]]], np.uint8), size=(4, 6), **_MIXED),
        Case(_ANY[2, 2, 2], np.array([[[0, 1], [2, 3]], [[3, 2], [1, 0]]], np.uint8), size=(4, 2, 3), **_CUBES),
    ],
    doc="Elements added at the places of their windows that `index` names: the transpose of `window_take`.",
)


# -- max --------------------------------------------------------------------------------------------------------------


def _max_pool(x: Any, *, window: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths) -> Any:
    x = np.asarray(x)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return _reduced(x, np.maximum, lowest, window, stride, padding, dilation)


max_pool = general(
    "max_pool",
    _max_pool,
    jvps=[
        lambda t, x, out, window, stride, padding, dilation: window_take(
            t,
            window_argmax(x, out, window=window, stride=stride, padding=padding, dilation=dilation),
            window=window,
            stride=stride,
            padding=padding,
            dilation=dilation,
        )
    ],
    vjps=[
        lambda g, x, out, window, stride, padding, dilation: window_scatter(
            g,
            window_argmax(x, out, window=window, stride=stride, padding=padding, dilation=dilation),
            size=x.shape[-len(window) :],
            window=window,
            stride=stride,
            padding=padding,
            dilation=dilation,
        )
    ],
    batch=lambda args, batched, size, params: max_pool(args[0], **params),
    sample=[
        Case(_REAL[5], **_EACH),
        Case(_REAL[2, 6], **_WIDE),
        Case(_REAL[2, 4, 6], **_MIXED),
        Case(_REAL[2, 4, 2, 3], **_CUBES),
        Case(_REAL[0, 4], **_EACH),
    ],
    doc="""The largest element of each window of the last axes; padding counts as -inf.

    The derivative is that of the first of the largest elements in row-major order, as in PyTorch.

    Parameters
    ----------
    x : array or Tensor of shape (..., *size)
    window, stride, dilation : tuple of int
        Lengths of a window, steps between windows and between the elements of one.
    padding : tuple of pairs of int
        How far windows may reach over the ends of each axis.

    Returns
    -------
    array or Tensor of shape (..., *counts)

    Raises
    ------
    ShapeError
        If a window is larger than the padded axes.
    """,
)
