"""Tensors of other dialects as arguments: converted on the way in, with their graph."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.tensor import Tensor
from .base import convert


def accepting(face: type[Tensor], function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose positional arguments may be Tensors of other faces: it sees Tensors of its own."""

    @functools.wraps(function)
    def accept(*args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if isinstance(arg, Tensor) and not isinstance(arg, face):
                args = tuple([convert(face, arg) if not isinstance(arg, face) else arg for arg in args])
                break
        return function(*args, **kwargs)

    return accept
