"""The stages of a kernel's row: which of its loops over the row reduces, stores or keeps what."""

from __future__ import annotations

from math import prod

from . import scalars
from .exprs import Expr, walk
from .loops import Kernel, Root

SCRATCH = 1 << 16  # bytes of a row that waits for a later stage
HEAVY = 10  # instructions worth a store and a load
MANY = 24  # functions that are compiled where they are used


class Stage:
    """One loop over the row.

    Attributes
    ----------
    reduced : list of Expr
        Reductions whose elements it takes together.
    roots : list of Root
        What it stores.
    kept : list of Expr
        What it puts into scratch memory, for later stages.
    """

    def __init__(self) -> None:
        self.reduced: list[Expr] = []
        self.roots: list[Root] = []
        self.kept: list[Expr] = []

    @property
    def needed(self) -> list[Expr]:
        """What is computed in each iteration."""
        found = [expr.args[0] for expr in self.reduced] + self.kept
        return found + [expr for root in self.roots for expr in root.exprs]


class Plan:
    """The stages of a kernel.

    Attributes
    ----------
    stages : list of Stage
        In order: each needs results of those before it.
    last : list of Root
        What is left after them, since it does not depend on the loops over the row.
    everything : list of Expr
        What is needed in all.
    pending : set of int
        The reductions over the row, by their numbers.
    calls : bool
        There are so many mathematical functions that each is compiled once and called.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.inner = inner = frozenset(kernel.inner)
        self.everything = [expr for root in kernel.roots for expr in root.exprs]
        self.stages: list[Stage] = []
        self.last: list[Root] = []
        self.pending: set[int] = set()
        level: dict[int, int] = {}
        for expr in walk(self.everything):
            own = max([level[arg.number] for arg in expr.args], default=0)
            level[expr.number] = own
            if expr.kind == "reduce" and inner and frozenset(expr.data[1]) - kernel.merged == inner:
                self._stage(own).reduced.append(expr)
                self.pending.add(expr.number)
                level[expr.number] = own + 1
        for root in kernel.roots:
            if (root.symbols - kernel.merged) & inner:
                self._stage(max([level[expr.number] for expr in root.exprs])).roots.append(root)
            else:
                self.last.append(root)
        if self.row_length * 8 <= SCRATCH and not kernel.strips:
            self._keep_heavy()
        functions = [e for e in walk(self.everything) if e.kind == "apply" and e.data[0] in scalars.function_names()]
        self.calls = len([expr for expr in functions if kernel.levels(expr) & inner]) > MANY

    @property
    def row_length(self) -> int:
        """Elements of a row."""
        return prod([self.kernel.sizes[loop] for loop in self.kernel.inner])

    def _stage(self, k: int) -> Stage:
        while len(self.stages) <= k:
            self.stages.append(Stage())
        return self.stages[k]

    def _keep_heavy(self) -> None:
        """Expressions that take long and that several stages need: the first one keeps them."""
        first: dict[int, int] = {}

        def earlier(expr: Expr, k: int) -> bool:
            return first.get(expr.number, k) < k

        for k, stage in enumerate(self.stages):

            def into(expr: Expr, k: int = k) -> bool:
                return not earlier(expr, k) and expr.number not in self.pending

            for expr in walk(stage.needed, into):
                if earlier(expr, k):
                    if expr not in self.stages[first[expr.number]].kept:
                        self.stages[first[expr.number]].kept.append(expr)
                elif expr.kind == "apply" and scalars.weight(expr.data[0]) >= HEAVY:
                    if self.kernel.levels(expr) & self.inner:
                        first[expr.number] = k
