"""Making Tensors: filled ones, ranges, identity matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from .conversion import constant, convert_to_tensor, to_value
from .dtypes import numpy_dtype
from .errors import invalid
from .tensor import EagerTensor, core, operand, wrap


def shape_from(shape: Any) -> tuple[int, ...]:
    """A shape given as an integer, a sequence (of integers or scalar Tensors) or a Tensor."""
    if isinstance(shape, CoreTensor):
        shape = np.asarray(shape)
    if isinstance(shape, np.ndarray):
        shape = shape.tolist()
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    lengths = tuple([int(length) for length in shape])
    if any([length < 0 for length in lengths]):
        raise invalid(f"Dimension {min(lengths)} must be >= 0 in the shape {lengths}", "Fill")
    return lengths


def _filled(shape: Any, value: Any, dtype: Any) -> EagerTensor:
    return EagerTensor(np.full(shape_from(shape), value, numpy_dtype(dtype))[()], None)


def zeros(shape: Any, dtype: Any = "float32", name: str | None = None, layout: Any = None) -> Any:
    """A Tensor of zeros.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.zeros((2,))
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0., 0.], dtype=float32)>
    """
    return _filled(shape, 0, dtype)


def ones(shape: Any, dtype: Any = "float32", name: str | None = None, layout: Any = None) -> Any:
    """A Tensor of ones."""
    return _filled(shape, 1, dtype)


def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Any:
    """A Tensor with one value everywhere."""
    from .shaping import broadcast_to

    return broadcast_to(operand(value), shape_from(dims))


def zeros_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """Zeros of the shape (and dtype) of another Tensor."""
    x = operand(input)
    return EagerTensor(np.zeros(tuple(x._value.shape), numpy_dtype(dtype or x._value.dtype))[()], None)


def ones_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """Ones of the shape (and dtype) of another Tensor."""
    x = operand(input)
    return EagerTensor(np.ones(tuple(x._value.shape), numpy_dtype(dtype or x._value.dtype))[()], None)


def eye(
    num_rows: int, num_columns: int | None = None, batch_shape: Any = None, dtype: Any = "float32", name: Any = None
) -> Any:
    """Identity matrices."""
    matrix = np.eye(int(num_rows), None if num_columns is None else int(num_columns), dtype=numpy_dtype(dtype))
    if batch_shape is not None:
        matrix = np.array(np.broadcast_to(matrix, (*shape_from(batch_shape), *matrix.shape)))
    return EagerTensor(matrix, None)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None) -> Any:
    """Numbers from `start` (0 if only one is given) up to but not including `limit`.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.range(4, dtype=tf.float32)
    <tf.Tensor: shape=(4,), dtype=float32, numpy=array([0., 1., 2., 3.], dtype=float32)>
    """
    if limit is None:
        start, limit = 0, start
    parts = [np.asarray(operand(part)) for part in (start, limit, delta)]
    if dtype is None:
        order = [np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.float32), np.dtype(np.float64)]
        wanted = max([part.dtype for part in parts], key=lambda d: order.index(d) if d in order else 0)
    else:
        wanted = numpy_dtype(dtype)
    first, last, step = [part.item() for part in parts]
    if step == 0:
        raise invalid("Requires delta != 0: 0", "Range")
    if (last - first) * step < 0:
        raise invalid(f"Requires start {'<=' if step > 0 else '>='} limit when delta {'>' if step > 0 else '<'} 0: "
                      f"{first}/{last}", "Range")  # fmt: skip
    return EagerTensor(np.arange(first, last, step).astype(wanted), None)


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Any:
    """Evenly spaced numbers from `start` to `stop`, both included."""
    first = np.asarray(operand(start))
    if first.dtype.kind in "iu":
        first = first.astype(np.float64)
    last = np.asarray(operand(stop)).astype(first.dtype)
    if int(num) <= 0:
        raise invalid(f"Requires num > 0: {num}", "LinSpace")
    numbers = np.linspace(first, last, int(num), axis=axis, dtype=np.float64)
    return EagerTensor(numbers.astype(first.dtype), None)


def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: int | None = None, dtype: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Rows that are 1 at the given position and 0 elsewhere; all 0 for positions outside.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.one_hot([0, 2], 3)
    <tf.Tensor: shape=(2, 3), dtype=float32, numpy=
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)>
    """
    positions = np.asarray(operand(indices))
    if positions.dtype.kind not in "iu":
        raise invalid(f"Value for attr 'TI' of {positions.dtype.name} is not in the list of allowed values", "OneHot")
    if dtype is None:
        given = on_value if on_value is not None else off_value
        wanted = np.dtype(np.float32) if given is None else np.asarray(to_value(given)).dtype
    else:
        wanted = numpy_dtype(dtype)
    hits = positions[..., None] == np.arange(int(depth))
    out = np.where(hits, 1 if on_value is None else on_value, 0 if off_value is None else off_value).astype(wanted)
    return EagerTensor(out if axis in (None, -1) else np.moveaxis(out, -1, axis), None)


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Any]:
    """Coordinates of a grid, one Tensor per axis."""
    from ..numpy.shaping import broadcast_arrays, reshape

    tensors = [operand(x) for x in args]
    grids = []
    for position, x in enumerate(tensors):
        place = {0: 1, 1: 0}.get(position, position) if indexing == "xy" and len(tensors) > 1 else position
        shape = [1] * len(tensors)
        shape[place] = -1
        grids.append(reshape(core(x), shape))
    return [wrap(grid) for grid in broadcast_arrays(*grids)]


__all__ = [
    "constant", "convert_to_tensor", "eye", "fill", "linspace", "meshgrid", "one_hot", "ones", "ones_like", "range",
    "zeros", "zeros_like",
]  # fmt: skip
