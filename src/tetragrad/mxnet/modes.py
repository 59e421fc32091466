"""Whether operations are recorded, and whether layers are training: two flags per thread, both off at first."""

from __future__ import annotations

from contextvars import ContextVar

from ..core import recording as engine_recording
from ..core.recording import RecordingMode

_recording: ContextVar[bool] = ContextVar("tetragrad_mxnet_recording", default=False)
_training: ContextVar[bool] = ContextVar("tetragrad_mxnet_training", default=False)

engine_recording.SWITCHES.append(_recording)

is_recording = _recording.get
is_training = _training.get


def set_recording(is_recording: bool) -> bool:
    """Record operations from now on, or do not; returns what was in force before."""
    previous = _recording.get()
    _recording.set(bool(is_recording))
    return previous


def set_training(train_mode: bool) -> bool:
    """Say whether layers are training; returns what was in force before."""
    previous = _training.get()
    _training.set(bool(train_mode))
    return previous


class Scope:
    """A ``with`` block that sets the flags (None leaves one alone) and restores them on exit."""

    __slots__ = ("_entered", "_record", "_train")

    def __init__(self, record: bool | None, train: bool | None) -> None:
        self._record = record
        self._train = train
        self._entered: list[tuple[bool, bool, RecordingMode | None]] = []

    def __enter__(self) -> Scope:
        engine = None
        if self._record and not engine_recording.is_recording():  # inside another face's `no_grad`
            engine = RecordingMode(True)
            engine.__enter__()
        self._entered.append((_recording.get(), _training.get(), engine))
        if self._record is not None:
            _recording.set(self._record)
        if self._train is not None:
            _training.set(self._train)
        return self

    def __exit__(self, *exc: object) -> None:
        recording, training, engine = self._entered.pop()
        if self._record is not None:
            _recording.set(recording)
        if self._train is not None:
            _training.set(training)
        if engine is not None:
            engine.__exit__(*exc)


def record(train_mode: bool = True) -> Scope:
    """Record what is computed in the ``with`` block, for `backward`.

    Parameters
    ----------
    train_mode : bool
        Whether layers such as dropout behave as in training.

    Examples
    --------
    >>> from tetragrad.mxnet import autograd, np
    >>> x = np.arange(4)
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = 2 * np.dot(x, x)
    >>> y.backward()
    >>> x.grad
    array([ 0.,  4.,  8., 12.])
    """
    return Scope(True, bool(train_mode))


def pause(train_mode: bool = False) -> Scope:
    """Do not record in the ``with`` block: what is computed there is constant."""
    return Scope(False, bool(train_mode))


def train_mode() -> Scope:
    """Layers behave as in training in the ``with`` block; recording stays as it is."""
    return Scope(None, True)


def predict_mode() -> Scope:
    """Layers behave as in prediction in the ``with`` block; recording stays as it is."""
    return Scope(None, False)


__all__ = [
    "is_recording", "is_training", "pause", "predict_mode", "record", "set_recording", "set_training",
    "train_mode",
]  # fmt: skip
