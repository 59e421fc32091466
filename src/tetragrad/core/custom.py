"""Operations that the user differentiates himself: a node whose rule is a function made for this one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import CotangentError
from .bind import MultiNode, pick_node
from .levels import shape_of
from .primitive import PARAM
from .recording import is_recording, no_grad
from .tensor import Node, Tensor


class Custom:
    """Stands in for a primitive at the node of one custom call."""

    layout = ("pullback",)
    sources = ((PARAM, "pullback"),)

    def __init__(self, name: str, face: type[Tensor], multi: bool, fill: bool = True) -> None:
        self.name = name
        self.face = face
        self.multi = multi
        self.fill = fill  # zeros for the outputs that no cotangent came to, or None

    def vjp(self, g: Any, residuals: Any, parents: Sequence[Node | None]) -> tuple[Any, ...]:
        """Run the user's pullback on Tensors of his face; recorded only where the sweep is."""
        (pullback,) = residuals
        gs: Any = (g,)
        if self.multi:
            gs = g.filled() if self.fill else [g.gs.get(index) for index in range(len(g.outputs))]
        if any([isinstance(each, Tensor) for each in gs]):
            cotangents = pullback(*[_faced(each, self.face) for each in gs])
        else:
            with no_grad():
                cotangents = pullback(*[_faced(each, self.face) for each in gs])
            cotangents = [each._value if isinstance(each, Tensor) else each for each in cotangents]
        if len(cotangents) != len(parents):
            raise CotangentError(
                f"{self.name}: the rule returned {len(cotangents)} cotangents for {len(parents)} inputs"
            )
        for ct, parent in zip(cotangents, parents):
            if ct is not None and parent is not None and shape_of(ct) != parent.shape:
                raise CotangentError(
                    f"{self.name}: the rule returned a cotangent of shape {shape_of(ct)} for an input of shape "
                    f"{parent.shape}"
                )
        return tuple(cotangents)


def _faced(g: Any, face: type[Tensor]) -> Tensor | None:
    if g is None:
        return None
    return face(g._value, g._node) if isinstance(g, Tensor) else face(g, None)


def custom_call(
    name: str,
    face: type[Tensor],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    pullback: Callable[..., Any],
    multi: bool,
    fill: bool = True,
) -> tuple[Any, ...]:
    """Tensors for the `outputs` (values) of a custom operation on `inputs`, with `pullback` as its reverse rule.

    A sweep that meets values of running transforms but is not recorded takes ``pullback.with_constants`` instead, if
    there is one: the same with what it saved as constants.

    ``pullback(*cotangents of the outputs)`` returns a sequence of cotangents (None for zero), one per input. It is
    written in the face's own operations, so that it can be differentiated again. Without `fill` it gets None for an
    output that no cotangent came to, instead of zeros.
    """
    parents = tuple([x._node if isinstance(x, Tensor) else None for x in inputs])
    if not is_recording() or not any([parent is not None for parent in parents]):
        return tuple([face(value, None) for value in outputs])
    rule = Custom(name, face, multi, fill)
    if multi:
        node: Node = MultiNode(rule, parents, (pullback,), outputs)  # type: ignore[arg-type]
        return tuple([face(value, pick_node(node, value, index)) for index, value in enumerate(outputs)])
    (value,) = outputs
    return (face(value, Node.make(rule, parents, (pullback,), value.shape, value.dtype)),)
