"""`paddle.static`: names that say what to use instead, since there is no static graph."""

from __future__ import annotations

from typing import Any

from ..dialects.names import missing_name
from .errors import require


def _refusal(name: str, instead: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        require(
            False,
            f"'{name}()' is only supported in static graph mode, which tetragrad does not have. Use {instead}.",
        )

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Refused: there is no static graph. Use {instead}."
    return refuse


append_backward = _refusal("append_backward", "Tensor.backward")
gradients = _refusal("gradients", "paddle.grad")
py_func = _refusal("py_func", "paddle.autograd.PyLayer")

__all__ = ["append_backward", "gradients", "py_func"]


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.paddle.static", name, __all__)
