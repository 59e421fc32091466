"""Parts of complex numbers, linear over the real numbers only.

Cotangents pair with tangents as Re(g t), without conjugation. So the transpose of the real part reads a real cotangent
as complex (the family does, when it brings it to the input's dtype), that of the imaginary part is a factor -i, and
that of the conjugate is the conjugate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..families import Case, Complex, Real, linear
from ..families.rules import LINEAR

_CASES = [Case(Complex(-3, 3)[2, 3]), Case(Complex(-3, 3)[()]), Case(Real(-3, 3)[3]), Case(Complex(-3, 3)[0, 2])]


def _batch_real(args: Sequence[Any], batched: Sequence[bool], size: int, params: Any) -> Any:
    return real(*args)


def _batch_imag(args: Sequence[Any], batched: Sequence[bool], size: int, params: Any) -> Any:
    return imag(*args)


def _batch_conj(args: Sequence[Any], batched: Sequence[bool], size: int, params: Any) -> Any:
    return conj(*args)


real = linear(
    "real", lambda x: np.real(x), [lambda g: g], batch=_batch_real, view=True, sample=_CASES, doc="Real part."
)  # fmt: skip
imag = linear(
    "imag", lambda x: np.imag(x), [lambda g: g * -1j], batch=_batch_imag, view=True, sample=_CASES,
    doc="Imaginary part.",
)  # fmt: skip
conj = linear(
    "conj", np.conjugate, [lambda g: conj(g)], batch=_batch_conj, sample=_CASES, doc="Complex conjugate."
)  # fmt: skip

LINEAR["real"] = real
