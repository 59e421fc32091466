"""PyTorch's names and ways over tetragrad's engine: ``import tetragrad.torch as torch``.

Names, signatures, defaults, error types and reprs are PyTorch's; every rule and every array operation comes from below.
"""

from __future__ import annotations

# ruff: noqa: F401, F403
from math import e, inf, nan, pi
from typing import Any

from ..core.threads import threads as _threads
from ..dialects.borders import accepting as _accepting
from ..dialects.names import missing_name as _missing_name
from . import amp, autograd, distributions, dtypes, func, library, linalg, nn, optim, random, testing, utils
from . import random as _random_module
from .anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
from .compiling import compile
from .creation import *
from .creation import complex_ as complex
from .dtypes import (
    Size,
    bool,
    cdouble,
    cfloat,
    complex64,
    complex128,
    device,
    double,
    dtype,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    short,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .func import vmap
from .linalg import (
    addmm,
    bmm,
    cdist,
    cross,
    det,
    dot,
    einsum,
    ger,
    inner,
    inverse,
    kron,
    logdet,
    matmul,
    matrix_exp,
    matrix_power,
    mm,
    mv,
    outer,
    qr,
    slogdet,
    svd,
    tensordot,
    trace,
    vdot,
)
from .linalg import pinv as pinverse
from .methods import clone
from .methods import install as _install
from .modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .nn.functional import dropout, log_softmax, softmax
from .options import set_printoptions
from .pointwise import *
from .promotion import promote_types as _promote
from .promotion import result_dtype as _result_dtype
from .random import *
from .reductions import *
from .reductions import norm as _norm
from .serialization import load, save
from .shaping import *
from .tensor import Tensor

_install()

# Tensors of other dialects are welcome: these functions see them as PyTorch's.
for _name, _value in list(globals().items()):
    if getattr(_value, "__module__", "").startswith(("tetragrad.torch.shaping", "tetragrad.torch.reductions")) or (
        _name in ("clone", "trace", "det", "inverse", "matrix_power", "svd", "qr")
    ):
        globals()[_name] = _accepting(Tensor, _value)

strided = "torch.strided"
contiguous_format = "torch.contiguous_format"
preserve_format = "torch.preserve_format"
__version__ = "2.13.0+cpu"  # the release whose behaviour this follows
FloatTensor = Tensor


def vander(x: Any, N: Any = None, increasing: Any = False) -> Any:
    """Vandermonde matrix, powers decreasing by default."""
    powers = linalg.vander(x, N)
    return powers if increasing else powers.flip(-1)


def is_floating_point(input: Any) -> Any:
    """Whether a Tensor's elements are real floating-point numbers."""
    return input._value.dtype.kind == "f"


def is_complex(input: Any) -> Any:
    """Whether a Tensor's elements are complex."""
    return input._value.dtype.kind == "c"


def promote_types(type1: Any, type2: Any) -> Any:
    """The smallest dtype that holds both."""
    return dtypes.as_dtype(_promote(dtypes.as_dtype(type1).dtype, dtypes.as_dtype(type2).dtype))


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype of the result of an operation on both."""
    return dtypes.as_dtype(_result_dtype(tensor1, tensor2))


def dist(input: Any, other: Any, p: Any = 2) -> Any:
    """The norm of the difference."""
    return _norm(input - other, p)


def get_num_threads() -> Any:
    """How many threads large operations use."""
    return _threads()


def set_num_threads(n: Any) -> None:
    """Say how many threads large operations use."""
    _threads(n)


def typename(obj: Any) -> str:
    """The name of a Tensor's type."""
    return f"torch.{obj.dtype.legacy}Tensor" if isinstance(obj, Tensor) else type(obj).__name__


class _NoDevice:
    """`torch.cuda`, `torch.mps`: there is no such device."""

    def __init__(self, name: str) -> None:
        self._name = name

    def is_available(self) -> Any:
        """False."""
        return False

    def device_count(self) -> Any:
        """Zero."""
        return 0

    def manual_seed_all(self, seed: Any) -> None:
        """Nothing to seed."""

    manual_seed = manual_seed_all

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"torch.{self.__dict__.get('_name')}.{name}: tetragrad computes on the CPU only")


cuda = _NoDevice("cuda")


def __getattr__(name: str) -> Any:
    raise _missing_name("tetragrad.torch", name, globals())
