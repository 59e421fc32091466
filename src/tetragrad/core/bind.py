"""`bind`: the one general door through which a primitive meets its arguments. Families add faster doors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import OperandTypeError, OperationError, ShapeError, TetragradError
from .levels import Boxed, level_of, shape_of
from .primitive import ARGS, OUT, PARAM, SHAPE, SHAPES, Primitive
from .recording import is_recording
from .tensor import PLAIN, Node, Tensor


def bind(primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Apply `primitive`: plain arrays give plain results, Tensors give Tensors; what needs recording is recorded."""
    face = None
    top: Boxed | None = None
    for arg in args:
        if isinstance(arg, Tensor):
            if face is None or face is Tensor:
                face = type(arg)
            value = arg._value
            if type(value) not in PLAIN and isinstance(value, Boxed):
                if top is None or value.level.number > top.level.number:
                    top = value
    if face is None:
        return evaluate(primitive, args, params, args)

    values: list[Any] = []
    parents: list[Node | None] = []
    number = 0 if top is None else top.level.number
    for arg in args:
        if not isinstance(arg, Tensor):
            values.append(arg)
            parents.append(None)
        elif top is None or level_of(arg._value) == number:
            values.append(arg._value)
            parents.append(arg._node)
        else:  # of a lower level: a constant here, but not below
            values.append(top.below(arg))
            parents.append(arg._node if top.joins_below else None)

    if top is None:
        out = evaluate(primitive, values, params, args)
    else:
        top.check_open(primitive.name)
        out = top.process(primitive, values, params)
    if not primitive.differentiable:
        return wrap_constant(face, out, primitive.multi)
    mode = is_recording()
    if mode:
        for parent in parents:
            if parent is not None:
                return record(primitive, face, values, tuple(parents), out, params, mode)
    if primitive.multi:
        return tuple([face(part, None) for part in out])
    return out if isinstance(out, Tensor) else face(out, None)


def wrap_constant(face: type[Tensor], out: Any, multi: bool) -> Any:
    """Results without derivative are plain, except where they are values of a running transform."""
    if multi:
        return tuple([wrap_constant(face, part, False) for part in out])
    return face(out, None) if isinstance(out, Boxed) else out


def record(
    primitive: Primitive, face: type[Tensor], values: Sequence[Any], parents: tuple[Node | None, ...], out: Any,
    params: dict[str, Any], mode: Any = True,
) -> Any:  # fmt: skip
    """Make the node of an operation, with just the residuals that the wanted cotangents need; `mode` may pack them."""
    residuals: list[Any] = []
    for source in primitive.plan(tuple([parent is not None for parent in parents])):
        if source is None:
            residuals.append(None)
            continue
        kind, key = source
        if kind >= 0:
            residuals.append(values[kind])
        elif kind == OUT:
            residuals.append(out)
        elif kind == PARAM:
            residuals.append(params[key])
        elif kind == SHAPE:
            residuals.append(shape_of(values[key]))
        elif kind == SHAPES:
            residuals.append(tuple([shape_of(value) for value in values]))
        elif kind == ARGS:
            residuals.append(tuple(values))
    kept = tuple(residuals) if mode is True else mode.packed(tuple(residuals))
    if primitive.multi:
        node = MultiNode(primitive, parents, kept, out)
        return tuple([face(part, pick_node(node, part, index)) for index, part in enumerate(out)])
    return face(out, Node.make(primitive, parents, kept, out.shape, out.dtype))


class MultiNode(Node):
    """A recorded operation with several outputs; each output has a `Pick` node above it."""

    __slots__ = ("outputs",)

    def __init__(self, primitive: Primitive, parents: tuple[Node | None, ...], residuals: Any, out: Any) -> None:
        self.fill(primitive, parents, residuals, (), out[0].dtype)
        self.outputs = tuple([(part.shape, part.dtype) for part in out])


class Pick:
    """Stands in for a primitive at the nodes that select one output of a primitive with several."""

    name = "pick"

    @staticmethod
    def vjp(g: Any, residuals: Any, parents: Any) -> tuple[Any]:
        (parent,) = parents
        return (Parts(parent.outputs, residuals[0], g),)


class Parts:
    """The cotangents of a node with several outputs, gathered as they arrive."""

    __slots__ = ("gs", "outputs")

    dtype = None

    def __init__(self, outputs: Sequence[Any], index: int, g: Any) -> None:
        self.outputs = outputs
        self.gs = {index: g}

    def __add__(self, other: Parts) -> Parts:
        for index, g in other.gs.items():
            self.gs[index] = self.gs[index] + g if index in self.gs else g
        return self

    def filled(self) -> tuple[Any, ...]:
        """One cotangent per output, zeros where none arrived."""
        return tuple(
            [
                self.gs[index] if index in self.gs else np.zeros(shape, dtype)
                for index, (shape, dtype) in enumerate(self.outputs)
            ]
        )


def pick_node(parent: Node, value: Any, index: int) -> Node | None:
    """The node of output `index` of a multi-output node (None where that output cannot carry a gradient)."""
    if value.dtype.kind not in "fc":
        return None
    return Node.make(Pick, (parent,), (index,), value.shape, value.dtype)


def evaluate(primitive: Primitive, values: Sequence[Any], params: dict[str, Any], args: Sequence[Any]) -> Any:
    """The value on plain arrays, with errors that name the operation and fit the face of `args`."""
    try:
        return primitive.value(*values, **params)
    except (TetragradError, ValueError, TypeError, IndexError, np.linalg.LinAlgError) as error:
        raise explain(primitive.name, args, error) from error


def explain(name: str, args: Sequence[Any], error: Exception) -> Exception:
    """Our own error for one raised inside operation `name`, in the form that the face of the operands wants."""
    if not isinstance(error, TetragradError):
        error = _own_error(name, args, error)
    for arg in args:
        if isinstance(arg, Tensor) and type(arg) is not Tensor:
            return type(arg)._translate(error)
    return error


def _own_error(name: str, args: Sequence[Any], error: Exception) -> Exception:
    operands = ", ".join([describe(arg) for arg in args])
    text = f"{name}({operands}): {error}"
    if isinstance(error, IndexError):
        return OperationIndexError(text)
    if isinstance(error, np.linalg.LinAlgError):
        return OperationLinAlgError(text)
    if isinstance(error, TypeError):
        return OperandTypeError(text)
    message = str(error)
    if any(word in message for word in ("broadcast", "shape", "dimension", "mismatch", "aligned", "size", "axis")):
        return ShapeError(text)
    return OperationError(text)


class OperationIndexError(OperationError, IndexError):
    """An index that does not fit the array (also an `IndexError`, so that Python's own protocols see it)."""


class OperationLinAlgError(OperationError, np.linalg.LinAlgError):
    """A matrix that the operation cannot handle (also NumPy's `LinAlgError`)."""


def describe(arg: Any) -> str:
    """An operand for an error message: its dtype and shape, or its type."""
    if isinstance(arg, Tensor) or hasattr(arg, "dtype"):
        return f"{arg.dtype}{list(shape_of(arg))}"
    if isinstance(arg, (bool, int, float, complex)):
        return repr(arg)
    return type(arg).__name__
