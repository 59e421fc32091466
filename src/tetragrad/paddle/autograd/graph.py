"""`Tensor.grad_fn`: the recorded graph as Paddle names it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.bind import Pick
from ...core.tensor import FREED, Leaf, Node

# Where Paddle's name is not the engine's.
_NAMES = {
    "absolute": "Abs", "arccos": "Acos", "arcsin": "Asin", "arctan": "Atan", "astype": "Cast", "broadcast_to": "Expand",
    "concatenate": "Concat", "expit": "Sigmoid", "getitem": "Slice", "keep": "Relu", "negative": "Scale",
    "norm": "PNorm", "norm_along": "PNorm", "positive": "Assign", "scalar_power": "Pow", "power": "ElementwisePow",
}  # fmt: skip
_SCALED = {"multiply": "Scale", "add": "Scale", "subtract": "Scale", "divide": "DivScale"}


def node_name(node: Node) -> str:
    """Paddle's name for a recorded operation."""
    if isinstance(node, Leaf):
        return "GradNodeAccumulation"
    if node.primitive is Pick:
        return node_name(node.parents[0])
    name = node.primitive.name
    if name in _SCALED and None in node.parents and _by_number(node):
        return f"{_SCALED[name]}GradNode"
    if name in _NAMES:
        return f"{_NAMES[name]}GradNode"
    if name.startswith("GradNodePyLayer_"):
        return str(name)
    return "".join(part.capitalize() for part in name.split("_")) + "GradNode"


def _by_number(node: Node) -> bool:
    """Whether the other operand was a number, as far as the node still knows."""
    residuals = node.residuals
    if residuals is FREED or not isinstance(residuals, tuple):
        return True
    return not any(isinstance(each, np.ndarray) for each in residuals)


class GradNode:
    """One recorded operation."""

    __slots__ = ("_node",)

    def __init__(self, node: Node) -> None:
        self._node = node

    def name(self) -> str:
        """The operation."""
        return node_name(self._node)

    @property
    def next_functions(self) -> list[GradNode]:
        """The operations that made the operands."""
        parents: tuple[Any, ...] = self._node.parents
        if self._node.primitive is Pick:
            parents = parents[0].parents
        return [GradNode(parent) for parent in parents if parent is not None]

    def input_meta(self) -> list[tuple[tuple[int, ...], Any]]:
        """Shape and dtype of the cotangents that come in."""
        return [(self._node.shape, self._node.dtype)]

    def output_meta(self) -> list[tuple[tuple[int, ...], Any]]:
        """Shape and dtype of the cotangents that go on."""
        return [(each._node.shape, each._node.dtype) for each in self.next_functions]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GradNode) and self._node is other._node

    def __hash__(self) -> int:
        return hash(self._node)

    def __repr__(self) -> str:
        return f"<{self.name()}>"
