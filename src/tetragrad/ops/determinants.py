"""Determinants, right at singular matrices too.

The derivative of det is the adjugate (the transposed cofactors), a polynomial in the elements that needs no inverse. So
is the derivative of the adjugate: both are rows of their own, computed from singular values where inverses would lose
digits. Higher derivatives are coefficients of these polynomials.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..families import Case, Real, general
from ..families.rules import BROADCAST, SUM
from .arithmetic import stop_gradient, where
from .complex_numbers import imag
from .matrices import as_column, real, swap_last, trace
from .norms import norm_along
from .shape import reshape
from .solvers import inv, regular

_ANY = Real(-2, 2, complex=True)


def _det(a: Any) -> Any:
    return np.linalg.det(a)


def _as_matrix(x: Any) -> Any:
    """Numbers as matrices of one element."""
    return as_column(as_column(x))


def _number(x: Any) -> Any:
    """Matrices of one element as numbers."""
    return reshape(x, shape=x.shape[:-2])


def _singular(*shape: int) -> Any:
    """Sample: square matrices with two equal rows."""

    def make(rng: Any, dtype: Any) -> tuple[Any]:
        a = _ANY.draw(rng, shape, dtype)
        a[..., 0, :] = a[..., 1, :]
        return (a,)

    return make


det = general(
    "det",
    _det,
    jvps=[lambda t, a: _number(trace(adjugate(a) @ t))],
    vjps=[lambda g, a: _as_matrix(g) * swap_last(adjugate(a))],
    batch=lambda args, batched, size, params: det(*args),
    sample=[
        Case(make=regular((3, 3), dominance=0.5), complex=True),
        Case(make=regular((2, 2, 2), dominance=0.5), complex=True),
        Case(make=regular((1, 1))),
        Case(make=_singular(3, 3)),
        Case(make=_singular(2, 4, 4), complex=True),
    ],
    doc="Determinants, with derivatives that hold at singular matrices too.",
)


# -- the adjugate -----------------------------------------------------------------------------------------------------
def _inverses(a: Any) -> Any:
    """The inverses of matrices if all of them are well conditioned, else None."""
    limit = np.finfo(a.dtype).eps ** -0.25
    try:
        inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return None
    with np.errstate(all="ignore"):
        condition = np.linalg.norm(a, axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1))
    return inverse if np.all((condition < limit) | np.isnan(condition)) else None


def _products_without(s: Any, excluded: Any) -> Any:
    """Products of the singular values that each mask of `excluded` leaves."""
    return np.prod(np.where(excluded, 1, s.reshape(*s.shape[:-1], *(1,) * (excluded.ndim - 1), s.shape[-1])), axis=-1)


def _adjugate(a: Any) -> Any:
    inverse = _inverses(a)
    if inverse is not None:
        return np.linalg.det(a)[..., None, None] * inverse
    u, s, vh = np.linalg.svd(a)
    products = _products_without(s, np.eye(s.shape[-1], dtype=bool))
    phase = np.linalg.det(u) * np.linalg.det(vh)
    return phase[..., None, None] * (np.conj(vh.mT) * products[..., None, :]) @ np.conj(u.mT)


adjugate = general(
    "adjugate",
    _adjugate,
    jvps=[lambda t, a: adjugate_push(a, t)],
    vjps=[lambda g, a: swap_last(adjugate_push(a, swap_last(g)))],
    batch=lambda args, batched, size, params: adjugate(*args),
    sample=[
        Case(make=regular((3, 3)), complex=True),
        Case(make=_singular(3, 3), complex=True),
        Case(make=_singular(2, 4, 4)),
    ],
    doc="Adjugates (transposed cofactor matrices) of square matrices: inverse times determinant.",
)


def _adjugate_push(a: Any, e: Any) -> Any:
    inverse = _inverses(a)
    if inverse is not None:
        change, adjugates = inverse @ e, np.linalg.det(a)[..., None, None] * inverse
        return adjugates * np.trace(change, axis1=-2, axis2=-1)[..., None, None] - change @ adjugates
    u, s, vh = np.linalg.svd(a)
    uh, v = np.conj(u.mT), np.conj(vh.mT)
    same = np.eye(s.shape[-1], dtype=bool)
    products = np.where(same, 0, _products_without(s, same[:, None] | same[None]))
    inner = uh @ e @ v
    pushed = -products * inner
    pushed += same * (products @ np.diagonal(inner, axis1=-2, axis2=-1)[..., None])
    return (np.linalg.det(u) * np.linalg.det(vh))[..., None, None] * (v @ pushed @ uh)


def _adjugate_second(a: Any, s: Any, e: Any) -> Any:
    """Second derivative of the adjugate in the directions s and e.

    It is the coefficient of x in adjugate_push(a + x s, e), a polynomial in x of degree size - 2, and so is read from
    its values at roots of unity, exactly but for rounding. The radius keeps the powers of x from outgrowing it.
    """
    size = a.shape[-1]
    dtype = np.result_type(a.dtype, np.complex64)
    roots = np.exp(2j * np.pi * np.arange(size) / size).astype(dtype).reshape(size, *(1,) * a.ndim)
    axes = (a.ndim - 2, a.ndim - 1)
    length, reach = [stop_gradient(norm_along(part, axis=axes, keepdims=True)) for part in (a, s)]
    sound = (length > 0) & (reach > 0)
    radius = where(sound, length, 1) / (where(sound, reach, 1) * max(size, 1))
    values = adjugate_push(a + (roots * radius) * s, BROADCAST(e, (size, *e.shape)))
    second = SUM(values * (np.conj(roots) / size), (0,)) / radius
    return second if np.result_type(a.dtype, s.dtype, e.dtype).kind == "c" else real(second)


adjugate_push = general(
    "adjugate_push",
    _adjugate_push,
    jvps=[lambda t, a, e: _adjugate_second(a, t, e), lambda t, a: adjugate_push(a, t)],
    vjps=[
        lambda g, a, e: swap_last(_adjugate_second(a, e, swap_last(g))),
        lambda g, a: swap_last(adjugate_push(a, swap_last(g))),
    ],
    batch=lambda args, batched, size, params: adjugate_push(
        *[arg if flag else BROADCAST(arg, (size, *arg.shape)) for arg, flag in zip(args, batched)]
    ),
    sample=[Case(make=regular((3, 3), (3, 3)), complex=True), Case(make=regular((2, 3, 3), (2, 3, 3)))],
    doc="Derivative of the adjugate of a in the direction e.",
)


# -- slogdet ----------------------------------------------------------------------------------------------------------
def _slogdet(a: Any) -> Any:
    return tuple(np.linalg.slogdet(a))


def _slogdet_jvp(t: Any, a: Any, out: Any) -> tuple[Any, Any]:
    change = _number(trace(inv(a) @ t))
    sign = out[0]
    if sign.dtype.kind == "c":
        return sign * (1j * imag(change)), real(change)
    return sign * 0, change


def _slogdet_vjp(g: Any, a: Any, out: Any) -> tuple[Any]:
    g_sign, g_log = g
    sign = out[0]
    if sign.dtype.kind == "c":
        g_log = g_log + 1j * imag(g_sign * sign)
    return (_as_matrix(g_log) * swap_last(inv(a)),)


slogdet = general(
    "slogdet",
    _slogdet,
    jvps=[_slogdet_jvp],
    vjp=_slogdet_vjp,
    multi=True,
    batch=lambda args, batched, size, params: slogdet(*args),
    sample=[
        Case(make=regular((3, 3)), complex=True),
        Case(make=regular((2, 2, 2)), complex=True),
        Case(make=regular((1, 1))),
    ],
    doc="Signs (phases) and logarithms of the absolute values of determinants.",
)
