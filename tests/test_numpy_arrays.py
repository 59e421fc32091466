"""NumPy's functions on shapes, positions, reductions and order: values, derivatives, vmap, and special points."""

from __future__ import annotations

import numpy
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp

ARRAY = numpy.array
GAPS = [True, False, True, True]
WEIGHTS = numpy.array([0.5, 2.0, 1.0, 0.25])

# (arguments' shapes, the call). `np` is NumPy or the own face.
CALLS = {
    # shapes
    "reshape": ([(3, 4)], lambda np, x: np.reshape(x, (2, -1))),
    "reshape F": ([(3, 4)], lambda np, x: np.reshape(x, (2, 6), order="F")),
    "ravel": ([(3, 4)], lambda np, x: np.ravel(x)),
    "ravel F": ([(3, 4)], lambda np, x: np.ravel(x, "F")),
    "transpose": ([(2, 3, 4)], lambda np, x: np.transpose(x)),
    "transpose axes": ([(2, 3, 4)], lambda np, x: np.transpose(x, (1, -1, 0))),
    "permute_dims": ([(2, 3)], lambda np, x: np.permute_dims(x, (1, 0))),
    "matrix_transpose": ([(2, 3, 4)], lambda np, x: np.matrix_transpose(x)),
    "swapaxes": ([(2, 3, 4)], lambda np, x: np.swapaxes(x, 0, -1)),
    "moveaxis": ([(2, 3, 4)], lambda np, x: np.moveaxis(x, 0, -1)),
    "moveaxis several": ([(2, 3, 4)], lambda np, x: np.moveaxis(x, (0, 1), (-1, 0))),
    "rollaxis": ([(2, 3, 4)], lambda np, x: np.rollaxis(x, 2)),
    "rollaxis start": ([(2, 3, 4)], lambda np, x: np.rollaxis(x, 0, 3)),
    "expand_dims": ([(3,)], lambda np, x: np.expand_dims(x, (0, -1))),
    "squeeze": ([(1, 3, 1)], lambda np, x: np.squeeze(x)),
    "squeeze axis": ([(1, 3, 1)], lambda np, x: np.squeeze(x, -1)),
    "atleast_1d": ([()], lambda np, x: np.atleast_1d(x)),
    "atleast_2d": ([(3,)], lambda np, x: np.atleast_2d(x)),
    "atleast_3d": ([(3,)], lambda np, x: np.atleast_3d(x)),
    "atleast_3d matrix": ([(3, 2)], lambda np, x: np.atleast_3d(x)),
    "broadcast_to": ([(3, 1)], lambda np, x: np.broadcast_to(x, (2, 3, 4))),
    "broadcast_arrays": ([(3, 1), (4,)], lambda np, x, y: np.broadcast_arrays(x, y)[1] * 2.0),
    "tile": ([(2, 3)], lambda np, x: np.tile(x, (2, 1, 2))),
    "tile int": ([(2, 3)], lambda np, x: np.tile(x, 2)),
    "repeat": ([(2, 3)], lambda np, x: np.repeat(x, 2)),
    "repeat axis": ([(2, 3)], lambda np, x: np.repeat(x, 2, axis=1)),
    "repeat counts": ([(2, 3)], lambda np, x: np.repeat(x, [1, 0, 2], axis=-1)),
    "flip": ([(2, 3)], lambda np, x: np.flip(x)),
    "flip axis": ([(2, 3)], lambda np, x: np.flip(x, -1)),
    "fliplr": ([(2, 3)], lambda np, x: np.fliplr(x)),
    "flipud": ([(2, 3)], lambda np, x: np.flipud(x)),
    "rot90": ([(2, 3)], lambda np, x: np.rot90(x)),
    "rot90 back": ([(2, 3, 2)], lambda np, x: np.rot90(x, -1, (0, 2))),
    "rot90 twice": ([(2, 3)], lambda np, x: np.rot90(x, 2)),
    "roll": ([(2, 3)], lambda np, x: np.roll(x, 2)),
    "roll axes": ([(2, 3)], lambda np, x: np.roll(x, (1, -1), (0, 1))),
    "roll one shift": ([(2, 3)], lambda np, x: np.roll(x, 1, (0, 1))),
    "pad": ([(2, 3)], lambda np, x: np.pad(x, 1)),
    "pad uneven": ([(2, 3)], lambda np, x: np.pad(x, ((1, 0), (0, 2)))),
    "pad constant": ([(2, 3)], lambda np, x: np.pad(x, 1, constant_values=2.0)),
    "pad constants": ([(2, 3)], lambda np, x: np.pad(x, 1, constant_values=((1.0, 2.0), (3.0, 4.0)))),
    "pad edge": ([(2, 3)], lambda np, x: np.pad(x, 2, mode="edge")),
    "pad reflect": ([(2, 3)], lambda np, x: np.pad(x, ((1, 1), (3, 0)), mode="reflect")),
    "pad symmetric": ([(2, 3)], lambda np, x: np.pad(x, 2, mode="symmetric")),
    "pad wrap": ([(2, 3)], lambda np, x: np.pad(x, 2, mode="wrap")),
    "pad mean": ([(2, 3)], lambda np, x: np.pad(x, 1, mode="mean")),
    "pad median": ([(2, 4)], lambda np, x: np.pad(x, 1, mode="median", stat_length=3)),
    "pad maximum": ([(2, 3)], lambda np, x: np.pad(x, 1, mode="maximum", stat_length=2)),
    "pad minimum": ([(2, 3)], lambda np, x: np.pad(x, ((0, 0), (2, 1)), mode="minimum")),
    "pad linear_ramp": ([(2, 3)], lambda np, x: np.pad(x, 2, mode="linear_ramp", end_values=1.5)),
    # joining
    "concatenate": ([(2, 3), (1, 3)], lambda np, x, y: np.concatenate([x, y])),
    "concatenate axis": ([(2, 3), (2, 1)], lambda np, x, y: np.concatenate((x, y, x), axis=-1)),
    "concatenate flat": ([(2, 3), (2,)], lambda np, x, y: np.concatenate([x, y], axis=None)),
    "stack": ([(2, 3), (2, 3)], lambda np, x, y: np.stack([x, y], axis=-1)),
    "unstack": ([(2, 3)], lambda np, x: np.unstack(x, axis=1)[1]),
    "vstack": ([(3,), (2, 3)], lambda np, x, y: np.vstack([x, y])),
    "hstack": ([(2, 3), (2, 1)], lambda np, x, y: np.hstack([x, y])),
    "hstack vectors": ([(3,), (2,)], lambda np, x, y: np.hstack([x, y])),
    "dstack": ([(2, 3), (2, 3)], lambda np, x, y: np.dstack([x, y])),
    "column_stack": ([(3,), (3, 2)], lambda np, x, y: np.column_stack([x, y])),
    "block": ([(2, 2), (2, 1), ()], lambda np, x, y, z: np.block([[x, y], [y.reshape(1, 2), z]])),
    "block flat": ([(2,), ()], lambda np, x, y: np.block([x, y])),
    "split": ([(4, 3)], lambda np, x: np.split(x, 2)[1]),
    "split points": ([(4, 3)], lambda np, x: np.split(x, [1, 3], axis=0)[1]),
    "split beyond": ([(4,)], lambda np, x: np.split(x, [2, 9])[0]),
    "split back": ([(4,)], lambda np, x: np.split(x, [3, 1])[2]),
    "split negative": ([(4,)], lambda np, x: np.split(x, [-1])[0]),
    "array_split": ([(5, 2)], lambda np, x: np.array_split(x, 3)[1]),
    "hsplit": ([(2, 4)], lambda np, x: np.hsplit(x, 2)[0]),
    "vsplit": ([(2, 4)], lambda np, x: np.vsplit(x, 2)[0]),
    "dsplit": ([(2, 1, 4)], lambda np, x: np.dsplit(x, 2)[0]),
    "append": ([(2, 3), (2,)], lambda np, x, y: np.append(x, y)),
    "append axis": ([(2, 3), (1, 3)], lambda np, x, y: np.append(x, y, axis=0)),
    "insert": ([(4,), ()], lambda np, x, y: np.insert(x, 1, y)),
    "insert several": ([(4,), (3,)], lambda np, x, y: np.insert(x, [3, 0, 3], y)),
    "insert many at one": ([(4,), (3,)], lambda np, x, y: np.insert(x, 2, y)),
    "insert row": ([(3, 2), (2,)], lambda np, x, y: np.insert(x, 1, y, axis=0)),
    "insert column": ([(3, 2), (3,)], lambda np, x, y: np.insert(x, -1, y, axis=1)),
    "insert columns": ([(3, 2), (3, 1)], lambda np, x, y: np.insert(x, [1], y, axis=1)),
    "insert slice": ([(4,), (2,)], lambda np, x, y: np.insert(x, slice(0, 4, 2), y)),
    "delete": ([(4, 2)], lambda np, x: np.delete(x, 1, axis=0)),
    "delete several": ([(4, 2)], lambda np, x: np.delete(x, [0, -1], axis=0)),
    "delete flat": ([(4, 2)], lambda np, x: np.delete(x, slice(1, 5))),
    # indexing
    "int": ([(3, 4)], lambda np, x: x[1]),
    "negative int": ([(3, 4)], lambda np, x: x[-1, 2]),
    "slices": ([(3, 4)], lambda np, x: x[::-1, 1:3]),
    "ellipsis": ([(3, 4)], lambda np, x: x[..., None, 0]),
    "everything": ([(3, 4)], lambda np, x: x[...]),
    "no axes": ([()], lambda np, x: x[()]),
    "list": ([(3, 4)], lambda np, x: x[[0, 2, 2]]),
    "positions": ([(3, 4)], lambda np, x: x[ARRAY([0, 2, 2]), ARRAY([1, -1, -1])]),
    "grid": ([(3, 4)], lambda np, x: x[ARRAY([[0], [2]]), ARRAY([[1, 3, 1]])]),
    "mixed": ([(3, 4, 2)], lambda np, x: x[1:, ARRAY([3, 3, 0]), None]),
    "apart": ([(3, 2, 4)], lambda np, x: x[ARRAY([0, 2, 2]), :, ARRAY([1, 3, 3])]),
    "mask": ([(3, 4)], lambda np, x: x[numpy.eye(3, 4) > 0]),
    "mask and slice": ([(3, 4)], lambda np, x: x[ARRAY([True, False, True]), 1:]),
    "mask and positions": ([(3, 4)], lambda np, x: x[ARRAY([True, False, True]), ARRAY([1, 1])]),
    "empty list": ([(3, 4)], lambda np, x: x[[]]),
    "take": ([(3, 4)], lambda np, x: np.take(x, [0, 2, 2], axis=1)),
    "take flat": ([(3, 4)], lambda np, x: np.take(x, ARRAY([[0, -1], [5, 5]]))),
    "take int": ([(3, 4)], lambda np, x: np.take(x, 1, axis=0)),
    "take wrap": ([(3, 4)], lambda np, x: np.take(x, [5, -7], axis=0, mode="wrap")),
    "take clip": ([(3, 4)], lambda np, x: np.take(x, [5, -7], axis=0, mode="clip")),
    "take_along_axis": ([(3, 4)], lambda np, x: np.take_along_axis(x, ARRAY([[0, 0], [3, 1], [-1, 2]]), axis=1)),
    "take_along_axis broadcast": ([(3, 4)], lambda np, x: np.take_along_axis(x, ARRAY([[0, 2, 2, 1]]), axis=0)),
    "take_along_axis flat": ([(3, 4)], lambda np, x: np.take_along_axis(x, ARRAY([5, 5, 0]), axis=None)),
    "choose": ([(3,), (3,)], lambda np, x, y: np.choose([0, 1, 0], [x, y])),
    "choose wrap": ([(3,), ()], lambda np, x, y: np.choose([2, 3, -1], [x, y], mode="wrap")),
    "select": ([(3,), (3,)], lambda np, x, y: np.select([[True, False, False], [True, True, False]], [x, y * y], 7.0)),
    "compress": ([(3, 4)], lambda np, x: np.compress([True, False, True], x, axis=1)),
    "extract": ([(2, 3)], lambda np, x: np.extract([[True, False, True], [False, True, False]], x)),
    # reductions
    "sum": ([(2, 3)], lambda np, x: np.sum(x)),
    "sum axis": ([(2, 3, 4)], lambda np, x: np.sum(x, axis=(0, -1), keepdims=True)),
    "sum initial": ([(2, 3)], lambda np, x: np.sum(x, axis=0, initial=2.0)),
    "sum where": ([(2, 3)], lambda np, x: np.sum(x, axis=1, where=[True, False, True])),
    "prod": ([(2, 3)], lambda np, x: np.prod(x)),
    "prod axes": ([(2, 3, 2)], lambda np, x: np.prod(x, axis=(0, 2))),
    "prod where": ([(2, 3)], lambda np, x: np.prod(x, axis=0, where=[True, False, True], initial=2.0)),
    "mean": ([(2, 3)], lambda np, x: np.mean(x)),
    "mean axis": ([(2, 3)], lambda np, x: np.mean(x, axis=-1, keepdims=True)),
    "mean where": ([(2, 3)], lambda np, x: np.mean(x, axis=1, where=[True, False, True])),
    "var": ([(2, 3)], lambda np, x: np.var(x)),
    "var axis": ([(2, 3)], lambda np, x: np.var(x, axis=1, ddof=1, keepdims=True)),
    "var where": ([(2, 3)], lambda np, x: np.var(x, axis=1, where=[True, False, True])),
    "std": ([(2, 3)], lambda np, x: np.std(x, axis=0)),
    "average": ([(2, 4)], lambda np, x: np.average(x, axis=1, weights=WEIGHTS)),
    "average all": ([(4,), (4,)], lambda np, x, w: np.average(x, weights=w * w + 1.0)),
    "average keepdims": ([(2, 4)], lambda np, x: np.average(x, axis=0, keepdims=True)),
    "max": ([(2, 3)], lambda np, x: np.max(x)),
    "max axis": ([(2, 3)], lambda np, x: np.max(x, axis=1, keepdims=True)),
    "max initial": ([(2, 3)], lambda np, x: np.max(x, axis=1, initial=0.1)),
    "min": ([(2, 3)], lambda np, x: np.min(x, axis=0)),
    "min where": ([(2, 3)], lambda np, x: np.min(x, axis=1, where=[True, False, True], initial=9.0)),
    "ptp": ([(2, 3)], lambda np, x: np.ptp(x, axis=1)),
    "cumsum": ([(2, 3)], lambda np, x: np.cumsum(x, axis=1)),
    "cumsum flat": ([(2, 3)], lambda np, x: np.cumsum(x)),
    "cumprod": ([(2, 3)], lambda np, x: np.cumprod(x, axis=0)),
    "cumulative_sum": ([(3, 2)], lambda np, x: np.cumulative_sum(x, axis=0, include_initial=True)),
    "cumulative_prod": ([(3,)], lambda np, x: np.cumulative_prod(x, include_initial=True)),
    # along an axis
    "diff": ([(2, 4)], lambda np, x: np.diff(x)),
    "diff twice": ([(4, 2), (1, 2)], lambda np, x, y: np.diff(x, 2, axis=0, prepend=y, append=0.0)),
    "ediff1d": ([(2, 2)], lambda np, x: np.ediff1d(x, to_begin=1.0, to_end=[2.0, 3.0])),
    "gradient": ([(5,)], lambda np, x: np.gradient(x)),
    "gradient spacing": ([(4, 3)], lambda np, x: np.gradient(x, 0.5, 2.0)[1]),
    "gradient positions": ([(4,)], lambda np, x: np.gradient(x, ARRAY([0.0, 1.0, 3.0, 3.5]))),
    "gradient edges": ([(4, 2)], lambda np, x: np.gradient(x, ARRAY([0.0, 1.0, 3.0, 3.5]), axis=0, edge_order=2)),
    "trapezoid": ([(2, 4)], lambda np, x: np.trapezoid(x, dx=0.5)),
    "trapezoid positions": ([(4, 2), (4,)], lambda np, y, x: np.trapezoid(y, x, axis=0)),
    "interp": ([(4,), (3,)], lambda np, x, f: np.interp(x, [-1.0, 0.1, 1.0], f)),
    "interp positions": ([(3,), (3,)], lambda np, x, f: np.interp([-0.5, 0.3], x * 0.1 + ARRAY([-1.0, 0.0, 1.0]), f)),
    "interp outside": ([(4,), (3,)], lambda np, x, f: np.interp(x, [-1.0, 0.1, 1.0], f, left=-7.0, right=8.0)),
    "interp period": ([(4,), (3,)], lambda np, x, f: np.interp(x, [0.3, 2.9, 1.2], f, period=3.0)),
    "convolve": ([(4,), (3,)], lambda np, x, y: np.convolve(x, y)),
    "convolve same": ([(2,), (5,)], lambda np, x, y: np.convolve(x, y, "same")),
    "convolve valid": ([(5,), (2,)], lambda np, x, y: np.convolve(x, y, "valid")),
    "correlate": ([(4,), (2,)], lambda np, x, y: np.correlate(x, y)),
    "correlate same": ([(2,), (4,)], lambda np, x, y: np.correlate(x, y, "same")),
    "correlate full": ([(3,), (2,)], lambda np, x, y: np.correlate(x, y, "full")),
    # order
    "sort": ([(2, 4)], lambda np, x: np.sort(x)),
    "sort axis": ([(2, 4)], lambda np, x: np.sort(x, axis=0)),
    "sort flat": ([(2, 4)], lambda np, x: np.sort(x, axis=None)),
    "partition": ([(5,)], lambda np, x: np.partition(x, 2)[2]),
    "unique": ([(4,)], lambda np, x: np.unique(x)),
    "median": ([(2, 4)], lambda np, x: np.median(x)),
    "median axis": ([(2, 5)], lambda np, x: np.median(x, axis=1, keepdims=True)),
    "median axes": ([(2, 3, 2)], lambda np, x: np.median(x, axis=(0, 2))),
    "quantile": ([(2, 5)], lambda np, x: np.quantile(x, 0.3)),
    "quantile axes": ([(2, 3, 4)], lambda np, x: np.quantile(x, [[0.0, 0.3], [0.55, 1.0]], axis=(0, 2))),
    "quantile keepdims": ([(2, 5)], lambda np, x: np.quantile(x, [0.2, 0.9], axis=1, keepdims=True)),
    "percentile": ([(2, 5)], lambda np, x: np.percentile(x, 30.0, axis=1)),
    "nansum": ([(4,)], lambda np, x: np.nansum(np.where(GAPS, x, numpy.nan))),
    "nanprod": ([(4,)], lambda np, x: np.nanprod(np.where(GAPS, x, numpy.nan))),
    "nanmean": ([(2, 4)], lambda np, x: np.nanmean(np.where(GAPS, x, numpy.nan), axis=1)),
    "nanvar": ([(2, 4)], lambda np, x: np.nanvar(np.where(GAPS, x, numpy.nan), axis=1, ddof=1)),
    "nanstd": ([(4,)], lambda np, x: np.nanstd(np.where(GAPS, x, numpy.nan))),
    "nanmax": ([(4,)], lambda np, x: np.nanmax(np.where(GAPS, x, numpy.nan))),
    "nanmin": ([(4,)], lambda np, x: np.nanmin(np.where(GAPS, x, numpy.nan))),
    "nancumsum": ([(4,)], lambda np, x: np.nancumsum(np.where(GAPS, x, numpy.nan))),
    "nancumprod": ([(4,)], lambda np, x: np.nancumprod(np.where(GAPS, x, numpy.nan))),
    "nanmedian": ([(2, 4)], lambda np, x: np.nanmedian(np.where(GAPS, x, numpy.nan), axis=1)),
    "nanquantile": ([(2, 4)], lambda np, x: np.nanquantile(np.where(GAPS, x, numpy.nan), [0.2, 0.6])),
    "cov": ([(2, 4)], lambda np, x: np.cov(x)),
    "cov pair": ([(4,), (4,)], lambda np, x, y: np.cov(x, y, bias=True)),
    "cov weights": ([(4, 2)], lambda np, x: np.cov(x, rowvar=False, aweights=WEIGHTS, fweights=[1, 2, 1, 3])),
    "cov vector": ([(4,)], lambda np, x: np.cov(x)),
    "corrcoef": ([(3, 4)], lambda np, x: np.corrcoef(x)),
}  # fmt: skip

# Calls whose result depends on data that one example alone decides.
NOT_BATCHED = {"unique"}
REAL_ONLY = (
    "max", "min", "ptp", "sort", "median", "quantile", "percentile", "partition", "unique", "nanm", "nanq", "pad m",
    "interp",
)  # fmt: skip
COMPLEX = [name for name in CALLS if not name.startswith(REAL_ONLY)]
METHODS = [f"quantile {method}" for method in (
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull",
    "median_unbiased", "normal_unbiased", "lower", "higher", "nearest", "midpoint",
)]  # fmt: skip


def with_method(method):
    return lambda np, x: np.quantile(x, [0.1, 0.5, 0.83], axis=1, method=method)


CALLS |= {label: ([(2, 7)], with_method(label.split()[1])) for label in METHODS}


def draw(name: str, dtype: str, seed: int = 0) -> list[numpy.ndarray]:
    rng = numpy.random.default_rng([seed, *name.encode()])
    made = []
    for shape in CALLS[name][0]:
        x = rng.permuted(numpy.linspace(-1.9, 2.2, int(numpy.prod(shape)))).reshape(shape)  # no two nearly equal
        x = x + rng.uniform(-0.05, 0.05, shape)
        made.append((x + 1j * rng.uniform(-1, 1, shape) if dtype == "complex128" else x).astype(dtype))
    return made


def same(found, wanted):
    assert found.shape == numpy.shape(wanted)
    assert found.dtype == wanted.dtype
    numpy.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CALLS)
def test_value_is_numpys(name):
    call = CALLS[name][1]
    xs = draw(name, "float64")
    wanted = call(numpy, *xs)
    same(call(tnp, *xs), wanted)
    recorded = call(tnp, *[tg.tensor(x, requires_grad=True) for x in xs])
    assert isinstance(recorded, tg.Tensor) and recorded.requires_grad
    same(recorded.numpy(), wanted)
    through = call(numpy, *[tg.tensor(x, requires_grad=True) for x in xs])
    same(through.numpy(), wanted)


@pytest.mark.parametrize("name", CALLS)
def test_derivatives(name):
    tg.check_grads(lambda *xs: CALLS[name][1](tnp, *xs), tuple(draw(name, "float64")), order=2)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex(name):
    call = CALLS[name][1]
    xs = draw(name, "complex128")
    same(numpy.asarray(call(tnp, *xs)), numpy.asarray(call(numpy, *xs)))
    tg.check_grads(lambda *xs: call(tnp, *xs), tuple(xs), order=1)


@pytest.mark.parametrize("name", CALLS)
def test_float32(name):
    xs = draw(name, "float32")

    def loss(*xs):
        return tnp.sum(CALLS[name][1](tnp, *xs))

    value, grads = tg.value_and_grad(loss, argnums=tuple(range(len(xs))))(*xs)
    if not any(word in name for word in ("weights", "average", "diff twice", "interp")):
        assert value.dtype == numpy.float32
    assert all(g.dtype == numpy.float32 for g in grads)
    _, exact = tg.value_and_grad(loss, argnums=tuple(range(len(xs))))(*[x.astype(float) for x in xs])
    for g, wanted in zip(grads, exact):
        numpy.testing.assert_allclose(g, wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in NOT_BATCHED])
def test_vmap_is_a_loop(name):
    def f(*xs):
        return CALLS[name][1](tnp, *xs)

    examples = [draw(name, "float64", seed) for seed in range(3)]
    batch = [numpy.stack(column) for column in zip(*examples)]
    numpy.testing.assert_allclose(tg.vmap(f)(*batch), numpy.stack([f(*xs) for xs in examples]), rtol=1e-12, atol=1e-12)

    def gradient(*xs):
        return tg.grad(lambda *xs: tnp.sum(f(*xs) ** 2))(*xs)

    wanted = numpy.stack([gradient(*xs) for xs in examples])
    numpy.testing.assert_allclose(tg.vmap(gradient)(*batch), wanted, rtol=1e-10, atol=1e-12)


# -- special points ---------------------------------------------------------------------------------------------------


def test_products_with_zeros_to_second_order():
    x = numpy.array([0.0, 2.0, 0.0, 3.0])
    wanted = numpy.zeros((4, 4))
    wanted[0, 2] = wanted[2, 0] = 6.0
    assert numpy.array_equal(tg.grad(tnp.prod)(x), numpy.zeros(4))
    assert numpy.array_equal(tg.hessian(tnp.prod)(x), wanted)
    assert numpy.array_equal(tg.hessian(lambda x: tnp.cumprod(x)[-1])(x), wanted)
    assert numpy.array_equal(tg.grad(tnp.prod)(numpy.array([0.0, 2.0, 3.0])), [6.0, 0.0, 0.0])


def test_long_products_do_not_overflow_in_their_derivative():
    x = numpy.tile([0.5, 2.0], 2000)
    numpy.testing.assert_allclose(tg.grad(tnp.prod)(x), 1 / x)


def test_logsumexp_and_softmax_where_elements_are_minus_infinity():
    x = numpy.array([[-numpy.inf, -numpy.inf], [-numpy.inf, 1.0]])
    value, pull = tg.vjp(lambda x: tnp.logsumexp(x, axis=1), x)
    assert numpy.array_equal(value, [-numpy.inf, 1.0])
    assert numpy.array_equal(pull(numpy.ones(2))[0], [[0.0, 0.0], [0.0, 1.0]])
    assert numpy.array_equal(tg.grad(lambda x: tnp.softmax(x)[1])(x[1]), [0.0, 0.0])
    numpy.testing.assert_array_equal(tnp.softmax(numpy.array([1e4, 0.0])), [1.0, 0.0])


def test_logsumexp_with_factors():
    special = pytest.importorskip("scipy.special")
    a, b = numpy.array([[1.0, 1000.0, 2.0], [0.3, -1.0, 0.5]]), numpy.array([[1.0, 0.0, -0.5], [1.0, 2.0, 0.5]])
    found, sign = tnp.logsumexp(a, axis=1, b=b, return_sign=True)
    wanted, wanted_sign = special.logsumexp(a, axis=1, b=b, return_sign=True)
    numpy.testing.assert_allclose(found, wanted)
    numpy.testing.assert_array_equal(sign, wanted_sign)
    tg.check_grads(lambda a, b: tnp.logsumexp(a, axis=1, b=b, return_sign=True)[0], (a / 700, b), order=2)


def test_ties_share_and_nan_spreads():
    assert numpy.array_equal(tg.grad(tnp.max)(numpy.array([2.0, 1.0, 2.0])), [0.5, 0.0, 0.5])
    assert numpy.array_equal(tg.grad(tnp.min)(numpy.array([1.0, 1.0, 1.0, 1.0])), [0.25] * 4)
    assert numpy.isfinite(tg.grad(tnp.max)(numpy.array([1.0, numpy.nan]))).all()


def test_deviation_of_equal_elements_has_derivative_zero():
    assert numpy.array_equal(tg.grad(tnp.std)(numpy.ones(3)), numpy.zeros(3))
    assert numpy.array_equal(tg.hessian(tnp.std)(numpy.ones(2)), numpy.zeros((2, 2)))
    two_rows = numpy.array([[1.0, 1.0], [1.0, 3.0]])
    numpy.testing.assert_allclose(tg.grad(lambda x: tnp.std(x, axis=1).sum())(two_rows), [[0, 0], [-0.5, 0.5]])


def test_variance_is_taken_from_the_mean():
    x = numpy.array([1e9 + 1, 1e9 + 2, 1e9 + 3])
    numpy.testing.assert_allclose(tnp.var(x), 2 / 3)
    numpy.testing.assert_allclose(tg.grad(tnp.var)(x), [-2 / 3, 0, 2 / 3])


def test_nothing_but_nan():
    with pytest.warns(RuntimeWarning):
        assert numpy.isnan(tnp.nanmean(numpy.array([numpy.nan])))
    assert numpy.isnan(tnp.nanmax(numpy.array([numpy.nan])))
    assert numpy.isnan(tnp.nanmedian(numpy.array([numpy.nan])))
    assert numpy.array_equal(tg.grad(tnp.nanmax)(numpy.array([numpy.nan, 1.0, 2.0])), [0.0, 0.0, 1.0])


def test_quantile_by_its_fraction():
    x = numpy.array([0.0, 1.0, 5.0])
    assert tg.grad(lambda q: tnp.quantile(x, q))(0.75) == 8.0
    assert tnp.quantile(numpy.array([1.0, numpy.inf]), 0.0) == 1.0
    assert numpy.isnan(tnp.median(numpy.array([1.0, numpy.nan, 2.0])))


def test_infinite_elements_that_a_sum_leaves_out():
    x = numpy.array([1.0, numpy.inf])
    assert numpy.array_equal(tg.grad(lambda x: tnp.sum(x, where=[True, False]))(x), [1.0, 0.0])
    assert tnp.sum(x, where=[True, False]) == 1.0


def test_empty_arrays():
    empty = numpy.zeros((0, 3))
    for f in (tnp.sum, tnp.prod, lambda x: tnp.sum(tnp.cumsum(x, 0)), lambda x: tnp.sum(tnp.sort(x, 0))):
        assert tg.grad(f)(empty).shape == (0, 3)
    assert tg.grad(lambda x: tnp.max(x, initial=0.0))(empty).shape == (0, 3)
    assert tnp.concatenate([empty, empty]).shape == (0, 3)
    assert tg.grad(lambda x: tnp.sum(x[[]]))(numpy.ones(3)).tolist() == [0.0, 0.0, 0.0]


# -- indices ----------------------------------------------------------------------------------------------------------


def test_repeated_positions_add_up():
    x = numpy.arange(4.0)
    index = numpy.array([1, 1, 3, -3])
    assert tg.grad(lambda x: tnp.sum(x[index] * numpy.array([1.0, 10.0, 100.0, 1000.0])))(x).tolist() == [
        0,
        1011,
        0,
        100,
    ]
    assert tg.grad(lambda x: tnp.sum(tnp.take(x, index)))(x).tolist() == [0, 3, 0, 1]


def test_the_last_of_repeated_writes_counts():
    from tetragrad.ops.writing import index_update

    index = (numpy.array([0, 2, 0]),)
    x, v = numpy.zeros(4), numpy.array([1.0, 2.0, 3.0])
    assert index_update(x, v, index=index).tolist() == [3.0, 0.0, 2.0, 0.0]
    gx, gv = tg.grad(lambda x, v: tnp.sum(index_update(x, v, index=index)), argnums=(0, 1))(x, v)
    assert gx.tolist() == [0.0, 1.0, 0.0, 1.0] and gv.tolist() == [0.0, 1.0, 1.0]
    assert x.tolist() == [0.0] * 4


def test_writes_that_would_lose_the_derivative_are_refused():
    from tetragrad.ops.writing import index_update

    with pytest.raises(tg.errors.OperandTypeError, match="astype"):
        index_update(numpy.zeros(3, int), 0.5, index=(0,))


@pytest.mark.parametrize(
    "pick",
    [
        lambda x, i: x[i],
        lambda x, i: x[:, i],
        lambda x, i: x[i, 1:],
        lambda x, i: x[..., i, None],
        lambda x, i: x[i, i],
        lambda x, i: x[i, None, :, numpy.array([[0], [1]])],
        lambda x, i: x[numpy.array([True, False, True]), i[:2]],
        lambda x, i: x[i[0]],
        lambda x, i: x[i[0], :, i[1]],
        lambda x, i: tnp.take(x, i, axis=1),
        lambda x, i: tnp.take_along_axis(x, i.reshape(3, 1, 1), axis=1),
        lambda x, i: tnp.choose(i % 2, [x[:, 0, 0], x[0, :3, 1]]),
    ],
)
def test_positions_under_vmap(pick):
    rng = numpy.random.default_rng(0)
    x, i = rng.normal(size=(2, 3, 4, 3)), numpy.array([[0, 2, -1], [1, 1, 0]])

    def gradient(x, i):
        return tg.grad(lambda x: tnp.sum(pick(x, i) ** 2))(x)

    for f in (pick, gradient):
        numpy.testing.assert_allclose(tg.vmap(f)(x, i), numpy.stack([f(*pair) for pair in zip(x, i)]))
        numpy.testing.assert_allclose(tg.vmap(f, (0, None))(x, i[0]), numpy.stack([f(each, i[0]) for each in x]))
    # A plain array cannot be indexed with a value of vmap, so here x is a variable.
    shared = tg.vmap(gradient, (None, 0))(x[0], i)
    numpy.testing.assert_allclose(shared, numpy.stack([gradient(x[0], each) for each in i]))


def test_positions_out_of_bounds_under_vmap():
    with pytest.raises(IndexError, match="out of bounds"):
        tg.vmap(lambda x, i: x[i, i])(numpy.ones((2, 3, 3)), numpy.array([[0], [3]]))


def test_errors_name_the_function():
    x = tg.tensor([1.0, 2.0])
    with pytest.raises(tg.errors.ShapeError, match="sum: axis 1"):
        tnp.sum(x, axis=1)
    with pytest.raises(tg.errors.OperationError, match="any: the argument where="):
        tnp.any(x, where=numpy.array([True, False]))
    with pytest.raises(IndexError, match=r"getitem\(float64\[2\]\)"):
        x[5]
    with pytest.raises(tg.errors.ShapeError, match="reshape"):
        tnp.reshape(x, (3, 3))
    with pytest.raises(tg.errors.ShapeError, match="concatenate"):
        tnp.concatenate([x, numpy.ones((2, 2))])
    with pytest.raises(tg.errors.EscapedValueError, match="nonzero"):
        tg.vmap(lambda x: tnp.nonzero(x)[0])(numpy.ones((2, 2)))


def test_the_cotangent_of_a_sum_is_a_view():
    from tetragrad.ops.shape import spread

    assert spread(numpy.float64(2.0), (1000, 100), None, False).strides == (0, 0)


def test_many_reads_of_one_array_add_into_one_cotangent():
    x = numpy.arange(4.0)

    def f(x):
        total = tnp.sum(x * x) + x[numpy.array([0, 0])].sum()
        for i in range(4):
            total = total + x[i] * x[i]
        return total + x[::2].sum() + x[x > 1].sum()

    assert tg.grad(f)(x).tolist() == [3.0, 4.0, 10.0, 13.0]
    assert numpy.array_equal(tg.hessian(f)(x), 4 * numpy.eye(4))
    assert tg.jvp(f, (x,), (numpy.ones(4),))[1] == 30.0
    assert tg.grad(lambda x: x[()] * x[...])(3.0) == 6.0
