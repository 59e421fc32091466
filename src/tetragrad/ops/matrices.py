"""What the rules of linear algebra are written in: transposes, parts and scalings of matrices, on stacks of any depth.

On plain arrays each costs little more than its NumPy operation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import shape_of
from .arithmetic import keep, where
from .complex_numbers import conj as conj_door
from .complex_numbers import real as real_door
from .diagonals import diagonal, embed_diagonal
from .shape import reshape, transpose

ndarray = np.ndarray


def swap_last(x: Any) -> Any:
    """Transposed matrices: `x` with its last two axes swapped."""
    if type(x) is ndarray:
        return x.swapaxes(-1, -2)
    rank = len(shape_of(x))
    return transpose(x, axes=(*range(rank - 2), rank - 1, rank - 2))


def as_column(x: Any) -> Any:
    """Vectors as matrices of one column."""
    return x[..., None] if type(x) is ndarray else reshape(x, shape=(*shape_of(x), 1))


def as_row(x: Any) -> Any:
    """Vectors as matrices of one row."""
    if type(x) is ndarray:
        return x[..., None, :]
    shape = shape_of(x)
    return reshape(x, shape=(*shape[:-1], 1, shape[-1]))


def drop_last(x: Any) -> Any:
    """Matrices of one column as vectors."""
    return x[..., 0] if type(x) is ndarray else reshape(x, shape=shape_of(x)[:-1])


def conj(x: Any) -> Any:
    """Complex conjugate; a real value as it is."""
    return conj_door(x) if x.dtype.kind == "c" else x


def real(x: Any) -> Any:
    """Real part; a real value as it is."""
    return real_door(x) if x.dtype.kind == "c" else x


def adjoint(x: Any) -> Any:
    """Conjugate transposes."""
    return conj(swap_last(x))


def hermitian_part(x: Any) -> Any:
    """The nearest Hermitian matrices."""
    return (x + adjoint(x)) * 0.5


def skew_part(x: Any) -> Any:
    """The nearest skew-Hermitian matrices."""
    return (x - adjoint(x)) * 0.5


def diagonal_of(x: Any) -> Any:
    """The main diagonals of matrices."""
    rank = len(shape_of(x))
    return diagonal(x, offset=0, axis1=rank - 2, axis2=rank - 1)


def diagonal_matrix(x: Any) -> Any:
    """Matrices with these main diagonals."""
    shape = shape_of(x)
    rank = len(shape)
    return embed_diagonal(x, shape=(*shape, shape[-1]), offset=0, axis1=rank - 1, axis2=rank)


def trace(x: Any) -> Any:
    """Sums of the main diagonals of square matrices, shaped as matrices of one element."""
    d = diagonal_of(x)
    return as_row(d) @ np.ones((shape_of(d)[-1], 1), d.dtype)


def reciprocal_or_zero(x: Any, regular: Any) -> Any:
    """1/x where the condition `regular` holds, and an exact zero elsewhere."""
    return keep(1 / where(regular, x, 1), regular)
