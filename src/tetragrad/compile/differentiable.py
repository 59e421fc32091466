"""A compiled function as one operation of a recorded computation.

The function is traced together with its pullback. What does not depend on the cotangents is the forward program; the
values in it that the rest reads are the residuals; the rest is the backward program.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..api.reverse import vjp
from .graph import Graph, Value
from .passes import improve
from .specialize import Specialized, build_entry, call_entry, is_differentiable, prepared
from .trace import trace_leaves


class Pair:
    """The forward and the backward program of a specialized function."""

    def __init__(self, whole: Specialized) -> None:
        self.whole = whole
        self.outputs = len(whole.plain_outputs)
        self.variables = [
            n for n, node in zip(whole.traced, whole.graph.inputs) if is_differentiable(node)
        ]
        joint = self._joint_graph()
        improve(joint)
        forward, backward, self.residuals = split(joint, self.outputs, len(whole.differentiable_outputs))
        self.captured = [node.captured for node in forward.inputs if node.captured is not None]
        self.forward_inputs, self.backward_inputs = forward.inputs, backward.inputs
        improve(forward)
        improve(backward)
        self.forward, self.forward_program = build_entry(forward)
        self.backward, self.backward_program = build_entry(backward)

    def _joint_graph(self) -> Graph:
        """Inputs: the traced leaves, then the cotangents; outputs: those of the function, then the gradients."""
        whole = self.whole
        inputs = [_example(node) for node in whole.graph.inputs if node.captured is None]
        gs = [np.ones(node.shape, node.dtype) for node in self._differentiable_nodes()]

        def joint(given: Sequence[Any]) -> list[Any]:
            outs, gradients = self._pulled(given[: len(inputs)], given[len(inputs) :])
            return [*outs, *gradients]

        faces = [whole.face] * (len(inputs) + len(gs))
        return trace_leaves(joint, [*inputs, *gs], faces).graph

    def _differentiable_nodes(self) -> list[Value]:
        return [self.whole.graph.outputs[n] for n in self.whole.differentiable_outputs]

    def _pulled(self, traced: Sequence[Any], gs: Sequence[Any]) -> tuple[list[Any], Sequence[Any]]:
        """All outputs, and the cotangents of the variables, by the rules of the table."""
        whole = self.whole
        leaves = list(whole.leaves)
        for position, value in zip(whole.traced, traced):
            leaves[position] = value

        def function(*variables: Any) -> tuple[list[Any], list[Any]]:
            given = list(leaves)
            for position, variable in zip(self.variables, variables):
                given[position] = variable
            outs = whole.function(given)
            return [outs[n] for n in whole.differentiable_outputs], outs

        _, pullback, outs = vjp(function, *[leaves[position] for position in self.variables], has_aux=True)
        return outs, pullback(list(gs))

    def run_forward(self, leaves: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Outputs, and what the backward program reads."""
        values = [leaves[position] for position in self.whole.traced] + self.captured
        arguments = [prepared(value, node) for value, node in zip(values, self.forward_inputs)]
        made = len([source for source in self.residuals if source is None])
        outs = list(call_entry(self.forward, arguments, self.outputs + made))
        rest = iter(outs[self.outputs :])
        residuals = [next(rest) if source is None else arguments[source] for source in self.residuals]
        return outs[: self.outputs], residuals

    def run_backward(self, residuals: Sequence[Any], gs: Sequence[Any]) -> Sequence[Any]:
        """Cotangents of the variables, as plain arrays."""
        arguments = [prepared(value, node) for value, node in zip((*residuals, *gs), self.backward_inputs)]
        return call_entry(self.backward, arguments, len(self.variables))

    def pullback(self, leaves: Sequence[Any], gs: Sequence[Any]) -> Sequence[Any]:
        """Cotangents of the variables where they are recorded: a compiled function of leaves and cotangents."""
        return self._compiled_pullback([leaves[position] for position in self.whole.traced], list(gs))

    @functools.cached_property
    def _compiled_pullback(self) -> Any:
        from .compiled import compile

        return compile(self._gradients)

    def _gradients(self, traced: Sequence[Any], gs: Sequence[Any]) -> list[Any]:
        return list(self._pulled(traced, gs)[1])


def _example(node: Value) -> Any:
    """Some value of this type, for tracing."""
    return 1.0 if node.weak else np.ones(node.shape, node.dtype)


def split(joint: Graph, outputs: int, cotangents: int) -> tuple[Graph, Graph, list[int | None]]:
    """Forward graph, backward graph, and where each residual comes from: an input's position, or None for a result.

    The joint graph's inputs are the arguments, `cotangents` cotangents and captured values; the first `outputs` of its
    outputs are the function's.
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
    backward.outputs = joint.outputs[outputs:]
    read = [value for op in backward.ops for value in op.operands] + backward.outputs
    crossing = list(dict.fromkeys([v for v in read if v not in late and v.constant is None]))
    positions = {node: n for n, node in enumerate(arguments)}
    forward.outputs = joint.outputs[:outputs] + [value for value in crossing if value not in positions]
    stand_ins = {value: Value(value.dtype, value.shape, weak=value.weak) for value in crossing}
    backward.replace(stand_ins)
    backward.inputs = [*stand_ins.values(), *gs]
    return forward, backward, [positions.get(value) for value in crossing]

