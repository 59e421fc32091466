"""Switching recording on and off, by Paddle's names. The decorators are instances: ``@no_grad()``."""

from __future__ import annotations

from typing import Any

from ..core.recording import RecordingMode, _recording, is_grad_enabled


class no_grad(RecordingMode):
    """Context manager and decorator: results are constants.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> x = paddle.to_tensor([1.0], stop_gradient=False)
    >>> with paddle.no_grad():
    ...     y = x * 2
    >>> y.stop_gradient
    True
    """

    __slots__ = ()

    def __init__(self) -> None:
        RecordingMode.__init__(self, False)


class enable_grad(RecordingMode):
    """Context manager and decorator: operations are recorded again."""

    __slots__ = ()

    def __init__(self) -> None:
        RecordingMode.__init__(self, True)


class set_grad_enabled(RecordingMode):
    """Switch recording on or off, at once; as a context manager it restores the state on exit.

    Parameters
    ----------
    mode : bool
    """

    __slots__ = ("_previous",)

    def __init__(self, mode: Any) -> None:
        RecordingMode.__init__(self, bool(mode))
        self._previous = _recording.get()
        _recording.set(bool(mode))

    def __enter__(self) -> set_grad_enabled:
        _recording.set(self._mode)
        return self

    def __exit__(self, *exc: object) -> None:
        _recording.set(self._previous)


__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]
