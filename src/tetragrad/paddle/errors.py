"""Paddle's errors: the Python types that the real package raises, with its kind of error in front of the message."""

from __future__ import annotations

import numpy as np

from ..errors import (
    CotangentError,
    DifferentiableTypeError,
    EscapedValueError,
    FreedGraphError,
    MissingRuleError,
    OperandTypeError,
    TetragradError,
)


class InvalidArgumentError(TetragradError, ValueError):
    """``(InvalidArgument)``: operands or arguments that do not fit the operation."""


class OutOfRangeError(TetragradError, IndexError):
    """``(OutOfRange)``: an index beyond the Tensor."""


class PreconditionNotMetError(TetragradError, RuntimeError):
    """``(PreconditionNotMet)``: the state does not allow the operation."""


class AlreadyExistsError(TetragradError, RuntimeError):
    """``(AlreadyExists)``: the same Tensor was given twice."""


class FatalError(FreedGraphError, SystemError):
    """``(Fatal)``: a backward pass met a graph that an earlier one had used up."""


class InvalidTypeError(OperandTypeError):
    """``(InvalidType)``: dtypes that Paddle does not mix."""


class UnimplementedError(MissingRuleError):
    """``(Unimplemented)``: there is no such operation for these operands."""


class ArgumentAssertionError(TetragradError, AssertionError):
    """An argument that Paddle checks with ``assert``."""


def translate(error: Exception) -> Exception:
    """An error of the engine as Paddle's users know it."""
    if isinstance(error, (AssertionError, InvalidArgumentError, EscapedValueError)):
        return error
    if isinstance(error, IndexError):
        return OutOfRangeError(tagged("OutOfRange", error))
    if isinstance(error, np.linalg.LinAlgError):
        return PreconditionNotMetError(tagged("PreconditionNotMet", error))
    if isinstance(error, FreedGraphError):
        return FatalError(tagged("Fatal", error))
    if isinstance(error, (OperandTypeError, DifferentiableTypeError)):
        return InvalidTypeError(tagged("InvalidType", error))
    if isinstance(error, NotImplementedError):
        return UnimplementedError(tagged("Unimplemented", error))
    if isinstance(error, (CotangentError, ValueError)):
        return InvalidArgumentError(tagged("InvalidArgument", error))
    return error


def tagged(kind: str, error: Exception) -> str:
    """A message with Paddle's name for the kind of error in front."""
    text = str(error)
    return text if text.startswith("(") else f"({kind}) {text}"


def invalid(message: str) -> InvalidArgumentError:
    """A `ValueError` as Paddle raises it for a bad argument."""
    return InvalidArgumentError(f"(InvalidArgument) {message}")


def require(condition: object, message: str) -> None:
    """What Paddle asserts about an argument."""
    if not condition:
        raise ArgumentAssertionError(message)
