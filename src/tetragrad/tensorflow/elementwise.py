"""Elementwise functions under TensorFlow's names; what each accepts and which have no gradient are TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..ops import arithmetic, complex_numbers, exponential, rounding, special, trigonometric
from ..ops.arithmetic import keep, logical_not
from ..ops.shape import astype, astype_discrete
from .dtypes import as_dtype, numpy_dtype
from .errors import invalid
from .recording import is_live, state
from .tensor import (
    EagerTensor,
    add,
    core,
    divide,
    equal,
    floordiv,
    floormod,
    greater,
    greater_equal,
    less,
    less_equal,
    multiply,
    not_equal,
    operand,
    pair,
    pow,
    quietly,
    same_dtype,
    subtract,
    wrap,
)


def unary(name: str, op: str, door: Any, kinds: str = "fc") -> Any:
    """A function of one Tensor with elements of these kinds."""

    def function(x: Any, name: str | None = None) -> Any:
        if type(x) is not EagerTensor:
            x = operand(x)
        else:
            node = x._node
            if node is not None and node.number < state().floor and not is_live(node):
                x = EagerTensor(x._value, None)
        if x._value.dtype.kind not in kinds:
            raise refused(op, x)
        out = door(x)
        return out if type(out) is EagerTensor else wrap(out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Elementwise {name} of a Tensor."
    return function


def refused(op: str, x: EagerTensor) -> Exception:
    """The error for elements of a kind that the operation does not take."""
    return invalid(
        f"Value for attr 'T' of {x._value.dtype.name} is not in the list of allowed values: convert it with tf.cast, "
        f"for instance tf.cast(x, tf.float32)",
        op,
    )


def _constant(door: Any) -> Any:
    """An operation that TensorFlow gives no gradient: its result is a constant."""
    return lambda x: door(EagerTensor(x._value, None))


abs = unary("abs", "Abs", arithmetic.absolute, "fciu")
negative = unary("negative", "Neg", arithmetic.negative, "fciu")
sign = unary("sign", "Sign", lambda x: arithmetic.sign(core(x)), "fciu")
square = unary("square", "Square", exponential.square, "fciu")
sqrt = unary("sqrt", "Sqrt", quietly(exponential.sqrt))
rsqrt = unary("rsqrt", "Rsqrt", quietly(lambda x: exponential.reciprocal(exponential.sqrt(x))))
reciprocal = unary("reciprocal", "Reciprocal", quietly(exponential.reciprocal))
exp = unary("exp", "Exp", quietly(exponential.exp))
expm1 = unary("expm1", "Expm1", exponential.expm1)
log = unary("log", "Log", quietly(exponential.log))
log1p = unary("log1p", "Log1p", quietly(exponential.log1p))
sin = unary("sin", "Sin", trigonometric.sin)
cos = unary("cos", "Cos", trigonometric.cos)
tan = unary("tan", "Tan", trigonometric.tan)
asin = unary("asin", "Asin", trigonometric.arcsin)
acos = unary("acos", "Acos", trigonometric.arccos)
atan = unary("atan", "Atan", trigonometric.arctan)
sinh = unary("sinh", "Sinh", trigonometric.sinh)
cosh = unary("cosh", "Cosh", trigonometric.cosh)
tanh = unary("tanh", "Tanh", trigonometric.tanh)
asinh = unary("asinh", "Asinh", trigonometric.arcsinh)
acosh = unary("acosh", "Acosh", trigonometric.arccosh)
atanh = unary("atanh", "Atanh", trigonometric.arctanh)
sigmoid = unary("sigmoid", "Sigmoid", exponential.expit)
softplus = unary("softplus", "Softplus", lambda x: exponential.logaddexp(x, 0.0), "f")
log_sigmoid = unary("log_sigmoid", "LogSigmoid", special.log_expit, "f")
erf = unary("erf", "Erf", special.erf, "f")
erfc = unary("erfc", "Erfc", special.erfc, "f")
erfinv = unary("erfinv", "Erfinv", special.erfinv, "f")
ndtri = unary("ndtri", "Ndtri", special.ndtri, "f")
lgamma = unary("lgamma", "Lgamma", special.gammaln, "f")
digamma = unary("digamma", "Digamma", special.digamma, "f")
relu = unary("relu", "Relu", lambda x: keep(x, logical_not(arithmetic.less_equal(x, 0))), "fiu")
floor = unary("floor", "Floor", _constant(rounding.floor), "f")
ceil = unary("ceil", "Ceil", _constant(rounding.ceil), "f")
rint = unary("rint", "Rint", _constant(rounding.rint), "f")
round = unary("round", "Round", _constant(rounding.rint), "f")
is_nan = unary("is_nan", "IsNan", arithmetic.isnan, "f")
is_inf = unary("is_inf", "IsInf", arithmetic.isinf, "f")
is_finite = unary("is_finite", "IsFinite", arithmetic.isfinite, "f")
logical_not_ = unary("logical_not", "LogicalNot", logical_not, "b")
conj = unary("conj", "Conj", complex_numbers.conj, "fciub")
imag = unary("imag", "Imag", complex_numbers.imag)


def real(input: Any, name: str | None = None) -> Any:
    """The real part."""
    x = operand(input)
    return complex_numbers.real(x) if x._value.dtype.kind == "c" else x


def angle(input: Any, name: str | None = None) -> Any:
    """The argument of complex numbers."""
    from ..numpy.elementwise import angle as angle_of

    return wrap(angle_of(core(operand(input))))


def complex(real: Any, imag: Any, name: str | None = None) -> Any:
    """Complex numbers from real and imaginary parts."""
    re, im = pair("Complex", operand(real), operand(imag))
    wide = np.dtype(np.complex64 if re._value.dtype == np.float32 else np.complex128)
    return add(astype(re, dtype=wide), multiply(astype(im, dtype=wide), EagerTensor(wide.type(1j), None)))


def _two(op: str, door: Any, kinds: str = "fc") -> Any:
    def function(x: Any, y: Any, name: str | None = None) -> Any:
        x, y = pair(op, x, y)
        first: Any = x if isinstance(x, CoreTensor) else y
        if first._value.dtype.kind not in kinds:
            raise refused(op, first)
        return wrap(door(x, y))

    function.__name__ = function.__qualname__ = op.lower()
    return function


def _chosen(better: Any) -> Any:
    """maximum and minimum: at ties the first operand has the whole gradient, as in TensorFlow; NaN spreads."""

    def door(x: Any, y: Any) -> Any:
        x, y = [
            e if isinstance(e, CoreTensor) else EagerTensor(o._value.dtype.type(e), None) for e, o in ((x, y), (y, x))
        ]
        first = arithmetic.logical_or(better(x, y), arithmetic.not_equal(x, x))
        return arithmetic.where(first, x, y)

    return door


maximum = _two("Maximum", _chosen(arithmetic.greater_equal), "fiu")
minimum = _two("Minimum", _chosen(arithmetic.less_equal), "fiu")
atan2 = _two("Atan2", lambda y, x: trigonometric.arctan2(y, x), "f")
xlogy = _two("Xlogy", special.xlogy)
xlog1py = _two("Xlog1py", special.xlog1py)
logical_and = _two("LogicalAnd", arithmetic.logical_and, "b")
logical_or = _two("LogicalOr", arithmetic.logical_or, "b")
logical_xor = _two("LogicalXor", arithmetic.logical_xor, "b")
truediv = divide
igamma = _two("Igamma", special.gammainc, "f")
igammac = _two("Igammac", special.gammaincc, "f")
polygamma = _two("Polygamma", special.polygamma, "f")


def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """``(x - y) ** 2``, elementwise."""
    return square(subtract(x, y))


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """``x / y``, and 0 where y is 0."""
    x, y = pair("DivNoNan", operand(x), operand(y) if not isinstance(y, (int, float)) else y)
    y = y if isinstance(y, CoreTensor) else EagerTensor(x._value.dtype.type(y), None)
    zero = arithmetic.equal(y, 0)
    return wrap(arithmetic.where(zero, 0, arithmetic.divide(x, arithmetic.where(zero, 1, y))))


multiply_no_nan = _two("MulNoNan", lambda x, y: arithmetic.where(arithmetic.equal(y, 0), 0, arithmetic.multiply(x, y)))


def add_n(inputs: Any, name: str | None = None) -> Any:
    """The sum of Tensors of one shape and dtype."""
    tensors = [operand(x) for x in inputs]
    if not tensors:
        raise ValueError(
            "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape."
        )
    same_dtype("AddN", tensors)
    total = tensors[0]
    for x in tensors[1:]:
        if x._value.shape != total._value.shape:
            raise invalid(
                f"Inputs to operation AddN must have the same size and shape. {total.shape} != {x.shape}", "AddN"
            )
        total = arithmetic.add(total, x)
    return total


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """The Tensor in another dtype; from floating point to integers towards zero, and without gradient.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.cast([1.8, 2.2], tf.int32)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>
    """
    x = operand(x)
    wanted = numpy_dtype(dtype)
    if x._value.dtype == wanted:
        return x
    if x._value.dtype.kind == "c" and wanted.kind != "c":
        x = complex_numbers.real(x)
    if wanted.kind in "fc" and x._value.dtype.kind in "fc":
        return astype(x, dtype=wanted)
    return wrap(astype_discrete(EagerTensor(x._value, None), dtype=wanted))


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """The Tensor in another dtype, values out of its range moved to the nearest in it."""
    kind = as_dtype(dtype)
    return cast(clip_by_value(value, kind.min, kind.max), dtype)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Values below the minimum become it, values above the maximum become that."""
    x = operand(t)
    low, high = [_bound(x, bound) for bound in (clip_value_min, clip_value_max)]
    return wrap(arithmetic.clip(x, low, high))


def _bound(x: EagerTensor, bound: Any) -> Any:
    y = pair("ClipByValue", x, bound)[1]
    return y if isinstance(y, CoreTensor) else x._value.dtype.type(y)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Elements of x where the condition holds, of y elsewhere; or the positions where it holds.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.where([True, False], [1.0, 2.0], 0.0)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 0.], dtype=float32)>
    """
    condition = operand(condition)
    if x is None and y is None:
        return EagerTensor(np.argwhere(np.asarray(condition)), None)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    if condition._value.dtype.kind != "b":
        raise invalid(f"tf.where: the condition must be a bool tensor, not {condition._value.dtype.name}", "SelectV2")
    x, y = pair("SelectV2", x, y)
    x, y = [e if isinstance(e, CoreTensor) else EagerTensor(o._value.dtype.type(e), None) for e, o in ((x, y), (y, x))]
    return wrap(arithmetic.where(condition, x, y))


def nextafter(x1: Any, x2: Any, name: str | None = None) -> Any:
    """The next representable number towards x2; no gradient."""
    x, y = pair("NextAfter", operand(x1), operand(x2))
    return wrap(np.nextafter(np.asarray(x), np.asarray(y)))


__all__ = [
    "abs", "acos", "acosh", "add", "add_n", "angle", "asin", "asinh", "atan", "atan2", "atanh",
    "cast", "ceil", "clip_by_value", "complex", "conj", "cos", "cosh", "digamma", "divide",
    "divide_no_nan", "equal", "erf", "erfc", "erfinv", "exp", "expm1", "floor", "floordiv", "floormod", "greater",
    "greater_equal", "igamma", "igammac", "imag", "is_finite", "is_inf", "is_nan", "less", "less_equal", "lgamma",
    "log", "log1p", "log_sigmoid", "logical_and", "logical_or", "logical_xor", "maximum", "minimum",
    "multiply", "multiply_no_nan", "ndtri", "negative", "nextafter", "not_equal", "polygamma", "pow", "real",
    "reciprocal", "rint", "round", "rsqrt", "saturate_cast", "sigmoid", "sign", "sin", "sinh", "softplus",
    "sqrt", "square", "squared_difference", "subtract", "tan", "tanh", "truediv", "where", "xlog1py", "xlogy",
]  # fmt: skip
