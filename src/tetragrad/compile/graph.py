"""The graph of a traced function: a list of operations of the table on typed values, in an order that can be run.

Passes rewrite it, the printer shows it, the checker says whether it is sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..core.primitive import Primitive
from ..errors import GraphError


class Value:
    """One array of a graph: an input, a constant, or a result of an operation.

    Attributes
    ----------
    dtype, shape
        Its type; both fixed.
    op : Op or None
        The operation it is a result of.
    weak : bool
        A Python number, which takes the dtype of the arrays it meets.
    constant : array, number or None
        The value where it is known while tracing and cannot change.
    captured : object or None
        An array or Tensor from outside the function, read anew at each call.
    """

    __slots__ = ("captured", "constant", "dtype", "op", "shape", "weak")

    def __init__(
        self, dtype: Any, shape: tuple[int, ...], op: Op | None = None, *, weak: bool = False, constant: Any = None,
        captured: Any = None,
    ) -> None:  # fmt: skip
        self.dtype = np.dtype(dtype)
        self.shape = shape
        self.op = op
        self.weak = weak
        self.constant = constant
        self.captured = captured

    @classmethod
    def of(cls, value: Any, op: Op | None = None, **kind: Any) -> Value:
        """The type of a concrete array or number."""
        weak = type(value) in (int, float, complex)
        if not hasattr(value, "dtype"):
            value = np.asarray(value)
        return cls(value.dtype, value.shape, op, weak=weak, **kind)

    @property
    def size(self) -> int:
        """Number of elements."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return self.size * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.dtype.name}[{', '.join(map(str, self.shape))}]" + ("~" if self.weak else "")


class Op:
    """One operation: a row of the table applied to values."""

    __slots__ = ("operands", "outputs", "params", "primitive", "where")

    def __init__(
        self, primitive: Primitive, operands: Sequence[Value], params: dict[str, Any], where: str = ""
    ) -> None:
        self.primitive = primitive
        self.operands = tuple(operands)
        self.params = params
        self.where = where
        self.outputs: tuple[Value, ...] = ()

    @property
    def name(self) -> str:
        """The name of the row."""
        return self.primitive.name

    @property
    def out(self) -> Value:
        """The result of an operation that has one."""
        (out,) = self.outputs
        return out


class Graph:
    """A traced function.

    Attributes
    ----------
    inputs : list of Value
        The arguments, then the values captured from outside.
    ops : list of Op
        In an order in which they can be run.
    outputs : list of Value
        What is returned.
    """

    __slots__ = ("inputs", "ops", "outputs")

    def __init__(
        self, inputs: Sequence[Value] = (), ops: Sequence[Op] = (), outputs: Sequence[Value] = ()
    ) -> None:  # fmt: skip
        self.inputs = list(inputs)
        self.ops = list(ops)
        self.outputs = list(outputs)

    def uses(self) -> dict[Value, int]:
        """How many times each value is read, being returned included."""
        count: dict[Value, int] = {}
        for value in self._read():
            count[value] = count.get(value, 0) + 1
        return count

    def _read(self) -> Iterator[Value]:
        for op in self.ops:
            yield from op.operands
        yield from self.outputs

    def replace(self, new: dict[Value, Value]) -> None:
        """Read other values in the place of some."""

        def latest(value: Value) -> Value:
            while value in new:
                value = new[value]
            return value

        for op in self.ops:
            op.operands = tuple([latest(value) for value in op.operands])
        self.outputs = [latest(value) for value in self.outputs]

    def constants(self) -> list[Value]:
        """The constants that are read, each once."""
        return list(dict.fromkeys(value for value in self._read() if value.constant is not None))

    def run(self, arguments: Sequence[Any]) -> list[Any]:
        """Compute with NumPy, operation by operation: what every compiled form must agree with."""
        known: dict[Value, Any] = dict(zip(self.inputs, arguments))
        for op in self.ops:
            values = [known[value] if value in known else value.constant for value in op.operands]
            out = op.primitive.value(*values, **op.params)
            known.update(zip(op.outputs, out if op.primitive.multi else (out,)))
        return [known[value] if value in known else value.constant for value in self.outputs]

    def check(self) -> None:
        """Raise `GraphError` unless every value is defined once, before it is read, with the type that it says."""
        defined = set(self.inputs)
        if len(defined) != len(self.inputs):
            raise GraphError("graph: an input is listed twice")
        for op in self.ops:
            for value in op.operands:
                self._check_defined(value, defined, f"an operand of {op.name}")
            if not op.primitive.variadic and len(op.operands) != len(op.primitive.inputs):
                raise GraphError(f"graph: {op.name} has {len(op.operands)} operand(s)")
            for value in op.outputs:
                if value in defined or value.op is not op or value.constant is not None:
                    raise GraphError(f"graph: a result of {op.name} is defined twice, or by another operation")
                defined.add(value)
        for value in self.outputs:
            self._check_defined(value, defined, "an output")

    @staticmethod
    def _check_defined(value: Value, defined: set[Value], what: str) -> None:
        if value.constant is None:
            if value not in defined:
                raise GraphError(f"graph: {what} ({value}) is read before it is defined")
        elif np.shape(value.constant) != value.shape or (not value.weak and value.constant.dtype != value.dtype):
            raise GraphError(f"graph: {what} is a constant that is not {value}")

    def __str__(self) -> str:
        names: dict[Value, str] = {}
        for value in self.inputs:
            names[value] = f"%{len(names)}"
        lines = ["graph(" + ", ".join([f"{names[value]}: {_described(value)}" for value in self.inputs]) + "):"]
        for op in self.ops:
            for value in op.outputs:
                names[value] = f"%{len(names)}"
            results = ", ".join([f"{names[value]}: {value}" for value in op.outputs])
            operands = [name_of(value, names) for value in op.operands]
            operands += [f"{key}={param!r}" for key, param in op.params.items()]
            line = f"    {results} = {op.name}({', '.join(operands)})"
            lines.append(f"{line:<72}  # {op.where}" if op.where else line)
        lines.append("    return " + ", ".join([name_of(value, names) for value in self.outputs]))
        return "\n".join(lines)


def is_spread(constant: Any) -> bool:
    """Whether a constant is an array of one number, spread over its shape."""
    return type(constant) is np.ndarray and constant.ndim > 0 and constant.size > 0 and not any(constant.strides)


def sources_of(value: Value) -> set[Value]:
    """The inputs that a value depends on."""
    seen = {value}
    stack = [value]
    for each in stack:  # grows while it is walked
        for operand in each.op.operands if each.op is not None else ():
            if operand not in seen:
                seen.add(operand)
                stack.append(operand)
    return {each for each in stack if each.op is None and each.constant is None}


def _described(value: Value) -> str:
    return f"{value} captured" if value.captured is not None else str(value)


def name_of(value: Value, names: dict[Value, str]) -> str:
    """How a value is written in a listing: its name, or the constant itself."""
    if value in names:
        return names[value]
    constant = value.constant
    if constant is None:
        return f"?{value}"
    if np.size(constant) == 1 and np.ndim(constant) == 0:
        return repr(constant) if value.weak else f"{value.dtype.name}({constant})"
    if is_spread(constant):
        return f"{value}.full({constant.flat[0]})"
    return f"{value}.constant"
