"""Loop nests as machine code: one function for each `Kernel`, ``void symbol(void **buffers, int64 start, int64 stop)``.

The loops are, from the outside: a range that threads may split; the outer loops, first those that every result has, then
those that are accumulated over; in each row the stages, loops over the inner loops, each of which reduces what needs the
results of the stages before it, and stores. What a stage has computed at length (an exponential) and a later one needs
again waits in a row of scratch memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from . import scalars
from .exprs import Expr, Expressions, Form, linear, walk
from .graph import Value
from .ir import Builder, Function, Module
from .reductions import Accumulator, combine, identity
from .values import Scalar

BLOCK = 1024  # elements that are summed in the native precision, in any order
STRIP = 4096  # elements of a long loop that are one iteration for threads
SCRATCH = 1 << 16  # bytes of a row that waits for a later stage
HEAVY = 10  # instructions worth a store and a load
CHUNK = 1 << 14  # elements that are accumulated together at least
RARE = frozenset({"sin", "cos", "tan"})  # need a branch for rare arguments
SLOW: dict[str, bool | int] = {"unroll.disable": True, "vectorize.enable": False}
CHUNKS = 64  # at most so many partial results


class Root:
    """Something that a kernel leaves in memory.

    Attributes
    ----------
    value, coords
        Where: a value of the graph, and coordinates there.
    expr : Expr
        What.
    kind : str
        "store"; "add" to what is there or "set" it, one element after another; or the name of the reduction by which it is accumulated over `over`.
    over : frozenset of int
        The loops that are accumulated over.
    """

    __slots__ = ("coords", "expr", "kind", "over", "value")

    def __init__(
        self, value: Value, coords: tuple[Form, ...], expr: Expr, kind: str = "store", over: frozenset[int] = frozenset()
    ) -> None:  # fmt: skip
        self.value = value
        self.coords = coords
        self.expr = expr
        self.kind = kind
        self.over = over

    @property
    def accumulates(self) -> bool:
        """Whether its loops end before it is whole."""
        return self.kind not in ("store", "add", "set")

    @property
    def exprs(self) -> list[Expr]:
        """What must be computed for it."""
        return [self.expr, *[expr for form in self.coords for expr in form.exprs]]

    @property
    def symbols(self) -> frozenset[int]:
        """The loops that it depends on."""
        return self.expr.symbols.union(*[form.symbols for form in self.coords])


class Kernel:
    """Loops and what they compute.

    Attributes
    ----------
    parallel, accumulated, inner : list of int
        The loops in order: outer ones that results have, outer ones that they are accumulated over, inner ones.
    strips : bool
        There is one loop, which is cut into strips.
    extent : int
        Iterations of the function.
    chunk : int
        Outer iterations (or strips) to one of the extent.
    """

    def __init__(self, name: str, make: Expressions, loops: Sequence[int], inner: Any, accumulated: Any) -> None:
        self.name = name
        self.make = make
        self.loops = list(loops)
        self.inner_set = inner
        self.accumulated_set = accumulated
        self.roots: list[Root] = []
        self.sizes = dict(make.sizes)
        self.merged: set[int] = set()
        self.extent = self.chunk = 1
        self.strip = STRIP

    def plan(self) -> None:
        """Order the loops, join those that are one in memory, and decide how the work may be split."""
        loops, inner, accumulated = self.loops, self.inner_set, self.accumulated_set
        totals = any([root.accumulates and root.over >= set(loops) for root in self.roots])
        if inner is not None:
            outer = [loop for loop in loops if loop not in inner]
            summed = set(outer) if totals else set(accumulated or ())
            classes = [[x for x in outer if x not in summed], [x for x in outer if x in summed], sorted(inner)]
        elif accumulated is not None:
            last = max(accumulated)
            rest = [loop for loop in loops if loop > last]
            classes = [[x for x in loops if x < last and x not in accumulated], sorted(accumulated), rest]
        else:
            classes = [[], [], list(loops)]
        self.sizes = dict(self.make.sizes)
        forms = self._forms()
        classes = [self._joined(each, forms) for each in classes]
        self.strips = False
        if inner is None and accumulated is None:
            (*outer, last) = classes[2] or [-1]
            classes = [[], outer, [last]] if totals else [outer, [], [last]]
            self.strips = not outer and last >= 0
            if last < 0:
                classes = [[], [], []]
        self.parallel, self.accumulated, self.inner = classes
        self._reduce_rows()
        self._split()

    def _reduce_rows(self) -> None:
        """What is accumulated over the inner loops too is reduced over the row first."""
        inner = set(self.inner)
        for root in self.roots:
            if root.accumulates and inner and root.over >= inner:
                symbols = [x for x in self.loops if x in root.over and (x in inner or x in self.merged)]
                root.expr = self.make.reduce(root.kind, root.expr, symbols, root.value.dtype)

    def _forms(self) -> list[Form]:
        exprs = [expr for root in self.roots for expr in root.exprs]
        forms = [linear(root.coords, root.value.shape) for root in self.roots]
        for expr in walk(exprs):
            if expr.kind == "load":
                forms.append(linear(expr.data[1], expr.data[0].shape))
            elif expr.kind == "index" or (expr.kind == "reduce" and expr.data[0] in ("argmax", "argmin")):
                forms.append(expr.data if expr.kind == "index" else linear_of(self, expr.data[1]))
        return forms

    def _joined(self, loops: list[int], forms: list[Form]) -> list[int]:
        kept: list[int] = []
        for loop in reversed(loops):
            if kept:
                size = self.sizes[kept[0]]
                factors = [dict(form.terms) for form in forms]
                if all([each.get(loop, 0) == size * each.get(kept[0], 0) for each in factors]):
                    self.sizes[kept[0]] = size * self.sizes[loop]
                    self.merged.add(loop)
                    continue
            kept.insert(0, loop)
        return kept

    def _split(self) -> None:
        outer = [*self.parallel, *self.accumulated]
        late = [root for root in self.roots if root.accumulates]
        self.across = bool(late) and not self.parallel
        if any([root.kind in ("add", "set") for root in self.roots]):
            self.extent, self.chunk = 1, self.sizes[outer[0]] if outer else 1
            self.strip = max(self.size, 1)
            return
        if self.strips:
            (loop,) = self.inner
            self.strip = BLOCK if late else STRIP
            count = -(-self.sizes[loop] // self.strip)
        else:
            count = self.sizes[outer[0]] if outer else 1
        if self.across:
            row = max(self.size // max(count, 1), 1)
            columns = any([form.terms for root in late for form in root.coords])
            most = 16 if columns else CHUNKS
            self.chunk = max(1, -(-CHUNK // row), -(-count // most))
        self.extent = -(-count // self.chunk)
        self.count = count

    @property
    def size(self) -> int:
        """Iterations in all."""
        size = 1
        for loop in (*self.parallel, *self.accumulated, *self.inner):
            size *= self.sizes[loop]
        return size

    @property
    def partial(self) -> bool:
        """Whether accumulated results are parts that another kernel adds up."""
        return self.across and self.extent > 1

    def levels(self, expr: Expr) -> frozenset[int]:
        """The loops, as they were joined, that an expression depends on."""
        return expr.symbols - self.merged


def linear_of(kernel: Kernel, symbols: Sequence[int]) -> Form:
    """The position in a row, of its elements in order."""
    form, stride = Form(), 1
    for symbol in reversed(symbols):
        form = form + Form.of(symbol) * stride
        stride *= kernel.make.sizes[symbol]
    return form


Place = Callable[[Value], "int | None"]


class Emitter:
    """Writes the function of a kernel."""

    def __init__(self, module: Module, kernel: Kernel, place: Callable[[Value], int], parts: dict[Root, int]) -> None:
        self.module = module
        self.kernel = kernel
        self.place = place
        self.parts = parts  # the buffers of partial results
        self.scopes: list[dict[int, Scalar]] = [{}]
        self.forms: list[dict[Any, Scalar]] = [{}]
        self.at: dict[int, Scalar] = {}
        self.pending: set[int] = set()
        self.pointers: dict[int, Scalar] = {}
        self.held: dict[Root, Accumulator] = {}
        self.outlined = False
        self.b: Builder

    def emit(self) -> None:
        """Write it."""
        kernel = self.kernel
        with Function(self.module, kernel.name, None, ["p", "i8", "i8"]) as b:
            self.b = b
            buffers, start, stop = b.arguments
            self._take_pointers(buffers)
            self.zero = b.const("i8", 0)
            if kernel.extent == 1:
                start, stop = self.zero, b.const("i8", 1)
            self._plan_stages()
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
                    self._row([(loop, self.zero, kernel.sizes[loop])])
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
            self._row([(loop, self.zero, kernel.sizes[loop]) for loop in kernel.inner])
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
        self.forms.append({})
        yield
        self.scopes.pop()
        self.forms.pop()

    @contextmanager
    def _open(self, loop: int, start: Any, stop: Any, hints: Any = None) -> Iterator[None]:
        with self.b.loop(start, stop, hints=hints or None) as (index, _), self._scope():
            self.at[loop] = index
            yield
            del self.at[loop]

    # -- results that are accumulated

    def _begin(self, late: Sequence[Root]) -> dict[Root, Accumulator]:
        """Accumulators in registers for single numbers; rows in memory are set to the identity."""
        held: dict[Root, Accumulator] = {}
        kernel, b = self.kernel, self.b
        for root in late:
            if self._is_row(root):
                start = identity(b, root.kind, scalars.CODES[root.value.dtype])
                loops = [loop for loop in kernel.inner if loop in self._place_symbols(root)]
                with ExitStack() as stack:
                    for loop in loops:
                        stack.enter_context(self._open(loop, 0, kernel.sizes[loop]))
                    pointer, index = self._target(root)
                    b.store(pointer, start, index)
            else:
                held[root] = Accumulator(b, root.kind, scalars.CODES[root.value.dtype])
        self.held = held
        return held

    def _place_symbols(self, root: Root) -> frozenset[int]:
        return frozenset().union(*[form.symbols for form in root.coords]) - self.kernel.merged

    def _is_row(self, root: Root) -> bool:
        return bool(self._place_symbols(root) & set(self.kernel.inner))

    def _target(self, root: Root) -> tuple[Scalar, Any]:
        """Pointer and index of the element at the current place."""
        form = linear(root.coords, root.value.shape)
        index = self._position(form)
        part = self.parts.get(root)
        if part is None:
            return self.pointers[self.place(root.value)], index
        if isinstance(index, Scalar) or root.value.size > 1:
            index = self.chunk * root.value.size + index
        else:
            index = self.chunk
        return self.pointers[part], index

    def _finish(self, late: Sequence[Root], held: dict[Root, Accumulator]) -> None:
        for root in late:
            if root in held:
                pointer, index = self._target(root)
                kind = self.b.convert(held[root].value(), scalars.CODES[root.value.dtype])
                self.b.store(pointer, kind, index)

    # -- a row

    def _plan_stages(self) -> None:
        """Which reductions and stores run in which loop over the row."""
        kernel = self.kernel
        inner = frozenset(kernel.inner)
        everything = [expr for root in kernel.roots for expr in root.exprs]
        level: dict[int, int] = {}
        self.reductions: list[tuple[int, Expr]] = []
        for expr in walk(everything):
            own = max([level[arg.number] for arg in expr.args], default=0)
            if expr.kind == "reduce" and inner and frozenset(expr.data[1]) - kernel.merged == inner:
                self.reductions.append((own, expr))
                self.pending.add(expr.number)
                own += 1
            level[expr.number] = own
        self.everything = everything
        self.stages: list[tuple[list[Expr], list[Root]]] = []
        self.last: list[Root] = []
        of_root: dict[Root, int] = {}
        for root in kernel.roots:
            depends = (root.symbols - kernel.merged) & inner
            if depends:
                of_root[root] = max([level[expr.number] for expr in root.exprs])
            else:
                self.last.append(root)
        count = max([stage for stage, _ in self.reductions] + list(of_root.values()), default=-1) + 1
        for k in range(count):
            reduced = [expr for stage, expr in self.reductions if stage == k]
            self.stages.append((reduced, [root for root, stage in of_root.items() if stage == k]))
        self._plan_scratch()

    def _plan_scratch(self) -> None:
        """Expressions that take long and that several stages need: the first one keeps them."""
        kernel = self.kernel
        inner = frozenset(kernel.inner)
        self.kept: list[list[Expr]] = [[] for _ in self.stages]
        self.scratch: dict[int, Scalar] = {}
        length = 1
        for loop in kernel.inner:
            length *= kernel.sizes[loop]
        if length * 8 > SCRATCH or kernel.strips:
            return
        first: dict[int, int] = {}
        for k, (reduced, roots) in enumerate(self.stages):
            needed = [reduced_.args[0] for reduced_ in reduced] + [expr for root in roots for expr in root.exprs]
            stop = set(self.pending)
            for expr in walk(needed, lambda e: not (e.number in first and first[e.number] < k) and e.number not in stop):
                if expr.number in first and first[expr.number] < k:
                    if expr.number not in self.scratch:
                        code = scalars.CODES[expr.dtype]
                        self.scratch[expr.number] = self.b.alloca(code, length)
                        self.kept[first[expr.number]].append(expr)
                elif expr.kind == "apply" and scalars.weight(expr.data[0]) >= HEAVY and self._inside(expr) & inner:
                    first[expr.number] = k
        pointers = list(self.scratch.values())

        self.scratch = dict(zip(self.scratch, self.b.disjoint(pointers))) if pointers else {}

    def _inside(self, expr: Expr) -> frozenset[int]:
        return self.kernel.levels(expr)

    def _row(self, inner: list[tuple[int, Any, Any]]) -> None:
        """The stages of one row; `inner` are its loops with their bounds."""
        self._hoist(self.everything)
        for k in range(len(self.stages)):
            self._stage(k, inner)
            self._hoist(self.everything)
        for root in self.last:
            self._leave(root)

    def _stage(self, k: int, inner: list[tuple[int, Any, Any]]) -> None:
        b = self.b
        reduced, roots = self.stages[k]
        sums = [Accumulator(b, expr.data[0], scalars.CODES[expr.dtype]) for expr in reduced]
        roots_ = [root for root in roots]
        *outer, (last, start, stop) = inner
        whole = not outer and (not isinstance(stop, int) or stop <= BLOCK)
        with ExitStack() as stack:
            for loop, low, high in outer:
                stack.enter_context(self._open(loop, low, high))
                self._hoist(self.everything)
            cut = any([each.blocked for each in sums]) and not (isinstance(stop, int) and stop <= BLOCK)
            if cut and not self.kernel.strips:
                with b.loop(start, stop, BLOCK) as (block, _), self._scope():
                    end = b.minimum(block + BLOCK, b.const("i8", stop) if isinstance(stop, int) else stop)
                    self._innermost(k, last, block, end, sums, roots_, whole=False)
            else:
                self._innermost(k, last, start, stop, sums, roots_, whole=whole)
        for expr, total in zip(reduced, sums):
            self.pending.discard(expr.number)
            self.scopes[-1][expr.number] = total.value()

    def _innermost(
        self, k: int, loop: int, start: Any, stop: Any, sums: list[Accumulator], roots: list[Root], *, whole: bool
    ) -> None:  # fmt: skip
        b = self.b
        for each in sums:
            each.start_block(whole)
        reduced, _ = self.stages[k]
        needed = [*[expr.args[0] for expr in reduced], *[expr for root in roots for expr in root.exprs]]
        inside = [e for e in walk(needed, lambda e: self._available(e.number) is None) if loop in e.symbols]
        names = {e.data[0] for e in inside if e.kind == "apply" and self._available(e.number) is None}
        hints: dict[str, bool | int] = {"interleave.count": 2} if names & scalars.FUNCTION_NAMES else {}

        def run(hints: dict[str, bool | int]) -> None:
            self.outlined = hints is SLOW
            with self._open(loop, start, stop, hints):
                self._iteration(k, sums, roots)
                for condition in b.rare or ():
                    b.store(flag, b.load(flag, "b1") | condition)
            self.outlined = False

        if not names & RARE:
            run(hints)
        else:
            flag = b.alloca("b1")
            b.store(flag, b.const("b1", 0))
            before = [each.held() for each in sums]
            if not all([root.kind in ("store", "set") for root in roots]):
                with self._rare(), self._open(loop, start, stop):
                    for expr in needed:
                        self.value(expr)
                    for condition in b.rare or ():
                        b.store(flag, b.load(flag, "b1") | condition)
                b.choose(b.load(flag, "b1"), lambda: run(SLOW) or [], lambda: self._quick(run, hints), likely=False)
            else:
                self._quick(run, hints)
                with b.if_(b.load(flag, "b1"), likely=False):
                    for each, states in zip(sums, before):
                        each.restore(states)
                    run(SLOW)
        for each in sums:
            each.end_block(whole)

    @contextmanager
    def _rare(self) -> Iterator[None]:
        """Functions leave out rare arguments and say so."""
        self.b.rare = []
        yield
        self.b.rare = None

    def _quick(self, run: Callable[[Any], None], hints: Any) -> list[Scalar]:
        with self._rare():
            run(hints)
        return []

    def _iteration(self, k: int, sums: list[Accumulator], roots: list[Root]) -> None:
        """One iteration of the innermost loop of a stage."""
        b = self.b
        reduced, _ = self.stages[k]
        for number, memory in self.scratch.items():
            expr = next((e for kept in self.kept[:k] for e in kept if e.number == number), None)
            if expr is not None:
                self.scopes[-1][number] = b.load(memory, scalars.CODES[expr.dtype], self._in_row())
        for expr in self.kept[k]:
            b.store(self.scratch[expr.number], self.value(expr), self._in_row())
        for expr, each in zip(reduced, sums):
            each.add(self.value(expr.args[0]), self._in_row)
        for root in roots:
            self._leave(root)

    def _in_row(self) -> Scalar:
        """The position in the row."""
        kernel = self.kernel
        form, stride = Form(), 1
        for loop in reversed(kernel.inner):
            form = form + Form.of(loop) * stride
            stride *= kernel.sizes[loop]
        position = self._position(form)
        return position if isinstance(position, Scalar) else self.b.const("i8", position)

    def _leave(self, root: Root) -> None:
        """Store a result, or add it to what it accumulates."""
        b = self.b
        value = self.value(root.expr)
        if root in self.held:
            self.held[root].add(value, self._in_row, single=True)
            return
        pointer, index = self._target(root)
        if root.kind not in ("store", "set"):
            kind = "sum" if root.kind == "add" else root.kind
            value = combine(b, kind, b.load(pointer, value.type, index), value)
        b.store(pointer, value, index)

    # -- expressions

    def _available(self, number: int) -> Scalar | None:
        for scope in reversed(self.scopes):
            if number in scope:
                return scope[number]
        return None

    def _hoist(self, exprs: Sequence[Expr]) -> None:
        """Compute here what depends on no loop that is still to be opened."""
        opened = frozenset(self.at)
        blocked: set[int] = set()
        for expr in walk(exprs, lambda e: self._available(e.number) is None):
            if self._available(expr.number) is not None:
                continue
            if (
                expr.number in self.pending
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
        for expr in walk([root], lambda e: self._available(e.number) is None):
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
        if expr.kind == "load":
            value, coords = expr.data
            return b.load(self.pointers[self.place(value)], code, self._position(linear(coords, value.shape)))
        if expr.kind == "index":
            position = self._position(expr.data)
            return position if isinstance(position, Scalar) else b.const("i8", position)
        args = [self._get(arg) for arg in expr.args]
        if expr.kind == "convert":
            return scalars.convert(b, args[0], code)
        if expr.kind == "apply":
            name, params = expr.data
            if self.outlined and name in scalars.FUNCTION_NAMES:
                return self._call(name, args)
            return scalars.emit(b, name, args, dict(params))
        return self._reduction(expr)

    def _call(self, name: str, args: list[Scalar]) -> Scalar:
        """The code of a row in a function of its own."""
        type = args[0].type
        symbol = f"{name}.{type}"
        function = self.module.functions.get(symbol)
        if function is None:
            arguments = [arg.type for arg in args]
            function = Function(self.module, symbol, type, arguments, internal=True, attributes="noinline cold")
            with function as b:
                b.ret(scalars.emit(b, name, b.arguments, {}))
        return self.b.call(function, type, args)

    def _reduction(self, expr: Expr) -> Scalar:
        """A reduction with loops of its own."""
        kernel, b = self.kernel, self.b
        kind, symbols = expr.data
        total = Accumulator(b, kind, scalars.CODES[expr.dtype])
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

    def _position(self, form: Form) -> Any:
        """A Form as a number: what is known in outer loops is added there."""
        total: Any = form.const
        for term, factor in form.terms:
            if isinstance(term, int):
                if term in self.kernel.merged:
                    continue
                index = self.at[term]
            else:
                index = self._get(term)
            part = index * factor if factor != 1 else index
            total = part if isinstance(total, int) and total == 0 else part + total
        return total


def emit_kernel(
    module: Module, kernel: Kernel, place: Callable[[Value], int], parts: dict[Root, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Write the function; the indices of the buffers that it reads and writes."""
    emitter = Emitter(module, kernel, place, parts)
    emitter.emit()
    return emitter.reads, emitter.writes


def cost_of(kernel: Kernel) -> int:
    """Instructions of one iteration."""
    exprs = [expr for root in kernel.roots for expr in root.exprs]
    return sum([scalars.weight(expr.data[0]) for expr in walk(exprs) if expr.kind == "apply"])


def emit_final(module: Module, name: str, parts: Sequence[tuple[Root, int, int, int]]) -> None:
    """Write the function that adds up partial results: (root, buffer of the parts, their number, buffer of the whole)."""
    with Function(module, name, None, ["p", "i8", "i8"]) as b:
        pointers = b.arguments[0]
        for root, part, count, whole in parts:
            source, target = b.disjoint([b.load(pointers, "p", part), b.load(pointers, "p", whole)])
            code, size = scalars.CODES[root.value.dtype], root.value.size
            if size == 1:
                total = Accumulator(b, root.kind, code)
                with b.loop(0, count) as (c, _):
                    total.add(b.load(source, code, c), lambda: b.const("i8", 0), single=True)
                b.store(target, total.value())
                continue
            with b.loop(0, size) as (k, _):
                b.store(target, b.load(source, code, k), k)
            with b.loop(1, count) as (c, _), b.loop(0, size) as (k, _):
                value = combine(b, root.kind, b.load(target, code, k), b.load(source, code, c * size + k))
                b.store(target, value, k)
