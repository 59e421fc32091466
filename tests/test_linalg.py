"""Linear algebra on the own faces: values as NumPy's and SciPy's, derivatives where formulas break down too."""

from __future__ import annotations

import numpy
import pytest
import scipy.linalg

import tetragrad as tg
import tetragrad.numpy as np
import tetragrad.scipy.linalg as linalg
from tetragrad.errors import OperationError, ShapeError, TetragradError

RNG = numpy.random.default_rng(5)


def draw(*shape, dtype=float):
    x = RNG.uniform(-1, 1, shape)
    return (x + 1j * RNG.uniform(-1, 1, shape) if dtype is complex else x).astype(dtype)


def near_identity(*shape, dtype=float):
    return draw(*shape, dtype=dtype) + 2 * numpy.eye(*shape[-2:])


def hermitian(n, dtype=float, shift=0.0):
    x = draw(n, n, dtype=dtype)
    return (x + x.conj().T) / 2 + shift * numpy.eye(n)


def values(found):
    """Arrays out of a result: a Tensor, an array or a tuple of them."""
    if isinstance(found, tuple):
        return [part for each in found for part in values(each)]
    return [found.numpy() if isinstance(found, tg.Tensor) else numpy.asarray(found)]


def agree(name, *arrays, grads=True, **kwargs):
    """The same values from plain arrays, Tensors, and NumPy's own function on Tensors; right derivatives."""
    ours, numpys = getattr(np.linalg, name), getattr(numpy.linalg, name)
    expected = values(numpys(*arrays, **kwargs))
    tensors = [tg.tensor(a) for a in arrays]
    for result in (ours(*arrays, **kwargs), ours(*tensors, **kwargs), numpys(*tensors, **kwargs)):
        for found, wanted in zip(values(result), expected, strict=True):
            assert found.shape == wanted.shape and found.dtype == wanted.dtype
            numpy.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)
    if grads:
        tg.check_grads(lambda *xs: ours(*xs, **kwargs), arrays, order=2)


# -- systems ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [float, complex])
class TestSystems:
    def test_det_inv_slogdet(self, dtype):
        for a in (near_identity(3, 3, dtype=dtype), near_identity(2, 3, 3, dtype=dtype)):
            for name in ("det", "inv", "slogdet"):
                agree(name, a)

    @pytest.mark.parametrize("shapes", [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3,)), ((3, 3), (2, 3, 2))])
    def test_solve(self, dtype, shapes):
        agree("solve", near_identity(*shapes[0], dtype=dtype), draw(*shapes[1], dtype=dtype))

    @pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 3)])
    def test_pinv_lstsq(self, dtype, shape):
        a = near_identity(*shape, dtype=dtype)
        agree("pinv", a)
        for b in (draw(shape[0], dtype=dtype), draw(shape[0], 2, dtype=dtype)):
            agree("lstsq", a, b, grads=False)
            tg.check_grads(lambda a, b: np.linalg.lstsq(a, b)[0], (a, b), order=2)

    def test_matrix_power(self, dtype):
        for n in (-3, -1, 0, 1, 2, 7):
            agree("matrix_power", near_identity(2, 2, dtype=dtype), n=n)

    def test_tensor_systems(self, dtype):
        a, b = draw(2, 3, 6, dtype=dtype) + numpy.eye(6).reshape(2, 3, 6), draw(2, 3, dtype=dtype)
        agree("tensorsolve", a, b)
        agree("tensorinv", a)
        agree("tensorinv", a.reshape(6, 2, 3), ind=1)


def test_tensorsolve_axes():
    agree("tensorsolve", draw(3, 6, 2) + numpy.eye(6).reshape(3, 2, 6).transpose(0, 2, 1), draw(3, 2), axes=(1,))


def test_lstsq_residuals():
    a, b = draw(5, 2), draw(5, 3)
    found, expected = np.linalg.lstsq(tg.tensor(a), b), numpy.linalg.lstsq(a, b)
    numpy.testing.assert_allclose(found[1].numpy(), expected[1])
    assert found[2] == expected[2] == 2
    a[:, 1] = a[:, 0]
    assert np.linalg.lstsq(tg.tensor(a), b)[1].shape == (0,) and np.linalg.lstsq(tg.tensor(a), b)[2] == 1
    tg.check_grads(lambda b: np.linalg.lstsq(a, b)[0], (b,), order=2)


def test_lstsq_under_vmap():
    a, b = draw(4, 5, 2), draw(4, 5)
    x, residuals, _, _ = tg.vmap(np.linalg.lstsq)(a, b)
    for i in range(4):
        expected = numpy.linalg.lstsq(a[i], b[i])
        numpy.testing.assert_allclose(x[i], expected[0])
        numpy.testing.assert_allclose(residuals[i], expected[1])


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_det_of_a_singular_matrix_to_third_order(rank):
    """det is a polynomial: its derivatives exist at every matrix, at zero too."""
    a = (draw(3, rank) @ draw(rank, 3)) if rank else numpy.zeros((3, 3))

    def det_by_hand(a):
        return (
            a[0, 0] * (a[1, 1] * a[2, 2] - a[1, 2] * a[2, 1])
            - a[0, 1] * (a[1, 0] * a[2, 2] - a[1, 2] * a[2, 0])
            + a[0, 2] * (a[1, 0] * a[2, 1] - a[1, 1] * a[2, 0])
        )

    for derivative in (tg.grad, tg.hessian, lambda f: tg.jacobian(tg.hessian(f))):
        found, expected = derivative(np.linalg.det)(a), derivative(det_by_hand)(a)
        numpy.testing.assert_allclose(found, expected, atol=1e-12)


def test_singular_matrices_raise_numpys_error_and_name_the_operation():
    x = tg.tensor(numpy.ones((2, 2)), requires_grad=True)
    for call in (np.linalg.inv, lambda x: np.linalg.solve(x, numpy.ones(2)), lambda x: np.linalg.cholesky(-x)):
        with pytest.raises(numpy.linalg.LinAlgError, match=r"(inv|solve|cholesky)\(float64\[2, 2\]") as caught:
            call(x)
        assert isinstance(caught.value, TetragradError)


def test_multi_dot():
    parts = [draw(2, 10), draw(10, 3), draw(3, 8), draw(8, 2)]
    for arrays in (parts, [draw(10), *parts[1:]], [*parts[:3], draw(8)], [draw(10), parts[1], draw(3)], parts[:2]):
        expected = numpy.linalg.multi_dot(arrays)
        found = np.linalg.multi_dot([tg.tensor(arrays[0]), *arrays[1:]])
        numpy.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
        tg.check_grads(lambda *xs: np.linalg.multi_dot(xs), arrays)


# -- factorizations ---------------------------------------------------------------------------------------------------
def test_cholesky_reads_one_triangle_and_gives_symmetric_gradients():
    a = hermitian(3, complex, shift=4)
    messy = a + numpy.triu(draw(3, 3, dtype=complex), 1)
    numpy.testing.assert_allclose(np.linalg.cholesky(tg.tensor(messy)).numpy(), numpy.linalg.cholesky(a))
    messy = a + numpy.tril(draw(3, 3, dtype=complex), -1)
    found = np.linalg.cholesky(tg.tensor(messy), upper=True).numpy()
    numpy.testing.assert_allclose(found, numpy.linalg.cholesky(a).conj().T, atol=1e-14)
    g = tg.grad(lambda a: np.sum(np.abs(np.linalg.cholesky(a))))(a)
    numpy.testing.assert_allclose(g, g.conj().T)


@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 3)])
@pytest.mark.parametrize("dtype", [float, complex])
def test_qr(mode, shape, dtype):
    a = near_identity(*shape, dtype=dtype)
    agree("qr", a, mode=mode, grads=mode != "complete" or shape != (4, 2))


@pytest.mark.parametrize("dtype", [float, complex])
def test_values_of_factorizations(dtype):
    a, h = near_identity(3, 3, dtype=dtype), hermitian(3, dtype)
    for name in ("svd", "svdvals", "eig", "eigvals", "cond", "matrix_rank"):
        agree(name, a, grads=name in ("svdvals", "eigvals", "cond"))
    for name in ("eigh", "eigvalsh"):
        agree(name, h + numpy.triu(a, 1), UPLO="L", grads=False)
        agree(name, h + numpy.tril(a, -1), UPLO="U", grads=False)
    agree("svd", near_identity(4, 2, dtype=dtype), grads=False)
    agree("svd", near_identity(2, 4, dtype=dtype), full_matrices=False, grads=False)
    agree("svd", near_identity(4, 2, dtype=dtype), compute_uv=False)
    assert np.linalg.eigh(h).eigenvalues.shape == (3,) and np.linalg.svd(tg.tensor(a)).Vh.shape == (3, 3)


def rotated(w, dtype=float):
    """A Hermitian matrix with these eigenvalues."""
    q = numpy.linalg.qr(draw(len(w), len(w), dtype=dtype))[0]
    return (q * numpy.asarray(w)) @ q.conj().T


def symmetric_part(a):
    return (a + np.conj(np.matrix_transpose(a))) / 2


def symmetrised(f):
    return lambda a: f(symmetric_part(a))


@pytest.mark.parametrize("dtype", [float, complex])
class TestRepeatedValues:
    """Functions that treat the vectors of equal values as one subspace have right, finite derivatives."""

    def test_symmetric_functions_of_eigenvalues(self, dtype):
        for a in (rotated([1, 2, 2, 3], dtype), numpy.eye(3, dtype=dtype), numpy.zeros((3, 3), dtype)):
            tg.check_grads(symmetrised(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2)), (a,), order=1)
            tg.check_grads(symmetrised(lambda a: np.sum(np.exp(np.linalg.eigvalsh(a)))), (a,), order=1)

    def test_projector_onto_a_repeated_eigenspace(self, dtype):
        def projector(a):
            v = np.linalg.eigh(a).eigenvectors[:, 1:3]
            return v @ np.conj(np.matrix_transpose(v))

        tg.check_grads(symmetrised(projector), (rotated([1, 2, 2, 3], dtype),), order=1)

    def test_eigenvectors_of_a_multiple_of_the_identity_are_finite(self, dtype):
        g = tg.grad(lambda a: np.sum(np.abs(np.linalg.eigh(a).eigenvectors)))(numpy.eye(3, dtype=dtype))
        assert numpy.all(numpy.isfinite(g))

    def test_singular_values(self, dtype):
        u, v = [numpy.linalg.qr(draw(3, 3, dtype=dtype))[0] for _ in range(2)]
        for s in ([2, 2, 1], [2, 2, 2]):
            a = (u * numpy.array(s)) @ v
            tg.check_grads(lambda a: np.sum(np.linalg.svdvals(a) ** 2), (a,), order=1)
            tg.check_grads(lambda a: np.linalg.norm(a, "nuc"), (a,), order=2)

    def test_polar_factor(self, dtype):
        def polar(a):
            u, _, vh = np.linalg.svd(a, full_matrices=False)
            return u @ vh

        u, v = [numpy.linalg.qr(draw(3, 3, dtype=dtype))[0] for _ in range(2)]
        tg.check_grads(polar, ((u * numpy.array([2, 2, 1])) @ v,), order=1)

    def test_singular_values_of_zero_are_finite(self, dtype):
        for a in (numpy.zeros((3, 2), dtype), draw(3, 1, dtype=dtype) @ draw(1, 2, dtype=dtype)):
            for f in (lambda a: np.linalg.norm(a, "nuc"), lambda a: np.sum(np.abs(np.linalg.svd(a).U))):
                assert numpy.all(numpy.isfinite(tg.grad(f)(a)))


def test_against_a_real_matrix_with_complex_eigenvalues():
    a = numpy.array([[0.2, 2.0, 0.1], [-1.5, 0.3, 0.4], [0.3, -0.2, 3.0]])
    tg.check_grads(lambda a: np.sum(np.abs(np.linalg.eigvals(a)) ** 3), (a,), order=2)

    def through_eig(a):
        w, v = np.linalg.eig(a)
        return np.real((v * np.exp(w)) @ np.linalg.inv(v))

    numpy.testing.assert_allclose(through_eig(a), scipy.linalg.expm(a), rtol=1e-10)
    t = draw(3, 3)
    numpy.testing.assert_allclose(
        tg.jvp(through_eig, (a,), (t,))[1], scipy.linalg.expm_frechet(a, t, compute_expm=False), rtol=1e-9, atol=1e-12
    )


# -- norms ------------------------------------------------------------------------------------------------------------
VECTOR_ORDERS = [None, 2, 1, 0, 3, 2.5, 0.5, -1, -2, numpy.inf, -numpy.inf]
MATRIX_ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, numpy.inf, -numpy.inf]


@pytest.mark.parametrize("ord", VECTOR_ORDERS)
@pytest.mark.parametrize("dtype", [float, complex])
def test_vector_norms(ord, dtype):
    agree("norm", draw(3, dtype=dtype), ord=ord)
    agree("norm", draw(3, 4, dtype=dtype), ord=ord, axis=0)
    agree("norm", draw(3, 4, dtype=dtype), ord=ord, axis=-1, keepdims=True)
    if ord is not None:
        agree("vector_norm", draw(2, 3, dtype=dtype), ord=ord)


@pytest.mark.parametrize("ord", MATRIX_ORDERS)
@pytest.mark.parametrize("dtype", [float, complex])
def test_matrix_norms(ord, dtype):
    agree("norm", draw(3, 4, dtype=dtype), ord=ord)
    agree("norm", draw(3, 2, 4, dtype=dtype), ord=ord, axis=(2, 0))
    agree("norm", draw(2, 3, 4, dtype=dtype), ord=ord, axis=(1, 2), keepdims=True)
    if ord is not None:
        agree("matrix_norm", draw(2, 3, 4, dtype=dtype), ord=ord)
        if ord != "nuc":
            agree("cond", near_identity(2, 3, 3, dtype=dtype), p=ord)


def test_norm_of_anything():
    agree("norm", draw(2, 3, 4))
    agree("norm", numpy.array(-2.0))
    agree("norm", numpy.arange(3), grads=False)
    agree("norm", draw(2, 3, 4), keepdims=True)
    assert np.linalg.norm([3.0, 4.0]) == 5
    assert np.linalg.norm(tg.tensor(draw(3, dtype=numpy.float32))).dtype == numpy.float32


@pytest.mark.parametrize("ord", [*VECTOR_ORDERS[:7], numpy.inf])
def test_norm_at_zero_has_derivative_zero(ord):
    def norm(x):
        return np.linalg.norm(x, ord)

    assert not tg.grad(norm)(numpy.zeros(3)).any()
    assert tg.jvp(norm, (numpy.zeros(3),), (numpy.zeros(3),)) == (0, 0)
    assert not tg.hessian(norm)(numpy.zeros(3)).any()
    g = tg.grad(lambda x: np.sum(np.linalg.norm(x, ord, axis=1)))(numpy.array([[0.0, 0.0], [3.0, 4.0]]))
    assert numpy.all(numpy.isfinite(g)) and not g[0].any()


def test_norm_refuses():
    x = tg.tensor(draw(2, 3, 4))
    with pytest.raises(ShapeError, match="for 3"):
        np.linalg.norm(x, 2)
    with pytest.raises(OperationError, match="matrices"):
        np.linalg.norm(x, "fro", axis=0)
    with pytest.raises(OperationError, match="not defined for matrices"):
        np.linalg.norm(x, 3, axis=(0, 1))


# -- vmap -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["det", "inv", "slogdet", "svdvals", "pinv", "norm", "cond", "eigvals"])
def test_vmap_of_one_matrix_is_the_stack(name):
    a = near_identity(4, 3, 3)
    found = tg.vmap(getattr(np.linalg, name))(a)
    for part, expected in zip(values(found), values(tuple(zip(*[values(getattr(numpy.linalg, name)(x)) for x in a])))):
        numpy.testing.assert_allclose(part, expected if part.shape == numpy.shape(expected) else part)
    each = numpy.stack([numpy.asarray(values(getattr(np.linalg, name)(x))[-1]) for x in a])
    numpy.testing.assert_allclose(values(found)[-1], each, rtol=1e-12)


# -- scipy ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [float, complex])
class TestSciPy:
    def agree(self, name, *arrays, grads=True, **kwargs):
        ours = getattr(linalg, name)
        expected = values(getattr(scipy.linalg, name)(*arrays, **kwargs))
        for args in (arrays, [tg.tensor(a) for a in arrays]):
            for found, wanted in zip(values(ours(*args, **kwargs)), expected, strict=True):
                numpy.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)
        if grads:
            tg.check_grads(lambda *xs: ours(*xs, **kwargs), arrays, order=2)

    def test_functions_of_matrices(self, dtype):
        a = near_identity(3, 3, dtype=dtype)
        for name in ("expm", "sqrtm", "cosm", "sinm"):
            self.agree(name, a)
        self.agree("logm", 2 * numpy.eye(3) + 0.3 * draw(3, 3, dtype=dtype))
        self.agree("expm_frechet", a, draw(3, 3, dtype=dtype))
        self.agree("expm", near_identity(2, 3, 3, dtype=dtype))

    def test_systems(self, dtype):
        a, b = near_identity(3, 3, dtype=dtype), draw(3, 2, dtype=dtype)
        self.agree("solve", a, b)
        self.agree("solve", a, b[:, 0])
        self.agree("solve_sylvester", 4 * numpy.eye(3) + a, near_identity(2, 2, dtype=dtype), b)
        for trans in (0, 1, 2, "N", "T", "C"):
            self.agree("solve_triangular", a, b[:, 0], trans=trans, lower=True)
            self.agree("solve_triangular", a, b, trans=trans, unit_diagonal=True)
        h = hermitian(3, dtype, shift=4)
        for lower in (False, True):
            other = numpy.triu(a, 1) if lower else numpy.tril(a, -1)
            self.agree("solve", h + other, b, lower=lower, assume_a="pos")
            found = linalg.cho_solve(linalg.cho_factor(tg.tensor(h), lower), b).numpy()
            numpy.testing.assert_allclose(found, numpy.linalg.solve(h, b))
        self.agree("lstsq", near_identity(4, 2, dtype=dtype), draw(4, dtype=dtype), grads=False)

    def test_factorizations(self, dtype):
        a, h = near_identity(4, 2, dtype=dtype), hermitian(3, dtype)
        b = hermitian(3, dtype, shift=3)
        self.agree("svd", a, full_matrices=False, grads=False)
        for mode in ("full", "economic", "r"):
            self.agree("qr", a, mode=mode, grads=False)
        for lower in (False, True):
            self.agree("cholesky", b, lower=lower, grads=False)
            self.agree("eigvalsh", h, lower=lower, grads=False)
            self.agree("eigvalsh", h, b, lower=lower, grads=False)
            tg.check_grads(
                lambda h, b, lower=lower: linalg.eigvalsh(symmetric_part(h), symmetric_part(b), lower=lower),
                (h, b),
                order=2,
            )
            w, v = linalg.eigh(tg.tensor(h), b, lower=lower)
            numpy.testing.assert_allclose(h @ v.numpy(), b @ v.numpy() * w.numpy(), atol=1e-12)
        self.agree("eig", h + a[:3, :1], grads=False)

    def test_structured(self, dtype):
        self.agree("block_diag", draw(1, 2, dtype=dtype), draw(2, 2, dtype=dtype), draw(3, dtype=dtype))
        self.agree("toeplitz", draw(3, dtype=dtype))
        self.agree("toeplitz", draw(3, dtype=dtype), draw(2, dtype=dtype))
        self.agree("circulant", draw(3, dtype=dtype))


def test_scipys_own_functions_refuse_recorded_tensors():
    x = tg.tensor(near_identity(2, 2), requires_grad=True)
    with pytest.raises(TetragradError):
        scipy.linalg.expm(x)
