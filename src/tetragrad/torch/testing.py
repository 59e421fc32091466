"""`torch.testing`: comparison of Tensors in tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import concrete
from ..dialects.names import answer_for

# Relative and absolute tolerances by dtype, PyTorch's.
_TOLERANCES = {
    "float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7), "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}  # fmt: skip


def assert_close(
    actual: Any, expected: Any, *, rtol: float | None = None, atol: float | None = None, equal_nan: bool = False,
    check_dtype: bool = True, msg: str | None = None, **kwargs: Any,
) -> None:  # fmt: skip
    """Raise AssertionError unless two Tensors (or sequences of them) are close."""
    if isinstance(actual, (list, tuple)):
        if len(actual) != len(expected):
            raise AssertionError(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}")
        for a, b in zip(actual, expected):
            assert_close(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=check_dtype, msg=msg)
        return
    a, b = np.asarray(concrete(actual, "assert_close")), np.asarray(concrete(expected, "assert_close"))
    if a.shape != b.shape:
        raise AssertionError(msg or f"The values for attribute 'shape' do not match: {a.shape} != {b.shape}.")
    if check_dtype and a.dtype != b.dtype:
        raise AssertionError(msg or f"The values for attribute 'dtype' do not match: {a.dtype} != {b.dtype}.")
    relative, absolute = _TOLERANCES.get(str(a.dtype), (0.0, 0.0))
    if not np.allclose(a, b, relative if rtol is None else rtol, absolute if atol is None else atol, equal_nan):
        raise AssertionError(msg or f"Tensor-likes are not close!\n\nactual: {actual!r}\nexpected: {expected!r}")


__all__ = ["assert_close"]

__getattr__ = answer_for(__name__)
