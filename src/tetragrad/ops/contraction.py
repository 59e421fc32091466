"""Products summed over axes: dot, matmul, einsum, cross, and the composites of them that rules need.

Transposes are never copied: BLAS reads them through their strides.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..families import Case, Real, linear
from ..families.bilinear import bilinear
from ..families.rules import SUM, unbroadcast
from .matrices import as_column, as_row, drop_last, swap_last
from .shape import reshape, transpose

_ANY = Real(-2, 2, complex=True)

# Beyond this product of two operands' sizes, einsum's search for a BLAS call pays off.
_BLAS_PAYS = 1 << 16


# -- matmul and dot ---------------------------------------------------------------------------------------------------
def _matmul_left(g: Any, y: Any, shape: tuple[int, ...]) -> Any:
    """Cotangent of x in x @ y."""
    rank, other = len(shape), len(shape_of(y))
    if rank == 2 and other == 2:
        return g @ swap_last(y)
    if other == 1:
        return g * y if rank == 1 else as_column(g) * y
    if rank == 1:
        return unbroadcast(drop_last(y @ as_column(g)), shape, g.dtype) if other > 2 else y @ g
    return unbroadcast(g @ swap_last(y), shape, g.dtype)


def _matmul_right(g: Any, x: Any, shape: tuple[int, ...]) -> Any:
    """Cotangent of y in x @ y."""
    rank, other = len(shape), len(shape_of(x))
    if rank == 2 and other == 2:
        return swap_last(x) @ g
    if other == 1:
        return g * x if rank == 1 else _spread(g, x, rank)
    if rank == 1:  # all rows of x at once
        return reshape(g, shape=(-1,)) @ reshape(x, shape=(-1, shape[0])) if other > 2 else g @ x
    if rank == 2:  # all matrices of x at once
        rows, columns = shape
        count = _count(shape_of(x)[:-1])
        return swap_last(reshape(x, shape=(count, rows))) @ reshape(g, shape=(count, columns))
    return unbroadcast(swap_last(x) @ g, shape, g.dtype)


def _spread(g: Any, x: Any, rank: int) -> Any:
    """x[:, None] * g[..., None, :], the cotangent of matrices that a vector multiplied from the left."""
    return as_column(x) * (as_row(g) if rank > 2 else g)


def _count(shape: Sequence[int]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _batch_matmul(args: Sequence[Any], batched: Sequence[bool], size: int, params: Any) -> Any:
    """Align the ranks behind the batch axis; vectors become matrices of one row or column."""
    x, y = args
    x_batched, y_batched = batched
    x_rank, y_rank = len(shape_of(x)) - x_batched, len(shape_of(y)) - y_batched
    if x_rank == 1 and x_batched:
        if not y_batched and y_rank <= 2:
            return matmul(x, y)
        x = as_row(x)
    if y_rank == 1 and y_batched:
        y = as_column(y)
    rank = max(x_rank, y_rank, 2)
    if x_batched:
        x = _align(x, rank)
    if y_batched:
        y = _align(y, rank)
    out = matmul(x, y)
    if x_rank == 1 and x_batched:
        shape = shape_of(out)
        out = reshape(out, shape=(*shape[:-2], shape[-1]))
    if y_rank == 1 and y_batched:
        out = drop_last(out)
    return out


def _align(x: Any, rank: int) -> Any:
    """Behind the batch axis, axes of length one up to `rank`."""
    shape = shape_of(x)
    missing = rank - (len(shape) - 1)
    return reshape(x, shape=(shape[0], *(1,) * missing, *shape[1:])) if missing else x


matmul = bilinear(
    "matmul",
    np.matmul,
    _matmul_left,
    _matmul_right,
    batch=_batch_matmul,
    sample=[
        Case(_ANY[2, 3], _ANY[3, 4]),
        Case(_ANY[3], _ANY[3]),
        Case(_ANY[3], _ANY[3, 2]),
        Case(_ANY[2, 3], _ANY[3]),
        Case(_ANY[3], _ANY[2, 3, 4]),
        Case(_ANY[2, 4, 3], _ANY[3]),
        Case(_ANY[2, 4, 3], _ANY[3, 2]),
        Case(_ANY[4, 3], _ANY[2, 3, 2]),
        Case(_ANY[2, 1, 4, 3], _ANY[3, 3, 2]),
        Case(_ANY[2, 0], _ANY[0, 3]),
        Case(_ANY[0, 2], _ANY[2, 3]),
    ],
    doc="""Matrix product: sums of products over the last axis of `x` and the last but one of `y`.

    Parameters
    ----------
    x, y : array or Tensor
        Matrices in their last two axes, whose other axes broadcast; or vectors.

    Returns
    -------
    array or Tensor

    Raises
    ------
    ShapeError
        If the axes to be summed over have different lengths, or an operand is 0-d.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> tg.grad(lambda x: np.matmul(x, x))(np.array([1.0, 2.0]))
    array([2., 4.])
    """,
)


def _dot_left(g: Any, y: Any, shape: tuple[int, ...]) -> Any:
    """Cotangent of x in dot(x, y)."""
    rank, other = len(shape), len(shape_of(y))
    if other == 0 or (rank == 1 and other == 1):
        return g * y
    if rank == 0:
        return SUM(g * y, tuple(range(other)))
    if other <= 2:
        return _matmul_left(g, y, shape)
    free = range(rank - 1, rank + other - 3)
    return tensordot(g, y, ((*free, rank + other - 3), (*range(other - 2), other - 1)))


def _dot_right(g: Any, x: Any, shape: tuple[int, ...]) -> Any:
    """Cotangent of y in dot(x, y)."""
    rank, other = len(shape), len(shape_of(x))
    if other == 0 or (rank == 1 and other == 1):
        return g * x
    if rank == 0:
        return SUM(g * x, tuple(range(other)))
    if rank <= 2:
        return _matmul_right(g, x, shape)
    summed = tuple(range(other - 1))
    ct = tensordot(x, g, (summed, summed))  # the contracted axis comes first and belongs before the last
    return transpose(ct, axes=(*range(1, rank - 1), 0, rank - 1))


def _dot_twice(g: Any, x: Any, shape: tuple[int, ...]) -> Any:
    """Cotangent of x in dot(x, x)."""
    return (g + g) * x if len(shape) == 1 else _dot_left(g, x, shape) + _dot_right(g, x, shape)


def _batch_dot(args: Sequence[Any], batched: Sequence[bool], size: int, params: Any) -> Any:
    """As matmul where the two agree; a vector or matrix axis of x stays before those of a higher-rank y."""
    x, y = args
    x_rank, y_rank = [len(shape_of(arg)) - flag for arg, flag in zip(args, batched)]
    if x_rank == 0 or y_rank == 0:
        x = _align(x, max(x_rank, y_rank)) if batched[0] else x
        y = _align(y, max(x_rank, y_rank)) if batched[1] else y
        return x * y
    if y_rank <= 2:
        return _batch_matmul(args, batched, size, params)
    x_labels, y_labels = ascii_letters[1 : 1 + x_rank], ascii_letters[1 + x_rank : 1 + x_rank + y_rank]
    y_labels = y_labels[:-2] + x_labels[-1] + y_labels[-1]
    output = x_labels[:-1] + y_labels[:-2] + y_labels[-1]
    x_labels, y_labels = ["a" * flag + labels for flag, labels in zip(batched, (x_labels, y_labels))]
    return einsum(x, y, subscripts=f"{x_labels},{y_labels}->a{output}", optimize=False)


dot = bilinear(
    "dot",
    np.dot,
    _dot_left,
    _dot_right,
    batch=_batch_dot,
    twice=_dot_twice,
    array_value=np.ndarray.dot,
    sample=[
        Case(_ANY[3], _ANY[3]),
        Case(_ANY[2, 3], _ANY[3, 4]),
        Case(_ANY[2, 3], _ANY[3]),
        Case(_ANY[3], _ANY[3, 2]),
        Case(_ANY[2, 2, 3], _ANY[3]),
        Case(_ANY[2, 2, 3], _ANY[3, 2]),
        Case(_ANY[3], _ANY[2, 3, 4]),
        Case(_ANY[2, 3], _ANY[2, 2, 3, 2]),
        Case(_ANY[()], _ANY[2, 3]),
        Case(_ANY[2], _ANY[()]),
        Case(_ANY[0], _ANY[0]),
    ],
    doc="""Sums of products over the last axis of `x` and the last but one (of vectors: the only) axis of `y`.

    Parameters
    ----------
    x, y : array or Tensor
        If one of them is 0-d, this is the plain product.

    Returns
    -------
    array or Tensor
        With the other axes of `x`, then those of `y`.

    Raises
    ------
    ShapeError
        If the axes to be summed over have different lengths.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> tg.grad(lambda x: 2 * np.dot(x, x))(np.arange(4.0))
    array([ 0.,  4.,  8., 12.])
    """,
)


def tensordot(x: Any, y: Any, axes: tuple[Sequence[int], Sequence[int]]) -> Any:
    """Sum of products over pairs of axes (non-negative numbers), as one matrix product."""
    x_axes, y_axes = axes
    x_shape, y_shape = shape_of(x), shape_of(y)
    x_free = [axis for axis in range(len(x_shape)) if axis not in x_axes]
    y_free = [axis for axis in range(len(y_shape)) if axis not in y_axes]
    count = _count([x_shape[axis] for axis in x_axes])
    x = reshape(transpose(x, axes=(*x_free, *x_axes)), shape=(_count([x_shape[axis] for axis in x_free]), count))
    y = reshape(transpose(y, axes=(*y_axes, *y_free)), shape=(count, _count([y_shape[axis] for axis in y_free])))
    return reshape(dot(x, y), shape=(*[x_shape[axis] for axis in x_free], *[y_shape[axis] for axis in y_free]))


# -- einsum -----------------------------------------------------------------------------------------------------------
def _einsum(*operands: Any, subscripts: str, optimize: Any) -> Any:
    if optimize is False and len(operands) == 2 and np.size(operands[0]) * np.size(operands[1]) > _BLAS_PAYS:
        optimize = True
    return np.einsum(subscripts, *operands, optimize=optimize)[()]


def _einsum_transpose(g: Any, args: tuple[Any, ...], index: int, subscripts: str, optimize: Any) -> Any:
    """Cotangent of one operand: the output's cotangent times the other operands, summed over all labels not its own.

    For ``ij,jk->ik`` and the first operand that is ``ik,jk->ij``. A label that only this operand has was summed there,
    so the cotangent is spread along it; a label that it has twice read a diagonal, so the cotangent goes onto that.
    """
    terms, output = _split(subscripts)
    own, shape = terms[index], shape_of(args[index])
    others = [position for position in range(len(terms)) if position != index]
    known = set(output).union(*[terms[position] for position in others])
    lengths = dict(zip(own, shape))
    found = "".join([label for label in lengths if label in known])
    ct = _contract([output, *[terms[i] for i in others]], found, [g, *[args[i] for i in others]], optimize)
    if len(found) < len(lengths):
        have = dict(zip(found, shape_of(ct)))
        ct = reshape(ct, shape=tuple([have.get(label, 1) for label in lengths]))
    ct = unbroadcast(ct, tuple(lengths.values()), g.dtype if g.dtype == ct.dtype else ct.dtype)
    return ct if len(own) == len(lengths) else _onto_diagonal(ct, "".join(lengths), own, lengths)


def _onto_diagonal(ct: Any, labels: str, own: str, lengths: dict[str, int]) -> Any:
    """Put `ct` on the diagonal that a term with repeated labels reads, by a product with unit matrices."""
    fresh = iter([letter for letter in ascii_letters if letter not in own])
    terms, units, target = [labels], [], ""
    for label in own:
        if label not in target:
            target += label
            continue
        other = next(fresh)
        terms.append(label + other)
        units.append(np.eye(lengths[label], dtype=ct.dtype))
        target += other
    return _contract(terms, target, [ct, *units], False)


def _split(subscripts: str) -> tuple[list[str], str]:
    inputs, output = subscripts.split("->")
    return inputs.split(","), output


def _contract(terms: Sequence[str], output: str, operands: Sequence[Any], optimize: Any) -> Any:
    many = True if optimize is not False else len(operands) > 2
    return einsum(*operands, subscripts=f"{','.join(terms)}->{output}", optimize=many)


def _batch_einsum(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    """One more label, for the batch axis, on the batched operands and on the output."""
    terms, output = _split(params["subscripts"])
    label = next(letter for letter in ascii_letters if letter not in params["subscripts"])
    terms = [label + term if flag else term for term, flag in zip(terms, batched)]
    optimize = params["optimize"] if isinstance(params["optimize"], (bool, str)) else True
    return einsum(*args, subscripts=f"{','.join(terms)}->{label}{output}", optimize=optimize)


einsum = linear(
    "einsum",
    _einsum,
    [_einsum_transpose],
    batch=_batch_einsum,
    sample=[
        Case(_ANY[2, 3], _ANY[3, 4], subscripts="ij,jk->ik", optimize=False),
        Case(_ANY[2, 3], _ANY[3, 4], _ANY[4], subscripts="ij,jk,k->i", optimize=True),
        Case(_ANY[3, 3], subscripts="ii->i", optimize=False),
        Case(_ANY[3, 3], subscripts="ii->", optimize=False),
        Case(_ANY[2, 2, 2, 3], _ANY[3], subscripts="iiij,j->ij", optimize=False),
        Case(_ANY[2, 3], subscripts="ij->j", optimize=False),
        Case(_ANY[2, 3], _ANY[4], subscripts="ij,k->i", optimize=False),
        Case(_ANY[2, 1], _ANY[2, 3], subscripts="ij,ij->j", optimize=False),
        Case(_ANY[2, 2, 3], _ANY[2, 3, 4], subscripts="bij,bjk->kib", optimize=False),
        Case(_ANY[0, 3], _ANY[3], subscripts="ij,j->i", optimize=False),
    ],
    doc="Sum of products named by labels, in NumPy's explicit form without ellipsis.",
)


# -- cross ------------------------------------------------------------------------------------------------------------
def _cross_value(x: Any, y: Any) -> Any:
    return np.cross(x, y)


def _batch_cross(args: Sequence[Any], batched: Sequence[bool], size: int, params: Any) -> Any:
    rank = max([len(shape_of(arg)) - flag for arg, flag in zip(args, batched)])
    return cross(*[_align(arg, rank) if flag else arg for arg, flag in zip(args, batched)])


cross = bilinear(
    "cross",
    _cross_value,
    lambda g, y, shape: unbroadcast(cross(y, g), shape, g.dtype),
    lambda g, x, shape: unbroadcast(cross(g, x), shape, g.dtype),
    batch=_batch_cross,
    sample=[Case(_ANY[3], _ANY[3]), Case(_ANY[2, 3], _ANY[3]), Case(_ANY[2, 1, 3], _ANY[4, 3])],
    doc="Cross product of vectors of length 3 along the last axis.",
)
