"""Special functions. Their values are SciPy's, which is imported when one is first used."""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import MissingRuleError
from ..families import Case, Integers, Real, elementwise
from .arithmetic import real_sign, where
from .exponential import exp, expit, log, log1p

SQRT_PI = math.sqrt(math.pi)
SQRT_2PI = math.sqrt(2 * math.pi)

_ANY = Real(-2.5, 2.5, special=(0,))
_POSITIVE = Real(0.3, 4)
_UNIT = Real(0.05, 0.95)


@functools.cache
def scipy() -> Any:
    """The module scipy.special."""
    return importlib.import_module("scipy.special")


def of_two(name: str, x: Any, y: Any) -> Any:
    """A function of two arguments, where Python numbers and integers take the precision of the other argument.

    NumPy's functions do so for Python numbers; SciPy's take their double loops.
    """
    return getattr(scipy(), name)(_in_precision_of(y, x), _in_precision_of(x, y))


def _in_precision_of(other: Any, x: Any) -> Any:
    dtype = getattr(other, "dtype", None)
    if dtype is None or dtype.kind != "f" or (hasattr(x, "dtype") and x.dtype.kind in "fc"):
        return x
    return np.asarray(x, dtype)[()]


def no_rule(name: str, argument: str) -> Callable[[Any], Any]:
    """The rule of an input by which there is no formula for the derivative."""

    def rule(g: Any) -> Any:
        raise MissingRuleError(
            f"{name}: the derivative by `{argument}` has no rule (result {g.dtype}{list(g.shape)}). Pass `{argument}` "
            f"as a plain array or through tg.stop_gradient."
        )

    return rule


# --- error functions and the normal distribution ----------------------------------------------------------------------
_ENTIRE = Real(-2, 2, special=(0,), complex=True)

erf = elementwise("erf", lambda x: scipy().erf(x), [lambda g, x: g * (2 / SQRT_PI * exp(-x * x))], sample=_ENTIRE)
erfc = elementwise("erfc", lambda x: scipy().erfc(x), [lambda g, x: g * (-2 / SQRT_PI * exp(-x * x))], sample=_ENTIRE)
erfi = elementwise("erfi", lambda x: scipy().erfi(x), [lambda g, x: g * (2 / SQRT_PI * exp(x * x))], sample=_ENTIRE)
erfcx = elementwise(
    "erfcx", lambda x: scipy().erfcx(x), [lambda g, x, out: g * (2 * (x * out) - 2 / SQRT_PI)], sample=_ENTIRE
)
dawsn = elementwise("dawsn", lambda x: scipy().dawsn(x), [lambda g, x, out: g * (1 - 2 * (x * out))], sample=_ENTIRE)
erfinv = elementwise(
    "erfinv", lambda x: scipy().erfinv(x), [lambda g, out: g * (SQRT_PI / 2 * exp(out * out))],
    sample=Real(-0.9, 0.9, special=(0,)),
)  # fmt: skip
erfcinv = elementwise(
    "erfcinv", lambda x: scipy().erfcinv(x), [lambda g, out: g * (-SQRT_PI / 2 * exp(out * out))],
    sample=Real(0.1, 1.9, special=(1,)),
)  # fmt: skip
ndtr = elementwise(
    "ndtr", lambda x: scipy().ndtr(x), [lambda g, x: g * (exp(-0.5 * (x * x)) / SQRT_2PI)], sample=_ENTIRE
)
ndtri = elementwise(
    "ndtri", lambda x: scipy().ndtri(x), [lambda g, out: g * (SQRT_2PI * exp(0.5 * (out * out)))], sample=_UNIT
)


def _normal_hazard(x: Any) -> Any:
    return math.sqrt(2 / math.pi) / scipy().erfcx(x * -math.sqrt(0.5))


normal_hazard = elementwise(
    "normal_hazard",
    _normal_hazard,
    [lambda g, x, out: -(g * (out * (x + out)))],
    sample=Real(-5, 5),
    doc="Density over distribution function of the normal distribution, in both tails: the derivative of `log_ndtr`.",
)
log_ndtr = elementwise(
    "log_ndtr",
    lambda x: scipy().log_ndtr(x),
    [lambda g, x: g * normal_hazard(x)],
    sample=Real(-5, 5, special=(-30, 30)),
)

# --- gamma and beta functions -----------------------------------------------------------------------------------------
gammaln = elementwise("gammaln", lambda x: scipy().gammaln(x), [lambda g, x: g * digamma(x)], sample=_POSITIVE)
gamma = elementwise("gamma", lambda x: scipy().gamma(x), [lambda g, x, out: g * (out * digamma(x))], sample=_POSITIVE)
digamma = elementwise("digamma", lambda x: scipy().digamma(x), [lambda g, x: g * polygamma(1, x)], sample=_POSITIVE)


def _polygamma(n: Any, x: Any) -> Any:
    if type(n) is int and n > 0:  # scipy.special.polygamma itself computes in double precision only
        return (-1.0) ** (n + 1) * math.gamma(n + 1) * of_two("zeta", n + 1, x)
    values = scipy().polygamma(n, x)
    dtype = getattr(x, "dtype", values.dtype)
    return values.astype(dtype) if dtype.kind == "f" else values


polygamma = elementwise(
    "polygamma", _polygamma, [no_rule("polygamma", "n"), lambda g, n, x: g * polygamma(n + 1, x)],
    sample=[Integers(0, 4), _POSITIVE], doc="The `n`-th derivative of digamma, by `x`.",
)  # fmt: skip
beta = elementwise(
    "beta",
    lambda x, y: of_two("beta", x, y),
    [
        lambda g, x, y, out: g * (out * (digamma(x) - digamma(x + y))),
        lambda g, x, y, out: g * (out * (digamma(y) - digamma(x + y))),
    ],
    sample=[_POSITIVE, _POSITIVE],
)
betaln = elementwise(
    "betaln",
    lambda x, y: of_two("betaln", x, y),
    [lambda g, x, y: g * (digamma(x) - digamma(x + y)), lambda g, x, y: g * (digamma(y) - digamma(x + y))],
    sample=[_POSITIVE, _POSITIVE],
)


def _gamma_density(a: Any, x: Any) -> Any:
    return exp(xlogy(a - 1, x) - x - gammaln(a))


gammainc = elementwise(
    "gammainc",
    lambda a, x: of_two("gammainc", a, x),
    [no_rule("gammainc", "a"), lambda g, a, x: g * _gamma_density(a, x)],
    sample=[Case(0.7, _POSITIVE[2, 3]), Case(3.5, _POSITIVE[3])],
)
gammaincc = elementwise(
    "gammaincc",
    lambda a, x: of_two("gammaincc", a, x),
    [no_rule("gammaincc", "a"), lambda g, a, x: -(g * _gamma_density(a, x))],
    sample=[Case(0.7, _POSITIVE[2, 3]), Case(3.5, _POSITIVE[3])],
)
betainc = elementwise(
    "betainc",
    lambda a, b, x: scipy().betainc(a, b, x),
    [
        no_rule("betainc", "a"),
        no_rule("betainc", "b"),
        lambda g, a, b, x: g * exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b)),
    ],
    sample=[Case(0.7, 2.5, _UNIT[2, 3]), Case(3.5, 0.5, _UNIT[3])],
)

# --- logistic functions and entropies ---------------------------------------------------------------------------------
logit = elementwise(
    "logit", lambda x: scipy().logit(x), [lambda g, x: g / (x * (1 - x))], sample=Real(0.05, 0.95, special=(0, 1))
)
log_expit = elementwise(
    "log_expit", lambda x: scipy().log_expit(x), [lambda g, x: g * expit(-x)], sample=Real(-5, 5, special=(-40, 40))
)

# At (0, 0) these are defined by continuity; there an infinite or undefined derivative is taken as 0 by replacing what
# it is computed from.


def _instead(x: Any, y: Any, pole: float, value: float) -> Any:
    """`y`, with `value` where x is 0 and y is at the pole."""
    return where((x == 0) & (y == pole), value, y)


xlogy = elementwise(
    "xlogy",
    lambda x, y: of_two("xlogy", x, y),
    [lambda g, x, y: g * log(_instead(x, y, 0, 1)), lambda g, x, y: g * (x / _instead(x, y, 0, math.inf))],
    sample=[Real(-3, 3, special=(0,)), Real(0.3, 4, special=(0,))],
    doc="x log(y), and 0 where x is 0; the derivatives at (0, 0) are 0.",
)
xlog1py = elementwise(
    "xlog1py",
    lambda x, y: of_two("xlog1py", x, y),
    [lambda g, x, y: g * log1p(_instead(x, y, -1, 0)), lambda g, x, y: g * (x / (1 + _instead(x, y, -1, math.inf)))],
    sample=[Real(-3, 3, special=(0,)), Real(-0.7, 3, special=(-1,))],
    doc="x log(1 + y), and 0 where x is 0; the derivatives at (0, -1) are 0.",
)
entr = elementwise(
    "entr",
    lambda x: scipy().entr(x),
    [lambda g, x: -(g * (log(x) + 1))],
    sample=Real(0.3, 4, special=(0,)),
    doc="-x log(x), and 0 at 0.",
)


def _log_ratio(x: Any, y: Any) -> Any:
    """log(x / y), and 0 at (0, 0)."""
    return log(_instead(y, x, 0, 1) / _instead(x, y, 0, 1))


rel_entr = elementwise(
    "rel_entr",
    lambda x, y: of_two("rel_entr", x, y),
    [lambda g, x, y: g * (_log_ratio(x, y) + 1), lambda g, x, y: -(g * (x / _instead(x, y, 0, math.inf)))],
    sample=[Real(0.3, 4, special=(0,)), Real(0.3, 4, special=(0,))],
    doc="x log(x / y), and 0 where x is 0.",
)
kl_div = elementwise(
    "kl_div",
    lambda x, y: of_two("kl_div", x, y),
    [lambda g, x, y: g * _log_ratio(x, y), lambda g, x, y: g * (1 - x / _instead(x, y, 0, math.inf))],
    sample=[Real(0.3, 4, special=(0,)), Real(0.3, 4, special=(0,))],
    doc="x log(x / y) - x + y, and y where x is 0.",
)

# --- Bessel functions: the recurrences of the derivatives, which divide by nothing ------------------------------------
j0 = elementwise("j0", lambda x: scipy().j0(x), [lambda g, x: -(g * j1(x))], sample=_ANY)
j1 = elementwise("j1", lambda x: scipy().j1(x), [lambda g, x: g * (0.5 * (j0(x) - jv(2, x)))], sample=_ANY)
i0 = elementwise("i0", lambda x: scipy().i0(x), [lambda g, x: g * i1(x)], sample=_ANY)
i1 = elementwise("i1", lambda x: scipy().i1(x), [lambda g, x: g * (0.5 * (i0(x) + iv(2, x)))], sample=_ANY)

_SMOOTH = Real(-2.5, 2.5, avoid=(0,), margin=0.2, special=(0,))  # exp(-|x|) has a kink at 0
i0e = elementwise(
    "i0e", lambda x: scipy().i0e(x), [lambda g, x, out: g * (i1e(x) - real_sign(x) * out)], sample=_SMOOTH
)
i1e = elementwise(
    "i1e",
    lambda x: scipy().i1e(x),
    [lambda g, x, out: g * (0.5 * (i0e(x) + ive(2, x)) - real_sign(x) * out)],
    sample=_SMOOTH,
)

_ORDERS = [Integers(0, 4)[()], Real(0.2, 3)]
jv = elementwise(
    "jv",
    lambda v, x: of_two("jv", v, x),
    [no_rule("jv", "v"), lambda g, v, x: g * (0.5 * (jv(v - 1, x) - jv(v + 1, x)))],
    sample=_ORDERS,
)
iv = elementwise(
    "iv",
    lambda v, x: of_two("iv", v, x),
    [no_rule("iv", "v"), lambda g, v, x: g * (0.5 * (iv(v - 1, x) + iv(v + 1, x)))],
    sample=_ORDERS,
)
ive = elementwise(
    "ive",
    lambda v, x: of_two("ive", v, x),
    [
        no_rule("ive", "v"),
        lambda g, v, x, out: g * (0.5 * (ive(v - 1, x) + ive(v + 1, x)) - real_sign(x) * out),
    ],
    sample=_ORDERS,
)
