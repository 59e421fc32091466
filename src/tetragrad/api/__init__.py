"""The transforms of functions (one file each) and the public functions built on them. JAX's signatures."""

from .checking import check_grads
from .forward import jvp, linearize
from .jacobians import hessian, hvp, jacfwd, jacobian, jacrev
from .mapping import vmap
from .reverse import grad, value_and_grad, vjp

__all__ = [
    "check_grads", "grad", "hessian", "hvp", "jacfwd", "jacobian", "jacrev", "jvp", "linearize", "value_and_grad",
    "vjp",
    "vmap",
]  # fmt: skip
