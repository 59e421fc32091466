"""Functions beside the kernels: mathematical functions that are called, and what adds up partial results."""

from __future__ import annotations

from collections.abc import Sequence

from . import scalars
from .ir import Function, Module
from .loops import Root
from .reductions import Accumulator, combine

RARE = frozenset({"sin", "cos", "tan"})  # need a branch for rare arguments
SLOW: dict[str, bool | int] = {"unroll.disable": True, "vectorize.enable": False}
QUICK: dict[str, bool | int] = {"unroll.disable": True}


def on_numbers(module: Module, name: str, types: Sequence[str]) -> Function:
    """A row of the table as a function of numbers; `types` are those of the result and the arguments."""
    symbol = f"{name}.{types[0]}"
    function = module.functions.get(symbol)
    if function is None:
        function = Function(module, symbol, types[0], types[1:], internal=True, attributes="noinline cold optnone")
        with function as b:
            b.ret(scalars.emit(b, name, b.arguments, {}))
    return function


def on_rows(module: Module, name: str, types: Sequence[str]) -> Function:
    """A row of the table as a function of arrays: ``void (out, *arguments, length)``."""
    symbol = f"{name}.{types[0]}.rows"
    function = module.functions.get(symbol)
    if function is not None:
        return function
    function = Function(module, symbol, None, [*["p"] * len(types), "i8"], internal=True, attributes="noinline")
    with function as b:
        *pointers, length = b.arguments
        out, *inputs = b.disjoint(pointers)
        rare = b.alloca("b1")
        b.store(rare, b.const("b1", 0))
        b.rare = []
        with b.loop(0, length, hints={"unroll.disable": True, "interleave.count": 2}) as (k, _):
            args = [b.load(pointer, type, k) for pointer, type in zip(inputs, types[1:])]
            b.store(out, scalars.emit(b, name, args, {}), k)
            for condition in b.rare:
                b.store(rare, b.load(rare, "b1") | condition)
        some, b.rare = bool(b.rare), None
        if some:
            with b.if_(b.load(rare, "b1"), likely=False), b.loop(0, length, hints=SLOW) as (k, _):
                args = [b.load(pointer, type, k) for pointer, type in zip(inputs, types[1:])]
                b.store(out, b.call(on_numbers(module, name, types), types[0], args), k)
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
                with b.loop(0, count, hints=QUICK) as (c, _):
                    total.add(b.load(source, code, c), lambda: b.const("i8", 0), single=True)
                b.store(target, total.value(), first)
                continue
            with b.loop(0, size, hints=QUICK) as (k, _):
                b.store(target, b.load(source, code, k), k * step + first)
            with b.loop(1, count, hints=QUICK) as (c, _), b.loop(0, size, hints=QUICK) as (k, _):
                at = k * step + first
                value = combine(b, root.kind, b.load(target, code, at), b.load(source, code, c * size + k))
                b.store(target, value, at)
