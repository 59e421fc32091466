"""NumPy's contractions on the own face: values as NumPy's in every form of call, derivatives to second order."""

from __future__ import annotations

import numpy
import pytest

import tetragrad as tg
import tetragrad.numpy as np
from tetragrad.errors import OperationError, ShapeError

RNG = numpy.random.default_rng(3)


def draw(*shape, dtype=float):
    x = RNG.uniform(-1, 1, shape)
    return (x + 1j * RNG.uniform(-1, 1, shape) if dtype is complex else x).astype(dtype)


def agree(ours, numpys, *arrays, grads=True, **kwargs):
    """The same value from plain arrays, Tensors and NumPy's own function on Tensors; right derivatives."""
    expected = numpys(*arrays, **kwargs)
    tensors = [tg.tensor(a) for a in arrays]
    for found in (ours(*arrays, **kwargs), ours(*tensors, **kwargs), numpys(*tensors, **kwargs)):
        found = found.numpy() if isinstance(found, tg.Tensor) else found
        assert found.shape == expected.shape and found.dtype == expected.dtype
        numpy.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    if grads:
        tg.check_grads(lambda *xs: ours(*xs, **kwargs), arrays, order=2)


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("dot", [(3,), (3,)]),
        ("dot", [(), (2, 3)]),
        ("dot", [(2, 3), (2, 3, 4)]),
        ("matmul", [(2, 3), (3, 4)]),
        ("matmul", [(5, 2, 3), (3,)]),
        ("matmul", [(3,), (5, 3, 2)]),
        ("vdot", [(2, 3), (3, 2)]),
        ("inner", [(2, 3), (4, 3)]),
        ("inner", [(3,), (3,)]),
        ("inner", [(2, 3), ()]),
        ("outer", [(2,), (3,)]),
        ("outer", [(2, 2), (3, 1)]),
        ("kron", [(2,), (3,)]),
        ("kron", [(2, 2), (3,)]),
        ("kron", [(2, 1, 3), (2, 2, 1)]),
        ("cross", [(3,), (3,)]),
        ("cross", [(4, 3), (3,)]),
        ("vecdot", [(2, 3), (3,)]),
    ],
)
def test_products(name, shapes, dtype):
    agree(getattr(np, name), getattr(numpy, name), *[draw(*shape, dtype=dtype) for shape in shapes])


def test_operator():
    a, b = draw(2, 3), draw(3, 2)
    for x, y in [(tg.tensor(a), b), (a, tg.tensor(b)), (tg.tensor(a), tg.tensor(b)), (tg.tensor(a), b.tolist())]:
        numpy.testing.assert_array_equal((x @ y).numpy(), a @ b)


@pytest.mark.skipif(not hasattr(numpy, "matvec"), reason="NumPy 2.2")
def test_matvec_vecmat():
    agree(np.matvec, numpy.matvec, draw(2, 3, 4), draw(4))
    agree(np.vecmat, numpy.vecmat, draw(2, 3, dtype=complex), draw(3, 4, dtype=complex))


@pytest.mark.parametrize("axes", [0, 1, 2, (1, 0), ([0, 1], [1, 0]), ([1, -2], [0, 1])])
def test_tensordot(axes):
    shape = (2, 3) if axes != 2 and axes != 1 else (3, 2) if axes == 1 else (2, 3)
    other = {0: (2,), 1: (2, 4), 2: (2, 3, 4)}.get(axes if isinstance(axes, int) else None, (3, 2))
    agree(np.tensordot, numpy.tensordot, draw(*shape), draw(*other), axes=axes)


EINSUMS = [
    ("ij,jk", [(2, 3), (3, 4)]),
    ("ij,jk->ki", [(2, 3), (3, 4)]),
    ("ii", [(3, 3)]),
    ("ii->i", [(3, 3)]),
    ("iji->j", [(2, 3, 2)]),
    ("ba", [(2, 3)]),
    ("ij->", [(2, 3)]),
    ("i,j,k->ijk", [(2,), (3,), (2,)]),
    ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
    ("...ij,...jk->...ik", [(2, 2, 3), (2, 3, 4)]),
    ("...ij,...jk->...ik", [(5, 1, 2, 3), (2, 3, 4)]),
    ("...i,...i", [(2, 3), (3,)]),
    ("i...->...", [(2, 3, 4)]),
    ("...ii->...i", [(2, 3, 3)]),
    ("bij, bjk -> bik", [(2, 2, 3), (2, 3, 2)]),
    ("ij,ij->ij", [(1, 3), (2, 3)]),
    (",i->i", [(), (3,)]),
    ("ijk,j->", [(2, 3, 2), (3,)]),
]


@pytest.mark.parametrize(("subscripts", "shapes"), EINSUMS)
@pytest.mark.parametrize("optimize", [False, True])
def test_einsum(subscripts, shapes, optimize):
    arrays = [draw(*shape) for shape in shapes]

    def ours(*xs):
        return np.einsum(subscripts, *xs, optimize=optimize)

    agree(ours, lambda *xs: numpy.einsum(subscripts, *xs, optimize=optimize), *arrays)


def test_einsum_lists():
    a, b = draw(2, 3), draw(3, 4)
    expected = numpy.einsum(a, [0, 1], b, [1, 2], [2, 0])
    numpy.testing.assert_allclose(np.einsum(tg.tensor(a), [0, 1], b, [1, 2], [2, 0]).numpy(), expected)
    expected = numpy.einsum(a, [0, 27], b, [27, 2])
    numpy.testing.assert_allclose(np.einsum(a, [0, 27], b, [27, 2]), expected)
    expected = numpy.einsum(a, [Ellipsis, 0], [0, Ellipsis])
    numpy.testing.assert_allclose(np.einsum(a, [Ellipsis, 0], [0, Ellipsis]), expected)


def test_einsum_refuses():
    x = tg.tensor(draw(2, 3))
    with pytest.raises(ShapeError, match="does not fit"):
        np.einsum("ijk->i", x)
    with pytest.raises(OperationError, match="names 2 operands"):
        np.einsum("ij,jk", x)
    with pytest.raises(OperationError, match="ellipsis"):
        np.einsum("...i->i", x)


def test_einsum_out():
    x, out = tg.tensor(draw(2, 3)), numpy.empty(2)
    np.einsum("ij->i", x, out=out)
    numpy.testing.assert_allclose(out, x.numpy().sum(1))


def test_einsum_large_uses_blas_and_agrees():
    a, b = draw(60, 50), draw(50, 40)
    numpy.testing.assert_allclose(np.einsum("ij,jk->ik", a, b), a @ b, rtol=1e-12)


def test_einsum_path():
    x = tg.tensor(draw(2, 3))
    assert (
        np.einsum_path("ij,jk,kl", x, draw(3, 4), draw(4, 2))[0]
        == (numpy.einsum_path("ij,jk,kl", x.numpy(), draw(3, 4), draw(4, 2))[0])
    )


@pytest.mark.parametrize(
    ("name", "shape", "arguments"),
    [
        ("diag", (3,), {}),
        ("diag", (3,), {"k": -1}),
        ("diag", (3, 4), {"k": 1}),
        ("diagflat", (2, 2), {"k": 1}),
        ("diagonal", (3, 4), {"offset": 1}),
        ("diagonal", (2, 3, 4), {"offset": -1, "axis1": 2, "axis2": -2}),
        ("trace", (3, 4), {}),
        ("trace", (2, 3, 4), {"offset": 1, "axis1": 1, "axis2": 2}),
        ("tril", (3, 4), {"k": 1}),
        ("triu", (2, 3, 3), {"k": -1}),
        ("tril", (3,), {}),
        ("vander", (3,), {}),
        ("vander", (3,), {"N": 4, "increasing": True}),
    ],
)
def test_diagonals(name, shape, arguments):
    agree(getattr(np, name), getattr(numpy, name), draw(*shape), **arguments)


def test_cross_axes_and_plane_vectors():
    agree(np.cross, numpy.cross, draw(3, 2), draw(2, 3), axisa=0, axisc=0)
    x, y = draw(4, 2), draw(4, 3)
    padded = numpy.concatenate([x, numpy.zeros((4, 1))], axis=1)
    numpy.testing.assert_allclose(np.cross(x, y), numpy.cross(padded, y))
    numpy.testing.assert_allclose(np.cross(tg.tensor(x), x[::-1]).numpy(), numpy.cross(padded, padded[::-1])[:, 2])


def test_batched_over_a_shared_matrix():
    """Gradients of matrices shared by a batch are sums over it."""
    x, w = draw(4, 5, 3), draw(3, 2)
    g = tg.grad(lambda w: np.sum(np.sin(x @ w)))(w)
    expected = numpy.einsum("bti,bto->io", x, numpy.cos(x @ w))
    numpy.testing.assert_allclose(g, expected, rtol=1e-12)


@pytest.mark.parametrize("shapes", [((0, 3), (3, 2)), ((2, 0), (0, 3)), ((0,), (0,)), ((2, 0, 3), (3, 4))])
def test_empty(shapes):
    a, b = [draw(*shape) for shape in shapes]
    ga, gb = tg.grad(lambda a, b: np.sum(a @ b), argnums=(0, 1))(a, b)
    assert ga.shape == a.shape and gb.shape == b.shape and not gb.any()


@pytest.mark.parametrize("shape", [(3,), (3, 3), (2, 2, 2)])
def test_dot_of_an_array_with_itself(shape):
    x = draw(*shape)
    tg.check_grads(lambda x: np.dot(x, x), (x,), order=3)
    x = tg.tensor(x, requires_grad=True)
    np.dot(x, x).sum().backward()
    other = tg.tensor(x.numpy(), requires_grad=True)
    (np.dot(other, x.numpy()) + np.dot(x.numpy(), other)).sum().backward()
    numpy.testing.assert_allclose(x.grad.numpy(), other.grad.numpy())


def test_shapes_that_do_not_fit():
    for call in (lambda x: x @ numpy.ones(4), lambda x: np.dot(x, numpy.ones(4)), lambda x: np.tensordot(x, x, 1)):
        with pytest.raises(ShapeError, match=r"matmul|dot"):
            call(tg.tensor(draw(2, 3)))


def test_float32_stays():
    a = tg.tensor(draw(2, 3, dtype=numpy.float32), requires_grad=True)
    for out in (a @ a.T, np.dot(a, a.T), np.einsum("ij,kj", a, a), np.kron(a, a), np.trace(a), np.outer(a, a)):
        assert out.dtype == numpy.float32
        out.backward(gradient=numpy.ones(out.shape))
        assert a.grad.dtype == numpy.float32
