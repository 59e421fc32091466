"""Elementwise operations: a row states the value and one partial derivative per input, everything else follows.

Derived here: reverse and forward rules, broadcasting undone, dtypes, batching, and the fast doors: a recorded operation
should cost little more than its NumPy call, so the one- and two-argument cases are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from ..core.bind import bind, explain, record
from ..core.levels import shape_of
from ..core.primitive import OUT, Primitive
from ..core.recording import is_recording
from ..core.tensor import PLAIN, Node, Tensor, next_number
from ..errors import TetragradError
from .blocks import BLOCK, LARGE, blockwise, large_value
from .linear import single_door
from .rules import (
    RESHAPE,
    add_tangents,
    compile_rules,
    input_names,
    layout_of,
    match_tangent,
    needs_of,
    parameter_names,
    unbroadcast,
)

ndarray = np.ndarray


def elementwise(
    name: str,
    value: Callable[..., Any],
    partials: Sequence[Any],
    *,
    sample: Any,
    operator: Callable[..., Any] | None = None,
    doc: str | None = None,
) -> Callable[..., Any]:
    """Add an elementwise row to the table and return its door.

    Parameters
    ----------
    name : str
        The operation's one name.
    value : callable
        The NumPy function (a ufunc or a function of arrays); keyword-only arguments are parameters of the operation.
    partials : sequence
        One rule per input, see `families.rules`. Elementwise rules serve both directions: `g` is a cotangent or a
        tangent. For a real function of a complex input the factor p gives the tangent Re(p t) and the cotangent g p.
    sample : Sample or sequence of Sample
        Where tests draw the inputs; required, so that no row arrives untested.
    operator : callable, optional
        Python's operator for the same operation: several times faster than a ufunc on NumPy scalars.

    Returns
    -------
    callable
        The door: ``door(*arrays, **params)``.
    """
    rules = compile_rules(partials)
    inputs = input_names(value, len(rules))
    if len(inputs) != len(rules):
        raise TypeError(f"{name}: {len(inputs)} inputs but {len(rules)} partials")
    layout = layout_of(rules, inputs)
    primitive = Primitive(
        name, value, inputs, family="elementwise", layout=layout, needs=needs_of(rules), sample=sample
    )
    primitive.pushers = tuple([None if rule is None else rule.pusher(layout) for rule in rules])
    primitive.vjp = _unary_vjp(rules[0], layout) if len(rules) == 1 else _vjp(primitive.pushers)
    params = parameter_names(value)
    primitive.jvp = _jvp(primitive, rules, params)
    primitive.batch = batch_elementwise(primitive)
    if len(rules) == 1:
        door = single_door(primitive) if params else unary_door(primitive)
    elif len(rules) == 2 and not params:
        door = binary_door(primitive, operator or value)
    else:
        door = _door(primitive)
    door.__name__ = door.__qualname__ = name
    door.__doc__ = doc or f"Elementwise {name}."
    door.primitive = primitive  # type: ignore[attr-defined]
    primitive.door = door
    return door


def _unary_vjp(rule: Any, layout: Sequence[str]) -> Callable[..., Any]:
    if rule is None:
        return lambda g, residuals, parents: (None,)
    function, product = rule.function, rule.product
    if rule.names != tuple(layout):  # another order than that in which a node stores them
        push = rule.pusher(layout)
        function, product = lambda g, *residuals: push(g, residuals), True

    def vjp(g: Any, residuals: Any, parents: Any) -> tuple[Any]:
        gx = function(g, *residuals) if product else g * function(*residuals)
        (x,) = parents
        return (gx if gx.dtype is x.dtype else fit(gx, x),)

    return vjp


def _binary_vjp(push_x: Any, push_y: Any) -> Callable[..., Any]:
    def vjp(g: Any, residuals: Any, parents: Any) -> tuple[Any, Any]:
        x, y = parents
        gx = gy = None
        if x is not None:
            gx = push_x(g, residuals)
            if gx.shape != x.shape or gx.dtype is not x.dtype:
                gx = unbroadcast(gx, x.shape, x.dtype)
        if y is not None:
            gy = push_y(g, residuals)
            if gy.shape != y.shape or gy.dtype is not y.dtype:
                gy = unbroadcast(gy, y.shape, y.dtype)
        return gx, gy

    return vjp


def _vjp(pushers: Sequence[Any]) -> Callable[..., Any]:
    if len(pushers) == 2 and None not in pushers:
        return _binary_vjp(*pushers)

    def vjp(g: Any, residuals: Any, parents: Any) -> tuple[Any, ...]:
        return tuple(
            [
                None if parent is None or push is None else fit(push(g, residuals), parent)
                for push, parent in zip(pushers, parents)
            ]
        )

    return vjp


def fit(g: Any, parent: Node | None) -> Any:
    """A contribution in the shape and dtype of the input it belongs to."""
    return g if g is None or parent is None else unbroadcast(g, parent.shape, parent.dtype)


def _jvp(primitive: Primitive, rules: Sequence[Any], param_names: tuple[str, ...]) -> Callable[..., Any]:
    names = (*primitive.inputs, "out", *param_names)
    pushers = [None if rule is None else rule.pusher(names) for rule in rules]

    def jvp(primals: Sequence[Any], tangents: Sequence[Any], out: Any, params: Any) -> Any:
        sources = (*primals, out, *[params[name] for name in param_names])
        parts = [
            None if t is None or push is None else match_tangent(push(t, sources), out)
            for push, t in zip(pushers, tangents)
        ]
        return add_tangents(parts)

    return jvp


def batch_elementwise(primitive: Primitive) -> Callable[..., Any]:
    """Batching for any operation that acts on each element alone: align ranks behind the batch axis and apply it."""

    def batch(args: Sequence[Any], batched: Sequence[bool], size: int, params: Any) -> Any:
        ranks = [len(shape_of(arg)) - flag for arg, flag in zip(args, batched)]
        rank = max(ranks)
        aligned = []
        for arg, flag, own in zip(args, batched, ranks):
            if flag and own < rank:
                shape = shape_of(arg)
                arg = RESHAPE(arg, (shape[0], *(1,) * (rank - own), *shape[1:]))
            aligned.append(arg)
        return primitive.door(*aligned, **params)

    return batch


# The doors below fill Nodes and Tensors by plain stores: on the hot path a constructor's call would cost a tenth of the
# whole operation.
new = object.__new__


def unary_door(primitive: Primitive, limit: int = BLOCK) -> Callable[..., Any]:
    """Door of an operation on one array without parameters; `large_value` sees to `limit` elements and more."""
    value = primitive.value
    layout = primitive.layout
    keep_x, keep_out = primitive.inputs[0] in layout, "out" in layout
    out_first = layout[:1] == ("out",)

    def door(x: Any, out: Any = None) -> Any:
        if out is not None:
            return primitive.into(out, door(x), primitive.name)
        face = type(x)
        try:
            if face is ndarray:
                return value(x) if x.size < limit else large_value(primitive, x)
            if isinstance(x, Tensor):
                array = x._value
                if type(array) is ndarray or type(array) in PLAIN:
                    out = value(array) if array.size < limit else large_value(primitive, array)
                    parent = x._node
                    if parent is None or (mode := is_recording()) is not True:
                        if parent is None or not mode:
                            return face(out, None)
                        return record(primitive, face, (array,), (parent,), out, {}, mode)
                    node = Node()
                    node.primitive = primitive
                    node.parents = (parent,)
                    if keep_out:
                        node.residuals = (out,) if not keep_x else (out, array) if out_first else (array, out)
                    else:
                        node.residuals = (array,) if keep_x else ()
                    node.number = next_number()
                    node.shape = out.shape
                    node.dtype = out.dtype
                    result = new(face)
                    result._value = out
                    result._node = node
                    return result
        except (TetragradError, TypeError, ValueError) as error:
            raise explain(primitive.name, (x,), error) from error
        return bind(primitive, (x,), {})

    return door


def binary_door(
    primitive: Primitive, scalar_value: Callable[..., Any], array_value: Callable[..., Any] | None = None,
    limit: int = LARGE,
) -> Callable[..., Any]:  # fmt: skip
    """Door of an operation on two arrays without parameters; arrays of more than `limit` bytes go block by block.

    `array_value`, if given, is the operation on two ndarrays, where there is a quicker function than the row's value.
    """
    value = array_value or primitive.value
    layout = primitive.layout
    select_both, select_x, select_y = [
        _selection(primitive, wanted) for wanted in ((True, True), (True, False), (False, True))
    ]
    both_inputs = layout == primitive.inputs

    def before(otherwise: Callable[[Any, Any], Any]) -> Callable[..., Any]:
        """The quickest path, for two recorded arrays of one face; what is not so goes to `otherwise`."""

        def door(x: Any, y: Any, out: Any = None) -> Any:
            if out is not None:
                return primitive.into(out, door(x, y), primitive.name)
            face = type(x)
            if face is not type(y) or face is ndarray:
                return otherwise(x, y)
            try:
                a, b, x_node, y_node = x._value, y._value, x._node, y._node
                if (
                    type(a) is not ndarray
                    or type(b) is not ndarray
                    or x_node is None
                    or y_node is None
                    or a.nbytes > limit
                    or is_recording() is not True
                ):
                    return otherwise(x, y)
                out = value(a, b)
            except AttributeError:  # not Tensors
                return otherwise(x, y)
            except (TetragradError, TypeError, ValueError) as error:
                raise explain(primitive.name, (x, y), error) from error
            node = Node()
            node.primitive = primitive
            node.parents = (x_node, y_node)
            node.residuals = (a, b) if both_inputs else select_both((a, b, out, None)) if layout else ()
            node.number = next_number()
            node.shape = out.shape
            node.dtype = out.dtype
            result = new(face)
            result._value = out
            result._node = node
            return result

        return door

    def other_operands(x: Any, y: Any) -> Any:
        face = type(x)
        if face is ndarray and type(y) is ndarray:
            try:
                return value(x, y)
            except (TetragradError, TypeError, ValueError) as error:
                raise explain(primitive.name, (x, y), error) from error
        a, b, x_node, y_node = x, y, None, None
        if isinstance(x, Tensor):
            a, x_node = x._value, x._node
        if isinstance(y, Tensor):
            b, y_node = y._value, y._node
            if face is Tensor or not isinstance(x, Tensor):
                face = type(y)
        elif not isinstance(x, Tensor):
            return bind(primitive, (x, y), {})
        try:
            if type(a) is ndarray and type(b) is ndarray:
                out = value(a, b) if a.nbytes <= limit else blockwise(value, (a, b))
            elif type(a) in PLAIN and type(b) in PLAIN:
                out = scalar_value(a, b)
                if type(out) is complex:  # Python's own, from a Python complex and a float64
                    out = primitive.value(a, b)
            else:
                return bind(primitive, (x, y), {})
        except (TetragradError, TypeError, ValueError) as error:
            raise explain(primitive.name, (x, y), error) from error
        if x_node is None and y_node is None:
            return face(out, None)
        mode = is_recording()
        if mode is not True:
            return record(primitive, face, (a, b), (x_node, y_node), out, {}, mode) if mode else face(out, None)
        node = Node()
        node.primitive = primitive
        node.parents = (x_node, y_node)
        if not layout:
            node.residuals = ()
        elif x_node is None:
            node.residuals = select_y((a, b, out, None))
        elif y_node is None:
            node.residuals = select_x((a, b, out, None))
        else:
            node.residuals = (a, b) if both_inputs else select_both((a, b, out, None))
        node.number = next_number()
        node.shape = out.shape
        node.dtype = out.dtype
        result = new(face)
        result._value = out
        result._node = node
        return result

    door = before(other_operands)
    door.before = before  # type: ignore[attr-defined]  # for faces that look at other operands first
    return door


def _selection(primitive: Primitive, wanted: tuple[bool, bool]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """(x, y, out, None) -> the residuals to keep when only the `wanted` inputs need cotangents."""
    kinds = {0: 0, 1: 1, OUT: 2}
    plan = [3 if source is None else kinds[source[0]] for source in primitive.plan(wanted)]
    if len(plan) < 2:  # itemgetter would not make a tuple
        return lambda available: tuple([available[position] for position in plan])
    return itemgetter(*plan)


def _door(primitive: Primitive) -> Callable[..., Any]:
    def door(*args: Any, out: Any = None, **params: Any) -> Any:
        result = bind(primitive, args, params)
        return result if out is None else primitive.into(out, result, primitive.name)

    return door
