"""The exceptions that PyTorch's users know, and the engine's errors as these.

Each is PyTorch's Python type and tetragrad's own type of the same fault at once, and prints under PyTorch's name.
"""

from __future__ import annotations

import builtins
import re
from typing import Any

from .. import errors as engine
from ..core.bind import OperationIndexError, OperationLinAlgError

SECOND_TIME = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
    "saved tensors after calling backward."
)


class RuntimeError(engine.TetragradError, builtins.RuntimeError):
    """What PyTorch raises for nearly everything that goes wrong in an operation or a backward pass."""


def _both(name: str, python: type, ours: type) -> Any:
    """A type that is PyTorch's and tetragrad's at once, and prints as PyTorch's."""
    bases = (ours, python) if not issubclass(ours, python) else (ours,)
    return type(name, bases, {"__module__": __name__, "__doc__": f"PyTorch's {name} for a {ours.__name__}."})


FreedGraphError = _both("RuntimeError", RuntimeError, engine.FreedGraphError)
NonScalarError = _both("RuntimeError", RuntimeError, engine.NonScalarError)
NotRecordedError = _both("RuntimeError", RuntimeError, engine.NotRecordedError)
CotangentError = _both("RuntimeError", RuntimeError, engine.CotangentError)
DifferentiableTypeError = _both("RuntimeError", RuntimeError, engine.DifferentiableTypeError)
ShapeError = _both("RuntimeError", RuntimeError, engine.ShapeError)
OperationError = _both("RuntimeError", RuntimeError, engine.OperationError)
OperandTypeError = _both("RuntimeError", RuntimeError, engine.OperandTypeError)
EscapedValueError = _both("RuntimeError", RuntimeError, engine.EscapedValueError)
MissingRuleError = _both("NotImplementedError", NotImplementedError, engine.MissingRuleError)
IndexError = _both("IndexError", builtins.IndexError, OperationIndexError)
LinAlgError = _both("LinAlgError", RuntimeError, OperationLinAlgError)

_FACED = {
    engine.FreedGraphError: FreedGraphError,
    engine.NonScalarError: NonScalarError,
    engine.NotRecordedError: NotRecordedError,
    engine.CotangentError: CotangentError,
    engine.DifferentiableTypeError: DifferentiableTypeError,
    engine.ShapeError: ShapeError,
    engine.OperationError: OperationError,
    engine.OperandTypeError: OperandTypeError,
    engine.EscapedValueError: EscapedValueError,
    engine.MissingRuleError: MissingRuleError,
    OperationIndexError: IndexError,
    OperationLinAlgError: LinAlgError,
}

_SHAPES = re.compile(r"\[([\d, ]*)\]")


def translate(error: Exception) -> Exception:
    """An error of the engine in PyTorch's type and, where users know them, in its words."""
    face = _FACED.get(type(error))
    if face is None:
        return error
    text = str(error)
    if face is FreedGraphError:
        text = SECOND_TIME
    elif face is ShapeError:
        text = _mismatch(text) or text
    return face(text)


def _mismatch(text: str) -> str | None:
    """PyTorch's words for two shapes that do not broadcast or multiply."""
    shapes: list[Any] = [[int(n) for n in found.split(",") if n.strip()] for found in _SHAPES.findall(text)[:2]]
    if len(shapes) < 2:
        return None
    a, b = shapes
    if text.startswith("matmul") and len(a) == 2 and len(b) == 2:
        return f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})"
    if "broadcast" not in text:
        return None
    rank = max(len(a), len(b))
    pairs = list(zip([1] * (rank - len(a)) + a, [1] * (rank - len(b)) + b))
    for axis in range(rank - 1, -1, -1):
        m, n = pairs[axis]
        if m != n and 1 not in (m, n):
            return (
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension {axis}"
            )
    return None
