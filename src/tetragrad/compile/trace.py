"""Tracing: a function runs once, and every operation of the table that it applies is noted in a graph.

The values are boxed like those of any transform (`core.levels`), at a level below all transforms that run inside the
function; these come out as the operations that they apply. It runs on the real values, which gives shapes and dtypes
without a second set of rules, but for large arrays, which others stand in for (`stand_ins`).
"""

from __future__ import annotations

import operator
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..core.bind import evaluate, explain
from ..core.levels import Boxed, Level, level_of
from ..core.mutation import alias_of
from ..core.recording import transformed_call
from ..core.tensor import PYTHON_SCALARS, Tensor
from ..errors import EscapedValueError, TetragradError, UntraceableError
from .graph import Graph, Op, Value, is_spread
from .stand_ins import LARGE, shaped, stand_in

# Arithmetic of Python's own numbers stays Python's, so that they stay weak in promotion.
_PYTHON: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "negative": operator.neg, "power": operator.pow, "scalar_power": operator.pow,
}  # fmt: skip

_OWN_FILES = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Trace(Level):
    """One running trace: the level of its values, and the graph that grows."""

    __slots__ = ("assigned", "constants", "decisions", "graph", "kept", "outsiders", "reals", "stand_ins", "written")

    def __init__(self) -> None:
        super().__init__("compile", Traced)
        self.graph = Graph()
        self.constants: dict[Any, Value] = {}
        self.kept: list[Any] = []  # what `constants` knows by its id
        self.decisions: list[Decision] = []
        # Values that others stand in for while the function runs, and the real ones as far as they are known.
        self.stand_ins: set[Value] = set()
        self.reals: dict[Value, Any] = {}
        # What the function wrote into: arguments, by position, and Tensors from outside. Their new contents are the
        # last outputs of the graph, in this order.
        self.written: list[int] = []
        self.assigned: list[Tensor] = []
        self.outsiders: list[tuple[Tensor, Any, Any]] = []  # the latter with their own values and nodes

    def argument(self, value: Any) -> Traced:
        """An input of the graph."""
        if isinstance(value, np.ndarray) and not value.dtype.isnative:
            value = value.astype(value.dtype.newbyteorder("="))
        node = Value.of(value)
        self.graph.inputs.append(node)
        if node.nbytes > LARGE and type(value) is np.ndarray:
            self.stand_ins.add(node)
            self.reals[node] = value
            value = stand_in(node.shape, node.dtype)
        else:
            self.reals[node] = value
        return Traced(self, value, node)

    def real(self, node: Value) -> Any:
        """The value of a node that another stood in for."""
        needed = {node}
        for op in reversed(self.graph.ops):
            if any([value in needed and value not in self.reals for value in op.outputs]):
                needed.update(op.operands)
        for op in self.graph.ops:
            if any([value in needed and value not in self.reals for value in op.outputs]):
                values = [self._known(value) for value in op.operands]
                with np.errstate(all="ignore"):
                    out = op.primitive.value(*values, **op.params)
                self.reals.update(zip(op.outputs, out if op.primitive.multi else (out,)))
        return self.reals[node]

    def _known(self, value: Value) -> Any:
        if value.constant is not None:
            return value.constant
        found = self.reals[value] if value in self.reals else value.captured
        return found._value if isinstance(found, Tensor) else found

    def outside(self, value: Any) -> Value:
        """A value that was not made by this trace: a number is a constant, an array is read anew at each call."""
        if type(value) is Tensor:  # the engine's own, which nobody writes into
            value = value._value
            if type(value) is np.ndarray and value.ndim == 0:
                value = value[()]
        if isinstance(value, np.generic) or type(value) in PYTHON_SCALARS:
            key: Any = (type(value), repr(value))
        else:
            key = id(value)
        found = self.constants.get(key)
        if found is None:
            self.kept.append(value)
            array = value._value if isinstance(value, Tensor) else value
            if type(key) is tuple:
                found = Value.of(value, constant=value)
            elif is_spread(value) and not value.flags.writeable:
                found = Value.of(value, constant=value)  # one number, spread
            elif isinstance(array, (np.ndarray, np.generic)):
                found = Value.of(array, captured=value)
                self.graph.inputs.append(found)
            else:
                array = np.asarray(value)  # a list
                found = Value.of(array, constant=array)
            self.constants[key] = found
        return found

    def impure(self, what: str) -> None:
        self.stop(Decision(what, None))

    def stop(self, decision: Decision) -> NoReturn:
        """End the trace here, before the function does anything with what it asked for."""
        self.decisions.append(decision)
        raise Stopped

    def restore_outsiders(self) -> list[tuple[Tensor, Any]]:
        """Give the Tensors from outside that were written into their own values again; and the new ones."""
        contents: dict[int, tuple[Tensor, Any]] = {}  # by identity: Tensors of some faces have no hash
        while self.outsiders:
            target, value, node = self.outsiders.pop()
            contents.setdefault(id(target), (target, target._value))
            if target._node is not node:
                contents.clear()
                self.decisions.append(Decision("a recorded write into a Tensor from outside", None))
            target._value, target._node = value, node
        return list(contents.values())

    def note(
        self, primitive: Any, operands: Sequence[Value], params: dict[str, Any], out: Any, stands_in: bool
    ) -> Any:  # fmt: skip
        """Add an operation; its boxed results."""
        op = Op(primitive, operands, params, source_line())
        outs = out if primitive.multi else (out,)
        op.outputs = tuple([Value.of(part, op) for part in outs])
        self.graph.ops.append(op)
        if stands_in:
            self.stand_ins.update(op.outputs)
        else:
            self.reals.update(zip(op.outputs, outs))
        boxes = tuple([Traced(self, part, value) for part, value in zip(outs, op.outputs)])
        return boxes if primitive.multi else boxes[0]


class Decision:
    """Where the function asked for a value itself, or did what differs from call to call (`value` None): another call
    might go another way."""

    __slots__ = ("purpose", "value", "where")

    def __init__(self, purpose: str, value: Value | None) -> None:
        self.purpose = purpose
        self.value = value
        self.where = source_line()

    def __str__(self) -> str:
        what = "" if self.value is None else f" of a traced value ({self.value})"
        return f"{self.where}: {self.purpose}{what}"


class Stopped(BaseException):
    """Unwinds a function that cannot be traced further; not an error that its handlers should see."""


class Traced(Boxed):
    """A value of a running trace: the real one, and its place in the graph."""

    __slots__ = ("node", "value")

    level: Trace

    joins_below = True

    def __init__(self, level: Trace, value: Any, node: Value) -> None:
        self.level = level
        self.value = value
        self.node = node

    @property
    def shape(self) -> tuple[int, ...]:
        return self.node.shape

    @property
    def dtype(self) -> Any:
        return self.node.dtype

    @property
    def inside(self) -> Any:
        return self.value

    @classmethod
    def lift(cls, level: Level, value: Any) -> Traced:
        assert isinstance(level, Trace)
        return cls(level, value._value if isinstance(value, Tensor) else value, level.outside(value))

    def check_write(self, target: Tensor, into_gradient: bool = False) -> None:
        if level_of(target) >= self.level.number:
            return
        if not into_gradient and type(target) is not Tensor and alias_of(target) is None:
            self.level.outsiders.append((target, target._value, target._node))
            return
        what = "the gradient of a Tensor" if into_gradient else "a Tensor that shares memory with others and comes"
        raise UntraceableError(
            f"compile: {source_line()} writes a traced value ({self.node}) into {what} from outside the function "
            f"({target.dtype}{list(target.shape)}). Return the new value and store it after the call."
        )

    def check_open(self, name: str) -> None:
        if not self.level.open:
            made = f", made at {self.node.op.where}," if self.node.op is not None and self.node.op.where else ""
            raise EscapedValueError(
                f"{name}: a value of shape {self.shape} and dtype {self.dtype}{made} belongs to a trace of a compiled "
                f"function that has ended. Return values from the function instead of storing them outside it."
            )

    def process(self, primitive: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        trace = self.level
        values: list[Any] = []
        operands: list[Value] = []
        for arg in args:
            if isinstance(arg, Traced) and arg.level is trace:
                values.append(arg.value)
                operands.append(arg.node)
            else:
                operands.append(trace.outside(arg))
                values.append(arg._value if isinstance(arg, Tensor) else arg)
        if primitive.name in _PYTHON and all([type(value) in PYTHON_SCALARS for value in values]):
            out, stands_in = _PYTHON[primitive.name](*values), False
        else:
            stands_in = any([node in trace.stand_ins for node in operands])
            out = None
            if stands_in:
                try:
                    out = shaped(primitive, values, params)
                except (TetragradError, ValueError, TypeError, IndexError) as error:
                    raise explain(primitive.name, args, error) from error
                if out is None:
                    values = [trace.real(n) if n in trace.stand_ins else v for n, v in zip(operands, values)]
                    stands_in = False
            if out is None:
                out = evaluate(primitive, values, params, args)
        return trace.note(primitive, operands, params, out, stands_in)

    def concrete(self, purpose: str) -> NoReturn:
        self.check_open(purpose)
        self.level.stop(Decision(purpose, self.node))


def source_line() -> str:
    """Where the innermost code that is not this library's is running: file and line."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_OWN_FILES) and not name.startswith("<frozen"):
            return f"{os.path.basename(name)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def trace_leaves(f: Callable[[list[Any]], list[Any]], leaves: Sequence[Any], faces: Sequence[type[Tensor]]) -> Trace:
    """Run ``f(list of leaves) -> list of leaves`` on traced values, each in a Tensor of the type that `faces` says.

    With decisions in the trace, it ended at the first of them.
    """
    trace = Trace()
    given = [face(trace.argument(leaf), None) for leaf, face in zip(leaves, faces)]
    results: list[Any] = []
    try:
        results = trace.run(lambda: transformed_call(f, (given,), {}), ())
    except Stopped:
        return trace
    finally:
        contents = trace.restore_outsiders()
    for result in results:
        value = result._value if isinstance(result, Tensor) else result
        if not isinstance(value, Boxed):
            made_here = is_spread(value) and not value.flags.writeable  # as the gradient of a sum is
            trace.graph.outputs.append(trace.outside(value if made_here else result))
        elif isinstance(value, Traced) and value.level is trace:
            trace.graph.outputs.append(value.node)
        else:
            raise EscapedValueError(
                f"compile: the function returns a value of a `{value.level.kind}` that ran inside it and has ended"
            )
    for position, tensor in enumerate(given):
        if tensor._value.node is not trace.graph.inputs[position]:
            trace.written.append(position)
            trace.graph.outputs.append(tensor._value.node)
    for target, value in contents:
        trace.assigned.append(target)
        trace.graph.outputs.append(value.node if isinstance(value, Traced) else trace.outside(value))
    captured = [node for node in trace.graph.inputs if node.captured is not None]
    trace.graph.inputs = [node for node in trace.graph.inputs if node.captured is None] + captured
    return trace
