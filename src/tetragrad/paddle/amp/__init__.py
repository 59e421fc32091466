"""`paddle.amp`: only `debugging`; there is no mixed precision."""

from __future__ import annotations

from typing import Any

from ...dialects.names import missing_name
from . import debugging

__all__ = ["debugging"]


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.paddle.amp", name, __all__)
