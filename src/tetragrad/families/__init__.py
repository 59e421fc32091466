"""The three families. A row of the table states what cannot be derived; its family derives the rest.

This is the only code that makes one rule from another: reverse from forward, broadcasting undone, batching.
"""

from .elementwise import elementwise
from .general import general, nondifferentiable
from .linear import linear
from .rules import ZERO
from .samples import Case, Complex, Integers, Real

__all__ = ["ZERO", "Case", "Complex", "Integers", "Real", "elementwise", "general", "linear", "nondifferentiable"]
