"""`saved_tensors_hooks`: what happens to the Tensors that are kept for the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.recording import RecordingMode
from ...core.saving import Packing
from ...core.tensor import Tensor as CoreTensor
from ..tensor import Tensor, to_tensor


class saved_tensors_hooks(RecordingMode):
    """Context manager: each Tensor that is saved for a backward pass goes through a pair of functions.

    Parameters
    ----------
    pack_hook : callable
        ``pack_hook(tensor) -> anything``, called when an operation is recorded.
    unpack_hook : callable
        ``unpack_hook(anything) -> tensor``, called in the backward pass.
    """

    __slots__ = ()

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        def unpack(handle: Any) -> Any:
            restored = unpack_hook(handle)
            return (restored if isinstance(restored, CoreTensor) else to_tensor(restored))._value

        RecordingMode.__init__(self, Packing(lambda array: pack_hook(Tensor(array, None)), unpack))
