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
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(size, kernel, stride, dilation)]
    for place in itertools.product(*map(range, counts)):
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
