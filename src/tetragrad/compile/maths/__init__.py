"""Mathematical functions as machine code.

`FUNCTIONS[name](b, x)` writes a function on an "f4" or "f8" Scalar, one number or a vector of them, and gives a Scalar
of the same type. The names are the table's. Each function is within 2 units of the last place (4 for erf, erfc,
gammaln, digamma) over its whole range; docs/compile-accuracy.md has the measured errors.
"""

from __future__ import annotations

from collections.abc import Callable

from ..values import Scalar
from .composites import entr, hypot, logaddexp, logaddexp2, xlog1py, xlogy
from .exponentials import cosh, exp, exp2, expit, expm1, sinh, tanh
from .inverse import arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh
from .logarithms import log, log1p, log2, log10, log_expit, logit
from .powers import cbrt, power, rsqrt, sqrt
from .special import digamma, erf, erfc, gammaln
from .trigonometric import cos, sin, tan

FUNCTIONS: dict[str, Callable[..., Scalar]] = {
    function.__name__: function
    for function in (
        *(exp, exp2, expm1, log, log2, log10, log1p, sin, cos, tan, sinh, cosh, tanh),
        *(arcsin, arccos, arctan, arctan2, arcsinh, arccosh, arctanh),
        *(sqrt, rsqrt, cbrt, power, expit, logit, log_expit, erf, erfc, gammaln, digamma),
    )
}
COMPOSITES: dict[str, Callable[..., Scalar]] = {  # without a bound where terms cancel
    function.__name__: function for function in (hypot, logaddexp, logaddexp2, xlogy, xlog1py, entr)
}
FUNCTIONS.update(COMPOSITES)
