"""PaddlePaddle's automatic differentiation and the arrays around it, on tetragrad's engine.

import tetragrad.paddle as paddle

x = paddle.to_tensor([0.0, 1.0, 2.0, 3.0], stop_gradient=False)
y = 2 * paddle.dot(x, x)
y.backward()
x.grad
"""

# ruff: noqa: F401, F403
from typing import Any

from ..dialects.names import missing_name
from . import amp, autograd, device, distributed, incubate, jit, linalg, methods, nn, optimizer, static
from .autograd import grad
from .creation import (
    arange,
    assign,
    clone,
    create_parameter,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from .device import get_device, is_compiled_with_cuda, set_device
from .dtypes import (
    CPUPlace,
    Size,
    bool,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from .dtypes import DataType as dtype
from .flags import get_flags, set_flags
from .linalg import (
    addmm,
    bmm,
    cholesky,
    cross,
    diag,
    diagonal,
    dist,
    dot,
    einsum,
    histogram,
    inner,
    inverse,
    kron,
    matmul,
    mm,
    mv,
    norm,
    outer,
    tensordot,
    trace,
    tril,
    triu,
)
from .manipulation import *
from .mathematics import *
from .modes import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .printing import set_printoptions
from .random import (
    bernoulli,
    gaussian,
    multinomial,
    normal,
    rand,
    randint,
    randn,
    randperm,
    seed,
    standard_normal,
    uniform,
)
from .storing import load, save
from .tensor import Tensor, to_tensor

__version__ = "3.3.1"
__all__ = [name for name in globals() if not name.startswith("_") and name not in ("Any", "missing_name", "methods")]


def in_dynamic_mode() -> Any:
    """True: operations run at once."""
    return True


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.paddle", name, __all__)
