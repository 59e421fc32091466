"""The transforms of functions (one file each) and the public functions built on them. JAX's signatures."""

from .checking import check_grads
from .forward import jvp, linearize
from .jacobians import hessian, hvp, jacfwd, jacobian, jacrev
from .mapping import vmap
from .memory import MemoryReport, memory
from .reverse import grad, value_and_grad, vjp
from .saving import checkpoint, save_compressed, save_on_disk, saved_arrays_hooks

__all__ = [
    "MemoryReport",
    "check_grads",
    "checkpoint",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "memory",
    "save_compressed",
    "save_on_disk",
    "saved_arrays_hooks",
    "value_and_grad",
    "vjp",
    "vmap",
]
