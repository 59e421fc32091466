"""Devices by name: programs ask for them; here every array lives in the computer's memory."""

from __future__ import annotations

from .base import MXNetError


class Context:
    """A device. `gpu` may be named, but no array can be put there."""

    def __init__(self, device_type: str = "cpu", device_id: int = 0) -> None:
        self.device_type = device_type
        self.device_id = device_id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Context) and (self.device_type, self.device_id) == (
            other.device_type, other.device_id,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.device_type, self.device_id))

    def __repr__(self) -> str:
        return f"{self.device_type}({self.device_id})"

    def __enter__(self) -> Context:
        check(self)
        return self

    def __exit__(self, *exc: object) -> None:
        pass


def cpu(device_id: int = 0) -> Context:
    """The computer's memory."""
    return Context("cpu", device_id)


def cpu_pinned(device_id: int = 0) -> Context:
    """Also the computer's memory."""
    return Context("cpu_pinned", device_id)


def gpu(device_id: int = 0) -> Context:
    """A graphics card; arrays cannot be put there."""
    return Context("gpu", device_id)


def num_gpus() -> int:
    """How many graphics cards arrays can be put on: none."""
    return 0


def current_context() -> Context:
    """Where new arrays go: the computer's memory."""
    return cpu()


def check(ctx: Context | None) -> None:
    """Raise if no array can be put on this device."""
    if ctx is not None and ctx.device_type not in ("cpu", "cpu_pinned", "cpu_shared"):
        raise MXNetError(f"MXNetError: no array can be put on {ctx}: tetragrad.mxnet computes on the CPU")
