"""Factorizations of matrices, as `numpy.linalg`: on stacks of matrices, real or complex.

Functions of Hermitian matrices (cholesky, eigh) read one triangle, as in NumPy; their derivative is that with respect
to the full matrix, symmetrised: tangents count by their Hermitian part, cotangents are Hermitian.

Eigenvectors and singular vectors are only defined up to a phase, and those of equal values up to a rotation. The rules
keep vectors from turning where nothing determines how they turn, so derivatives are finite everywhere, and right for
every function that does not depend on the choice: that treats the vectors of equal values as one subspace. A function
that couples them with a function of their values, such as V f(w) V^H, loses that coupling where the values are equal.

Rules with conjugates are derived for the inner product Re tr(X^H Y): cotangents are conjugated on the way in and out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..families import Case, Real, general
from ..families.rules import SUM
from .arithmetic import absolute
from .complex_numbers import imag
from .diagonals import tril, triu
from .joining import concatenate
from .matrices import (
    adjoint,
    as_column,
    as_row,
    conj,
    diagonal_matrix,
    diagonal_of,
    hermitian_part,
    real,
    reciprocal_or_zero,
    skew_part,
    swap_last,
)  # fmt: skip
from .solvers import regular, solve

_ANY = Real(-2, 2, complex=True)


def _epsilon(x: Any) -> float:
    return float(np.finfo(x.dtype).eps)


def hermitian(*shape: int, shift: float = 0.0) -> Any:
    """Sample: random Hermitian matrices, their eigenvalues moved by `shift`."""

    def make(rng: Any, dtype: Any) -> tuple[Any]:
        x = _ANY.draw(rng, shape, dtype)
        return (hermitian_part(x) + shift * np.eye(shape[-1], dtype=dtype),)

    return make


def _near(center: Any, shape: tuple[int, ...]) -> Any:
    """Sample: matrices near a given one."""
    return lambda rng, dtype: (np.array(center, dtype) + _ANY.draw(rng, shape, dtype) * 0.2,)


def _only_hermitian(a: Any) -> tuple[Any]:
    return (hermitian_part(a),)


def _subspaces(v: Any, size: int | None = None) -> Any:
    """Of vectors, what does not depend on their phases; nor, beyond the first `size`, on their choice."""
    weights = np.arange(1.0, v.shape[-1] + 1).astype(np.finfo(v.dtype).dtype)
    weights[size:] = 0
    return (v * weights) @ adjoint(v)


# -- Cholesky ---------------------------------------------------------------------------------------------------------
def _cholesky(a: Any) -> Any:
    return np.linalg.cholesky(a)


def _half_lower(x: Any) -> Any:
    """The lower triangles of matrices, with half of the diagonals."""
    size = shape_of(x)[-1]
    half = np.tri(size) - 0.5 * np.eye(size)
    return x * half.astype(x.dtype)


def _cholesky_jvp(t: Any, out: Any) -> Any:
    inner = solve(out, adjoint(solve(out, hermitian_part(t))))
    return out @ _half_lower(inner)


def _cholesky_vjp(g: Any, out: Any) -> Any:
    upper = adjoint(out)
    inner = solve(upper, _half_lower(upper @ conj(g)))
    return conj(hermitian_part(solve(upper, adjoint(inner))))


cholesky = general(
    "cholesky",
    _cholesky,
    jvps=[_cholesky_jvp],
    vjps=[_cholesky_vjp],
    batch=lambda args, batched, size, params: cholesky(*args),
    sample=[
        Case(make=hermitian(3, 3, shift=6), before=_only_hermitian, complex=True),
        Case(make=hermitian(2, 3, 3, shift=6), before=_only_hermitian, complex=True),
        Case(make=hermitian(1, 1, shift=4), before=_only_hermitian),
    ],
    doc="Lower Cholesky factors of positive definite Hermitian matrices, of which the lower triangles are read.",
)


# -- QR ---------------------------------------------------------------------------------------------------------------
def _qr(a: Any, *, mode: Any) -> Any:
    return tuple(np.linalg.qr(a, mode))


def _solve_right(x: Any, r: Any) -> Any:
    """x @ inv(r)."""
    return adjoint(solve(adjoint(r), adjoint(x)))


def _turned(full: Any, first: Any, change: Any) -> Any:
    """The change of all columns of a square unitary matrix, when that of its first ones is known."""
    rest = full[..., first.shape[-1] :]
    return concatenate(change, -(first @ (adjoint(change) @ rest)), axis=len(shape_of(full)) - 1)


def _turned_back(g: Any, full: Any, first: Any) -> Any:
    """The transpose of `_turned`: the cotangent of the first columns' change."""
    size = first.shape[-1]
    rest = full[..., size:]
    return g[..., :size] - rest @ (adjoint(g[..., size:]) @ first)


def _qr_jvp(t: Any, out: Any, mode: str) -> tuple[Any, Any]:
    q_full, r_full = out
    size = shape_of(r_full)[-1]
    q, r = (q_full, r_full) if mode == "reduced" else (q_full[..., :size], r_full[..., :size, :])
    x = _solve_right(t, r)
    c = adjoint(q) @ x
    lower = tril(c, k=-1)
    upper = c - lower + adjoint(lower)
    if c.dtype.kind == "c":
        upper = upper - diagonal_matrix(1j * imag(diagonal_of(c)))
    dq, dr = x - q @ upper, upper @ r
    if mode == "reduced":
        return dq, dr
    return _turned(q_full, q, dq), concatenate(dr, r_full[..., size:, :] * 0, axis=len(shape_of(dr)) - 2)


def _qr_vjp(g: Any, out: Any, mode: str) -> tuple[Any]:
    gq, gr = [conj(part) for part in g]
    q, r = out
    if mode == "complete":
        size = shape_of(r)[-1]
        q, r, gr = q[..., :size], r[..., :size, :], gr[..., :size, :]
        gq = _turned_back(gq, out[0], q)
    n = gr @ adjoint(r) - adjoint(q) @ gq
    upper = triu(n, k=1)
    z = upper + adjoint(upper) + diagonal_matrix(real(diagonal_of(n)))
    return (conj(adjoint(solve(r, adjoint(gq + q @ z)))),)


qr = general(
    "qr",
    _qr,
    jvps=[_qr_jvp],
    vjp=_qr_vjp,
    multi=True,
    batch=lambda args, batched, size, params: qr(*args, **params),
    sample=[
        Case(make=regular((3, 3)), mode="reduced", complex=True),
        Case(make=regular((4, 2)), mode="reduced", complex=True),
        Case(make=regular((2, 3, 2)), mode="reduced", complex=True),
        Case(
            make=regular((4, 2)),
            mode="complete",
            complex=True,
            after=lambda q, r: (q[:, :2], r, q[:, 2:] @ adjoint(q[:, 2:])),
        ),
    ],
    doc="QR of matrices with at least as many rows as columns and full rank; mode 'reduced' or 'complete'.",
)


# -- Hermitian eigenvalues --------------------------------------------------------------------------------------------
def _eigh(a: Any, *, UPLO: Any) -> Any:
    return tuple(np.linalg.eigh(a, UPLO))


def _apart(x: Any, scale: Any) -> Any:
    """1/(x_j - x_i) for the elements of vectors, and 0 where the two are equal to working precision."""
    gap = as_row(x) - as_column(x)
    return reciprocal_or_zero(gap, absolute(gap) > as_column(scale) * (4 * _epsilon(x)))


def _eigh_gaps(w: Any) -> Any:
    return _apart(w, absolute(w[..., :1]) + absolute(w[..., -1:]))


def _eigh_jvp(t: Any, out: Any) -> tuple[Any, Any]:
    w, v = out
    inner = adjoint(v) @ hermitian_part(t) @ v
    return real(diagonal_of(inner)), v @ (_eigh_gaps(w) * inner)


def _eigh_vjp(g: Any, out: Any) -> tuple[Any]:
    w, v = out
    gw, gv = g[0], conj(g[1])
    inner = _eigh_gaps(w) * (adjoint(v) @ gv) + diagonal_matrix(gw)
    return (conj(hermitian_part(v @ inner @ adjoint(v))),)


eigh = general(
    "eigh",
    _eigh,
    jvps=[_eigh_jvp],
    vjp=_eigh_vjp,
    multi=True,
    batch=lambda args, batched, size, params: eigh(*args, **params),
    sample=[
        Case(make=hermitian(3, 3), UPLO="L", before=_only_hermitian),
        Case(
            make=hermitian(2, 3, 3),
            UPLO="U",
            before=_only_hermitian,
            after=lambda w, v: (w, _subspaces(v)),
            complex=True,
        ),
        Case(make=hermitian(1, 1), UPLO="L", before=_only_hermitian),
    ],
    doc="Eigenvalues, ascending, and eigenvectors of Hermitian matrices, of which one triangle is read.",
)


# -- general eigenvalues ----------------------------------------------------------------------------------------------
def _eig(a: Any) -> Any:
    return tuple(np.linalg.eig(a))


def _eig_gaps(w: Any) -> Any:
    size = absolute(w)
    return _apart(w, as_column(SUM(size, (len(shape_of(size)) - 1,))))


def _eig_jvp(t: Any, out: Any) -> tuple[Any, Any]:
    w, v = out
    inner = solve(v, t @ v)
    turn = _eig_gaps(w) * inner
    stretch = real(diagonal_of(adjoint(v) @ v @ turn))  # eigenvectors keep their length
    return diagonal_of(inner), v @ turn - v * as_row(stretch)


def _eig_vjp(g: Any, a: Any, out: Any) -> tuple[Any]:
    w, v = out
    gw, gv = [conj(part) for part in g]
    vh = adjoint(v)
    turn = vh @ gv
    turn = turn - vh @ (v * as_row(real(diagonal_of(turn))))
    inner = conj(_eig_gaps(w)) * turn + diagonal_matrix(gw)
    ct = conj(solve(vh, inner @ vh))
    return (ct if a.dtype.kind == "c" else real(ct),)


eig = general(
    "eig",
    _eig,
    jvps=[_eig_jvp],
    vjp=_eig_vjp,
    multi=True,
    batch=lambda args, batched, size, params: eig(*args),
    sample=[
        Case(make=_near([[1, 0, 0], [0, 3, 0], [0, 0, 6]], (3, 3))),
        Case(
            make=_near([[0, 2, 0], [-2, 0, 0], [0, 0, 3]], (2, 3, 3)),
            complex=True,
            after=lambda w, v: (w, absolute(v), v[..., :1, :] * conj(v)),
        ),
    ],
    doc="Eigenvalues and eigenvectors of length one of diagonalisable square matrices.",
)


# -- singular values --------------------------------------------------------------------------------------------------
def _svd(a: Any, *, full_matrices: bool) -> Any:
    return tuple(np.linalg.svd(a, full_matrices))


def _svd_factors(s: Any) -> tuple[Any, Any, Any]:
    """1/(s_j - s_i), 1/(s_j + s_i) and 1/s_j, each 0 where it is not defined to working precision."""
    largest = s[..., :1]
    small = largest * (4 * _epsilon(s))
    total = as_row(s) + as_column(s)
    return _apart(s, largest), reciprocal_or_zero(total, total > as_column(small)), reciprocal_or_zero(s, s > small)


def _svd_reduced(out: Any, full: bool) -> tuple[Any, Any, Any]:
    u, s, vh = out
    size = shape_of(s)[-1]
    return (u[..., :size], s, adjoint(vh[..., :size, :])) if full else (u, s, adjoint(vh))


def _svd_jvp(t: Any, out: Any, full_matrices: bool) -> tuple[Any, Any, Any]:
    """With H + K the Hermitian and skew-Hermitian parts of U^H t V, the vectors turn by H / (s_j - s_i) together and by
    K / (s_j + s_i) against each other; the columns of t outside the ranges of U and V turn them out of these."""
    u, s, v = _svd_reduced(out, full_matrices)
    apart, together, inverse = _svd_factors(s)
    uht, tv = adjoint(u) @ t, t @ v
    inner = uht @ v
    h, k = apart * hermitian_part(inner), together * skew_part(inner)
    du = u @ (h + k) + (tv - u @ inner) * as_row(inverse)
    dv = v @ (h - k) + (adjoint(uht) - v @ adjoint(inner)) * as_row(inverse)
    if full_matrices:
        du, dv = _turned(out[0], u, du), _turned(adjoint(out[2]), v, dv)
    return du, real(diagonal_of(inner)), adjoint(dv)


def _svd_vjp(g: Any, out: Any, full_matrices: bool) -> tuple[Any]:
    u, s, v = _svd_reduced(out, full_matrices)
    apart, together, inverse = _svd_factors(s)
    gu, gs, gv = conj(g[0]), g[1], swap_last(g[2])
    if full_matrices:
        gu, gv = _turned_back(gu, out[0], u), _turned_back(gv, adjoint(out[2]), v)
    uh, vh = adjoint(u), adjoint(v)
    turn_u, turn_v = uh @ gu, vh @ gv
    inner = hermitian_part(apart * (turn_u + turn_v)) + skew_part(together * (turn_u - turn_v)) + diagonal_matrix(gs)
    outer_u = (gu - u @ turn_u) * as_row(inverse)
    outer_v = (gv - v @ turn_v) * as_row(inverse)
    return (conj((u @ inner + outer_u) @ vh + u @ adjoint(outer_v)),)


svd = general(
    "svd",
    _svd,
    jvps=[_svd_jvp],
    vjp=_svd_vjp,
    multi=True,
    batch=lambda args, batched, size, params: svd(*args, **params),
    sample=[
        Case(make=regular((3, 3)), full_matrices=False),
        Case(make=regular((2, 3)), full_matrices=False),
        *[
            Case(
                make=regular(shape),
                full_matrices=full_matrices,
                complex=True,
                after=lambda u, s, vh: (
                    (u[..., : s.shape[-1]] * as_row(s)) @ vh[..., : s.shape[-1], :],
                    s,
                    _subspaces(u, s.shape[-1]),
                    _subspaces(adjoint(vh), s.shape[-1]),
                ),
            )
            for shape, full_matrices in [((4, 2), False), ((2, 2, 3), False), ((4, 2), True), ((2, 4), True)]
        ],
    ],
    doc="Singular vectors (columns of u, rows of vh) and singular values, descending.",
)
