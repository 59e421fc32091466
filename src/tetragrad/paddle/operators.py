"""Python's operators on Paddle's Tensors: which dtypes mix, and comparisons that give Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.mutation import alias_of
from ..core.recording import is_recording
from ..core.tensor import Leaf
from ..core.tensor import Tensor as CoreTensor
from ..dialects.base import convert
from ..errors import TetragradError
from ..numpy import writing
from ..ops import arithmetic, contraction, exponential, shape
from .dtypes import numpy_dtype
from .errors import InvalidTypeError, NotFoundError, invalid, translate
from .tensor import Tensor, in_values, made, to_tensor


def check_mix(x: Any, y: Any) -> None:
    """Paddle computes with floating-point numbers of several sizes, but not with whole numbers beside them."""
    a, b = x._value.dtype, y._value.dtype
    if a is not b and a != b and not (a.kind in "fc" and b.kind in "fc") and "c" not in (a.kind, b.kind):
        raise InvalidTypeError(
            "(InvalidType) Type promotion only support calculations between floating-point numbers and between complex "
            f"and real numbers. But got different data type x: {a}, y: {b}."
        )


def promoted(x: Tensor, y: Any) -> tuple[Any, Any]:
    """Two Tensors of different dtypes (or dialects) as operands."""
    if not isinstance(y, Tensor):
        y = convert(Tensor, y)
    if not x._value.shape or not y._value.shape:
        return _with_scalar(x, y)
    check_mix(x, y)
    return x, y


def _with_scalar(x: Any, y: Any) -> tuple[Any, Any]:
    """A Tensor without axes takes the dtype of the other, unless its kind of number is the wider one."""
    a, b = x._value.dtype, y._value.dtype
    wider = "biufc".index(a.kind) - "biufc".index(b.kind)
    if wider > 0 or (wider == 0 and x._value.shape and not y._value.shape):
        return x, shape.astype(y, dtype=a)
    if wider < 0 or (y._value.shape and not x._value.shape):
        return shape.astype(x, dtype=b), y
    return x, y


def coerced(x: Tensor, y: Any) -> Any:
    """A Tensor and something that is none as operands, or None if they do not go together."""
    if isinstance(y, (np.ndarray, list, tuple)):
        return promoted(x, to_tensor(y))
    if isinstance(y, np.generic):
        y = y.item()
    if not isinstance(y, (bool, int, float, complex)):
        return None
    if isinstance(y, float) and x._value.dtype.kind in "iub":
        return to_float(x), y
    return x, int(y) if isinstance(y, bool) else y


def to_float(x: Tensor) -> Any:
    """Whole numbers as floating-point ones of the default dtype."""
    return shape.astype(x, dtype=numpy_dtype(None)) if x._value.dtype.kind in "iub" else x


def _binary(door: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator of a door and its reflected form. Written out: it is the hot path."""

    def operate(self: Any, other: Any) -> Any:
        if type(other) is Tensor and other._value.dtype is self._value.dtype:
            return door(self, other)
        if isinstance(other, CoreTensor):
            self, other = promoted(self, other)
        elif type(other) not in (int, float) or self._value.dtype.kind != "f":
            operands = coerced(self, other)
            if operands is None:
                return NotImplemented
            self, other = operands
        return door(self, other)

    def reflected(self: Any, other: Any) -> Any:
        if type(other) not in (int, float) or self._value.dtype.kind != "f":
            operands = promoted(self, other) if isinstance(other, CoreTensor) else coerced(self, other)
            if operands is None:
                return NotImplemented
            self, other = operands
        return door(other, self)

    return operate, reflected


def _dividing(operator: Callable[..., Any]) -> Callable[..., Any]:
    """Division of whole numbers gives floating-point ones."""

    def divide(self: Any, other: Any) -> Any:
        if self._value.dtype.kind not in "fc":
            if isinstance(other, Tensor):
                check_mix(self, other)
                other = to_float(other)
            self = to_float(self)
        return operator(self, other)

    return divide


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def operate(self: Any, other: Any) -> Any:
        if isinstance(other, CoreTensor):
            if other._value.dtype is not self._value.dtype:
                self, other = promoted(self, other)
        elif type(other) not in (int, float, bool):
            operands = coerced(self, other)
            if operands is None:
                return NotImplemented
            self, other = operands
        try:
            found = compare(self, other)
        except TetragradError as error:
            raise translate(error) from error
        return Tensor(found, None) if type(found) in (np.ndarray, np.bool_) else made(found)

    return operate


def _of_bits(door: Callable[..., Any]) -> Callable[..., Any]:
    """An operation on bits: its result has no derivative, and it does not take floating-point numbers."""

    def operate(x: Any, y: Any) -> Any:
        for each in (x, y):
            if isinstance(each, CoreTensor) and each._value.dtype.kind in "fc":
                raise NotFoundError(f"(NotFound) The kernel `{door.__name__}` is not registered for {each.dtype.name}.")
        return made(door(x, y))

    return operate


def check_leaf(x: Tensor, kind: str = "Var") -> None:
    """Paddle does not change variables in place where operations are recorded."""
    if isinstance(x._node, Leaf) and is_recording():
        raise invalid(f"Leaf {kind} ({x.name}) that doesn't stop gradient can't use inplace strategy.")


def through_leaf(x: Tensor) -> bool:
    """Whether `x` is a view of a variable: Paddle lets such writes change the variable's value alone."""
    alias = alias_of(x)
    return alias is not None and bool(alias.steps) and isinstance(alias.history.node, Leaf)


def set_item(self: Any, index: Any, value: Any) -> None:
    """``x[index] = value``."""
    check_leaf(self, "Tensor")
    if isinstance(value, CoreTensor) and value._value.dtype != self._value.dtype:
        value = shape.astype(value, dtype=self._value.dtype)
    elif isinstance(value, float) and self._value.dtype.kind in "iu":
        value = int(value)
    elif not isinstance(value, (CoreTensor, bool, int, float, complex)):
        value = np.asarray(value, self._value.dtype)
    if through_leaf(self) and not (isinstance(value, CoreTensor) and value._node is not None):
        in_values(writing.set_item, self, index, value)
    else:
        writing.set_item(self, index, value)
    self._bump_inplace_version()


def _identity(self: Any) -> int:
    return id(self)


def install() -> None:
    """Give Tensor its operators."""
    for name, door in {
        "add": arithmetic.add,
        "sub": arithmetic.subtract,
        "mul": arithmetic.multiply,
        "truediv": arithmetic.divide,
        "floordiv": arithmetic.floor_divide,
        "mod": arithmetic.remainder,
        "pow": exponential.pow,
        "matmul": contraction.matmul,
        "and": _of_bits(arithmetic.bitwise_and),
        "or": _of_bits(arithmetic.bitwise_or),
        "xor": _of_bits(arithmetic.bitwise_xor),
    }.items():
        operate, reflected = _binary(door)
        if name == "truediv":
            operate, reflected = _dividing(operate), _dividing(reflected)
        if hasattr(door, "before"):  # two recorded arrays of floating-point numbers
            operate = door.before(operate)
        for form, operator in ((f"__{name}__", operate), (f"__r{name}__", reflected)):
            operator.__name__ = form
            setattr(Tensor, form, operator)
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        form = f"__{name}__"
        operator = _comparison(getattr(CoreTensor, form))
        operator.__name__ = form
        setattr(Tensor, form, operator)
    Tensor.__invert__ = lambda self: made(arithmetic.invert(self))  # type: ignore[method-assign]
    Tensor.__setitem__ = set_item
    Tensor.__neg__ = lambda self: arithmetic.subtract(0, self)  # type: ignore[method-assign]  # 0, not -0
    Tensor.__hash__ = _identity  # type: ignore[method-assign, assignment]


install()
