"""Operations linear in each of their array inputs: a row states the value and one transpose per input.

The forward rule is the operation itself applied to the tangent, the reverse rule is the transpose, and every higher
order follows from these two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from ..core.bind import bind, explain
from ..core.levels import shape_of
from ..core.mutation import is_view, share
from ..core.primitive import Primitive
from ..core.recording import is_recording
from ..core.tensor import PLAIN, Node, Tensor, next_number
from ..errors import TetragradError
from .rules import CONVERT, add_tangents, compile_rules, input_names, layout_of, needs_of

ndarray = np.ndarray
new = object.__new__  # as in `elementwise`: nodes without the cost of `__init__`


def linear(
    name: str,
    value: Callable[..., Any],
    transposes: Sequence[Any],
    *,
    sample: Any,
    batch: Callable[..., Any] | None = None,
    joint: bool = False,
    view: bool = False,
    doc: str | None = None,
) -> Callable[..., Any]:
    """Add a (multi)linear row to the table and return its door.

    Parameters
    ----------
    name : str
        The operation's one name.
    value : callable
        ``value(x, y, *, axis)``: positional parameters are array inputs, keyword-only ones are parameters. With
        ``*arrays`` the operation takes any number of arrays and has one transpose, which also gets ``index``.
    transposes : sequence
        One rule per input ``lambda g, ...: cotangent``; None where an input is not differentiable (indices).
    sample : sequence of Case
        Example calls for tests.
    batch : callable, optional
        ``batch(args, batched, size, params)``; without it, vmap applies the operation example by example.
    joint : bool
        Linear in all inputs together (concatenate), not in each alone (matmul).
    view : bool
        The value may look into the memory of the input, as a slice does; user's Tensors that share memory so are told
        of one another (see `core.mutation`).

    Returns
    -------
    callable
        The door: ``door(*arrays, **params)``.
    """
    rules = compile_rules(transposes)
    inputs = input_names(value, len(rules))
    variadic = inputs[:1] != () and inputs[0].startswith("*")
    layout = tuple([label for label in layout_of(rules, inputs) if not (variadic and label == "index")])
    primitive = Primitive(
        name, value, inputs, family="linear", layout=layout, needs=() if variadic else needs_of(rules), sample=sample
    )
    primitive.vjp = variadic_vjp(rules[0], layout) if variadic else transposed_vjp(rules, layout)
    primitive.jvp = _joint_jvp(primitive) if joint else _jvp(primitive, rules, variadic)
    primitive.view = view
    return finish(primitive, batch, doc)


def finish(primitive: Primitive, batch: Callable[..., Any] | None, doc: str | None) -> Callable[..., Any]:
    """The door of a linear or general primitive, with its batch rule."""
    primitive.batch = batch or batch_by_loop(primitive)
    if len(primitive.inputs) == 1 and primitive.differentiable and not (primitive.multi or primitive.variadic):
        door = primitive.unlinked = single_door(primitive)
        if primitive.view:
            door = single_door(primitive, linked=True)
    else:

        def door(*args: Any, out: Any = None, **params: Any) -> Any:
            result = bind(primitive, args, params)
            return result if out is None else primitive.into(out, result, primitive.name)

    door.__name__ = door.__qualname__ = primitive.name
    door.__doc__ = doc
    door.primitive = primitive  # type: ignore[attr-defined]
    primitive.door = door
    return door


def single_door(primitive: Primitive, linked: bool = False) -> Callable[..., Any]:
    """`bind` written out for one array and parameters (sum, reshape, getitem): half its time.

    A `linked` door tells the user's Tensors that share memory of one another.
    """
    value, layout = primitive.value, primitive.layout
    label = primitive.inputs[0]
    shape_label = label + "_shape"
    keep_x, keep_shape, keep_out = label in layout, shape_label in layout, "out" in layout
    select = itemgetter(*layout) if len(layout) > 1 else None

    def door(x: Any, **params: Any) -> Any:
        is_tensor = isinstance(x, Tensor)
        array = x._value if is_tensor else x
        if type(array) not in PLAIN:
            made = bind(primitive, (x,), params)
            if linked and is_tensor and type(x) is not Tensor and is_view(array, made._value, params):
                share(x, made, primitive, params)
            return made
        try:
            out = value(array, **params)
        except (TetragradError, TypeError, ValueError, IndexError) as error:
            raise explain(primitive.name, (x,), error) from error
        if not is_tensor:
            return out
        parent = x._node
        if parent is None or not (mode := is_recording()):
            made = type(x)(out, None)
        elif mode is not True:
            made = bind(primitive, (x,), params)
        else:
            if keep_x:
                params[label] = array
            if keep_shape:
                params[shape_label] = shape_of(array)
            if keep_out:
                params["out"] = out
            node = Node()
            node.primitive = primitive
            node.parents = (parent,)
            node.residuals = select(params) if select is not None else (params[layout[0]],) if layout else ()
            node.number = next_number()
            node.shape = out.shape
            node.dtype = out.dtype
            made = type(x)(out, node)
            if linked and keep_shape:
                del params[shape_label]
        if linked and type(out) is ndarray and type(x) is not Tensor:  # the engine's own are never written into
            if out.base is array or is_view(array, out, params):
                share(x, made, primitive, params)
        return made

    return door


def transposed_vjp(rules: Sequence[Any], layout: Sequence[str]) -> Callable[..., Any]:
    """Reverse rule from one transpose (or cotangent rule) per input."""
    pushers: list[Any] = [None if rule is None else rule.pusher(layout) for rule in rules]
    if len(pushers) == 1:
        (only,) = pushers

        def vjp_of_one(g: Any, residuals: Any, parents: Any) -> tuple[Any]:
            ct = only(g, residuals)
            dtype = parents[0].dtype
            return (ct if ct is None or ct.dtype is dtype else CONVERT(ct, dtype),)

        return vjp_of_one

    def vjp(g: Any, residuals: Any, parents: Any) -> tuple[Any, ...]:
        cotangents: list[Any] = []
        for push, parent in zip(pushers, parents):
            if parent is None or push is None:
                cotangents.append(None)
                continue
            ct = push(g, residuals)
            cotangents.append(ct if ct is None or ct.dtype is parent.dtype else CONVERT(ct, parent.dtype))
        return tuple(cotangents)

    return vjp


def variadic_vjp(rule: Any, layout: Sequence[str]) -> Callable[..., Any]:
    """Reverse rule of an operation on any number of arrays: the one rule is told the `index` of the array."""
    push = rule.pusher((*layout, "index"))

    def vjp(g: Any, residuals: Any, parents: Any) -> tuple[Any, ...]:
        cotangents: list[Any] = []
        for index, parent in enumerate(parents):
            if parent is None:
                cotangents.append(None)
                continue
            ct = push(g, (*residuals, index))
            cotangents.append(ct if ct.dtype is parent.dtype else CONVERT(ct, parent.dtype))
        return tuple(cotangents)

    return vjp


def _jvp(primitive: Primitive, rules: Sequence[Any], variadic: bool) -> Callable[..., Any]:
    def jvp(primals: Sequence[Any], tangents: Sequence[Any], out: Any, params: Any) -> Any:
        parts = []
        for index, t in enumerate(tangents):
            if t is None or (not variadic and rules[index] is None):
                continue
            parts.append(primitive.door(*primals[:index], t, *primals[index + 1 :], **params))
        return add_tangents(parts)

    return jvp


def _joint_jvp(primitive: Primitive) -> Callable[..., Any]:
    def jvp(primals: Sequence[Any], tangents: Sequence[Any], out: Any, params: Any) -> Any:
        if all(t is None for t in tangents):
            return None
        filled = [
            np.zeros(shape_of(primal), getattr(primal, "dtype", None)) if t is None else t
            for primal, t in zip(primals, tangents)
        ]
        return primitive.door(*filled, **params)

    return jvp


def batch_by_loop(primitive: Primitive) -> Callable[..., Any]:
    """Batching for operations without a rule of their own: example by example, results stacked."""

    def batch(args: Sequence[Any], batched: Sequence[bool], size: int, params: Any) -> Any:
        from .rules import LINEAR

        results = []
        for i in range(size):
            example = [LINEAR["getitem"](arg, index=(i,)) if flag else arg for arg, flag in zip(args, batched)]
            results.append(primitive.door(*example, **params))
        if primitive.multi:
            return tuple([LINEAR["stack"](*parts, axis=0) for parts in zip(*results)])
        return LINEAR["stack"](*results, axis=0)

    return batch
