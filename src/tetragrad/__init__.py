"""tetragrad: automatic differentiation for Python programs on arrays.

import tetragrad as tg
import tetragrad.numpy as np

x = tg.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
y = 2 * np.dot(x, x)
y.backward()
x.grad                      # tensor([ 0.,  4.,  8., 12.])

tg.grad(np.sin)(0.0)        # 1.0
"""

from typing import TYPE_CHECKING, Any

from . import errors
from .api import (
    check_grads,
    checkpoint,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    memory,
    save_compressed,
    save_on_disk,
    saved_arrays_hooks,
    value_and_grad,
    vjp,
    vmap,
)
from .core import native as _native
from .core.locks import importing as _importing
from .core.recording import enable_grad, is_grad_enabled, no_grad
from .core.threads import threads
from .numpy.tensor import Tensor, stop_gradient, tensor
from .version import __version__

if TYPE_CHECKING:
    from . import interop, nn
    from .dialects.install import install

__all__ = [
    "Tensor",
    "__version__",
    "check_grads",
    "checkpoint",
    "compile",
    "enable_grad",
    "errors",
    "grad",
    "hessian",
    "hvp",
    "install",
    "interop",
    "is_grad_enabled",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "memory",
    "nn",
    "no_grad",
    "save_compressed",
    "save_on_disk",
    "saved_arrays_hooks",
    "stop_gradient",
    "tensor",
    "threads",
    "trace",
    "value_and_grad",
    "vjp",
    "vmap",
]


def _make_native(name: str, code: str, value: Any) -> Any:
    """Machine code for large arrays, from the compiler, which is imported when the first one comes."""
    with _importing:
        from .compile.large import make

    return make(name, code, value)


_native.offer(_make_native)


def __getattr__(name: str) -> Any:
    """What only some programs use is imported when it is first asked for, so that `import tetragrad` stays quick."""
    import importlib

    with _importing:
        if name == "install":
            value: Any = importlib.import_module("tetragrad.dialects.install").install
        elif name == "trace":
            value = importlib.import_module("tetragrad.compile").trace
        elif name in ("compile", "interop", "nn", "torch", "tensorflow", "mxnet", "paddle"):
            return importlib.import_module(f"tetragrad.{name}")
        else:
            raise AttributeError(f"module 'tetragrad' has no attribute {name!r}")
    globals()[name] = value
    return value
