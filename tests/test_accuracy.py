"""Elementwise functions and their derivatives where precision is easily lost: against mpmath, in both precisions."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import tetragrad as tg
from tetragrad.core.primitive import TABLE


def sinc(x):
    return mp.mpf(1) if x == 0 else mp.sin(mp.pi * x) / (mp.pi * x)


def expit(x):
    return 1 / (1 + mp.exp(-x))


# Row, the same function in mpmath, points.
FUNCTIONS = [
    ("exp", mp.exp, [-30, 0, 30]),
    ("exp2", lambda x: mp.mpf(2) ** x, [-30, 0, 30]),
    ("expm1", mp.expm1, [-40, -1e-8, 0, 1e-8, 40]),
    ("log", mp.log, [1e-5, 1, 1e20]),
    ("log1p", mp.log1p, [-0.999, -1e-9, 0, 1e-9, 1e10]),
    ("log2", lambda x: mp.log(x, 2), [1e-5, 3]),
    ("log10", mp.log10, [1e-5, 3]),
    ("sqrt", mp.sqrt, [1e-5, 1, 1e10]),
    ("cbrt", lambda x: mp.sign(x) * mp.cbrt(abs(x)), [-8, 1e-5, 10]),
    ("reciprocal", lambda x: 1 / x, [1e-5, -3, 1e5]),
    ("sin", mp.sin, [-1e-8, 0, 10]),
    ("cos", mp.cos, [0, 1, 10]),
    ("tan", mp.tan, [0, 1e-8, 1.57]),
    ("arcsin", mp.asin, [0, 0.5, 0.9999, -0.9999]),
    ("arccos", mp.acos, [0, 0.5, 0.9999, -0.9999]),
    ("arctan", mp.atan, [0, 1, 1e8]),
    ("sinh", mp.sinh, [0, 1e-8, 20]),
    ("cosh", mp.cosh, [0, 1, 20]),
    ("tanh", mp.tanh, [0, 1e-8, 1]),
    ("arcsinh", mp.asinh, [0, 1e-8, 1e15]),
    ("arccosh", mp.acosh, [1.0001, 2, 1e15]),
    ("arctanh", mp.atanh, [0, 0.5, 0.9999]),
    ("sinc", sinc, [0, 1e-9, 1e-4, 0.01, 0.3, 1.1, 2.5, 10.25, -3.7]),
    ("expit", expit, [-80, -20, 0, 5]),
    ("log_expit", lambda x: -mp.log1p(mp.exp(-x)), [0, 20, 80]),
    ("logit", lambda x: mp.log(x / (1 - x)), [1e-5, 0.4, 0.999]),
    ("erf", mp.erf, [0, 1e-8, 1, 5]),
    ("erfc", mp.erfc, [0, 1, 5, 9]),
    ("erfinv", mp.erfinv, [0, 0.5, -0.9]),
    ("ndtr", mp.ncdf, [-10, 0, 3]),
    ("ndtri", lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1), [0.01, 0.4, 0.99]),
    ("log_ndtr", lambda x: mp.log(mp.ncdf(x)), [-1, 0, 3, 8]),
    ("gammaln", mp.loggamma, [1e-3, 0.5, 10, 1e5]),
    ("gamma", mp.gamma, [1e-3, 0.5, 20]),
    ("digamma", mp.digamma, [1e-3, 0.5, 1e5]),
    ("i0", lambda x: mp.besseli(0, x), [0, 1e-5, 20]),
    ("i1", lambda x: mp.besseli(1, x), [0, 1e-5, 20]),
    ("i0e", lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), [0.01, 20, -3]),
    ("j0", lambda x: mp.besselj(0, x), [0, 1e-5, 20]),
    ("j1", lambda x: mp.besselj(1, x), [0, 1e-5, 20]),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("name", "exact", "points"), FUNCTIONS, ids=[name for name, *_ in FUNCTIONS])
def test_derivatives_where_precision_is_easily_lost(name, exact, points, dtype):
    derivatives = [TABLE[name].door]
    for _ in range(3):
        derivatives.append(tg.grad(derivatives[-1]))
    for point in map(dtype, points):
        for order, derivative in enumerate(derivatives):
            with mp.workdps(60), np.errstate(all="ignore"):
                at = mp.mpf(float(point))
                step = mp.mpf(10) ** -15 * max(abs(at), mp.mpf("1e-3"))
                wanted = float(mp.re(mp.diff(exact, at, order, h=step)))
                found = derivative(point)
            if not np.finfo(dtype).tiny < abs(wanted) < np.finfo(dtype).max:
                wanted = float(dtype(wanted))
            assert found.dtype == dtype
            allowed = 3**order * (1e-11 if dtype is np.float64 else 2e-5) * abs(wanted) + 1e-37
            assert abs(float(found) - wanted) <= allowed, (
                f"{name}, order {order} at {point!r}: {found!r}, not {wanted!r}"
            )


@pytest.mark.parametrize("exponent", range(6))
def test_whole_powers_have_all_derivatives_at_zero(exponent):
    f = lambda x: x**exponent  # noqa: E731
    for order in range(7):
        falling = float(np.prod([exponent - k for k in range(order)]))
        assert f(0.0) == (falling if order == exponent else 0.0)
        f = tg.grad(f)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0])
def test_powers_with_an_array_as_exponent_agree_at_zero(exponent):
    f = g = lambda x, y: x**y
    for order in range(3):
        falling = float(np.prod([exponent - k for k in range(order)]))
        assert f(0.0, np.float64(exponent)) == (falling if order == exponent else 0.0)
        f = tg.grad(f)
    assert tg.grad(g, 1)(0.0, np.float64(exponent)) == 0.0


def test_powers_of_negative_numbers():
    assert tg.grad(lambda x: x ** np.float64(3.0))(-2.0) == 12.0
    assert tg.grad(lambda x: x**-2)(-2.0) == 0.25


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_python_numbers_keep_the_precision(dtype):
    import tetragrad.numpy as np_
    from tetragrad.scipy import special

    functions = [
        lambda x: 2**x, lambda x: x**2.5, lambda x: x**0, lambda x: 2.5 / x, lambda x: x % 0.7, lambda x: 1.7 % x,
        lambda x: np_.hypot(x, 3.0), lambda x: np_.arctan2(2.0, x), lambda x: np_.logaddexp(x, 1.0),
        lambda x: np_.maximum(x, 0.5), lambda x: np_.where(x > 0, x, 0.0), lambda x: np_.clip(x, 0.0, 2.0),
        lambda x: np_.copysign(x, -1.0), lambda x: special.xlogy(2.0, x), lambda x: special.jv(2, x),
        lambda x: special.gammainc(1.5, x), lambda x: special.betainc(1.5, 2.5, x), lambda x: special.polygamma(1, x),
    ]  # fmt: skip
    for index, f in enumerate(functions):
        for x in (dtype(0.3), np.full(3, 0.3, dtype)):
            value, pull = tg.vjp(f, x)
            assert value.dtype == dtype, index
            assert pull(value)[0].dtype == dtype, index
            assert tg.jvp(f, (x,), (x,))[1].dtype == dtype, index


def test_a_parameter_without_a_rule_raises_and_is_named():
    from tetragrad.scipy import special

    for call in (
        lambda: tg.grad(lambda a: special.gammainc(a, 2.0))(1.0),
        lambda: tg.jvp(lambda a: special.gammainc(a, 2.0), (1.0,), (1.0,)),
    ):
        with pytest.raises(tg.errors.MissingRuleError, match="gammainc: the derivative by `a`"):
            call()
    assert tg.grad(lambda x: special.gammainc(1.0, x))(2.0) == pytest.approx(np.exp(-2))
