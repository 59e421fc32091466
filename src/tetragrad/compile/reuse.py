"""Which values may lie in the memory of others: results in that of arguments that the caller has given up, for
``compile(f, donate=...)``, intermediate values in that of earlier ones.

A value takes the place of one of its type that nothing reads any more when it is written. Within one kernel, that is
where each iteration reads the element which it then overwrites, and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from .exprs import loops_of, walk
from .graph import Graph, Value
from .loops import Kernel
from .nests import Group, Nests


def replaced(
    graph: Graph, results: Sequence[Value], donated: Sequence[Value], nests: Nests, kernel_of: Callable[[Group], Kernel]
) -> dict[Value, Value]:  # fmt: skip
    """For results that can lie in a donated argument, that argument.

    Parameters
    ----------
    graph : Graph
        Whose outputs are the results, and what is read after all steps.
    results, donated : sequence of Value
    nests : Nests
        The groups in the order in which they run.
    kernel_of : callable
        The kernel of a group.
    """
    found: dict[Value, Value] = {}
    free = [value for value in donated if value.size and value.shape and value.dtype.isnative and not value.weak]
    free = [value for value in free if value not in graph.outputs]
    for out in results:
        for given in _nearest_first(out, free):
            if (given.dtype, given.shape) == (out.dtype, out.shape) and _is_free(given, out, nests, kernel_of):
                found[out] = given
                free.remove(given)
                break
    return found


def overwritten(graph: Graph, nests: Nests, kernel_of: Callable[[Group], Kernel]) -> dict[Value, Value]:
    """For intermediate values that a kernel can write over others that it reads, those."""
    found: dict[Value, Value] = {}
    stored = [value for op in graph.ops for value in op.outputs if value in nests.stored and value.size]
    free = [value for value in stored if value not in graph.outputs]
    for group in nests.groups:
        for work in group.works if group.op is None else ():
            out = work.value
            if out in found or out not in free:
                continue
            for given in [value for value in free if value in group.reads]:
                if (given.dtype, given.shape) == (out.dtype, out.shape) and _is_free(given, out, nests, kernel_of):
                    found[out] = given
                    free.remove(given)
                    break
    return found


def _nearest_first(out: Value, inputs: list[Value]) -> Iterator[Value]:
    """The inputs, those first that take the fewest steps to the result: of new parameters, the old ones."""
    if not inputs:
        return
    seen = {out: None}
    queue = [out]
    for value in queue:  # grows while it is walked
        for operand in value.op.operands if value.op is not None else ():
            if operand not in seen:
                seen[operand] = None
                queue.append(operand)
    yield from [value for value in seen if value in inputs]
    yield from [value for value in inputs if value not in seen]


def _is_free(given: Value, out: Value, nests: Nests, kernel_of: Callable[[Group], Kernel]) -> bool:
    """Whether `out` may be written over `given`."""
    makers = nests.makers[out]
    first = min([number for number, group in enumerate(nests.groups) if group in makers])
    readers = [group for group in nests.groups[first:] if given in group.reads]
    if not readers:
        return True
    group = nests.groups[first]
    return readers == [group] and group.op is None and _is_in_step(kernel_of(group), given, out)


def _is_in_step(kernel: Kernel, given: Value, out: Value) -> bool:
    """Whether each iteration of a kernel reads the element of `given` that it then writes over, once and before."""
    if kernel.inner_set is not None or kernel.accumulated_set is not None:
        return False  # rows, which may be read several times
    written = [n for n, root in enumerate(kernel.roots) if root.value is out]
    own = kernel.roots[written[0]]
    if len(written) > 1 or own.kind != "store" or own.part is not None:
        return False
    if loops_of(own.coords) != set(kernel.loops):
        return False
    exprs = [root.exprs for root in kernel.roots]
    loads = [expr for expr in walk([*chain(*exprs)]) if expr.kind == "load" and expr.data[0] is given]
    if any([load.data[1] != own.coords for load in loads]):
        return False
    return set(loads) <= set(walk([*chain(*exprs[: written[0] + 1])]))
