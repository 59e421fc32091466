"""The same function over one, two and three axes: dialects have a name for each, and write one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

_AXES = {1: "one axis", 2: "two axes", 3: "three axes"}


def over_axes(name: str, function: Callable[..., Any], ranks: Sequence[int] = (1, 2, 3)) -> list[Callable[..., Any]]:
    """The functions called `name` for each number of axes.

    Parameters
    ----------
    name : str
        Of the functions, ``{}`` for the number of axes.
    function : callable
        Its first parameter is the number of axes, which the functions do not have. "{axes}" in its docstring becomes
        "two axes".
    ranks : sequence of int

    Returns
    -------
    list of callable

    Examples
    --------
    >>> zeros1d, zeros2d = over_axes("zeros{}d", lambda rank, n=3: [n] * rank, (1, 2))
    >>> zeros2d.__name__, zeros2d(n=4)
    ('zeros2d', [4, 4])
    """
    return [_over(rank, name.format(rank), function) for rank in ranks]


def _over(rank: int, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def over(*args: Any, **options: Any) -> Any:
        return function(rank, *args, **options)

    signature = inspect.signature(function)
    _, *parameters = signature.parameters.values()
    over.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    over.__name__ = over.__qualname__ = name
    over.__doc__ = (function.__doc__ or "").replace("{axes}", _AXES[rank])
    return over
