"""`paddle.distributed.fleet`: only the way to `recompute`."""

from ....dialects.names import answer_for
from . import utils
from .utils import recompute

__all__ = ["recompute", "utils"]

__getattr__ = answer_for(__name__)
