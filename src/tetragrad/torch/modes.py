"""Whether operations are recorded: PyTorch's `no_grad` and its relatives, as contexts and (bare) decorators."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ..core.recording import RecordingMode, _recording, call_in_mode, in_force, is_recording

# How many `torch.func` transforms run around the current code.
transforming: ContextVar[int] = ContextVar("tetragrad_torch_transforms", default=0)

_inference: ContextVar[bool] = ContextVar("tetragrad_torch_inference", default=False)

# How many `inference_mode` blocks are running, in all threads; and how many ever were.
inferring = [0, 0]


class _Mode(RecordingMode):
    """A recording mode that also decorates without parentheses, and decorates generators and classes' methods."""

    __slots__ = ()

    mode: Any = True

    def __new__(cls, orig_func: Any = None) -> Any:
        made = object.__new__(cls)
        RecordingMode.__init__(made, cls.mode)
        return made if orig_func is None else made(orig_func)

    def __init__(self, orig_func: Any = None) -> None:
        pass

    def __call__(self, function: Any) -> Any:
        return _decorated(self._mode, function)


def _decorated(mode: Any, function: Callable[..., Any]) -> Any:
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Any:
            steps = function(*args, **kwargs)
            sent = None
            while True:
                try:
                    item = call_in_mode(in_force(mode), steps.send, (sent,), {})
                except StopIteration as stop:
                    return stop.value
                sent = yield item

        return generator

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return call_in_mode(in_force(mode), function, args, kwargs)

    return wrapper


class no_grad(_Mode):
    """Nothing inside is recorded: ``with torch.no_grad():``, ``@torch.no_grad()`` or ``@torch.no_grad``."""

    __slots__ = ()
    mode = False


class enable_grad(_Mode):
    """What is inside is recorded, also within `no_grad`."""

    __slots__ = ()
    mode = True


class inference_mode:
    """Like `no_grad`, and what is made inside can only be changed inside; ``inference_mode(False)`` records again."""

    def __new__(cls, mode: Any = True) -> Any:
        made = object.__new__(cls)
        if isinstance(mode, bool):
            made._inference = mode
            made._tokens = []
            return made
        made._inference = True
        made._tokens = []
        return made(mode)

    _inference: bool
    _tokens: list[Any]

    def __enter__(self) -> inference_mode:
        recording = RecordingMode(not self._inference)
        recording.__enter__()
        self._tokens.append((recording, _inference.set(self._inference)))
        inferring[0] += 1
        inferring[1] += 1
        return self

    def __exit__(self, *exc: object) -> None:
        recording, token = self._tokens.pop()
        inferring[0] -= 1
        _inference.reset(token)
        recording.__exit__(*exc)

    def __call__(self, function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with inference_mode(self._inference):
                return function(*args, **kwargs)

        return wrapper


def is_inference_mode_enabled() -> bool:
    """Whether an `inference_mode` block is running."""
    return _inference.get()


def ever_inferred() -> bool:
    """Whether any `inference_mode` block was run."""
    return inferring[1] > 0


class set_grad_enabled:
    """Switch recording on or off: at once as a function, for a block as a context, for calls as a decorator."""

    def __init__(self, mode: bool) -> None:
        self.prev = is_recording()
        self.mode = bool(mode)
        _recording.set(self.prev if self.mode and self.prev else self.mode)

    def __enter__(self) -> None:
        _recording.set(self.mode)

    def __exit__(self, *exc: object) -> None:
        _recording.set(self.prev)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"

    def __call__(self, function: Any) -> Any:
        _recording.set(self.prev)
        return _decorated(self.mode, function)


def is_grad_enabled() -> bool:
    """Whether operations are recorded now, in this thread."""
    return bool(is_recording())


class _Switch:
    """A setting of PyTorch's engine that changes nothing here: usable as a function and as a context."""

    state = True

    def __init__(self, mode: bool = True) -> None:
        self.prev = type(self).state
        type(self).state = bool(mode)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        type(self).state = self.prev


class set_multithreading_enabled(_Switch):
    """Accepted: backward passes run in the thread that calls them."""


class enforce_grad_layout_policy(_Switch):
    """Accepted: gradients have the layout of their Tensors."""


def is_multithreading_enabled() -> bool:
    """What `set_multithreading_enabled` was told last."""
    return set_multithreading_enabled.state


def is_view_replay_enabled() -> bool:
    """False: views are replayed only where that is needed."""
    return False
