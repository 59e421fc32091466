"""Hypothesis draws shapes, dtypes, axes and indices; the gradients must follow whatever it finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tetragrad as tg
import tetragrad.numpy as tnp

settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True)
settings.load_profile("quick")

FLOATS = [np.float16, np.float32, np.float64, np.complex64, np.complex128]
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)


def numbers(rng_seed, shape, dtype=np.float64):
    rng = np.random.default_rng(rng_seed)
    x = rng.uniform(0.5, 2.0, shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.uniform(0.5, 2.0, shape)
    return np.asarray(x).astype(dtype)


def unbroadcast(g, shape):
    """Sum over the axes along which `shape` was spread: written again, independently."""
    g = g.sum(tuple(range(g.ndim - len(shape))))
    return g.sum(tuple([axis for axis, length in enumerate(shape) if length == 1]), keepdims=True).reshape(shape)


# --- binary elementwise operations ------------------------------------------------------------------------------------
PAIRS = {
    "add": (lambda x, y: x + y, lambda x, y: (1.0 + 0 * x * y, 1.0 + 0 * x * y)),
    "subtract": (lambda x, y: x - y, lambda x, y: (1.0 + 0 * x * y, -1.0 + 0 * x * y)),
    "multiply": (lambda x, y: x * y, lambda x, y: (y + 0 * x, x + 0 * y)),
    "divide": (lambda x, y: x / y, lambda x, y: (1 / y + 0 * x, -x / y**2)),
}


@pytest.mark.parametrize("name", PAIRS)
@given(
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3), seed=st.integers(0, 99)
)
def test_broadcasting(name, shapes, seed):
    f, partials = PAIRS[name]
    x, y = [numbers(seed + i, shape) for i, shape in enumerate(shapes.input_shapes)]
    g = numbers(seed + 2, shapes.result_shape)
    out, pull = tg.vjp(f, x, y)
    assert np.shape(out) == shapes.result_shape
    for found, partial, model in zip(pull(g), partials(x, y), (x, y)):
        assert np.shape(found) == model.shape
        np.testing.assert_allclose(found, unbroadcast(g * partial, model.shape), rtol=1e-12)
    t = tg.jvp(f, (x, y), (x, y))[1]
    np.testing.assert_allclose(t, sum(p * v for p, v in zip(partials(x, y), (x, y))), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", PAIRS)
@given(
    first=st.sampled_from(FLOATS),
    second=st.sampled_from([*FLOATS, np.int64, np.bool_, float, complex, int]),
    seed=st.integers(0, 9),
)
def test_promotion(name, first, second, seed):
    """NumPy's promotion, Python numbers weak; gradients and tangents in the dtypes of their values."""
    if name == "subtract" and second is np.bool_:
        second = np.int8
    f = PAIRS[name][0]
    x = numbers(seed, (3,), first)
    y = second(2) if second in (float, complex, int) else np.ones(3, second)
    expected = f(x, y)
    out, pull = tg.vjp(lambda x: f(x, y), x)
    assert out.dtype == expected.dtype
    assert pull(np.ones(3, out.dtype))[0].dtype == first
    assert tg.jvp(lambda x: f(x, y), (x,), (x,))[1].dtype == expected.dtype
    assert tg.vjp(lambda x: f(y, x), x)[1](np.ones(3, out.dtype))[0].dtype == first


@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3), seed=st.integers(0, 99))
def test_where(shapes, seed):
    condition, x, y = [numbers(seed + i, shape) for i, shape in enumerate(shapes.input_shapes)]
    condition = condition > 1.2
    g = numbers(seed + 3, shapes.result_shape)
    _, pull = tg.vjp(lambda x, y: tnp.where(condition, x, y), x, y)
    gx, gy = pull(g)
    np.testing.assert_allclose(gx, unbroadcast(np.where(condition, g, 0), x.shape), rtol=1e-13)
    np.testing.assert_allclose(gy, unbroadcast(np.where(condition, 0, g), y.shape), rtol=1e-13)


# --- reductions -------------------------------------------------------------------------------------------------------
@st.composite
def arrays_with_axes(draw, min_side=0):
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=min_side, max_side=3))
    axis = draw(st.none() | hnp.valid_tuple_axes(len(shape), min_size=0))
    if isinstance(axis, tuple) and len(axis) == 1 and draw(st.booleans()):
        (axis,) = axis
    return numbers(draw(st.integers(0, 99)), shape), axis, draw(st.booleans())


@given(arrays_with_axes())
def test_sum_and_mean(drawn):
    x, axis, keepdims = drawn
    count = x.size / max(np.sum(x, axis=axis).size, 1)
    for function, scale in ((np.sum, 1.0), *([(np.mean, count)] if x.size else [])):
        out, pull = tg.vjp(lambda x, function=function: function(x, axis=axis, keepdims=keepdims), x)
        expected = function(x, axis=axis, keepdims=keepdims)
        np.testing.assert_allclose(out, expected, rtol=1e-13)
        g = numbers(1, expected.shape)
        spread = (
            g
            if keepdims or (axis is None and not expected.shape)
            else np.expand_dims(g, axis if axis is not None else ())
        )
        np.testing.assert_allclose(pull(g)[0], np.broadcast_to(spread, x.shape) / scale, rtol=1e-12)


@given(arrays_with_axes(min_side=1))
def test_max_prod_and_variance_against_differences(drawn):
    x, axis, keepdims = drawn
    for function in (np.max, np.min, np.prod, np.var):
        tg.check_grads(lambda x, function=function: function(x, axis=axis, keepdims=keepdims), (x,), order=1)


# --- indexing ---------------------------------------------------------------------------------------------------------
@st.composite
def arrays_with_indices(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4))
    kind = draw(st.sampled_from(["basic", "advanced", "boolean", "mixed"]))
    if kind == "basic":
        index = draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    elif kind == "advanced":
        index = draw(
            hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3, min_side=0))
        )
    elif kind == "boolean":
        index = draw(hnp.arrays(bool, shape[: draw(st.integers(1, len(shape)))]))
    else:
        index = tuple([draw(one_index(length)) for length in shape[: draw(st.integers(1, len(shape)))]])
    return numbers(draw(st.integers(0, 99)), shape), index


def one_index(length):
    return st.one_of(
        st.integers(-length, length - 1),
        st.slices(length),
        st.lists(st.integers(-length, length - 1), min_size=2, max_size=2),
    )


@settings(max_examples=300)
@given(arrays_with_indices())
def test_indexing_is_undone_by_scattering(drawn):
    x, index = drawn
    expected = x[index]
    out, pull = tg.vjp(lambda x: x[index], x)
    np.testing.assert_array_equal(out, expected)
    w = numbers(7, np.shape(expected))
    scattered = np.zeros_like(x)
    np.add.at(scattered, index, w)
    np.testing.assert_allclose(pull(w)[0], scattered, rtol=1e-13)
    t = numbers(8, x.shape)
    np.testing.assert_array_equal(tg.jvp(lambda x: x[index], (x,), (t,))[1], t[index])
    np.testing.assert_allclose(tg.grad(lambda w: (pull(w)[0] * t).sum())(w), t[index], rtol=1e-13)


# --- moving elements --------------------------------------------------------------------------------------------------
@st.composite
def arrays_with_permutations(draw):
    shape = draw(SHAPES)
    return numbers(draw(st.integers(0, 99)), shape), tuple(draw(st.permutations(range(len(shape)))))


@given(arrays_with_permutations())
def test_transposing_and_back(drawn):
    x, axes = drawn
    out, pull = tg.vjp(lambda x: tnp.transpose(x, axes), x)
    np.testing.assert_array_equal(out, np.transpose(x, axes))
    np.testing.assert_array_equal(pull(out)[0], x)


@given(arrays_with_permutations(), st.booleans())
def test_reshaping_and_back(drawn, infer):
    x, axes = drawn
    shape = [x.shape[axis] for axis in axes]
    if infer and shape and x.size:
        shape[0] = -1
    out, pull = tg.vjp(lambda x: x.reshape(shape), x)
    np.testing.assert_array_equal(out, x.reshape(shape))
    np.testing.assert_array_equal(pull(out)[0], x)


@given(st.data(), st.integers(0, 2), st.integers(1, 4))
def test_joining_and_splitting(data, axis, count):
    shapes = [tuple([data.draw(st.integers(0, 3)) if i == axis else 2 for i in range(3)]) for _ in range(count)]
    parts = [numbers(i, shape) for i, shape in enumerate(shapes)]
    out, pull = tg.vjp(lambda *parts: tnp.concatenate(parts, axis=axis), *parts)
    np.testing.assert_array_equal(out, np.concatenate(parts, axis=axis))
    for found, part in zip(pull(out), parts, strict=True):
        np.testing.assert_array_equal(found, part)
    points = np.cumsum([part.shape[axis] for part in parts])[:-1]
    pieces, pull = tg.vjp(lambda x: tnp.split(x, points, axis=axis), out)
    for found, part in zip(pieces, parts, strict=True):
        np.testing.assert_array_equal(found, part)
    np.testing.assert_array_equal(pull(list(pieces))[0], out)


@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 3, 2)), seed=st.integers(0, 99))
def test_spreading_is_undone_by_summing(shapes, seed):
    (shape,) = shapes.input_shapes
    x = numbers(seed, shape)
    out, pull = tg.vjp(lambda x: tnp.broadcast_to(x, shapes.result_shape), x)
    np.testing.assert_allclose(pull(out)[0], unbroadcast(out, shape), rtol=1e-13)


@given(SHAPES, st.data())
def test_flip_roll_and_moveaxis(shape, data):
    x = numbers(0, shape)
    axes = data.draw(hnp.valid_tuple_axes(len(shape)))
    shifts = tuple([data.draw(st.integers(-4, 4)) for _ in axes])
    for own, back in (
        (lambda x: tnp.flip(x, axes), lambda g: np.flip(g, axes)),
        *([(lambda x: tnp.roll(x, shifts, axes), lambda g: np.roll(g, [-s for s in shifts], axes))] if axes else []),
        (lambda x: tnp.moveaxis(x, axes, sorted(axes)), lambda g: np.moveaxis(g, sorted(axes), axes)),
    ):
        out, pull = tg.vjp(own, x)
        g = numbers(1, np.shape(out))
        np.testing.assert_array_equal(pull(g)[0], back(g))


# --- contractions -----------------------------------------------------------------------------------------------------
@given(
    shapes=hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=4, max_side=3, min_side=0),
    seed=st.integers(0, 9),
)
def test_matmul(shapes, seed):
    x, y = [numbers(seed + i, shape) for i, shape in enumerate(shapes.input_shapes)]
    out, pull = tg.vjp(lambda x, y: x @ y, x, y)
    assert np.shape(out) == shapes.result_shape
    g = numbers(seed + 2, shapes.result_shape)
    gx, gy = pull(g)
    assert gx.shape == x.shape and gy.shape == y.shape
    for v in (numbers(seed + 3, x.shape),):
        np.testing.assert_allclose((gx * v).sum(), (g * (v @ y)).sum(), rtol=1e-12, atol=1e-12)
    for v in (numbers(seed + 4, y.shape),):
        np.testing.assert_allclose((gy * v).sum(), (g * (x @ v)).sum(), rtol=1e-12, atol=1e-12)


@given(shape=SHAPES, axes=st.integers(-1, 4), seed=st.integers(0, 99))
def test_vmap_over_any_axis_is_a_loop(shape, axes, seed):
    x = numbers(seed, (*shape, 2))
    axis = max(min(axes, len(shape)), -1)
    found = tg.vmap(lambda x: tnp.sum(x * x) + x, in_axes=axis, out_axes=axis)(x)
    rows = np.moveaxis(x, axis, 0)
    expected = np.moveaxis(np.array([np.sum(row * row) + row for row in rows]).reshape(rows.shape), 0, axis)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# --- whole programs ---------------------------------------------------------------------------------------------------
UNARY = [tnp.sin, tnp.tanh, tnp.exp, lambda x: x * x, lambda x: -x, lambda x: x[::-1], lambda x: 1 / (2 + x * x)]
BINARY = [
    lambda x, y: x + y,
    lambda x, y: x * y,
    lambda x, y: x - y,
    lambda x, y: x / (2 + y * y),
    lambda x, y: x @ y * x,
]


@st.composite
def programs(draw):
    """A straight-line program: each step reads earlier results, some of them several times, some never."""
    steps = []
    for count in range(1, draw(st.integers(2, 7))):
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(UNARY)), [draw(st.integers(0, count - 1))]))
        else:
            steps.append(
                (draw(st.sampled_from(BINARY)), draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2)))
            )

    def run(x):
        values = [x]
        for function, sources in steps:
            values.append(tnp.tanh(function(*[values[i] for i in sources])))
        return values[-1].sum()

    return run


@settings(max_examples=100)
@given(programs(), st.integers(0, 99))
def test_random_programs_in_every_mode(f, seed):
    x, v, w = [numbers(seed + i, (3,)) - 1 for i in range(3)]
    gradient = tg.grad(f)(x)
    tg.check_grads(f, (x,), order=1)
    np.testing.assert_allclose(tg.jvp(f, (x,), (v,))[1], gradient @ v, rtol=1e-11, atol=1e-13)
    hessians = [outer(inner(f))(x) for outer in (tg.jacfwd, tg.jacrev) for inner in (tg.jacfwd, tg.jacrev)]
    for hessian in hessians:
        np.testing.assert_allclose(hessian, hessians[0], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(hessian, hessian.T, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(tg.hvp(f, (x,), (w,)), hessians[0] @ w, rtol=1e-10, atol=1e-12)
    batch = np.stack([x, v, w])
    np.testing.assert_allclose(tg.vmap(tg.grad(f))(batch), [tg.grad(f)(row) for row in batch], rtol=1e-11, atol=1e-13)
