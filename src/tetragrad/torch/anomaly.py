"""Anomaly detection: every result of a backward pass is looked at, and the first nan raises and names its function."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..core import hooks
from ..core.levels import Boxed
from ..core.sweep import reach
from ..core.tensor import Node
from .errors import RuntimeError
from .names import node_name

_mode: ContextVar[tuple[bool, bool]] = ContextVar("tetragrad_torch_anomaly", default=(False, True))


class set_detect_anomaly:
    """Switch anomaly detection on or off: at once as a function, for a block as a context."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.previous = _mode.get()
        _mode.set((bool(mode), bool(check_nan)))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        _mode.set(self.previous)


class detect_anomaly:
    """``with torch.autograd.detect_anomaly():`` raise where a backward pass computes nan."""

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self.previous = _mode.get()
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self.previous = _mode.get()
        _mode.set((True, self.check_nan))

    def __exit__(self, *exc: object) -> None:
        _mode.set(self.previous)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return _mode.get()[0]


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly detection looks for nan."""
    return _mode.get()[1]


def is_enabled() -> bool:
    """Whether backward passes are to be checked."""
    mode = _mode.get()
    return mode[0] and mode[1]


def watch(roots: Sequence[Any]) -> list[Any]:
    """Look at the results of all rules that a sweep from `roots` may run; returns the handles of the hooks."""
    order, _ = reach(roots)
    return [hooks.register(node, "after", _check(node), hooks.default_face) for node in order if node.parents]


def _check(node: Node) -> Any:
    def look(cotangents: Any, g: Any) -> None:
        for index, ct in enumerate(cotangents):
            if ct is not None and not isinstance(ct._value, Boxed) and _has_nan(ct._value):
                raise RuntimeError(f"Function '{node_name(node)}' returned nan values in its {index}th output.")

    return look


def _has_nan(value: Any) -> bool:
    return hasattr(value, "dtype") and isinstance(value, (np.ndarray, np.generic)) and bool(np.isnan(value).any())
