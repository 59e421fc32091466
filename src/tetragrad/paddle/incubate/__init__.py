"""`paddle.incubate`: its functional differentiation, and ways to recompute."""

from ...dialects.names import answer_for
from . import autograd, distributed

__all__ = ["autograd", "distributed"]

__getattr__ = answer_for(__name__)
