"""Operations that state both of their rules (solve, eigh, sort, ...), and those that have none to state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.primitive import Primitive
from .elementwise import batch_elementwise
from .linear import finish, transposed_vjp, variadic_vjp
from .rules import CONVERT, Rule, add_tangents, compile_rules, input_names, layout_of, needs_of


def general(
    name: str,
    value: Callable[..., Any],
    *,
    sample: Any,
    jvps: Sequence[Any] | None = None,
    vjps: Sequence[Any] | None = None,
    vjp: Callable[..., Any] | None = None,
    batch: Callable[..., Any] | None = None,
    multi: bool = False,
    doc: str | None = None,
) -> Callable[..., Any]:
    """Add a row that states its own rules and return its door.

    Parameters
    ----------
    name : str
        The operation's one name.
    value : callable
        ``value(a, b, *, axis)``: positional parameters are array inputs, keyword-only ones are parameters.
    sample : sequence of Case
        Example calls for tests.
    jvps : sequence, optional
        One rule per input: ``lambda t, a, out, axis: tangent of the output`` (None where not differentiable).
    vjps : sequence, optional
        One rule per input: ``lambda g, a, out, axis: cotangent of that input``.
    vjp : callable, optional
        Instead of `vjps`: one rule that returns the tuple of all cotangents, where they share work.
    batch : callable, optional
        ``batch(args, batched, size, params)``; without it, vmap applies the operation example by example.
    multi : bool
        The value is a tuple of arrays; then `out`, `g` and the results of `jvps` are tuples too.

    Returns
    -------
    callable
        The door: ``door(*arrays, **params)``.
    """
    inputs = input_names(value, len(jvps or vjps or (None,)))
    needs: Sequence[frozenset[str]]
    if vjp is not None:
        joint = Rule(vjp)
        layout, needs = joint.names, ()
    else:
        rules = compile_rules(vjps or ())
        layout, needs = layout_of(rules, inputs), needs_of(rules)
    variadic = inputs[0].startswith("*")
    if variadic:
        layout, needs = tuple([label for label in layout if label != "index"]), ()
    primitive = Primitive(name, value, inputs, family="general", layout=layout, needs=needs, multi=multi, sample=sample)
    if vjp is not None:
        primitive.vjp = _joint_vjp(joint.pusher(layout))
    elif vjps is not None:
        primitive.vjp = variadic_vjp(rules[0], layout) if variadic else transposed_vjp(rules, layout)
    if multi:
        primitive.vjp = _filled(primitive.vjp)
    if jvps is not None:
        primitive.jvp = _jvp(primitive, compile_rules(jvps))
    return finish(primitive, batch, doc)


def nondifferentiable(
    name: str,
    value: Callable[..., Any],
    *,
    sample: Any,
    inputs: int = 1,
    batch: Any = None,
    doc: str | None = None,
) -> Callable[..., Any]:
    """Add a row whose result carries no derivative (comparisons, argmax); its results are plain arrays.

    `batch` may be the string ``"elementwise"``.
    """
    primitive = Primitive(
        name, value, input_names(value, inputs), family="nondifferentiable", differentiable=False, sample=sample
    )
    primitive.jvp = lambda primals, tangents, out, params: None
    if batch == "elementwise":
        batch, doc = batch_elementwise(primitive), doc or f"Elementwise {name}; the result carries no derivative."
    return finish(primitive, batch, doc)


def _joint_vjp(push: Callable[..., Any]) -> Callable[..., Any]:
    def vjp(g: Any, residuals: Any, parents: Any) -> tuple[Any, ...]:
        return tuple(
            [
                ct if ct is None or parent is None or ct.dtype is parent.dtype else CONVERT(ct, parent.dtype)
                for ct, parent in zip(push(g, residuals), parents)
            ]
        )

    return vjp


def _filled(vjp: Callable[..., Any]) -> Callable[..., Any]:
    """The cotangent of several outputs arrives in parts; rules see a tuple without gaps."""
    return lambda g, residuals, parents: vjp(g.filled(), residuals, parents)


def _jvp(primitive: Primitive, rules: Sequence[Rule | None]) -> Callable[..., Any]:
    variadic = primitive.variadic

    def jvp(primals: Sequence[Any], tangents: Sequence[Any], out: Any, params: dict[str, Any]) -> Any:
        available = {"out": out, "args": tuple(primals), **params}
        if not variadic:
            available.update(zip(primitive.inputs, primals))
        parts = []
        for index, t in enumerate(tangents):
            rule = rules[0] if variadic else rules[index]
            if t is None or rule is None:
                continue
            available["index"] = index
            parts.append(rule.function(t, *[available[name] for name in rule.names]))
        if primitive.multi:
            return None if not parts else tuple([add_tangents(outputs) for outputs in zip(*parts)])
        return add_tangents(parts)

    return jvp
