"""`tf.math`: the elementwise functions and reductions."""

from __future__ import annotations

from typing import Any

from ..dialects.names import missing_name
from .elementwise import *  # noqa: F403
from .elementwise import logical_not_ as logical_not  # noqa: F401
from .nn import log_softmax, softmax  # noqa: F401
from .products import l2_normalize  # noqa: F401
from .reductions import *  # noqa: F403
from .shaping import broadcast_static_shape  # noqa: F401

mod = floormod  # noqa: F405
scalar_mul = multiply  # noqa: F405


def __getattr__(name: str) -> Any:
    raise missing_name(
        __name__, name, [each for each in globals() if each not in ("Any", "annotations", "missing_name")]
    )
