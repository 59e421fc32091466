"""`tf.raw_ops`: only what automatic differentiation needs of it."""

from __future__ import annotations

from typing import Any

from ..dialects.names import missing_name
from .custom import prevent_gradient as PreventGradient

__all__ = ["PreventGradient"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
