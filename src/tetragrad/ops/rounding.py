"""Rounding: piecewise constant, so the derivative is zero wherever there is one, and taken as zero at the jumps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..families import ZERO, Case, Integers, Real, elementwise, nondifferentiable

_STEPS = Real(-3, 3, avoid=(-3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3), special=(0, 0.5, 1))

floor = elementwise("floor", np.floor, [ZERO], sample=_STEPS)
ceil = elementwise("ceil", np.ceil, [ZERO], sample=_STEPS)
trunc = elementwise("trunc", np.trunc, [ZERO], sample=_STEPS)
rint = elementwise("rint", np.rint, [ZERO], sample=_STEPS)


def _round(x: Any, *, decimals: int) -> Any:
    return np.round(x, decimals)


round_integers = nondifferentiable(
    "round_integers", _round, batch="elementwise", sample=[Case(Integers(-99, 99)[2, 3], decimals=-1)]
)


def round(x: Any, decimals: int = 0) -> Any:
    """`x` rounded to `decimals` decimals (half to even), by the steps in which `numpy.round` computes it."""
    if not isinstance(x, Tensor):
        return np.round(x, decimals)
    if x.dtype.kind not in "fc":
        return round_integers(x, decimals=decimals)
    if decimals == 0:
        return rint(x)
    scale: Any = float(10 ** abs(decimals))
    return rint(x * scale) / scale if decimals > 0 else rint(x / scale) * scale
