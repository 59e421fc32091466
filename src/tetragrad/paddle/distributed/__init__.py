"""`paddle.distributed`: only the way to `recompute`."""

from . import fleet

__all__ = ["fleet"]
