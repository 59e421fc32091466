"""What is traced, and that passes keep its meaning."""

import numpy as np
import pytest
from support.draw import calls, dtypes_of, rows

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.compile.compiled import trace
from tetragrad.compile.graph import Graph, Op, Value
from tetragrad.compile.passes import improve
from tetragrad.compile.trace import trace_leaves
from tetragrad.core.primitive import TABLE
from tetragrad.errors import GraphError, UntraceableError


def graph_of(f, *args):
    """The graph of a function of arrays, as traced."""
    traced = trace_leaves(lambda xs: [f(*xs)], args, [tg.Tensor] * len(args))
    assert not traced.decisions
    return traced.graph


def names(graph):
    return [op.name for op in graph.ops]


def improved(f, *args):
    graph = graph_of(f, *args)
    improve(graph, check=True)
    return graph


x = np.array([0.5, -1.5, 2.0])
m = np.arange(6.0).reshape(2, 3)


def test_the_listing_has_types_and_source_lines():
    text = str(trace(lambda a: tnp.sin(a) * 2.0)(x.astype("f4")))
    assert text.splitlines()[0] == "graph(%0: float32[3]):"
    assert "%1: float32[3] = sin(%0)" in text
    assert "test_trace.py:" in text
    assert text.splitlines()[-1].strip() == "return %2"


def test_transforms_come_out_as_the_operations_that_they_apply():
    graph = improved(tg.grad(lambda a: 2 * tnp.dot(a, a)), x)
    assert names(graph) == ["multiply"]
    np.testing.assert_array_equal(graph.run([x])[0], 4 * x)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: tg.hessian(lambda b: tnp.sum(b**3 * tnp.sin(b)))(a),
        lambda a: tg.jvp(tnp.tanh, (a,), (a,))[1],
        lambda a: tg.vmap(tg.grad(lambda b: tnp.exp(b) * b))(a),
        lambda a: tg.grad(lambda b: tg.grad(lambda c: tnp.sum(c**4))(b)[0])(a),
    ],
)
def test_nested_transforms(f):
    np.testing.assert_allclose(improved(f, x).run([x])[0] if not _captures(f) else f(x), f(x), rtol=1e-15)


def _captures(f):
    return any(value.captured is not None for value in graph_of(f, x).inputs)


@pytest.mark.parametrize(
    ("f", "left"),
    [
        (lambda a: a * 1.0, []),
        (lambda a: 1.0 * a, []),
        (lambda a: a * -1.0, ["negative"]),
        (lambda a: a / 1.0, []),
        (lambda a: a / 4.0, ["multiply"]),
        (lambda a: a / 3.0, ["divide"]),
        (lambda a: a + 0.0, ["add"]),  # -0.0 + 0.0 is 0.0
        (lambda a: a + -0.0, []),
        (lambda a: a - 0.0, []),
        (lambda a: tnp.negative(tnp.negative(a)), []),
        (lambda a: a * 0.0, ["multiply"]),  # nan and the sign of zero
        (lambda a: tnp.transpose(tnp.transpose(a)), []),
        (lambda a: tnp.reshape(tnp.reshape(a, (3, 1)), (3,)), []),
        (lambda a: a * (2.0 * tnp.sin(a) + 2.0 * tnp.sin(a)), ["sin", "multiply", "add", "multiply"]),
    ],
)
def test_simplifications_keep_every_bit(f, left):
    special = np.array([0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan])[:3] if left == [] else x
    graph = improved(f, special)
    assert names(graph) == left
    for values in (x, np.array([0.0, -0.0, np.nan]), np.array([np.inf, -np.inf, 1e308])):
        with np.errstate(all="ignore"):
            expected = np.asarray(f(values))
            found = np.asarray(graph.run([values])[0])
        assert expected.tobytes() == found.tobytes() or (np.isnan(expected) == np.isnan(found)).all()
        np.testing.assert_array_equal(np.signbit(expected) & ~np.isnan(expected), np.signbit(found) & ~np.isnan(found))


def test_unused_operations_are_dropped_and_equal_ones_merged():
    def f(a):
        tnp.exp(a)
        return tnp.sin(a) + tnp.sin(a)

    assert names(improved(f, x)) == ["sin", "add"]


def test_known_numbers_are_computed_beforehand():
    graph = improved(lambda a: tg.grad(lambda b: tnp.sum(b) * 3.0 / 2.0)(a), x)
    assert names(graph) == []
    np.testing.assert_array_equal(graph.outputs[0].constant, [1.5, 1.5, 1.5])


@pytest.mark.parametrize(
    ("row", "dtype"),
    [pytest.param(row, dtype, id=f"{row.name}-{dtype}") for row in rows() for dtype in dtypes_of(row)],
)
def test_every_row_is_traced_as_itself(row, dtype):
    for call in calls(row, dtype):
        arrays = [arg for arg in call.args if isinstance(arg, (np.ndarray, np.generic))]

        def f(given, call=call):
            rest = iter(given)
            args = [next(rest) if isinstance(arg, (np.ndarray, np.generic)) else arg for arg in call.args]
            return list(call.through(call.row.door, args))

        traced = trace_leaves(f, arrays, [tg.Tensor] * len(arrays))
        assert not traced.decisions, (str(call), [str(d) for d in traced.decisions])
        improve(traced.graph, check=True)
        captured = [node.captured for node in traced.graph.inputs if node.captured is not None]
        captured = [c._value if isinstance(c, tg.Tensor) else c for c in captured]
        with np.errstate(all="ignore"):
            for found, expected in zip(traced.graph.run([*arrays, *captured]), call.results, strict=True):
                np.testing.assert_array_equal(found, expected, err_msg=str(call))


def test_the_checker_finds_unsound_graphs():
    a = Value(float, (3,))
    sine = Op(TABLE["sin"], (a,), {})
    sine.outputs = (Value(float, (3,), sine),)
    Graph([a], [sine], [sine.out]).check()
    with pytest.raises(GraphError, match="before it is defined"):
        Graph([], [sine], [sine.out]).check()
    with pytest.raises(GraphError, match="defined twice"):
        Graph([a], [sine, sine], [sine.out]).check()
    with pytest.raises(GraphError, match="an output"):
        Graph([a], [], [sine.out]).check()
    with pytest.raises(GraphError, match="operand"):
        two = Op(TABLE["sin"], (a, a), {})
        two.outputs = (Value(float, (3,), two),)
        Graph([a], [two], [two.out]).check()
    with pytest.raises(GraphError, match="constant"):
        Graph([], [], [Value(float, (3,), constant=np.zeros(2))]).check()


def test_a_trace_that_would_depend_on_data_is_refused():
    with pytest.raises(UntraceableError, match=r"test_trace.py:\d+: bool\(\) of a traced value"):
        trace(lambda a: a if a[0] > 0 else -a)(x)


# -- large arrays, which others stand in for ---------------------------------------------------------------------------

LARGE_CASES = [
    lambda a: tnp.sum(tnp.tanh(a) * 2.0, axis=1),
    lambda a: tnp.mean(a, axis=(0, 1), keepdims=True) + tnp.max(a, axis=0),
    lambda a: tnp.logsumexp(a, axis=-1) @ a,
    lambda a: (a > 0) | tnp.isnan(a),
    lambda a: tnp.where(a > 0, a, tnp.exp(-a)).astype("f4"),
    lambda a: tnp.concatenate([a, a[::2]])[:, None, 5:9],
    lambda a: tnp.take(a, tnp.argmax(a, axis=1) % 50, axis=0),
    lambda a: tnp.linalg.inv(a @ a.T + 100 * np.eye(130)),
    lambda a: tnp.linalg.svd(a[:20, :20])[1],
    lambda a: tg.grad(lambda b: tnp.sum(tnp.sort(b, axis=0)[3] ** 2))(a),
    lambda a: tg.vmap(tg.grad(lambda row: tnp.sum(row * row[::-1])))(a),
    lambda a: tnp.cumsum(a, axis=1) / (1 + tnp.sum(a * a)),
    lambda a: tnp.einsum("ij,kj->ik", a, a),
    lambda a: tnp.linalg.norm(a) + tnp.linalg.norm(a, axis=1)[3],
]


@pytest.mark.parametrize("f", LARGE_CASES)
def test_large_arrays_are_traced_as_small_ones(f):
    a = np.random.default_rng(0).standard_normal((130, 101))
    expected = f(a)
    graph = graph_of(lambda b: f(b), a)
    captured = [node.captured for node in graph.inputs if node.captured is not None]
    (found,) = graph.run([a, *[c._value if isinstance(c, tg.Tensor) else c for c in captured]])
    assert (graph.outputs[0].dtype, graph.outputs[0].shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_shapes_of_large_arrays_that_do_not_fit():
    a = np.zeros((130, 101))
    for f, operation in [(lambda b: b @ b, "matmul"), (lambda b: b + b.T, "add"), (lambda b: b.reshape(7, 7), "resh")]:
        with pytest.raises(tg.errors.ShapeError, match=operation):
            graph_of(f, a)
