"""Products and linear algebra under TensorFlow's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..numpy import contraction as numpy_contraction
from ..numpy import factorizations, linalg
from ..numpy import norms as numpy_norms
from ..ops import contraction, exponential, reductions
from ..ops.diagonals import diagonal
from .elementwise import conj, multiply, refused
from .errors import invalid
from .reductions import axes_of
from .shaping import transpose
from .tensor import EagerTensor, core, operand, pair, same_dtype, wrap
from .tensor import matmul as matmul_operator


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False, output_type: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The product of matrices, or of stacks of them.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    <tf.Tensor: shape=(1, 1), dtype=float32, numpy=array([[11.]], dtype=float32)>
    """
    if transpose_a or adjoint_a:
        a = _swapped(a, adjoint_a)
    if transpose_b or adjoint_b:
        b = _swapped(b, adjoint_b)
    return matmul_operator(a, b)


def _swapped(x: Any, adjoint: bool) -> Any:
    x = operand(x)
    out = matrix_transpose(x)
    return conj(out) if adjoint and x._value.dtype.kind == "c" else out


def matrix_transpose(a: Any, name: str | None = None, conjugate: bool = False) -> Any:
    """The Tensor with its last two axes exchanged."""
    x = operand(a)
    rank = len(x._value.shape)
    if rank < 2:
        raise ValueError(f"Argument `a` should be a (batch) matrix with rank >= 2. Received `a` = {x!r}")
    return transpose(x, (*range(rank - 2), rank - 1, rank - 2), conjugate)


def matvec(
    a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The product of a matrix and a vector, or of stacks of them."""
    a, b = pair("MatMul", a if isinstance(a, CoreTensor) else operand(a), b)
    if transpose_a or adjoint_a:
        a = _swapped(a, adjoint_a)
    m, v = tuple(a._value.shape), tuple(b._value.shape)
    if len(m) < 2 or len(v) < 1 or m[-1] != v[-1]:
        raise invalid(f"Matrix size-incompatible: In[0]: {list(m)}, In[1]: {list(v)}", "MatMul")
    if len(m) == 2 and len(v) == 1:
        return contraction.dot(a, b)
    from .shaping import expand_dims, squeeze

    return squeeze(matmul(a, expand_dims(b, -1)), -1)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Sum of products over axes: the last ones of a with the first ones of b, or given lists of axes.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.tensordot([1.0, 2.0], [3.0, 4.0], axes=1)
    <tf.Tensor: shape=(), dtype=float32, numpy=11.0>
    """
    a, b = pair("MatMul", a if isinstance(a, CoreTensor) else operand(a), b)
    if axes == 1 and len(a._value.shape) == len(b._value.shape) == 1:
        if a._value.shape != b._value.shape:
            raise invalid(f"Matrix size-incompatible: In[0]: {list(a.shape)}, In[1]: {list(b.shape)}", "MatMul")
        return wrap(contraction.dot(a, b))
    if isinstance(axes, CoreTensor):
        axes = np.asarray(axes).tolist()
    try:
        return wrap(numpy_contraction.tensordot(core(a), core(b), axes))
    except ValueError as error:
        raise invalid(str(error), "MatMul") from None


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """Sums of products in Einstein's notation."""
    tensors = [operand(x) for x in inputs]
    same_dtype("Einsum", tensors)
    try:
        return wrap(numpy_contraction.einsum(equation, *[core(x) for x in tensors]))
    except ValueError as error:
        raise invalid(str(error), "Einsum") from None


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None, name: Any = None) -> Any:
    """The norm of vectors, or of matrices.

    Parameters
    ----------
    tensor : Tensor
    ord : "euclidean", "fro", 1, 2, numpy.inf or another positive number
        The Euclidean norm is the square root of the sum of squares: its gradient at zero is NaN, as in TensorFlow.
    axis : int or pair of int, optional
        One axis: vectors; two axes: matrices; None: all elements as one vector.
    keepdims : bool, optional

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.norm([3.0, 4.0])
    <tf.Tensor: shape=(), dtype=float32, numpy=5.0>
    """
    x = operand(tensor)
    if x._value.dtype.kind not in "fc":
        raise refused("Sqrt", x)
    keepdims = bool(keepdims)
    axes = None if axis is None else axes_of("Norm", x, axis)
    if isinstance(ord, str) and ord not in ("euclidean", "fro"):
        raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
    if ord in ("euclidean", "fro") or (ord == 2 and (axes is None or len(axes) == 1)):
        squares = multiply(x, conj(x)) if x._value.dtype.kind == "c" else exponential.square(x)
        return exponential.sqrt(reductions.sum(squares, axis=axes, keepdims=keepdims))
    if axes is None:
        flat = core(x)
        from ..ops.shape import reshape

        out = wrap(numpy_norms.norm(reshape(flat, shape=(-1,)), ord))
        return wrap(reshape(out, shape=(1,) * len(x._value.shape))) if keepdims else out
    return wrap(numpy_norms.norm(core(x), ord, axes if len(axes) > 1 else axes[0], keepdims))


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None) -> Any:
    """The Tensor divided by its Euclidean norm along axes."""
    from .elementwise import maximum, rsqrt

    x = operand(x)
    total = reductions.sum(exponential.square(x), axis=axes_of("Sum", x, axis), keepdims=True)
    return multiply(x, rsqrt(maximum(total, epsilon)))


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """The Tensor, scaled down where its norm exceeds a bound."""
    from .elementwise import maximum

    x = operand(t)
    length = norm(x, axis=axes, keepdims=True)
    return multiply(x, clip_norm / maximum(length, clip_norm))


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """The norm of all elements of several Tensors together."""
    from .elementwise import add_n

    tensors = [operand(x) for x in t_list if x is not None]
    return exponential.sqrt(add_n([reductions.sum(exponential.square(x), axis=None, keepdims=False) for x in tensors]))


def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None) -> tuple[Any, Any]:
    """Tensors scaled down together where their global norm exceeds a bound, and that norm."""
    from .elementwise import maximum

    length = global_norm(t_list) if use_norm is None else operand(use_norm)
    scale = clip_norm / maximum(length, clip_norm)
    return [None if x is None else multiply(x, scale) for x in t_list], length


def _matrix(op: str, function: Any, shown: str | None = None) -> Any:
    """A function of one (stack of) matrices."""

    def of_matrix(input: Any, name: str | None = None) -> Any:
        x = operand(input)
        _check_matrix(op, x)
        try:
            return wrap(function(core(x)))
        except np.linalg.LinAlgError:
            raise invalid(shown or "The factorization was not successful.", op) from None

    of_matrix.__name__ = of_matrix.__qualname__ = op
    return of_matrix


def _check_matrix(op: str, x: EagerTensor, square: bool = True) -> None:
    if x._value.dtype.kind not in "fc":
        raise refused(op, x)
    shape = tuple(x._value.shape)
    if len(shape) < 2:
        raise invalid(f"Input tensor 0 must have rank >= 2, got shape {list(shape)}", op)
    if square and shape[-1] != shape[-2]:
        raise invalid(f"Input matrix must be square, got shape {list(shape)}", op)


det = _matrix("MatrixDeterminant", linalg.det)
cholesky = _matrix(
    "Cholesky", factorizations.cholesky, "Cholesky decomposition was not successful. The input might not be valid."
)


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The inverse of a matrix."""
    return _inverse(_swapped(input, True) if adjoint else input)


_inverse = _matrix("MatrixInverse", linalg.inv, "Input is not invertible.")


def slogdet(input: Any, name: str | None = None) -> Any:
    """Sign and logarithm of the absolute value of the determinant."""
    x = operand(input)
    _check_matrix("LogMatrixDeterminant", x)
    return wrap(tuple(linalg.slogdet(core(x))))


def logdet(matrix: Any, name: str | None = None) -> Any:
    """Logarithm of the determinant of a positive definite matrix."""
    return slogdet(matrix)[1]


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The solution X of ``matrix @ X = rhs``."""
    a, b = pair("MatrixSolve", operand(matrix), rhs)
    if len(a._value.shape) != len(b._value.shape):
        raise invalid("All input tensors must have the same rank.", "MatrixSolve")
    _check_matrix("MatrixSolve", a)
    try:
        return wrap(linalg.solve(core(_swapped(a, True) if adjoint else a), core(b)))
    except np.linalg.LinAlgError:
        raise invalid("Input matrix is not invertible.", "MatrixSolve") from None


def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: Any = None) -> Any:
    """The solution X of ``matrix @ X = rhs`` for a triangular matrix."""
    from ..ops.solvers import solve_triangular

    a, b = pair("MatrixTriangularSolve", operand(matrix), rhs)
    _check_matrix("MatrixTriangularSolve", a)
    if adjoint:
        a, lower = _swapped(a, True), not lower
    return wrap(solve_triangular(a, b, lower=lower, unit_diagonal=False))


def lstsq(matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: str | None = None) -> Any:
    """The X that minimises the norm of ``matrix @ X - rhs``."""
    if l2_regularizer:
        raise invalid("lstsq: l2_regularizer is not supported", "MatrixSolveLs")
    a, b = pair("MatrixSolveLs", operand(matrix), rhs)
    return wrap(linalg.lstsq(core(a), core(b))[0])


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Singular values s, and with `compute_uv` the matrices: ``(s, u, v)``."""
    x = operand(tensor)
    _check_matrix("Svd", x, square=False)
    if not compute_uv:
        return wrap(factorizations.svd(core(x), full_matrices, False))
    u, s, vh = factorizations.svd(core(x), full_matrices)
    return wrap(s), wrap(u), _swapped(wrap(vh), True)


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """Orthogonal and upper triangular factors."""
    x = operand(input)
    _check_matrix("Qr", x, square=False)
    return wrap(tuple(factorizations.qr(core(x), "complete" if full_matrices else "reduced")))


def eigh(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues and eigenvectors of a self-adjoint matrix."""
    x = operand(tensor)
    _check_matrix("SelfAdjointEigV2", x)
    return wrap(tuple(factorizations.eigh(core(x))))


eigvalsh = _matrix("SelfAdjointEigV2", factorizations.eigvalsh)


def diag_part(input: Any, name: str | None = None, k: int = 0, padding_value: Any = 0, align: str = "") -> Any:
    """The diagonal of the last two axes."""
    x = operand(input)
    rank = len(x._value.shape)
    return wrap(diagonal(x, offset=k, axis1=rank - 2, axis2=rank - 1))


def diag(diagonal: Any, name: str | None = None, k: int = 0) -> Any:
    """Matrices with the last axis on their diagonal."""
    x = operand(diagonal)
    size = x._value.shape[-1] + max(k, -k)
    rows = np.arange(x._value.shape[-1]) - min(k, 0)
    columns = np.arange(x._value.shape[-1]) + max(k, 0)
    from ..ops.indexing import scatter

    lead = tuple(x._value.shape[:-1])
    index = (*(slice(None),) * len(lead), rows, columns)
    return wrap(scatter(x, index=index, shape=(*lead, size, size)))


def trace(x: Any, name: str | None = None) -> Any:
    """The sum of the diagonal of the last two axes."""
    return reductions.sum(diag_part(x), axis=(len(operand(x)._value.shape) - 2,), keepdims=False)


def band_part(input: Any, num_lower: int, num_upper: int, name: str | None = None) -> Any:
    """The matrix with everything outside a band around the diagonal set to zero."""
    from ..ops.arithmetic import keep

    x = operand(input)
    rows, columns = np.ogrid[: x._value.shape[-2], : x._value.shape[-1]]
    band = np.ones(x._value.shape[-2:], bool)
    if num_lower >= 0:
        band &= rows - columns <= num_lower
    if num_upper >= 0:
        band &= columns - rows <= num_upper
    return wrap(keep(x, np.broadcast_to(band, x._value.shape)))


def cross(a: Any, b: Any, name: str | None = None) -> Any:
    """The cross product along the last axis, of length 3."""
    x, y = pair("Cross", operand(a), b)
    return wrap(numpy_contraction.cross(core(x), core(y)))
