"""Nested structures as TensorFlow flattens them: dictionaries in the order of their sorted keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..dialects.names import missing_name


def is_nested(structure: Any) -> bool:
    """Whether something is a list, tuple or dictionary."""
    return isinstance(structure, (list, tuple, dict))


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves in order; a leaf alone gives a list of one.

    Examples
    --------
    >>> flatten({"b": 1, "a": [2, 3]})
    [2, 3, 1]
    """
    if isinstance(structure, dict):
        return [leaf for key in _keys(structure) for leaf in flatten(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in flatten(part)]
    return [structure]


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any], expand_composites: bool = False) -> Any:
    """The structure with other leaves.

    Examples
    --------
    >>> pack_sequence_as({"b": 0, "a": (0, 0)}, [1, 2, 3])
    {'b': 3, 'a': (1, 2)}
    """
    leaves = list(flat_sequence)
    count = len(flatten(structure))
    if len(leaves) != count:
        raise ValueError(f"Structure had {count} atoms, but flat_sequence had {len(leaves)} items.")
    return _pack(structure, iter(leaves))


def _pack(structure: Any, leaves: Any) -> Any:
    if isinstance(structure, dict):
        packed = {key: _pack(structure[key], leaves) for key in _keys(structure)}
        return type(structure)((key, packed[key]) for key in structure)
    if isinstance(structure, (list, tuple)):
        parts = [_pack(part, leaves) for part in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)
    return next(leaves)


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Apply a function to corresponding leaves of structures that are alike."""
    leaves = [flatten(each) for each in structure]
    if len({len(each) for each in leaves}) != 1:
        raise ValueError("The structures do not have the same number of elements.")
    return pack_sequence_as(structure[0], [func(*each) for each in zip(*leaves)])


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raise ValueError unless two structures are alike."""
    if len(flatten(nest1)) != len(flatten(nest2)) or is_nested(nest1) != is_nested(nest2):
        raise ValueError(f"The two structures don't have the same nested structure: {nest1!r} and {nest2!r}")


def _keys(structure: dict[Any, Any]) -> list[Any]:
    try:
        return sorted(structure)
    except TypeError:
        return list(structure)


__all__ = ["assert_same_structure", "flatten", "is_nested", "map_structure", "pack_sequence_as"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
