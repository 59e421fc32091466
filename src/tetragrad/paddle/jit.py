"""`paddle.jit`: functions of Tensors as machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..dialects.names import missing_name

_enabled = True


def to_static(
    function: Callable[..., Any] | None = None, input_spec: Any = None, build_strategy: Any = None,
    backend: Any = None, full_graph: bool = False, **kwargs: Any,
) -> Any:  # fmt: skip
    """Compile a function; see `tetragrad.compile`. Where it cannot be compiled it runs eagerly.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> @paddle.jit.to_static
    ... def f(x):
    ...     return paddle.sin(x) ** 2
    >>> x = paddle.to_tensor([0.0, 1.0], stop_gradient=False)
    >>> f(x).sum().backward()
    >>> x.grad.numpy().round(4)
    array([0.    , 0.9093], dtype=float32)
    """
    from ..dialects.compiling import FrameworkFunction

    if function is None:
        return lambda function: to_static(function, full_graph=full_graph)
    if not _enabled or getattr(function, "_not_to_static", False):
        return function
    return FrameworkFunction(function, full_graph)


def not_to_static(func: Any = None) -> Any:
    """Mark a function that `to_static` is to leave as it is."""
    if func is None:
        return not_to_static
    func._not_to_static = True
    return func


def enable_to_static(enable_to_static_bool: bool) -> None:
    """Whether `to_static` compiles."""
    global _enabled
    _enabled = bool(enable_to_static_bool)


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.paddle.jit", name, globals())
