"""Nested containers (dict, list, tuple, named tuple, dataclass, None) as arguments and results of transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.tensor import PLAIN, Tensor
from ..errors import CotangentError


class Structure:
    """The shape of a nest without its leaves."""

    __slots__ = ("children", "count", "keys", "kind")

    def __init__(self, kind: Any, keys: tuple[Any, ...], children: tuple[Structure, ...]) -> None:
        self.kind = kind  # the container's type; None for a leaf
        self.keys = keys
        self.children = children
        self.count: int = 1 if kind is None else sum([child.count for child in children])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Structure)
            and self.kind is other.kind
            and self.keys == other.keys
            and self.children == other.children
        )

    def __hash__(self) -> int:
        return hash((self.kind, self.keys, self.children))

    def __repr__(self) -> str:
        if self.kind is None:
            return "*"
        if self.kind is type(None):
            return "None"
        inner = ", ".join([f"{k}: {c!r}" for k, c in zip(self.keys, self.children)] or map(repr, self.children))
        return f"{self.kind.__name__}({inner})"


LEAF = Structure(None, (), ())


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """Leaves of a nest in order, and its structure."""
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves)


def _flatten(tree: Any, leaves: list[Any]) -> Structure:
    kind = type(tree)
    if kind in PLAIN or isinstance(tree, Tensor):
        leaves.append(tree)
        return LEAF
    if isinstance(tree, dict):
        keys: tuple[Any, ...] = tuple(tree)
        parts: Any = tree.values()
    elif isinstance(tree, (list, tuple)):
        keys, parts = (), tree
    elif tree is None:
        return Structure(kind, (), ())
    elif hasattr(kind, "__dataclass_fields__"):
        keys = tuple(kind.__dataclass_fields__)
        parts = [getattr(tree, key) for key in keys]
    else:
        leaves.append(tree)
        return LEAF
    return Structure(kind, keys, tuple([_flatten(part, leaves) for part in parts]))


def unflatten(structure: Structure, leaves: Sequence[Any]) -> Any:
    """The nest with this structure and these leaves."""
    if structure is LEAF:
        return leaves[0]
    return _unflatten(structure, iter(leaves))


def _unflatten(structure: Structure, leaves: Any) -> Any:
    kind = structure.kind
    if kind is None:
        return next(leaves)
    parts = [next(leaves) if child is LEAF else _unflatten(child, leaves) for child in structure.children]
    if kind is type(None):
        return None
    if issubclass(kind, dict):
        return kind(zip(structure.keys, parts))
    if structure.keys:  # a dataclass; made without its __init__, whose checks expect real data
        made = object.__new__(kind)
        for key, part in zip(structure.keys, parts):
            object.__setattr__(made, key, part)
        return made
    return kind(*parts) if hasattr(kind, "_fields") else kind(parts)


def leaf_names(structure: Structure, name: str) -> list[str]:
    """How Python reaches each leaf of the nest `name`.

    >>> leaf_names(flatten([3, {"w": 4}])[1], "args")
    ['args[0]', "args[1]['w']"]
    """
    kind = structure.kind
    if kind is None:
        return [name]
    keys: Any = structure.keys or range(len(structure.children))
    form = "{}[{!r}]" if not structure.keys or issubclass(kind, dict) else "{}.{}"
    return [each for key, child in zip(keys, structure.children) for each in leaf_names(child, form.format(name, key))]


def map_leaves(function: Callable[..., Any], tree: Any) -> Any:
    """Apply a function to every leaf."""
    leaves, structure = flatten(tree)
    return unflatten(structure, [function(leaf) for leaf in leaves])


def matching_leaves(tree: Any, structure: Structure, what: str) -> list[Any]:
    """Leaves of a nest that must have the given structure."""
    leaves, found = flatten(tree)
    if found != structure:
        raise CotangentError(f"{what}: expected the structure {structure!r}, got {found!r}")
    return leaves


def argument_positions(argnums: int | Sequence[int], count: int, name: str) -> tuple[int, ...]:
    """`argnums` as non-negative positions among `count` arguments."""
    positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for position in positions:
        if not -count <= position < count:
            raise TypeError(
                f"{name}: argnums={argnums} but the function was called with {count} positional argument(s)"
            )
    positions = tuple([position % count for position in positions])
    if len(set(positions)) < len(positions):
        raise ValueError(f"{name}: argnums={argnums} names the same argument twice")
    return positions
