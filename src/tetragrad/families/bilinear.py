"""Bilinear operations that are called often (dot, matmul): a row states the value and the two transposes.

They have no parameters and so can have the doors of elementwise rows. Only the arrays are kept; the shapes of the
cotangents come from the nodes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..core.primitive import Primitive
from .elementwise import binary_door, unary_door
from .rules import CONVERT, add_tangents, input_names


def bilinear(
    name: str,
    value: Callable[..., Any],
    left: Callable[[Any, Any, tuple[int, ...]], Any],
    right: Callable[[Any, Any, tuple[int, ...]], Any],
    *,
    sample: Any,
    batch: Callable[..., Any],
    twice: Callable[[Any, Any, tuple[int, ...]], Any] | None = None,
    array_value: Callable[..., Any] | None = None,
    doc: str | None = None,
) -> Callable[..., Any]:
    """Add a bilinear row without parameters to the table and return its door.

    Parameters
    ----------
    name : str
        The operation's one name.
    value : callable
        ``value(x, y)``.
    left, right : callable
        ``left(g, y, shape)`` is the cotangent of x, of this shape; ``right(g, x, shape)`` that of y.
    sample : sequence of Case
        Example calls for tests.
    batch : callable
        ``batch(args, batched, size, params)``.
    twice : callable, optional
        ``twice(g, x, shape)``: the cotangent of x in ``value(x, x)``, where that is cheaper than left and right.
    array_value : callable, optional
        The value for two ndarrays, where there is a quicker function for these.

    Returns
    -------
    callable
        The door: ``door(x, y)``.
    """
    x, y = inputs = input_names(value, 2)
    needs = (frozenset({y}), frozenset({x}))
    primitive = Primitive(name, value, inputs, family="linear", layout=inputs, needs=needs, sample=sample)

    def vjp(g: Any, residuals: Any, parents: Any) -> tuple[Any, Any]:
        x, y = residuals
        x_node, y_node = parents
        gx = gy = None
        if x_node is y_node and twice is not None:
            gx = twice(g, x, x_node.shape)
            return gx if gx.dtype is x_node.dtype else CONVERT(gx, x_node.dtype), None
        if x_node is not None:
            gx = left(g, y, x_node.shape)
            if gx.dtype is not x_node.dtype:
                gx = CONVERT(gx, x_node.dtype)
        if y_node is not None:
            gy = right(g, x, y_node.shape)
            if gy.dtype is not y_node.dtype:
                gy = CONVERT(gy, y_node.dtype)
        return gx, gy

    def jvp(primals: Any, tangents: Any, out: Any, params: Any) -> Any:
        (x, y), (s, t) = primals, tangents
        return add_tangents([None if s is None else door(s, y), None if t is None else door(x, t)])

    primitive.vjp = vjp
    primitive.jvp = jvp
    primitive.batch = batch
    door = install(primitive, binary_door(primitive, value, array_value, limit=sys.maxsize), doc)
    return door


def lean_door(door: Any) -> Callable[..., Any]:
    """The quickest door, for a row on one array without parameters whose rules read only the array and the result."""
    return install(door.primitive, unary_door(door.primitive, limit=sys.maxsize), door.__doc__)


def install(primitive: Primitive, door: Any, doc: str | None) -> Callable[..., Any]:
    """Make `door` the door of a primitive."""
    door.__name__ = door.__qualname__ = primitive.name
    door.__doc__ = doc
    door.primitive = primitive
    primitive.door = door
    return door
