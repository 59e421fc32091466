"""What each row's value should be: the NumPy or SciPy function of the same name, or its definition, written here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

from tetragrad.core.primitive import Primitive

from . import windows


def reference(row: Primitive) -> Callable[..., Any] | None:
    """An independent function with the row's arguments and parameters; None where the row is NumPy's own function."""
    found = OWN.get(row.name) or named(row.name)
    return None if found is row.value else found


def named(name: str) -> Callable[..., Any] | None:
    for module in (np, np.linalg, scipy.special, scipy.linalg):
        if hasattr(module, name):
            return getattr(module, name)
    return None


def cumsum(x: Any, axis: int, reverse: bool) -> Any:
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)


def recurrence(a: Any, b: Any, axis: int, reverse: bool) -> Any:
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    state, states = np.zeros(b.shape[1:], b.dtype), []
    for i in range(len(b))[:: -1 if reverse else 1]:
        state = a[i] * state + b[i]
        states.append(state)
    states = states[::-1] if reverse else states
    return np.moveaxis(np.array(states).reshape(b.shape), 0, axis)


def scatter(x: Any, index: Any, shape: Any) -> Any:
    out = np.zeros(shape, x.dtype)
    np.add.at(out, index, x)
    return out


def scatter_take(x: Any, indices: Any, axis: int, size: int) -> Any:
    shape = (*x.shape[:axis], size, *x.shape[axis + np.ndim(indices) :])
    return scatter(x, (*[slice(None)] * axis, indices), shape)


def scatter_along_axis(x: Any, indices: Any, axis: int, size: int, unique: bool) -> Any:
    """Lane by lane, element by element."""
    shape = list(np.broadcast_shapes(x.shape, indices.shape))
    x, indices = np.broadcast_to(x, shape), np.broadcast_to(indices, shape)
    out = np.zeros([*shape[:axis], size, *shape[axis + 1 :]], x.dtype)
    for place in np.ndindex(*shape):
        out[(*place[:axis], indices[place], *place[axis + 1 :])] += x[place]
    return out


def index_update(x: Any, v: Any, index: Any) -> Any:
    out = np.array(x, np.result_type(x, v))
    out[index] = v
    return out


def index_add(x: Any, v: Any, index: Any) -> Any:
    out = np.array(x, np.result_type(x, v))
    np.add.at(out, index, v)
    return out


def overwrite(x: Any, v: Any, steps: Any) -> Any:
    out = np.array(x, np.result_type(x, v))
    view = out
    for primitive, params in steps:
        view = {
            "transpose": lambda a, axes: a.transpose(axes),
            "getitem": lambda a, index: a[index],
            "reshape": lambda a, shape: a.reshape(shape),
            "imag": lambda a: a.imag,
        }[primitive.name](view, **params)
    view[...] = v
    return out


def embed_diagonal(x: Any, shape: Any, offset: int, axis1: int, axis2: int) -> Any:
    out = np.zeros(shape, x.dtype)
    view = np.moveaxis(out, (axis1, axis2), (-2, -1))
    for i in range(x.shape[-1]):
        view[..., i - min(offset, 0), i + max(offset, 0)] = x[..., i]
    return out


def adjugate(a: Any) -> Any:
    """From the definition, by minors."""
    n = a.shape[-1]
    out = np.ones(a.shape, a.dtype)
    for i in range(n):
        for j in range(n if n > 1 else 0):
            minor = np.delete(np.delete(a, i, -2), j, -1)
            out[..., j, i] = (-1) ** (i + j) * np.linalg.det(minor)
    return out


def adjugate_push(a: Any, e: Any) -> Any:
    """Adjugates are of degree two in the elements of a 3 by 3 matrix: central differences are exact."""
    assert a.shape[-1] == 3
    return (adjugate(a + e) - adjugate(a - e)) / 2


def log_softmax(x: Any, axis: Any) -> Any:
    x = x - np.max(x.real, axis=axis, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


def sinc_ratio(x: Any, order: int) -> Any:
    u = (np.pi * x).astype(np.result_type(x, float))
    return scipy.special.spherical_jn(order, u) / u**order


def normal_hazard(x: Any) -> Any:
    return np.exp(-x * x / 2 - scipy.special.log_ndtr(x)) / np.sqrt(2 * np.pi)


OWN: dict[str, Callable[..., Any]] = {
    "adjugate": adjugate,
    "adjugate_push": adjugate_push,
    "astype": lambda x, dtype: (x.real if x.dtype.kind == "c" and dtype.kind != "c" else x).astype(dtype),
    "astype_discrete": lambda x, dtype: x.real.astype(dtype),
    "conv": windows.conv_row,
    "conv_kernel": windows.conv_kernel_row,
    "conv_transpose": windows.conv_transpose_row,
    "max_pool": windows.max_pool,
    "window_argmax": windows.window_argmax,
    "window_scatter": windows.window_scatter,
    "window_spread": windows.window_spread,
    "window_sum": windows.window_sum,
    "window_take": windows.window_take,
    "concatenate": lambda *arrays, axis: np.concatenate(arrays, axis=axis),
    "cumsum": cumsum,
    "einsum": lambda *arrays, subscripts, optimize: np.einsum(subscripts, *arrays),
    "embed_diagonal": embed_diagonal,
    "from_start": lambda indices, length: np.arange(length)[indices],
    "getitem": lambda x, index: x[index],
    "index_add": index_add,
    "index_update": index_update,
    "keep": lambda x, condition: np.where(condition, x, 0),
    "larger_share": lambda g, x, y: g * ((x > y) + 0.5 * (x == y)),
    "log_softmax": log_softmax,
    "lstsq": lambda a, b, rcond: np.linalg.lstsq(a, b, rcond)[0],
    "overwrite": overwrite,
    "norm_along": lambda x, axis, keepdims: np.sqrt(np.sum(np.abs(x) ** 2, axis=axis, keepdims=keepdims)),
    "normal_hazard": normal_hazard,
    "recurrence": recurrence,
    "round_integers": lambda x, decimals: np.round(x, decimals),
    "scalar_power": lambda x, exponent: np.power(x, exponent),
    "scatter": scatter,
    "scatter_along_axis": scatter_along_axis,
    "scatter_take": scatter_take,
    "sinc_ratio": sinc_ratio,
    "split": lambda x, points, axis: np.split(x, points, axis=axis),
    "stack": lambda *arrays, axis: np.stack(arrays, axis=axis),
    "stop_gradient": lambda x: x,
    "take_along_axis": lambda x, indices, axis, unique: np.take_along_axis(x, indices, axis),
}
