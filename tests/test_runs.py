"""The backward pass through large elementwise operations in blocks: the same gradients as node by node."""

from itertools import pairwise

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.core import runs, sweep
from tetragrad.core.threads import BLOCK, cut

ROWS, COLUMNS = 513, 1027


@pytest.fixture(params=[1, 2], autouse=True)
def _threads(request):
    before = tg.threads()
    tg.threads(request.param)
    yield
    tg.threads(before)


def variables(*shapes, dtype=float):
    rng = np.random.default_rng(0)
    return [rng.uniform(0.5, 2, shape).astype(dtype) for shape in shapes]


def check(monkeypatch, f, *arrays, rtol=1e-12):
    """The gradients in blocks, and without them."""
    gradient = tg.grad(f, tuple(range(len(arrays))))
    found = gradient(*arrays)
    with monkeypatch.context() as patch:
        patch.setattr(sweep, "LARGE", 1 << 60)
        expected = gradient(*arrays)
    for one, other in zip(found, expected):
        assert type(one) is type(other)
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=rtol)
    return found


SHAPES = [
    [(ROWS, COLUMNS), (COLUMNS,)],
    [(ROWS, COLUMNS), (1, COLUMNS)],
    [(ROWS, COLUMNS), (ROWS, 1)],
    [(ROWS, COLUMNS), ()],
    [(ROWS, COLUMNS), (1, 1)],
    [(ROWS, 1), (COLUMNS,)],
    [(ROWS, 3, COLUMNS), (3, 1)],
    [(ROWS, 3, COLUMNS), (ROWS, 1, COLUMNS)],
    [(ROWS, 3, COLUMNS), (ROWS, 1, 1)],
    [(2, 300_001), (300_001,)],
]


def test_rows_and_flat_arrays(monkeypatch):
    """Rows where something is broadcast, flat arrays elsewhere; all operations of one shape at once."""
    found = []

    def find(*args):
        found.append(runs.find_run(*args))
        return found[-1]

    monkeypatch.setattr(sweep, "find_run", find)
    x, y = variables((ROWS, COLUMNS), (COLUMNS,))
    tg.grad(lambda x, y: (tnp.sin(x * y) * x + 1).sum(), (0, 1))(x, y)
    tg.grad(lambda x: (tnp.sin(x * x) * x + 1).sum())(x)
    assert [(run.taken, len(run.steps)) for run in found] == [(runs.rowwise, 4), (runs.flat, 4)]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_broadcasting(monkeypatch, shapes):
    x, y = variables(*shapes)
    check(monkeypatch, lambda x, y: (tnp.sin(x * y) / y - y * tnp.exp(-x)).sum(), x, y)
    check(monkeypatch, lambda x, y: tnp.mean(y / x + (y - x) * x, axis=0).sum(), x, y)


def test_one_cotangent_of_a_whole_row(monkeypatch):
    """The cotangent is a view in which the rows, or the columns, are repeated."""
    x, y = variables((ROWS, COLUMNS), (COLUMNS,))
    for axis in (0, 1):
        check(monkeypatch, lambda x, y, axis=axis: (tnp.sum(x * y + x, axis) ** 2).sum(), x, y)


def test_arrays_in_columns(monkeypatch):
    x, y = variables((COLUMNS, ROWS), (COLUMNS,))
    check(monkeypatch, lambda x, y: (tnp.exp(x.T) * y + x.T / y).sum(), x, y)


def test_layer_norm(monkeypatch):
    x, weight, bias, c = variables((ROWS, COLUMNS), (COLUMNS,), (COLUMNS,), (ROWS, COLUMNS))
    check(monkeypatch, lambda x, w, b: (tg.nn.layer_norm(x, w, b) * c).sum(), x, weight, bias, rtol=1e-9)


def test_dtypes(monkeypatch):
    """Cotangents in the dtypes of the inputs, the real part where a real one met a complex one."""
    x, y = variables((ROWS, COLUMNS), (COLUMNS,), dtype=np.float32)
    check(monkeypatch, lambda x, y: (x * y.astype(np.float64)).sum(), x, y, rtol=1e-5)
    check(monkeypatch, lambda x, y: (x * (1 + 2j) * y).real.sum(), x, y, rtol=1e-4)


def test_constants_and_second_order(monkeypatch):
    x, y = variables((ROWS, COLUMNS), (COLUMNS,))
    check(monkeypatch, lambda y: (x * y * y).sum(), y)
    inner = tg.grad(lambda x, y: (x * tnp.sin(y)).sum(), 1)
    check(monkeypatch, lambda x, y: (inner(x, y) ** 2).sum(), x, y, rtol=1e-10)


def test_the_sum_does_not_depend_on_the_threads():
    x, y = variables((ROWS, COLUMNS), (COLUMNS,), dtype=np.float32)
    gradient = tg.grad(lambda y: (x * tnp.sin(y)).sum())
    tg.threads(1)
    expected = gradient(y)
    for count in (2, 3):
        tg.threads(count)
        np.testing.assert_array_equal(gradient(y), expected)


def test_a_cotangent_in_pieces(monkeypatch):
    """Of an element that was read beside the run."""
    (x,) = variables((1 << 19,))

    def f(x):
        y = x * 2
        return tnp.sin(y).sum() + y[3] + y[np.array([5, 5])].sum()

    (found,) = check(monkeypatch, f, x)
    expected = 2 * np.cos(2 * x)
    np.add.at(expected, [3, 5, 5], 2)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("function", [tnp.softmax, tnp.log_softmax])
@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_softmax(function, axis):
    """Rows at a time: the same as row by row."""
    x, c = variables((ROWS, COLUMNS), (ROWS, COLUMNS))
    if axis in (1, -1):
        x[5] = -np.inf
        x[7, 3] = np.inf

    def gradient(x, c):
        return tg.grad(lambda x: (function(x, axis) * c).sum())(x)

    with np.errstate(invalid="ignore", divide="ignore"):
        found = function(x, axis), gradient(x, c), tg.jvp(lambda x: function(x, axis), (x,), (c,))[1]
        if axis in (1, -1):
            expected = [np.concatenate([function(row, axis) for row in np.split(x, ROWS)])]
            expected.append(np.concatenate([gradient(*rows) for rows in zip(np.split(x, ROWS), np.split(c, ROWS))]))
        else:
            y = x - x.max(axis)
            weights = np.exp(y) / np.exp(y).sum(axis)
            expected = [weights if function is tnp.softmax else np.log(weights)]
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert found[2].shape == x.shape


@pytest.mark.parametrize("row", [1, 2, 1000, BLOCK - 1, BLOCK, 3 * BLOCK])
@pytest.mark.parametrize("rows", [1, 2, 3, 17, 1000])
def test_blocks(row, rows):
    """They follow one another, and none has fewer than BLOCK elements unless there is one only."""
    rows = rows if row > 1 else rows * (BLOCK // 2 + 1)
    blocks = cut(rows * row, row)
    assert blocks[0].start == 0
    assert blocks[-1].stop == rows
    assert all(one.stop == other.start for one, other in pairwise(blocks))
    assert len(blocks) == 1 or min((each.stop - each.start) * row for each in blocks) >= BLOCK
