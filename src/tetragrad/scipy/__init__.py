"""SciPy's names on Tensors. SciPy itself is imported when a function first needs it."""

from . import special

__all__ = ["special"]
