"""`torch.utils.checkpoint`: save nothing inside a function, run it again when a backward pass needs it."""

from __future__ import annotations

import contextlib
import enum
import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from ... import api
from ...dialects.names import missing_name
from ..errors import CheckpointError


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None, context_fn: Any = None,
    determinism_check: str = "default", debug: bool = False, early_stop: bool = True, preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """Call a function without saving anything inside it; a backward pass runs it again.

    Parameters
    ----------
    function : callable
        Must compute the same each time.
    *args, **kwargs
        Its arguments.
    use_reentrant, determinism_check, debug, early_stop
        Accepted; there is one way, which also works with `autograd.grad`.
    context_fn : callable, optional
        Returns two contexts, for the first and for the second run.
    preserve_rng_state : bool
        Draw the same random numbers in the second run.
    """
    contexts = list(context_fn()) if context_fn is not None else []
    state: list[Any] = []

    @functools.wraps(function)
    def run(*given: Any) -> Any:
        again = bool(state)
        state.append(None)
        context = contexts[min(again, len(contexts) - 1)] if contexts else contextlib.nullcontext()
        with context, _random_state(preserve_rng_state, rng, again):
            return function(*given, **kwargs)

    rng: list[Any] = []
    return api.checkpoint(run, *args)


@contextlib.contextmanager
def _random_state(keep: bool, saved: list[Any], again: bool) -> Iterator[None]:
    """In the second run, the random numbers of the first."""
    from ..random import get_rng_state, set_rng_state

    if not keep:
        yield
        return
    if not again:
        saved.append(get_rng_state())
        yield
        return
    now = get_rng_state()
    set_rng_state(saved[0])
    try:
        yield
    finally:
        set_rng_state(now)


def checkpoint_sequential(functions: Any, segments: int, input: Any, use_reentrant: Any = None, **kwargs: Any) -> Any:
    """Call functions one after the other, in so many checkpointed segments."""
    steps = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(steps) // segments
    starts = [i * size for i in range(segments)] + [len(steps)]
    for start, end in itertools.pairwise(starts):
        input = checkpoint(functools.partial(_in_turn, steps[start:end]), input)
    return input


def _in_turn(steps: Any, x: Any) -> Any:
    for step in steps:
        x = step(x)
    return x


class _Setting:
    """A switch that changes nothing here: usable as a function and as a context."""

    def __init__(self, enabled: Any) -> None:
        self.enabled = enabled

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


set_checkpoint_early_stop = _Setting
set_checkpoint_debug_enabled = _Setting


def noop_context_fn() -> tuple[Any, Any]:
    """The contexts of a checkpoint that needs none."""
    return contextlib.nullcontext(), contextlib.nullcontext()


class CheckpointPolicy(enum.Enum):
    """What a policy of selective checkpointing says of an operation. Here everything is computed again."""

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3
    MUST_CPU_OFFLOAD = 4
    PREFER_CPU_OFFLOAD = 5


class SelectiveCheckpointContext:
    """What a policy is told: whether this is the second run."""

    def __init__(self, *, is_recompute: bool, op_output: Any = None) -> None:
        self.is_recompute = is_recompute
        self.op_output = op_output


def create_selective_checkpoint_contexts(
    policy_fn_or_list: Any, allow_cache_entry_mutation: bool = False
) -> tuple[Any, Any]:
    """The contexts of a checkpoint with a policy, which is accepted: everything is computed again."""
    return noop_context_fn()


class GraphExecGroup:
    """``with GraphExecGroup():`` several backward passes share one second run; here each has its own."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


__all__ = [
    "CheckpointError", "CheckpointPolicy", "GraphExecGroup", "SelectiveCheckpointContext", "checkpoint",
    "checkpoint_sequential", "create_selective_checkpoint_contexts", "noop_context_fn",
    "set_checkpoint_debug_enabled", "set_checkpoint_early_stop",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.torch.utils.checkpoint", name, __all__)
