"""Factorizations of matrices, as `numpy.linalg` shows them; what their derivatives mean is said there."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import OperationError
from ..ops import factorizations as ops
from ..ops.matrices import adjoint
from .arguments import operand
from .joining import concatenate
from .norms import svdvals


class EigResult(NamedTuple):
    """Eigenvalues and eigenvectors (columns)."""

    eigenvalues: Any
    eigenvectors: Any


class EighResult(NamedTuple):
    """Eigenvalues, ascending, and eigenvectors (columns) of a Hermitian matrix."""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """Orthonormal columns and an upper triangle."""

    Q: Any
    R: Any


class SVDResult(NamedTuple):
    """Left singular vectors (columns), singular values, right singular vectors (rows)."""

    U: Any
    S: Any
    Vh: Any


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """Cholesky factors L of positive definite Hermitian matrices ``L @ L^H``.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)
        Only the lower triangles are read (with `upper` the upper ones). The derivative is symmetrised.
    upper : bool
        Give upper triangular factors U of ``U^H @ U``.

    Returns
    -------
    array or Tensor, shape (..., n, n)

    Raises
    ------
    LinAlgError
        If a matrix is not positive definite.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.cholesky(np.diag(np.array([4.0, 9.0])))
    array([[2., 0.],
           [0., 3.]])
    """
    a = operand(a)
    return adjoint(ops.cholesky(adjoint(a))) if upper else ops.cholesky(a)


def qr(a: Any, mode: str = "reduced") -> Any:
    """QR ops. Differentiable at full rank.

    Parameters
    ----------
    a : array or Tensor, shape (..., m, n)
    mode : {'reduced', 'complete', 'r'}
        Q of min(m, n) columns, or square; 'r' gives R alone.

    Returns
    -------
    QRResult
        ``Q, R``.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> abs(np.linalg.qr(np.diag(np.array([2.0, 3.0]))).R)
    array([[2., 0.],
           [0., 3.]])
    """
    if mode not in ("reduced", "complete", "r"):
        raise OperationError(f"qr: mode must be 'reduced', 'complete' or 'r', got {mode!r}")
    a = operand(a)
    rows, columns = a.shape[-2:]
    square = a if rows >= columns else a[..., :rows]
    q, r = ops.qr(square, mode="complete" if mode == "complete" and rows > columns else "reduced")
    if rows < columns:  # the other columns follow from Q
        r = concatenate([r, adjoint(q) @ a[..., rows:]], axis=-1)
    return r if mode == "r" else QRResult(q, r)


def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Eigenvalues and eigenvectors of Hermitian matrices.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)
    UPLO : {'L', 'U'}
        The triangle that is read. The derivative is symmetrised.

    Returns
    -------
    EighResult
        ``eigenvalues`` (..., n), ascending, and ``eigenvectors`` (..., n, n), in columns. At equal eigenvalues the
        derivative is right for functions that treat their eigenvectors as one subspace.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.eigh(np.array([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    array([1., 3.])
    """
    return EighResult(*ops.eigh(operand(a), UPLO=UPLO.upper()))


def eigvalsh(a: Any, UPLO: Any = "L") -> Any:
    """Eigenvalues of Hermitian matrices, ascending.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)
    UPLO : {'L', 'U'}
        The triangle that is read. The derivative is symmetrised.

    Returns
    -------
    array or Tensor, shape (..., n)

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.eigvalsh(np.array([[2.0, 1.0], [1.0, 2.0]]))
    array([1., 3.])
    """
    a = operand(a)
    return np.linalg.eigvalsh(a, UPLO) if type(a) is np.ndarray else eigh(a, UPLO).eigenvalues


def eig(a: Any) -> EigResult:
    """Eigenvalues and eigenvectors of diagonalisable square matrices.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)

    Returns
    -------
    EigResult
        ``eigenvalues`` (..., n) and ``eigenvectors`` (..., n, n), in columns of length one; real if all eigenvalues of
        a real input are. Derivatives are right for functions that do not depend on the phases of the vectors.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.eig(np.array([[0.0, -1.0], [1.0, 0.0]])).eigenvalues
    array([0.+1.j, 0.-1.j])
    """
    return EigResult(*ops.eig(operand(a)))


def eigvals(a: Any) -> Any:
    """Eigenvalues of diagonalisable square matrices, in no particular order.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)

    Returns
    -------
    array or Tensor, shape (..., n)

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.eigvals(np.array([[0.0, -1.0], [1.0, 0.0]]))
    array([0.+1.j, 0.-1.j])
    """
    a = operand(a)
    return np.linalg.eigvals(a) if type(a) is np.ndarray else eig(a).eigenvalues


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Singular value decompositions ``U @ diag(S) @ Vh``.

    Parameters
    ----------
    a : array or Tensor, shape (..., m, n)
    full_matrices : bool
        Square U and Vh. The additional vectors are any basis of what the others leave; only functions of that subspace
        have a derivative.
    compute_uv : bool
        False: only the singular values.
    hermitian : bool
        `a` is Hermitian (accepted and not made use of on Tensors).

    Returns
    -------
    SVDResult
        ``U, S, Vh``, S descending. At equal singular values the derivative is right for functions that treat their
        vectors as one subspace.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.svd(np.diag(np.array([3.0, 2.0]))).S
    array([3., 2.])
    """
    a = operand(a)
    if not compute_uv:
        return np.linalg.svd(a, False, False, hermitian) if type(a) is np.ndarray else svdvals(a)
    if type(a) is np.ndarray:
        return SVDResult(*np.linalg.svd(a, full_matrices, True, hermitian))
    rows, columns = a.shape[-2:]
    return SVDResult(*ops.svd(a, full_matrices=full_matrices and rows != columns))
