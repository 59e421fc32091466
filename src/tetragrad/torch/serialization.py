"""`torch.save` and `torch.load`: Tensors and containers of them in files (Python's pickle format, not PyTorch's)."""

from __future__ import annotations

import pickle
from typing import Any

# What a file may name when only weights are loaded: enough for Tensors in containers.
_ALLOWED = {
    ("collections", "OrderedDict"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("tetragrad.torch.dtypes", "as_dtype"),
    ("tetragrad.torch.dtypes", "Size"),
    ("tetragrad.torch.tensor", "_restore"),
}


class _WeightsOnly(pickle.Unpickler):
    """Refuses everything that is not a Tensor, a number, a string or a container of these."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"Weights only load failed: the file names {module}.{name}. If you trust it, use load(..., "
            f"weights_only=False), which can run any code that the file holds."
        )


def save(obj: Any, f: Any, **kwargs: Any) -> None:
    """Write an object to a file.

    Parameters
    ----------
    obj : object
        Tensors, or containers of them.
    f : path or binary file
    """
    if hasattr(f, "write"):
        pickle.dump(obj, f)
        return
    with open(f, "wb") as file:
        pickle.dump(obj, file)


def load(f: Any, map_location: Any = None, *, weights_only: bool = True, **kwargs: Any) -> Any:
    """Read what `save` wrote.

    Parameters
    ----------
    f : path or binary file
    map_location : object
        Ignored: there is one device.
    weights_only : bool
        Only Tensors and containers of them.
    """
    if not hasattr(f, "read"):
        with open(f, "rb") as file:
            return load(file, weights_only=weights_only)
    return _WeightsOnly(f).load() if weights_only else pickle.load(f)


__all__ = ["load", "save"]
