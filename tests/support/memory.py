"""Programs that write into shared memory, run twice: on Tensors, and on NumPy arrays with their Jacobians.

The mirror knows nothing of tetragrad. Each of its variables is a pair of arrays in real memory: the values, and the
derivatives of every value with respect to every entry of every variable (the Jacobian, along a last axis). Views of the
values are views of the Jacobian, and a write goes into both. Only NumPy decides what shares memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tetragrad as tg

COLUMNS = 16  # entries of all variables together

# name: (function of values, its derivatives by each operand)
BINARY: dict[str, tuple[Any, Any, Any]] = {
    "add": (np.add, lambda x, y: 1, lambda x, y: 1),
    "subtract": (np.subtract, lambda x, y: 1, lambda x, y: -1),
    "multiply": (np.multiply, lambda x, y: y, lambda x, y: x),
    "divide": (np.divide, lambda x, y: 1 / y, lambda x, y: -x / (y * y)),
}
UNARY: dict[str, tuple[Any, Any]] = {
    "sin": (np.sin, np.cos),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "exp": (np.exp, np.exp),
    "negative": (np.negative, lambda x: -1.0),
}
AUGMENTED: dict[str, Callable[[Any, Any], Any]] = {}


def augmented(name: str, x: Any, y: Any) -> Any:
    if name == "add":
        x += y
    elif name == "subtract":
        x -= y
    elif name == "multiply":
        x *= y
    else:
        x /= y
    return x


class Pair:
    """Values and their Jacobian, which share memory with others in the same way."""

    def __init__(self, values: Any, jacobian: Any) -> None:
        self.values, self.jacobian = values, jacobian


def jacobian_like(values: Any) -> Any:
    """Zeros for the Jacobian of `values`, laid out in memory as they are: views of one are views of the other."""
    order = sorted(range(values.ndim), key=lambda axis: (-abs(values.strides[axis]), axis))
    zeros = np.zeros((*[values.shape[axis] for axis in order], COLUMNS), values.dtype)
    return zeros.transpose((*np.argsort(order, kind="stable").astype(int), values.ndim))


def fresh(values: Any, jacobian: Any = 0.0) -> Pair:
    values = np.asarray(values)
    made = Pair(values, jacobian_like(values))
    made.jacobian[...] = jacobian
    return made


def for_jacobian(index: Any) -> Any:
    """The index that does to a Jacobian what `index` does to the values."""
    index = index if isinstance(index, tuple) else (index,)
    return (*index, slice(None)) if any([entry is Ellipsis for entry in index]) else index


def scaled(factor: Any, jacobian: Any) -> Any:
    return np.asarray(factor)[..., None] * jacobian


class Mirror:
    """NumPy's meaning of a program."""

    def __init__(self, leaves: dict[str, Any] | None = None) -> None:
        self.pairs: dict[str, Pair] = {}
        self.columns: dict[str, list[slice]] = {}
        self.used = 0
        self.recording = True
        self.leaves = leaves
        self.dtype = np.result_type(float, *(leaves or {}).values())  # complex: a derivative by a complex step

    # -- making --
    def leaf(self, name: str, values: Any) -> None:
        values = np.array(values if self.leaves is None else self.leaves[name], self.dtype)
        self.pairs[name] = fresh(values)
        self.become_variable(name)

    def constant(self, name: str, values: Any) -> None:
        self.pairs[name] = fresh(np.array(values, self.dtype))

    def become_variable(self, name: str) -> None:
        values = self.pairs[name].values
        own = slice(self.used, self.used + values.size)
        self.used = own.stop
        self.columns.setdefault(name, []).append(own)
        jacobian = jacobian_like(values)
        jacobian[..., own] = np.eye(values.size).reshape(*values.shape, values.size)
        self.pairs[name] = Pair(values, jacobian)

    def become_constant(self, name: str) -> None:
        values = self.pairs[name].values
        self.pairs[name] = Pair(values, jacobian_like(values))

    def delete(self, name: str) -> None:
        del self.pairs[name]
        self.columns.pop(name, None)

    def record(self, flag: bool) -> None:
        self.recording = flag

    # -- views --
    def _view(self, name: str, source: str, values: Any, jacobian: Any) -> None:
        """A view shares both arrays while recording is on, only the values else; a copy shares none."""
        if not np.may_share_memory(values, self.pairs[source].values) or values.size == 0:
            values = np.array(values)
            jacobian = fresh(values, jacobian).jacobian
        if not self.recording:
            jacobian = jacobian_like(values)
        self.pairs[name] = Pair(values, jacobian)

    def index(self, name: str, source: str, index: Any) -> None:
        x = self.pairs[source]
        self._view(name, source, np.asarray(x.values[index]), x.jacobian[for_jacobian(index)])

    def reshape(self, name: str, source: str, shape: tuple[int, ...]) -> None:
        x = self.pairs[source]
        self._view(name, source, x.values.reshape(shape), x.jacobian.reshape((*shape, COLUMNS)))

    def transpose(self, name: str, source: str, axes: tuple[int, ...]) -> None:
        x = self.pairs[source]
        self._view(name, source, x.values.transpose(axes), x.jacobian.transpose((*axes, len(axes))))

    def ravel(self, name: str, source: str) -> None:
        x = self.pairs[source]
        values = x.values.ravel()
        jacobian = x.jacobian.reshape((-1, COLUMNS))
        self._view(name, source, values, jacobian)

    def row(self, name: str, source: str, position: int) -> None:
        self.index(name, source, position)

    def diagonal(self, name: str, source: str) -> None:
        x = self.pairs[source]
        values = x.values.diagonal()
        values.flags.writeable = True
        jacobian = np.moveaxis(x.jacobian.diagonal(0, 0, 1), -1, -2)
        jacobian.flags.writeable = True
        self._view(name, source, values, jacobian)

    def detach(self, name: str, source: str) -> None:
        values = self.pairs[source].values
        self.pairs[name] = Pair(values, jacobian_like(values))

    def copy(self, name: str, source: str) -> None:
        x = self.pairs[source]
        self.pairs[name] = fresh(x.values.copy(), x.jacobian if self.recording else 0)

    # -- arithmetic --
    def binary(self, name: str, operation: str, left: Any, right: Any) -> None:
        function, by_x, by_y = BINARY[operation]
        x, y = self.operand(left), self.operand(right)
        values = np.asarray(function(x.values, y.values))
        jacobian = scaled(by_x(x.values, y.values), x.jacobian) + scaled(by_y(x.values, y.values), y.jacobian)
        self.pairs[name] = fresh(values, jacobian if self.recording else 0)

    def unary(self, name: str, operation: str, source: str) -> None:
        function, derivative = UNARY[operation]
        x = self.pairs[source]
        values = np.asarray(function(x.values))
        self.pairs[name] = fresh(values, scaled(derivative(x.values), x.jacobian) if self.recording else 0)

    def operand(self, operand: Any) -> Pair:
        """A name, or a number or array."""
        if isinstance(operand, str):
            return self.pairs[operand]
        values = np.asarray(operand)
        return Pair(values, np.zeros((*values.shape, COLUMNS)))

    # -- writing --
    def _write(self, pair: Pair, change: Callable[[Any], Any], jacobian: Any) -> None:
        """Change the values in their memory; and the Jacobian, if that is recorded."""
        new = np.array(jacobian)  # of the old values
        change(pair.values)
        if self.recording:
            pair.jacobian[...] = new

    def augment(self, target: str, operation: str, operand: Any) -> None:
        function, by_x, by_y = BINARY[operation]
        x, y = self.pairs[target], self.operand(operand)
        jacobian = scaled(by_x(x.values, y.values), x.jacobian) + scaled(by_y(x.values, y.values), y.jacobian)
        self._write(x, lambda values: function(values, y.values, out=values), jacobian)

    def power(self, target: str, exponent: Any) -> None:
        x = self.pairs[target]
        jacobian = scaled(exponent * x.values ** (exponent - 1), x.jacobian)
        self._write(x, lambda values: np.power(values, exponent, out=values), jacobian)

    def set(self, target: str, index: Any, operand: Any) -> None:
        x, y = self.pairs[target], self.operand(operand)
        jacobian = x.jacobian.copy()
        shown = jacobian[for_jacobian(index)]
        extra = max(0, y.values.ndim - (shown.ndim - 1))
        jacobian[for_jacobian(index)] = y.jacobian.reshape((*y.values.shape[extra:], COLUMNS))
        value = y.values.copy()

        def change(values: Any) -> None:
            values[index] = value

        self._write(x, change, jacobian)

    def augment_at(self, target: str, index: Any, operation: str, operand: Any) -> None:
        """``target[index] op= operand`` as Python does it: read, change, write back."""
        function, by_x, by_y = BINARY[operation]
        x, y = self.pairs[target], self.operand(operand)
        part, inner = x.values[index], x.jacobian[for_jacobian(index)]
        new = np.asarray(function(part, y.values))
        jacobian = x.jacobian.copy()
        jacobian[for_jacobian(index)] = scaled(by_x(part, y.values), inner) + scaled(by_y(part, y.values), y.jacobian)

        def change(values: Any) -> None:
            values[index] = new

        self._write(x, change, jacobian)

    def at(self, target: str, operation: str, index: Any, operand: Any) -> None:
        """``ufunc.at``, one entry after the other."""
        function, by_x, by_y = BINARY[operation]
        x, y = self.pairs[target], self.operand(operand)
        positions = np.arange(x.values.size).reshape(x.values.shape)[index]
        given = np.broadcast_to(y.values, positions.shape).ravel()
        inner = np.broadcast_to(y.jacobian, (*positions.shape, COLUMNS)).reshape(-1, COLUMNS)
        values, jacobian = x.values.flatten(), x.jacobian.reshape(-1, COLUMNS).copy()
        for position, v, j in zip(positions.ravel(), given.copy(), inner.copy()):
            old = values[position]
            values[position] = function(old, v)
            jacobian[position] = by_x(old, v) * jacobian[position] + by_y(old, v) * j
        values = values.reshape(x.values.shape)

        def change(array: Any) -> None:
            array[...] = values

        self._write(x, change, jacobian.reshape(x.jacobian.shape))

    def out(self, target: str, operation: str, left: Any, right: Any, mask: Any) -> None:
        """``numpy.operation(left, right, out=target, where=mask)``."""
        function, by_x, by_y = BINARY[operation]
        x, y, z = self.operand(left), self.operand(right), self.pairs[target]
        jacobian = scaled(by_x(x.values, y.values), x.jacobian) + scaled(by_y(x.values, y.values), y.jacobian)
        jacobian = np.where(np.asarray(mask)[..., None], jacobian, z.jacobian)
        a, b = np.array(x.values), np.array(y.values)
        self._write(z, lambda values: function(a, b, out=values, where=mask), jacobian)

    def fill(self, target: str, value: float) -> None:
        self.set(target, Ellipsis, value)

    def sort(self, target: str, axis: int) -> None:
        x = self.pairs[target]
        order = np.argsort(x.values, axis=axis, kind="stable")
        jacobian = np.take_along_axis(x.jacobian, order[..., None], axis=axis)
        self._write(x, lambda values: values.sort(axis=axis), jacobian)

    def gradient(self, name: str, g: Any) -> Any:
        """The derivatives of ``sum(g * name)`` by all entries of all variables."""
        return np.tensordot(g, self.pairs[name].jacobian, g.ndim)


class Real:
    """tetragrad's meaning of the same program; each method does what its namesake of the mirror does."""

    def __init__(self, leaves: dict[str, Any] | None = None) -> None:
        self.tensors: dict[str, Any] = {}
        self.leaves = leaves
        self.recording = True

    def leaf(self, name: str, values: Any) -> None:
        self.tensors[name] = tg.tensor(values, requires_grad=True) if self.leaves is None else self.leaves[name]

    def constant(self, name: str, values: Any) -> None:
        self.tensors[name] = tg.tensor(values)

    def become_variable(self, name: str) -> None:
        self.tensors[name].requires_grad = True

    def become_constant(self, name: str) -> None:
        self.tensors[name].requires_grad = False

    def delete(self, name: str) -> None:
        del self.tensors[name]

    def record(self, flag: bool) -> None:
        self.recording = flag

    def index(self, name: str, source: str, index: Any) -> None:
        self.tensors[name] = self.tensors[source][index]

    def reshape(self, name: str, source: str, shape: tuple[int, ...]) -> None:
        self.tensors[name] = self.tensors[source].reshape(shape)

    def transpose(self, name: str, source: str, axes: tuple[int, ...]) -> None:
        self.tensors[name] = self.tensors[source].transpose(axes)

    def ravel(self, name: str, source: str) -> None:
        self.tensors[name] = self.tensors[source].ravel()

    def row(self, name: str, source: str, position: int) -> None:
        for found, row in enumerate(self.tensors[source]):
            if found == position:
                self.tensors[name] = row

    def diagonal(self, name: str, source: str) -> None:
        self.tensors[name] = self.tensors[source].diagonal()

    def detach(self, name: str, source: str) -> None:
        self.tensors[name] = self.tensors[source].detach()

    def copy(self, name: str, source: str) -> None:
        self.tensors[name] = self.tensors[source].copy()

    def binary(self, name: str, operation: str, left: Any, right: Any) -> None:
        self.tensors[name] = BINARY[operation][0](self.operand(left), self.operand(right))

    def unary(self, name: str, operation: str, source: str) -> None:
        self.tensors[name] = UNARY[operation][0](self.tensors[source])

    def operand(self, operand: Any) -> Any:
        return self.tensors[operand] if isinstance(operand, str) else operand

    def augment(self, target: str, operation: str, operand: Any) -> None:
        x = self.tensors[target]
        assert augmented(operation, x, self.operand(operand)) is x

    def power(self, target: str, exponent: Any) -> None:
        x = self.tensors[target]
        x **= exponent
        assert x is self.tensors[target]

    def set(self, target: str, index: Any, operand: Any) -> None:
        self.tensors[target][index] = self.operand(operand)

    def augment_at(self, target: str, index: Any, operation: str, operand: Any) -> None:
        x, y = self.tensors[target], self.operand(operand)
        if operation == "add":
            x[index] += y
        elif operation == "subtract":
            x[index] -= y
        elif operation == "multiply":
            x[index] *= y
        else:
            x[index] /= y

    def at(self, target: str, operation: str, index: Any, operand: Any) -> None:
        BINARY[operation][0].at(self.tensors[target], index, self.operand(operand))

    def out(self, target: str, operation: str, left: Any, right: Any, mask: Any) -> None:
        x = self.tensors[target]
        assert BINARY[operation][0](self.operand(left), self.operand(right), out=x, where=mask) is x

    def fill(self, target: str, value: float) -> None:
        self.tensors[target].fill(value)

    def sort(self, target: str, axis: int) -> None:
        self.tensors[target].sort(axis=axis)

    def run(self, instruction: tuple[Any, ...]) -> None:
        name, *arguments = instruction
        with tg.enable_grad() if self.recording else tg.no_grad():
            getattr(self, name)(*arguments)
