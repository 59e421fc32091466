"""`paddle.nn`: its functions. Layers are no part of tetragrad."""

from typing import Any

from ...dialects.names import missing_name
from . import functional, initializer

__all__ = ["functional", "initializer"]


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.paddle.nn", name, [*__all__, *(f"functional.{each}" for each in functional.__all__)])
