"""Convolutions and pooling by plain loops over windows: what the library's results are compared with."""

from __future__ import annotations

import itertools

import numpy as np


def spread(value, rank):
    return (value,) * rank if isinstance(value, int) else tuple(value)


def pad(x, rank, padding, value=0.0):
    widths = [(0, 0)] * (x.ndim - rank) + [each if isinstance(each, tuple) else (each, each) for each in padding]
    return np.pad(x, widths, constant_values=value)


def windows(x, kernel, stride, dilation):
    """Position of each window, and the window, over the last axes of a padded array."""
    rank = len(kernel)
    size = x.shape[x.ndim - rank :]
    for place in itertools.product(*map(range, counts_of(size, kernel, stride, [(0, 0)] * rank, dilation))):
        index = [slice(t * s, t * s + d * (k - 1) + 1, d) for t, s, d, k in zip(place, stride, dilation, kernel)]
        yield place, x[(..., *index)]


def gathered(results, lead):
    counts = [1 + max(place[axis] for place in results) for axis in range(len(next(iter(results))))]
    out = np.empty((*lead, *counts))
    for place, result in results.items():
        out[(..., *place)] = result
    return out


def conv(x, w, stride=1, padding=0, dilation=1, groups=1):
    """x (n, c, *size), w (o, c // groups, *kernel)."""
    rank = x.ndim - 2
    stride, padding, dilation = [spread(each, rank) for each in (stride, padding, dilation)]
    results = {}
    for place, window in windows(pad(x, rank, padding), w.shape[2:], stride, dilation):
        parts = [
            np.tensordot(part, kernels, (range(1, 2 + rank), range(1, 2 + rank)))
            for part, kernels in zip(np.split(window, groups, 1), np.split(w, groups, 0))
        ]
        results[place] = np.concatenate(parts, 1)
    return gathered(results, (len(x), len(w)))


def pool(x, reduce, kernel, stride=None, padding=0, dilation=1, value=0.0):
    """`reduce(window, axes)` of the windows of the last axes."""
    rank = len(kernel)
    stride = kernel if stride is None else spread(stride, rank)
    padded = pad(x, rank, spread(padding, rank), value)
    axes = tuple(range(-rank, 0))
    results = {place: reduce(window, axes) for place, window in windows(padded, kernel, stride, spread(dilation, rank))}
    return gathered(results, x.shape[: x.ndim - rank])


def gradients(f, arrays, g, step=1e-6):
    """Of ``sum(f(*arrays) * g)`` by central differences, element by element."""
    found = []
    for position, x in enumerate(arrays):
        gradient = np.zeros_like(x)
        for place in np.ndindex(x.shape):
            moved = np.zeros_like(x)
            moved[place] = step
            up, down = [f(*arrays[:position], x + sign * moved, *arrays[position + 1 :]) for sign in (1, -1)]
            gradient[place] = np.sum((up - down) * g) / (2 * step)
        found.append(gradient)
    return found


# -- the rows of the table, element by element -------------------------------------------------------------------------


def elements(size, window, stride, padding, dilation):
    """Of each window each element that is inside: the window's place, the element's number, place in it, and index."""
    for place in itertools.product(*map(range, counts_of(size, window, stride, padding, dilation))):
        for number, inside in enumerate(itertools.product(*map(range, window))):
            index = tuple(
                [t * s + k * d - low for t, k, s, d, (low, _) in zip(place, inside, stride, dilation, padding)]
            )
            if all([0 <= i < n for i, n in zip(index, size)]):
                yield place, number, inside, index


def counts_of(size, window, stride, padding, dilation):
    """How many windows there are along each axis."""
    return tuple(
        [
            (n + low + high - d * (k - 1) - 1) // s + 1
            for n, k, s, (low, high), d in zip(size, window, stride, padding, dilation)
        ]
    )


def split(x, window):
    """The leading and the last axes."""
    rank = x.ndim - len(window)
    return x.shape[:rank], x.shape[rank:]


def window_sum(x, **how):
    lead, size = split(x, how["window"])
    out = np.zeros((*lead, *counts_of(size, **how)), x.dtype)
    for place, _, _, index in elements(size, **how):
        out[(..., *place)] += x[(..., *index)]
    return out


def window_spread(x, size, **how):
    out = np.zeros((*split(x, how["window"])[0], *size), x.dtype)
    for place, _, _, index in elements(size, **how):
        out[(..., *index)] += x[(..., *place)]
    return out


def max_pool(x, **how):
    lead, size = split(x, how["window"])
    out = np.full((*lead, *counts_of(size, **how)), -np.inf, x.dtype)
    for place, _, _, index in elements(size, **how):
        out[(..., *place)] = np.maximum(out[(..., *place)], x[(..., *index)])
    return out


def window_argmax(x, out, padding, **how):
    """255 where no element is `out`, which is nan where some element is; padding counts as -inf."""
    lead, size = split(x, how["window"])
    x = np.pad(x, [(0, 0)] * len(lead) + list(padding), constant_values=-np.inf)
    found = np.full(out.shape, 255)
    for place, number, _, index in elements(x.shape[len(lead) :], padding=[(0, 0)] * len(size), **how):
        element, there = x[(..., *index)], found[(..., *place)]
        same = (element == out[(..., *place)]) | np.isnan(element)
        found[(..., *place)] = np.where((there == 255) & same, number, there)
    return found


def window_take(x, index, **how):
    lead, size = split(x, how["window"])
    counts = counts_of(size, **how)
    chosen = np.broadcast_to(index, (*np.broadcast_shapes(lead, index.shape[: -len(counts)]), *counts))
    out = np.zeros(chosen.shape, x.dtype)
    for place, number, _, at in elements(size, **how):
        out[(..., *place)] += np.where(chosen[(..., *place)] == number, x[(..., *at)], 0)
    return out


def window_scatter(x, index, size, **how):
    x, index = np.broadcast_arrays(x, index)
    out = np.zeros((*split(x, how["window"])[0], *size), x.dtype)
    for place, number, _, at in elements(size, **how):
        out[(..., *at)] += np.where(index[(..., *place)] == number, x[(..., *place)], 0)
    return out


def channels(inputs, outputs, groups):
    """Which channel in, which one within its group, and which one out belong together."""
    for o in range(outputs):
        group = o // (outputs // groups)
        for c in range(inputs // groups):
            yield group * (inputs // groups) + c, c, o


def conv_row(x, w, groups, **how):
    out = np.zeros((len(x), len(w), *counts_of(x.shape[2:], w.shape[2:], **how)), np.result_type(x, w))
    for place, _, inside, index in elements(x.shape[2:], w.shape[2:], **how):
        for c, part, o in channels(x.shape[1], len(w), groups):
            out[(slice(None), o, *place)] += x[(slice(None), c, *index)] * w[(o, part, *inside)]
    return out


def conv_transpose_row(x, w, size, groups, **how):
    inputs = w.shape[1] * groups
    out = np.zeros((len(x), inputs, *size), np.result_type(x, w))
    for place, _, inside, index in elements(size, w.shape[2:], **how):
        for c, part, o in channels(inputs, len(w), groups):
            out[(slice(None), c, *index)] += x[(slice(None), o, *place)] * w[(o, part, *inside)]
    return out


def conv_kernel_row(x, y, size, groups, **how):
    out = np.zeros((y.shape[1], x.shape[1] // groups, *size), np.result_type(x, y))
    for place, _, inside, index in elements(x.shape[2:], size, **how):
        for c, part, o in channels(x.shape[1], y.shape[1], groups):
            out[(o, part, *inside)] += np.sum(x[(slice(None), c, *index)] * y[(slice(None), o, *place)])
    return out
