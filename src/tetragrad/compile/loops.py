"""Kernels before they are code: what they leave in memory, in which order their loops run, how they may be split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import scalars
from .exprs import Expr, Expressions, Form, placed, walk
from .graph import GraphError, Value

BLOCK = 1024  # elements that are summed in the native precision, in any order
STRIP = 4096  # elements of a long loop that are one iteration for threads
CHUNK = 1 << 14  # elements that are accumulated together at least
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
        "store"; "add" to what is there or "set" it, one element after another; or the name of the reduction by which it
        is accumulated over `over`.
    over : frozenset of int
        The loops that are accumulated over.
    part : int or None
        Of a complex value, the real (0) or imaginary (1) part.
    """

    __slots__ = ("coords", "expr", "kind", "over", "part", "value")

    def __init__(
        self, value: Value, coords: tuple[Form, ...], expr: Expr, kind: str = "store",
        over: frozenset[int] = frozenset(), part: int | None = None,
    ) -> None:  # fmt: skip
        self.value = value
        self.coords = coords
        self.expr = expr
        self.kind = kind
        self.over = over
        self.part = part

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

    def __init__(self, make: Expressions, loops: Sequence[int], inner: Any, accumulated: Any) -> None:
        self.name = ""
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

    def check(self) -> None:
        """Raise a GraphError if it reads or writes past the end of an array, where positions are sums of loops."""
        exprs = [expr for root in self.roots for expr in root.exprs]
        places = [(root.value, root.coords) for root in self.roots]
        places += [expr.data[:2] for expr in walk(exprs) if expr.kind == "load"]
        for value, coords in places:
            for form, length in zip(coords, value.shape):
                if form.exprs:
                    continue
                ends = [factor * (self.sizes[loop] - 1) for loop, factor in form.terms]
                lowest, highest = [form.const + sum([pick(end, 0) for end in ends]) for pick in (min, max)]
                if lowest < 0 or highest >= length:
                    raise GraphError(f"a kernel goes from {lowest} to {highest} on an axis of {length} elements")

    def _reduce_rows(self) -> None:
        """What is accumulated over the inner loops too is reduced over the row first."""
        inner = set(self.inner)
        for root in self.roots:
            if root.accumulates and inner and root.over >= inner:
                symbols = [x for x in self.loops if x in root.over and (x in inner or x in self.merged)]
                root.expr = self.make.reduce(root.kind, root.expr, symbols, root.expr.dtype)

    def _forms(self) -> list[Form]:
        exprs = [expr for root in self.roots for expr in root.exprs]
        forms = [placed(root.coords, root.value.shape, root.part) for root in self.roots]
        for expr in walk(exprs):
            if expr.kind == "load":
                forms.append(placed(expr.data[1], expr.data[0].shape, expr.data[2]))
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
        if not all([self._is_apart(root, outer) for root in self.roots if root.kind in ("add", "set")]):
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

    def _is_apart(self, root: Root, outer: Sequence[int]) -> bool:
        """Whether different iterations of the outermost loop write into different elements."""
        if not outer or self.strips:
            return False
        own, rest, stride = 0, 0, 1
        for form, length in zip(reversed(root.coords), reversed(root.value.shape)):
            if form.exprs:
                rest += stride * (length - 1)
            for term, factor in form.terms:
                if term == outer[0]:
                    own += stride * factor
                elif isinstance(term, int) and term not in self.merged and not form.exprs:
                    rest += stride * abs(factor) * (self.sizes[term] - 1)
            stride *= length
        return abs(own) > rest

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


def cost_of(kernel: Kernel) -> int:
    """Instructions of one iteration."""
    exprs = [expr for root in kernel.roots for expr in root.exprs]
    return sum([scalars.weight(expr.data[0]) for expr in walk(exprs) if expr.kind == "apply"])
