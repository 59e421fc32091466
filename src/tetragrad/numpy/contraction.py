"""NumPy's products summed over axes, and its functions on the diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..errors import OperationError, ShapeError
from ..ops import contraction as ops
from ..ops import diagonals
from ..ops.contraction import dot, matmul
from ..ops.matrices import as_column, as_row, conj, drop_last
from ..ops.reductions import sum as sum_door
from ..ops.shape import reshape
from .arguments import one_axis, operand
from .elementwise import UFUNCS, power
from .joining import concatenate
from .shaping import astype, broadcast_to, moveaxis, ravel
from .subscripts import parse
from .writing import write_out


def vdot(a: Any, b: Any, /) -> Any:
    """Sum of products of all elements, the first array conjugated.

    Parameters
    ----------
    a, b : array or Tensor
        Of the same size; their shapes do not matter.

    Returns
    -------
    scalar or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.vdot(np.array([1j, 2.0]), np.array([1j, 1.0]))
    np.complex128(3+0j)
    """
    return dot(conj(ravel(operand(a))), ravel(operand(b)))


def inner(a: Any, b: Any, /) -> Any:
    """Sum of products over the last axis of both arrays.

    Parameters
    ----------
    a, b : array or Tensor
        With last axes of the same length, or one of them 0-d.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.inner(np.eye(2), np.array([1.0, 2.0]))
    array([1., 2.])
    """
    a, b = operand(a), operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return dot(a, b) if b.ndim == 1 else tensordot(a, b, (-1, -1))


def outer(a: Any, b: Any, out: Any = None) -> Any:
    """All products of an element of the one and an element of the other vector.

    Parameters
    ----------
    a, b : array or Tensor
        Flattened if they are not vectors.

    Returns
    -------
    array or Tensor
        Of shape (a.size, b.size).

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([[3., 4.],
           [6., 8.]])
    """
    if out is not None:
        return write_out(out, outer(a, b), None, "outer")
    return as_column(ravel(operand(a))) * ravel(operand(b))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Sum of products over pairs of axes.

    Parameters
    ----------
    a, b : array or Tensor
    axes : int or pair
        A number N: the last N axes of `a` with the first N of `b`. A pair of axes, or of sequences of axes: these.

    Returns
    -------
    array or Tensor
        The remaining axes of `a`, then those of `b`.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.tensordot(np.ones((2, 3)), np.ones((2, 3)), axes=([0, 1], [0, 1]))
    array(6.)
    """
    a, b = operand(a), operand(b)
    if np.ndim(axes) == 0 and not isinstance(axes, (tuple, list)):
        a_axes, b_axes = list(range(-axes, 0)), list(range(axes))
    else:
        a_axes, b_axes = [list(part) if isinstance(part, (tuple, list)) else [part] for part in axes]
    a_axes = [one_axis("tensordot", axis, a.ndim) for axis in a_axes]
    b_axes = [one_axis("tensordot", axis, b.ndim) for axis in b_axes]
    if [a.shape[axis] for axis in a_axes] != [b.shape[axis] for axis in b_axes]:
        raise ShapeError(
            f"tensordot: axes {a_axes} of an array of shape {a.shape} and axes {b_axes} of one of shape {b.shape} "
            f"differ in length"
        )
    return ops.tensordot(a, b, (a_axes, b_axes))


def einsum(*operands: Any, out: Any = None, dtype: Any = None, optimize: Any = False) -> Any:
    """Sum of products named by labels.

    Parameters
    ----------
    *operands
        Subscripts like ``"ij,jk->ik"`` and the arrays or Tensors, or each array followed by its list of labels. Labels
        that the output leaves out are summed over; a label twice in one operand reads its diagonal; ``...`` stands for
        any axes, broadcast together.
    dtype : dtype, optional
        To compute in.
    optimize : bool, str or sequence
        The order of contraction, as for `numpy.einsum`. Large products of two operands always go through BLAS.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> a = np.arange(6.0).reshape(2, 3)
    >>> np.einsum("ij,kj->ik", a, a)
    array([[ 5., 14.],
           [14., 50.]])
    """
    if out is not None:
        return write_out(out, einsum(*operands, dtype=dtype, optimize=optimize), None, "einsum")
    subscripts, arrays = parse(operands)
    if dtype is not None:
        arrays = [astype(a, dtype) for a in arrays]
    return ops.einsum(*arrays, subscripts=subscripts, optimize=optimize)


def kron(a: Any, b: Any) -> Any:
    """Kronecker product: blocks of `b`, each times an element of `a`.

    Parameters
    ----------
    a, b : array or Tensor

    Returns
    -------
    array or Tensor
        With the product of the lengths along each axis.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.kron(np.array([1.0, 10.0]), np.array([1.0, 2.0]))
    array([ 1.,  2., 10., 20.])
    """
    a, b = operand(a), operand(b)
    rank = max(a.ndim, b.ndim)
    a_shape = (1,) * (rank - a.ndim) + a.shape
    b_shape = (1,) * (rank - b.ndim) + b.shape
    a = reshape(a, shape=tuple([part for length in a_shape for part in (length, 1)]))
    b = reshape(b, shape=tuple([part for length in b_shape for part in (1, length)]))
    return reshape(a * b, shape=tuple([m * n for m, n in zip(a_shape, b_shape)]))


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Cross product of vectors of length 3 (or 2: with a third component of zero).

    Parameters
    ----------
    a, b : array or Tensor
    axisa, axisb, axisc : int
        The axes of the vectors in `a`, `b` and the result.
    axis : int, optional
        One axis for all three.

    Returns
    -------
    array or Tensor
        Of two vectors of length 2, only the third component.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.cross(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    array([0., 0., 1.])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(operand(a), axisa, -1), moveaxis(operand(b), axisb, -1)
    lengths = (a.shape[-1], b.shape[-1])
    if not set(lengths) <= {2, 3}:
        raise ShapeError(f"cross: the vectors must have length 3 (or 2), got lengths {lengths[0]} and {lengths[1]}")
    if lengths == (2, 2):
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    a, b = [concatenate([v, np.zeros((*v.shape[:-1], 1), v.dtype)], axis=-1) if v.shape[-1] == 2 else v for v in (a, b)]
    return moveaxis(ops.cross(a, b), -1, axisc)


def vecdot(x1: Any, x2: Any, /, out: Any = None, *, axis: int = -1) -> Any:
    """Scalar products of the vectors along an axis, the first conjugated.

    Parameters
    ----------
    x1, x2 : array or Tensor
        Their other axes broadcast.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.vecdot(np.ones((2, 3)), np.array([1.0, 2.0, 3.0]))
    array([6., 6.])
    """
    if out is not None:
        return write_out(out, vecdot(x1, x2, axis=axis), None, "vecdot")
    x1, x2 = operand(x1), operand(x2)
    if axis != -1:
        x1, x2 = moveaxis(x1, axis, -1), moveaxis(x2, axis, -1)
    return drop_last(drop_last(as_row(conj(x1)) @ as_column(x2)))


def matvec(x1: Any, x2: Any, /, out: Any = None) -> Any:
    """Products of matrices (last two axes of `x1`) and vectors (last axis of `x2`).

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.matvec(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 2.],
           [3., 4.]])
    """
    result = drop_last(matmul(operand(x1), as_column(operand(x2))))
    return result if out is None else write_out(out, result, None, "matvec")


def vecmat(x1: Any, x2: Any, /, out: Any = None) -> Any:
    """Products of conjugated vectors (last axis of `x1`) and matrices (last two axes of `x2`).

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.vecmat(np.array([[1.0, 2.0], [3.0, 4.0]]), np.eye(2))
    array([[1., 2.],
           [3., 4.]])
    """
    row = matmul(as_row(conj(operand(x1))), operand(x2))
    result = reshape(row, shape=(*shape_of(row)[:-2], shape_of(row)[-1]))
    return result if out is None else write_out(out, result, None, "vecmat")


# -- diagonals and triangles ------------------------------------------------------------------------------------------


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonals of the planes of two axes, along a new last axis.

    Parameters
    ----------
    a : array or Tensor
    offset : int
        Which diagonal: above the main one if positive.
    axis1, axis2 : int
        The axes of the planes.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.diagonal(np.arange(4.0).reshape(2, 2))
    array([0., 3.])
    """
    a = operand(a)
    axes = [one_axis("diagonal", axis, a.ndim) for axis in (axis1, axis2)]
    return diagonals.diagonal(a, offset=offset, axis1=axes[0], axis2=axes[1])


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """Sum of a diagonal.

    Parameters
    ----------
    a : array or Tensor
    offset, axis1, axis2
        As for `diagonal`.
    dtype : dtype, optional
        To sum in.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.trace(np.eye(3))
    np.float64(3.0)
    """
    if out is not None:
        return write_out(out, trace(a, offset, axis1, axis2, dtype), None, "trace")
    d = diagonal(a, offset, axis1, axis2)
    return sum_door(d if dtype is None else astype(d, dtype), axis=(len(shape_of(d)) - 1,), keepdims=False)


def diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix with a vector on its diagonal.

    Parameters
    ----------
    v : array or Tensor
        A matrix or a vector.
    k : int
        Which diagonal: above the main one if positive.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.diag(np.array([1.0, 2.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    v = operand(v)
    if v.ndim == 1:
        size = v.shape[0] + abs(k)
        return diagonals.embed_diagonal(v, shape=(size, size), offset=k, axis1=0, axis2=1)
    if v.ndim == 2:
        return diagonals.diagonal(v, offset=k, axis1=0, axis2=1)
    raise ShapeError(f"diag: the input must have 1 or 2 axes, this one has shape {v.shape}")


def diagflat(v: Any, k: int = 0) -> Any:
    """The matrix with all elements of an array on its diagonal.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.diagflat(np.array([[1.0, 2.0]]))
    array([[1., 0.],
           [0., 2.]])
    """
    return diag(ravel(operand(v)), k)


def tril(m: Any, k: int = 0) -> Any:
    """Matrices with zeros above a diagonal.

    Parameters
    ----------
    m : array or Tensor
        Matrices in the last two axes; a vector is taken for every row of a square matrix.
    k : int
        The last diagonal kept.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.tril(np.ones((2, 2)))
    array([[1., 0.],
           [1., 1.]])
    """
    return diagonals.tril(_as_matrix(m), k=k)


def triu(m: Any, k: int = 0) -> Any:
    """Matrices with zeros below a diagonal.

    Parameters
    ----------
    m : array or Tensor
        Matrices in the last two axes; a vector is taken for every row of a square matrix.
    k : int
        The first diagonal kept.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.triu(np.ones((2, 2)))
    array([[1., 1.],
           [0., 1.]])
    """
    return diagonals.triu(_as_matrix(m), k=k)


def _as_matrix(m: Any) -> Any:
    m = operand(m)
    return broadcast_to(m, (m.shape[0], m.shape[0])) if m.ndim == 1 else m


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of each element of a vector.

    Parameters
    ----------
    x : array or Tensor
        A vector.
    N : int, optional
        Number of columns; by default as many as elements.
    increasing : bool
        Powers from 0 up instead of down to 0.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.vander(np.array([2.0, 3.0]), 3)
    array([[4., 2., 1.],
           [9., 3., 1.]])
    """
    x = operand(x)
    if x.ndim != 1:
        raise ShapeError(f"vander: the input must be a vector, this one has shape {x.shape}")
    exponents = np.arange(x.shape[0] if N is None else N)
    return power(as_column(x), (exponents if increasing else exponents[::-1]).astype(x.dtype))


def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    """The order of contraction that einsum would choose, as `numpy.einsum_path`; only shapes matter."""
    if einsum_call:
        raise OperationError("einsum_path: the argument einsum_call= is not supported")
    subscripts, arrays = parse(operands)
    stand_ins = [np.broadcast_to(np.zeros((), a.dtype), shape_of(a)) for a in arrays]
    return np.einsum_path(subscripts, *stand_ins, optimize=optimize)


UFUNCS.update({np.matmul: matmul, np.vecdot: vecdot})
for _name, _function in {"matvec": matvec, "vecmat": vecmat}.items():  # NumPy 2.2
    if hasattr(np, _name):
        UFUNCS[getattr(np, _name)] = _function

__all__ = [
    "cross", "diag", "diagflat", "diagonal", "dot", "einsum", "einsum_path", "inner", "kron", "matmul", "matvec",
    "outer", "tensordot", "trace", "tril", "triu", "vander", "vdot", "vecdot", "vecmat",
]  # fmt: skip
