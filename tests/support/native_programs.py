"""Small programs for the native entry, kernel by kernel."""

from __future__ import annotations

from tetragrad.compile import engine
from tetragrad.compile.ir import Function
from tetragrad.compile.program import KernelStep, Program


def program(inputs, outputs, arena=(), constants=(), weak=()):
    """A program without steps; buffers in the order inputs, constants, arena, outputs."""
    made = Program()
    made.module = engine.new_module("test")
    for place, (dtype, *shape) in enumerate(inputs):
        made.inputs.append(made.add_buffer(dtype, tuple(shape), "input", weak=place in weak).index)
    for value in constants:
        made.add_buffer(value.dtype, value.shape, "constant", value=value)
    for dtype, *shape in arena:
        buffer = made.add_buffer(dtype, tuple(shape), "arena")
        buffer.offset = made.arena_size
        made.arena_size += -(-buffer.nbytes // 64) * 64
    for dtype, *shape in outputs:
        made.outputs.append(made.add_buffer(dtype, tuple(shape), "output").index)
    return made


def add_kernel(made, source, target, rule, work=0.0, extent=None):
    """A step that writes ``rule(b, x)`` for each element x."""
    given, out = made.buffers[source], made.buffers[target]
    symbol = f"kernel{len(made.steps)}"
    with Function(made.module, symbol, None, ["p", "i8", "i8"], internal=True) as b:
        buffers, start, stop = b.arguments
        x, y = b.load(buffers, "p", source), b.load(buffers, "p", target)
        with b.loop(start, stop) as (i, _):
            value = rule(b, b.load(x, given.dtype.str[1:], i))
            b.store(y, b.convert(value, out.dtype.str[1:]), i)
    made.steps.append(KernelStep(symbol, given.size, (source,), (target,), work=work))
