"""Names that a dialect does not have: an AttributeError that says so and names the closest thing there is."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable
from typing import Any


def missing_name(module: str, attribute: str, available: Iterable[str]) -> AttributeError:
    """The error for an attribute that a module of a dialect does not have, for its ``__getattr__`` to raise.

    Parameters
    ----------
    module : str
        The module's name, ``tetragrad.torch`` or ``tetragrad.torch.nn``.
    attribute : str
        What was asked for.
    available : iterable of str
        The names that the module has.

    Returns
    -------
    AttributeError

    Examples
    --------
    >>> missing_name("tetragrad.torch", "arrange", ["arange", "zeros"])
    AttributeError("tetragrad.torch has no attribute 'arrange'; the closest name it has is 'arange'")
    """
    text = f"{module} has no attribute {attribute!r}"
    if not attribute.startswith("_"):
        closest = closest_name(attribute, available)
        if closest is not None:
            text += f"; the closest name it has is {closest!r}"
        else:
            text += "; tetragrad covers automatic differentiation and the array operations around it"
    return AttributeError(text, name=attribute)


def answer_for(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module, which raises for names that it does not have."""

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):  # Python itself asks for these
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
        found = vars(sys.modules[module])
        raise missing_name(module, name, found.get("__all__", found))

    return __getattr__


def closest_name(attribute: str, available: Iterable[str]) -> str | None:
    """The most similar public name: one that is spelled alike, contains the other, or None."""
    names = sorted({name for name in available if not name.startswith("_")})
    lowered = {name.lower().replace("_", ""): name for name in reversed(names)}
    wanted = attribute.lower().replace("_", "")
    alike = difflib.get_close_matches(wanted, lowered, n=1, cutoff=0.65)
    if alike:
        return lowered[alike[0]]
    containing = [key for key in lowered if len(key) > 3 and (key in wanted or wanted in key)]
    return lowered[max(containing, key=len)] if containing else None
