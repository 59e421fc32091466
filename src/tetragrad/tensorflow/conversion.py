"""Python's and NumPy's values as Tensors, by TensorFlow's rules: no conversion that loses something silently."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..ops.arithmetic import positive
from .dtypes import as_dtype, numpy_dtype
from .tensor import EagerTensor, _stacked, holds_tensors, operand

_NAMES = {"float32": "float", "float64": "double", "float16": "half"}


def to_value(x: Any, dtype: Any = None, hint: bool = False) -> Any:
    """A plain array or scalar of the dtype; with `hint` values that do not fit the dtype keep their own."""
    if isinstance(x, (np.ndarray, np.generic)):
        if x.dtype.kind not in "biufc":
            raise _unsupported(x)
        if hint and _order(x.dtype) > _order(np.dtype(dtype)):
            raise TypeError(f"Cannot convert values of dtype {x.dtype} to EagerTensor of dtype {np.dtype(dtype).name}")
        return np.array(x, dtype=dtype)[()]
    array = _python_array(x)
    natural = _natural(x, array)
    if dtype is None:
        return _in_range(x, array, natural)
    dtype = np.dtype(dtype)
    if _order(natural) > _order(dtype) or (dtype.kind == "b") != (natural.kind == "b"):
        if not (natural.kind == "b" and dtype.kind in "fiu" and hint):
            raise TypeError(f"Cannot convert {x!r} to EagerTensor of dtype {_NAMES.get(dtype.name, dtype.name)}")
    return _in_range(x, array, dtype)


def _in_range(x: Any, array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> Any:
    with np.errstate(over="ignore"):
        made = array.astype(dtype)
    if dtype.kind in "fc" and not np.array_equal(np.isinf(made), np.isinf(array)):
        raise ValueError(f"Can't convert Python sequence with out-of-range values to Tensor of {dtype.name}: {x!r}")
    return made[()]


def _python_array(x: Any) -> np.ndarray[Any, Any]:
    if x is None:
        raise ValueError("Attempt to convert a value (None) with an unsupported type (<class 'NoneType'>) to a Tensor.")
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError("Can't convert non-rectangular Python sequence to Tensor.") from None
    if array.dtype.kind not in "biufc":
        raise _unsupported(x)
    return array


def _unsupported(x: Any) -> Exception:
    if isinstance(x, (str, bytes)) or np.asarray(x).dtype.kind in "US":
        return TypeError(f"tetragrad has no string tensors: {x!r}")
    return ValueError(f"Attempt to convert a value ({x!r}) with an unsupported type ({type(x)}) to a Tensor.")


def _natural(x: Any, array: np.ndarray[Any, Any]) -> np.dtype[Any]:
    """The dtype that a Python value has by itself: float32 and int32, but NumPy's own for what holds NumPy's."""
    kind = array.dtype.kind
    if _holds_numpy(x):
        return array.dtype
    if kind == "f":
        return np.dtype(np.float32)
    if kind in "iu":
        if array.size and (array.max() > 2**31 - 1 or array.min() < -(2**31)):
            return np.dtype(np.int64)
        return np.dtype(np.int32)
    return array.dtype


def _holds_numpy(x: Any) -> bool:
    while isinstance(x, (list, tuple)):
        if not x:
            return False
        x = x[0]
    return isinstance(x, (np.ndarray, np.generic))


def _order(dtype: np.dtype[Any]) -> int:
    return "biufc".replace("u", "").find(dtype.kind.replace("u", "i"))


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None) -> Any:
    """A Tensor from a Tensor, Variable, array, number or nested lists.

    Parameters
    ----------
    value
        A Tensor is returned as it is; a Tensor of another dialect comes with its graph.
    dtype : DType, optional
        Must be that of `value` if it is a Tensor.
    dtype_hint : DType, optional
        Used if `value` can be converted to it.
    name : str, optional
        Ignored.
    """
    if isinstance(value, CoreTensor):
        if dtype is not None and numpy_dtype(dtype) != value._value.dtype:
            raise ValueError(
                f"Tensor conversion requested dtype {as_dtype(dtype).name} for Tensor with dtype "
                f"{value._value.dtype.name}: {value!r}"
            )
        if type(value) is EagerTensor:
            return value
        tensor = operand(value)
        return tensor if tensor._node is None else positive(tensor)
    if hasattr(value, "_to_tensor"):  # IndexedSlices
        return value._to_tensor()
    wanted = None if dtype is None else numpy_dtype(dtype)
    if holds_tensors(value):
        return convert_to_tensor(_stacked(value), dtype)
    if wanted is None and dtype_hint is not None:
        try:
            return EagerTensor(to_value(value, numpy_dtype(dtype_hint)), None)
        except (TypeError, ValueError):
            wanted = None
    return EagerTensor(to_value(value, wanted), None)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """A Tensor with these values.

    Parameters
    ----------
    value : number, nested lists or array
    dtype : DType, optional
        By default float32 for Python's floats, int32 for its integers, NumPy's own for arrays.
    shape : shape, optional
        The values are put into it; one value fills it.
    name : str, optional
        Ignored.

    Raises
    ------
    TypeError
        If the values do not fit the dtype or shape.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.constant([[1, 2], [3, 4]])
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[1, 2],
           [3, 4]], dtype=int32)>
    """
    if isinstance(value, CoreTensor):
        tensor = operand(value) if dtype is None else convert_to_tensor(value, dtype)
        found = tensor._value
    else:
        found = to_value(value, None if dtype is None else numpy_dtype(dtype))
        tensor = EagerTensor(found, None)
    if shape is None:
        return tensor
    shape = tuple([int(length) for length in shape])
    if found.shape == () or found.size == 1:
        return EagerTensor(np.full(shape, found)[()], None)
    if found.size != int(np.prod(shape, dtype=int)):
        raise TypeError(
            f"Eager execution of tf.constant with unsupported shape. Tensor {found} (converted from {value}) has "
            f"{found.size} elements, but got `shape` {shape} with {int(np.prod(shape, dtype=int))} elements)."
        )
    return EagerTensor(found.reshape(shape), None)
