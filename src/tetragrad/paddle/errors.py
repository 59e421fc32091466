"""Paddle's errors: the Python types that the real package raises, with its kind of error in front of the message.

Each is tetragrad's own type of the same fault as well, and prints under the name that Paddle's users know.
"""

from __future__ import annotations

from typing import TypeVar

from ..errors import (
    CotangentError,
    DifferentiableTypeError,
    EscapedValueError,
    FreedGraphError,
    MissingRuleError,
    OperandTypeError,
    TetragradError,
)

E = TypeVar("E", bound=type)


def _shown_as_python_type(error: E) -> E:
    """Print under the name of the Python type that the error also is."""
    last = error.__bases__[-1]
    python = next(each for each in (last, *error.__mro__) if each.__module__ == "builtins")
    error.__name__ = error.__qualname__ = python.__name__
    return error


@_shown_as_python_type
class InvalidArgumentError(TetragradError, ValueError):
    """``(InvalidArgument)``: operands or arguments that do not fit the operation."""


@_shown_as_python_type
class OutOfRangeError(TetragradError, IndexError):
    """``(OutOfRange)``: an index beyond the Tensor."""


@_shown_as_python_type
class PreconditionNotMetError(TetragradError, RuntimeError):
    """``(PreconditionNotMet)``: the state does not allow the operation."""


@_shown_as_python_type
class NotFoundError(TetragradError, RuntimeError):
    """``(NotFound)``: there is no such operation on this dtype."""


@_shown_as_python_type
class AlreadyExistsError(TetragradError, RuntimeError):
    """``(AlreadyExists)``: the same Tensor was given twice."""


@_shown_as_python_type
class FatalError(FreedGraphError, SystemError):
    """``(Fatal)``: a backward pass met a graph that an earlier one had used up."""


@_shown_as_python_type
class InvalidTypeError(OperandTypeError):
    """``(InvalidType)``: dtypes that Paddle does not mix."""


@_shown_as_python_type
class UnimplementedError(MissingRuleError):
    """``(Unimplemented)``: there is no such operation for these operands."""


@_shown_as_python_type
class ArgumentAssertionError(TetragradError, AssertionError):
    """An argument that Paddle checks with ``assert``."""


def translate(error: Exception) -> Exception:
    """An error of the engine as Paddle's users know it."""
    if isinstance(error, (AssertionError, InvalidArgumentError, EscapedValueError)):
        return error
    if isinstance(error, IndexError):
        return OutOfRangeError(tagged("OutOfRange", error))
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
