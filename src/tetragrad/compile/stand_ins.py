"""Results of operations on large arrays without computing them: while tracing only shapes and dtypes matter.

An array that stands in for another has its shape and dtype, and memory that nobody has touched yet. What an operation
gives is found by applying it to one element, or to short axes where it sums over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

LARGE = 1 << 16  # bytes; smaller arrays are computed with as they are

# One shape for operands and result: what one element gives, every element gives.
SAME_SHAPE = frozenset({"softmax", "log_softmax", "cumsum", "cumprod", "tril", "triu", "sort", "roll", "conj"})
REDUCTIONS = frozenset(
    {"sum", "mean", "prod", "max", "min", "all", "any", "count_nonzero", "logsumexp", "norm", "norm_along"}
)
# Views and copies, which read no values (and of positions only that they are in range, as zeros are).
MOVES = frozenset(
    {
        "reshape", "transpose", "broadcast_to", "getitem", "scatter", "concatenate", "stack", "diagonal", "astype",
        "astype_discrete", "real", "imag", "take", "scatter_take", "take_along_axis", "scatter_along_axis", "unstack",
        "split", "embed_diagonal", "index_update", "index_add", "overwrite",
    }
)  # fmt: skip


def stand_in(shape: tuple[int, ...], dtype: Any) -> Any:
    """An array (0-d: a number) of anything; integers, which may be positions, are zeros."""
    return (np.empty if dtype.kind in "fcb" else np.zeros)(shape, dtype)[()]


def shaped(primitive: Any, values: Sequence[Any], params: dict[str, Any]) -> Any:
    """A stand-in for the result of an operation, or None where only computing it tells.

    Raises what the operation raises when the operands do not fit.
    """
    shapes = [np.shape(value) for value in values]
    if any([0 in shape for shape in shapes]):
        return None
    name = primitive.name
    with np.errstate(all="ignore"):
        if name in MOVES:
            return primitive.value(*values, **params)
        if name in SAME_SHAPE:
            return stand_in(shapes[0], primitive.value(_corner(values[0]), **params).dtype)
        if name in REDUCTIONS:
            return _reduced(primitive, values[0], params)
        if name in ("matmul", "dot"):
            return _product(primitive, values, shapes)
        if primitive.family == "elementwise" or primitive.batch.__qualname__.startswith("batch_elementwise"):
            one = primitive.value(*map(_corner, values), **params)
            if np.size(one) == 1:
                return stand_in(np.broadcast_shapes(*shapes), one.dtype)
    return None


def _corner(value: Any) -> Any:
    """One element of an array, in as many axes."""
    return value[(slice(0, 1),) * value.ndim] if isinstance(value, np.ndarray) else value


def _reduced(primitive: Any, x: Any, params: dict[str, Any]) -> Any:
    axes = params.get("axis")
    if "axis" not in params or not isinstance(x, np.ndarray):
        return None
    axes = range(x.ndim) if axes is None else (axes,) if isinstance(axes, int) else axes
    short = tuple([1 if axis in axes else length for axis, length in enumerate(x.shape)])
    return primitive.value(np.ones(short, x.dtype), **params)


def _product(primitive: Any, values: Sequence[Any], shapes: Sequence[tuple[int, ...]]) -> Any:
    """A product over an axis of length 0."""
    x, y = shapes
    if not x or not y:
        return None
    contracted = len(y) - 2 if len(y) > 1 else 0
    if x[-1] != y[contracted]:
        return primitive.value(*values)  # raises
    short_x = np.zeros((*x[:-1], 0), values[0].dtype)
    short_y = np.zeros((*y[:contracted], 0, *y[contracted + 1 :]), values[1].dtype)
    return primitive.value(short_x, short_y)
