"""MXNet's idiom over tetragrad: ``from tetragrad.mxnet import autograd, np, npx, nd`` in place of ``from mxnet``."""

from __future__ import annotations

from typing import Any

from ..dialects.names import missing_name
from . import autograd, base, context, gluon, nd, numpy, numpy_extension, operator, test_utils
from . import random as random
from .base import MXNetError
from .context import Context, cpu, cpu_pinned, current_context, gpu, num_gpus
from .numpy_extension import waitall

np = numpy
npx = numpy_extension
ndarray = nd

# The version of MXNet whose behaviour this follows.
__version__ = "1.9.1"


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.mxnet", name, globals())


__all__ = [
    "Context", "MXNetError", "autograd", "base", "context", "cpu", "cpu_pinned", "current_context", "gluon", "gpu",
    "nd", "np", "npx", "num_gpus", "numpy", "numpy_extension", "operator", "random", "test_utils", "waitall",
]  # fmt: skip
