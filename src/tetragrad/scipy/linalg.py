"""`scipy.linalg` by SciPy's names and with SciPy's defaults: matrix functions, factorizations, structured matrices.

Conventions on Hermitian matrices and the choice of eigenvectors and singular vectors: see `tetragrad.numpy.linalg`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from ..core.levels import shape_of
from ..errors import OperationError, ShapeError
from ..numpy import linalg
from ..numpy.arguments import operand
from ..numpy.contraction import diag, kron
from ..numpy.joining import concatenate
from ..numpy.linalg import cholesky as _cholesky
from ..numpy.linalg import det, eigvals, inv, norm, svdvals
from ..numpy.shaping import ravel
from ..ops import solvers
from ..ops.matrices import adjoint, as_column, conj, drop_last, swap_last
from ..ops.matrix_functions import cosm as _cosm
from ..ops.matrix_functions import expm as _expm
from ..ops.matrix_functions import logm as _logm
from ..ops.matrix_functions import sinm as _sinm
from ..ops.matrix_functions import sqrtm as _sqrtm

# -- functions of matrices --------------------------------------------------------------------------------------------


def expm(A: Any) -> Any:
    """Matrix exponentials.

    Parameters
    ----------
    A : array or Tensor, shape (..., n, n)

    Returns
    -------
    array or Tensor, shape (..., n, n)

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.expm(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 1.]])
    """
    return _expm(operand(A))


def logm(A: Any) -> Any:
    """Principal matrix logarithm.

    Parameters
    ----------
    A : array or Tensor, shape (n, n)
        Without eigenvalues on the closed negative real axis.

    Returns
    -------
    array or Tensor, shape (n, n)

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.logm(np.eye(2))
    array([[0., 0.],
           [0., 0.]])
    """
    return _logm(operand(A))


def sqrtm(A: Any) -> Any:
    """Principal matrix square root.

    Parameters
    ----------
    A : array or Tensor, shape (n, n)
        Without eigenvalues on the closed negative real axis.

    Returns
    -------
    array or Tensor, shape (n, n)

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.sqrtm(np.diag(np.array([4.0, 9.0])))
    array([[2., 0.],
           [0., 3.]])
    """
    return _sqrtm(operand(A))


def cosm(A: Any) -> Any:
    """Matrix cosine.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.cosm(np.zeros((1, 1)))
    array([[1.]])
    """
    return _cosm(operand(A))


def sinm(A: Any) -> Any:
    """Matrix sine.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.sinm(np.zeros((1, 1)))
    array([[0.]])
    """
    return _sinm(operand(A))


def expm_frechet(A: Any, E: Any, compute_expm: bool = True) -> Any:
    """Derivative of the matrix exponential at `A` in the direction `E`.

    Parameters
    ----------
    A, E : array or Tensor, shape (n, n)
    compute_expm : bool
        Give the exponential too.

    Returns
    -------
    array or Tensor, or a pair
        ``(expm(A), derivative)``, or the derivative alone.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.expm_frechet(np.zeros((1, 1)), np.ones((1, 1)), compute_expm=False)
    array([[1.]])
    """
    A, E = operand(A), operand(E)
    size = A.shape[-1]
    upper = concatenate([A, E], axis=-1)
    whole = _expm(concatenate([upper, concatenate([np.zeros(A.shape, A.dtype), A], axis=-1)], axis=-2))
    derivative = whole[..., :size, size:]
    return (whole[..., :size, :size], derivative) if compute_expm else derivative


# -- systems ----------------------------------------------------------------------------------------------------------


def solve(a: Any, b: Any, lower: bool = False, *, assume_a: str | None = None, transposed: bool = False) -> Any:
    """Solution of ``a @ x = b``.

    Parameters
    ----------
    a : array or Tensor, shape (n, n)
    b : array or Tensor, shape (n,) or (n, k)
    lower, assume_a
        What is known of `a`: with 'sym', 'her', 'pos' (and their longer names) only one triangle is read, which
        `lower` chooses.
    transposed : bool
        Solve with the transpose of `a`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.solve(np.diag(np.array([2.0, 4.0])), np.array([2.0, 2.0]))
    array([1. , 0.5])
    """
    a, b = operand(a), operand(b)
    if assume_a in ("sym", "symmetric", "her", "hermitian", "pos", "positive definite"):
        a = _from_triangle(a, lower, assume_a in ("sym", "symmetric"))
    elif assume_a in ("lower triangular", "upper triangular"):
        return solve_triangular(a, b, trans=int(transposed), lower=assume_a == "lower triangular")
    return solvers.solve(swap_last(a) if transposed else a, b)


def _from_triangle(a: Any, lower: bool, symmetric: bool) -> Any:
    """The symmetric or Hermitian matrix of which one triangle is given."""
    from ..ops.diagonals import tril, triu

    half = tril(a, k=0) if lower else triu(a, k=0)
    strict = tril(a, k=-1) if lower else triu(a, k=1)
    return half + (swap_last(strict) if symmetric else adjoint(strict))


def solve_triangular(
    a: Any, b: Any, trans: int | str = 0, lower: bool = False, unit_diagonal: bool = False, overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """Solution of a triangular system ``a @ x = b``.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)
        Only one triangle is read.
    b : array or Tensor, shape (n,) or (..., n, k)
    trans : {0, 1, 2, 'N', 'T', 'C'}
        Solve with `a`, its transpose, or its conjugate transpose.
    lower : bool
        The lower triangle of `a`.
    unit_diagonal : bool
        The diagonal is taken for ones.
    overwrite_b, check_finite
        Accepted and without effect.

    Returns
    -------
    array or Tensor

    Raises
    ------
    LinAlgError
        If there is a zero on the diagonal.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.solve_triangular(np.array([[2.0, 0.0], [2.0, 1.0]]), np.array([2.0, 3.0]), lower=True)
    array([1., 1.])
    """
    a, b = operand(a), operand(b)
    if trans in (1, 2, "T", "C"):
        a, lower = swap_last(a), not lower
        if trans in (2, "C"):
            a = conj(a)
    elif trans not in (0, "N"):
        raise OperationError(f"solve_triangular: trans must be 0, 1, 2, 'N', 'T' or 'C', got {trans!r}")
    if b.ndim == 1:
        return drop_last(solvers.solve_triangular(a, as_column(b), lower=lower, unit_diagonal=unit_diagonal))
    return solvers.solve_triangular(a, b, lower=lower, unit_diagonal=unit_diagonal)


def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """Solution of ``a @ x + x @ b = q``.

    Parameters
    ----------
    a : array or Tensor, shape (m, m)
    b : array or Tensor, shape (n, n)
    q : array or Tensor, shape (m, n)

    Returns
    -------
    array or Tensor, shape (m, n)

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.solve_sylvester(np.eye(1), np.eye(1), np.ones((1, 1)))
    array([[0.5]])
    """
    return solvers.solve_sylvester(operand(a), operand(b), operand(q))


def lstsq(a: Any, b: Any, cond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """Least-squares solution of ``a @ x = b``: the solution, squared lengths of the residuals, rank, singular values.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.lstsq(np.ones((3, 1)), np.array([1.0, 2.0, 6.0]))[0]
    array([3.])
    """
    a = operand(a)
    x, residuals, rank, s = linalg.lstsq(a, b, float(np.finfo(a.dtype).eps) if cond is None else cond)
    return x, residuals[0] if len(shape_of(b)) == 1 and shape_of(residuals) == (1,) else residuals, rank, s


def pinv(a: Any, *, atol: Any = None, rtol: Any = None) -> Any:
    """Moore-Penrose pseudo-inverse. Differentiable where the rank is locally constant.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.pinv(np.array([[2.0], [0.0]]))
    array([[0.5, 0. ]])
    """
    if atol is not None:
        raise OperationError("pinv: the argument atol= is not supported; use rtol=")
    return linalg.pinv(a, rtol=rtol)


# -- factorizations ---------------------------------------------------------------------------------------------------


def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Cholesky factor of a positive definite Hermitian matrix, by default the upper one.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)
        Only the triangle of the factor is read. The derivative is symmetrised.
    lower : bool
        Give the lower factor.
    overwrite_a, check_finite
        Accepted and without effect.

    Returns
    -------
    array or Tensor, shape (..., n, n)

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.cholesky(np.array([[1.0, 2.0], [2.0, 5.0]]))
    array([[1., 2.],
           [0., 1.]])
    """
    return _cholesky(a, upper=not lower)


def cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, bool]:
    """Cholesky factor for `cho_solve`. (SciPy leaves arbitrary numbers in its other triangle, here are zeros.)

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.cho_solve(linalg.cho_factor(2 * np.eye(2)), np.array([2.0, 4.0]))
    array([1., 2.])
    """
    return cholesky(a, lower), lower


def cho_solve(c_and_lower: tuple[Any, bool], b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """Solution of ``a @ x = b`` from the result of ``cho_factor(a)``.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.cho_solve(linalg.cho_factor(2 * np.eye(2), lower=True), np.array([2.0, 4.0]))
    array([1., 2.])
    """
    c, lower = c_and_lower
    first, second = ("N", "C") if lower else ("C", "N")
    return solve_triangular(c, solve_triangular(c, b, first, lower), second, lower)


def qr(a: Any, overwrite_a: bool = False, lwork: Any = None, mode: str = "full", pivoting: bool = False) -> Any:
    """QR factorization. Differentiable at full rank.

    Parameters
    ----------
    a : array or Tensor, shape (..., m, n)
    mode : {'full', 'economic', 'r'}
    overwrite_a, lwork
        Accepted and without effect.

    Returns
    -------
    tuple
        ``Q, R``, or ``(R,)`` with mode 'r'.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> abs(linalg.qr(np.diag(np.array([2.0, 3.0])))[1])
    array([[2., 0.],
           [0., 3.]])
    """
    if pivoting:
        raise OperationError("qr: the argument pivoting= is not supported on Tensors")
    if mode == "r":
        a = operand(a)
        return (linalg.qr(a, "complete").R,)
    if mode not in ("full", "economic"):
        raise OperationError(f"qr: mode must be 'full', 'economic' or 'r', got {mode!r}")
    return tuple(linalg.qr(a, "complete" if mode == "full" else "reduced"))


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition ``U @ diag(s) @ Vh``, as `tetragrad.numpy.linalg.svd`.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.svd(np.diag(np.array([3.0, 2.0])), compute_uv=False)
    array([3., 2.])
    """
    found = linalg.svd(a, full_matrices, compute_uv)
    return tuple(found) if compute_uv else found


def eigh(a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False) -> Any:
    """Eigenvalues, ascending, and eigenvectors of a Hermitian matrix; or of the pair (a, b) with b positive definite.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)
    b : array or Tensor, shape (..., n, n), optional
        For ``a @ v = w * b @ v``; the vectors then have ``v^H @ b @ v = 1``.
    lower : bool
        Which triangles are read. Derivatives are symmetrised.
    eigvals_only : bool
        Only the eigenvalues.

    Returns
    -------
    tuple, array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.eigh(np.diag(np.array([2.0, 6.0])), 2 * np.eye(2), eigvals_only=True)
    array([1., 3.])
    """
    a = operand(a)
    triangle = "L" if lower else "U"
    if b is None:
        return linalg.eigvalsh(a, triangle) if eigvals_only else tuple(linalg.eigh(a, triangle))
    factor = cholesky(operand(b), lower)  # with b = L L^H: (L^-1 a L^-H) u = w u, and v = L^-H u
    factor = factor if lower else adjoint(factor)
    half = solvers.solve_triangular(factor, _from_triangle(a, lower, False), lower=True, unit_diagonal=False)
    inner = solvers.solve_triangular(factor, adjoint(half), lower=True, unit_diagonal=False)
    if eigvals_only:
        return linalg.eigvalsh(inner)
    w, u = linalg.eigh(inner)
    return w, solvers.solve_triangular(adjoint(factor), u, lower=False, unit_diagonal=False)


def eigvalsh(a: Any, b: Any = None, *, lower: bool = True) -> Any:
    """Eigenvalues of a Hermitian matrix or pair, ascending.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.eigvalsh(np.diag(np.array([3.0, 2.0])))
    array([2., 3.])
    """
    return eigh(a, b, lower=lower, eigvals_only=True)


def eig(a: Any) -> tuple[Any, Any]:
    """Eigenvalues (complex) and eigenvectors of a diagonalisable square matrix.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.eig(np.diag(np.array([3.0, 2.0])))[0]
    array([3.+0.j, 2.+0.j])
    """
    w, v = linalg.eig(a)
    return w + 0j, v


# -- structured matrices ----------------------------------------------------------------------------------------------


def block_diag(*arrs: Any) -> Any:
    """The matrix with these matrices along its diagonal.

    Parameters
    ----------
    *arrs : array or Tensor
        Matrices; a vector is one row.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.block_diag(np.ones((1, 2)), 5.0)
    array([[1., 1., 0.],
           [0., 0., 5.]])
    """
    blocks = [operand(a) for a in arrs] or [np.zeros((1, 0))]
    for a in blocks:
        if a.ndim > 2:
            raise ShapeError(f"block_diag: the blocks must have at most 2 axes, one has shape {a.shape}")
    blocks = [a[(None,) * (2 - a.ndim)] for a in blocks]
    width = sum([a.shape[1] for a in blocks])
    rows, start = [], 0
    for a in blocks:
        height, own = a.shape
        left, right = np.zeros((height, start), a.dtype), np.zeros((height, width - start - own), a.dtype)
        rows.append(concatenate([left, a, right], axis=1))
        start += own
    return concatenate(rows, axis=0)


def toeplitz(c: Any, r: Any = None) -> Any:
    """The matrix with constant diagonals, from its first column and first row.

    Parameters
    ----------
    c : array or Tensor
        The first column.
    r : array or Tensor, optional
        The first row, whose first element is not read; by default the conjugate of `c`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.toeplitz(np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    array([[1., 3.],
           [2., 1.]])
    """
    c = ravel(operand(c))
    r = conj(c) if r is None else ravel(operand(r))
    rows, columns = c.shape[0], r.shape[0]
    diagonals = concatenate([c[::-1], r[1:]])
    return diagonals[np.arange(rows)[::-1, None] + np.arange(columns)]


def circulant(c: Any) -> Any:
    """The square matrix whose columns are the rotations of a vector.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> import tetragrad.scipy.linalg as linalg
    >>> linalg.circulant(np.array([1.0, 2.0]))
    array([[1., 2.],
           [2., 1.]])
    """
    c = ravel(operand(c))
    size = c.shape[0]
    return c[(np.arange(size)[:, None] - np.arange(size)) % size]


__all__ = [
    "LinAlgError", "block_diag", "cho_factor", "cho_solve", "cholesky", "circulant", "cosm", "det", "diag", "eig",
    "eigh", "eigvals", "eigvalsh", "expm", "expm_frechet", "inv", "kron", "logm", "lstsq", "norm", "pinv", "qr", "sinm",
    "solve", "solve_sylvester", "solve_triangular", "sqrtm", "svd", "svdvals", "toeplitz",
]  # fmt: skip
