"""Compiled functions of MXNet arrays."""

from __future__ import annotations

from ..dialects.compiling import FrameworkFunction
from .modes import is_recording


class Hybrid(FrameworkFunction):
    """Recorded only where MXNet records."""

    _is_recording = staticmethod(is_recording)
