"""`paddle.distributed.fleet.utils`: `recompute`, which trades time for memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .....api.saving import checkpoint
from .....dialects.names import answer_for


def recompute(
    function: Callable[..., Any], *args: Any, preserve_rng_state: bool = True, use_reentrant: bool = True, **kwargs: Any
) -> Any:
    """Call a function without saving anything inside it; the backward pass runs it again.

    Parameters
    ----------
    function : callable
        Must compute the same again.
    *args, **kwargs
        Its arguments.
    preserve_rng_state : bool
        Draw the same random numbers in both runs.
    use_reentrant : bool
        Accepted: both ways are one here.

    Returns
    -------
    result of ``function(*args, **kwargs)``
    """
    if not callable(function):
        raise TypeError(f"recompute: the first argument must be a function, got {type(function).__name__}")
    run = (lambda *inputs: function(*inputs, **kwargs)) if kwargs else function
    return checkpoint(_same_numbers(run) if preserve_rng_state else run, *args)


def _same_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, each later run of which draws the random numbers of the first."""
    from ....random import generator

    first: list[Any] = []

    def run(*args: Any) -> Any:
        state = generator.bit_generator.state
        if not first:
            first.append(state)
            return function(*args)
        try:
            generator.bit_generator.state = first[0]
            return function(*args)
        finally:
            generator.bit_generator.state = state

    return run


__getattr__ = answer_for(__name__)
