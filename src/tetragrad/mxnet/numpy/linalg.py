"""`mxnet.np.linalg`."""

from __future__ import annotations

from typing import Any

from ...dialects.names import missing_name
from ...numpy import linalg as face
from ..ndarray import ndarray
from ..operations import operation

cholesky = operation(ndarray, face.cholesky)
cond = operation(ndarray, face.cond)
det = operation(ndarray, face.det)
eig = operation(ndarray, face.eig)
eigh = operation(ndarray, face.eigh)
eigvals = operation(ndarray, face.eigvals)
eigvalsh = operation(ndarray, face.eigvalsh)
inv = operation(ndarray, face.inv)
lstsq = operation(ndarray, face.lstsq)
matrix_rank = operation(ndarray, face.matrix_rank)
multi_dot = operation(ndarray, face.multi_dot)
norm = operation(ndarray, face.norm)
pinv = operation(ndarray, face.pinv)
qr = operation(ndarray, face.qr)
slogdet = operation(ndarray, face.slogdet)
solve = operation(ndarray, face.solve)
tensorinv = operation(ndarray, face.tensorinv)
tensorsolve = operation(ndarray, face.tensorsolve)


def _svd(a: Any) -> Any:
    return face.svd(a, full_matrices=False)


svd = operation(ndarray, _svd, "svd")


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.mxnet.np.linalg", name, globals())
