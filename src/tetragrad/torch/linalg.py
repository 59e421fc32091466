"""Linear algebra: `torch.linalg`, and the products that live in `torch` itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..dialects.names import missing_name
from ..numpy import contraction, factorizations, norms
from ..numpy import linalg as faces
from ..ops import contraction as doors
from . import errors
from .dtypes import numpy_dtype
from .promotion import cast
from .reductions import axes
from .results import result_type
from .tensor import Tensor, constant

SVD = result_type("linalg_svd", ["U", "S", "Vh"])
QR = result_type("linalg_qr", ["Q", "R"])
Eigh = result_type("linalg_eigh", ["eigenvalues", "eigenvectors"])
Eig = result_type("linalg_eig", ["eigenvalues", "eigenvectors"])
SlogDet = result_type("linalg_slogdet", ["sign", "logabsdet"])
LeastSquares = result_type("linalg_lstsq", ["solution"])


def _check(name: str, *operands: Any) -> None:
    """Refuse what is not a Tensor."""
    for position, x in enumerate(operands):
        if not isinstance(x, CoreTensor):
            argument = ("input", "other")[position]
            raise TypeError(
                f"{name}(): argument '{argument}' (position {position + 1}) must be Tensor, not {type(x).__name__}"
            )


def _ranks(name: str, a: Any, b: Any, first: int, second: int) -> None:
    _check(name, a, b)
    for position, (x, rank) in enumerate(((a, first), (b, second))):
        if len(x._value.shape) != rank:
            raise errors.ShapeError(
                f"{name}: expected a {rank}D tensor as argument {position + 1}, but got {len(x._value.shape)}D"
            )


def matmul(input: Any, other: Any) -> Any:
    """The product of vectors, matrices, or stacks of matrices."""
    _check("matmul", input, other)
    if input._value.dtype != other._value.dtype:
        raise errors.OperandTypeError(
            f"expected m1 and m2 to have the same dtype, but got: {input.dtype.legacy.lower()} != "
            f"{other.dtype.legacy.lower()}"
        )
    return constant(doors.matmul(input, other))


def dot(input: Any, tensor: Any) -> Any:
    """The product of two vectors."""
    if type(input) is Tensor and type(tensor) is Tensor:
        x, y = input._value, tensor._value
        if type(x) is np.ndarray is type(y) and x.ndim == y.ndim == 1 and len(x) == len(y) and x.dtype is y.dtype:
            return doors.dot(input, tensor)
    _check("dot", input, tensor)
    if len(input._value.shape) != 1 or len(tensor._value.shape) != 1:
        raise errors.ShapeError(
            f"1D tensors expected, but got {len(input._value.shape)}D and {len(tensor._value.shape)}D tensors"
        )
    if input._value.dtype != tensor._value.dtype:
        raise errors.OperandTypeError(
            f"dot : expected both vectors to have same dtype, but found {input.dtype.legacy} and {tensor.dtype.legacy}"
        )
    if input._value.shape != tensor._value.shape:
        raise errors.ShapeError(
            f"inconsistent tensor size, expected tensor [{input._value.shape[0]}] and src "
            f"[{tensor._value.shape[0]}] to have the same number of elements, but got {input._value.shape[0]} and "
            f"{tensor._value.shape[0]} elements respectively"
        )
    return constant(doors.dot(input, tensor))


def vdot(input: Any, other: Any) -> Any:
    """The product of two vectors, the first conjugated."""
    return constant(contraction.vdot(input, other))


def inner(input: Any, other: Any) -> Any:
    """Sums of products over the last axes."""
    return constant(contraction.inner(input, other))


def outer(input: Any, vec2: Any) -> Any:
    """All products of the elements of two vectors."""
    return constant(contraction.outer(input, vec2))


ger = outer


def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices."""
    _ranks("mm", input, mat2, 2, 2)
    return matmul(input, mat2)


def mv(input: Any, vec: Any) -> Any:
    """The product of a matrix and a vector."""
    _ranks("mv", input, vec, 2, 1)
    return matmul(input, vec)


def bmm(input: Any, mat2: Any) -> Any:
    """The products of two stacks of matrices."""
    _ranks("bmm", input, mat2, 3, 3)
    return matmul(input, mat2)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta * input + alpha * mat1 @ mat2."""
    product = mm(mat1, mat2)
    return (input if beta == 1 else input * beta) + (product if alpha == 1 else product * alpha)


def einsum(equation: Any, *operands: Any) -> Any:
    """Sums of products by Einstein's notation."""
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return constant(contraction.einsum(equation, *operands))


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """Sums of products over several axes."""
    return constant(contraction.tensordot(a, b, dims))


def kron(input: Any, other: Any) -> Any:
    """Kronecker product."""
    return constant(contraction.kron(input, other))


def cross(input: Any, other: Any, dim: int = -1) -> Any:
    """Cross product of vectors of three elements."""
    return constant(contraction.cross(input, other, axis=dim))


def trace(input: Any) -> Any:
    """Sum of the diagonal."""
    return constant(contraction.trace(input))


def vander(x: Any, N: Any = None) -> Any:
    """Vandermonde matrix, powers increasing."""
    return constant(contraction.vander(x, N, increasing=True))


# -- torch.linalg -----------------------------------------------------------------------------------------------------


def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Vector norm over `dim`, of all elements by default."""
    if x._value.dtype.kind not in "fc" and dtype is None:
        raise errors.RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {x.dtype.legacy}"
        )
    x = x if dtype is None else cast(x, numpy_dtype(dtype))
    return constant(norms.vector_norm(x, axis=axes(x, dim), keepdims=keepdim, ord=ord))


def matrix_norm(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Matrix norm."""
    A = A if dtype is None else cast(A, numpy_dtype(dtype))
    return constant(norms.norm(A, ord, axes(A, dim), keepdim))


def norm(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Vector norm, or matrix norm where two axes are meant."""
    if ord is None or (dim is not None and (isinstance(dim, int) or len(dim) == 1)) or len(A._value.shape) == 1:
        return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
    return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)


def det(A: Any) -> Any:
    """Determinant."""
    return constant(faces.det(A))


def slogdet(A: Any) -> Any:
    """Sign, and logarithm of the absolute value, of the determinant."""
    return SlogDet(*[constant(part) for part in faces.slogdet(A)])


def logdet(A: Any) -> Any:
    """Logarithm of the determinant."""
    from .pointwise import where

    sign, logabs = slogdet(A)
    return where(sign > 0, logabs, float("nan"))


def inv(A: Any) -> Any:
    """Inverse."""
    return constant(faces.inv(A))


inverse = inv


def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """The X with A @ X = B."""
    if not left:
        return solve(A.mT, B.mT).mT
    return constant(faces.solve(A, B))


def lstsq(A: Any, B: Any, rcond: Any = None) -> Any:
    """Least-squares solution."""
    found = faces.lstsq(A, B, rcond)
    return LeastSquares(constant(found[0] if isinstance(found, tuple) else found))


def pinv(A: Any) -> Any:
    """Pseudoinverse."""
    return constant(faces.pinv(A))


def matrix_power(A: Any, n: int) -> Any:
    """A matrix multiplied by itself."""
    return constant(faces.matrix_power(A, n))


def matrix_rank(A: Any) -> Any:
    """Rank of a matrix."""
    return constant(faces.matrix_rank(A.detach()))


def matrix_exp(A: Any) -> Any:
    """Exponential of a matrix."""
    from ..scipy.linalg import expm

    return constant(expm(A))


def multi_dot(tensors: Any) -> Any:
    """The product of several matrices, in the cheapest order."""
    return constant(faces.multi_dot(list(tensors)))


def cholesky(A: Any, *, upper: bool = False) -> Any:
    """Cholesky factor."""
    return constant(factorizations.cholesky(A, upper=upper))


def qr(A: Any, mode: str = "reduced") -> Any:
    """Orthogonal times triangular matrix."""
    return QR(*[constant(part) for part in factorizations.qr(A, mode)])


def eigh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues and eigenvectors of a Hermitian matrix."""
    return Eigh(*[constant(part) for part in factorizations.eigh(A, UPLO)])


def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues of a Hermitian matrix."""
    return constant(factorizations.eigvalsh(A, UPLO))


def eig(A: Any) -> Any:
    """Eigenvalues and eigenvectors, complex."""
    return Eig(*[constant(part) for part in factorizations.eig(A)])


def eigvals(A: Any) -> Any:
    """Eigenvalues, complex."""
    return constant(factorizations.eigvals(A))


def svd(A: Any, full_matrices: bool = True) -> Any:
    """Singular values and vectors: A = U @ diag(S) @ Vh."""
    return SVD(*[constant(part) for part in factorizations.svd(A, full_matrices)])


def svdvals(A: Any) -> Any:
    """Singular values."""
    return constant(norms.svdvals(A))


def cond(A: Any, p: Any = None) -> Any:
    """Condition number."""
    return constant(norms.cond(A, p))


def cdist(x1: Any, x2: Any, p: float = 2.0) -> Any:
    """Distances between all pairs of rows."""
    return vector_norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1)


IN_TORCH = [
    "addmm", "bmm", "cdist", "cross", "det", "dot", "einsum", "ger", "inner", "inverse", "kron", "logdet", "matmul",
    "matrix_exp", "matrix_power", "mm", "mv", "outer", "pinv", "qr", "slogdet", "svd", "tensordot", "trace",
    "vander", "vdot",
]  # fmt: skip

__all__ = [
    "cholesky", "cond", "cross", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq", "matmul", "matrix_exp",
    "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "svd",
    "svdvals", "vander", "vector_norm",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.torch.linalg", name, __all__)
