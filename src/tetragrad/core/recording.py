"""Whether operations are recorded: one state per thread and per `contextvars` context."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextvars import ContextVar, Token, copy_context
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

# True, False, or a `saving.Packing`: recorded, with saved arrays going through its hooks.
_recording: ContextVar[Any] = ContextVar("tetragrad_recording", default=True)

is_recording = _recording.get


def in_force(mode: Any) -> Any:
    """A mode as it is to be entered now: packing does not switch recording on, and recording keeps what packs."""
    now = _recording.get()
    if mode is True:
        return now or True
    return mode if now else False


class RecordingMode:
    """Context manager and decorator that switches recording on or off and restores the state on exit."""

    __slots__ = ("_mode", "_tokens")

    def __init__(self, mode: Any) -> None:
        self._mode = mode
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> RecordingMode:
        previous = _recording.get()
        try:
            self._tokens.append(_recording.set(in_force(self._mode)))
            return self
        except BaseException:  # interrupted before the block began, which nobody will leave then
            _recording.set(previous)
            raise

    def __exit__(self, *exc: object) -> None:
        try:
            token = self._tokens[-1]
            _recording.reset(token)
        except (IndexError, ValueError, RuntimeError):
            token = self._reset_older()
        self._tokens.remove(token)

    def _reset_older(self) -> Token[Any]:
        """Restore the state where other threads or tasks have entered the same object since."""
        for token in self._tokens[::-1]:
            try:
                _recording.reset(token)
            except (ValueError, RuntimeError):  # not of this context, or left meanwhile
                continue
            return token
        raise RuntimeError("this recording mode is left in another thread or context than it was entered in")

    def __call__(self, function: F) -> F:
        mode = self._mode

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return call_in_mode(in_force(mode), function, args, kwargs)

        return wrapper  # type: ignore[return-value]


def call_in_mode(mode: Any, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Call a function in this recording mode."""
    previous = _recording.get()
    try:
        _recording.set(mode)
        return function(*args, **kwargs)
    finally:  # in this very frame: a `KeyboardInterrupt` finds no gap, as it would in a method `__exit__`
        _recording.set(previous)


# Switches of faces that record only when they are told to: all are on in the function of a transform.
SWITCHES: list[ContextVar[bool]] = []


def transformed_call(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Call the function of a transform: operations of every face are recorded, in the way that is in force."""
    if not SWITCHES:
        return call_in_mode(_recording.get() or True, function, args, kwargs)
    # In a context of its own, which ends all at once: no interrupt can leave a switch on.
    return copy_context().run(_switched_on, function, args, kwargs)


def _switched_on(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    for switch in SWITCHES:
        switch.set(True)
    return call_in_mode(_recording.get() or True, function, args, kwargs)


def recorded_call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function that is to be recorded, in the way that is in force."""
    return call_in_mode(_recording.get() or True, function, args, kwargs)


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
