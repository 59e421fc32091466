"""Loop nests as machine code: one function for each `Kernel`, ``void symbol(void **buffers, int64 start, int64 stop)``.

The loops are, from the outside: a range that threads may split; the outer loops, first those that every result has,
then those that are accumulated over; in each row the stages, loops over the inner loops, each of which reduces what
needs the results of the stages before it, and stores. What a stage has computed at length (an exponential) and a later
one needs again waits in a row of scratch memory. The innermost loop goes in vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from math import gcd
from typing import Any

from . import engine, outlined, scalars
from .exprs import Expr, Form, linear, placed, walk
from .graph import Value
from .ir import Builder, Function, Module, Step
from .loops import BLOCK, Kernel, Root, linear_of
from .reductions import Accumulator, combine, identity
from .spaced import Spaced
from .stages import Plan, Stage
from .values import Scalar, vector

LIGHT = 8  # instructions of an iteration of which four vectors go at a time


class Emitter:
    """Writes the function of a kernel."""

    def __init__(self, module: Module, kernel: Kernel, place: Callable[[Value], int], parts: dict[Root, int]) -> None:
        self.module = module
        self.kernel = kernel
        self.place = place
        self.parts = parts  # the buffers of partial results
        self.scopes: list[dict[int, Scalar]] = [{}]
        self.pairs: list[dict[Any, Scalar]] = [{}]  # of complex numbers in vectors: both parts
        self.at: dict[int, Scalar] = {}
        self.pending: set[int] = set()
        self.pointers: dict[int, Scalar] = {}
        self.held: dict[Root, Accumulator] = {}
        self.vector = -1  # the loop that goes in vectors
        self.lanes = 1
        self.modulus = 1  # divides the index of the loop in vectors
        self.new: Scalar | None = None  # of lanes some of which the vector before had
        self.ready: set[int] = set()  # what waits in scratch memory
        self.b: Builder

    def emit(self) -> None:
        """Write it."""
        kernel = self.kernel
        with Function(self.module, kernel.name, None, ["p", "i8", "i8"], internal=True) as b:
            self.b = b
            buffers, start, stop = b.arguments
            self._take_pointers(buffers)
            self.zero = b.const("i8", 0)
            if kernel.extent == 1:
                start, stop = self.zero, b.const("i8", 1)
            self.plan = plan = Plan(kernel)
            self.everything, self.pending = plan.everything, set(plan.pending)
            kept = [expr for stage in plan.stages for expr in stage.kept]
            self.scratch = {e.number: b.alloca(scalars.CODES[e.dtype], plan.row_length) for e in kept}
            if kernel.across:
                self._chunks(start, stop)
            elif kernel.strips:
                (loop,) = kernel.inner
                strip, size = kernel.strip, kernel.sizes[loop]
                if kernel.extent == 1:
                    self._row([(loop, 0, size)])
                else:
                    self._row([(loop, start * strip, b.minimum(stop * strip, b.const("i8", size)))])
            else:
                bounds = None if kernel.extent == 1 else (start, stop)
                self._outer([*kernel.parallel, *kernel.accumulated], bounds)

    def _take_pointers(self, buffers: Scalar) -> None:
        kernel = self.kernel
        exprs = [expr for root in kernel.roots for expr in root.exprs]
        used = [self.place(expr.data[0]) for expr in walk(exprs) if expr.kind == "load"]
        self.reads = tuple(dict.fromkeys(used))
        used = [self.parts.get(root, -1) if root in self.parts else self.place(root.value) for root in kernel.roots]
        self.writes = tuple(dict.fromkeys(used))
        indices = [*dict.fromkeys([*self.writes, *self.reads])]
        pointers = [self.b.load(buffers, "p", index) for index in indices]
        self.pointers = dict(zip(indices, self.b.disjoint(pointers)))

    # -- outer loops

    def _chunks(self, start: Scalar, stop: Scalar) -> None:
        kernel, b = self.kernel, self.b
        late = [root for root in kernel.roots if root.accumulates]
        with b.loop(start, stop) as (c, _):
            self.chunk = c
            with self._scope():
                held = self._begin(late)
                first = c * kernel.chunk
                last: Any = b.minimum(first + kernel.chunk, b.const("i8", kernel.count))
                if kernel.extent == 1:
                    first, last = self.zero, kernel.count
                if kernel.strips and kernel.count == 1:
                    (loop,) = kernel.inner
                    self._row([(loop, 0, kernel.sizes[loop])])
                elif kernel.strips:
                    (loop,) = kernel.inner
                    with b.loop(first, last) as (k, _), self._scope():
                        end = b.minimum(k * kernel.strip + kernel.strip, b.const("i8", kernel.sizes[loop]))
                        self._row([(loop, k * kernel.strip, end)])
                else:
                    self._outer(kernel.accumulated, (first, last))
                self._finish(late, held)

    def _outer(self, loops: Sequence[int], bounds: Any) -> None:
        """The outer loops from the first of these on; results that are accumulated within begin after the last of the
        parallel ones."""
        kernel = self.kernel
        late = [root for root in kernel.roots if root.accumulates]
        if late and not kernel.across and not [loop for loop in loops if loop in kernel.parallel]:
            with self._scope():
                held = self._begin(late)
                self._loops(loops, None)
                self._finish(late, held)
            return
        self._loops(loops, bounds)

    def _loops(self, loops: Sequence[int], bounds: Any) -> None:
        kernel = self.kernel
        if not loops:
            self._row([(loop, 0, kernel.sizes[loop]) for loop in kernel.inner])
            return
        loop, *rest = loops
        start, stop = bounds or (0, kernel.sizes[loop])
        self._hoist(self.everything)
        with self._open(loop, start, stop):
            if loop in kernel.parallel:
                self._outer(rest, None)
            else:
                self._loops(rest, None)

    @contextmanager
    def _scope(self) -> Iterator[None]:
        self.scopes.append({})
        self.pairs.append({})
        yield
        self.scopes.pop()
        self.pairs.pop()

    @contextmanager
    def _open(self, loop: int, start: Any, stop: Any) -> Iterator[None]:
        with self.b.loop(start, stop) as (index, _), self._at(loop, index):
            yield

    @contextmanager
    def _at(self, loop: int, index: Scalar) -> Iterator[None]:
        with self._scope():
            self.at[loop] = index
            yield
            del self.at[loop]

    def _in_lanes(self, loop: int, start: Any, stop: Any, widths: Sequence[int]) -> Iterator[None]:
        """A loop in vectors."""
        for index, width in self.b.spans(start, stop, *widths):
            self.vector, self.lanes = loop, width
            known = (self.kernel.strip if self.kernel.strips else BLOCK) if isinstance(start, Scalar) else start
            self.modulus = gcd(width, known)
            with self._at(loop, index):
                yield
        self.vector, self.lanes = -1, 1

    def _overlapping(self, loop: int, start: Any, stop: Any, lanes: int) -> Iterator[None]:
        """A loop in vectors of which the last one begins earlier, such that it ends with the last element.

        What it computes a second time is the same; sums leave it out.
        """
        b = self.b
        with b.loop(start, stop, lanes) as (begin, _):
            last = stop - lanes
            index = b.minimum(begin, last if isinstance(last, Scalar) else b.const("i8", last))
            self.vector, self.lanes, self.modulus = loop, lanes, 1
            with self._at(loop, index):
                self.new = b.numbers("i8", range(lanes)) >= begin - index
                yield
        self.vector, self.lanes, self.new = -1, 1, None

    # -- results that are accumulated

    def _begin(self, late: Sequence[Root]) -> dict[Root, Accumulator]:
        """Accumulators in registers for single numbers; rows in memory are set to the identity."""
        held: dict[Root, Accumulator] = {}
        kernel, b = self.kernel, self.b
        for root in late:
            if self._is_row(root):
                start = identity(b, root.kind, scalars.code_of(root.value.dtype))
                *loops, last = [loop for loop in kernel.inner if loop in self._place_symbols(root)]
                with ExitStack() as stack:
                    for loop in loops:
                        stack.enter_context(self._open(loop, 0, kernel.sizes[loop]))
                    widths = _powers(self._native_lanes([root.value.dtype]))
                    for _ in self._in_lanes(last, 0, kernel.sizes[last], widths):
                        self._store(*self._target(root), b.splat(start, vector(start.type, self.lanes)))
            else:
                held[root] = Accumulator(b, root.kind, scalars.code_of(root.value.dtype))
        self.held = held
        return held

    def _place_symbols(self, root: Root) -> frozenset[int]:
        return frozenset().union(*[form.symbols for form in root.coords]) - self.kernel.merged

    def _is_row(self, root: Root) -> bool:
        return bool(self._place_symbols(root) & set(self.kernel.inner))

    def _target(self, root: Root) -> tuple[Scalar, Any, Step]:
        """Pointer, index and step of the elements at the current place."""
        part = self.parts.get(root)
        if part is None:
            index, step = self._place_of(placed(root.coords, root.value.shape, root.part))
            return self.pointers[self.place(root.value)], index, step
        index, step = self._place_of(linear(root.coords, root.value.shape))
        if isinstance(index, Scalar) or root.value.size > 1:
            index = self.chunk * root.value.size + index
        else:
            index = self.chunk
        return self.pointers[part], index, step

    def _store(self, pointer: Scalar, index: Any, step: Step, value: Scalar) -> None:
        self.b.store(pointer, value, index, step)

    def _finish(self, late: Sequence[Root], held: dict[Root, Accumulator]) -> None:
        for root in late:
            if root in held:
                kind = self.b.convert(held[root].value(), scalars.code_of(root.value.dtype))
                self._store(*self._target(root), kind)

    # -- a row

    def _row(self, inner: list[tuple[int, Any, Any]]) -> None:
        """The stages of one row; `inner` are its loops with their bounds."""
        self._hoist(self.everything)
        self.row = inner
        for stage in self.plan.stages:
            self._stage(stage, inner)
            if stage.reduced:
                self._hoist(self.everything)
        for root in self.plan.last:
            self._leave(root)

    def _stage(self, stage: Stage, inner: list[tuple[int, Any, Any]]) -> None:
        b = self.b
        sums = [Accumulator(b, expr.data[0], scalars.CODES[expr.dtype]) for expr in stage.reduced]
        *outer, (last, start, stop) = inner
        short = isinstance(stop, int) and stop <= BLOCK
        with ExitStack() as stack:
            for loop, low, high in outer:
                stack.enter_context(self._open(loop, low, high))
                self._hoist(self.everything)
            if not any([each.blocked for each in sums]) or short or self.kernel.strips:
                whole = not outer and (short or self.kernel.strips)
                self._innermost(stage, last, start, stop, sums, whole=whole)
            else:
                with b.loop(start, stop, BLOCK) as (block, _), self._scope():
                    end = b.minimum(block + BLOCK, b.const("i8", stop) if isinstance(stop, int) else stop)
                    self._innermost(stage, last, block, end, sums, whole=False)
        for expr, total in zip(stage.reduced, sums):
            self.pending.discard(expr.number)
            self.scopes[-1][expr.number] = total.value()
        self.ready.update([expr.number for expr in stage.kept])

    def _innermost(
        self, stage: Stage, loop: int, start: Any, stop: Any, sums: list[Accumulator], *, whole: bool
    ) -> None:  # fmt: skip
        """The innermost loop."""
        if not stage.needed:
            return
        for each in sums:
            each.start_block(whole)
        widths, overlapping = self._choose_lanes(stage, loop, start, stop)
        wide: dict[int, list[Accumulator]] = {1: sums}
        for width in widths:
            wide[width] = wide.get(width) or [Accumulator(self.b, each.kind, each.type, width) for each in sums]
        each_block = self._overlapping(loop, start, stop, *widths) if overlapping else None
        for _ in each_block or self._in_lanes(loop, start, stop, widths):
            self._iteration(stage, wide[self.lanes])
        for width in widths:
            if width > 1:
                self._fold(wide[width], sums)
        for each in sums:
            each.end_block(whole)

    def _iteration(self, stage: Stage, sums: list[Accumulator]) -> None:
        """One iteration of the innermost loop of a stage."""
        for expr in stage.kept:
            value = self.value(expr)
            self._store(self.scratch[expr.number], *self._in_row(), self.b.splat(value, vector(value.type, self.lanes)))
        for expr, each in zip(stage.reduced, sums):
            each.add(self._only_new(self.value(expr.args[0]), expr.data[0]), lambda: self._in_row()[0])
        roots = list(stage.roots)
        while roots:
            root = roots.pop(0)
            pair = (
                root.part == 0 and root.kind == "store" and roots and (roots[0].value, roots[0].part) == (root.value, 1)
            )
            if pair and self._leave_pair(root, roots[0]):
                roots.pop(0)
            else:
                self._leave(root)

    def _only_new(self, value: Scalar, kind: str) -> Scalar:
        """What a reduction takes: not the lanes that the vector before has had."""
        if self.new is None:
            return value
        return self.b.select(self.new, value, identity(self.b, kind, value.type))

    def _in_row(self) -> tuple[Scalar, Step]:
        """The position in the row, and the step to the next."""
        kernel = self.kernel
        form, stride = Form(), 1
        for loop in reversed(kernel.inner):
            form = form + Form.of(loop) * stride
            stride *= kernel.sizes[loop]
        position, step = self._place_of(form)
        position = position if isinstance(position, Scalar) else self.b.const("i8", position)
        if kernel.strips and isinstance(self.row[0][1], Scalar):
            position = position - self.row[0][1]
        return position, step

    def _leave_pair(self, re: Root, im: Root) -> bool:
        """Store a vector of complex numbers if they lie side by side."""
        b = self.b
        pointer, index, step = self._target(re)
        if self.lanes == 1 or step != 2:
            return False
        first, second = [b.splat(x, vector(x.type, self.lanes)) for x in map(self.value, (re.expr, im.expr))]
        places = [place for k in range(self.lanes) for place in (k, k + self.lanes)]
        b.store(pointer, b.shuffle(first, second, places), index)
        return True

    def _leave(self, root: Root) -> None:
        """Store a result, or add it to what it accumulates."""
        b = self.b
        value = self.value(root.expr)
        if root in self.held:
            for k in range(self.lanes):
                self.held[root].add(b.lane(value, k), lambda: self._in_row()[0], single=True)
            return
        value = b.splat(value, vector(value.type, self.lanes))
        pointer, index, step = self._target(root)
        if root.accumulates:
            value = self._only_new(value, root.kind)
        if root.kind == "store":
            b.store(pointer, value, index, step)
            return
        if self.lanes > 1 and (not step or isinstance(step, tuple)):
            # Positions may be the same: one after another.
            if isinstance(step, tuple):
                places = [index + offset for offset in step]
            else:
                places = [b.lane(index, k) if isinstance(index, Scalar) else index for k in range(self.lanes)]
            values, step = [b.lane(value, k) for k in range(self.lanes)], 1
        else:
            places, values = [index], [value]
        for place, one in zip(places, values):
            if root.kind != "set":
                kind = "sum" if root.kind == "add" else root.kind
                one = combine(b, kind, b.load(pointer, one.type, place, one.lanes, step), one)
            b.store(pointer, one, place, step)

    # -- vectors

    @staticmethod
    def _native_lanes(dtypes: Sequence[Any]) -> int:
        return engine.host().vector_bytes // max([dtype.itemsize for dtype in dtypes])

    def _choose_lanes(self, stage: Stage, loop: int, start: Any, stop: Any) -> tuple[list[int], bool]:
        """How many iterations of a loop go together, as many as there are of the first, then of the next; and whether
        it is one number, and the last vector overlaps."""
        if any([expr.data[0] in ("argmax", "argmin") for expr in stage.reduced]):
            return [1], False
        moving = [e for e in walk(stage.needed, lambda e: not self._is_known(e)) if loop in e.symbols]
        names = {expr.data[0] for expr in moving if expr.kind == "apply"}
        dtypes = [expr.dtype for expr in moving if expr.kind == "load" or expr.dtype.kind == "f"]
        dtypes += [root.expr.dtype for root in stage.roots] + [expr.dtype for expr in stage.reduced]
        native = self._native_lanes(dtypes)
        heavy = bool(names & scalars.function_names())
        # Two vectors at a time hide what functions wait for, four what sums do.
        work = sum([scalars.weight(expr.data[0]) for expr in moving if expr.kind == "apply"])
        lanes = native * (4 if work <= LIGHT else 2)
        size = self.kernel.sizes[loop]
        fixed = not isinstance(start, Scalar) and not isinstance(stop, Scalar)
        part = stop - start if fixed else self.kernel.strip if self.kernel.strips else BLOCK
        length = min(size, part)
        # Some vectors at least; of two sizes rather the one that leaves nothing over.
        while lanes > 1 and (lanes > length or (lanes > native and (length < 4 * lanes or heavy) and length % lanes)):
            lanes //= 2
        if (length if fixed else gcd(size, part)) % lanes == 0:
            return [lanes], False
        if (
            heavy
            and not set(self.reads) & set(self.writes)
            and all([r.kind not in ("add", "set") for r in stage.roots])
        ):
            return [lanes], True
        rest = length % lanes
        return [width for width in _powers(lanes) if width == lanes or width & rest] if fixed else [lanes, 1], False

    def _fold(self, wide: list[Accumulator], sums: list[Accumulator]) -> None:
        """Take the lanes of sums together."""
        for each, total in zip(wide, sums):
            folded = self.b.fold(each.held(), partial(combine, self.b, each.kind))
            total.add(folded, lambda: self.zero)

    # -- expressions

    def _available(self, number: int) -> Scalar | None:
        for scope in reversed(self.scopes):
            if number in scope:
                return scope[number]
        return None

    def _is_known(self, expr: Expr) -> bool:
        """Whether it is computed, or waits in scratch memory."""
        return expr.number in self.ready or self._available(expr.number) is not None

    def _hoist(self, exprs: Sequence[Expr]) -> None:
        """Compute here what depends on no loop that is still to be opened."""
        opened = frozenset(self.at)
        blocked: set[int] = set()
        for expr in walk(exprs, lambda e: not self._is_known(e)):
            if self._available(expr.number) is not None:
                continue
            if (
                expr.number in self.ready
                or expr.number in self.pending
                or not self.kernel.levels(expr) <= opened
                or any([arg.number in blocked for arg in expr.args])
                or (expr.kind == "load" and self._is_written(expr))
            ):
                blocked.add(expr.number)
            elif expr.kind != "constant":
                self.scopes[-1][expr.number] = self._compute(expr)

    def _is_written(self, expr: Expr) -> bool:
        return self.place(expr.data[0]) in self.writes

    def value(self, root: Expr) -> Scalar:
        """The expression, here."""
        found = self._available(root.number)
        if found is not None:
            return found
        for expr in walk([root], lambda e: not self._is_known(e)):
            if self._available(expr.number) is None:
                self.scopes[-1][expr.number] = self._compute(expr)
        return self.scopes[-1][root.number]

    def _get(self, expr: Expr) -> Scalar:
        found = self._available(expr.number)
        return self._compute(expr) if found is None else found

    def _compute(self, expr: Expr) -> Scalar:
        b = self.b
        code = scalars.CODES[expr.dtype]
        if expr.kind == "constant":
            return b.const(code, expr.data.item())
        if expr.number in self.ready:
            index, step = self._in_row()
            return b.load(self.scratch[expr.number], code, index, self.lanes if step else 1, step)
        if expr.kind == "load":
            value, coords, part = expr.data
            index, step = self._place_of(placed(coords, value.shape, 0 if part else part))
            if part is not None and step == 2 and self.lanes > 1:
                pair = self.pairs[-1].get((value, coords))
                if pair is None:
                    pair = b.load(self.pointers[self.place(value)], code, index, 2 * self.lanes)
                    self.pairs[-1][value, coords] = pair
                return b.shuffle(pair, pair, range(part, 2 * self.lanes, 2))
            if part:
                index = index + 1
            return b.load(self.pointers[self.place(value)], code, index, self.lanes if step else 1, step)
        if expr.kind == "index":
            position = self._position(expr.data)
            return position if isinstance(position, Scalar) else b.const("i8", position)
        args = [self._get(arg) for arg in expr.args]
        if expr.kind == "convert":
            return scalars.convert(b, args[0], code)
        if expr.kind == "apply":
            name, params = expr.data
            if self.plan.calls and name in scalars.function_names():
                return outlined.called(b, name, args)
            return scalars.emit(b, name, args, dict(params))
        return self._reduction(expr)

    def _reduction(self, expr: Expr) -> Scalar:
        """A reduction with loops of its own."""
        kernel, b = self.kernel, self.b
        kind, symbols = expr.data
        lanes = self.lanes if self.vector in expr.symbols else 1
        total = Accumulator(b, kind, scalars.CODES[expr.dtype], lanes)
        total.start_block(True)
        with ExitStack() as stack:
            for symbol in symbols:
                stack.enter_context(self._open(symbol, 0, kernel.sizes[symbol]))
            place = linear_of(kernel, symbols)

            def position() -> Scalar:
                found = self._position(place)
                assert isinstance(found, Scalar)
                return found

            total.add(self.value(expr.args[0]), position)
        total.end_block(True)
        return total.value()

    def _place_of(self, form: Form) -> tuple[Any, Step]:
        """A Form as a number, that of the first lane, and the step from one lane to the next.

        Where the lanes are not spaced in a way that is known, as in a gather, it is one number for each.
        """
        if self.lanes > 1 and any([self.vector in expr.symbols for expr in form.exprs]):
            spaced = self._spaced(form)
            if spaced is not None:
                return spaced.place
        total: Any = form.const
        step = 0
        for term, factor in form.terms:
            if isinstance(term, int):
                if term in self.kernel.merged:
                    continue
                index = self.at[term]
                if term == self.vector:
                    step += factor
            else:
                index = self._get(term)
            part = index * factor if factor != 1 else index
            total = part if isinstance(total, int) and total == 0 else part + total
        if step and isinstance(total, Scalar) and total.lanes > 1:
            return total + self.b.numbers("i8", [k * step for k in range(self.lanes)]), 0
        return total, step

    def _position(self, form: Form) -> Any:
        """A Form as a number, in each lane."""
        total, step = self._place_of(form)
        if not step or self.lanes == 1:
            return total
        places = step if isinstance(step, tuple) else [k * step for k in range(self.lanes)]
        return total + self.b.numbers("i8", places)

    def _spaced(self, form: Form) -> Spaced | None:
        """A Form in vectors, where the lanes differ by constants."""
        total = Spaced(form.const, form.const, 0, (0,) * self.lanes)
        for term, factor in form.terms:
            if isinstance(term, int):
                if term in self.kernel.merged:
                    continue
                moving = term == self.vector
                offsets = tuple([k if moving else 0 for k in range(self.lanes)])
                part: Spaced | None = Spaced(self.at[term], 0, self.modulus if moving else 1, offsets)
            elif self.vector in term.symbols:
                part = self._spaced_expr(term)
            else:
                part = Spaced(self._get(term), 0, 1, (0,) * self.lanes)
            if part is None:
                return None
            total = total.plus(part, factor)
        return total

    def _spaced_expr(self, expr: Expr) -> Spaced | None:
        if expr.kind == "index":
            return self._spaced(expr.data)
        if expr.kind == "convert" and expr.dtype.kind in "iu" and expr.dtype.itemsize == 8:
            (x,) = expr.args
            return self._spaced_expr(x) if x.dtype.kind in "iu" and x.dtype.itemsize == 8 else None
        if expr.kind == "apply" and expr.data[0] == "floor_divide" and expr.args[1].kind == "constant":
            spaced = self._spaced_expr(expr.args[0]) if expr.dtype.kind == "u" else None
            return None if spaced is None else spaced.divided(self.b, int(expr.args[1].data))
        return None


def _powers(lanes: int) -> list[int]:
    """A power of two and those below it."""
    return [lanes >> k for k in range(lanes.bit_length())]


def emit_kernel(
    module: Module, kernel: Kernel, place: Callable[[Value], int], parts: dict[Root, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Write the function; the indices of the buffers that it reads and writes."""
    emitter = Emitter(module, kernel, place, parts)
    emitter.emit()
    return emitter.reads, emitter.writes
