"""Fusion: which operations run in one loop nest, and which values are in memory between them.

Each readable operation that is not read in place becomes a `Work` over its iteration space. Works are put together in
`Group` s, each of which becomes one kernel: a work joins a group that makes one of its operands (or reads what it
reads) if its space fits and no cycle arises. A group's loops are `outer` ones, which threads may split, and `inner`
ones: what is reduced over the inner loops is at hand in the same row, so that softmax or a layer norm are one pass over
memory; what is reduced over outer loops is accumulated and is finished when the kernel is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import scalars
from .complexes import parts_of
from .exprs import ZERO, Expr, Expressions, Form, loops_of, walk
from .graph import Graph, Op, Value
from .reading import MOVES, REDUCTIONS, Coords, Reader, reduced_axes, reshaped

# Operations whose elements take at most so many instructions are computed where they are read.
CHEAP = 4
# Below this size, works that share nothing run in one kernel too.
SMALL = 4096
# A kernel has at most so many works, and so many reductions: compiling takes longer than its size says.
MOST, MOST_REDUCED = 256, 16
ACCUMULATED = frozenset({"sum", "prod", "max", "min", "all", "any"})
_WEIGHTS = {"take": 6, "take_along_axis": 6, "scatter_along_axis": 4, "scatter": 2, "tril": 2, "triu": 2}


def _weight(op: Op) -> int:
    """Instructions of an elementwise operation."""
    return scalars.weight(op.name) * (3 if op.out.dtype in scalars.REALS else 1)


class Work:
    """One operation over its iteration space.

    Attributes
    ----------
    shape : tuple of int
        The space: of the result, for a reduction of the operand.
    value : Value
        What it makes, or writes into.
    axes : tuple of int
        The axes that are reduced.
    place : callable or None
        Of a write into a part of `value`: the coordinates there, from those of `source` (with a Reader).
    source : Value or None
        What is written.
    add : bool
        Whether it is added to what is there.
    after : Work or None
        The work that must have ended before.
    ordered : bool
        Whether elements must be written one after another, since positions may repeat.
    """

    __slots__ = ("add", "after", "axes", "group", "leaves", "ordered", "place", "shape", "source", "symbols", "value")

    def __init__(
        self, value: Value, shape: tuple[int, ...], axes: tuple[int, ...] = (), *, source: Value | None = None,
        place: Callable[[Reader, Coords], Coords] | None = None, add: bool = False, after: Any = None,
    ) -> None:  # fmt: skip
        self.value = value
        self.shape = shape
        self.axes = axes
        self.source = source
        self.place = place
        self.add = add
        self.after = after
        self.ordered = False
        self.leaves: list[tuple[Value, Coords]] = []
        self.symbols: list[Form] = []
        self.group: Any = None

    @property
    def reduces(self) -> bool:
        """Whether it is a reduction."""
        return self.source is None and self.value.op is not None and self.value.op.name in REDUCTIONS

    @property
    def name(self) -> str:
        """The row."""
        op = self.value.op
        return op.name if op is not None else "copy"


class Group:
    """Works that run in one kernel, or one operation that is no kernel (`op`).

    Attributes
    ----------
    sizes : list of int
        Lengths of its loops, none of them 1.
    coords : dict of Value to tuple of Form
        Where the works' results are, over the loops.
    spaces : dict of Work to tuple of Form
        Where each work's space is.
    inner, accumulated : frozenset of int or None
        Loops that rows are reduced over; loops that results are accumulated over.
    totals : bool
        Whether something is accumulated over all loops.
    late : set of Value
        Results that are finished only when the kernel is.
    needs : set of Group
        Groups that must have run before, directly or not.
    """

    def __init__(self, sizes: Sequence[int] = (), op: Op | None = None) -> None:
        self.sizes = list(sizes)
        self.op = op
        self.works: list[Work] = []
        self.coords: dict[Value, Coords] = {}
        self.spaces: dict[Work, Coords] = {}
        self.inner: frozenset[int] | None = None
        self.accumulated: frozenset[int] | None = None
        self.late: set[Value] = set()
        self.totals = False
        self.ordered = False
        self.reads: set[Value] = set()
        self.needs: set[Group] = set()

    @property
    def size(self) -> int:
        """Iterations in all."""
        size = 1
        for length in self.sizes:
            size *= length
        return size


class Nests:
    """The groups of a graph in an order in which they can run, and what must be in memory.

    Attributes
    ----------
    groups : list of Group
    stored : set of Value
        The values of the graph's operations that are in memory.
    """

    def __init__(
        self, graph: Graph, alone: Callable[[Op], Iterable[Value] | None], written: dict[Op, list[Work]]
    ) -> None:  # fmt: skip
        self.graph = graph
        self.alone = alone
        self.written = written
        self.native = {op for op in graph.ops if alone(op) is None}
        self.costs: dict[Value, int] = {}
        self.stored: set[Value] = set()
        self.groups: list[Group] = []
        self.makers: dict[Value, set[Group]] = {}
        self.homes: dict[Value, Group] = {}
        self._find_inlined()
        self._probe = Expressions()
        self._reader = Reader(self._probe, lambda value: value not in self.costs)
        self._place_all()

    # -- what is read in place

    def _find_inlined(self) -> None:
        wanted = set(self.graph.outputs)
        for op in self.graph.ops:
            if op not in self.native:
                wanted.update(self.alone(op) or ())
        self.wanted = wanted
        repeated = self._find_repeated()
        for op in self.graph.ops:
            if op not in self.native or op.name in REDUCTIONS or op in self.written:
                continue
            inside = sum([self.costs.get(value, 0) for value in op.operands])
            if op.name in MOVES:
                cost = inside
            else:
                cost = inside + _WEIGHTS.get(op.name, 0 if op.out.shape == () else _weight(op))
                if cost > CHEAP and not (op.out.shape == () and cost < 8 * CHEAP) and op.name not in _WEIGHTS:
                    continue
                if cost and not repeated.isdisjoint(op.outputs):
                    continue
            for value in op.outputs:
                self.costs[value] = cost

    def _find_repeated(self) -> set[Value]:
        """What overlapping windows are taken of: its elements would be computed again for each."""
        found: set[Value] = set()
        for op in reversed(self.graph.ops):
            if op.name not in MOVES:
                continue
            if not found.isdisjoint(op.outputs) or (op.name == "unfold" and op.out.size > op.operands[0].size):
                found.update(op.operands)
        return found

    # -- works

    def _place_all(self) -> None:
        for op in self.graph.ops:
            if op not in self.native:
                self._place_alone(op)
            elif op in self.written:
                for work in self.written[op]:
                    self._place(work)
            elif op.name in REDUCTIONS:
                self._place(Work(op.out, op.operands[0].shape, reduced_axes(op)))
            else:
                for value in op.outputs:
                    if value not in self.costs or value in self.wanted:
                        self._place(self._reshaped(value) or Work(value, value.shape))
        self._join_groups()
        self._find_stored()
        self._order()

    def _join_groups(self) -> None:
        """Put groups together that read the same arrays over the same loops, and do not need each other."""
        for group in list(self.groups):
            if group.op is not None or group not in self.groups:
                continue
            for other in self.groups[self.groups.index(group) + 1 :]:
                if other.op is None and other.sizes == group.sizes and self._unite(group, other):
                    self.groups.remove(other)

    def _unite(self, group: Group, other: Group) -> bool:
        if other in group.needs or group in other.needs or group.ordered or other.ordered:
            return False
        shared = {value for value in group.reads & other.reads if value.size == group.size}
        if not shared and group.size > SMALL:
            return False
        before = group.inner, group.accumulated, set(group.late), group.totals
        for work in other.works:
            if work.after is not None or not self._levels(work, group, other.spaces[work], commit=True):
                group.inner, group.accumulated, group.late, group.totals = before
                return False
        for work in other.works:
            work.group = group
            group.works.append(work)
            group.spaces[work] = other.spaces[work]
            self.homes[work.value] = group
            self.makers[work.value] = (self.makers[work.value] - {other}) | {group}
        group.coords.update(other.coords)
        group.reads |= other.reads
        group.needs |= other.needs
        for third in self.groups:
            if other in third.needs or group in third.needs:
                third.needs = (third.needs - {other}) | {group} | group.needs
        return True

    def _reshaped(self, value: Value) -> Work | None:
        """A work for a value in another shape that runs over its own shape, if its place takes no divisions there."""
        op = value.op
        if op is None or op.name != "reshape" or value not in self.costs:
            return None
        (x,) = op.operands
        make = Expressions()
        coords = tuple([ZERO if n == 1 else Form.of(make.symbol(n)) for n in x.shape])

        def place(reader: Reader, coords: Coords) -> Coords:
            return reshaped(reader.expressions, coords, x.shape, value.shape)

        if any([form.exprs for form in reshaped(make, coords, x.shape, value.shape)]):
            return None
        return Work(value, x.shape, source=x, place=place)

    def _place_alone(self, op: Op) -> None:
        group = Group(op=op)
        for value in self.alone(op) or ():
            self._need(group, value)
            group.reads.add(value)
        for value in op.outputs:
            self.homes[value] = group
            self.makers[value] = {group}
        self.groups.append(group)

    def _need(self, group: Group, value: Value) -> None:
        for home in self.makers.get(value, ()):
            self._need_group(group, home)

    def _need_group(self, group: Group, home: Group) -> None:
        if home is not group:
            group.needs |= home.needs | {home}
            for other in self.groups:
                if group in other.needs:
                    other.needs |= group.needs

    def _place(self, work: Work) -> None:
        self._survey(work)
        sizes = [length for length in work.shape if length != 1]
        homes = [group for value, _ in work.leaves for group in self.makers.get(value, ())]
        candidates = [*homes, *[group for group in self.groups if group not in homes]][::-1]
        candidates.sort(key=lambda group: group not in homes)
        if work.ordered:
            candidates = []
        for group in candidates:
            if group.op is None and not group.ordered and self._joins(work, group, sizes, group in homes):
                break
        else:
            group = Group(sizes)
            self.groups.append(group)
            forms = iter([Form.of(number) for number in range(len(sizes))])
            coords = tuple([ZERO if length == 1 else next(forms) for length in work.shape])
            if not self._levels(work, group, coords, commit=True):
                raise AssertionError(f"{work.name} fits no loops")
            self._add(work, group, coords)

    def _survey(self, work: Work) -> None:
        """Find what a work reads, and where, over its own space."""
        work.symbols = [ZERO if n == 1 else Form.of(self._probe.symbol(n)) for n in work.shape]
        coords = tuple(work.symbols)
        roots: list[Expr] = []
        if work.source is not None:
            roots.extend(parts_of(self._reader.element(work.source, coords)))
            assert work.place is not None
            for form in work.place(self._reader, coords):
                roots.extend(form.exprs)
        elif work.reduces:
            roots.extend(parts_of(self._reader.element(work.value.op.operands[0], coords)))  # type: ignore[union-attr]
        elif work.value.op is None:
            roots.extend(parts_of(self._reader.element(work.value, coords)))
        else:
            roots.extend(parts_of(self._reader.computed(work.value.op, work.value, coords)))
        work.leaves = [expr.data[:2] for expr in walk(roots) if expr.kind == "load"]

    def _joins(self, work: Work, group: Group, sizes: list[int], related: bool) -> bool:
        if len(group.works) >= MOST or (work.reduces and len([w for w in group.works if w.reduces]) >= MOST_REDUCED):
            return False
        if not related:
            if group.sizes != sizes:
                return False
            if not any([value in group.reads for value, _ in work.leaves]) and group.size > SMALL:
                return False
        if work.after is not None and (group is work.after.group or group in work.after.group.needs):
            return False
        for value, _ in work.leaves:
            if any([home is not group and group in home.needs for home in self.makers.get(value, ())]):
                return False
        coords = self._aligned(work, group)
        if coords is None or not self._levels(work, group, coords, commit=False):
            return False
        self._levels(work, group, coords, commit=True)
        self._add(work, group, coords)
        return True

    def _aligned(self, work: Work, group: Group) -> Coords | None:
        """The work's space over the group's loops, so that what both share is at the same place, or None."""
        found: dict[int, int] = {}
        for value, coords in work.leaves:
            if group not in self.makers.get(value, ()):
                continue
            if value in group.late or value not in group.coords:
                return None
            for form, own in zip(coords, group.coords[value]):
                loop = own.index
                if loop is None:
                    if own.terms or own.const:
                        return None
                    continue
                symbol = form.index
                if symbol is None or found.setdefault(symbol, loop) != loop:
                    return None
        if len(set(found.values())) != len(found):
            return None
        free = [loop for loop in range(len(group.sizes)) if loop not in found.values()]
        result: list[Form] = []
        for form, length in zip(work.symbols, work.shape):
            if length == 1:
                result.append(ZERO)
                continue
            symbol = form.index
            assert symbol is not None
            if symbol not in found:
                loop = next((loop for loop in free if group.sizes[loop] == length), -1)
                if loop < 0:
                    return None
                free.remove(loop)
                found[symbol] = loop
            elif group.sizes[found[symbol]] != length:
                return None  # it reads a part of what the group makes
            result.append(Form.of(found[symbol]))
        return tuple(result)

    def _levels(self, work: Work, group: Group, coords: Coords, commit: bool) -> bool:
        """Whether the group's loops can be ordered so that a reduction is done; with `commit`, order them so."""
        loops = loops_of(coords)
        everything = frozenset(range(len(group.sizes)))
        if work.place is not None:
            return loops == everything
        if not work.reduces:
            if loops != everything and group.inner is not None and loops & group.inner:
                return False  # columns that no row has: nothing could hold them
            return loops == everything or group.inner is None or loops == everything - group.inner
        reduced = loops_of([coords[axis] for axis in work.axes])
        inner, accumulated, totals = group.inner, group.accumulated, group.totals
        combines = work.name in ACCUMULATED
        last = len(group.sizes) - 1
        late = True
        if not reduced:
            return True
        if reduced == everything and combines and inner != everything and not self._is_short(group):
            totals = True
        elif inner is not None and inner != everything and loops == everything - inner:
            if not combines or accumulated not in (None, reduced):
                return False
            accumulated = reduced
        elif loops != everything:
            return False
        elif inner == reduced or (inner is None and (last in reduced or not combines)):
            inner, late = reduced, False
        elif combines and last not in reduced and accumulated in (None, reduced):
            accumulated = reduced
        else:
            return False
        if accumulated is not None:
            outer = everything - inner if inner is not None else frozenset(range(max(accumulated)))
            if (inner is not None and accumulated & inner) or (totals and outer - accumulated):
                return False
        if commit:
            group.inner, group.accumulated, group.totals = inner, accumulated, totals
            if late:
                group.late.add(work.value)
        return True

    @staticmethod
    def _is_short(group: Group) -> bool:
        """Whether the whole is one row, so that what is reduced over it is at hand."""
        return len(group.sizes) == 1 and group.size <= SMALL and not group.totals

    def _add(self, work: Work, group: Group, coords: Coords) -> None:
        work.group = group
        group.works.append(work)
        group.ordered = group.ordered or work.ordered
        group.spaces[work] = coords
        if work.place is None:
            op = work.value.op
            if work.reduces and op is not None:
                keepdims = len(op.out.shape) == len(work.shape) and bool(work.axes)
                kept = [(axis, form) for axis, form in enumerate(coords) if axis not in work.axes or keepdims]
                group.coords[work.value] = tuple([ZERO if axis in work.axes else form for axis, form in kept])
            else:
                group.coords[work.value] = coords
        self.homes[work.value] = group
        self.makers.setdefault(work.value, set()).add(group)
        if work.after is not None:
            self._need_group(group, work.after.group)
        for value, _ in work.leaves:
            group.reads.add(value)
            self._need(group, value)

    def members(self, group: Group) -> list[Op]:
        """The operations that run in a group."""
        found = [work.value.op for work in group.works if work.value.op is not None]
        return list(dict.fromkeys(found))

    # -- what is in memory

    def _find_stored(self) -> None:
        self.stored |= {value for value in self.wanted if value.constant is None and value.op is not None}
        for group in self.groups:
            if group.op is not None:
                self.stored.update(group.op.outputs)
                self.stored |= {value for value in group.reads if value.op is not None}
                continue
            for work in group.works:
                if work.place is not None:
                    self.stored.add(work.value)
                for value, _ in work.leaves:
                    if value.op is not None and self.homes.get(value) is not group:
                        self.stored.add(value)

    def _order(self) -> None:
        done: set[Group] = set()
        ordered: list[Group] = []
        waiting = list(self.groups)
        while waiting:
            ready = [group for group in waiting if group.needs <= done]
            if not ready:
                raise AssertionError("groups need each other")
            ordered.extend(ready)
            done.update(ready)
            waiting = [group for group in waiting if group not in done]
        self.groups = ordered
