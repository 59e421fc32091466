"""Diagonals and triangles of matrices: reading them, and putting them into zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..families import Case, Real, linear

_ANY = Real(-2, 2, complex=True)


def _diagonal(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    out = np.diagonal(x, offset, axis1, axis2)
    if x.flags.writeable:
        out.flags.writeable = True  # NumPy has it read-only "for now"; writing through it is well defined
    return out


diagonal = linear(
    "diagonal",
    _diagonal,
    [
        lambda g, x_shape, offset, axis1, axis2: embed_diagonal(
            g, shape=x_shape, offset=offset, axis1=axis1, axis2=axis2
        )
    ],
    view=True,
    batch=lambda args, batched, size, params: diagonal(
        args[0], offset=params["offset"], axis1=params["axis1"] + 1, axis2=params["axis2"] + 1
    ),
    sample=[
        Case(_ANY[3, 4], offset=0, axis1=0, axis2=1),
        Case(_ANY[3, 4], offset=2, axis1=0, axis2=1),
        Case(_ANY[4, 3], offset=-1, axis1=1, axis2=0),
        Case(_ANY[2, 3, 3], offset=1, axis1=2, axis2=0),
        Case(_ANY[0, 3], offset=0, axis1=0, axis2=1),
    ],
    doc="The diagonal of the planes (axis1, axis2), along a new last axis.",
)


def _embed_diagonal(x: Any, *, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    out = np.zeros(shape, x.dtype)
    rows = np.arange(max(-offset, 0), max(-offset, 0) + x.shape[-1])
    np.moveaxis(out, (axis1, axis2), (-2, -1))[..., rows, rows + offset] = x
    return out


embed_diagonal = linear(
    "embed_diagonal",
    _embed_diagonal,
    [lambda g, offset, axis1, axis2: diagonal(g, offset=offset, axis1=axis1, axis2=axis2)],
    batch=lambda args, batched, size, params: embed_diagonal(
        args[0],
        shape=(size, *params["shape"]),
        offset=params["offset"],
        axis1=params["axis1"] + 1,
        axis2=params["axis2"] + 1,
    ),
    sample=[
        Case(_ANY[3], shape=(3, 3), offset=0, axis1=0, axis2=1),
        Case(_ANY[3], shape=(4, 4), offset=-1, axis1=0, axis2=1),
        Case(_ANY[2, 3], shape=(3, 2, 5), offset=2, axis1=0, axis2=2),
        Case(_ANY[0], shape=(0, 0), offset=0, axis1=0, axis2=1),
    ],
    doc="Zeros of a shape with the last axis of the input on a diagonal of the planes (axis1, axis2).",
)


def _tril(x: Any, *, k: int) -> Any:
    return np.tril(x, k)


tril = linear(
    "tril",
    _tril,
    [lambda g, k: tril(g, k=k)],
    batch=lambda args, batched, size, params: tril(args[0], **params),
    sample=[Case(_ANY[3, 4], k=0), Case(_ANY[2, 3, 3], k=-1), Case(_ANY[2, 3], k=1), Case(_ANY[0, 2], k=0)],
    doc="Matrices with the elements above diagonal k replaced by zeros.",
)


def _triu(x: Any, *, k: int) -> Any:
    return np.triu(x, k)


triu = linear(
    "triu",
    _triu,
    [lambda g, k: triu(g, k=k)],
    batch=lambda args, batched, size, params: triu(args[0], **params),
    sample=[Case(_ANY[3, 4], k=0), Case(_ANY[2, 3, 3], k=-1), Case(_ANY[2, 3], k=1), Case(_ANY[0, 2], k=0)],
    doc="Matrices with the elements below diagonal k replaced by zeros.",
)
