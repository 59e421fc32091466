"""Whether operations are recorded: one state per thread and per `contextvars` context."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

# True, False, or a `saving.Packing`: recorded, with saved arrays going through its hooks.
_recording: ContextVar[Any] = ContextVar("tetragrad_recording", default=True)

is_recording = _recording.get


class RecordingMode:
    """Context manager and decorator that switches recording on or off and restores the state on exit."""

    __slots__ = ("_mode", "_tokens")

    def __init__(self, mode: Any) -> None:
        self._mode = mode
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> RecordingMode:
        self._tokens.append(_recording.set(self._mode))
        return self

    def __exit__(self, *exc: object) -> None:
        _recording.reset(self._tokens.pop())

    def __call__(self, function: F) -> F:
        mode = self._mode

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with RecordingMode(mode):
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]


def keep_recording() -> RecordingMode:
    """Record, in the way that is in force (saved arrays may go through hooks)."""
    return RecordingMode(is_recording() or True)


def no_grad() -> RecordingMode:
    """Stop recording: results inside are constants.

    Returns
    -------
    RecordingMode
        Usable as ``with no_grad():`` and as a decorator ``@no_grad()``.

    Examples
    --------
    >>> import tetragrad as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """
    return RecordingMode(False)


def enable_grad() -> RecordingMode:
    """Record again inside a `no_grad` block.

    Returns
    -------
    RecordingMode
        Usable as ``with enable_grad():`` and as a decorator ``@enable_grad()``.

    Examples
    --------
    >>> import tetragrad as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.no_grad(), tg.enable_grad():
    ...     y = x * 2
    >>> y.requires_grad
    True
    """
    return RecordingMode(True)


def is_grad_enabled() -> bool:
    """Whether operations are recorded now, in this thread and context.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tetragrad as tg
    >>> tg.is_grad_enabled()
    True
    >>> with tg.no_grad():
    ...     tg.is_grad_enabled()
    False
    """
    return bool(is_recording())
