"""`paddle.incubate.distributed.fleet`: recomputing several functions, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .....dialects.names import answer_for
from ....distributed.fleet.utils import recompute


def recompute_sequential(ctx: dict[str, Any], functions: Any, *args: Any, **kwargs: Any) -> Any:
    """Call functions one after the other in segments, each of which a backward pass runs again.

    Parameters
    ----------
    ctx : dict
        ``segments`` (by default 1) and ``preserve_rng_state``.
    functions : sequence of callable
    *args
        The arguments of the first function.
    """
    steps = list(functions)
    segments = int(ctx.get("segments", 1))
    size = max(1, len(steps) // segments)
    starts = [index * size for index in range(segments)]
    for start, end in zip(starts, [*starts[1:], len(steps)]):
        args = (
            recompute(
                _in_turn(steps[start:end]), *args, preserve_rng_state=ctx.get("preserve_rng_state", True), **kwargs
            ),
        )
    return args[0]


def recompute_hybrid(ctx: dict[str, Any], function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """As `recompute`: there is one device."""
    return recompute(function, *args, **kwargs)


def _in_turn(steps: list[Callable[..., Any]]) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        for step in steps:
            args = (step(*args),)
        return args[0]

    return run


__all__ = ["recompute_hybrid", "recompute_sequential"]

__getattr__ = answer_for(__name__)
