"""What one element of a value of the graph is: its operations, read backward from the element that is wanted.

`Reader.element` gives the expression of an element at given coordinates. Elementwise rows become arithmetic, rows that
only rearrange (transpose, reshape, slices, gathers, diagonals, ...) become other coordinates, so they never copy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import complexes, scalars
from .complexes import Arithmetic, Number, Pair
from .exprs import ZERO, Expr, Expressions, Form, broadcast_coords, linear
from .graph import Op, Value

Coords = tuple[Form, ...]
Rule = Callable[["Reader", Op, Coords], Number]

REDUCTIONS = frozenset({"sum", "prod", "max", "min", "all", "any", "argmax", "argmin"})
# Up to this many positions a lane, a scatter along an axis is a comparison with each of them.
FEW = 4


class Reader:
    """Reads elements of values as expressions.

    Attributes
    ----------
    stored : callable
        Whether a value is read from memory.
    spaces : dict
        Per reduction of a kernel: where its result is, and the coordinates of its operand over the kernel's loops.
    """

    def __init__(self, expressions: Expressions, stored: Callable[[Value], bool]) -> None:
        self.expressions = expressions
        self.stored = stored
        self.spaces: dict[Op, tuple[Coords, Coords]] = {}
        self.known: dict[tuple[Value, Coords], Number] = {}

    def element(self, value: Value, coords: Coords) -> Number:
        """The element of a value at these coordinates."""
        key = (value, coords)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._element(value, coords)
        return found

    def _element(self, value: Value, coords: Coords) -> Number:
        constant = value.constant
        if constant is not None:
            if np.ndim(constant) == 0 or not any(constant.strides):
                return self.number(np.asarray(constant).flat[0], value.dtype)
            return self.load(value, coords)
        if value.op is None or self.stored(value):
            return self.load(value, coords)
        return self.computed(value.op, value, coords)

    def computed(self, op: Op, value: Value, coords: Coords) -> Number:
        """The element of a result, computed."""
        if op.name in _PARTS:
            return _PARTS[op.name](self, op, op.outputs.index(value), coords)
        rule = RULES.get(op.name)
        return rule(self, op, coords) if rule is not None else self.elementwise(op, coords)

    def load(self, value: Value, coords: Coords) -> Number:
        """The element in memory."""
        part = scalars.REALS.get(value.dtype)
        if part is None:
            return self.expressions.load(value, coords)
        return Pair(*[self.expressions.load(value, coords, k, part) for k in (0, 1)])

    def number(self, number: Any, dtype: Any) -> Number:
        """A constant."""
        part = scalars.REALS.get(dtype)
        if part is None:
            return self.expressions.constant(number, dtype)
        return Pair(self.expressions.constant(number.real, part), self.expressions.constant(number.imag, part))

    def convert(self, x: Number, dtype: Any) -> Number:
        """In another dtype; of a complex number the real part, where the dtype is real."""
        make, part = self.expressions, scalars.REALS.get(dtype)
        if part is None:
            if isinstance(x, Pair) and dtype.kind == "b":
                return Arithmetic(make, x.re.dtype).nonzero(x)
            return make.convert(x.re if isinstance(x, Pair) else x, dtype)
        if isinstance(x, Pair):
            return Pair(make.convert(x.re, part), make.convert(x.im, part))
        return Pair(make.convert(x, part), make.constant(0, part))

    def select(self, condition: Expr, x: Number, y: Number) -> Number:
        """`x` where the condition holds, else `y`."""
        make = self.expressions
        if isinstance(x, Pair) and isinstance(y, Pair):
            return Pair(make.select(condition, x.re, y.re), make.select(condition, x.im, y.im))
        assert isinstance(x, Expr) and isinstance(y, Expr)
        return make.select(condition, x, y)

    def added(self, x: Number, y: Number) -> Number:
        """The sum."""
        if isinstance(x, Pair) and isinstance(y, Pair):
            return Arithmetic(self.expressions, x.re.dtype).each("add", x, y)
        assert isinstance(x, Expr) and isinstance(y, Expr)
        return self.expressions.apply("add", (x, y), x.dtype)

    def real(self, value: Value, coords: Coords) -> Expr:
        """The element of a value that is not complex."""
        element = self.element(value, coords)
        assert isinstance(element, Expr)
        return element

    def of_complex(self, op: Op, coords: Coords, dtype: Any) -> Number:
        """An elementwise row that has to do with complex numbers."""
        args = [self.element(value, broadcast_coords(value.shape, coords)) for value in op.operands]
        if op.name in ("astype", "astype_discrete"):
            return self.convert(args[0], op.out.dtype)
        if op.name in ("where", "keep"):
            condition, *choice = args if op.name == "where" else args[::-1]
            choice += [self.number(0, op.out.dtype)][: 2 - len(choice)]
            x, y = [self.convert(each, op.out.dtype) for each in choice]
            condition = self.convert(condition, np.dtype(bool))
            assert isinstance(condition, Expr)
            return self.select(condition, x, y)
        arithmetic = Arithmetic(self.expressions, scalars.REALS[dtype])
        found = complexes.RULES[op.name](arithmetic, [self.convert(each, dtype) for each in args])
        return self.convert(found, op.out.dtype)

    def elementwise(self, op: Op, coords: Coords) -> Number:
        """The scalar code of an elementwise row."""
        dtype = complexes.dtype_of(op)
        if dtype is not None:
            return self.of_complex(op, coords, dtype)
        found = scalars.types(op)
        assert found is not None, op.name
        inside, out = found
        make = self.expressions
        args = [
            make.convert(self.real(value, broadcast_coords(value.shape, coords)), dtype)
            for value, dtype in zip(op.operands, inside)
        ]
        name = op.name
        if name in ("astype", "astype_discrete", "stop_gradient", "conj", "real", "positive"):
            return make.convert(args[0], op.out.dtype)
        if name == "keep":
            args, name = [args[1], args[0], make.constant(0, inside[0])], "where"
        params = tuple(sorted(op.params.items()))
        return make.convert(make.apply(name, args, out, params), op.out.dtype)

    def reduction(self, op: Op, coords: Coords) -> Number:
        """A reduction over loops of the kernel, or over its own."""
        space = self.spaces.get(op)
        if space is not None and space[0] == coords:
            inside = space[1]
        else:
            inside = self.own_space(op, coords)
        axes = reduced_axes(op)
        symbols = [form.index for axis, form in enumerate(inside) if axis in axes and form.index is not None]
        make = self.expressions
        element = self.operand(op, inside)
        if op.name in ("argmax", "argmin") and not symbols:
            return make.constant(0, np.int64)
        if not symbols:
            return element
        if isinstance(element, Pair):
            return Pair(*[make.reduce(op.name, part, symbols, part.dtype) for part in element.parts])
        return make.reduce(op.name, element, symbols, op.out.dtype)

    def operand(self, op: Op, inside: Coords) -> Number:
        """What a reduction takes together, in the dtype in which it does."""
        element = self.element(op.operands[0], inside)
        if op.name in ("argmax", "argmin"):
            return element
        if op.name in ("all", "any"):
            element = self.convert(element, np.dtype(bool))
        return self.convert(element, op.out.dtype)

    def own_space(self, op: Op, coords: Coords) -> Coords:
        """Coordinates of the operand, with new loops over the reduced axes."""
        (x,) = op.operands
        axes = reduced_axes(op)
        kept = iter(coords if len(coords) < len(x.shape) or not axes else ())
        inside = []
        for axis, length in enumerate(x.shape):
            if axis in axes:
                inside.append(Form.of(self.expressions.symbol(length)) if length != 1 else ZERO)
            else:
                inside.append(coords[axis] if len(coords) == len(x.shape) else next(kept))
        return tuple(inside)

    def position(self, indices: Value, coords: Coords, length: int) -> Form:
        """An integer of the program as a position on an axis: negative ones count from the end, none is outside."""
        make = self.expressions
        element = make.convert(self.real(indices, coords), np.int64)
        if element.kind == "constant":
            return Form(int(element.data) % length)
        if indices.constant is not None and _positions.get(_identity(indices.constant)) is indices:
            return Form.of(element)
        zero, end = make.constant(0, np.int64), make.constant(length, np.int64)
        if indices.dtype.kind == "i":
            behind = make.apply("add", (element, end), np.int64)
            element = make.select(make.apply("less", (element, zero), np.bool_), behind, element)
        last = make.constant(length - 1, np.int64)
        return Form.of(make.apply("clip", (element, zero, last), np.int64))


def reduced_axes(op: Op) -> tuple[int, ...]:
    """The axes that a reduction takes together."""
    axis = op.params["axis"]
    if axis is None:
        return tuple(range(len(op.operands[0].shape)))
    return (axis,) if isinstance(axis, int) else tuple(axis)


# -- rearranging ------------------------------------------------------------------------------------------------------


def _transpose(reader: Reader, op: Op, coords: Coords) -> Number:
    inside = [ZERO] * len(coords)
    for form, axis in zip(coords, op.params["axes"]):
        inside[axis] = form
    return reader.element(op.operands[0], tuple(inside))


def _broadcast_to(reader: Reader, op: Op, coords: Coords) -> Number:
    (x,) = op.operands
    return reader.element(x, broadcast_coords(x.shape, coords))


def _reshape(reader: Reader, op: Op, coords: Coords) -> Number:
    (x,) = op.operands
    return reader.element(x, reshaped(reader.expressions, coords, op.out.shape, x.shape))


def reshaped(make: Expressions, coords: Coords, shape: Sequence[int], inside: Sequence[int]) -> Coords:
    """Coordinates in one shape as those of the same element in another; runs of axes of equal size go together."""
    result: list[Form] = []
    k = 0
    for run, sizes in _runs(shape, inside):
        flat = linear(coords[k : k + len(run)], run)
        k += len(run)
        result.extend(_unravelled(make, flat, sizes))
    return tuple(result)


def _runs(shape: Sequence[int], inside: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """The shortest pairs of runs of axes that have the same number of elements."""
    if 0 in shape:
        return [(list(shape), list(inside))]
    runs = []
    i = j = 0
    while i < len(shape) or j < len(inside):
        run: list[int] = []
        sizes: list[int] = []
        have = want = 1
        while not (run or sizes) or have != want:
            if (have <= want and i < len(shape)) or j >= len(inside):
                have *= shape[i]
                run.append(shape[i])
                i += 1
            else:
                want *= inside[j]
                sizes.append(inside[j])
                j += 1
        runs.append((run, sizes))
    return runs


def _unravelled(make: Expressions, flat: Form, sizes: Sequence[int]) -> list[Form]:
    forms: list[Form] = []
    for length in reversed(sizes[1:]):
        quotient, rest = _divided(make, flat, length)
        forms.append(rest)
        flat = quotient
    if sizes:
        forms.append(ZERO if sizes[0] == 1 else flat)
    return forms[::-1]


def _divided(make: Expressions, form: Form, divisor: int) -> tuple[Form, Form]:
    """Quotient and remainder of a position."""
    if divisor == 1:
        return form, ZERO
    whole = Form(0, tuple([(term, factor // divisor) for term, factor in form.terms if factor % divisor == 0]))
    rest = Form(form.const, tuple([(term, factor) for term, factor in form.terms if factor % divisor]))
    reach = rest.const + sum(
        [factor * (make.sizes[term] - 1) if isinstance(term, int) else divisor for term, factor in rest.terms]
    )
    if all([factor > 0 for _, factor in rest.terms]) and rest.const >= 0 and reach < divisor:
        return whole, rest
    index, by = make.index(form), make.constant(divisor, np.uint64)
    # Positions are not negative, and unsigned division is the cheaper one.
    index = make.convert(index, np.uint64)
    quotient = make.convert(make.apply("floor_divide", (index, by), np.uint64), np.int64)
    return Form.of(quotient), form - Form.of(quotient) * divisor


def entries(index: Sequence[Any], rank: int) -> list[Any]:
    """A NumPy index as one entry per axis, and None for new ones."""
    found: list[Any] = []
    for entry in index:
        if isinstance(entry, np.ndarray) and entry.dtype == bool:
            found.extend(np.nonzero(entry) if entry.ndim else [entry])
        elif isinstance(entry, (bool, np.bool_)):
            found.append(np.asarray(entry))
        else:
            found.append(entry)
    taken = len([entry for entry in found if entry is not None and entry is not Ellipsis])
    missing = [slice(None)] * (rank - taken)
    place = next((i for i, entry in enumerate(found) if entry is Ellipsis), len(found))
    found[place : place + 1] = missing
    return found


def is_plain(index: Sequence[Any]) -> bool:
    """Whether an index consists of integers, slices, None and Ellipsis."""
    return not any([isinstance(entry, (np.ndarray, bool, np.bool_)) for entry in index])


def is_readable(index: Sequence[Any]) -> bool:
    """Whether the rules here know the index."""
    return not any([isinstance(e, (bool, np.bool_)) or (isinstance(e, np.ndarray) and e.ndim == 0) for e in index])


def located(make: Reader, index: Sequence[Any], shape: tuple[int, ...], coords: Coords) -> Coords:
    """Where the element of ``x[index]`` at `coords` is in an x of a shape."""
    parts = entries(index, len(shape))
    arrays = [entry for entry in parts if isinstance(entry, np.ndarray)]
    common = np.broadcast_shapes(*[array.shape for array in arrays]) if arrays else ()
    places = [
        i for i, e in enumerate(parts) if isinstance(e, np.ndarray) or (arrays and isinstance(e, (int, np.integer)))
    ]
    together = not arrays or places[-1] - places[0] + 1 == len(places)
    at: Coords | None = None if together else coords[: len(common)]
    rest = list(coords if together else coords[len(common) :])
    inside: list[Form] = []
    axis = 0
    for i, entry in enumerate(parts):
        if arrays and i == places[0] and at is None:
            at = tuple(rest[: len(common)])
            del rest[: len(common)]
        if entry is None:
            del rest[0]
            continue
        length = shape[axis]
        if isinstance(entry, slice):
            start, _, step = entry.indices(length)
            inside.append(rest.pop(0) * step + start)
        elif isinstance(entry, np.ndarray):
            assert at is not None
            positions = Value.of(entry % length if length else entry, constant=entry % length if length else entry)
            inside.append(make.position(constants(positions), broadcast_coords(entry.shape, at), length))
        else:
            inside.append(Form(int(entry) % length))
        axis += 1
    return tuple(inside)


_positions: dict[Any, Value] = {}  # arrays of positions that are known to be inside, by their contents


def constants(value: Value) -> Value:
    """One value for equal arrays of positions, so that equal gathers are equal expressions."""
    array = np.ascontiguousarray(value.constant, np.int64)
    return _positions.setdefault(_identity(array), Value.of(array, constant=array))


def _identity(array: Any) -> Any:
    return array.shape, array.dtype, array.tobytes()


def _getitem(reader: Reader, op: Op, coords: Coords) -> Number:
    (x,) = op.operands
    return reader.element(x, located(reader, op.params["index"], x.shape, coords))


def _diagonal(reader: Reader, op: Op, coords: Coords) -> Number:
    (x,) = op.operands
    offset, axis1, axis2 = op.params["offset"], op.params["axis1"], op.params["axis2"]
    *kept, along = coords
    inside = []
    for axis in range(len(x.shape)):
        if axis == axis1:
            inside.append(along + max(-offset, 0))
        elif axis == axis2:
            inside.append(along + max(offset, 0))
        else:
            inside.append(kept.pop(0))
    return reader.element(x, tuple(inside))


def _triangle(lower: bool) -> Rule:
    def rule(reader: Reader, op: Op, coords: Coords) -> Number:
        (x,) = op.operands
        make = reader.expressions
        above = coords[-1] - coords[-2]
        k = op.params["k"]
        inside = make.compare("less", above, k + 1) if lower else make.compare("greater_equal", above, k)
        return reader.select(inside, reader.element(x, coords), reader.number(x.dtype.type(0), x.dtype))

    return rule


def _unstack(reader: Reader, op: Op, part: int, coords: Coords) -> Number:
    axis = op.params["axis"]
    return reader.element(op.operands[0], (*coords[:axis], Form(part), *coords[axis:]))


def _split(reader: Reader, op: Op, part: int, coords: Coords) -> Number:
    axis = op.params["axis"]
    start = (0, *op.params["points"])[part]
    return reader.element(op.operands[0], (*coords[:axis], coords[axis] + start, *coords[axis + 1 :]))


# -- gathers, and scatters that only compare ---------------------------------------------------------------------------


def _take(reader: Reader, op: Op, coords: Coords) -> Number:
    x, indices = op.operands
    axis, rank = op.params["axis"], len(indices.shape)
    place = reader.position(indices, coords[axis : axis + rank], x.shape[axis])
    return reader.element(x, (*coords[:axis], place, *coords[axis + rank :]))


def _take_along_axis(reader: Reader, op: Op, coords: Coords) -> Number:
    x, indices = op.operands
    axis = op.params["axis"]
    place = reader.position(indices, broadcast_coords(indices.shape, coords), x.shape[axis])
    inside = list(broadcast_coords(x.shape, coords))
    inside[axis] = place
    return reader.element(x, tuple(inside))


def _scatter_along_axis(reader: Reader, op: Op, coords: Coords) -> Number:
    """The sum of the elements whose position is this one."""
    x, indices = op.operands
    axis = op.params["axis"]
    make = reader.expressions
    own, zero = make.index(coords[axis]), reader.number(op.out.dtype.type(0), op.out.dtype)
    total = zero
    for k in range(max(x.shape[axis], indices.shape[axis])):
        at = (*coords[:axis], Form(k), *coords[axis + 1 :])
        place = reader.position(indices, broadcast_coords(indices.shape, at), op.params["size"])
        same = make.apply("equal", (make.index(place), own), np.bool_)
        added = reader.element(x, broadcast_coords(x.shape, at))
        if k == 0:
            total = reader.select(same, added, zero)
        elif op.params["unique"]:
            total = reader.select(same, added, total)
        else:
            total = reader.added(total, reader.select(same, added, zero))
    return total


def scatter_is_read(op: Op) -> bool:
    """Whether a scatter along an axis is few comparisons an element."""
    x, indices = op.operands
    axis = op.params["axis"]
    return max(x.shape[axis], indices.shape[axis]) <= FEW


def _scatter(reader: Reader, op: Op, coords: Coords) -> Number:
    """Zero but at fixed positions of some axes."""
    (x,) = op.operands
    make = reader.expressions
    inside: list[Form] = []
    here: Expr | None = None
    axis = 0
    for entry in entries(op.params["index"], len(coords)):
        if entry is None:
            inside.append(ZERO)
            continue
        if isinstance(entry, slice):
            inside.append(coords[axis])
        else:
            test = make.compare("equal", coords[axis], int(entry) % op.out.shape[axis])
            here = test if here is None else make.apply("bitwise_and", (here, test), np.bool_)
        axis += 1
    element = reader.element(x, tuple(inside))
    return element if here is None else reader.select(here, element, reader.number(op.out.dtype.type(0), op.out.dtype))


def scatter_at_places(op: Op) -> bool:
    """Whether the index of a scatter is fixed positions of some axes, and all of the others."""
    shape, index = op.params["shape"], op.params["index"]
    if not is_plain(index) or math.prod(shape) == 0:
        return False
    axis = 0
    for entry in entries(index, len(shape)):
        if isinstance(entry, slice) and entry.indices(shape[axis]) != (0, shape[axis], 1):
            return False
        axis += entry is not None
    return True


def _unfold(reader: Reader, op: Op, coords: Coords) -> Number:
    (x,) = op.operands
    rank = len(op.params["window"])
    first = len(x.shape) - rank
    places, windows = coords[first : first + rank], coords[first + rank :]
    moved = [k * d + t * s for k, d, t, s in zip(places, op.params["dilation"], windows, op.params["stride"])]
    return reader.element(x, (*coords[:first], *moved))


RULES: dict[str, Rule] = {
    "unfold": _unfold,
    "transpose": _transpose,
    "broadcast_to": _broadcast_to,
    "reshape": _reshape,
    "getitem": _getitem,
    "diagonal": _diagonal,
    "tril": _triangle(True),
    "triu": _triangle(False),
    "take": _take,
    "take_along_axis": _take_along_axis,
    "scatter_along_axis": _scatter_along_axis,
    "scatter": _scatter,
    **dict.fromkeys(REDUCTIONS, Reader.reduction),
}
_PARTS = {"unstack": _unstack, "split": _split}
# Rows that only say where an element is.
MOVES = frozenset({"unfold", "transpose", "broadcast_to", "reshape", "getitem", "diagonal", "unstack", "split"})


OF_COMPLEX = MOVES | {"sum", "all", "any", "tril", "triu", "take", "take_along_axis", "scatter", "scatter_along_axis"}


def readable(op: Op) -> bool:
    """Whether the elements of an operation's results can be read one by one."""
    values = (*op.operands, *op.outputs)
    if not all([scalars.is_known(value.dtype) for value in values]):
        return False
    name = op.name
    if any([value.dtype in scalars.REALS for value in values]) and name not in OF_COMPLEX:
        return complexes.dtype_of(op) is not None
    if name == "getitem":
        return is_readable(op.params["index"])
    if name == "scatter":
        return scatter_at_places(op)
    if name == "scatter_along_axis":
        return scatter_is_read(op)
    if name in ("argmax", "argmin"):
        return op.params["axis"] is not None and op.operands[0].size > 0
    return name in RULES or name in _PARTS or scalars.types(op) is not None
