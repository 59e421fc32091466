"""The named results of functions that return several Tensors (`torch.return_types`)."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any


def result_type(name: str, fields: Sequence[str]) -> Any:
    """A named tuple that prints as PyTorch's."""

    def represent(self: Any) -> str:
        return f"torch.return_types.{name}(\n" + ",\n".join([f"{f}={v!r}" for f, v in zip(fields, self)]) + ")"

    base = namedtuple(name, fields)  # type: ignore[misc]
    return type(name, (base,), {"__slots__": (), "__repr__": represent, "__module__": __name__})
