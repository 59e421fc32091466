"""DLPack: handing the memory of Tensors to other array libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.bind import describe
from ..core.levels import concrete
from ..core.tensor import Tensor
from ..errors import EscapedValueError


def dlpack(
    self: Tensor, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
) -> Any:
    """A DLPack capsule of the values, for ``other_library.from_dlpack(x)``; shares memory, so do not write into it."""
    if self._node is not None:
        raise EscapedValueError(
            f"__dlpack__: this Tensor ({describe(self)}) takes part in a derivative, which would end here. Use "
            f".detach(), or tetragrad.interop to take gradients across."
        )
    array = np.array(concrete(self, "__dlpack__"), copy=True if copy else None)
    if not array.flags.writeable and max_version is None:
        array = array.copy()
    options = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
    options = {name: value for name, value in options.items() if value is not None}
    try:
        return array.__dlpack__(stream=stream, **options)
    except TypeError:  # NumPy 2.0 knows only `stream`
        return array.__dlpack__(stream=stream)


def dlpack_device(self: Tensor) -> tuple[int, int]:
    """Where the values are, in DLPack's terms: the CPU."""
    return (1, 0)
