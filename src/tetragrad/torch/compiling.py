"""`torch.compile`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any


def compile(
    model: Callable[..., Any] | None = None, *, fullgraph: bool = False, dynamic: bool | None = None,
    backend: Any = "inductor", mode: str | None = None, options: Any = None, disable: bool = False,
) -> Any:  # fmt: skip
    """Turn a function of Tensors into machine code; see `tetragrad.compile`.

    Parameters
    ----------
    model : callable
        Where it cannot be compiled it runs eagerly; with `fullgraph` that is an error.
    fullgraph : bool
        Refuse functions that cannot be compiled as a whole.
    dynamic, backend, mode, options
        Accepted; there is one compiler, and one program for each signature.
    disable : bool
        Return the function as it is.

    Examples
    --------
    >>> import tetragrad.torch as torch
    >>> f = torch.compile(lambda x: torch.sin(x) ** 2)
    >>> x = torch.tensor([0.0, 1.0], requires_grad=True)
    >>> f(x).sum().backward()
    >>> x.grad
    tensor([0.0000, 0.9093])
    """
    from ..dialects.compiling import FrameworkFunction

    if model is None:
        return partial(compile, fullgraph=fullgraph, disable=disable)
    return model if disable else FrameworkFunction(model, fullgraph)
