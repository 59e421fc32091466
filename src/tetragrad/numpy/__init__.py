"""TEMPORARY bootstrap while the rows are being written: imports whatever modules exist. The lead replaces this file."""

import importlib

from numpy import e, euler_gamma, inf, nan, newaxis, pi  # noqa: F401
from numpy import bool_, complex64, complex128, float16, float32, float64, int8, int16, int32, int64, uint8  # noqa: F401
from numpy import dtype, errstate, finfo, iinfo, ndarray, random  # noqa: F401

for _name in ("linalg", "contraction", "creation", "elementwise", "indexing", "joining", "reductions", "differences", "statistics", "padding", "shape", "sorting"):
    try:
        _m = importlib.import_module(f"tetragrad.numpy.{_name}")
    except ImportError as _e:
        print("numpy face: missing", _name, _e)
        continue
    if _name != "linalg":
        globals().update({k: v for k, v in vars(_m).items() if k in getattr(_m, "__all__", vars(_m)) and not k.startswith("_")})
try:
    from .methods import install_methods
    install_methods()
except (ImportError, AttributeError) as _e:
    print("methods missing", _e)
