"""The shortest way into a program: a function made for one signature, which takes the caller's containers apart by
plain indexing, hands the arrays to the native entry and builds the result.

Whatever does not fit is left to `Compiled`, which looks for another program: the function then returns
`NotImplemented`, as the entry itself does for arrays of another dtype or shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..api.containers import LEAF, Structure
from ..core.tensor import Tensor

_PLAIN = (np.ndarray, float)


class _Source:
    """The text of the function, and the objects that it names."""

    def __init__(self, leaves: list[Any], given: set[int]) -> None:
        self.leaves = leaves
        self.given = given  # positions of the leaves that the entry takes
        self.lines: list[str] = []
        self.names: dict[str, Any] = {}
        self.count = 0
        self.arguments: list[str] = []

    def name(self, value: Any) -> str:
        """A name for an object."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def refuse_unless(self, condition: str) -> None:
        """Leave other calls to `Compiled`."""
        self.lines.append(f"if not ({condition}): return NotImplemented")

    def take_apart(self, structure: Structure, given: str) -> bool:
        """Code that checks and unpacks the container named `given`; whether it can be had."""
        if structure is LEAF:
            return self._take_leaf(given)
        kind = structure.kind
        if kind is type(None):
            self.refuse_unless(f"{given} is None")
            return True
        if kind not in (list, tuple, dict):
            return False
        self.refuse_unless(f"type({given}) is {self.name(kind)} and len({given}) == {len(structure.children)}")
        if kind is dict:
            keys = [self.name(key) for key in structure.keys]
            self.refuse_unless(" and ".join([f"{key} in {given}" for key in keys]) or "True")
            parts = [f"{given}[{key}]" for key in keys]
            # The order of the keys is part of the structure, and with it that of the leaves; any order serves here.
        else:
            parts = [f"{given}[{n}]" for n in range(len(structure.children))]
        for part, child in zip(parts, structure.children):
            local = f"v{self.count}"
            self.count += 1
            self.lines.append(f"{local} = {part}")
            if not self.take_apart(child, local):
                return False
        return True

    def _take_leaf(self, given: str) -> bool:
        position = len(self.arguments)
        leaf = self.leaves[position]
        if position in self.given:
            if isinstance(leaf, Tensor):
                self.refuse_unless(f"type({given}) is {self.name(type(leaf))} and {given}._node is None")
                given = f"{given}._value"
            elif type(leaf) not in _PLAIN:
                return False
            self.arguments.append(given)
            return True
        if type(leaf) not in (int, bool, str, float) or (type(leaf) is float and not leaf):  # 0.0 == -0.0
            return False
        self.refuse_unless(f"type({given}) is {self.name(type(leaf))} and {given} == {self.name(leaf)}")
        self.arguments.append("")
        return True

    def put_together(self, structure: Structure, outs: list[str]) -> str | None:
        """An expression for the result."""
        if structure is LEAF:
            return outs.pop(0)
        kind = structure.kind
        if kind is type(None):
            return "None"
        if kind not in (list, tuple, dict):
            return None
        parts = [self.put_together(child, outs) for child in structure.children]
        if None in parts:
            return None
        if kind is dict:
            return "{" + ", ".join([f"{self.name(key)}: {part}" for key, part in zip(structure.keys, parts)]) + "}"
        inside = ", ".join(map(str, parts))
        return f"[{inside}]" if kind is list else f"({inside},)" if parts else "()"


def quick_call(
    structure: Structure, leaves: list[Any], given: set[int], captured: list[Any], entry: Callable[..., Any],
    out_structure: Structure, faces: list[type[Tensor] | None],
) -> Callable[..., Any] | None:  # fmt: skip
    """The function for calls like this one with positional arguments, None where there is none.

    Parameters
    ----------
    structure, leaves
        Of the tuple of arguments.
    given : set of int
        Positions of the leaves that the entry takes; the others are part of the signature.
    captured : list
        What the entry takes besides.
    entry : callable
        The native entry.
    out_structure, faces
        Of the results: the containers, and per leaf the Tensor type, None for a plain array.
    """
    if not all([type(value) is np.ndarray for value in captured]):
        return None
    if _is_flat(structure, leaves, given) and not captured and _is_as_given(out_structure, faces):
        return entry
    source = _Source(leaves, given)
    for n, child in enumerate(structure.children):
        if not source.take_apart(child, f"a{n}"):
            return None
    arguments = [argument for argument in source.arguments if argument] + [source.name(value) for value in captured]
    outs = ["out"] if len(faces) == 1 else [f"out[{n}]" for n in range(len(faces))]
    outs = [out if face is None else f"{source.name(face)}({out}, None)" for out, face in zip(outs, faces)]
    result = source.put_together(out_structure, outs)
    if result is None:
        return None
    count = len(structure.children)
    body = [
        f"if len(args) != {count}: return NotImplemented",
        *([f"{', '.join([f'a{n}' for n in range(count)])}, = args"] if count else []),
        *source.lines,
        f"out = {source.name(entry)}({', '.join(arguments)})",
        f"return out if out is NotImplemented else {result}",
    ]
    names = source.names
    exec("def quick(*args):\n    " + "\n    ".join(body), names)
    return names["quick"]


def _is_flat(structure: Structure, leaves: list[Any], given: set[int]) -> bool:
    """Whether the entry takes the arguments as they are."""
    return (
        len(given) == len(leaves)
        and all([child is LEAF for child in structure.children])
        and all([type(leaf) in _PLAIN for leaf in leaves])
    )


def _is_as_given(structure: Structure, faces: list[type[Tensor] | None]) -> bool:
    """Whether the entry's result is the function's."""
    if any(faces):
        return False
    if structure is LEAF:
        return True
    return structure.kind is tuple and len(faces) > 1 and all([child is LEAF for child in structure.children])
