"""What a compiled function did with each signature, in words."""

from __future__ import annotations

from typing import Any

from ..api.containers import leaf_names
from .program import CallStep, GemmStep, KernelStep, Program


def explain(name: str, programs: list[Any]) -> str:
    """The text of `Compiled.explain`."""
    return "\n".join([line for made in programs for line in _described(name, made)])


def _described(name: str, made: Any) -> list[str]:
    title = f"{name}({made.signature})"
    if made.reason is not None:
        return [f"{title} runs uncompiled: {made.reason}"]
    lines = [f"{title} compiled in {made.seconds * 1e3:.0f} ms: {_totals(made.program)}", *_steps(made.program)]
    lines += _donated(made)
    for pair in made.pairs():
        lines.append(f"  forward, where it is recorded: {_totals(pair.forward_program)}")
        lines += ["  " + line for line in _steps(pair.forward_program)]
        lines.append(f"  backward: {_totals(pair.backward_program)}")
        lines += ["  " + line for line in _steps(pair.backward_program)]
    return lines


def _donated(made: Any) -> list[str]:
    """Which donated arguments become which results."""
    function, program = made.function, made.program
    args = leaf_names(function.structure.children[0] if function.has_kwargs else function.structure, "args")
    results = dict(zip(program.outputs, leaf_names(made.out_structure, "result")))
    inputs = dict(zip(made.traced, program.inputs))
    became = {args[n]: results.get(inputs[n], "no result") for n in made.donated}
    return [f"    donated: {result} lies in the memory of {name}" for name, result in became.items()]


def _totals(program: Program) -> str:
    moved = sum([step.moved for step in program.steps if isinstance(step, KernelStep)])
    flops = sum([step.flops for step in program.steps if isinstance(step, (KernelStep, GemmStep))])
    calls = sum([isinstance(step, CallStep) for step in program.steps])
    text = f"{_count(len(program.steps) - calls, 'native step')}, {moved} bytes moved, {flops} flops"
    text += f", {_count(calls, 'call')} back into NumPy" if calls else ""
    return text + (f", {program.arena_size} bytes of scratch memory" if program.arena_size else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _steps(program: Program) -> list[str]:
    return ["    " + step.describe() + _source(step) for step in program.steps]


def _source(step: Any) -> str:
    where = getattr(step, "where", "")
    return f"  # {where}" if where else ""
