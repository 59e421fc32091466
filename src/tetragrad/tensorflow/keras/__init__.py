"""`tf.keras`: optimisers and losses for training loops that are written out; there are no layers or models."""

from __future__ import annotations

from typing import Any

from ...dialects.names import missing_name
from . import losses, optimizers

__all__ = ["losses", "optimizers"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
