"""Norms of vectors and matrices, and what is read off singular values. `numpy.linalg` shows them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import OperationError, ShapeError
from ..ops import factorizations, norms, reductions, solvers
from ..ops.arithmetic import absolute, sign, where
from ..ops.exponential import pow
from ..ops.shape import astype, reshape, transpose
from .arguments import operand, some_axes


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norm of a vector or matrix, or of many.

    Parameters
    ----------
    x : array or Tensor
    ord : {None, 'fro', 'nuc'} or number
        By default the square root of the sum of squares. Of vectors: any number, inf, -inf, or 0 (the count of elements
        that are not 0). Of matrices: 'fro', 'nuc', 1, -1, 2, -2, inf, -inf.
    axis : int or pair of int, optional
        The axis of the vectors, or the axes of the matrices.
    keepdims : bool
        Keep reduced axes with length one.

    Returns
    -------
    scalar, array or Tensor
        The derivative at zero is zero.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> np.linalg.norm(np.array([3.0, 4.0]))
    np.float64(5.0)
    >>> tg.grad(np.linalg.norm)(np.zeros(2))
    array([0., 0.])
    """
    x = operand(x)
    if ord is None and axis is None and not keepdims:
        return norms.norm(x)
    if x.dtype.kind not in "fc":
        x = astype(x, dtype=np.dtype(float))
    if axis is None:
        axes = tuple(range(x.ndim))
        if ord is None:
            return norms.norm_along(x, axis=axes, keepdims=keepdims)
    else:
        axes = some_axes("norm", axis, x.ndim)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ShapeError(
        f"norm: ord={ord!r} is for one axis (vectors) or two (matrices), not for {len(axes)} (shape {x.shape})"
    )


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Norm of vectors along one or several axes taken together.

    Parameters
    ----------
    x : array or Tensor
    axis : int or tuple of int, optional
        By default all.
    keepdims : bool
        Keep reduced axes with length one.
    ord : number
        As for `norm`.

    Returns
    -------
    scalar, array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.vector_norm(np.array([[3.0, 4.0]]))
    np.float64(5.0)
    """
    x = operand(x)
    if x.dtype.kind not in "fc":
        x = astype(x, dtype=np.dtype(float))
    axes = tuple(range(x.ndim)) if axis is None else some_axes("vector_norm", axis, x.ndim)
    return _vector_norm(x, ord, axes, keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Norm of the matrices in the last two axes.

    Parameters
    ----------
    x : array or Tensor, shape (..., m, n)
    keepdims : bool
        Keep reduced axes with length one.
    ord : {'fro', 'nuc', 1, -1, 2, -2, inf, -inf}

    Returns
    -------
    scalar, array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.matrix_norm(np.eye(2), ord="nuc")
    np.float64(2.0)
    """
    return norm(x, ord, (-2, -1), keepdims)


def _vector_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord is None or ord == 2:
        return norms.norm_along(x, axis=axes, keepdims=keepdims)
    if isinstance(ord, str):
        raise OperationError(f"norm: ord={ord!r} is for matrices; give a number for vectors")
    size = absolute(x)
    if ord == math.inf:
        return reductions.max(size, axis=axes, keepdims=keepdims)
    if ord == -math.inf:
        return reductions.min(size, axis=axes, keepdims=keepdims)
    if ord == 0:  # constant but for jumps
        return reductions.sum(sign(size), axis=axes, keepdims=keepdims)
    if ord == 1:
        return reductions.sum(size, axis=axes, keepdims=keepdims)
    if ord < 0:
        return pow(reductions.sum(pow(size, ord), axis=axes, keepdims=keepdims), 1 / ord)
    # Powers below one have no derivative at 0, and neither has the root of the sum: the norm's is 0 there.
    total = reductions.sum(_power(size, ord), axis=axes, keepdims=keepdims)
    return _power(total, 1 / ord)


def _power(x: Any, exponent: float) -> Any:
    """A positive power of non-negative numbers, with derivative 0 at 0."""
    positive = x > 0
    return where(positive, pow(where(positive, x, 1), exponent), 0)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    row, column = axes
    if ord is None or ord in ("fro", "f"):
        return norms.norm_along(x, axis=axes, keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        others = [axis for axis in range(x.ndim) if axis not in axes]
        s = svdvals(transpose(x, axes=(*others, row, column)))
        reduce = {"nuc": reductions.sum, 2: reductions.max, -2: reductions.min}[ord]
        found = reduce(s, axis=(len(others),), keepdims=False)
        if not keepdims:
            return found
        return reshape(found, shape=tuple([1 if axis in axes else length for axis, length in enumerate(x.shape)]))
    if ord not in (1, -1, math.inf, -math.inf):
        raise OperationError(
            f"norm: ord={ord!r} is not defined for matrices; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        )
    summed, kept = (row, column) if abs(ord) == 1 else (column, row)
    sums = reductions.sum(absolute(x), axis=(summed,), keepdims=True)
    found = (reductions.max if ord > 0 else reductions.min)(sums, axis=(kept,), keepdims=True)
    return found if keepdims else reshape(found, shape=tuple([n for i, n in enumerate(x.shape) if i not in axes]))


def svdvals(x: Any, /) -> Any:
    """Singular values, descending; differentiable at repeated ones too.

    Parameters
    ----------
    x : array or Tensor, shape (..., m, n)

    Returns
    -------
    array or Tensor, shape (..., min(m, n))

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.svdvals(np.diag(np.array([3.0, 2.0])))
    array([3., 2.])
    """
    x = operand(x)
    return np.linalg.svdvals(x) if type(x) is np.ndarray else factorizations.svd(x, full_matrices=False)[1]


def cond(x: Any, p: Any = None) -> Any:
    """Condition numbers.

    Parameters
    ----------
    x : array or Tensor, shape (..., m, n)
    p : {None, 2, -2, 'fro', 1, -1, inf, -inf}
        The norm; by default the ratio of the largest and the smallest singular value.

    Returns
    -------
    scalar, array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.linalg.cond(np.eye(2))
    np.float64(1.0)
    """
    x = operand(x)
    if p is None or p in (2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm(x, p, (-2, -1)) * norm(solvers.inv(x), p, (-2, -1))


__all__ = ["cond", "matrix_norm", "norm", "svdvals", "vector_norm"]
