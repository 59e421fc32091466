"""The one place that writes LLVM IR: modules, functions, and a builder whose scalars read like Python numbers.

Everything that becomes machine code (`maths`, kernels, the call entry) is written against `Builder` and `Scalar`. The
IR is text, one line an instruction, which `engine.compile` takes; nothing here needs LLVM itself::

    module = Module("example", fma=True)
    with Function(module, "axpy", None, ["p", "p", "f4", "i8"]) as b:
        y, x, a, n = b.arguments
        y, x = b.disjoint([y, x])
        with b.loop(0, n) as (i, _):
            b.store(y, b.fma(a, b.load(x, "f4", i), b.load(y, "f4", i)), i)

Types are NumPy's codes: "f4", "f8", "i1" ... "i8", "u1" ... "u8", "b1" (a boolean; one byte in memory) and "p" (a
pointer). Arithmetic is IEEE's and integers wrap, as NumPy's do: nothing is contracted or reordered. "f4x8" is eight
"f4" in a vector register; what is written for one number works on vectors of them too::

        for i, lanes in b.spans(0, n, 8, 1):
            b.store(y, b.fma(a, b.load(x, "f4", i, lanes), b.load(y, "f4", i, lanes)), i)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .modules import UNTYPED, Function, result_type
from .modules import Module as Module
from .values import LANES, LLVM, SIZE, Number, Scalar, literal, named, vector
from .vectors import Vectors

Step = int | tuple[int, ...]  # from one lane's element to the next one's, or of each from the index


class Builder(Vectors):
    """Writes the instructions of one function, in order, at the end of the current block.

    Attributes
    ----------
    arguments : list of Scalar
        The function's arguments.
    known : dict
        What was computed before in this block of instructions, or before a choice that ends where it begins, and may be
        used again.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self.module = function.module
        self.arguments = [Scalar(self, f"%a{k}", type) for k, type in enumerate(function.arguments)]
        self.known: dict[Any, Any] = {}
        self._lines: list[str] = []
        self._allocas: list[str] = []
        self._names = 0
        self._block = "entry"
        self._open = True  # the current block has no terminator yet
        self._loops: list[_Loop] = []

    # -- values

    def const(self, type: str, value: Any) -> Scalar:
        """A constant; a float is rounded to the type, an integer wraps."""
        return Scalar(self, literal(type, value), type)

    def null(self) -> Scalar:
        """The null pointer."""
        return Scalar(self, "null", "p")

    def operand(self, value: Number, type: str, lanes: int = 1) -> str:
        """The text of an operand that must have `type`; a single number is spread to the lanes."""
        if not isinstance(value, Scalar):
            return literal(type, value, lanes)
        if value.type != type:
            raise TypeError(f"{type} expected, not {value.type}")
        return value.text if value.lanes == lanes else self.splat(value, vector(type, lanes)).text

    def operands(self, values: Sequence[Number], type: str) -> tuple[list[str], int]:
        """The texts of operands that must have `type`, and how many lanes all of them then have."""
        lanes = max([value.lanes for value in values if isinstance(value, Scalar)], default=1)
        return [self.operand(value, type, lanes) for value in values], lanes

    def emit(self, instruction: str, type: str, lanes: int = 1) -> Scalar:
        """Write an instruction that gives a value of `type`."""
        self._names = number = self._names + 1
        name = f"%v{number}"
        self._write(f"{name} = {instruction}")
        return Scalar(self, name, type, lanes)

    def address(self, target: Function | str) -> Scalar:
        """The address of a function, of one of the module's tables and variables, or of an external function."""
        name = target if isinstance(target, str) else target.name
        if name not in self.module.functions and name not in self.module._globals:
            self.module.declarations.setdefault(name, UNTYPED.format(name))
        return Scalar(self, f"@{name}", "p")

    # -- conversions

    def convert(self, x: Scalar, type: str) -> Scalar:
        """C's cast. A float outside the integer type's range gives no particular value."""
        source = x.type
        if source == type:
            return x
        if type == "b1":
            return x != 0
        if "p" in (source, type):
            operation = "ptrtoint" if source == "p" else "inttoptr"
        elif source[0] == "f" and type[0] == "f":
            operation = "fpext" if type == "f8" else "fptrunc"
        elif source[0] == "f":
            operation = "fptosi" if type[0] == "i" else "fptoui"
        elif type[0] == "f":
            operation = "sitofp" if source[0] == "i" else "uitofp"
        elif source != "b1" and SIZE[source] == SIZE[type]:
            return Scalar(self, x.text, type, x.lanes)
        elif SIZE[source] > SIZE[type]:
            operation = "trunc"
        else:
            operation = "sext" if source[0] == "i" else "zext"
        return self.emit(f"{operation} {named(source, x.lanes)} {x.text} to {named(type, x.lanes)}", type, x.lanes)

    def bitcast(self, x: Scalar, type: str) -> Scalar:
        """The same bits as another type of the same size."""
        if SIZE[x.type] != SIZE[type]:
            raise TypeError(f"bitcast from {x.type} to {type}: the sizes differ")
        if LLVM[x.type] == LLVM[type]:
            return Scalar(self, x.text, type, x.lanes)
        return self.emit(f"bitcast {named(x.type, x.lanes)} {x.text} to {named(type, x.lanes)}", type, x.lanes)

    # -- arithmetic

    def select(self, condition: Scalar, x: Number, y: Number) -> Scalar:
        """x where the condition holds, else y; both are computed. One of them must be a Scalar."""
        type = x.type if isinstance(x, Scalar) else y.type  # type: ignore[union-attr]
        lanes = max([value.lanes for value in (condition, x, y) if isinstance(value, Scalar)])
        texts = [f"{named(type, lanes)} {self.operand(v, type, lanes)}" for v in (x, y)]
        test = f"{named('b1', condition.lanes)} {self.operand(condition, 'b1', condition.lanes)}"
        return self.emit(f"select {test}, {texts[0]}, {texts[1]}", type, lanes)

    def intrinsic(self, name: str, *arguments: Number, result: str | None = None) -> Scalar:
        """LLVM's function `name`, overloaded on the first argument's type; all arguments have that type."""
        type = next(a.type for a in arguments if isinstance(a, Scalar))
        texts, lanes = self.operands(arguments, type)
        full, result = vector(type, lanes), vector(result or type, lanes)
        symbol = f"{name}.{f'v{lanes}' if lanes > 1 else ''}{'f' if type[0] == 'f' else 'i'}{8 * SIZE[type]}"
        self.module.declare(symbol, result, [full] * len(arguments))
        given = ", ".join([f"{LLVM[full]} {text}" for text in texts])
        return self.emit(f"call {LLVM[result]} @{symbol}({given})", result)

    def fma(self, x: Number, y: Number, z: Number) -> Scalar:
        """x * y + z: one rounding where the target has the instruction, else two."""
        if self.module.fma:
            return self.intrinsic("llvm.fma", x, y, z)
        return x * y + z  # type: ignore[return-value]

    def sqrt(self, x: Scalar) -> Scalar:
        return self.intrinsic("llvm.sqrt", x)

    def abs(self, x: Scalar) -> Scalar:
        """|x|; of the smallest integer, itself."""
        return (
            self.intrinsic("llvm.fabs", x) if x.type[0] == "f" else self.select(x < 0, -x, x) if x.type[0] == "i" else x
        )

    def floor(self, x: Scalar) -> Scalar:
        return self.intrinsic("llvm.floor", x)

    def ceil(self, x: Scalar) -> Scalar:
        return self.intrinsic("llvm.ceil", x)

    def trunc(self, x: Scalar) -> Scalar:
        return self.intrinsic("llvm.trunc", x)

    def rint(self, x: Scalar) -> Scalar:
        """The nearest integer, halves to even."""
        return self.intrinsic("llvm.rint", x)

    def copysign(self, x: Number, sign: Number) -> Scalar:
        return self.intrinsic("llvm.copysign", x, sign)

    def minnum(self, x: Number, y: Number) -> Scalar:
        """The smaller one; the other one where one is NaN (C's fmin)."""
        return self.intrinsic("llvm.minnum", x, y)

    def maxnum(self, x: Number, y: Number) -> Scalar:
        """The larger one; the other one where one is NaN (C's fmax)."""
        return self.intrinsic("llvm.maxnum", x, y)

    def minimum(self, x: Scalar, y: Number) -> Scalar:
        """NumPy's minimum, of floats (NaN where one is NaN) and integers."""
        return self._extremum("minimum", "min", x, y)

    def maximum(self, x: Scalar, y: Number) -> Scalar:
        """NumPy's maximum, of floats (NaN where one is NaN) and integers."""
        return self._extremum("maximum", "max", x, y)

    def _extremum(self, of_floats: str, of_integers: str, x: Scalar, y: Number) -> Scalar:
        kind = x.type[0]
        if kind == "b":
            return x & y if of_integers == "min" else x | y
        name = {"f": of_floats, "i": "s" + of_integers, "u": "u" + of_integers}[kind]
        return self.intrinsic(f"llvm.{name}", x, y)

    # -- memory

    def offset(self, pointer: Scalar, bytes: Number) -> Scalar:
        """The pointer moved by a number of bytes."""
        moved = self.emit(f"getelementptr inbounds i8, ptr {pointer.text}, i64 {self.operand(bytes, 'i8')}", "p")
        moved.region = pointer.region
        return moved

    def load(self, pointer: Scalar, type: str, index: Number = 0, lanes: int = 1, step: Step = 1) -> Scalar:
        """Element `index` of the array of `type` at the pointer.

        With lanes, that one and those that follow it at a distance of `step` elements, or those at the distances from
        it that a tuple gives; of an index with lanes, the elements at those places.
        """
        lanes, type = LANES.get(type, (lanes, type))
        if type == "b1":
            return self.load(pointer, "u1", index, lanes, step) != 0
        if isinstance(index, Scalar) and index.lanes > 1:
            return self.from_lanes([self.load(pointer, type, self.lane(index, k)) for k in range(index.lanes)])
        if lanes > 1 and step != 1:
            return self._load_apart(pointer, type, index, lanes, step)
        full = vector(type, lanes)
        return self.emit(
            f"load {LLVM[full]}, ptr {self._element(pointer, type, index)}, {_access(pointer, type)}", full
        )

    def _load_apart(self, pointer: Scalar, type: str, index: Number, lanes: int, step: Step) -> Scalar:
        first = index if isinstance(index, Scalar) else self.const("i8", index)
        if isinstance(step, tuple):
            lowest, size = min(step), max(step) - min(step) + 1
            if size <= lanes and size & (size - 1) == 0:
                near = self.load(pointer, type, first + lowest, size)
                return self.shuffle(near, near, [place - lowest for place in step])
            found = {place: self.load(pointer, type, first + place) for place in dict.fromkeys(step)}
            return self.from_lanes([found[place] for place in step])
        if step == -1:
            last = self.load(pointer, type, first - (lanes - 1), lanes)
            return self.shuffle(last, last, range(lanes - 1, -1, -1))
        if step == 2:
            # Two vectors that end with the last element, not after it.
            low, high = [self.load(pointer, type, first + start, lanes) for start in (0, lanes - 1)]
            places = [2 * k if 2 * k < lanes else 2 * k + 1 for k in range(lanes)]
            return self.shuffle(low, high, places)
        return self.from_lanes([self.load(pointer, type, first + k * step) for k in range(lanes)])

    def store(self, pointer: Scalar, value: Scalar, index: Number = 0, step: Step = 1) -> None:
        """Write element `index` of the array of the value's type at the pointer; of a vector, as `load` reads it."""
        if value.type == "b1":
            value = self.convert(value, "u1")
        type, lanes = value.type, value.lanes
        if isinstance(index, Scalar) and index.lanes > 1:
            for k in range(index.lanes):
                self.store(pointer, self.lane(value, k), self.lane(index, k))
        elif lanes > 1 and step == -1:
            self.store(pointer, self.shuffle(value, value, range(lanes - 1, -1, -1)), index - (lanes - 1))
        elif lanes > 1 and step != 1:
            for k, place in enumerate(step if isinstance(step, tuple) else range(0, lanes * step, step)):
                self.store(pointer, self.lane(value, k), index + place)
        else:
            target = self._element(pointer, type, index)
            self._write(f"store {named(type, lanes)} {value.text}, ptr {target}, {_access(pointer, type)}")

    def _element(self, pointer: Scalar, type: str, index: Number) -> str:
        if not isinstance(index, Scalar) and index == 0:
            return pointer.text
        return self.emit(
            f"getelementptr inbounds {LLVM[type]}, ptr {pointer.text}, i64 {self.operand(index, 'i8')}", "p"
        ).text

    def disjoint(self, pointers: Sequence[Scalar]) -> list[Scalar]:
        """The same pointers, marked: what is reached through one of them is not reached through another.

        Instructions on marked arrays may change places. `offset` keeps the mark.
        """
        metadata = self.module.metadata
        domain = metadata('distinct !{SELF, !"arrays"}')
        scopes = [metadata(f"distinct !{{SELF, {domain}}}") for _ in pointers]
        result = []
        for k, pointer in enumerate(pointers):
            own = metadata(f"!{{{scopes[k]}}}")
            others = metadata(f"!{{{', '.join(scopes[:k] + scopes[k + 1 :])}}}")
            result.append(Scalar(self, pointer.text, "p", region=(own, others)))
        return result

    def exchange(self, pointer: Scalar, value: Scalar) -> Scalar:
        """Write a value and give the one that was there, atomically."""
        return self._atomic("xchg", pointer, value)

    def fetch_add(self, pointer: Scalar, value: Scalar) -> Scalar:
        """Add to an integer in memory and give the one that was there, atomically."""
        return self._atomic("add", pointer, value)

    def _atomic(self, operation: str, pointer: Scalar, value: Scalar) -> Scalar:
        operands = f"ptr {pointer.text}, {LLVM[value.type]} {value.text}"
        return self.emit(f"atomicrmw {operation} {operands} acq_rel, align {SIZE[value.type]}", value.type)

    def acquire(self, pointer: Scalar, type: str) -> Scalar:
        """Load from memory that another thread writes with `release`: what it wrote before that is seen then."""
        return self.emit(f"load atomic {LLVM[type]}, ptr {pointer.text} acquire, align {SIZE[type]}", type)

    def release(self, pointer: Scalar, value: Scalar) -> None:
        """Store, for `acquire`."""
        type = LLVM[value.type]
        self._write(f"store atomic {type} {value.text}, ptr {pointer.text} release, align {SIZE[value.type]}")

    def replace(self, pointer: Scalar, old: Scalar, new: Scalar) -> Scalar:
        """Whether `old` was in memory, where `new` is now, atomically; else the memory stays as it is."""
        type = LLVM[old.type]
        operands = f"ptr {pointer.text}, {type} {old.text}, {type} {new.text}"
        pair = self.emit(f"cmpxchg {operands} acq_rel acquire, align {SIZE[old.type]}", "p")
        return self.emit(f"extractvalue {{ {type}, i1 }} {pair.text}, 1", "b1")

    def alloca(self, type: str, count: int = 1) -> Scalar:
        """`count` elements on the stack, until the function returns."""
        self._names = number = self._names + 1
        lanes, element = LANES.get(type, (1, type))
        memory = named("u1" if element == "b1" else element, lanes)
        self._allocas.append(
            f"%v{number} = alloca {memory}, i64 {count}, align {64 if SIZE[type] * count >= 64 else SIZE[type]}"
        )
        return Scalar(self, f"%v{number}", "p")

    def copy(self, target: Scalar, source: Scalar, bytes: Number) -> None:
        """C's memcpy."""
        self.module.declarations["llvm.memcpy.p0.p0.i64"] = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
        size = self.operand(bytes, "i8")
        self._write(f"call void @llvm.memcpy.p0.p0.i64(ptr {target.text}, ptr {source.text}, i64 {size}, i1 false)")

    def zero(self, target: Scalar, bytes: Number) -> None:
        """C's memset with 0."""
        self.module.declarations["llvm.memset.p0.i64"] = "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"
        self._write(
            f"call void @llvm.memset.p0.i64(ptr {target.text}, i8 0, i64 {self.operand(bytes, 'i8')}, i1 false)"
        )

    # -- control

    @contextmanager
    def loop(
        self,
        start: Number,
        stop: Number,
        step: int = 1,
        carry: Sequence[Scalar] = (),
    ) -> Iterator[tuple[Scalar, list[Scalar]]]:
        """`for i in range(start, stop, step)` with values carried from one iteration to the next.

        Gives (i, values): an "i8" and a list. The body writes the next iteration's values into the list; after the loop
        the list has the last ones::

            with b.loop(0, n, carry=[b.const("f8", 0)]) as (i, total):
                total[0] = total[0] + b.load(x, "f8", i)
            b.ret(total[0])
        """
        first = Scalar(self, self.operand(start, "i8"), "i8")
        loop = _Loop(self, [first, *carry])
        index = loop.values[0]
        loop.leave_unless(index < stop if step > 0 else index > stop)
        values = loop.values[1:]
        loop.current = lambda: [index, *values]
        yield index, values
        following = self.emit(f"add nsw i64 {index.text}, {step}", "i8")
        values[:] = loop.close([following, *values])[1:]

    def spans(self, start: Number, stop: Number, *widths: int) -> Iterator[tuple[Scalar, int]]:
        """The blocks of a range: as many as there are of the first width, then of the next one; index and width.

        What is done with a block is written once for each width. If the last is not 1, there must be nothing left.
        """
        for width in widths:
            if isinstance(start, Scalar) or isinstance(stop, Scalar):
                last = width == widths[-1]
                end = stop if last else stop - (self.const("i8", 0) + stop - start) % width
                with self.loop(start, end, width) as (index, _):
                    yield index, width
            else:
                end = start + (stop - start) // width * width
                if end - start == width:
                    yield self.const("i8", start), width
                elif end > start:
                    with self.loop(start, end, width) as (index, _):
                        yield index, width
            start = end

    @contextmanager
    def repeat(self, carry: Sequence[Scalar] = ()) -> Iterator[list[Scalar]]:
        """A loop without an end of its own: `break_if` leaves it. Carried values as in `loop`."""
        loop = _Loop(self, list(carry))
        values = list(loop.values)
        loop.current = lambda: list(values)
        yield values
        values[:] = loop.close(list(values))

    def break_if(self, condition: Scalar) -> None:
        """Leave the innermost loop where the condition holds, with the carried values as they are now."""
        self._loops[-1].leave_unless(~condition)

    @contextmanager
    def if_(self, condition: Scalar, likely: bool | None = None) -> Iterator[None]:
        """Run the body where the condition holds; `likely` says which way it mostly goes."""
        then, after, known = self._label(), self._label(), self.known
        self._branch(condition, then, after, likely)
        self._start(then)
        yield
        self._jump(after)
        self._start(after)
        self.known = known

    def choose(
        self,
        condition: Scalar,
        then: Callable[[], Sequence[Scalar]],
        otherwise: Callable[[], Sequence[Scalar]],
        likely: bool | None = None,
    ) -> list[Scalar]:
        """The scalars that `then` or `otherwise` gives, of which only the one chosen runs (select runs both)."""
        labels, after, known = [self._label(), self._label()], self._label(), self.known
        self._branch(condition, labels[0], labels[1], likely)
        ends = []
        for label, branch in zip(labels, [then, otherwise]):
            self._start(label)
            values = list(branch())
            if self._open:  # it did not return
                ends.append((values, self._block))
                self._jump(after)
        self._start(after)
        self.known = known
        return [self._phi(pair, [block for _, block in ends]) for pair in zip(*[values for values, _ in ends])]

    def _phi(self, values: Sequence[Scalar], blocks: Sequence[str]) -> Scalar:
        texts, lanes = self.operands(values, values[0].type)
        edges = ", ".join([f"[ {text}, %{block} ]" for text, block in zip(texts, blocks)])
        return self.emit(f"phi {named(values[0].type, lanes)} {edges}", values[0].type, lanes)

    def call(self, target: Function | str | int | Scalar, result: str | None, arguments: Sequence[Scalar]) -> Scalar:
        """Call a function of the module, an external symbol by its name, an absolute address, or a pointer.

        External functions take and give floats, pointers and integers of 4 or 8 bytes. The Scalar of a call without a
        result is empty.
        """
        types = [vector(a.type, a.lanes) for a in arguments]
        if isinstance(target, str):
            target = self.module.functions.get(target, target)
        if isinstance(target, Function):
            if (target.result, target.arguments) != (result, tuple(types)):
                raise TypeError(
                    f"{target.name} is {target.arguments} -> {target.result}, called as {types} -> {result}"
                )
            callee = f"@{target.name}"
        elif isinstance(target, str):
            self.module.declare(target, result, types)
            callee = f"@{target}"
        elif isinstance(target, int):
            callee = f"inttoptr (i64 {target} to ptr)"
        else:
            callee = self.operand(target, "p")
        given = ", ".join([f"{LLVM[type]} {argument.text}" for type, argument in zip(types, arguments)])
        line = f"call {result_type(result)} {callee}({given})"
        if result is not None:
            return self.emit(line, result)
        self._write(line)
        return Scalar(self, "", "")

    def ret(self, value: Number | None = None) -> None:
        """Return; what follows in the same block is unreachable."""
        result = self.function.result
        if (value is None) != (result is None):
            raise TypeError(f"{self.function.name} returns {result}")
        lanes, type = LANES.get(result or "", (1, result or ""))
        self._write("ret void" if value is None else f"ret {named(type, lanes)} {self.operand(value, type, lanes)}")
        self._open = False

    # -- blocks

    def _write(self, line: str) -> None:
        if not self._open:
            self._start(self._label())
        self._lines.append("  " + line)

    def _label(self) -> str:
        self._names += 1
        return f"b{self._names}"

    def _start(self, label: str) -> None:
        if self._open:
            self._jump(label)
        self._lines.append(f"{label}:")
        self._block = label
        self._open = True
        self.known = {}

    def _jump(self, label: str) -> None:
        if self._open:
            self._lines.append(f"  br label %{label}")
            self._open = False

    def _branch(self, condition: Scalar, then: str, otherwise: str, likely: bool | None = None) -> None:
        line = f"br i1 {self.operand(condition, 'b1')}, label %{then}, label %{otherwise}"
        if likely is not None:
            weights = "i32 2000, i32 1" if likely else "i32 1, i32 2000"
            node = self.module.metadata(f'!{{!"branch_weights", {weights}}}')
            line += f", !prof {node}"
        self._write(line)
        self._open = False

    def _finish(self) -> str:
        function = self.function
        if self._open:
            if function.result is not None:
                raise TypeError(f"{function.name} must return {function.result} on every path")
            self.ret()
        linkage = "internal " if function.internal else ""
        arguments = ", ".join([f"{named(a.type, a.lanes)} {a.text}" for a in self.arguments])
        head = f"define {linkage}{result_type(function.result)} @{function.name}({arguments}) nounwind"
        head = f"{head} {function.attributes} {{"
        return "\n".join([head, "entry:", *["  " + line for line in self._allocas], *self._lines, "}"])


class _Loop:
    """A loop's blocks. The header's phis wait for the values of the next iteration, which `close` brings."""

    def __init__(self, builder: Builder, initial: Sequence[Scalar]) -> None:
        self.builder = builder
        self.initial = initial
        self.entry = builder._block if builder._open else builder._label()
        if not builder._open:
            builder._start(self.entry)
        self.header, self.exit = builder._label(), builder._label()
        builder._start(self.header)
        self.place = len(builder._lines)
        self.values = [builder.emit("", value.type, value.lanes) for value in initial]
        self.current: Callable[[], list[Scalar]] = lambda: self.values
        self.edges: list[tuple[str, list[Scalar]]] = []
        builder._loops.append(self)

    def leave_unless(self, condition: Scalar) -> None:
        b = self.builder
        self.edges.append((b._block, self.current()))
        stay = b._label()
        b._branch(condition, stay, self.exit)
        b._start(stay)

    def close(self, following: list[Scalar]) -> list[Scalar]:
        """Jump back; the values with which the loop was left."""
        b = self.builder
        b._loops.pop()
        for k, (first, phi, after) in enumerate(zip(self.initial, self.values, following)):
            edges = f"[ {first.text}, %{self.entry} ], [ {b.operand(after, phi.type, phi.lanes)}, %{b._block} ]"
            b._lines[self.place + k] = f"  {phi.text} = phi {named(phi.type, phi.lanes)} {edges}"
        b._write(f"br label %{self.header}")
        b._open = False
        b._start(self.exit)
        if len(self.edges) == 1:
            return self.edges[0][1]
        blocks = [block for block, _ in self.edges]
        return [b._phi(values, blocks) for values in zip(*[values for _, values in self.edges])]


def _access(pointer: Scalar, type: str) -> str:
    """What follows the pointer of a load or store: alignment and aliasing."""
    aligned = f"align {SIZE[LANES[type][1] if type in LANES else type]}"
    if pointer.region is None:
        return aligned
    own, others = pointer.region
    return f"{aligned}, !alias.scope {own}, !noalias {others}"
