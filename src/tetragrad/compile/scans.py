"""Running totals: kernels in which an element needs the one before it along an axis."""

from __future__ import annotations

import math

from . import engine, scalars
from .graph import Op
from .ir import Function, Module
from .values import SIZE, vector

SCANS = frozenset({"cumsum", "cumprod", "recurrence"})


def is_scan(op: Op) -> bool:
    """Whether an operation is one of those, on real numbers."""
    values = (*op.operands, *op.outputs)
    return op.name in SCANS and all([value.dtype in scalars.CODES and value.size > 0 for value in values])


def extent(op: Op) -> int:
    """How many lanes, or blocks of lanes, are independent in the outermost loop."""
    return math.prod(op.out.shape[: op.params["axis"]])


def emit_scan(module: Module, name: str, op: Op, places: list[int], out: int) -> None:
    """Write the function, in the form of a kernel; `places` and `out` are the buffers."""
    axis, reverse = op.params["axis"], op.params.get("reverse", False)
    length, after = op.out.shape[axis], math.prod(op.out.shape[axis + 1 :])
    code = scalars.CODES[op.out.dtype]
    with Function(module, name, None, ["p", "i8", "i8"], internal=True) as b:
        buffers, start, stop = b.arguments
        target, *sources = b.disjoint([b.load(buffers, "p", place) for place in (out, *dict.fromkeys(places))])
        found = dict(zip(dict.fromkeys(places), sources))
        lanes = engine.host().vector_bytes // SIZE[code]
        first, step = ((length - 1) * after, -after) if reverse else (0, after)
        with b.loop(start, stop) as (block, _):
            base = block * (length * after)
            with b.loop(0, length) as (k, _):
                for lane, width in b.spans(0, after, 4 * lanes, lanes, 1):
                    index = base + first + k * step + lane
                    given = [
                        scalars.convert(b, b.load(found[place], scalars.CODES[value.dtype], index, width), code)
                        for place, value in zip(places, op.operands)
                    ]
                    before = b.const(code, 1 if op.name == "cumprod" else 0)
                    if length > 1:
                        previous = b.select(k == 0, index, index - step)
                        before = b.select(k == 0, before, b.load(target, code, previous, width))
                    if op.name == "recurrence":
                        value = given[0] * before + given[1]
                    else:
                        value = b.select(k == 0, given[0], scalars.emit(b, _COMBINES[op.name], [before, given[0]], {}))
                    b.store(target, b.splat(value, vector(code, width)), index)


_COMBINES = {"cumsum": "add", "cumprod": "multiply"}
