"""Matrix products: by small tiles, by blocks, by BLAS; all layouts and stacks."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.native_programs import program

from tetragrad.compile import blas
from tetragrad.compile.entry import make_entry
from tetragrad.compile.program import GemmStep, Matrix


@pytest.fixture(params=["chosen", "blocked", "blas"])
def way(request, monkeypatch):
    """How products are computed: as it seems best, or in one way as far as that can be."""
    if request.param != "chosen":
        monkeypatch.setattr(blas, "small_product", lambda step: None)
        monkeypatch.setattr(blas, "LEAST", 1 if request.param == "blocked" else 1 << 60)
    return request.param


def product(dtype, m, n, k, ta=False, tb=False, batch=(), a_batch=None, b_batch=None):
    """A program of one product, the operands' stacks possibly used again (axes of length 1)."""
    a_batch, b_batch = (batch if given is None else given for given in (a_batch, b_batch))
    a_shape = (*a_batch, *((k, m) if ta else (m, k)))
    b_shape = (*b_batch, *((n, k) if tb else (k, n)))
    made = program([(dtype, *a_shape), (dtype, *b_shape)], [(dtype, *batch, m, n)])
    matrices = []
    for buffer, own, transposed in zip(made.buffers, (a_batch, b_batch, batch), (ta, tb, False)):
        *_, rows, columns = buffer.shape
        strides, step = [], rows * columns
        for length in reversed(own):
            strides.insert(0, 0 if length == 1 else step)
            step *= length
        matrices.append(Matrix(buffer.index, columns, transposed=transposed, batch=tuple(strides)))
    made.steps.append(GemmStep(dtype, m, n, k, *matrices, batch=batch))
    return made, a_shape, b_shape


def check_product(dtype, m, n, k, ta=False, tb=False, **stacks):
    made, a_shape, b_shape = product(dtype, m, n, k, ta, tb, **stacks)
    rng = np.random.default_rng(m + n + k)
    a, b = (rng.integers(-4, 5, shape).astype(dtype) for shape in (a_shape, b_shape))
    if np.dtype(dtype).kind == "c":
        a, b = a + 1j * a[::-1], b - 2j * b
        a, b = a.astype(dtype), b.astype(dtype)
    out = make_entry(made)(a, b)
    a, b = np.swapaxes(a, -1, -2) if ta else a, np.swapaxes(b, -1, -2) if tb else b
    np.testing.assert_array_equal(out, a @ b)  # exact, of small integers


SIZES = [
    (1, 1, 1),
    (1, 1, 7),
    (1, 5, 3),
    (5, 1, 3),
    (3, 4, 5),
    (8, 8, 8),
    (17, 9, 33),
    (40, 50, 60),
    (2, 3, 0),
    (0, 2, 3),
]


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_products(way, dtype, size):
    if dtype[0] == "c" and way != "blas":
        return  # complex products are BLAS's in any case
    for ta in (False, True):
        for tb in (False, True):
            check_product(dtype, *size, ta, tb)


@pytest.mark.parametrize("dtype", ["f4", "c16"])
@pytest.mark.parametrize(
    "stacks",
    [
        {"batch": (3,)}, {"batch": (2, 3)}, {"batch": (3,), "b_batch": (1,)}, {"batch": (2, 3), "a_batch": (1, 3)},
        {"batch": (2, 3), "a_batch": (2, 1), "b_batch": (1, 3)}, {"batch": (0,)}, {"batch": (1,)},
    ],
    ids=str,
)  # fmt: skip
def test_stacks_of_products(two_threads, way, dtype, stacks):
    for m, n, k in [(2, 3, 4), (1, 3, 4), (4, 1, 3), (20, 30, 40)]:
        check_product(dtype, m, n, k, **stacks)
        check_product(dtype, m, n, k, True, True, **stacks)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(
    "size",
    [(6, 16, 256), (7, 17, 257), (100, 33, 300), (33, 300, 70), (13, 1, 600), (13, 80, 1100), (25, 80, 40)],
    ids=str,
)
def test_blocks(monkeypatch, two_threads, dtype, size):
    """Tiles at all edges; more than one stretch; more than one group of panels; shared by threads; either operand read
    in place or copied."""
    monkeypatch.setattr(blas, "small_product", lambda step: None)
    monkeypatch.setattr(blas, "LEAST", 1)
    for ta in (False, True):
        for tb in (False, True):
            check_product(dtype, *size, ta, tb)


def test_blocks_are_as_accurate_as_numpy(two_threads):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((100, 1000), "f4"), rng.standard_normal((1000, 90), "f4")
    exact = a.astype("f8") @ b.astype("f8")
    made, _, _ = product("f4", 100, 90, 1000)
    assert abs(make_entry(made)(a, b) - exact).max() <= 2 * abs(a @ b - exact).max()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("size", [(3, 5, 2048), (5, 3, 2049), (8, 200, 4099), (6, 25, 50176)], ids=str)
def test_long_dot_products(dtype, size):
    m, n, k = size
    check_product(dtype, m, n, k, tb=True)
    made, a_shape, b_shape = product(dtype, m, n, k, tb=True)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=a_shape).astype(dtype), rng.normal(size=b_shape).astype(dtype)
    exact = a.astype(np.longdouble) @ b.astype(np.longdouble).T
    error, numpy_error = [np.sqrt(np.mean((found - exact) ** 2)) for found in (make_entry(made)(a, b), a @ b.T)]
    assert error <= 2 * numpy_error


def test_scipy_is_loaded_only_for_blas():
    import subprocess
    import sys

    code = """if True:
        import sys
        import numpy as np
        import tetragrad as tg
        f = tg.compile(lambda x: x @ x)
        f(np.ones((64, 64), "f4"))
        assert not any([name.startswith("scipy") for name in sys.modules])
        f(np.ones((64, 64), "c8"))
        assert "scipy.linalg.cython_blas" in sys.modules and "scipy.linalg" not in sys.modules
        import scipy.linalg
        assert scipy.linalg.det(np.eye(2)) == 1
    """
    subprocess.run([sys.executable, "-c", code], check=True)
