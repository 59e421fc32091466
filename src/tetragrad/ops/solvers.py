"""Inverses and linear systems, as `numpy.linalg`: on stacks of matrices, real or complex.

The inverse of a matrix is holomorphic, so its rules have plain transposes; those of the pseudo-inverse, which is not,
have conjugate ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..families import Case, Real, general
from ..families.rules import unbroadcast
from .diagonals import tril, triu
from .matrices import adjoint, as_column, conj, drop_last, swap_last
from .shape import reshape

_ANY = Real(-2, 2, complex=True)


def regular(*shapes: tuple[int, ...], dominance: float = 3.0) -> Any:
    """Sample: random arrays of these shapes, the first well away from singular."""

    def make(rng: Any, dtype: Any) -> tuple[Any, ...]:
        first, *others = [_ANY.draw(rng, shape, dtype) for shape in shapes]
        return (first + dominance * np.eye(*shapes[0][-2:], dtype=dtype), *others)

    return make


def align_stacks(args: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """Arguments of an operation on stacks of matrices with aligned ranks behind the batch axis."""
    rank = max([len(shape_of(arg)) - flag for arg, flag in zip(args, batched)])
    aligned = []
    for arg, flag in zip(args, batched):
        shape = shape_of(arg)
        missing = rank - len(shape) + 1
        aligned.append(reshape(arg, shape=(shape[0], *(1,) * missing, *shape[1:])) if flag and missing else arg)
    return aligned


# -- inv and solve ----------------------------------------------------------------------------------------------------
def _inv(a: Any) -> Any:
    return np.linalg.inv(a)


inv = general(
    "inv",
    _inv,
    jvps=[lambda t, out: -(out @ t @ out)],
    vjps=[lambda g, out: -(swap_last(out) @ g @ swap_last(out))],
    batch=lambda args, batched, size, params: inv(*args),
    sample=[
        Case(make=regular((3, 3)), complex=True),
        Case(make=regular((2, 3, 3)), complex=True),
        Case(make=regular((1, 1))),
        Case(make=regular((0, 0))),
    ],
    doc="Inverses of square matrices.",
)


def _solve(a: Any, b: Any) -> Any:
    return np.linalg.solve(a, b)


def _solve_vjp(g: Any, a: Any, b_shape: tuple[int, ...], out: Any) -> tuple[Any, Any]:
    if len(b_shape) == 1:
        g, out = as_column(g), as_column(out)
    ct = solve(swap_last(a), g)
    ct_a = unbroadcast(-(ct @ swap_last(out)), shape_of(a), ct.dtype)
    return ct_a, unbroadcast(drop_last(ct) if len(b_shape) == 1 else ct, b_shape, ct.dtype)


def _solve_jvp(t: Any, a: Any, b: Any, out: Any) -> Any:
    if len(shape_of(b)) == 1:
        return -drop_last(solve(a, t @ as_column(out)))
    return -solve(a, t @ out)


def _batch_solve(args: Sequence[Any], batched: Sequence[bool], size: int, params: Any) -> Any:
    a, b = args
    vector = batched[1] and len(shape_of(b)) == 2
    if not batched[1] and len(shape_of(b)) == 1:
        return solve(a, b)
    out = solve(*align_stacks((a, as_column(b) if vector else b), batched))
    return drop_last(out) if vector else out


solve = general(
    "solve",
    _solve,
    jvps=[_solve_jvp, lambda t, a: solve(a, t)],
    vjp=_solve_vjp,
    batch=_batch_solve,
    sample=[
        Case(make=regular((3, 3), (3,)), complex=True),
        Case(make=regular((3, 3), (3, 2)), complex=True),
        Case(make=regular((2, 3, 3), (3,)), complex=True),
        Case(make=regular((2, 3, 3), (3, 2))),
        Case(make=regular((3, 3), (2, 3, 1))),
        Case(make=regular((2, 1, 3, 3), (4, 3, 2))),
        Case(make=regular((0, 0), (0, 2))),
    ],
    doc="Solutions of a @ x = b for x; b is one vector, or (stacks of) matrices of columns.",
)


# -- triangular systems -----------------------------------------------------------------------------------------------
def _solve_triangular(a: Any, b: Any, *, lower: bool, unit_diagonal: bool) -> Any:
    from scipy.linalg import solve_triangular

    if a.ndim == 2 and b.ndim == 2:
        return solve_triangular(a, b, lower=lower, unit_diagonal=unit_diagonal, check_finite=False)
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    out = np.empty((*stack, *b.shape[-2:]), np.result_type(a, b))
    a, b = np.broadcast_to(a, (*stack, *a.shape[-2:])), np.broadcast_to(b, out.shape)
    for index in np.ndindex(stack):
        out[index] = _solve_triangular(a[index], b[index], lower=lower, unit_diagonal=unit_diagonal)
    return out


def _triangle(a: Any, lower: bool, unit_diagonal: bool) -> Any:
    """The elements that a triangular solver reads."""
    return tril(a, k=-1 if unit_diagonal else 0) if lower else triu(a, k=1 if unit_diagonal else 0)


def _solve_triangular_vjp(
    g: Any, a: Any, b_shape: tuple[int, ...], out: Any, lower: bool, unit_diagonal: bool
) -> tuple[Any, Any]:
    ct = solve_triangular(swap_last(a), g, lower=not lower, unit_diagonal=unit_diagonal)
    ct_a = _triangle(-(ct @ swap_last(out)), lower, unit_diagonal)
    return unbroadcast(ct_a, shape_of(a), ct.dtype), unbroadcast(ct, b_shape, ct.dtype)


solve_triangular = general(
    "solve_triangular",
    _solve_triangular,
    jvps=[
        lambda t, a, out, lower, unit_diagonal: (
            -solve_triangular(a, _triangle(t, lower, unit_diagonal) @ out, lower=lower, unit_diagonal=unit_diagonal)
        ),
        lambda t, a, lower, unit_diagonal: solve_triangular(a, t, lower=lower, unit_diagonal=unit_diagonal),
    ],
    vjp=_solve_triangular_vjp,
    batch=lambda args, batched, size, params: solve_triangular(*align_stacks(args, batched), **params),
    sample=[
        Case(make=regular((3, 3), (3, 2)), lower=True, unit_diagonal=False, complex=True),
        Case(make=regular((3, 3), (3, 1)), lower=False, unit_diagonal=False),
        Case(make=regular((2, 3, 3), (3, 2)), lower=True, unit_diagonal=True),
    ],
    doc="Solutions of triangular systems a @ x = b (matrices of columns); only one triangle of a is read.",
)


# -- pseudo-inverse and least squares ---------------------------------------------------------------------------------
def _pinv(a: Any, *, rcond: Any, hermitian: bool) -> Any:
    return np.linalg.pinv(a, rcond, hermitian)


def _pinv_jvp(t: Any, a: Any, out: Any) -> Any:
    """Golub and Pereyra (1973), eq. 4.12; valid where the rank is locally constant."""
    p, ph, th = out, adjoint(out), adjoint(t)
    q = p @ ph @ th
    r = th @ ph @ p
    return -(p @ t @ p) + (q - q @ a @ p) + (r - p @ a @ r)


def _pinv_vjp(g: Any, a: Any, out: Any) -> Any:
    p, ph, gh = out, adjoint(out), swap_last(g)
    q = gh @ p @ ph
    r = ph @ p @ gh
    return conj(-(ph @ conj(g) @ ph) + (q - a @ p @ q) + (r - r @ p @ a))


pinv = general(
    "pinv",
    _pinv,
    jvps=[_pinv_jvp],
    vjps=[_pinv_vjp],
    batch=lambda args, batched, size, params: pinv(*args, **params),
    sample=[
        Case(make=regular((3, 3)), rcond=1e-15, hermitian=False, complex=True),
        Case(make=regular((4, 2)), rcond=1e-15, hermitian=False, complex=True),
        Case(make=regular((2, 2, 3)), rcond=1e-15, hermitian=False, complex=True),
    ],
    doc="Moore-Penrose pseudo-inverses. Differentiable where the rank is locally constant.",
)


def _lstsq(a: Any, b: Any, *, rcond: Any) -> Any:
    return np.linalg.lstsq(a, b, rcond)[0]


def _pinv_of(a: Any, rcond: Any) -> Any:
    """The pseudo-inverse with the rank that lstsq decides on."""
    if rcond is None or rcond < 0:
        rcond = float(np.finfo(a.dtype).eps) * max(shape_of(a))
    return pinv(a, rcond=rcond, hermitian=False)


def _lstsq_jvp(t: Any, a: Any, b: Any, out: Any, rcond: Any) -> Any:
    """The derivative of pinv(a) @ b with respect to a (Golub and Pereyra 1973), without forming that of pinv."""
    p = _pinv_of(a, rcond)
    th = adjoint(t)
    r = th @ (adjoint(p) @ out)
    return p @ (adjoint(p) @ (th @ (b - a @ out)) - t @ out) + (r - p @ (a @ r))


def _lstsq_vjp(g: Any, a: Any, b: Any, out: Any, rcond: Any) -> tuple[Any, Any]:
    vector = len(shape_of(b)) == 1
    x, b, g = [as_column(v) if vector else v for v in (out, b, conj(g))]
    p = _pinv_of(a, rcond)
    ct = adjoint(p) @ g
    rest = g - adjoint(a) @ ct  # the part of g that p cannot reach: zero at full column rank
    ct_a = (b - a @ x) @ adjoint(p @ ct) - ct @ adjoint(x) + (adjoint(p) @ x) @ adjoint(rest)
    ct_b = conj(ct)
    return conj(ct_a), drop_last(ct_b) if vector else ct_b


lstsq = general(
    "lstsq",
    _lstsq,
    jvps=[_lstsq_jvp, lambda t, a, rcond: _pinv_of(a, rcond) @ t],
    vjp=_lstsq_vjp,
    sample=[
        Case(make=regular((4, 2), (4,)), rcond=None, complex=True),
        Case(make=regular((4, 2), (4, 3)), rcond=None, complex=True),
        Case(make=regular((2, 4), (2, 3)), rcond=None, complex=True),
        Case(make=regular((3, 3), (3,)), rcond=None),
    ],
    doc="Least-squares solutions of a @ x = b, of least norm. Differentiable where the rank of a is locally constant.",
)


# -- Sylvester --------------------------------------------------------------------------------------------------------
def _solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    from scipy.linalg import solve_sylvester

    return solve_sylvester(a, b, q)


def _solve_sylvester_vjp(g: Any, a: Any, b: Any, out: Any) -> tuple[Any, Any, Any]:
    ct = solve_sylvester(swap_last(a), swap_last(b), g)
    return -(ct @ swap_last(out)), -(swap_last(out) @ ct), ct


solve_sylvester = general(
    "solve_sylvester",
    _solve_sylvester,
    jvps=[
        lambda t, a, b, out: -solve_sylvester(a, b, t @ out),
        lambda t, a, b, out: -solve_sylvester(a, b, out @ t),
        lambda t, a, b: solve_sylvester(a, b, t),
    ],
    vjp=_solve_sylvester_vjp,
    sample=[Case(make=regular((3, 3), (2, 2), (3, 2), dominance=6.0), complex=True)],
    doc="Solutions of a @ x + x @ b = q.",
)
