"""`paddle.distributed.fleet`: only the way to `recompute`."""

from . import utils
from .utils import recompute

__all__ = ["recompute", "utils"]
