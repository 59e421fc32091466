"""From a graph to a program: fusion, buffers, the order of steps, where intermediate arrays lie, machine code."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ..core.primitive import TABLE
from . import engine, reuse
from .complexes import Number, Pair, parts_of
from .contractions import as_gemm, is_gemm
from .expand import Check, expanded
from .exprs import Expressions, loops_of
from .graph import Graph, Op, Value
from .kernels import emit_kernel
from .loops import Kernel, Root, cost_of
from .nests import Group, Nests
from .outlined import emit_final
from .passes import improve, separate_outputs
from .program import ALIGNMENT, CallStep, KernelStep, Program
from .reading import Coords, Reader
from .scans import emit_scan, extent, is_scan
from .writes import WRITES, is_native, writes

# Nanoseconds on one thread: of one instruction on one element in a vector loop, and of a byte moved.
INSTRUCTION, BYTE = 0.012, 0.05


def build(graph: Graph, check: bool = False, donated: Collection[int] = ()) -> Program:
    """Everything up to machine code.

    Parameters
    ----------
    graph : Graph
        Left as it is.
    check : bool
        Check the graph after each pass, and the kernels, as tests do.
    donated : collection of int
        Positions of inputs whose memory may hold results.

    Returns
    -------
    Program
        Its module is still IR; the entry compiles it together with itself.
    """
    count = len(graph.outputs)
    graph, checks = expanded(graph)
    improve(graph, check=check)
    flags = graph.outputs[count:]
    del graph.outputs[count:]
    separate_outputs(graph)
    graph.outputs += flags
    return _Plan(graph, count, checks, [graph.inputs[position] for position in donated], check).program


class _Plan:
    def __init__(self, graph: Graph, count: int, checks: list[Check], donated: list[Value], checked: bool) -> None:
        self.graph = graph
        self.checked = checked
        self.results = graph.outputs[:count]
        self.program = Program()
        self.module = engine.new_module("program")
        self.places: dict[Value, int] = {}
        self.alone: dict[Op, list[Value] | None] = {}
        for op in graph.ops:
            self.alone[op] = self._alone(op)
        written = {op: WRITES[op.name](op) for op in graph.ops if self.alone[op] is None and writes(op)}
        self.nests = Nests(graph, self.alone.__getitem__, written)
        self.kernels: dict[Group, tuple[Kernel, Reader]] = {}
        replaced = reuse.replaced(graph, self.results, donated, self.nests, self._kernel_of)
        self._make_buffers(replaced, reuse.overwritten(graph, self.nests, self._kernel_of))
        for group in self.nests.groups:
            if group.op is not None:
                self._run_alone(group.op)
            else:
                self._run_kernel(group)
        self.program.outputs = [self._place(value) for value in self.results]
        flags = iter(graph.outputs[count:])
        for check in checks:
            self._check(check, next(flags), next(flags))
        self._lay_out()
        if self.module.functions:
            self.program.module = self.module

    def _alone(self, op: Op) -> list[Value] | None:
        """What an operation reads from memory if it is no part of loop nests."""
        if is_gemm(op):
            return as_gemm(op).values
        return None if is_native(op) else list(op.operands)

    def _make_buffers(self, replaced: dict[Value, Value], overwritten: dict[Value, Value]) -> None:
        program = self.program
        for value in self.graph.inputs:
            buffer = program.add_buffer(value.dtype, value.shape, "input", weak=value.weak)
            self.places[value] = buffer.index
            program.inputs.append(buffer.index)
        outputs = set(self.results)
        for op in self.graph.ops:
            for value in op.outputs:
                if value in replaced:
                    self.places[value] = self.places[replaced[value]]
                    program.donated.append(self.places[value])
                elif value in overwritten:
                    self.places[value] = self.places[overwritten[value]]
                elif value in self.nests.stored:
                    kind = "output" if value in outputs else "arena"
                    self.places[value] = program.add_buffer(value.dtype, value.shape, kind).index

    def _place(self, value: Value) -> int:
        """The buffer of a value; of a constant, a new one where there is none."""
        found = self.places.get(value)
        if found is None:
            if value.constant is None:
                raise AssertionError(f"{value} is not in memory")
            array = np.array(value.constant, value.dtype)  # laid out row by row
            buffer = self.program.add_buffer(value.dtype, value.shape, "constant", weak=value.weak, value=array)
            found = self.places[value] = buffer.index
        return found

    # -- steps

    def _run_alone(self, op: Op) -> None:
        if is_gemm(op):
            self.program.steps.append(as_gemm(op).step(self._place))
            return
        if is_scan(op):
            name = f"kernel{len(self.program.steps)}"
            reads, out = [self._place(value) for value in op.operands], self._place(op.out)
            emit_scan(self.module, name, op, reads, out)
            moved = sum([value.nbytes for value in (*op.operands, op.out)])
            step = KernelStep(
                name, extent(op), tuple(dict.fromkeys(reads)), (out,), work=2.0 * op.out.size, moved=moved,
                flops=op.out.size, fused=(op.name,),
            )  # fmt: skip
            self.program.steps.append(step)
            return
        self.program.steps.append(
            CallStep(
                op.primitive,
                tuple([self._place(value) for value in op.operands]),
                op.params,
                tuple([self._place(value) for value in op.outputs]),
                weak=tuple([value.weak for value in op.operands]),
                where=op.where,
            )
        )

    def _check(self, check: Check, flag: Value, positions: Value) -> None:
        """Raise the error of positions that are outside, if the flag says that some are."""
        if flag.constant is None:
            reads, params = (self._place(positions),), {"length": check.length}
            step = CallStep(TABLE["from_start"], reads, params, (), weak=(False,), where=check.where)
            step.only_if = self._place(flag)
            self.program.steps.append(step)

    def _run_kernel(self, group: Group) -> None:
        self._kernel_of(group)
        kernel, reader = self.kernels[group]
        kernel.name = f"kernel{len(self.program.steps)}"
        kernel.roots = [root for root in kernel.roots if not self._is_there(root)]
        if not kernel.roots:
            return
        kernel.plan()
        program = self.program
        parts: dict[Root, int] = {}
        if kernel.partial:
            for root in kernel.roots:
                if root.accumulates:
                    shape = (kernel.extent, *root.value.shape)
                    parts[root] = program.add_buffer(root.expr.dtype, shape, "arena").index
        reads, writes = emit_kernel(self.module, kernel, self._place, parts)
        moved = sum([program.buffers[index].nbytes for index in (*reads, *writes)])
        flops = cost_of(kernel) * kernel.size
        inside = {*self.nests.members(group), *[value.op for value, _ in reader.known if not reader.stored(value)]}
        names = tuple(dict.fromkeys([op.name for op in self.graph.ops if op in inside]))
        work = moved * BYTE + flops * INSTRUCTION
        step = KernelStep(
            kernel.name, kernel.extent, reads, writes, work=work, moved=moved, flops=flops, fused=names
        )  # fmt: skip
        program.steps.append(step)
        if parts:
            name = f"{kernel.name}.whole"
            finals = [(root, part, kernel.extent, self._place(root.value)) for root, part in parts.items()]
            emit_final(self.module, name, finals)
            read, written = [part for _, part, _, _ in finals], [whole for _, _, _, whole in finals]
            program.steps.append(KernelStep(name, 1, tuple(read), tuple(written), fused=("combine",)))

    def _is_there(self, root: Root) -> bool:
        """Whether it only puts elements of a donated argument where they are."""
        if root.kind != "store" or root.expr.kind != "load":
            return False
        value, coords, part = root.expr.data
        return (coords, part) == (root.coords, root.part) and self._place(value) == self._place(root.value)

    def _kernel_of(self, group: Group) -> Kernel:
        if group not in self.kernels:
            self.kernels[group] = self._kernel(group)
            if self.checked:
                self.kernels[group][0].check()
        return self.kernels[group][0]

    def _kernel(self, group: Group) -> tuple[Kernel, Reader]:
        """The expressions of a group's results, and who read them."""
        nests = self.nests
        make = Expressions()
        loops = [make.symbol(size) for size in group.sizes]
        inside = nests.homes

        def stored(value: Value) -> bool:
            return value not in nests.costs and inside.get(value) is not group

        reader = Reader(make, stored)
        kernel = Kernel(make, loops, group.inner, group.accumulated)
        for work in group.works:
            coords = group.spaces[work]
            value = work.value
            if work.place is not None:
                assert work.source is not None
                kind = "add" if work.add else "set" if work.ordered else "store"
                number = reader.convert(reader.element(work.source, coords), value.dtype)
                self._leave(kernel, value, work.place(reader, coords), number, kind)
                continue
            own = group.coords[value]
            if work.reduces:
                op = value.op
                assert op is not None
                reader.spaces[op] = (own, coords)
                if value in group.late:
                    number = reader.operand(op, coords)
                    over = loops_of([coords[axis] for axis in work.axes])
                    self._leave(kernel, value, own, number, op.name, over)
                    continue
            number = reader.computed(value.op, value, own) if value.op is not None else reader.element(value, own)
            if not work.reduces:
                reader.known[value, own] = number
            if value in nests.stored:
                self._leave(kernel, value, own, number)
        return kernel, reader

    @staticmethod
    def _leave(kernel: Kernel, value: Value, coords: Coords, number: Number, *kind: Any) -> None:
        """A result in memory: of a complex one, its parts."""
        for k, expr in enumerate(parts_of(number)):
            root = Root(value, coords, expr, *kind)
            root.part = k if isinstance(number, Pair) else None
            kernel.roots.append(root)

    # -- memory

    def _lay_out(self) -> None:
        """Give arena buffers offsets such that those in use at the same time do not overlap."""
        program = self.program
        life: dict[int, list[int]] = {}
        for number, step in enumerate(program.steps):
            flag = [step.only_if] if isinstance(step, CallStep) and step.only_if is not None else []
            for index in (*step.reads, *step.writes, *flag):
                if program.buffers[index].kind == "arena":
                    life.setdefault(index, [number, number])[1] = number
        placed: list[tuple[int, int, list[int]]] = []
        for index in sorted(life, key=lambda index: -program.buffers[index].nbytes):
            buffer, (first, last) = program.buffers[index], life[index]
            size = -(-max(buffer.nbytes, 1) // ALIGNMENT) * ALIGNMENT
            taken = sorted([(at, end) for at, end, (a, z) in placed if not (z < first or last < a)])
            offset = 0
            for at, end in taken:
                if offset + size <= at:
                    break
                offset = max(offset, end)
            buffer.offset = offset
            placed.append((offset, offset + size, life[index]))
            program.arena_size = max(program.arena_size, offset + size)
