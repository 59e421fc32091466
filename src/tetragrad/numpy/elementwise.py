"""NumPy's elementwise functions by NumPy's names. Most are doors of the table as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import concrete
from ..core.tensor import Tensor
from ..ops import arithmetic, rounding
from ..ops import complex_numbers as parts
from ..ops import special as special_functions
from ..ops.arithmetic import (
    absolute,
    add,
    bitwise_and,
    bitwise_or,
    bitwise_xor,
    copysign,
    divide,
    equal,
    fabs,
    floor_divide,
    fmax,
    fmin,
    fmod,
    gcd,
    greater,
    greater_equal,
    heaviside,
    invert,
    isfinite,
    isinf,
    isnan,
    isneginf,
    isposinf,
    lcm,
    left_shift,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    positive,
    remainder,
    right_shift,
    sign,
    signbit,
    subtract,
)
from ..ops.exponential import (
    cbrt,
    exp,
    exp2,
    expm1,
    float_power,
    hypot,
    ldexp,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logaddexp2,
    pow,
    reciprocal,
    sqrt,
    square,
)
from ..ops.rounding import ceil, floor, rint, trunc
from ..ops.trigonometric import (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cos,
    cosh,
    deg2rad,
    rad2deg,
    sin,
    sinc,
    sinh,
    tan,
    tanh,
)
from .writing import write_out

abs = absolute
acos, acosh, asin, asinh, atan, atan2, atanh = arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh
bitwise_invert = bitwise_not = invert
bitwise_left_shift, bitwise_right_shift = left_shift, right_shift
degrees, radians = rad2deg, deg2rad
fix = trunc
i0 = special_functions.i0
mod = remainder
power = pow
true_divide = divide


def conj(x: Any, out: Any = None) -> Any:
    """Complex conjugate.

    Parameters
    ----------
    x : array or Tensor
    out : array or Tensor, optional
        Where to put it.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.conj(1 + 2j)
    np.complex128(1-2j)
    """
    result = parts.conj(x)
    return result if out is None else write_out(out, result, None, "conj")


conjugate = conj


def _into(out: Any, results: tuple[Any, Any], name: str) -> tuple[Any, Any]:
    """A pair of results, put into ``out=`` where that is not None."""
    first, second = [
        result if target is None else write_out(target, result, None, name) for target, result in zip(out, results)
    ]
    return first, second


def divmod(x: Any, y: Any, out: Any = (None, None)) -> tuple[Any, Any]:
    """Quotient ``x // y`` and remainder ``x % y``.

    Parameters
    ----------
    x, y : array or Tensor
    out : pair of (array or Tensor or None)
        Where to put them.

    Returns
    -------
    quotient, remainder : array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.divmod(7.0, 2.0)
    (np.float64(3.0), np.float64(1.0))
    """
    return _into(out, arithmetic.divmod(x, y), "divmod")


def modf(x: Any, out: Any = (None, None)) -> tuple[Any, Any]:
    """Fractional and whole part, both with the sign of `x`.

    Parameters
    ----------
    x : array or Tensor
    out : pair of (array or Tensor or None)
        Where to put them.

    Returns
    -------
    fraction, whole : array or Tensor
        The derivative of the fraction is 1, that of the whole part 0.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.modf(2.5)
    (np.float64(0.5), np.float64(2.0))
    """
    if not isinstance(x, Tensor):
        return _into(out, np.modf(x), "modf")
    x = multiply(x, 1.0)
    return _into(out, (fmod(x, 1), trunc(x)), "modf")


def frexp(x: Any, out: Any = (None, None)) -> tuple[Any, Any]:
    """Mantissa in [0.5, 1) and exponent: ``x = mantissa * 2**exponent``.

    Parameters
    ----------
    x : array or Tensor
    out : pair of (array or Tensor or None)
        Where to put them.

    Returns
    -------
    mantissa : array or Tensor
    exponent : array of int

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.frexp(6.0)
    (np.float64(0.75), np.int32(3))
    """
    if not isinstance(x, Tensor):
        return _into(out, np.frexp(x), "frexp")
    exponent = np.frexp(concrete(x, "frexp"))[1]
    return _into(out, (ldexp(x, -exponent), exponent), "frexp")


# NumPy's ufuncs, and the functions of the same names that answer them on Tensors.
UFUNCS: dict[Any, Any] = {
    getattr(np, function.__name__): function
    for function in (
        absolute, add, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, bitwise_and, bitwise_or,
        bitwise_xor, cbrt, ceil, conj, copysign, cos, cosh, deg2rad, divide, divmod, equal, exp, exp2, expm1, fabs,
        float_power, floor, floor_divide, fmax, fmin, fmod, frexp, gcd, greater, greater_equal, heaviside, hypot,
        invert, isfinite, isinf, isnan, lcm, ldexp, left_shift, less, less_equal, log, log1p, log2, log10, logaddexp,
        logaddexp2, logical_and, logical_not, logical_or, logical_xor, maximum, minimum, modf, multiply, negative,
        not_equal, positive, pow, rad2deg, reciprocal, remainder, right_shift, rint, sign, signbit, sin, sinh, sqrt,
        square, subtract, tan, tanh, trunc,
    )
} | {np.degrees: degrees, np.radians: radians}  # fmt: skip


def real(val: Any) -> Any:
    """Real part.

    Parameters
    ----------
    val : array or Tensor

    Returns
    -------
    array or Tensor
        `val` itself if it is real.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.real(1 + 2j)
    1.0
    """
    if not isinstance(val, Tensor):
        return np.real(val)
    return parts.real(val) if val.dtype.kind == "c" else val


def imag(val: Any) -> Any:
    """Imaginary part.

    Parameters
    ----------
    val : array or Tensor

    Returns
    -------
    array or Tensor
        Zeros if `val` is real.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.imag(1 + 2j)
    2.0
    """
    return parts.imag(val) if isinstance(val, Tensor) else np.imag(val)


def angle(z: Any, deg: bool = False) -> Any:
    """Argument of a complex number, in radians or degrees.

    Parameters
    ----------
    z : array or Tensor
    deg : bool
        Degrees instead of radians.

    Returns
    -------
    array or Tensor
        In (-pi, pi]; its derivative at 0 is 0.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.angle(1j, deg=True)
    np.float64(90.0)
    """
    if not isinstance(z, Tensor):
        return np.angle(z, deg)
    result = arctan2(imag(z), real(z))
    return rad2deg(result) if deg else result


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Elements of `x` where the condition holds, elements of `y` elsewhere.

    Parameters
    ----------
    condition, x, y : array or Tensor
        Broadcast together. Without `x` and `y`: the indices at which the condition holds.

    Returns
    -------
    array or Tensor
        What is not selected gets an exact zero as derivative.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.where(np.array([True, False]), 1.0, 2.0)
    array([1., 2.])
    """
    if x is None and y is None:
        return np.nonzero(np.asarray(concrete(condition, "where with one argument")))
    if x is None or y is None:
        raise ValueError("where: either both or neither of x and y should be given")
    return arithmetic.where(condition, x, y)


def clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """Limit the values to an interval.

    Parameters
    ----------
    a : array or Tensor
    a_min, a_max : array or Tensor, optional
        Bounds, also called `min` and `max`; None for no bound.

    Returns
    -------
    array or Tensor
        At a bound the derivative goes to `a`.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.clip(np.array([-1.0, 0.5, 3.0]), 0.0, 1.0)
    array([0. , 0.5, 1. ])
    """
    if out is not None:
        return write_out(out, clip(a, a_min, a_max, min=min, max=max), None, "clip")
    low, high = a_min if min is None else min, a_max if max is None else max
    if low is None and high is None:
        return positive(a)
    return arithmetic.clip(a, low, high)


def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """Round to a number of decimals, halves to even.

    Parameters
    ----------
    a : array or Tensor
    decimals : int
        May be negative.

    Returns
    -------
    array or Tensor
        Its derivative is zero.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.round(2.5)
    np.float64(2.0)
    """
    if out is not None:
        return write_out(out, round(a, decimals), None, "round")
    return rounding.round(a, decimals)


around = round


def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """Replace nan and infinities by numbers.

    Parameters
    ----------
    x : array or Tensor
    copy : bool
        False: write the result into `x`.
    nan : float
        In place of nan.
    posinf, neginf : float, optional
        In place of infinities; by default the largest and smallest finite number.

    Returns
    -------
    array or Tensor
        The derivative is zero where a value was replaced.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.nan_to_num(np.array([1.0, np.nan]))
    array([1., 0.])
    """
    if not isinstance(x, Tensor):
        return np.nan_to_num(x, copy, nan, posinf, neginf)
    if not copy:
        return write_out(x, nan_to_num(x, True, nan, posinf, neginf), None, "nan_to_num")
    choices = {"nan": nan, "posinf": posinf, "neginf": neginf}
    if x.dtype.kind == "c":
        return arithmetic.nan_to_num(real(x), **choices) + 1j * arithmetic.nan_to_num(imag(x), **choices)
    return arithmetic.nan_to_num(x, **choices)


def isclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Whether elements are equal within ``atol + rtol * |b|``.

    Parameters
    ----------
    a, b : array or Tensor
    rtol, atol : float
    equal_nan : bool
        Whether two nan are equal.

    Returns
    -------
    array of bool

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.isclose(1.0, 1.0 + 1e-9)
    np.True_
    """
    return arithmetic.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are equal within ``atol + rtol * |b|``.

    Parameters
    ----------
    a, b, rtol, atol, equal_nan
        As for `isclose`.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.allclose([1.0, 2.0], [1.0, 2.0 + 1e-9])
    True
    """
    return bool(np.all(concrete(isclose(a, b, rtol, atol, equal_nan), "allclose")))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Whether two arrays have the same shape and elements.

    Parameters
    ----------
    a1, a2 : array or Tensor
    equal_nan : bool
        Whether two nan are equal.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.array_equal([1, 2], [1, 2])
    True
    """
    return np.array_equal(concrete(a1, "array_equal"), concrete(a2, "array_equal"), equal_nan)


def array_equiv(a1: Any, a2: Any) -> bool:
    """Whether two arrays are equal after broadcasting.

    Parameters
    ----------
    a1, a2 : array or Tensor

    Returns
    -------
    bool

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.array_equiv([1, 1], 1)
    True
    """
    return np.array_equiv(concrete(a1, "array_equiv"), concrete(a2, "array_equiv"))


def isreal(x: Any) -> Any:
    """Whether elements have no imaginary part.

    Parameters
    ----------
    x : array or Tensor

    Returns
    -------
    array of bool

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.isreal(np.array([1.0, 1j]))
    array([ True, False])
    """
    return equal(imag(x), 0)


def iscomplex(x: Any) -> Any:
    """Whether elements have an imaginary part.

    Parameters
    ----------
    x : array or Tensor

    Returns
    -------
    array of bool

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.iscomplex(np.array([1.0, 1j]))
    array([False,  True])
    """
    return not_equal(imag(x), 0)


def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex.

    Parameters
    ----------
    x : array or Tensor

    Returns
    -------
    bool

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.iscomplexobj(1j)
    True
    """
    return x.dtype.kind == "c" if isinstance(x, Tensor) else np.iscomplexobj(x)


def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex.

    Parameters
    ----------
    x : array or Tensor

    Returns
    -------
    bool

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.isrealobj(1.0)
    True
    """
    return not iscomplexobj(x)


__all__ = [
    "UFUNCS", "abs", "absolute", "acos", "acosh", "add", "allclose", "angle", "arccos", "arccosh", "arcsin",
    "arcsinh", "arctan", "arctan2", "arctanh", "around", "array_equal", "array_equiv", "asin", "asinh", "atan",
    "atan2", "atanh", "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "cbrt", "ceil", "clip", "conj", "conjugate", "copysign", "cos", "cosh",
    "deg2rad", "degrees", "divide", "divmod", "equal", "exp", "exp2", "expm1", "fabs", "fix", "float_power", "floor",
    "floor_divide", "fmax", "fmin", "fmod", "frexp", "gcd", "greater", "greater_equal", "heaviside", "hypot", "i0",
    "imag", "invert", "isclose", "iscomplex", "iscomplexobj", "isfinite", "isinf", "isnan", "isneginf", "isposinf",
    "isreal", "isrealobj", "lcm", "ldexp", "left_shift", "less", "less_equal", "log", "log1p", "log2", "log10",
    "logaddexp", "logaddexp2", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "mod",
    "modf", "multiply", "nan_to_num", "negative", "not_equal", "positive", "pow", "power", "rad2deg", "radians",
    "real", "reciprocal", "remainder", "right_shift", "rint", "round", "sign", "signbit", "sin", "sinc", "sinh",
    "sqrt", "square", "subtract", "tan", "tanh", "true_divide", "trunc", "where",
]  # fmt: skip
