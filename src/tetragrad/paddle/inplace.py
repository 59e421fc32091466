"""Operations that change their first operand: ``x.add_(y)``, ``x.zero_()``, ``x.reshape_(shape)`` and the others.

Each is the operation without the underscore, whose result is written back. The real Paddle refuses, in the backward
pass, to go on where a value that a rule needs was overwritten; here the gradient is right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.mutation import become
from ..core.tensor import Tensor as CoreTensor
from ..numpy import writing
from . import linalg, manipulation, mathematics, random
from .dtypes import Size
from .errors import require
from .nn import functional
from .operators import check_leaf, through_leaf
from .tensor import Tensor, as_operand, in_values, made, overwrite, to_tensor


def _finish(x: Tensor) -> Tensor:
    x._bump_inplace_version()
    return x


def _assign_result(x: Tensor, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
    writing.assign(x, function(x, *args, **kwargs), name)


def changing(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The variant of an operation that writes its result, of the same shape, into its first operand."""

    def change(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        check_leaf(x)
        carriers = [each for each in (*args, *kwargs.values()) if isinstance(each, CoreTensor)]
        carrier = next((each for each in carriers if each._node is not None), None)

        if carrier is None and through_leaf(x):
            in_values(_assign_result, x, name, function, args, kwargs)
        else:
            _assign_result(x, name, function, args, kwargs)
        return _finish(x)

    return _named(change, name, "in place, and return `x`.")


def reshaping(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The variant of an operation that gives its first operand another shape or dtype."""

    def change(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        check_leaf(x)
        result = function(x, *args, **kwargs)
        if result is not x:
            become(x, result)
        return _finish(x)

    return _named(change, name, "in place, and return `x`.")


def _named(function: Callable[..., Any], name: str, what: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Do as `{name[:-1]}` {what}"
    return function


def _constant(value: Callable[..., Any]) -> Callable[..., Any]:
    """A filler as a function of the Tensor that it fills: the old values do not count."""

    def fill(x: Any, *args: Any, **kwargs: Any) -> Any:
        found = np.asarray(value(x, *args, **kwargs), x._value.dtype)
        return made(np.broadcast_to(found, x._value.shape))

    return fill


INPLACE: dict[str, Callable[..., Any]] = {}
for _source in (
    "abs", "acos", "add", "asin", "atan", "ceil", "clip", "cos", "cosh", "cumsum", "divide", "erf", "exp", "expm1",
    "floor", "floor_divide", "lerp", "log", "log10", "log1p", "log2", "masked_fill", "maximum", "minimum", "mod",
    "multiply", "neg", "pow", "reciprocal", "remainder", "round", "rsqrt", "scale", "sigmoid", "sin", "sinh", "sqrt",
    "square", "subtract", "tan", "tanh", "tril", "triu", "trunc",
):  # fmt: skip
    _function = getattr(mathematics, _source, None) or getattr(linalg, _source)
    INPLACE[f"{_source}_"] = changing(f"{_source}_", _function)
for _source in ("relu", "softmax"):
    INPLACE[f"{_source}_"] = changing(f"{_source}_", getattr(functional, _source))
for _source in ("reshape", "squeeze", "unsqueeze", "flatten", "transpose", "cast", "t"):
    INPLACE[f"{_source}_"] = reshaping(f"{_source}_", getattr(manipulation, _source, None) or getattr(linalg, _source))
INPLACE["astype_"] = INPLACE["cast_"]
INPLACE["zero_"] = changing("zero_", _constant(lambda x: 0))
INPLACE["fill_"] = changing("fill_", _constant(lambda x, value: _number(value)))
INPLACE["uniform_"] = changing(
    "uniform_", _constant(lambda x, min=-1.0, max=1.0, seed=0: random.generator.uniform(min, max, x._value.shape))
)
INPLACE["normal_"] = changing(
    "normal_", _constant(lambda x, mean=0.0, std=1.0: random.generator.normal(mean, std, x._value.shape))
)


def _number(value: Any) -> Any:
    return as_operand(value, "fill_").item() if isinstance(value, CoreTensor) else value


def set_value(x: Tensor, value: Any) -> None:
    """Give a Tensor, also a variable, other values of the same shape and dtype. This is not recorded."""
    given = value if isinstance(value, CoreTensor) else to_tensor(np.asarray(value))
    require(
        given.shape == x._value.shape,
        f"Variable Shape not match, Variable [ {x.name} ] need tensor with shape {x.shape} but load set tensor with "
        f"shape {Size(given.shape)}",
    )
    require(
        given._value.dtype == x._value.dtype,
        f"Variable dtype not match, Variable [ {x.name} ] need tensor with dtype {x.dtype}  but load tensor with dtype "
        f"{as_operand(given, 'set_value').dtype}",
    )
    overwrite(x, given)


def copy_(x: Tensor, other: Any, blocking: bool = True) -> Tensor:
    """Give a Tensor the values of another; this is not recorded."""
    overwrite(x, other)
    return x
