"""`paddle.linalg`, and the products that Paddle has at the top level too."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import concrete, shape_of
from ..dialects.names import answer_for
from ..numpy import contraction, factorizations, norms, shaping
from ..numpy import linalg as face
from ..ops.contraction import dot as dot_door
from ..ops.contraction import matmul as matmul_door
from ..ops.diagonals import tril as tril_door
from ..ops.diagonals import triu as triu_door
from ..ops.norms import norm as norm_door
from ..ops.reductions import sum as sum_door
from ..scipy import linalg as scipy_linalg
from .errors import invalid
from .operators import promoted
from .tensor import Tensor, as_operand, made


def _two(x: Any, y: Any, name: str, second: str = "y") -> tuple[Any, Any]:
    x, y = as_operand(x, name), as_operand(y, name, second, 1)
    return (x, y) if x._value.dtype is y._value.dtype else promoted(x, y)


def matmul(x: Any, y: Any, transpose_x: bool = False, transpose_y: bool = False, name: str | None = None) -> Any:
    """Product of matrices (the last two axes), or of vectors; either may be transposed first."""
    x, y = _two(x, y, "matmul")
    if transpose_x and len(shape_of(x)) > 1:
        x = shaping.matrix_transpose(x)
    if transpose_y and len(shape_of(y)) > 1:
        y = shaping.matrix_transpose(y)
    return made(matmul_door(x, y))


def mm(input: Any, mat2: Any, name: str | None = None) -> Any:
    """Product of two matrices."""
    return matmul(input, mat2)


def bmm(x: Any, y: Any, name: str | None = None) -> Any:
    """Products of matrices, pair by pair."""
    x, y = _two(x, y, "bmm")
    if len(shape_of(x)) != 3 or len(shape_of(y)) != 3:
        raise invalid(f"bmm: both must have three axes, got shapes {list(shape_of(x))} and {list(shape_of(y))}")
    return made(matmul_door(x, y))


def dot(x: Any, y: Any, name: str | None = None) -> Any:
    """Inner product of two vectors, or of each pair of rows."""
    if type(x) is Tensor and type(y) is Tensor:
        a, b = x._value, y._value
        if type(a) is np.ndarray is type(b) and a.ndim == b.ndim == 1 and len(a) == len(b) and a.dtype is b.dtype:
            return dot_door(x, y)
    x, y = _two(x, y, "dot")
    shape = x._value.shape
    if len(shape) == 1 and shape == y._value.shape:
        return dot_door(x, y)
    if shape != y._value.shape or len(shape) != 2:
        raise invalid(
            f"dot: both must be vectors, or matrices, of one shape; got shapes {list(shape_of(x))} and "
            f"{list(shape_of(y))}"
        )
    return sum_door(x * y, axis=(1,), keepdims=False)


def mv(x: Any, vec: Any, name: str | None = None) -> Any:
    """Product of a matrix and a vector."""
    x, vec = _two(x, vec, "mv", "vec")
    if len(shape_of(x)) != 2 or len(shape_of(vec)) != 1:
        raise invalid(f"mv: takes a matrix and a vector, got shapes {list(shape_of(x))} and {list(shape_of(vec))}")
    return made(matmul_door(x, vec))


def outer(x: Any, y: Any, name: str | None = None) -> Any:
    """All products of an element of `x` and one of `y`."""
    return made(contraction.outer(*_two(x, y, "outer")))


def inner(x: Any, y: Any, name: str | None = None) -> Any:
    """Sum of products over the last axes."""
    return made(contraction.inner(*_two(x, y, "inner")))


def addmm(input: Any, x: Any, y: Any, beta: float = 1.0, alpha: float = 1.0, name: str | None = None) -> Any:
    """``beta * input + alpha * (x @ y)``."""
    return beta * as_operand(input, "addmm", "input") + alpha * matmul(x, y)


def einsum(equation: str, *operands: Any) -> Any:
    """Sum of products, by Einstein's notation."""
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return made(contraction.einsum(equation, *operands))


def tensordot(x: Any, y: Any, axes: Any = 2, name: str | None = None) -> Any:
    """Sum of products over some axes."""
    return made(contraction.tensordot(*_two(x, y, "tensordot"), axes))


def kron(x: Any, y: Any, name: str | None = None) -> Any:
    """Kronecker's product."""
    return made(contraction.kron(*_two(x, y, "kron")))


def cross(x: Any, y: Any, axis: int = -1, name: str | None = None) -> Any:
    """Cross product of vectors of three elements."""
    return made(contraction.cross(*_two(x, y, "cross"), axis=axis))


def dist(x: Any, y: Any, p: float = 2, name: str | None = None) -> Any:
    """Norm of the difference."""
    return norm(as_operand(x, "dist") - y, p)


def norm(x: Any, p: Any = None, axis: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Norm of all elements, of vectors along an axis, or of matrices along two.

    Parameters
    ----------
    x : Tensor
    p : number, inf, -inf, 'fro' or 'nuc', optional
        By default the root of the sum of squares.
    axis : int or pair of int, optional
    keepdim : bool

    Returns
    -------
    Tensor
        The derivative at zero is zero.
    """
    x = as_operand(x, "norm")
    if axis is None and not keepdim and (p is None or p in (2, "fro")):
        return norm_door(x)
    if axis is None and p != "nuc":
        whole = norms.norm(shaping.ravel(x), None if p == "fro" else p)
        return shaping.reshape(whole, (1,) * len(shape_of(x))) if keepdim else whole
    axis = tuple(axis) if isinstance(axis, list) else axis
    if isinstance(axis, tuple) and len(axis) == 1:
        axis = axis[0]
    if isinstance(axis, int) and p == "fro":
        p = None
    return norms.norm(x, p, axis, keepdim)


def vector_norm(x: Any, p: float = 2.0, axis: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Norms of vectors."""
    return norms.vector_norm(as_operand(x, "vector_norm"), axis=axis, keepdims=keepdim, ord=p)


def matrix_norm(x: Any, p: Any = "fro", axis: Any = (-2, -1), keepdim: bool = False, name: str | None = None) -> Any:
    """Norms of matrices."""
    return norms.norm(as_operand(x, "matrix_norm"), p, tuple(axis), keepdim)


def cond(x: Any, p: Any = None, name: str | None = None) -> Any:
    """Condition number of a matrix."""
    return norms.cond(as_operand(x, "cond"), p)


def inv(x: Any, name: str | None = None) -> Any:
    """Inverse of a matrix."""
    return face.inv(as_operand(x, "inv"))


inverse = inv


def pinv(x: Any, rcond: float = 1e-15, hermitian: bool = False, name: str | None = None) -> Any:
    """Pseudo-inverse of a matrix."""
    return face.pinv(as_operand(x, "pinv"), rcond, hermitian)


def det(x: Any, name: str | None = None) -> Any:
    """Determinant of a matrix."""
    return face.det(as_operand(x, "det"))


def slogdet(x: Any) -> Any:
    """Sign of the determinant and the logarithm of its absolute value, in one Tensor."""
    from .manipulation import stack

    return stack([made(each) for each in face.slogdet(as_operand(x, "slogdet"))])


def solve(x: Any, y: Any, left: bool = True, name: str | None = None) -> Any:
    """The solution of ``x @ out = y`` (``out @ x = y`` with ``left=False``)."""
    x, y = _two(x, y, "solve")
    if left:
        return face.solve(x, y)
    return shaping.matrix_transpose(face.solve(shaping.matrix_transpose(x), shaping.matrix_transpose(y)))


def triangular_solve(
    x: Any, y: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False, name: str | None = None
) -> Any:
    """The solution of ``x @ out = y`` for a triangular `x`."""
    x, y = _two(x, y, "triangular_solve")
    return scipy_linalg.solve_triangular(x, y, int(transpose), lower=not upper, unit_diagonal=unitriangular)


def lstsq(x: Any, y: Any, rcond: float | None = None, driver: str | None = None, name: str | None = None) -> Any:
    """The `out` for which ``x @ out`` is nearest to `y`; also residuals, rank and singular values."""
    return tuple([made(each) for each in face.lstsq(*_two(x, y, "lstsq"), rcond)])


def matrix_power(x: Any, n: int, name: str | None = None) -> Any:
    """A whole power of a matrix."""
    return face.matrix_power(as_operand(x, "matrix_power"), n)


def matrix_rank(x: Any, tol: Any = None, hermitian: bool = False, name: str | None = None) -> Any:
    """Number of singular values that are not zero."""
    return made(np.asarray(concrete(face.matrix_rank(as_operand(x, "matrix_rank"), tol, hermitian), "rank"), np.int64))


def matrix_exp(x: Any, name: str | None = None) -> Any:
    """Exponential of a matrix."""
    return scipy_linalg.expm(as_operand(x, "matrix_exp"))


def multi_dot(x: Any, name: str | None = None) -> Any:
    """Product of several matrices, in the order that costs least."""
    return face.multi_dot([as_operand(each, "multi_dot") for each in x])


def cholesky(x: Any, upper: bool = False, name: str | None = None) -> Any:
    """Cholesky's factor of a positive definite matrix."""
    return factorizations.cholesky(as_operand(x, "cholesky"), upper=upper)


def qr(x: Any, mode: str = "reduced", name: str | None = None) -> Any:
    """Factors of a matrix: orthogonal columns, and an upper triangle."""
    found = factorizations.qr(as_operand(x, "qr"), mode)
    return found if mode == "r" else tuple(found)


def svd(x: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """Singular value decomposition."""
    return tuple(factorizations.svd(as_operand(x, "svd"), full_matrices))


def svdvals(x: Any, name: str | None = None) -> Any:
    """Singular values."""
    return norms.svdvals(as_operand(x, "svdvals"))


def eig(x: Any, name: str | None = None) -> Any:
    """Eigenvalues and eigenvectors."""
    return tuple(factorizations.eig(as_operand(x, "eig")))


def eigvals(x: Any, name: str | None = None) -> Any:
    """Eigenvalues."""
    return factorizations.eigvals(as_operand(x, "eigvals"))


def eigh(x: Any, UPLO: str = "L", name: str | None = None) -> Any:
    """Eigenvalues and eigenvectors of a hermitian matrix, read from one triangle."""
    return tuple(factorizations.eigh(as_operand(x, "eigh"), UPLO))


def eigvalsh(x: Any, UPLO: str = "L", name: str | None = None) -> Any:
    """Eigenvalues of a hermitian matrix."""
    return factorizations.eigvalsh(as_operand(x, "eigvalsh"), UPLO)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, name: str | None = None) -> Any:
    """Sum of a diagonal."""
    return made(contraction.trace(as_operand(x, "trace"), offset, axis1, axis2))


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, name: str | None = None) -> Any:
    """A diagonal."""
    return made(contraction.diagonal(as_operand(x, "diagonal"), offset, axis1, axis2))


def diag(x: Any, offset: int = 0, padding_value: float = 0, name: str | None = None) -> Any:
    """The matrix with this diagonal, or the diagonal of a matrix."""
    x = as_operand(x, "diag")
    if padding_value:
        raise invalid("diag: padding_value is not supported")
    return made(contraction.diag(x, offset))


def tril(x: Any, diagonal: int = 0, name: str | None = None) -> Any:
    """The lower triangle, zeros above."""
    return made(tril_door(as_operand(x, "tril"), k=diagonal))


def triu(x: Any, diagonal: int = 0, name: str | None = None) -> Any:
    """The upper triangle, zeros below."""
    return made(triu_door(as_operand(x, "triu"), k=diagonal))


def histogram(
    input: Any, bins: int = 100, min: float = 0, max: float = 0, weight: Any = None, density: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """How many elements fall into each of equal intervals."""
    values = np.asarray(concrete(as_operand(input, "histogram"), "histogram()"))
    limits = None if min == max == 0 else (min, max)
    counts = np.histogram(values, bins, limits, density)[0]
    return made(counts if density else counts.astype(np.int64))


__getattr__ = answer_for(__name__)
