"""SciPy's names on Tensors. SciPy itself is imported when a function first needs it."""

from . import linalg, special

__all__ = ["linalg", "special"]
