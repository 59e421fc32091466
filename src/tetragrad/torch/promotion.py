"""Which dtype a result has: PyTorch's promotion, where it is not NumPy's.

NumPy makes float64 of an integer array and a float; PyTorch keeps to the default dtype, and a Tensor without axes does
not raise the dtype of one with axes. The engine's doors promote as NumPy does, so only results that came out as float64
or complex128 need a second look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.tensor import PYTHON_SCALARS
from ..core.tensor import Tensor as CoreTensor
from ..numpy.shaping import astype
from . import dtypes

FLOAT64 = np.dtype(np.float64)
COMPLEX128 = np.dtype(np.complex128)
_WIDE = (FLOAT64, COMPLEX128)
_KINDS = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}


def promote_types(a: Any, b: Any) -> Any:
    """The smallest dtype (NumPy's) that holds both, integers never raising the size of floats."""
    if _KINDS[a.kind] < 2 <= _KINDS[b.kind]:
        return b
    if _KINDS[b.kind] < 2 <= _KINDS[a.kind]:
        return a
    return np.promote_types(a, b)


def result_dtype(*operands: Any) -> Any:
    """NumPy's dtype of the result of an operation on Tensors, arrays and Python numbers, as PyTorch has it."""
    groups: list[Any] = [None, None, None]  # with axes, without axes, Python numbers
    for operand in operands:
        if type(operand) in PYTHON_SCALARS:
            place, dtype = 2, _of_number(operand)
        else:
            value = operand._value if isinstance(operand, CoreTensor) else np.asarray(operand)
            if value.dtype.kind not in _KINDS:
                raise TypeError(f"operands must be Tensors or numbers, not {type(operand).__name__}")
            place, dtype = (0 if value.shape else 1), value.dtype
        groups[place] = dtype if groups[place] is None else promote_types(groups[place], dtype)
    with_axes, without, number = groups
    return _combine(_combine(with_axes, without), number)


def _of_number(number: Any) -> Any:
    if isinstance(number, bool):
        return dtypes.bool.dtype
    if isinstance(number, int):
        return dtypes.int64.dtype
    return (dtypes.default_complex() if isinstance(number, complex) else dtypes.get_default_dtype()).dtype


def _combine(higher: Any, lower: Any) -> Any:
    """The dtype of a group of operands with that of a group of lower rank."""
    if higher is None or lower is None:
        return lower if higher is None else higher
    if _KINDS[higher.kind] >= _KINDS[lower.kind]:
        return higher
    if lower.kind == "c" and higher.kind == "f":
        return dtypes.complex128.dtype if higher == FLOAT64 else dtypes.complex64.dtype
    return promote_types(higher, lower)


def cast(x: Any, dtype: Any) -> Any:
    """An operand in this dtype (NumPy's)."""
    if type(x) in PYTHON_SCALARS:
        return x
    value = x._value if isinstance(x, CoreTensor) else np.asarray(x)
    if value.dtype == dtype:
        return x
    if not isinstance(x, CoreTensor):
        return value.astype(dtype)
    out = astype(x, dtype)
    return out if isinstance(out, CoreTensor) else type(x)(out, None)


def settled(door: Callable[..., Any], operands: Sequence[Any], out: Any) -> Any:
    """The result of ``door(*operands)``, which gave `out`, in the dtype that PyTorch gives it."""
    if out._value.dtype not in _WIDE:
        return out
    wanted = result_dtype(*operands)
    if wanted.kind in "iub":
        wanted = dtypes.get_default_dtype().dtype
    if wanted == out._value.dtype:
        return out
    return door(*[cast(operand, wanted) for operand in operands])


def floating(x: Any) -> Any:
    """Integers and booleans in the default dtype; anything else as it is."""
    return x if x._value.dtype.kind in "fc" else cast(x, dtypes.get_default_dtype().dtype)
