"""The backward sweep: from output nodes to the leaves they came from, in descending order of creation.

Node numbers grow with creation, so sorting the reachable nodes by number is a topological sort, and a node older than
every target cannot depend on one. First-order sweeps run the rules on raw arrays. When the result must itself be
differentiable (`create_graph`), or the values belong to a running transform, the same rules run on Tensors: each
residual is wrapped again with the node that it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from ..errors import CotangentError, FreedGraphError
from .bind import Pick, pick_node
from .hooks import after_rule, before_rule, hooked_nodes, on_arrival
from .levels import Boxed, shape_of
from .primitive import ARGS, OUT, PARAM
from .recording import recorded_call
from .runs import LARGE, find_run
from .tensor import FREED, Leaf, Node, Tensor

by_number = attrgetter("number")
ndarray = np.ndarray


def reach(
    roots: Iterable[Node], oldest: int = 0, admit: Callable[[Node], bool] | None = None
) -> tuple[list[Node], bool]:
    """Nodes reachable from `roots`, not older than number `oldest`, newest first; and whether older ones were met.

    Nodes that `admit` refuses count as constants.
    """
    stack = list(dict.fromkeys(roots))
    seen = set(stack)
    met_older = False
    for node in stack:  # grows while it is walked
        for parent in node.parents:
            if parent is not None and parent not in seen and (admit is None or admit(parent)):
                if parent.number < oldest:
                    met_older = True
                else:
                    seen.add(parent)
                    stack.append(parent)
    stack.sort(key=by_number, reverse=True)
    return stack, met_older


def pull(
    roots: Sequence[Node],
    cotangents: Sequence[Any],
    targets: Sequence[Node] | None = None,
    *,
    create_graph: bool | None = False,
    retain_graph: bool = False,
    admit: Callable[[Node], bool] | None = None,
    spare: Collection[Any] = (),
) -> tuple[dict[Node, Any], bool]:
    """Cotangents of `targets` (all reachable leaves when None), given cotangents of `roots`; and whether it was
    recorded.

    With ``create_graph=None`` the sweep is recorded exactly if the roots also depend on variables outside `targets`, or
    the cotangents on any variable. A node whose cotangent is a known zero maps to None; one that the roots do not
    depend on is missing. Nodes that `admit` refuses count as constants. The primitives in `spare` keep what little
    their nodes saved, so that a second sweep may pass through them (PyTorch's rule).
    """
    keep = set() if targets is None else set(targets)
    wanted: set[Node] | None = None
    if targets is None:
        order, _ = reach(roots, 0, admit)
        create_graph = bool(create_graph)
    else:
        order, met_others = reach(roots, min([node.number for node in targets], default=0), admit)
        met_others = met_others or any([node.is_live() and node not in keep for node in order])
        if met_others or any([not node.parents and node not in keep for node in order]):
            wanted = leading_to(keep, order)
            order = [node for node in order if node in wanted]

    if create_graph is False:
        cotangents = [Tensor(g._value, None) if isinstance(g, Tensor) else g for g in cotangents]
    seeds: dict[Node, Any] = {}
    for node, g in zip(roots, cotangents):
        seeds[node] = seeds[node] + g if node in seeds else g
    recorded = bool(create_graph) or (create_graph is None and met_others)
    if not recorded and not any([isinstance(g, Tensor) for g in seeds.values()]):
        return _run(order, seeds, keep, wanted, False, False, not retain_graph, spare), False
    carried = any([isinstance(g, Tensor) and g._node is not None for g in seeds.values()])
    seeds = {node: g if isinstance(g, Tensor) else Tensor(g, None) for node, g in seeds.items()}
    if not recorded:  # residuals are constants: only what the cotangents themselves carry is recorded
        return _run(order, seeds, keep, wanted, True, False, not retain_graph, spare), carried
    return recorded_call(_run, order, seeds, keep, wanted, True, True, False, spare), True


def leading_to(targets: set[Node], order: list[Node]) -> set[Node]:
    """The nodes among `order` (newest first) from which some target can be reached, targets included."""
    leading = set(targets)
    for node in reversed(order):
        for parent in node.parents:
            if parent in leading:
                leading.add(node)
                break
    return leading


class Scattered:
    """A cotangent still in pieces, or in an array that rules may change: of what was indexed, perhaps many times.

    Where each index would add an array of the full size, the pieces add themselves into one. Subclasses say how.
    """

    __slots__ = ()

    def suits(self, primitive: Any) -> bool:
        """Whether the rule of this primitive takes the cotangent as it is."""
        return False

    def whole(self) -> Any:
        """The cotangent as one array, owned by the caller."""
        raise NotImplementedError


def _run(
    order: list[Node], cotangents: dict[Node, Any], keep: set[Node], wanted: set[Node] | None, wrapped: bool,
    create_graph: bool, release: bool, spare: Collection[Any],
) -> dict[Node, Any]:  # fmt: skip
    """Walk `order`, handing each node's cotangent to its parents; returns the cotangents of leaves and of `keep`."""
    found: dict[Node, Any] = {}
    hooked = hooked_nodes()
    owned: set[Node] = set()  # nodes whose cotangent is an array of our own making, free to be added into
    plain = hooked is None and wanted is None and not wrapped
    pop = cotangents.pop
    for node in order:
        g = pop(node, None)
        if type(g) is not ndarray and isinstance(g, Scattered) and not (plain and g.suits(node.primitive)):
            g = g.whole()
        if hooked is not None and g is not None and node in hooked:
            g = on_arrival(node, hooked[node], g)
        parents = node.parents
        if not parents or (keep and node in keep):
            found[node] = g = g.whole() if isinstance(g, Scattered) else g
            if not parents:
                continue
        if g is None:
            continue
        if type(g) is ndarray and g.nbytes > LARGE and hooked is None and not wrapped:
            run = find_run(order, order.index(node), keep, wanted)
            if run is not None:
                cotangents[node] = g
                owned.update(run.sweep(cotangents))
                if release:
                    for member in run.members:
                        member.residuals = FREED
                continue
        residuals = node.residuals
        if plain and type(residuals) is tuple:
            cts = node.primitive.vjp(g, residuals, parents)
        else:
            cts = _special(node, g, hooked, wanted, wrapped, create_graph)
        for parent, ct in zip(parents, cts):
            if ct is None or parent is None:
                continue
            if parent not in cotangents:
                cotangents[parent] = ct
                continue
            total = cotangents[parent]
            if parent in owned and total.dtype is ct.dtype:
                total += ct  # in place for arrays, a new value for scalars
            else:
                total = total + ct
                if not wrapped:
                    owned.add(parent)
            cotangents[parent] = total
        if release and not (spare and node.primitive in spare):
            node.residuals = FREED
    return found


def _special(
    node: Node, g: Any, hooked: Any, wanted: set[Node] | None, wrapped: bool, create_graph: bool
) -> Sequence[Any]:
    """A node's rule with all that a plain first-order sweep does without: hooks, unwanted parents, packing, Tensors."""
    parents = node.parents
    if wanted is not None:
        parents = tuple([parent if parent in wanted else None for parent in parents])
        if not any(parents):
            return (None,) * len(parents)
    residuals = node.residuals
    if type(residuals) is not tuple:
        if residuals is FREED:
            raise freed(node)
        residuals = residuals.unpacked()
    if wrapped:
        residuals = rewrap(node, residuals, create_graph)
    if hooked is None or node not in hooked:
        cts = node.primitive.vjp(g, residuals, parents)
    else:
        g = before_rule(node, hooked[node], g)
        cts = node.primitive.vjp(g, residuals, parents)
        cts = after_rule(node, hooked[node], [ct.whole() if isinstance(ct, Scattered) else ct for ct in cts], g)
    return [ct if parent is not None else None for parent, ct in zip(parents, cts)]


def rewrap(node: Node, residuals: tuple[Any, ...], record: bool) -> tuple[Any, ...]:
    """A node's residuals as Tensors with the nodes they came from, so that the rule can be differentiated again."""
    primitive = node.primitive
    if primitive is Pick:
        return residuals
    parents = node.parents
    wrapped = []
    for (kind, _), residual in zip(primitive.sources, residuals):
        if kind >= 0:
            residual = _wrap(residual, parents[kind] if record else None)
        elif kind == OUT and residual is not None:
            if primitive.multi:
                residual = tuple(
                    [_wrap(part, pick_node(node, part, i) if record else None) for i, part in enumerate(residual)]
                )
            else:
                residual = _wrap(residual, node if record else None)
        elif kind == PARAM and not record:
            residual = getattr(residual, "with_constants", residual)
        elif kind == ARGS and residual is not None:
            residual = tuple([_wrap(part, parent if record else None) for part, parent in zip(residual, parents)])
        wrapped.append(residual)
    return tuple(wrapped)


def _wrap(value: Any, node: Node | None) -> Any:
    if value is None or isinstance(value, Tensor):
        return value
    if node is None and not isinstance(value, Boxed):
        return value
    return Tensor(value, node)


def freed(node: Node) -> FreedGraphError:
    """The error for a node whose residuals are gone."""
    return FreedGraphError(
        f"backward: the graph was already used and its saved arrays were released (first met at operation "
        f"{node.primitive.name}, result {node.dtype}{list(node.shape)}). Pass retain_graph=True to the earlier "
        f"backward "
        f"call if you need to go through the graph again, or compute the value anew."
    )


def fit_cotangent(g: Any, shape: tuple[int, ...], dtype: Any, what: str) -> Any:
    """A user's cotangent for a value of this shape and dtype, checked; no broadcasting, no change of kind."""
    value = g._value if isinstance(g, Tensor) else g
    if not hasattr(value, "dtype"):
        value = g = np.asarray(g)[()]
    if shape_of(value) != shape:
        raise CotangentError(
            f"{what}: the cotangent has shape {shape_of(value)}, the value has shape {shape}. They must be equal; use "
            f"numpy.broadcast_to to spread one number."
        )
    if value.dtype == dtype:
        return g
    if (value.dtype.kind in "biuf" and dtype.kind in "fc") or value.dtype.kind == dtype.kind:
        return g.astype(dtype) if not isinstance(g, Tensor) else g
    raise CotangentError(
        f"{what}: the cotangent has dtype {value.dtype}, the value has dtype {dtype}. Convert it with .astype({dtype})."
    )


def own_result(ct: Any, taken: set[int]) -> Any:
    """A cotangent as a result of its own: never a view, never shared with another result (`taken` holds their ids)."""
    if type(ct) is np.ndarray:
        if ct.base is not None or not ct.flags.writeable or id(ct) in taken:
            ct = ct.copy()
        taken.add(id(ct))
    elif isinstance(ct, Tensor):
        return type(ct)(ct._value, ct._node)
    return ct


__all__ = ["Leaf", "fit_cotangent", "freed", "own_result", "pull", "reach", "rewrap"]
