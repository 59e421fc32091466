"""Operations on the elements, comparisons and reductions, by Paddle's names and signatures."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.levels import concrete, shape_of
from ..core.tensor import Tensor as CoreTensor
from ..numpy import elementwise, indexing, reductions, sorting, statistics
from ..ops import arithmetic, exponential, rounding, shape, special, trigonometric
from ..ops import reductions as ops
from .dtypes import numpy_dtype
from .errors import invalid
from .operators import promoted, to_float
from .tensor import Tensor, as_operand, made, overwrite, to_tensor

__all__ = [
    "TopKRetType",
    "abs",
    "acos",
    "acosh",
    "add", "add_n",
    "all",
    "allclose",
    "amax",
    "amin",
    "angle",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "ceil",
    "clip",
    "conj",
    "cos",
    "cosh",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "digamma",
    "divide",
    "equal",
    "equal_all",
    "erf",
    "erfinv",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "floor_mod",
    "fmax",
    "fmin",
    "frac",
    "greater_equal",
    "greater_than",
    "imag",
    "increment",
    "is_tensor",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "lerp",
    "less_equal",
    "less_than",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "masked_fill",
    "max",
    "maximum",
    "mean",
    "median",
    "min",
    "minimum",
    "mod",
    "multiply",
    "neg",
    "nonzero",
    "not_equal",
    "numel",
    "pow",
    "prod",
    "quantile",
    "rank",
    "real",
    "reciprocal",
    "remainder",
    "round",
    "rsqrt",
    "scale",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "sort",
    "sqrt",
    "square",
    "std",
    "subtract",
    "sum",
    "tan",
    "tanh",
    "topk",
    "trunc",
    "unique",
    "var",
    "where",
]  # fmt: skip

# -- one operand ------------------------------------------------------------------------------------------------------


def _unary(name: str, door: Callable[..., Any], floating: bool = True) -> Callable[..., Any]:
    """An operation on one Tensor; `floating` ones take whole numbers as floating-point ones."""

    def function(x: Any, name: str | None = None) -> Any:
        x = as_operand(x, label)
        return made(door(to_float(x) if floating else x))

    label = function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name} of each element."
    return function


def _rsqrt(x: Any) -> Any:
    return 1 / exponential.sqrt(x)


def _frac(x: Any) -> Any:
    return x - rounding.trunc(x)


abs = _unary("abs", arithmetic.absolute, False)
acos = _unary("acos", trigonometric.arccos)
acosh = _unary("acosh", trigonometric.arccosh)
angle = _unary("angle", elementwise.angle)
asin = _unary("asin", trigonometric.arcsin)
asinh = _unary("asinh", trigonometric.arcsinh)
atan = _unary("atan", trigonometric.arctan)
atanh = _unary("atanh", trigonometric.arctanh)
bitwise_not = _unary("bitwise_not", arithmetic.invert, False)
ceil = _unary("ceil", rounding.ceil, False)
conj = _unary("conj", elementwise.conj, False)
cos = _unary("cos", trigonometric.cos)
cosh = _unary("cosh", trigonometric.cosh)
digamma = _unary("digamma", special.digamma)
erf = _unary("erf", special.erf)
erfinv = _unary("erfinv", special.erfinv)
exp = _unary("exp", exponential.exp)
expm1 = _unary("expm1", elementwise.expm1)
floor = _unary("floor", rounding.floor, False)
frac = _unary("frac", _frac)
imag = _unary("imag", elementwise.imag, False)
isfinite = _unary("isfinite", elementwise.isfinite, False)
isinf = _unary("isinf", elementwise.isinf, False)
isnan = _unary("isnan", elementwise.isnan, False)
lgamma = _unary("lgamma", special.gammaln)
log = _unary("log", exponential.log)
log10 = _unary("log10", elementwise.log10)
log1p = _unary("log1p", elementwise.log1p)
log2 = _unary("log2", elementwise.log2)
logical_not = _unary("logical_not", elementwise.logical_not, False)
neg = _unary("neg", lambda x: -x, False)
real = _unary("real", elementwise.real, False)
reciprocal = _unary("reciprocal", exponential.reciprocal)
round = _unary("round", rounding.round, False)
rsqrt = _unary("rsqrt", _rsqrt)
sigmoid = _unary("sigmoid", exponential.expit)
sign = _unary("sign", arithmetic.sign, False)
sin = _unary("sin", trigonometric.sin)
sinh = _unary("sinh", trigonometric.sinh)
sqrt = _unary("sqrt", exponential.sqrt)
square = _unary("square", exponential.square, False)
tan = _unary("tan", trigonometric.tan)
tanh = _unary("tanh", trigonometric.tanh)
trunc = _unary("trunc", rounding.trunc, False)

# -- two operands -----------------------------------------------------------------------------------------------------


def _binary(name: str, operate: Callable[..., Any]) -> Callable[..., Any]:
    """An operation on two Tensors; a number as the second is not taken, as in Paddle."""

    def function(x: Any, y: Any, name: str | None = None) -> Any:
        x, y = as_operand(x, label), as_operand(y, label, "y", 1)
        if x._value.dtype is not y._value.dtype:
            x, y = promoted(x, y)
        return made(operate(x, y))

    label = function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name} of two Tensors, element by element."
    return function


add = _binary("add", arithmetic.add)
atan2 = _binary("atan2", elementwise.arctan2)
bitwise_and = _binary("bitwise_and", lambda x, y: x & y)
bitwise_or = _binary("bitwise_or", lambda x, y: x | y)
bitwise_xor = _binary("bitwise_xor", lambda x, y: x ^ y)
divide = _binary("divide", lambda x, y: x / y)
equal = _binary("equal", lambda x, y: x == y)
floor_divide = _binary("floor_divide", arithmetic.floor_divide)
fmax = _binary("fmax", arithmetic.fmax)
fmin = _binary("fmin", arithmetic.fmin)
greater_equal = _binary("greater_equal", lambda x, y: x >= y)
greater_than = _binary("greater_than", lambda x, y: x > y)
less_equal = _binary("less_equal", lambda x, y: x <= y)
less_than = _binary("less_than", lambda x, y: x < y)
logaddexp = _binary("logaddexp", exponential.logaddexp)
logical_and = _binary("logical_and", elementwise.logical_and)
logical_or = _binary("logical_or", elementwise.logical_or)
logical_xor = _binary("logical_xor", elementwise.logical_xor)
maximum = _binary("maximum", arithmetic.maximum)
minimum = _binary("minimum", arithmetic.minimum)
multiply = _binary("multiply", arithmetic.multiply)
not_equal = _binary("not_equal", lambda x, y: x != y)
remainder = _binary("remainder", arithmetic.remainder)
mod = floor_mod = remainder
subtract = _binary("subtract", arithmetic.subtract)


def add_n(inputs: Any, name: str | None = None) -> Any:
    """Sum of several Tensors."""
    first, *others = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    total = as_operand(first, "add_n", "inputs")
    for each in others:
        total = add(total, each)
    return total


def pow(x: Any, y: Any, name: str | None = None) -> Any:
    """`x` to the power of `y`, a number or a Tensor."""
    return as_operand(x, "pow") ** y


def scale(
    x: Any, scale: Any = 1.0, bias: float = 0.0, bias_after_scale: bool = True, act: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """``scale * x + bias``, or with ``bias_after_scale=False``: ``scale * (x + bias)``."""
    x = as_operand(x, "scale")
    if act is not None:
        raise invalid(f"scale(): act={act!r} is not supported; apply the function to the result")
    if x._value.dtype.kind in "iu":
        scale, bias = int(scale), int(bias)
    return x * scale + bias if bias_after_scale else (x + bias) * scale


def clip(x: Any, min: Any = None, max: Any = None, name: str | None = None) -> Any:
    """The elements, those beyond a bound replaced by it. The gradient passes at the bounds."""
    x = as_operand(x, "clip")
    return elementwise.clip(x, _number(min), _number(max))


def _number(value: Any) -> Any:
    return concrete(value, "this argument").item() if isinstance(value, CoreTensor) else value


def lerp(x: Any, y: Any, weight: Any, name: str | None = None) -> Any:
    """``x + weight * (y - x)``."""
    x = as_operand(x, "lerp")
    return x + weight * (as_operand(y, "lerp", "y", 1) - x)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """`x` where the condition holds, `y` elsewhere; with the condition alone, the positions where it holds."""
    condition = as_operand(condition, "where", "condition")
    if x is None and y is None:
        return nonzero(condition, as_tuple=True)
    if isinstance(x, CoreTensor) and isinstance(y, CoreTensor):
        x, y = promoted(as_operand(x, "where"), y)
    elif not isinstance(x, CoreTensor) and not isinstance(y, CoreTensor):
        x, y = to_tensor(x), to_tensor(y)
    return made(arithmetic.where(condition, x, y))


def masked_fill(x: Any, mask: Any, value: Any, name: str | None = None) -> Any:
    """`x` with a value where the mask holds."""
    return arithmetic.where(as_operand(mask, "masked_fill", "mask", 1), value, as_operand(x, "masked_fill"))


def increment(x: Any, value: float = 1.0, name: str | None = None) -> Any:
    """Add a number to a Tensor in place."""
    overwrite(x, x + value)
    return x


def isclose(
    x: Any, y: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False, name: str | None = None
) -> Any:
    """Whether the elements are equal up to rounding, one by one."""
    return made(elementwise.isclose(as_operand(x, "isclose"), as_operand(y, "isclose", "y", 1), rtol, atol, equal_nan))


def allclose(
    x: Any, y: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False, name: str | None = None
) -> Any:
    """Whether all elements are equal up to rounding."""
    x, y = as_operand(x, "allclose"), as_operand(y, "allclose", "y", 1)
    return made(np.bool_(elementwise.allclose(x, y, rtol, atol, equal_nan)))


def equal_all(x: Any, y: Any, name: str | None = None) -> Any:
    """Whether two Tensors have the same shape and the same elements."""
    x, y = [concrete(as_operand(each, "equal_all"), "equal_all()") for each in (x, y)]
    return made(np.bool_(np.array_equal(x, y)))


# -- reductions -------------------------------------------------------------------------------------------------------


def axes(axis: Any, x: Any) -> Any:
    """An axis argument as the NumPy-shaped functions take it."""
    if axis is None:
        return None
    if isinstance(axis, CoreTensor):
        axis = np.asarray(concrete(axis, "axis")).tolist()
    if isinstance(axis, (list, tuple)):
        axis = tuple([int(each) for each in axis]) or None
    rank = len(shape_of(x))
    for each in axis if isinstance(axis, tuple) else (axis,) if isinstance(axis, int) else ():
        if not -rank <= each < rank:
            raise invalid(
                "The reduce dim index should be in the range [ -dimension(X), dimension(X) ) which dimension = "
                f"{rank}. But received dim index = {each}."
            )
    return axis


def sum(x: Any, axis: Any = None, dtype: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Sum of the elements, over all axes or those given. Booleans and small integers add up to int64."""
    x = as_operand(x, "sum")
    if axis is None and dtype is None:
        return ops.sum(x, axis=None, keepdims=keepdim)
    return made(reductions.sum(x, axes(axis, x), None if dtype is None else numpy_dtype(dtype), keepdims=keepdim))


def mean(x: Any, axis: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Arithmetic mean."""
    x = as_operand(x, "mean")
    result = made(reductions.mean(x, axes(axis, x), keepdims=keepdim))
    return shape.astype(result, dtype=x._value.dtype) if x._value.dtype.kind in "iub" else result


def prod(x: Any, axis: Any = None, keepdim: bool = False, dtype: Any = None, name: str | None = None) -> Any:
    """Product of the elements; its derivatives are right with zeros among them."""
    x = as_operand(x, "prod")
    return made(reductions.prod(x, axes(axis, x), None if dtype is None else numpy_dtype(dtype), keepdims=keepdim))


def max(x: Any, axis: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Largest element; the gradient is shared equally among ties."""
    x = as_operand(x, "max")
    return made(reductions.max(x, axes(axis, x), keepdims=keepdim))


def min(x: Any, axis: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Smallest element; the gradient is shared equally among ties."""
    x = as_operand(x, "min")
    return made(reductions.min(x, axes(axis, x), keepdims=keepdim))


amax, amin = max, min


def var(x: Any, axis: Any = None, unbiased: bool = True, keepdim: bool = False, name: str | None = None) -> Any:
    """Variance; divides by one less than the number of elements, or with ``unbiased=False`` by that number."""
    x = as_operand(x, "var")
    return reductions.var(to_float(x), axes(axis, x), ddof=int(unbiased), keepdims=keepdim)


def std(x: Any, axis: Any = None, unbiased: bool = True, keepdim: bool = False, name: str | None = None) -> Any:
    """Standard deviation, the root of `var`."""
    x = as_operand(x, "std")
    return reductions.std(to_float(x), axes(axis, x), ddof=int(unbiased), keepdims=keepdim)


def logsumexp(x: Any, axis: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Logarithm of the sum of the exponentials, without overflow."""
    x = as_operand(x, "logsumexp")
    return reductions.logsumexp(x, axes(axis, x), keepdims=keepdim)


def all(x: Any, axis: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Whether all elements are true."""
    x = as_operand(x, "all")
    return made(reductions.all(x, axes(axis, x), keepdims=keepdim))


def any(x: Any, axis: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Whether some element is true."""
    x = as_operand(x, "any")
    return made(reductions.any(x, axes(axis, x), keepdims=keepdim))


def argmax(x: Any, axis: int | None = None, keepdim: bool = False, dtype: Any = "int64", name: Any = None) -> Any:
    """Position of the largest element."""
    found = reductions.argmax(as_operand(x, "argmax"), axis, keepdims=keepdim)
    return made(np.asarray(concrete(found, "argmax()")).astype(numpy_dtype(dtype)))


def argmin(x: Any, axis: int | None = None, keepdim: bool = False, dtype: Any = "int64", name: Any = None) -> Any:
    """Position of the smallest element."""
    found = reductions.argmin(as_operand(x, "argmin"), axis, keepdims=keepdim)
    return made(np.asarray(concrete(found, "argmin()")).astype(numpy_dtype(dtype)))


def count_nonzero(x: Any, axis: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Number of elements that are not zero."""
    x = as_operand(x, "count_nonzero")
    return made(reductions.count_nonzero(x, axes(axis, x), keepdims=keepdim))


def cumsum(x: Any, axis: int | None = None, dtype: Any = None, name: str | None = None) -> Any:
    """Running sums, along an axis or through all elements."""
    x = as_operand(x, "cumsum")
    return made(reductions.cumsum(x, axis, None if dtype is None else numpy_dtype(dtype)))


def cumprod(x: Any, dim: int | None = None, dtype: Any = None, name: str | None = None) -> Any:
    """Running products, along an axis or through all elements."""
    x = as_operand(x, "cumprod")
    return made(reductions.cumprod(x, dim, None if dtype is None else numpy_dtype(dtype)))


def median(x: Any, axis: Any = None, keepdim: bool = False, name: str | None = None) -> Any:
    """Middle element in order, or the mean of the two middle ones."""
    x = as_operand(x, "median")
    return statistics.median(x, axes(axis, x), keepdims=keepdim)


def quantile(
    x: Any, q: Any, axis: Any = None, keepdim: bool = False, interpolation: str = "linear", name: str | None = None
) -> Any:
    """Element at a fraction `q` of the way through the ordered elements."""
    q = np.asarray(concrete(q, "quantile()"))
    x = as_operand(x, "quantile")
    return statistics.quantile(x, q, axes(axis, x), method=interpolation, keepdims=keepdim)


# -- order ------------------------------------------------------------------------------------------------------------


class TopKRetType(NamedTuple):
    """What `topk` returns."""

    values: Any
    indices: Any


def _order(x: Any, axis: int, descending: bool) -> Any:
    values = np.asarray(concrete(x, "argsort()"))
    return np.argsort(-values if descending else values, axis=axis, kind="stable")


def argsort(x: Any, axis: int = -1, descending: bool = False, stable: bool = False, name: str | None = None) -> Any:
    """Positions of the elements in order."""
    return made(_order(as_operand(x, "argsort"), axis, descending))


def sort(x: Any, axis: int = -1, descending: bool = False, stable: bool = False, name: str | None = None) -> Any:
    """The elements in order."""
    x = as_operand(x, "sort")
    if descending:
        return made(indexing.take_along_axis(x, _order(x, axis, True), axis))
    return made(sorting.sort(x, axis))


def topk(
    x: Any, k: Any, axis: int | None = None, largest: bool = True, sorted: bool = True, name: str | None = None
) -> TopKRetType:
    """The `k` largest (or smallest) elements along an axis, and their positions."""
    x = as_operand(x, "topk")
    axis = -1 if axis is None else axis
    positions = np.take(_order(x, axis, largest), np.arange(int(_number(k))), axis)
    return TopKRetType(made(indexing.take_along_axis(x, positions, axis)), made(positions))


def nonzero(x: Any, as_tuple: bool = False) -> Any:
    """Positions of the elements that are not zero, one a row; with `as_tuple` one Tensor per axis."""
    found = np.nonzero(np.asarray(concrete(as_operand(x, "nonzero"), "nonzero()")))
    return tuple([made(each) for each in found]) if as_tuple else made(np.stack(found, axis=-1))


def unique(
    x: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: Any = None,
    dtype: Any = "int64", name: str | None = None,
) -> Any:  # fmt: skip
    """The different elements in order, and if wanted where they are and how often."""
    values = np.asarray(concrete(as_operand(x, "unique"), "unique()"))
    found: Any = np.unique(values, return_index, return_inverse, return_counts, axis)  # type: ignore[call-overload]
    return tuple([made(each) for each in found]) if isinstance(found, tuple) else made(found)


def numel(x: Any, name: str | None = None) -> Any:
    """Number of elements, as a Tensor."""
    return made(np.int64(math.prod(shape_of(as_operand(x, "numel")))))


def rank(input: Any) -> Any:
    """Number of axes, as a Tensor."""
    return made(np.int32(len(shape_of(as_operand(input, "rank")))))


def is_tensor(x: Any) -> bool:
    """Whether `x` is a Tensor."""
    return isinstance(x, Tensor)
