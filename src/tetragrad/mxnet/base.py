"""MXNet's own exception, and what the engine's errors are called here."""

from __future__ import annotations

from ..core.bind import OperationIndexError
from ..errors import FreedGraphError, OperandTypeError, TetragradError


class MXNetError(TetragradError, RuntimeError):
    """What MXNet raises for nearly everything that goes wrong in an operation or a backward pass."""


NOT_IN_GRAPH = (
    "MXNetError: Check failed: !AGInfo: :IsNone(*i): Cannot differentiate node because it is not in a computational "
    "graph. You need to set is_recording to true or use autograd.record() to save computational graphs for backward. "
    "If you want to differentiate the same graph twice, you need to pass retain_graph=True to backward."
)
NO_INPUTS = (
    "MXNetError: Check failed: xs.size() > 0 (0 vs. 0) : There are no inputs in computation graph that require "
    "gradients."
)
UNREACHABLE = "MXNetError: variable {} is unreachable from the outputs"
IN_PLACE = (
    "MXNetError: Inplace operations (+=, -=, x[:]=, etc) on an array with attached gradient are not supported when "
    "recording with autograd. Write outside autograd.record(), or compute a new array."
)


def translate(error: Exception) -> Exception:
    """An error of the engine as MXNet's users know it: a TypeError and an IndexError stay what they are."""
    if isinstance(error, (MXNetError, OperandTypeError, OperationIndexError)):
        return error
    if isinstance(error, FreedGraphError):
        return MXNetError(f"{NO_INPUTS} A part of the graph was already used. {error}")
    return MXNetError(f"MXNetError: {error}") if isinstance(error, TetragradError) else error
