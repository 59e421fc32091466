"""`mxnet.test_utils`: comparing arrays, and gradients with finite differences.

Functions stand where MXNet has symbols, which are not there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as onp

from ..dialects.names import answer_for
from . import autograd
from .ndarray import NDArray
from .numpy import array

# By what two arrays of the least exact dtype may differ.
_RTOL = {"float16": 1e-2, "float32": 1e-4, "float64": 1e-5}
_ATOL = {"float16": 1e-1, "float32": 1e-3, "float64": 1e-20}


def _plain(x: Any) -> onp.ndarray:
    return x.asnumpy() if isinstance(x, NDArray) else onp.asarray(x)


def _tolerances(a: onp.ndarray, b: onp.ndarray, rtol: float | None, atol: float | None) -> tuple[float, float]:
    """Those that are given, else the larger ones of the two dtypes."""
    names = [a.dtype.name, b.dtype.name]
    own = [max([table.get(name, 0.0) for name in names]) for table in (_RTOL, _ATOL)]
    return own[0] if rtol is None else rtol, own[1] if atol is None else atol


def same(a: Any, b: Any) -> bool:
    """Whether two arrays have the same shape and elements."""
    return bool(onp.array_equal(_plain(a), _plain(b)))


def almost_equal(a: Any, b: Any, rtol: float | None = None, atol: float | None = None, equal_nan: bool = False) -> bool:
    """Whether two arrays differ by at most ``atol + rtol * abs(b)``."""
    a, b = _plain(a), _plain(b)
    rtol, atol = _tolerances(a, b, rtol, atol)
    return bool(onp.allclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan))


def assert_almost_equal(
    a: Any, b: Any, rtol: float | None = None, atol: float | None = None, names: Sequence[str] = ("a", "b"),
    equal_nan: bool = False, use_broadcast: bool = True, mismatches: Any = (10, 10),
) -> None:  # fmt: skip
    """Raise AssertionError if two arrays differ by more than ``atol + rtol * abs(b)``.

    Parameters
    ----------
    a, b : array
    rtol, atol : float, optional
        By default those of the less exact dtype: 1e-4 and 1e-3 for float32.
    names : pair of str
        What the arrays are called in the message.
    equal_nan : bool
        Whether nan is equal to nan.
    use_broadcast : bool
        Whether shapes may differ that broadcast to one.
    mismatches
        Accepted, and ignored.

    Examples
    --------
    >>> from tetragrad.mxnet import np, test_utils
    >>> test_utils.assert_almost_equal(np.ones(2), np.ones(2) + 1e-6)
    >>> test_utils.assert_almost_equal(np.ones(2), np.zeros(2))
    Traceback (most recent call last):
    ...
    AssertionError: Items are not equal: a and b differ by 1, tolerance rtol=0.0001, atol=0.001
    """
    a, b = _plain(a), _plain(b)
    if not use_broadcast and a.shape != b.shape:
        raise AssertionError(f"Items are not equal: {names[0]} has shape {a.shape}, {names[1]} {b.shape}")
    rtol, atol = _tolerances(a, b, rtol, atol)
    if onp.allclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan):
        return
    worst = onp.max(onp.abs(onp.subtract(a, b, dtype=float)))
    raise AssertionError(
        f"Items are not equal: {names[0]} and {names[1]} differ by {worst:.6g}, tolerance rtol={rtol:.6g}, "
        f"atol={atol:.6g}"
    )


def numeric_grad(f: Callable[..., Any], location: Sequence[Any], eps: float = 1e-4) -> list[onp.ndarray]:
    """Gradients of the sum of a function's result by central differences, one per argument.

    Examples
    --------
    >>> from tetragrad.mxnet import np, test_utils
    >>> test_utils.numeric_grad(lambda x: x * x, [np.array([1.0, 2.0], dtype="float64")])[0].round(6)
    array([2., 4.])
    """
    arguments = [_plain(x).copy() for x in location]

    def total() -> float:
        return float(onp.sum(_plain(f(*[array(x, dtype=x.dtype) for x in arguments])), dtype=float))

    found = []
    for x in arguments:
        slopes = onp.zeros(x.shape)
        for place in onp.ndindex(x.shape):
            kept = x[place]
            ends = []
            for moved in (kept + eps / 2, kept - eps / 2):
                x[place] = moved
                ends.append(total())
            x[place] = kept
            slopes[place] = (ends[0] - ends[1]) / eps
        found.append(slopes)
    return found


def check_numeric_gradient(
    f: Callable[..., Any], location: Sequence[Any], numeric_eps: float = 1e-3, rtol: float = 1e-2,
    atol: float | None = None, dtype: Any = onp.float64,
) -> None:  # fmt: skip
    """Raise AssertionError if the gradients of a function are not those that central differences give.

    Parameters
    ----------
    f : callable
        Takes arrays and gives one. (MXNet's takes a symbol, which there is none of here.)
    location : sequence of array
        The arguments.
    numeric_eps : float
        How far apart the values are that differences are taken of.
    rtol, atol : float
        How exact the gradients must be.
    dtype
        Of the computation.

    Examples
    --------
    >>> from tetragrad.mxnet import np, test_utils
    >>> test_utils.check_numeric_gradient(lambda x: np.sin(x) * x, [np.array([0.5, 1.0])])
    """
    if not callable(f):
        raise TypeError(f"check_numeric_gradient takes a function of arrays, got {type(f).__name__}")
    arguments = [array(_plain(x), dtype=dtype) for x in location]
    for x in arguments:
        x.attach_grad()
    with autograd.record():
        out = f(*arguments)
    out.backward()
    for position, (x, expected) in enumerate(zip(arguments, numeric_grad(f, arguments, numeric_eps))):
        names = (f"NUMERICAL_{position}", f"BACKWARD_{position}")
        assert_almost_equal(expected, x.grad, rtol, 1e-4 if atol is None else atol, names)


__all__ = ["almost_equal", "assert_almost_equal", "check_numeric_gradient", "numeric_grad", "same"]

__getattr__ = answer_for(__name__)
