"""Random programs, compiled and eager: fusion must not change what is computed."""

import os

import numpy as np
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import tetragrad as tg
import tetragrad.numpy as tnp

EXAMPLES = int(os.environ.get("TETRAGRAD_COMPILE_EXAMPLES", "25"))

UNARY = {
    "sin": tnp.sin,
    "tanh": tnp.tanh,
    "square": tnp.square,
    "negative": lambda a: -a,
    "absolute": tnp.abs,
    "expit": lambda a: 1 / (1 + tnp.exp(-a)),
    "relu": lambda a: tnp.maximum(a, 0),
    "halved": lambda a: a * 0.5,
    "floor": tnp.floor,
    "log1p": lambda a: tnp.log1p(tnp.abs(a)),
    "sqrt": lambda a: tnp.sqrt(tnp.square(a) + 1),
}
BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (tnp.square(b) + 1),
    "maximum": tnp.maximum,
    "where": lambda a, b: tnp.where(a > b, a, b * 2),
    "arctan2": tnp.arctan2,
}


def shaped(draw, a):
    """One change of shape, as a function and its name."""
    shape = a.shape
    axis = draw(st.integers(0, len(shape) - 1)) if shape else 0
    choices = ["reshape", "new axis"]
    if shape:
        choices += [
            "sum", "mean", "max", "logsumexp", "softmax", "flip", "slice", "take", "concatenate", "cumsum", "pad",
            "repeat", "var", "gather", "stack", "spread",
        ]  # fmt: skip
    if len(shape) > 1:
        choices += ["transpose", "swap", "matmul", "norm"]
    name = draw(st.sampled_from(choices))
    keep = draw(st.booleans())
    length = shape[axis] if shape else 1
    start = draw(st.integers(0, max(0, length - 1)))
    step = draw(st.sampled_from([1, 2, -1]))
    index = (slice(None),) * axis + (slice(start, None, step) if step > 0 else slice(None, None, -1),)
    places = np.array(draw(st.lists(st.integers(0, length - 1), min_size=1, max_size=4)))
    functions = {
        "reshape": lambda x: tnp.reshape(x, (-1,)),
        "new axis": lambda x: tnp.expand_dims(x, 0),
        "sum": lambda x: tnp.sum(x, axis=axis, keepdims=keep),
        "mean": lambda x: tnp.mean(x, axis=axis, keepdims=keep),
        "max": lambda x: tnp.max(x, axis=axis, keepdims=keep),
        "logsumexp": lambda x: tnp.logsumexp(x, axis=axis, keepdims=keep),
        "softmax": lambda x: tnp.exp(x - tnp.logsumexp(x, axis=axis, keepdims=True)),
        "flip": lambda x: tnp.flip(x, axis),
        "slice": lambda x: x[index],
        "take": lambda x: tnp.take(x, places, axis=axis),
        "gather": lambda x: x[(slice(None),) * axis + (places,)],
        "concatenate": lambda x: tnp.concatenate([x, 2 * x], axis=axis),
        "stack": lambda x: tnp.stack([x, -x], axis=axis),
        "cumsum": lambda x: tnp.cumsum(x, axis=axis),
        "pad": lambda x: tnp.pad(x, [(1, 0)] + [(0, 0)] * (len(shape) - 1)),
        "repeat": lambda x: tnp.repeat(x, 2, axis=axis),
        "spread": lambda x: x + tnp.broadcast_to(tnp.sum(x), x.shape),
        "var": lambda x: tnp.var(x, axis=axis, keepdims=keep),
        "transpose": lambda x: tnp.transpose(x),
        "swap": lambda x: tnp.swapaxes(x, 0, -1),
        "matmul": lambda x: x @ tnp.swapaxes(x, -1, -2) / 8,
        "norm": lambda x: tnp.linalg.norm(x, axis=axis, keepdims=keep),
    }
    return name, functions[name]


@st.composite
def programs(draw):
    """A program as a list of steps on a growing list of values, and its two inputs."""
    dtype = draw(st.sampled_from(["float64", "float32"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = st.lists(st.integers(1, 5), min_size=0, max_size=3).map(tuple)
    shape = draw(shapes)
    inputs = [rng.uniform(-2, 2, shape).astype(dtype), rng.uniform(-2, 2, draw(shapes)).astype(dtype)]
    values, steps, text = list(inputs), [], []
    for _ in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from(["unary", "binary", "shape", "shape"]))
        i = draw(st.integers(0, len(values) - 1))
        if kind == "unary":
            name = draw(st.sampled_from(sorted(UNARY)))
            function, places = UNARY[name], (i,)
        elif kind == "binary":
            name = draw(st.sampled_from(sorted(BINARY)))
            fits = [j for j, value in enumerate(values) if broadcasts(values[i], value)]
            function, places = BINARY[name], (i, draw(st.sampled_from(fits)))
        else:
            name, function = shaped(draw, values[i])
            places = (i,)
        made = function(*[values[place] for place in places])
        if made.size > 3000 or made.ndim > 4:
            continue
        values.append(np.asarray(made))
        steps.append((function, places))
        text.append(f"v{len(values) - 1} = {name}{places}: {made.shape}")

    def program(*xs):
        known = list(xs)
        for function, places in steps:
            known.append(function(*[known[place] for place in places]))
        return known[2:] or known

    return program, inputs, text


def broadcasts(a, b):
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return True


def assert_close(found, expected, scale=200):
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    size = max(1.0, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=scale * np.finfo(expected.dtype).eps * size)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_values_and_gradients(made):
    program, inputs, text = made
    note("\n".join([f"{x.dtype}{x.shape}" for x in inputs] + text))

    def loss(*xs):
        total = 0.0
        for out in program(*xs)[-3:]:
            total = total + tnp.sum(tnp.sin(out))
        return total

    def both(*xs):
        return program(*xs), tg.grad(loss, argnums=(0, 1))(*xs)

    with np.errstate(all="ignore"):
        expected = both(*inputs)
        compiled = tg.compile(both)
        found = compiled(*inputs)
    assert "uncompiled" not in compiled.explain()
    for one, other in zip((*found[0], *found[1]), (*expected[0], *expected[1]), strict=True):
        assert_close(one, other)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_results_in_the_memory_of_the_arguments(made):
    program, inputs, text = made
    note("\n".join([f"{x.dtype}{x.shape}" for x in inputs] + text))

    def both(*xs):
        def loss(*xs):
            return sum([tnp.sum(out) for out in program(*xs)[-3:]])

        return program(*xs)[-1], tg.grad(loss, argnums=(0, 1))(*xs)

    with np.errstate(all="ignore"):
        expected, gradients = tg.compile(both)(*[x.copy() for x in inputs])
        found, same = tg.compile(both, donate=(0, 1))(*[x.copy() for x in inputs])
    for one, other in zip((found, *same), (expected, *gradients), strict=True):
        assert_close(one, other)  # sums over vectors that overlap, which those in place do not, are in another order
