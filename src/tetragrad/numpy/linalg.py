"""`numpy.linalg` by NumPy's names: on stacks of matrices, real or complex, differentiated to any order.

Hermitian matrices (cholesky, eigh, eigvalsh) are read from one triangle, as in NumPy, and their derivative is that with
respect to the full matrix, symmetrised. Eigenvectors and singular vectors are defined up to a phase, and those of equal
values up to a rotation: derivatives are finite there, and right for functions that do not depend on the choice.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.linalg import LinAlgError

from ..core.levels import level_of, shape_of
from ..errors import OperationError, ShapeError
from ..ops import solvers
from ..ops.determinants import det as _det
from ..ops.determinants import slogdet as _slogdet
from ..ops.matrices import real
from ..ops.norms import matrix_rank as _matrix_rank
from ..ops.reductions import count_nonzero
from . import contraction
from .arguments import operand
from .contraction import matmul, tensordot, vecdot
from .factorizations import cholesky, eig, eigh, eigvals, eigvalsh, qr, svd
from .norms import cond, matrix_norm, norm, svdvals, vector_norm
from .shaping import astype, matrix_transpose, moveaxis, reshape


class SlogdetResult(NamedTuple):
    """Sign (phase) of a determinant and the logarithm of its absolute value."""

    sign: Any
    logabsdet: Any


# -- determinants, inverses, systems ----------------------------------------------------------------------------------


def det(a: Any) -> Any:
    """Determinants; their derivatives hold at singular matrices too.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)

    Returns
    -------
    array or Tensor, shape (...)

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> tg.grad(np.linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]]))
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    return _det(operand(a))


def slogdet(a: Any) -> SlogdetResult:
    """Signs (complex: phases) and logarithms of the absolute values of determinants.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)

    Returns
    -------
    SlogdetResult
        ``sign, logabsdet``.

    Raises
    ------
    LinAlgError
        From the derivative, if a matrix is singular.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.slogdet(np.diag(np.array([2.0, -1.0]))).sign
    np.float64(-1.0)
    """
    return SlogdetResult(*_slogdet(operand(a)))


def inv(a: Any) -> Any:
    """Inverses of square matrices.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)

    Returns
    -------
    array or Tensor, shape (..., n, n)

    Raises
    ------
    LinAlgError
        If a matrix is singular.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.inv(np.diag(np.array([2.0, 4.0])))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return solvers.inv(operand(a))


def solve(a: Any, b: Any) -> Any:
    """Solutions of ``a @ x = b``.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)
    b : array or Tensor, shape (n,) or (..., n, k)
        A single vector, or matrices of columns.

    Returns
    -------
    array or Tensor, shape (..., n) or (..., n, k)

    Raises
    ------
    LinAlgError
        If a matrix is singular.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.solve(np.diag(np.array([2.0, 4.0])), np.array([2.0, 2.0]))
    array([1. , 0.5])
    """
    return solvers.solve(operand(a), operand(b))


def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """Least-squares solution of ``a @ x = b``, of least norm.

    Differentiable where the rank of `a` is locally constant.

    Parameters
    ----------
    a : array or Tensor, shape (m, n)
    b : array or Tensor, shape (m,) or (m, k)
    rcond : float, optional
        Singular values below this fraction of the largest count as zero.

    Returns
    -------
    x : array or Tensor, shape (n,) or (n, k)
    residuals : array or Tensor, shape (k,) or (1,) or (0,)
        Squared lengths of ``b - a @ x``; empty if m <= n or the rank is below n (except under vmap, where ranks may
        differ).
    rank : int
    s : array or Tensor
        Singular values of `a`.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.lstsq(np.ones((3, 1)), np.array([1.0, 2.0, 6.0]))[0]
    array([3.])
    """
    a, b = operand(a), operand(b)
    x, s = solvers.lstsq(a, b, rcond=rcond), svdvals(a)
    m, n = a.shape
    cut = float(np.finfo(s.dtype).eps) * (max(m, n) if rcond is None else 1) if rcond is None or rcond < 0 else rcond
    rank = astype(count_nonzero(s > s[:1] * cut, axis=(0,), keepdims=False), np.int32)
    if m <= n or (not level_of(rank) and rank < n):
        return x, np.empty((0,), s.dtype), rank, s
    rest = b - a @ x
    residuals = real(vecdot(rest, rest, axis=0))
    return x, residuals if b.ndim == 2 else reshape(residuals, (1,)), rank, s


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Any:
    """Moore-Penrose pseudo-inverses. Differentiable where the rank is locally constant.

    Parameters
    ----------
    a : array or Tensor, shape (..., m, n)
    rcond, rtol : float, optional
        Singular values below this fraction of the largest count as zero.
    hermitian : bool
        `a` is Hermitian.

    Returns
    -------
    array or Tensor, shape (..., n, m)

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.pinv(np.array([[2.0], [0.0]]))
    array([[0.5, 0. ]])
    """
    a = operand(a)
    if rcond is None:
        rcond = 1e-15 if rtol is np._NoValue else rtol
        if rcond is None:
            rcond = max(a.shape[-2:]) * float(np.finfo(a.dtype).eps)
    return solvers.pinv(a, rcond=rcond, hermitian=hermitian)


def matrix_power(a: Any, n: int) -> Any:
    """Square matrices to an integer power; negative powers of the inverse.

    Parameters
    ----------
    a : array or Tensor, shape (..., m, m)
    n : int

    Returns
    -------
    array or Tensor, shape (..., m, m)

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.matrix_power(np.array([[1.0, 1.0], [0.0, 1.0]]), 5)
    array([[1., 5.],
           [0., 1.]])
    """
    a, n = operand(a), operator.index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"matrix_power: the matrices must be square, got shape {a.shape}")
    if n == 0:
        return a * 0 + np.eye(a.shape[-1], dtype=a.dtype)
    if n < 0:
        a, n = inv(a), -n
    result = None
    while n:  # by squaring
        n, bit = divmod(n, 2)
        if bit:
            result = a if result is None else result @ a
        if n:
            a = a @ a
    return result


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """Number of singular values above a tolerance: an integer, without derivative.

    Parameters
    ----------
    A : array or Tensor, shape (..., m, n)
    tol, rtol : float, optional
        Absolute or relative tolerance.

    Returns
    -------
    int or array of int

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.matrix_rank(np.ones((2, 2)))
    np.int64(1)
    """
    return _matrix_rank(operand(A), tol=tol, hermitian=hermitian, rtol=rtol)


def multi_dot(arrays: Sequence[Any]) -> Any:
    """Product of several matrices, in the cheapest order.

    Parameters
    ----------
    arrays : sequence of array or Tensor
        Matrices; the first and the last may be vectors.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.multi_dot([np.ones((2, 3)), np.ones((3, 4)), np.ones(4)])
    array([12., 12.])
    """
    parts = [operand(a) for a in arrays]
    if len(parts) < 2:
        raise OperationError("multi_dot: at least two arrays are needed")
    first, last = parts[0].ndim == 1, parts[-1].ndim == 1
    lengths = [1 if first else parts[0].shape[0], *[a.shape[0] for a in parts[1:]], 1 if last else parts[-1].shape[-1]]
    if first:
        lengths[1] = parts[0].shape[0]
    return _chain(parts, _cheapest(lengths), 0, len(parts) - 1)


def _cheapest(lengths: Sequence[int]) -> dict[tuple[int, int], int]:
    """For each stretch (i, j) of a chain of matrices, after which one to split it (Cormen et al., section 15.2)."""
    count = len(lengths) - 1
    cost = {(i, i): 0 for i in range(count)}
    split = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [
                (cost[i, k] + cost[k + 1, j] + lengths[i] * lengths[k + 1] * lengths[j + 1], k) for k in range(i, j)
            ]
            cost[i, j], split[i, j] = min(options)
    return split


def _chain(parts: Sequence[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return parts[i]
    k = split[i, j]
    return _chain(parts, split, i, k) @ _chain(parts, split, k + 1, j)


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """Solution of ``tensordot(a, x, x.ndim) = b``.

    Parameters
    ----------
    a : array or Tensor
        Of shape ``b.shape + x.shape``, with as many elements behind as before.
    b : array or Tensor
    axes : sequence of int, optional
        Axes of `a` to move to the end first.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.tensorsolve(2 * np.eye(4).reshape(2, 2, 4), np.ones((2, 2)))
    array([0.5, 0.5, 0.5, 0.5])
    """
    a, b = operand(a), operand(b)
    for axis in axes or ():
        a = moveaxis(a, axis, a.ndim - 1)
    shape = a.shape[b.ndim :]
    size = b.size
    if a.size != size * size:
        raise ShapeError(f"tensorsolve: an array of shape {a.shape} is not square for a right side of shape {b.shape}")
    return reshape(solve(reshape(a, (size, size)), reshape(b, (size,))), shape)


def tensorinv(a: Any, ind: int = 2) -> Any:
    """Inverse of ``x -> tensordot(a, x, ind)``.

    Parameters
    ----------
    a : array or Tensor
        With as many elements over its first `ind` axes as over the others.
    ind : int

    Returns
    -------
    array or Tensor
        Of shape ``a.shape[ind:] + a.shape[:ind]``.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.tensorinv(2 * np.eye(4).reshape(2, 2, 4)).shape
    (4, 2, 2)
    """
    a = operand(a)
    if ind <= 0:
        raise OperationError(f"tensorinv: ind must be positive, got {ind}")
    front, back = a.shape[:ind], a.shape[ind:]
    size = int(np.prod(back))
    return reshape(inv(reshape(a, (-1, size))), (*back, *front))


# -- NumPy 2's names for functions on the last two axes ---------------------------------------------------------------


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Cross products of vectors of length 3.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.cross(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    array([0., 0., 1.])
    """
    x1, x2 = operand(x1), operand(x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ShapeError(f"cross: the vectors must have length 3, got shapes {x1.shape} and {x2.shape}, axis {axis}")
    return contraction.cross(x1, x2, axis=axis)


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """Diagonals of the matrices in the last two axes.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.diagonal(np.ones((3, 2, 2))).shape
    (3, 2)
    """
    return contraction.diagonal(x, offset, -2, -1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Sums of the diagonals of the matrices in the last two axes.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.trace(np.ones((3, 2, 2)))
    array([2., 2., 2.])
    """
    return contraction.trace(x, offset, -2, -1, dtype)


def outer(x1: Any, x2: Any, /) -> Any:
    """All products of an element of the one and an element of the other vector.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.outer(np.array([1.0, 2.0]), np.array([3.0]))
    array([[3.],
           [6.]])
    """
    if len(shape_of(x1)) != 1 or len(shape_of(x2)) != 1:
        raise ShapeError(f"outer: the inputs must be vectors, got shapes {shape_of(x1)} and {shape_of(x2)}")
    return contraction.outer(x1, x2)


__all__ = [
    "LinAlgError", "cholesky", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv",
    "lstsq", "matmul", "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "multi_dot", "norm", "outer",
    "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot", "tensorinv", "tensorsolve", "trace", "vecdot",
    "vector_norm",
]  # fmt: skip
