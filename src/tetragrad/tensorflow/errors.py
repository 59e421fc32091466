"""TensorFlow's exception types, and the engine's errors as its users know them."""

from __future__ import annotations

import re
from typing import Any

from .. import errors as engine
from ..core.bind import OperationIndexError, OperationLinAlgError
from ..dialects.names import missing_name


class OpError(engine.TetragradError):
    """An operation failed. `message` is the text, `op` the operation's name where it is known."""

    error_code: int = 2

    def __init__(self, node_def: Any, op: Any, message: str, *args: Any) -> None:
        super().__init__(message)
        self.node_def = node_def
        self.op = op
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.node_def, self.op, self.message)


class InvalidArgumentError(OpError, engine.OperationError):
    """Arguments that do not fit the operation: shapes, dtypes, values out of range."""

    error_code = 3


class NotFoundError(OpError):
    """Something asked for does not exist."""

    error_code = 5


class FailedPreconditionError(OpError):
    """The state is not the one that the operation needs."""

    error_code = 9


class OutOfRangeError(OpError):
    """Past the end of a sequence."""

    error_code = 11


class UnimplementedError(OpError, NotImplementedError):
    """The operation is not there, or not for these arguments."""

    error_code = 12


class InternalError(OpError):
    """Something that should not happen did."""

    error_code = 13


# TensorFlow's names of operations whose errors users meet most.
KERNELS = {
    "add": "AddV2",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "RealDiv",
    "floor_divide": "FloorDiv",
    "remainder": "FloorMod",
    "power": "Pow",
    "scalar_power": "Pow",
    "matmul": "MatMul",
    "less": "Less",
    "less_equal": "LessEqual",
    "greater": "Greater",
    "greater_equal": "GreaterEqual",
    "equal": "Equal",
    "not_equal": "NotEqual",
    "getitem": "StridedSlice",
    "reshape": "Reshape",
    "concatenate": "ConcatV2",
    "stack": "Pack",
    "where": "SelectV2",
}


def invalid(message: str, op: str | None = None) -> InvalidArgumentError:
    """An InvalidArgumentError; `op` is TensorFlow's name of the operation."""
    return InvalidArgumentError(None, op, f"{message} [Op:{op}]" if op else message)


def shown(shape: Any) -> str:
    """A shape as TensorFlow's messages write it."""
    return f"[{','.join([str(length) for length in shape])}]"


def translate(error: Exception) -> Exception:
    """An error raised inside an operation of the engine, in TensorFlow's type and words."""
    if isinstance(error, OpError) or not isinstance(error, engine.TetragradError):
        return error
    text = re.sub(r"<dtype: '(\w+)'>", r"\1", str(error))
    name = text.partition("(")[0]
    op = KERNELS.get(name, name if name.isidentifier() else None)
    if isinstance(error, engine.ShapeError) and "broadcast" in text:
        shapes = re.findall(r"\[[\d, ]*\]", text)
        if len(shapes) >= 2:
            return invalid(f"Incompatible shapes: {shapes[0]} vs. {shapes[1]}".replace(", ", ","), op)
    if op == "StridedSlice":
        outside = re.search(r"index (-?\d+) is out of bounds for axis (\d+)", text)
        if outside:
            return invalid(f"slice index {outside[1]} of dimension {outside[2]} out of bounds.", op)
        many = re.search(r"array is (\d+)-dimensional", text)
        if many:
            return invalid(f"Index out of range using input dim {many[1]}; input has only {many[1]} dims", op)
    if isinstance(error, OperationLinAlgError):
        return invalid(f"Input matrix is not invertible or the factorization failed: {text}", op)
    if isinstance(error, (engine.ShapeError, OperationIndexError)) or type(error) is engine.OperationError:
        return invalid(text, op)
    return error


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)


__all__ = [
    "FailedPreconditionError",
    "InternalError",
    "InvalidArgumentError",
    "NotFoundError",
    "OpError",
    "OutOfRangeError",
    "UnimplementedError",
]
