"""`torch.utils`: checkpointing."""

from __future__ import annotations

from typing import Any

from ...dialects.names import missing_name
from . import checkpoint, data

__all__ = ["checkpoint", "data"]


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.torch.utils", name, __all__)
