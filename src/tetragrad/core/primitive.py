"""`Primitive`: what the engine knows of one operation. Families build them, the engine only calls their parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..errors import MissingRuleError

# The table: every primitive by name. `tetragrad.ops` fills it; tests and tools walk it.
TABLE: dict[str, Primitive] = {}

OUT, PARAM, SHAPE, SHAPES, ARGS = -1, -2, -3, -4, -5


class Primitive:
    """One row of the table.

    Attributes
    ----------
    name : str
        The operation's one name, everywhere.
    value : callable
        ``value(*arrays, **params)``: the result on plain arrays.
    inputs : tuple of str
        Names of the array inputs; a variadic primitive has one name, starting with ``*``.
    layout : tuple of str
        Names of the residuals its rules read, in the order in which a node stores them.
    vjp : callable
        ``vjp(g, residuals, parents)`` gives one cotangent per parent (``None`` for a known zero or an unwanted one).
    jvp : callable
        ``jvp(primals, tangents, out, params)`` gives the tangent of the output (``None`` for a known zero).
    batch : callable
        ``batch(args, batched, size, params)`` gives the result with the batch axis first.
    multi : bool
        The value is a tuple of arrays.
    differentiable : bool
        False where the result carries no derivative at all (comparisons, index results).
    """

    __slots__ = (
        "batch", "differentiable", "door", "family", "inputs", "jvp", "layout", "multi", "name", "needs", "plans",
        "pushers", "sample", "sources", "unlinked", "value", "variadic", "view", "vjp",
    )  # fmt: skip

    # `into(out, result, name)`: the result of a door, put into its ``out=`` argument. The own face says how.
    into: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        name: str,
        value: Callable[..., Any],
        inputs: Sequence[str],
        *,
        family: str,
        layout: Sequence[str] = (),
        needs: Sequence[frozenset[str]] = (),
        multi: bool = False,
        differentiable: bool = True,
        sample: Any = None,
    ) -> None:
        if name in TABLE:
            raise ValueError(f"the table already has a primitive named {name!r}")
        self.name = name
        self.value = value
        self.inputs = tuple(inputs)
        self.variadic = self.inputs[0].startswith("*") if self.inputs else False
        self.family = family
        self.layout = tuple(layout)
        self.needs = tuple(needs)  # per input, the layout names its vjp rule reads
        self.multi = multi
        self.differentiable = differentiable
        self.sample = sample
        self.vjp: Callable[..., Any] = self._no_reverse
        self.jvp: Callable[..., Any] = self._no_forward
        self.batch: Callable[..., Any] = value
        self.door: Callable[..., Any] = value  # families put the door here
        # Whether the value may look into the memory of the input, as a slice does; and the door that takes no note.
        self.view = False
        self.unlinked: Callable[..., Any] = value
        # Elementwise only: per input, (g, residuals) -> its contribution, None for a known zero.
        self.pushers: tuple[Any, ...] | None = None
        self.sources = tuple(self._source(label) for label in self.layout)
        self.plans: dict[tuple[bool, ...], tuple[tuple[int, Any] | None, ...]] = {}
        TABLE[name] = self

    def __repr__(self) -> str:
        return f"<Primitive {self.name} ({self.family})>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _lookup, (self.name,)

    def _no_reverse(self, g: Any, residuals: Any, parents: Any) -> Any:
        raise MissingRuleError(
            f"{self.name}: no reverse rule (cotangent {g.dtype}{list(g.shape)}). Give the primitive a vjp, or stop the "
            f"gradient before it with tg.stop_gradient."
        )

    def _no_forward(self, primals: Any, tangents: Any, out: Any, params: Any) -> Any:
        raise MissingRuleError(
            f"{self.name}: no forward rule. Give the primitive a jvp, or stop the gradient before it with "
            f"tg.stop_gradient."
        )

    def _source(self, label: str) -> tuple[int, Any]:
        """Where a residual comes from: an input (its position >= 0), the output, a shape, or a parameter."""
        if label == "out":
            return OUT, None
        if label == "args":
            return ARGS, None
        if label == "shapes":
            return SHAPES, None
        if label in self.inputs:
            return self.inputs.index(label), None
        if label.endswith("_shape") and label[:-6] in self.inputs:
            return SHAPE, self.inputs.index(label[:-6])
        return PARAM, label

    def plan(self, wanted: tuple[bool, ...]) -> tuple[tuple[int, Any] | None, ...]:
        """The residual sources to keep when only the `wanted` inputs need cotangents (None: keep nothing)."""
        found = self.plans.get(wanted)
        if found is None:
            if self.variadic or not self.needs:
                needed = set(self.layout)
            else:
                needed = set().union(*(need for need, want in zip(self.needs, wanted) if want))
            found = tuple(source if label in needed else None for label, source in zip(self.layout, self.sources))
            self.plans[wanted] = found
        return found


def _lookup(name: str) -> Primitive:
    return TABLE[name]
