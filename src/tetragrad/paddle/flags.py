"""`set_flags` and `get_flags`: ``FLAGS_check_nan_inf`` is the flag that means something here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..dialects import numerics
from .errors import PreconditionNotMetError, invalid

_NAN_INF = "FLAGS_check_nan_inf"
_others: dict[str, Any] = {}


def set_flags(flags: Mapping[str, Any]) -> None:
    """Set flags by name. ``FLAGS_check_nan_inf``: raise, in this thread, where values become infinite or nan.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> paddle.set_flags({"FLAGS_check_nan_inf": True})
    >>> paddle.get_flags("FLAGS_check_nan_inf")
    {'FLAGS_check_nan_inf': True}
    >>> paddle.set_flags({"FLAGS_check_nan_inf": False})
    """
    if not isinstance(flags, Mapping):
        raise TypeError("flags in set_flags should be a dict")
    for name, value in flags.items():
        if name != _NAN_INF:
            _others[name] = value
        elif value:
            numerics.watch(_not_finite)
        else:
            numerics.unwatch()


def get_flags(flags: str | Iterable[str]) -> dict[str, Any]:
    """The values of flags, by name."""
    found = {}
    for name in [flags] if isinstance(flags, str) else flags:
        if name != _NAN_INF and name not in _others:
            raise invalid(f"Flag {name} cannot get its value through this function.")
        found[name] = numerics.is_watched() if name == _NAN_INF else _others[name]
    return found


def _not_finite(operation: str, kind: str) -> Exception:
    return PreconditionNotMetError(
        f"(PreconditionNotMet) There are NAN or INF ({kind}) in [device=cpu, op={operation}]."
    )
