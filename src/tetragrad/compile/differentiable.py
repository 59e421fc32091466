"""A compiled function as one operation of a recorded computation.

The function is traced together with its pullback. What does not depend on the cotangents is the forward program; the
values in it that the rest reads are the residuals; the rest is the backward program.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..api.variables import fit_result, reverse_variable
from ..core.sweep import pull
from ..core.tensor import Tensor
from .graph import Graph, Value
from .passes import improve
from .specialize import Specialized, build_entry, call_entry, is_differentiable
from .trace import trace_leaves


class Pair:
    """The forward and the backward program of a specialized function.

    `joined` are the Tensors from outside that are part of the caller's graph.
    """

    def __init__(self, whole: Specialized, joined: Sequence[Tensor]) -> None:
        self.whole = whole
        self.joined = joined
        self.variables = [n for n, node in zip(whole.traced, whole.graph.inputs) if is_differentiable(node)]
        joint = self._joint_graph()
        improve(joint)
        forward, backward, self.residuals = split(
            joint, len(whole.faces), len(self.variables) + len(joined), len(whole.differentiable_outputs)
        )
        self.captured = [node.captured for node in forward.inputs if node.captured is not None]
        self.forward_inputs, self.backward_inputs = forward.inputs, backward.inputs
        improve(forward)
        improve(backward)
        self.outputs = len(forward.outputs)
        self.forward, self.forward_program = build_entry(forward)
        self.backward, self.backward_program = build_entry(backward)

    def variables_of(self, leaves: Sequence[Any]) -> list[Any]:
        """What cotangents can go to."""
        return [*[leaves[position] for position in self.variables], *self.joined]

    def _joint_graph(self) -> Graph:
        """Inputs: the traced leaves, then the cotangents; outputs: those of the function, then the gradients."""
        whole = self.whole
        inputs = [_example(node) for node in whole.graph.inputs if node.captured is None]
        outs = [whole.graph.outputs[n] for n in whole.differentiable_outputs]
        gs = [np.ones(node.shape, node.dtype) for node in outs]

        def joint(given: Sequence[Any]) -> list[Any]:
            outs, gradients = self._pulled(given[: len(inputs)], given[len(inputs) :])
            return [*outs, *gradients]

        return trace_leaves(joint, [*inputs, *gs], [whole.face] * (len(inputs) + len(gs))).graph

    def _pulled(self, traced: Sequence[Any], gs: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """All outputs, and the cotangents of the variables, by the rules of the table."""
        whole = self.whole
        leaves: list[Any] = list(whole.leaves)
        for position, value in zip(whole.traced, traced):
            leaves[position] = reverse_variable(value, "compile") if position in self.variables else value
        nodes = [leaves[position]._node for position in self.variables] + [tensor._node for tensor in self.joined]
        outs = whole.function(leaves)
        roots, seeds = [], []
        for n, g in zip(whole.differentiable_outputs, gs):
            if outs[n]._node is not None:
                roots.append(outs[n]._node)
                seeds.append(g)
        found, _ = pull(roots, seeds, nodes, create_graph=None, retain_graph=True)
        return outs, [fit_result(found.get(node), node, node.dtype) for node in nodes]

    def run_forward(self, leaves: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Outputs (then what was written), and what the backward program reads."""
        values = [leaves[position] for position in self.whole.traced] + self.captured
        outs = list(call_entry(self.forward, values, self.forward_inputs, self.outputs))
        made = [source for source in self.residuals if source is None]
        results, rest = outs[: len(outs) - len(made)], iter(outs[len(outs) - len(made) :])
        return results, [next(rest) if source is None else values[source] for source in self.residuals]

    def run_backward(self, residuals: Sequence[Any], gs: Sequence[Any]) -> Sequence[Any]:
        """Cotangents of the variables, as plain arrays."""
        count = len(self.variables) + len(self.joined)
        return call_entry(self.backward, (*residuals, *gs), self.backward_inputs, count)

    def pullback(self, leaves: Sequence[Any], gs: Sequence[Any]) -> Sequence[Any]:
        """Cotangents of the variables where they are recorded: a compiled function of leaves and cotangents."""
        return self._compiled_pullback([leaves[position] for position in self.whole.traced], list(gs))

    @functools.cached_property
    def _compiled_pullback(self) -> Any:
        from .compiled import compile

        return compile(self._gradients)

    def _gradients(self, traced: Sequence[Any], gs: Sequence[Any]) -> list[Any]:
        return self._pulled(traced, gs)[1]


def _example(node: Value) -> Any:
    """Some value of this type, for tracing."""
    return 1.0 if node.weak else np.ones(node.shape, node.dtype)


def split(joint: Graph, outputs: int, gradients: int, cotangents: int) -> tuple[Graph, Graph, list[int | None]]:
    """Forward graph, backward graph, and where each residual comes from: an input's position, or None for a result.

    The joint graph's inputs are the arguments, the cotangents and captured values; its outputs are those of the
    function, the gradients, and what was written. The residuals that are results are the last outputs of the forward
    graph, and all residuals the first inputs of the backward graph, before the cotangents.
    """
    own = [node for node in joint.inputs if node.captured is None]
    gs = own[len(own) - cotangents :]
    arguments = [node for node in joint.inputs if node not in gs]
    late = set(gs)
    forward, backward = Graph(arguments), Graph()
    for op in joint.ops:
        is_late = any([value in late for value in op.operands])
        (backward if is_late else forward).ops.append(op)
        if is_late:
            late.update(op.outputs)
    backward.outputs = joint.outputs[outputs : outputs + gradients]
    read = [value for op in backward.ops for value in op.operands] + backward.outputs
    crossing = list(dict.fromkeys([v for v in read if v not in late and v.constant is None]))
    positions = {node: n for n, node in enumerate(arguments)}
    forward.outputs = joint.outputs[:outputs] + joint.outputs[outputs + gradients :]
    forward.outputs += [value for value in crossing if value not in positions]
    stand_ins = {value: Value(value.dtype, value.shape, weak=value.weak) for value in crossing}
    backward.replace(stand_ins)
    backward.inputs = [*stand_ins.values(), *gs]
    return forward, backward, [positions.get(value) for value in crossing]
