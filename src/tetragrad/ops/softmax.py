"""The softmax family. Each subtracts the largest element first, so that no exponential overflows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..core.tensor import Tensor
from ..families import Case, Real, general
from ..families.blocks import by_rows
from .arithmetic import equal, where
from .exponential import exp
from .reductions import add_up, all_true, cases, largest, reduced_shape, sum
from .shape import Axes, along, batch_axes

_ANY = Real(-3, 3, complex=True)


def _from_peak(x: Any, axis: Axes) -> tuple[Any, Any]:
    """x - peak and the peak: the largest real part, or 0 where that is infinite."""
    peak = largest(x.real, axis, None, None, True, -np.inf)
    if not all_finite(peak):
        peak = np.where(np.isfinite(peak), peak, 0).astype(peak.dtype)
    return x - peak, peak


def all_finite(x: Any) -> bool:
    return bool(all_true(np.isfinite(x), None))


def _floating(x: Any) -> Any:
    x = np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def _logsumexp(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    x = _floating(x)
    shifted, peak = _from_peak(x, axis)
    total = add_up(exp(shifted), axis, None, None, True)
    if all_true(total, None):
        out = np.log(total)
    else:  # nothing but -inf
        with np.errstate(divide="ignore"):
            out = np.log(total)
    out += peak
    if keepdims:
        return out
    return out.reshape(() if axis is None else reduced_shape(x.shape, axis))[()]


def _weights(x: Any, out: Any, axis: Axes, keepdims: bool) -> Any:
    """The derivative of `logsumexp`: softmax, and zeros where all elements are -inf."""
    if isinstance(out, Tensor) or not all_finite(out):
        out = where(equal(out, -np.inf), 0, out)
    return exp(x - along(out, shape_of(x), axis, keepdims))


logsumexp = general(
    "logsumexp",
    _logsumexp,
    jvps=[lambda t, x, out, axis, keepdims: sum(_weights(x, out, axis, keepdims) * t, axis=axis, keepdims=keepdims)],
    vjps=[
        lambda g, x, out, x_shape, axis, keepdims: along(g, x_shape, axis, keepdims) * _weights(x, out, axis, keepdims)
    ],
    batch=batch_axes(lambda: logsumexp),
    sample=cases(_ANY, Case(Real(800, 803)[4], axis=None, keepdims=False)),
    doc="log(sum(exp(x))) without overflow; the derivative where all elements are -inf is zero.",
)


def _softmax(x: Any, *, axis: Axes) -> Any:
    def weights(x: Any) -> Any:
        terms = exp(_from_peak(x, axis)[0])
        return terms / add_up(terms, axis, None, None, True)

    return by_rows(weights, (_floating(x),), axis)


def _softmax_rule(g: Any, out: Any, axis: Axes) -> Any:
    def rule(g: Any, out: Any) -> Any:
        weighted = g * out
        return weighted - out * sum(weighted, axis=axis, keepdims=True)

    return by_rows(rule, (g, out), axis)


_SOFTMAX_CASES = [
    Case(_ANY[4], axis=(0,)),
    Case(_ANY[2, 3], axis=None),
    Case(_ANY[2, 3], axis=(1,)),
    Case(_ANY[2, 3, 2], axis=(0, 2)),
    Case(Real(800, 803)[4], axis=(0,)),
    Case(Real(-3, 3)[()], axis=None),
]

softmax = general(
    "softmax",
    _softmax,
    jvps=[lambda t, out, axis: _softmax_rule(t, out, axis)],
    vjps=[lambda g, out, axis: _softmax_rule(g, out, axis)],
    batch=batch_axes(lambda: softmax),
    sample=_SOFTMAX_CASES,
    doc="exp(x) / sum(exp(x)) without overflow.",
)


def _log_softmax(x: Any, *, axis: Axes) -> Any:
    def logarithms(x: Any) -> Any:
        shifted = _from_peak(x, axis)[0]
        return shifted - np.log(add_up(exp(shifted), axis, None, None, True))

    return by_rows(logarithms, (_floating(x),), axis)


def _log_softmax_rule(g: Any, out: Any, axis: Axes) -> Any:
    return by_rows(lambda g, out: g - exp(out) * sum(g, axis=axis, keepdims=True), (g, out), axis)


log_softmax = general(
    "log_softmax",
    _log_softmax,
    jvps=[lambda t, out, axis: t - sum(exp(out) * t, axis=axis, keepdims=True)],
    vjps=[lambda g, out, axis: _log_softmax_rule(g, out, axis)],
    batch=batch_axes(lambda: log_softmax),
    sample=_SOFTMAX_CASES,
    doc="log(softmax(x)), accurate for large elements.",
)
