"""Gradients across the border to the real PyTorch, JAX and TensorFlow.

``from_torch(function)`` makes a function of torch tensors one of tetragrad's arrays; ``to_torch(function)`` the other
way round. Gradients of every order cross, in reverse mode. The packages are imported when first needed.
"""

from .jax import from_jax, to_jax
from .tensorflow import from_tensorflow, to_tensorflow
from .torch import from_torch, to_torch

__all__ = ["from_jax", "from_tensorflow", "from_torch", "to_jax", "to_tensorflow", "to_torch"]
