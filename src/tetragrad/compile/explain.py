"""What a compiled function did with each signature, in words."""

from __future__ import annotations

from typing import Any


def explain(compiled: Any) -> str:
    """The text of `Compiled.explain`."""
    return "\n".join([_one(compiled.__name__, made) for made in compiled._programs.values()])


def _one(name: str, made: Any) -> str:
    title = f"{name}({made.signature})"
    if made.reason is not None:
        return f"{title} runs uncompiled: {made.reason}"
    lines = [f"{title} compiled in {made.seconds * 1e3:.0f} ms, {len(made.graph.ops)} operations"]
    describe = getattr(made.program, "describe", None)
    if describe is not None:
        lines += ["    " + line for line in describe()]
    return "\n".join(lines)
