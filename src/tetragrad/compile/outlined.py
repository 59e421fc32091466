"""Functions beside the kernels: mathematical functions that are called, and what adds up partial results."""

from __future__ import annotations

from collections.abc import Sequence

from . import engine, scalars
from .ir import Builder, Function, Module
from .loops import Root
from .reductions import Accumulator, combine
from .values import SIZE, Scalar, vector


def called(b: Builder, name: str, args: Sequence[Scalar]) -> Scalar:
    """A row of the table by a call of a function that the module has once."""
    lanes, type = max([arg.lanes for arg in args]), args[0].type
    full = vector(type, lanes)
    symbol = f"{name}.{full}"
    function = b.module.functions.get(symbol)
    if function is None:
        function = Function(b.module, symbol, full, [full] * len(args), internal=True, attributes="noinline")
        with function as inner:
            inner.ret(scalars.emit(inner, name, inner.arguments, {}))
    return b.call(function, full, [b.splat(arg, full) for arg in args])


def on_rows(module: Module, name: str, types: Sequence[str]) -> Function:
    """A row of the table as a function of arrays: ``void (out, *arguments, length)``."""
    symbol = f"{name}.{types[0]}.rows"
    function = module.functions.get(symbol)
    if function is None:
        function = Function(module, symbol, None, [*["p"] * len(types), "i8"], internal=True)
        with function as b:
            *pointers, length = b.arguments
            out, *inputs = b.disjoint(pointers)
            lanes = engine.host().vector_bytes // max([SIZE[type] for type in types])
            for k, width in b.spans(0, length, lanes, 1):
                args = [b.load(pointer, type, k, width) for pointer, type in zip(inputs, types[1:])]
                b.store(out, scalars.emit(b, name, args, {}), k)
    return function


def emit_final(module: Module, name: str, parts: Sequence[tuple[Root, int, int, int]]) -> None:
    """Write the function that adds up partial results: root, buffer of the parts, their number, buffer of the whole."""
    with Function(module, name, None, ["p", "i8", "i8"]) as b:
        pointers = b.arguments[0]
        for root, part, count, whole in parts:
            source, target = b.disjoint([b.load(pointers, "p", part), b.load(pointers, "p", whole)])
            code, size = scalars.code_of(root.value.dtype), root.value.size
            step, first = (1, 0) if root.part is None else (2, root.part)
            if size == 1:
                total = Accumulator(b, root.kind, code)
                with b.loop(0, count) as (c, _):
                    total.add(b.load(source, code, c), lambda: b.const("i8", 0), single=True)
                b.store(target, total.value(), first)
                continue
            lanes = engine.host().vector_bytes // SIZE[code]
            for k, width in b.spans(0, size, lanes, 1):
                b.store(target, b.load(source, code, k, width), k * step + first, step)
            with b.loop(1, count) as (c, _):
                for k, width in b.spans(0, size, lanes, 1):
                    at = k * step + first
                    before, more = b.load(target, code, at, width, step), b.load(source, code, c * size + k, width)
                    b.store(target, combine(b, root.kind, before, more), at, step)
