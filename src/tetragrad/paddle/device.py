"""`paddle.device`: there is the CPU."""

from __future__ import annotations

from types import SimpleNamespace

from ..dialects.names import answer_for
from .dtypes import CPU, Place
from .errors import invalid


def get_device() -> str:
    """``"cpu"``."""
    return "cpu"


def set_device(device: str) -> Place:
    """Accept the CPU, refuse others."""
    if str(device).split(":")[0] != "cpu":
        raise invalid(f"set_device: tetragrad computes on the CPU, there is no {device!r}")
    return CPU


cuda = SimpleNamespace(device_count=lambda: 0)  # there is no GPU


def is_compiled_with_cuda() -> bool:
    """False."""
    return False


__getattr__ = answer_for(__name__)
