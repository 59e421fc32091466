"""What a process holds and held at most, in bytes."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path

from .limits import resident


def settled() -> int:
    """Resident size after garbage is collected and free memory went back to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return resident()


def forget_peak() -> None:
    """The peak begins anew at what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """Largest resident size so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
