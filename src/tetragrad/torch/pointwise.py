"""Elementwise functions by PyTorch's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.tensor import Tensor as CoreTensor
from ..dialects.base import convert
from ..numpy import elementwise
from ..ops import arithmetic, exponential, rounding, special, trigonometric
from ..ops.arithmetic import where as where_door
from ..ops.exponential import logaddexp as _logaddexp
from .names import named
from .promotion import cast, floating, result_dtype, settled
from .tensor import Tensor, constant

_UNARY: dict[str, Any] = {
    "acos": trigonometric.arccos, "acosh": trigonometric.arccosh, "asin": trigonometric.arcsin,
    "asinh": trigonometric.arcsinh, "atan": trigonometric.arctan, "atanh": trigonometric.arctanh,
    "cos": trigonometric.cos, "cosh": trigonometric.cosh, "deg2rad": trigonometric.deg2rad,
    "digamma": special.digamma, "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv,
    "exp": exponential.exp, "exp2": exponential.exp2, "expm1": exponential.expm1, "i0": special.i0,
    "lgamma": special.gammaln, "log": exponential.log, "log10": exponential.log10, "log1p": exponential.log1p,
    "log2": exponential.log2, "logit": special.logit, "rad2deg": trigonometric.rad2deg,
    "sigmoid": exponential.expit, "sin": trigonometric.sin, "sinc": trigonometric.sinc, "sinh": trigonometric.sinh,
    "sqrt": exponential.sqrt, "tan": trigonometric.tan, "tanh": trigonometric.tanh,
}  # fmt: skip

_ANY_DTYPE: dict[str, Any] = {
    "abs": arithmetic.absolute, "ceil": rounding.ceil, "floor": rounding.floor, "neg": arithmetic.negative,
    "sign": elementwise.sign, "square": exponential.square, "trunc": rounding.trunc,
}  # fmt: skip


def check_tensor(name: str, x: Any) -> None:
    """Refuse what is not a Tensor, as PyTorch's functions do."""
    if not isinstance(x, CoreTensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}")


def _function(name: str, door: Callable[..., Any]) -> Callable[..., Any]:
    """A function of floating-point values: integers become floats first."""

    def function(input: Any) -> Any:
        if type(input) is not Tensor:
            check_tensor(name, input)
            input = convert(Tensor, input)
        return door(input if input._value.dtype.kind in "fc" else floating(input))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Elementwise {name}."
    return function


def _plain_function(name: str, door: Callable[..., Any]) -> Callable[..., Any]:
    """A function of any values, which keeps the dtype."""

    def function(input: Any) -> Any:
        check_tensor(name, input)
        return constant(door(input))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Elementwise {name}."
    return function


FUNCTIONS = {
    **{name: _function(name, door) for name, door in _UNARY.items()},
    **{name: _plain_function(name, door) for name, door in _ANY_DTYPE.items()},
}
globals().update(FUNCTIONS)


def reciprocal(input: Any) -> Any:
    """1 / input."""
    return exponential.reciprocal(floating(input))


def rsqrt(input: Any) -> Any:
    """1 / sqrt(input)."""
    return named(exponential.reciprocal(exponential.sqrt(floating(input))), "RsqrtBackward0")


def positive(input: Any) -> Any:
    """The Tensor itself."""
    return input


def round(input: Any, *, decimals: int = 0) -> Any:
    """Round to even."""
    return constant(elementwise.round(input, decimals))


def relu(input: Any) -> Any:
    """max(input, 0), with derivative 0 at 0."""
    return named(constant(where_door(input > 0, input, 0)), "ReluBackward0")


def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input + alpha * other."""
    return _tensor(input) + (other if alpha == 1 else other * alpha)


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input - alpha * other."""
    return _tensor(input) - (other if alpha == 1 else other * alpha)


def mul(input: Any, other: Any) -> Any:
    """input * other."""
    return input * other if isinstance(input, Tensor) else other * input


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """input / other, rounded down (``"floor"``) or towards zero (``"trunc"``) if wanted."""
    if rounding_mode == "floor":
        return input // other
    quotient = input / other
    return quotient if rounding_mode is None else constant(rounding.trunc(quotient))


def pow(input: Any, exponent: Any) -> Any:
    """input ** exponent."""
    return input**exponent


def remainder(input: Any, other: Any) -> Any:
    """The remainder of division, of the divisor's sign."""
    return input % other


def fmod(input: Any, other: Any) -> Any:
    """The remainder of division, of the dividend's sign."""
    return constant(arithmetic.fmod(input, other))


def floor_divide(input: Any, other: Any) -> Any:
    """The quotient rounded down."""
    return input // other


def _tensor(x: Any) -> Any:
    if isinstance(x, CoreTensor):
        return x
    from .creation import tensor

    return tensor(x)


def _binary(name: str, door: Callable[..., Any]) -> Callable[..., Any]:
    def function(input: Any, other: Any) -> Any:
        out = constant(door(input, other))
        return settled(door, (input, other), out) if out._value.dtype.itemsize >= 8 else out

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Elementwise {name}."
    return function


maximum = _binary("maximum", arithmetic.maximum)
minimum = _binary("minimum", arithmetic.minimum)
fmax = _binary("fmax", arithmetic.fmax)
fmin = _binary("fmin", arithmetic.fmin)
atan2 = arctan2 = _binary("atan2", trigonometric.arctan2)
hypot = _binary("hypot", exponential.hypot)
logaddexp = _binary("logaddexp", _logaddexp)
xlogy = _binary("xlogy", special.xlogy)


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """Values kept between `min` and `max`; the derivative at a bound is 1."""
    if min is None and max is None:
        from .errors import RuntimeError

        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    return named(constant(elementwise.clip(input, min, max)), "ClampBackward1")


clip = clamp


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """Elements of `input` where the condition holds, of `other` elsewhere; alone: the indices where it holds."""
    if input is None and other is None:
        from .reductions import nonzero

        return nonzero(condition, as_tuple=True)
    out = constant(where_door(condition, input, other))
    wanted = result_dtype(input, other)
    return out if out._value.dtype == wanted else where_door(condition, cast(input, wanted), cast(other, wanted))


def nan_to_num(input: Any, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """nan and infinities replaced by numbers."""
    return constant(elementwise.nan_to_num(input, nan=nan, posinf=posinf, neginf=neginf))


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """input + weight * (end - input)."""
    return input + weight * (end - input)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """input + value * tensor1 * tensor2."""
    return input + value * (tensor1 * tensor2)


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """input + value * tensor1 / tensor2."""
    return input + value * (tensor1 / tensor2)


# -- comparison and logic: no derivative ------------------------------------------------------------------------------


def _discrete(name: str, door: Callable[..., Any]) -> Callable[..., Any]:
    def function(input: Any, *others: Any) -> Any:
        return constant(door(input, *others))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Elementwise {name}."
    return function


DISCRETE = {
    name: _discrete(name, door)
    for name, door in {
        "eq": arithmetic.equal, "ne": arithmetic.not_equal, "lt": arithmetic.less, "le": arithmetic.less_equal,
        "gt": arithmetic.greater, "ge": arithmetic.greater_equal, "logical_and": elementwise.logical_and,
        "logical_or": elementwise.logical_or, "logical_not": elementwise.logical_not,
        "logical_xor": elementwise.logical_xor, "isnan": elementwise.isnan, "isinf": elementwise.isinf,
        "isfinite": elementwise.isfinite, "bitwise_and": arithmetic.bitwise_and,
        "bitwise_or": arithmetic.bitwise_or, "bitwise_xor": arithmetic.bitwise_xor, "bitwise_not": arithmetic.invert,
        "signbit": elementwise.signbit,
    }.items()
}  # fmt: skip
globals().update(DISCRETE)


def isclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Whether elements are equal within tolerances."""
    return constant(elementwise.isclose(input.detach(), other.detach(), rtol, atol, equal_nan))


def allclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are equal within tolerances."""
    return bool(elementwise.allclose(input.detach(), other.detach(), rtol, atol, equal_nan))


def equal(input: Any, other: Any) -> bool:
    """Whether two Tensors have the same shape and elements."""
    return input.shape == other.shape and bool((input._array() == other._array()).all())


# -- complex numbers --------------------------------------------------------------------------------------------------


def real(input: Any) -> Any:
    """Real part."""
    return constant(elementwise.real(input))


def imag(input: Any) -> Any:
    """Imaginary part."""
    return constant(elementwise.imag(input))


def conj(input: Any) -> Any:
    """Complex conjugate."""
    return constant(elementwise.conj(input))


def angle(input: Any) -> Any:
    """The argument of complex numbers."""
    return constant(elementwise.angle(input))


true_divide = divide = div
multiply = mul
subtract = sub
negative = FUNCTIONS["neg"]
absolute = FUNCTIONS["abs"]
arccos, arcsin, arctan = FUNCTIONS["acos"], FUNCTIONS["asin"], FUNCTIONS["atan"]

__all__ = [
    *FUNCTIONS, *DISCRETE, "absolute", "add", "addcdiv", "addcmul", "allclose", "angle", "arccos", "arcsin", "arctan",
    "arctan2", "atan2", "clamp", "clip", "conj", "div", "divide", "equal", "floor_divide", "fmax", "fmin", "fmod",
    "hypot", "imag", "isclose", "lerp", "logaddexp", "maximum", "minimum", "mul", "multiply", "nan_to_num", "negative",
    "positive", "pow", "real", "reciprocal", "relu", "remainder", "round", "rsqrt", "sub", "subtract", "true_divide",
    "where", "xlogy",
]  # fmt: skip
