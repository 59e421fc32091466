"""`paddle.incubate.distributed`: only the ways to recompute."""

from ....dialects.names import answer_for
from . import fleet

__all__ = ["fleet"]

__getattr__ = answer_for(__name__)
