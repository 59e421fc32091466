"""`tf.linalg`: products, factorisations and norms of matrices."""

from __future__ import annotations

from typing import Any

from ..dialects.names import missing_name
from .creation import eye  # noqa: F401
from .products import (  # noqa: F401
    band_part,
    cholesky,
    cross,
    det,
    diag,
    diag_part,
    eigh,
    eigvalsh,
    einsum,
    global_norm,
    inv,
    logdet,
    lstsq,
    matmul,
    matrix_transpose,
    matvec,
    norm,
    qr,
    slogdet,
    solve,
    svd,
    tensordot,
    trace,
    triangular_solve,
)


def __getattr__(name: str) -> Any:
    raise missing_name(
        __name__, name, [each for each in globals() if each not in ("Any", "annotations", "missing_name")]
    )
