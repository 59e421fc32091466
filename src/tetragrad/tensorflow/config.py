"""`tf.config`: there is one device, the CPU."""

from __future__ import annotations

import types
from typing import Any, NamedTuple

from ..core.threads import threads
from ..dialects.names import missing_name


class PhysicalDevice(NamedTuple):
    """A device of the machine."""

    name: str
    device_type: str


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices: one CPU."""
    return [PhysicalDevice("/physical_device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


list_logical_devices = list_physical_devices


_eagerly = False


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether what `tf.function` decorates runs as it is, uncompiled."""
    global _eagerly
    _eagerly = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """Whether what `tf.function` decorates runs uncompiled."""
    return _eagerly


def _set_threads(num_threads: int) -> None:
    """How many threads large operations use; 0 leaves it as it is."""
    if num_threads:
        threads(num_threads)


threading = types.SimpleNamespace(
    get_intra_op_parallelism_threads=threads, set_intra_op_parallelism_threads=_set_threads,
    get_inter_op_parallelism_threads=lambda: 1, set_inter_op_parallelism_threads=lambda num_threads: None,
)  # fmt: skip

experimental = types.SimpleNamespace(
    list_physical_devices=list_physical_devices, list_logical_devices=list_logical_devices
)

__all__ = [
    "PhysicalDevice", "experimental", "functions_run_eagerly", "list_logical_devices", "list_physical_devices",
    "run_functions_eagerly", "threading",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
