"""`torch.distributions`: drawing counts."""

from __future__ import annotations

from typing import Any

from ...dialects.names import missing_name
from . import multinomial
from .multinomial import Multinomial

__all__ = ["Multinomial", "multinomial"]


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.torch.distributions", name, __all__)
