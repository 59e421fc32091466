"""`scipy.special` by SciPy's names. Most are doors of the table as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..numpy.reductions import log_softmax, logsumexp, softmax
from ..ops.exponential import cbrt, exp2, expit, expm1, log1p
from ..ops.special import (
    beta,
    betainc,
    betaln,
    dawsn,
    digamma,
    entr,
    erf,
    erfc,
    erfcinv,
    erfcx,
    erfi,
    erfinv,
    gamma,
    gammainc,
    gammaincc,
    gammaln,
    i0,
    i0e,
    i1,
    i1e,
    iv,
    ive,
    j0,
    j1,
    jv,
    kl_div,
    log_expit,
    log_ndtr,
    logit,
    ndtr,
    ndtri,
    polygamma,
    rel_entr,
    xlog1py,
    xlogy,
)
from ..ops.trigonometric import sinc

jn = jv
psi = digamma

__all__ = [
    "beta", "betainc", "betaln", "cbrt", "dawsn", "digamma", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfi",
    "erfinv", "exp2", "expit", "expm1", "gamma", "gammainc", "gammaincc", "gammaln", "i0", "i0e", "i1", "i1e", "iv",
    "ive", "j0", "j1", "jn", "jv", "kl_div", "log1p", "log_expit", "log_ndtr", "log_softmax", "logit", "logsumexp",
    "ndtr", "ndtri", "polygamma", "psi", "rel_entr", "sinc", "softmax", "xlog1py", "xlogy",
]  # fmt: skip


def door_of(name: str) -> Callable[..., Any] | None:
    """The function that answers SciPy's ufunc of this name on Tensors, if there is one."""
    return globals()[name] if name in __all__ else None
