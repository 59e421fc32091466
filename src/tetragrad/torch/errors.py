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


class CheckpointError(RuntimeError):
    """The second run of a checkpointed function computed something else than the first."""


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
    face = _FACED.get(type(error))  # type: ignore[arg-type]
    if face is None:
        return error
    text = str(error)
    if text.startswith("checkpoint:"):
        face = CheckpointError
    elif face is FreedGraphError:
        text = SECOND_TIME
    elif face is ShapeError:
        text = _mismatch(text) or text
    elif face is IndexError:
        text = _bad_index(text)
    elif face is OperandTypeError and (found := _CAST.search(text)):
        text = f"result type {_legacy(found[1])} can't be cast to the desired output type {_legacy(found[2])}"
    return face(text)


_CAST = re.compile(r"from dtype\('(\w+)'\) to dtype\('(\w+)'\)")
_OUTPUT = re.compile(r"output operand with shape \(([\d, ]*)\) doesn't match the broadcast shape \(([\d, ]*)\)")


def _legacy(name: str) -> str:
    """PyTorch's word for a dtype of an intermediate result (Python floats do not make it double)."""
    from .dtypes import BY_NUMPY

    words = {str(dtype): each.legacy for dtype, each in BY_NUMPY.items()}
    return "Float" if name == "float64" else words.get(name, name)


def _bad_index(text: str) -> str:
    """PyTorch's words for an index that does not fit."""
    if found := re.search(r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)", text):
        return f"index {found[1]} is out of bounds for dimension {found[2]} with size {found[3]}"
    if found := re.search(r"array is (\d+)-dimensional", text):
        return f"too many indices for tensor of dimension {found[1]}"
    return text


def _mismatch(text: str) -> str | None:
    """PyTorch's words for two shapes that do not broadcast, multiply or join."""
    if found := _OUTPUT.search(text):
        own, other = [[int(n) for n in part.split(",") if n.strip()] for part in found.groups()]
        return f"output with shape {own} doesn't match the broadcast shape {other}"
    shapes: list[Any] = [[int(n) for n in found.split(",") if n.strip()] for found in _SHAPES.findall(text)[:2]]
    if len(shapes) < 2:
        return None
    a, b = shapes
    if text.startswith("matmul") and len(a) == 2 and len(b) == 2:
        return f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})"
    if text.startswith("matmul") and len(a) == 2 and len(b) == 1:
        return f"size mismatch, got input ({a[0]}), mat ({a[0]}x{a[1]}), vec ({b[0]})"
    if text.startswith("matmul") and len(a) == len(b) == 1:
        return (
            f"inconsistent tensor size, expected tensor {a} and src {b} to have the same number of elements, but got "
            f"{a[0]} and {b[0]} elements respectively"
        )
    if text.startswith("concatenate"):
        if len(a) != len(b):
            return f"Tensors must have same number of dimensions: got {len(a)} and {len(b)}"
        return f"Sizes of tensors must match except in the concatenated dimension: got {a} and {b}"
    if "broadcast" not in text:
        return None
    rank = max(len(a), len(b))
    pairs = list(zip([1] * (rank - len(a)) + a, [1] * (rank - len(b)) + b))
    for axis in range(rank - 1, -1, -1):
        m, n = pairs[axis]
        if m != n and 1 not in (m, n):
            return f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension {axis}"
    return None
