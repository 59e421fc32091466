"""`paddle.incubate`: its functional differentiation."""

from . import autograd

__all__ = ["autograd"]
