"""Graphs of functions and of rows, compiled and compared with the graph run on NumPy."""

from __future__ import annotations

import warnings

import numpy as np

from tetragrad.compile.entry import make_entry
from tetragrad.compile.graph import Graph, Op, Value
from tetragrad.compile.passes import improve, separate_outputs
from tetragrad.compile.plan import build
from tetragrad.compile.trace import trace_leaves
from tetragrad.core.tensor import Tensor as AnyTensor
from tetragrad.numpy.tensor import Tensor

TOLERANCE = {"float32": 1e-5, "complex64": 1e-5, "float64": 1e-13, "complex128": 1e-13}


def graph_of(call):
    """The graph of one row."""
    operands, arguments = [], []
    for arg in call.args:
        if isinstance(arg, (np.ndarray, np.generic)):
            operands.append(Value.of(arg))
            arguments.append(arg)
        else:
            operands.append(Value.of(arg, constant=arg))
    op = Op(call.row, operands, call.params)
    out = call.row.value(*call.args, **call.params)
    op.outputs = tuple([Value.of(part, op) for part in (out if call.row.multi else (out,))])
    return Graph([value for value in operands if value.constant is None], [op], op.outputs), arguments


def traced(f, *args):
    """The improved graph of a function and the arguments that it takes."""

    def flat(leaves):
        out = f(*leaves)
        return list(out) if isinstance(out, (tuple, list)) else [out]

    graph = trace_leaves(flat, args, [Tensor] * len(args)).graph
    improve(graph, check=True)
    separate_outputs(graph)
    captured = [value.captured for value in graph.inputs if value.captured is not None]
    return graph, [*args, *[c._value if isinstance(c, AnyTensor) else c for c in captured]]


def outputs_of(graph, arguments):
    """What the compiled graph gives."""
    program = build(graph, check=True)
    entry = make_entry(program)
    arguments = [x if type(x) in (int, float) else np.ascontiguousarray(x).reshape(np.shape(x)) for x in arguments]
    got = entry(*arguments)
    assert got is not NotImplemented
    return program, [got] if len(graph.outputs) == 1 else list(got)


def assert_agrees(graph, arguments, factor=1):
    """Compile, run, compare."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        want = graph.run(arguments)
        program, got = outputs_of(graph, arguments)
    for x, y in zip(want, got, strict=True):
        x, y = np.asarray(x), np.asarray(y)
        assert (x.dtype, x.shape) == (y.dtype, y.shape), str(graph)
        tolerance = factor * TOLERANCE.get(x.dtype.name, 0)
        finite = np.abs(x[np.isfinite(x)]) if x.dtype.kind in "fc" else np.zeros(0)
        scale = finite.max(initial=0)
        np.testing.assert_allclose(y, x, rtol=tolerance, atol=tolerance * scale, err_msg=f"{graph}\n{program}")
    return program
