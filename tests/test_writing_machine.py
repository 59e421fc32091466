"""A state machine of programs that write into shared memory, against NumPy on real memory and its Jacobians.

Whatever tensors, views and detached aliases there are, after every step each holds what NumPy says, and a backward pass
from any of them finds the Jacobian that the mirror carries along (see `support.memory`). Programs that record all the
time are also run inside `jvp`, `vmap` and `grad`, and differentiated twice.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.memory import BINARY, COLUMNS, UNARY, Mirror, Real

import tetragrad as tg

SHAPES = [(), (1,), (3,), (4,), (2, 2), (2, 3), (3, 2), (2, 1, 2), (6,)]
MOST = 8  # tensors at a time: few enough to meet again and again
BOUND = 1e4  # of values and derivatives, so that rounding stays small

OPERATIONS = st.sampled_from(sorted(BINARY))
NUMBERS = st.sampled_from([0.5, -1.0, 2.0, 1.5, 3])


class Impossible(Exception):
    """A step that has nothing to act on, and is left out."""


def want(condition: Any) -> None:
    if not condition:
        raise Impossible


class Writing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.mirror, self.real = Mirror(), Real()
        self.count = 0
        self.program: list[tuple[Any, ...]] = []
        self.given: dict[str, Any] = {}  # values of the leaves
        self.snapshots: list[tuple[Any, Any]] = []
        self.can_be_replayed = True

    # -- doing the same on both sides --

    def do(self, *instruction: Any) -> None:
        if instruction[0] in MAKES:
            want(len(self.mirror.pairs) < MOST)
        note(repr(instruction))
        getattr(self.mirror, instruction[0])(*instruction[1:])
        self.real.run(instruction)
        self.program.append(instruction)

    def new_name(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def values(self, shape: tuple[int, ...]) -> Any:
        return np.random.default_rng(self.count).uniform(0.5, 2.0, shape)

    def draw(self, data: Any, fits: Any = lambda values: True) -> str:
        names = [name for name, pair in self.mirror.pairs.items() if fits(pair.values)]
        want(names)
        return data.draw(st.sampled_from(names), label="tensor")

    def operand(self, data: Any, shape: tuple[int, ...]) -> Any:
        """A tensor that broadcasts to a shape, an array or a number."""
        names = [name for name, pair in self.mirror.pairs.items() if broadcasts(pair.values.shape, shape)]
        kinds = ["number", "array", *(["tensor"] * 3 if names else [])]
        kind = data.draw(st.sampled_from(kinds), label="operand")
        if kind == "tensor":
            return data.draw(st.sampled_from(names))
        return data.draw(NUMBERS) if kind == "number" else self.values(shape[-1:])

    def moderate(self, *operands: Any) -> None:
        """Leave out steps whose results might grow beyond all bounds."""
        for operand in operands:
            pair = self.mirror.operand(operand)
            want(np.abs(pair.values).max(initial=0) < 50 and np.abs(pair.jacobian).max(initial=0) < BOUND)

    def divides(self, operation: str, operand: Any) -> None:
        if operation == "divide":
            want(np.abs(self.mirror.operand(operand).values).min(initial=1) > 0.1)

    # -- steps: most are views and writes --

    @initialize(data=st.data(), pausing=st.booleans())
    def begin(self, data: Any, pausing: bool) -> None:
        """Programs that record all the time can be replayed in transforms; the others stop recording often."""
        self.can_be_replayed = not pausing
        self.leaf(data)
        self.constant(data)

    def take_one(self, data: Any, steps: list[Any]) -> None:
        step = data.draw(st.sampled_from(steps), label="step")
        pause = not self.can_be_replayed and data.draw(st.integers(0, 3)) == 0
        was = self.mirror.recording
        if pause:
            self.do("record", False)
        try:
            step(data)
        except Impossible:
            pass  # nothing to act on
        if pause:
            self.do("record", was)

    @rule(data=st.data())
    def makes(self, data: Any) -> None:
        self.take_one(
            data, [self.leaf, self.constant, self.delete, self.delete, self.copy, self.take, self.binary, self.unary]
        )

    @rule(data=st.data())
    def views(self, data: Any) -> None:
        self.take_one(
            data,
            [self.index, self.index, self.reshape, self.transpose, self.ravel, self.row, self.diagonal, self.detach],
        )

    @rule(data=st.data())
    def writes(self, data: Any) -> None:
        self.take_one(data, [self.augment, self.augment, self.set, self.set, self.augment_at, self.augment_at])

    @rule(data=st.data())
    def writes_in_other_ways(self, data: Any) -> None:
        self.take_one(data, [self.power, self.at, self.at, self.out, self.fill, self.sort, self.augment_at])

    @rule(data=st.data())
    def looks(self, data: Any) -> None:
        steps = [self.backward, self.backward, self.backward, self.snapshot]
        if not self.can_be_replayed:
            steps += [self.record, self.last_backward, self.become_variable, self.become_constant]
        try:
            data.draw(st.sampled_from(steps), label="step")(data)
        except Impossible:
            pass

    # -- making tensors --

    def leaf(self, data: Any) -> None:
        shape = data.draw(st.sampled_from(SHAPES), label="shape")
        want(self.mirror.used + int(np.prod(shape)) <= COLUMNS)
        name = self.new_name()
        values = self.values(shape)
        self.do("leaf", name, values)
        self.given[name] = values

    def constant(self, data: Any) -> None:
        self.do("constant", self.new_name(), self.values(data.draw(st.sampled_from(SHAPES), label="shape")))

    def delete(self, data: Any) -> None:
        want(len(self.mirror.pairs) > 2)
        self.do("delete", self.draw(data))

    # -- views --

    def index(self, data: Any) -> None:
        source = self.draw(data)
        shape = self.mirror.pairs[source].values.shape
        index = data.draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=3))
        self.do("index", self.new_name(), source, index)

    def reshape(self, data: Any) -> None:
        source = self.draw(data)
        size = self.mirror.pairs[source].values.size
        shapes = [shape for shape in [*SHAPES, (size,), (1, size), (size, 1)] if int(np.prod(shape)) == size]
        self.do("reshape", self.new_name(), source, data.draw(st.sampled_from(shapes)))

    def transpose(self, data: Any) -> None:
        source = self.draw(data, lambda values: values.ndim > 1)
        axes = data.draw(st.permutations(range(self.mirror.pairs[source].values.ndim)))
        self.do("transpose", self.new_name(), source, tuple(axes))

    def ravel(self, data: Any) -> None:
        self.do("ravel", self.new_name(), self.draw(data))

    def row(self, data: Any) -> None:
        source = self.draw(data, lambda values: values.ndim and len(values))
        position = data.draw(st.integers(0, len(self.mirror.pairs[source].values) - 1))
        self.do("row", self.new_name(), source, position)

    def diagonal(self, data: Any) -> None:
        self.do("diagonal", self.new_name(), self.draw(data, lambda values: values.ndim == 2))

    def detach(self, data: Any) -> None:
        self.do("detach", self.new_name(), self.draw(data))

    def snapshot(self, data: Any) -> None:
        array = self.real.tensors[self.draw(data)].numpy()
        self.snapshots.append((array, array.copy()))

    # -- copies and arithmetic --

    def copy(self, data: Any) -> None:
        self.do("copy", self.new_name(), self.draw(data))

    def take(self, data: Any) -> None:
        source = self.draw(data, lambda values: values.ndim and values.size)
        self.do("index", self.new_name(), source, advanced(data, self.mirror.pairs[source].values.shape))

    def binary(self, data: Any) -> None:
        left, operation = self.draw(data), data.draw(OPERATIONS)
        right = self.operand(data, self.mirror.pairs[left].values.shape)
        self.moderate(left, right)
        self.divides(operation, right)
        self.do("binary", self.new_name(), operation, left, right)

    def unary(self, data: Any) -> None:
        source = self.draw(data, lambda values: np.abs(values).max(initial=0) < 4)
        self.moderate(source)
        self.do("unary", self.new_name(), data.draw(st.sampled_from(sorted(UNARY))), source)

    # -- writing --

    def augment(self, data: Any) -> None:
        target, operation = self.draw(data), data.draw(OPERATIONS)
        operand = self.operand(data, self.mirror.pairs[target].values.shape)
        self.moderate(target, operand)
        self.divides(operation, operand)
        self.do("augment", target, operation, operand)

    def power(self, data: Any) -> None:
        target = self.draw(data, lambda values: np.abs(values).max(initial=0) < 4)
        self.moderate(target)
        self.do("power", target, data.draw(st.sampled_from([2, 3, 2.0])))

    def place(self, data: Any, target: str) -> tuple[Any, tuple[int, ...]]:
        """An index into a tensor, and the shape of what it names."""
        values = self.mirror.pairs[target].values
        index: Any = data.draw(hnp.basic_indices(values.shape, allow_newaxis=True, max_dims=3))
        if values.ndim and values.size and data.draw(st.booleans(), label="advanced"):
            index = advanced(data, values.shape)
        return index, values[index].shape

    def set(self, data: Any) -> None:
        target = self.draw(data)
        index, shape = self.place(data, target)
        self.do("set", target, index, self.operand(data, shape))

    def augment_at(self, data: Any) -> None:
        target, operation = self.draw(data), data.draw(OPERATIONS)
        index, shape = self.place(data, target)
        operand = self.operand(data, shape)
        self.moderate(target, operand)
        self.divides(operation, operand)
        self.do("augment_at", target, index, operation, operand)

    def at(self, data: Any) -> None:
        target = self.draw(data, lambda values: values.ndim and values.size)
        index, shape = self.place(data, target)
        operand = self.operand(data, shape)
        self.moderate(target, operand)
        self.do("at", target, data.draw(st.sampled_from(["add", "subtract", "multiply"])), index, operand)

    def out(self, data: Any) -> None:
        target, operation = self.draw(data, lambda values: values.ndim), data.draw(OPERATIONS)
        shape = self.mirror.pairs[target].values.shape
        left = self.draw(data, lambda values: values.shape == shape)
        right = self.operand(data, shape)
        self.moderate(left, right)
        self.divides(operation, right)
        self.do("out", target, operation, left, right, data.draw(hnp.arrays(bool, shape)))

    def fill(self, data: Any) -> None:
        self.do("fill", self.draw(data), data.draw(NUMBERS))

    def sort(self, data: Any) -> None:
        target = self.draw(data, lambda values: values.ndim and values.size)
        values = self.mirror.pairs[target].values
        axis = data.draw(st.integers(0, values.ndim - 1))
        want(np.diff(np.sort(values, axis=axis), axis=axis).min(initial=1) > 0)  # no ties
        self.do("sort", target, axis)

    # -- what is recorded --

    def record(self, data: Any) -> None:
        self.do("record", data.draw(st.booleans()))

    def become_variable(self, data: Any) -> None:
        target = self.draw(data)
        want(not self.real.tensors[target].requires_grad)
        want(self.mirror.used + self.mirror.pairs[target].values.size <= COLUMNS)
        self.do("become_variable", target)

    def become_constant(self, data: Any) -> None:
        names = [name for name, x in self.real.tensors.items() if x.requires_grad and x.is_leaf]
        want(names)
        self.do("become_constant", data.draw(st.sampled_from(names)))

    # -- gradients --

    def backward(self, data: Any) -> None:
        self.check_gradients(data, retain_graph=True)

    def last_backward(self, data: Any) -> None:
        """A pass that releases the graph; nothing that it may have gone through is used after it."""
        self.check_gradients(data, retain_graph=False)
        for name, x in list(self.real.tensors.items()):
            if x.requires_grad and not x.is_leaf:
                self.do("delete", name)

    def check_gradients(self, data: Any, retain_graph: bool) -> None:
        names = [name for name, x in self.real.tensors.items() if x.requires_grad]
        want(names)
        self.check_gradients_of(data.draw(st.sampled_from(names), label="backward from"), retain_graph)

    def check_gradients_of(self, name: str, retain_graph: bool) -> None:
        for x in self.real.tensors.values():
            x.zero_grad()
        x = None
        tensor = self.real.tensors[name]
        g = np.random.default_rng(self.count).uniform(-1, 1, tensor.shape)
        tensor.backward(g, retain_graph=retain_graph)
        expected = self.mirror.gradient(name, g)
        for owner, x in self.real.tensors.items():
            wanted = np.zeros(x.shape)
            for own in self.mirror.columns.get(owner, ()):
                wanted = wanted + expected[own].reshape(x.shape)
            found = np.zeros(x.shape) if x.grad is None else x.grad.numpy()
            np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-7, err_msg=f"d {name} / d {owner}")

    @invariant()
    def values_agree(self) -> None:
        for name, pair in self.mirror.pairs.items():
            x = self.real.tensors[name]
            assert x.shape == pair.values.shape
            np.testing.assert_allclose(x.numpy(), pair.values, rtol=1e-10, atol=1e-10, err_msg=name)
            if not x.requires_grad:
                assert not pair.jacobian.any(), name
        for array, then in self.snapshots:
            np.testing.assert_array_equal(array, then)

    # -- the same program inside transforms --

    def teardown(self) -> None:
        for name in [name for name, x in self.real.tensors.items() if x.requires_grad]:
            self.check_gradients_of(name, retain_graph=True)
        if self.can_be_replayed and self.given and any([step[0] in WRITES for step in self.program]):
            Replay(self.program, self.given).check()


MAKES = {
    "leaf", "constant", "index", "reshape", "transpose", "ravel", "row", "diagonal", "detach", "copy", "binary",
    "unary",
}  # fmt: skip
WRITES = {"augment", "power", "set", "augment_at", "at", "out", "fill", "sort"}


class Replay:
    """A recorded program as a function of its leaves."""

    def __init__(self, program: list[tuple[Any, ...]], given: dict[str, Any]) -> None:
        self.program, self.given = program, given
        rng = np.random.default_rng(len(program))
        self.direction = {name: rng.uniform(-1, 1, x.shape) for name, x in given.items()}
        self.weights: dict[str, Any] = {}
        for name, pair in self.mirrored(given).pairs.items():
            self.weights[name] = rng.uniform(-1, 1, pair.values.shape)

    def mirrored(self, leaves: dict[str, Any]) -> Mirror:
        mirror = Mirror(leaves)
        for name, *arguments in self.program:
            getattr(mirror, name)(*arguments)
        return mirror

    def __call__(self, leaves: dict[str, Any]) -> Any:
        real = Real(dict(leaves))
        for name, *arguments in self.program:
            getattr(real, name)(*arguments)
        return sum([tg.numpy.sum(x * self.weights[name]) for name, x in real.tensors.items()], 0.0)

    def value_and_gradient(self, leaves: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        mirror = self.mirrored(leaves)
        value, gradient = 0.0, 0.0
        for name, pair in mirror.pairs.items():
            value = value + np.sum(pair.values * self.weights[name])
            gradient = gradient + mirror.gradient(name, self.weights[name])
        start, parts = 0, {}
        for step in self.program:  # columns of leaves that were deleted too
            if step[0] == "leaf":
                x = self.given[step[1]]
                parts[step[1]] = gradient[start : start + x.size].reshape(x.shape)
                start += x.size
        return value, parts

    def check(self) -> None:
        before = {name: x.copy() for name, x in self.given.items()}
        value, gradient = self.value_and_gradient(self.given)
        along = sum([np.sum(gradient[name] * t) for name, t in self.direction.items()])
        found = tg.value_and_grad(self)(self.given)
        close(found[0], value, "value in grad")
        for name, part in gradient.items():
            close(found[1][name], part, f"grad by {name}")
        found = tg.jvp(self, (self.given,), (self.direction,))
        close(found[0], value, "value in jvp")
        close(found[1], along, "jvp")

        if not self.reshapes_what_was_gathered():
            self.check_vmap(value, gradient)
        _, second = tg.jvp(tg.grad(self), (self.given,), (self.direction,))
        if not any([step[0] == "detach" for step in self.program]):  # whose values carry no complex step
            tiny = {name: 1e-20j * t for name, t in self.direction.items()}
            _, shifted = self.value_and_gradient({name: x + tiny[name] for name, x in self.given.items()})
            for name, part in second.items():
                close(part, shifted[name].imag / 1e-20, f"jvp of grad by {name}")
        reverse = tg.grad(lambda x: dot(tg.grad(self)(x), self.direction))(self.given)
        for name, part in second.items():
            close(reverse[name], part, f"grad of grad by {name}")
        for name, x in self.given.items():
            np.testing.assert_array_equal(x, before[name], err_msg="the caller's arrays")

    def reshapes_what_was_gathered(self) -> bool:
        """Inside vmap it is laid out in memory in another way, which decides whether a reshape is a view."""
        kinds = {step[0] for step in self.program}
        gathers = any([step[0] == "index" and has_arrays(step[3]) for step in self.program])
        return gathers and bool(kinds & {"reshape", "ravel"})

    def check_vmap(self, value: Any, gradient: dict[str, Any]) -> None:
        stacked = {name: np.stack([x, x + 0.25]) for name, x in self.given.items()}
        found = tg.vmap(tg.value_and_grad(self))(stacked)
        other_value, other_gradient = self.value_and_gradient({name: x + 0.25 for name, x in self.given.items()})
        if np.abs(other_value) < 1e6:
            close(found[0], np.stack([value, other_value]), "vmap")
            for name, part in gradient.items():
                close(found[1][name], np.stack([part, other_gradient[name]]), f"vmap of grad by {name}")


def has_arrays(index: Any) -> bool:
    return any([isinstance(entry, np.ndarray) for entry in (index if isinstance(index, tuple) else (index,))])


def dot(x: dict[str, Any], y: dict[str, Any]) -> Any:
    return sum([tg.numpy.sum(x[name] * y[name]) for name in x])


def close(found: Any, wanted: Any, what: str) -> None:
    scale = 1 + np.abs(wanted).max(initial=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-7 * scale, err_msg=what)


def broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def advanced(data: Any, shape: tuple[int, ...]) -> Any:
    """A mask, or integers (perhaps repeated) in some places of the index."""
    if data.draw(st.booleans(), label="mask"):
        return data.draw(hnp.arrays(bool, shape[: data.draw(st.integers(1, len(shape)))]))
    common = data.draw(st.sampled_from([(2,), (3,), (1, 2)]))
    index: list[Any] = []
    for length in shape:
        kind = data.draw(st.sampled_from(["array", "array", "slice", "number"]))
        if kind == "array":
            index.append(data.draw(hnp.arrays(np.intp, common, elements=st.integers(-length, length - 1))))
        elif kind == "slice":
            index.append(data.draw(st.slices(length)))
        else:
            index.append(data.draw(st.integers(-length, length - 1)))
    index = index[: data.draw(st.integers(1, len(index)))]
    if not any([isinstance(entry, np.ndarray) for entry in index]):
        index[0] = np.array([0, -1, 0])
    return tuple(index)


TestWriting = Writing.TestCase
TestWriting.settings = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "tests"))
