"""Making arrays. Without Tensors among the arguments these are NumPy's own functions and give plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import PLAIN
from ..core.tensor import Tensor as CoreTensor
from ..errors import OperationError
from ..ops.arithmetic import positive
from ..ops.joining import stack
from ..ops.shape import astype

arange = np.arange
diag_indices = np.diag_indices
empty = np.empty
eye = np.eye
fromfunction = np.fromfunction
geomspace = np.geomspace
identity = np.identity
indices = np.indices
ix_ = np.ix_
linspace = np.linspace
logspace = np.logspace
meshgrid = np.meshgrid
ones = np.ones
tri = np.tri
tril_indices = np.tril_indices
triu_indices = np.triu_indices
unravel_index = np.unravel_index
zeros = np.zeros

__all__ = [
    "arange",
    "array",
    "asarray",
    "copy",
    "diag_indices",
    "empty",
    "empty_like",
    "eye",
    "fromfunction",
    "full",
    "full_like",
    "geomspace",
    "identity",
    "indices",
    "ix_",
    "linspace",
    "logspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tri",
    "tril_indices",
    "triu_indices",
    "unravel_index",
    "zeros",
    "zeros_like",
]


def array(object: Any, dtype: Any = None, copy: bool | None = True, ndmin: int = 0) -> Any:
    """Make an array; nested lists may hold Tensors, whose derivatives are kept.

    Parameters
    ----------
    object : array_like
        Numbers, arrays, Tensors, or nested lists of them.
    dtype : dtype, optional
        Type of the elements.
    copy, ndmin
        As for `numpy.array`.

    Returns
    -------
    array or Tensor
        A Tensor if there is a Tensor inside.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> tg.grad(lambda x: np.array([x, 2 * x, 3.0]).sum())(1.0)
    np.float64(3.0)
    """
    if isinstance(object, (list, tuple)) and _holds_tensor(object):
        object = _stack(object)
    if not isinstance(object, CoreTensor):
        return np.array(object, dtype=dtype, copy=copy, ndmin=ndmin)
    if dtype is not None and object.dtype != dtype:
        made = astype(object, dtype=np.dtype(dtype))
    else:
        made = _copied(object) if copy else object
    if made.ndim < ndmin:
        made = made[(None,) * (ndmin - made.ndim)]
    return made


def asarray(a: Any, dtype: Any = None) -> Any:
    """`array` without a copy where none is needed.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.asarray([1.0, 2.0])
    array([1., 2.])
    """
    return array(a, dtype=dtype, copy=None)


def _holds_tensor(nest: Any) -> bool:
    pending = [nest]
    for item in pending:
        if isinstance(item, CoreTensor):
            return True
        if isinstance(item, (list, tuple)):
            pending.extend(item)
    return False


def _stack(nest: Any) -> Any:
    """Nested lists with Tensors somewhere, as one Tensor."""
    if not isinstance(nest, (list, tuple)) or not _holds_tensor(nest):
        return nest if isinstance(nest, CoreTensor) else np.asarray(nest)
    return stack(*[_stack(item) for item in nest], axis=0)


def zeros_like(a: Any, dtype: Any = None, shape: Any = None) -> Any:
    """Zeros of the shape and dtype of `a`; a constant Tensor for a Tensor.

    Parameters
    ----------
    a : array or Tensor
    dtype, shape
        Override those of `a`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.zeros_like(np.arange(3.0))
    array([0., 0., 0.])
    """
    return full_like(a, 0, dtype, shape)


def ones_like(a: Any, dtype: Any = None, shape: Any = None) -> Any:
    """Ones of the shape and dtype of `a`; a constant Tensor for a Tensor.

    Parameters
    ----------
    a : array or Tensor
    dtype, shape
        Override those of `a`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.ones_like(np.arange(3.0))
    array([1., 1., 1.])
    """
    return full_like(a, 1, dtype, shape)


empty_like = zeros_like


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """An array of one value, which may be a Tensor.

    Parameters
    ----------
    shape : int or tuple of int
    fill_value : scalar or Tensor
    dtype : dtype, optional

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.full(2, 7.0)
    array([7., 7.])
    """
    if not isinstance(fill_value, CoreTensor):
        return np.full(shape, fill_value, dtype)
    return np.ones(shape, dtype or fill_value.dtype) * fill_value


def full_like(a: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
    """One value in the shape and dtype of `a`; a Tensor if `a` or the value is one.

    Parameters
    ----------
    a : array or Tensor
    fill_value : scalar or Tensor
    dtype, shape
        Override those of `a`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.full_like(np.arange(3.0), 5)
    array([5., 5., 5.])
    """
    if not isinstance(a, CoreTensor):
        a = np.asarray(a)
    made = full(a.shape if shape is None else shape, fill_value, dtype or a.dtype)
    return type(a)(made, None) if isinstance(a, CoreTensor) and type(made) in PLAIN else made


def copy(a: Any) -> Any:
    """A copy of an array; of a Tensor, a Tensor in the same graph with memory of its own.

    Parameters
    ----------
    a : array or Tensor

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.copy(np.arange(2.0))
    array([0., 1.])
    """
    return _copied(a) if isinstance(a, CoreTensor) else np.array(a)


def _copied(x: CoreTensor) -> Any:
    if x.dtype.kind in "fc":
        return positive(x)
    return type(x)(x._value.copy() if type(x._value) is np.ndarray else x._value, None)


def refuse(function: str, **arguments: Any) -> None:
    """Raise for arguments of a NumPy function that Tensors do not support, if they are given."""
    for name, value in arguments.items():
        if value is not None and value is not True and value is not np._NoValue:
            raise OperationError(f"{function}: the argument {name}= is not supported on Tensors")
