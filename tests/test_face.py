"""The own face: Tensor's methods, operators and protocols, and NumPy's own functions on Tensors."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Iterable

import numpy as np
import pytest
import scipy.special

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.scipy import special

RNG = np.random.default_rng(0)
A = RNG.uniform(0.5, 2.0, (3, 4))
B = RNG.uniform(0.5, 2.0, (3, 4))
S = A[:, :3] @ A[:, :3].T + np.eye(3)


def agrees(f, *arrays):
    """`f` gives on Tensors what it gives on arrays, as Tensors; and its gradients pass against differences."""
    expected = f(*arrays)
    tensors = [tg.tensor(a, requires_grad=True) for a in arrays]
    same(f(*tensors), expected)
    tg.check_grads(lambda *xs: f(*xs), arrays, order=1)


def same(found, expected):
    if isinstance(expected, (list, tuple)):
        assert isinstance(found, Iterable)
        for part, want in zip(found, expected, strict=True):
            same(part, want)
        return
    assert isinstance(found, tg.Tensor), f"{type(found).__name__} instead of Tensor"
    assert found.requires_grad
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13, atol=1e-13)


# --- making -----------------------------------------------------------------------------------------------------------
class TestTensor:
    def test_copies_its_data(self):
        data = np.ones(3)
        x = tg.tensor(data)
        data[:] = 7
        np.testing.assert_array_equal(x.numpy(), 1)

    @pytest.mark.parametrize(
        ("data", "dtype"),
        [
            ([1.0, 2.0], np.float64), (1.5, np.float64), ([1, 2], np.int64), (True, np.bool_), (1j, np.complex128),
            (np.ones(2, np.float32), np.float32), (np.float16(1), np.float16),
        ],
    )  # fmt: skip
    def test_dtypes(self, data, dtype):
        assert tg.tensor(data).dtype == dtype

    def test_dtype_argument(self):
        assert tg.tensor([1, 2], dtype=np.float32, requires_grad=True).dtype == np.float32

    def test_attributes(self):
        x = tg.tensor(A)
        assert (x.shape, x.ndim, x.size, x.dtype) == ((3, 4), 2, 12, np.float64)
        assert not x.requires_grad and x.grad is None and x.is_leaf

    def test_requires_grad_can_be_switched(self):
        x = tg.tensor(A)
        x.requires_grad = True
        (x * 2).sum().backward()
        assert x.grad is not None
        x.requires_grad = False
        assert not (x * 2).requires_grad
        with pytest.raises(tg.errors.OperationError, match="detach"):
            (tg.tensor(1.0, requires_grad=True) * 2).requires_grad = False

    def test_leaves(self):
        x = tg.tensor(A, requires_grad=True)
        assert x.is_leaf and not (x * 2).is_leaf and (x * 2).detach().is_leaf

    def test_grad_can_be_set(self):
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        x.grad = [3.0, 4.0]
        (x * 1).sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), [4, 5])
        x.grad = None
        assert x.grad is None

    def test_attributes_cannot_be_invented(self):
        with pytest.raises(AttributeError):
            tg.tensor(1.0).gard = 1


class TestProtocols:
    def test_len_and_iteration(self):
        x = tg.tensor(A, requires_grad=True)
        assert len(x) == 3
        for row, expected in zip(x, A, strict=True):
            same(row, expected)
        first, *_ = x
        same(first, A[0])
        with pytest.raises(TypeError, match="0-d"):
            len(tg.tensor(1.0))
        with pytest.raises(TypeError, match="0-d"):
            iter(tg.tensor(1.0))

    def test_iteration_differentiates(self):
        np.testing.assert_array_equal(tg.grad(lambda x: sum(i * e for i, e in enumerate(x)))(np.ones(3)), [0, 1, 2])

    def test_python_numbers(self):
        x = tg.tensor(2.5, requires_grad=True)
        assert (float(x), int(x), complex(x), bool(x)) == (2.5, 2, 2.5 + 0j, True)
        assert x.item() == 2.5 and isinstance(x.item(), float)
        assert tg.tensor([[1.0, 2.0]]).item(1) == 2.0
        assert tg.tensor(A).tolist() == A.tolist()
        assert [10, 20, 30][tg.tensor(1)] == 20
        assert round(tg.tensor(2.5).item()) == 2

    def test_truth_of_many_is_refused(self):
        with pytest.raises(ValueError, match="ambiguous"):
            bool(tg.tensor([1.0, 2.0]))
        with pytest.raises(TypeError):
            float(tg.tensor([1.0, 2.0]))

    def test_index_of_floats_is_refused(self):
        with pytest.raises(TypeError):
            [1, 2][tg.tensor(1.0)]

    def test_contains(self):
        assert 2.0 in tg.tensor([1.0, 2.0])
        assert 3.0 not in tg.tensor([1.0, 2.0])

    def test_hashing_is_by_identity(self):
        x, y = tg.tensor(1.0), tg.tensor(1.0)
        assert len({x, y, x}) == 2
        assert {x: 1}[x] == 1

    def test_repr(self):
        assert repr(tg.tensor([1.0, 2.0])) == "tensor([1., 2.])"
        assert repr(tg.tensor([1.0, 2.0], requires_grad=True)) == "tensor([1., 2.], requires_grad=True)"
        assert repr(tg.tensor(1.5)) == "tensor(1.5)"
        assert repr(tg.tensor([1, 2])) == "tensor([1, 2])"
        assert repr(tg.tensor(np.ones(2, np.float32))) == "tensor([1., 1.], dtype=float32)"
        assert len(repr(tg.tensor(np.ones((1000, 1000))))) < 1000
        seen = []
        tg.jvp(lambda x: (seen.append(repr(x)), x)[1], (1.0,), (1.0,))
        tg.vmap(lambda x: (seen.append(repr(x)), x)[1])(np.ones((2, 3)))
        assert "jvp" in seen[0] and "vmap" in seen[1] and "[3]" in seen[1]

    def test_str_and_format(self):
        x = tg.tensor(1.23456, requires_grad=True)
        assert f"{x:.2f}" == "1.23"
        assert f"{x}" == str(x)

    @pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    def test_copies(self, duplicate):
        for x in (tg.tensor(A, requires_grad=True), tg.tensor(1.5), tg.tensor([1, 2])):
            twin = duplicate(x)
            assert type(twin) is type(x) and twin is not x
            assert twin.dtype == x.dtype and twin.shape == x.shape and twin.requires_grad == x.requires_grad
            np.testing.assert_array_equal(twin.numpy(), x.numpy())
            assert not np.shares_memory(twin.numpy(), x.numpy())

    def test_a_copied_variable_is_a_variable_of_its_own(self):
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        (x * 2).sum().backward()
        twin = copy.deepcopy(x)
        (twin * 5).sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), 2)
        np.testing.assert_array_equal(twin.grad.numpy(), 7)

    def test_copied_results_are_leaves(self):
        y = tg.tensor(A, requires_grad=True) * 2
        assert copy.deepcopy(y).is_leaf

    def test_containers_of_tensors_are_copied(self):
        x = tg.tensor([1.0], requires_grad=True)
        twins = copy.deepcopy({"a": x, "b": [x]})
        assert twins["a"] is twins["b"][0]
        twins = pickle.loads(pickle.dumps([x, x]))
        assert twins[0] is twins[1]

    def test_numpy_is_a_read_only_view(self):
        x = tg.tensor(A, requires_grad=True)
        view = x.numpy()
        assert np.shares_memory(view, x.numpy())
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1

    def test_asarray_of_a_constant(self):
        np.testing.assert_array_equal(np.asarray(tg.tensor(A)), A)
        assert np.asarray(tg.tensor(A), dtype=np.float32).dtype == np.float32

    def test_weak_references(self):
        import weakref

        assert weakref.ref(x := tg.tensor(1.0))() is x


# --- operators --------------------------------------------------------------------------------------------------------
BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


class TestOperators:
    @pytest.mark.parametrize("op", [*BINARY, operator.mod, operator.floordiv], ids=lambda op: op.__name__)
    def test_binary(self, op):
        agrees(op, A, B)
        for other in (B, 2.0, 2, np.float64(1.5), B[0]):
            agrees(lambda x, other=other: op(x, other), A)
            agrees(lambda x, other=other: op(other, x), A)

    @pytest.mark.parametrize("op", BINARY, ids=lambda op: op.__name__)
    def test_augmented_operators(self, op):
        """They change what the Tensor holds, for all who hold it, and are differentiated."""

        def f(x, y):
            first = out = x * 1.0
            out = getattr(operator, f"i{op.__name__}")(out, y)
            assert out is first
            return out

        agrees(f, A, B)
        x = tg.tensor(A, requires_grad=True)
        f(x, 2.0)
        np.testing.assert_array_equal(x.numpy(), A)

    def test_matmul(self):
        agrees(operator.matmul, A, B.T)
        agrees(lambda x: x @ B[0], A)
        agrees(lambda x: B @ x, A[0])
        agrees(operator.matmul, A[0], B[0])

    @pytest.mark.parametrize("op", [operator.neg, operator.pos, abs], ids=lambda op: op.__name__)
    def test_unary(self, op):
        agrees(op, A)
        agrees(op, -A)

    @pytest.mark.parametrize("op", COMPARISONS, ids=lambda op: op.__name__)
    def test_comparisons_give_plain_booleans(self, op):
        x = tg.tensor(A, requires_grad=True)
        for other in (tg.tensor(B), B, 1.0):
            expected = op(A, other.numpy() if isinstance(other, tg.Tensor) else other)
            found = op(x, other)
            assert type(found) is np.ndarray and found.dtype == bool
            np.testing.assert_array_equal(found, expected)
            assert not isinstance(op(other, x), tg.Tensor)

    def test_round_and_divmod(self):
        assert tnp.round(tg.tensor(2.4)).item() == 2.0

    def test_float32_and_python_numbers(self):
        x = tg.tensor(A.astype(np.float32), requires_grad=True)
        for op in BINARY:
            assert op(x, 2.0).dtype == np.float32
            assert op(2, x).dtype == np.float32


# --- indexing ---------------------------------------------------------------------------------------------------------
INDICES = [
    0, -1, np.s_[1:], np.s_[::-1], np.s_[:, 1], np.s_[..., 0], np.s_[None, 1], np.s_[1:3, ::2], np.s_[[0, 2, 0]],
    np.s_[:, [1, 1, 3]], np.s_[[0, 1], [2, 3]], np.s_[np.array([[0, 1], [2, 0]])], A > 1, np.s_[A[:, 0] > 1],
    np.s_[[True, False, True], 1], np.s_[2:2], np.s_[...], (), np.s_[[], :], np.s_[1, None, ..., -1], np.int64(1),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indexing(index):
    agrees(lambda x: x[index], A)
    gradient = tg.grad(lambda x: x[index].sum())(A)
    expected = np.zeros_like(A)
    np.add.at(expected, index, 1)
    np.testing.assert_array_equal(gradient, expected)


def test_indexing_by_tensors():
    index = tg.tensor([2, 0])
    agrees(lambda x: x[index], A)
    agrees(lambda x: x[tg.tensor(A > 1)], A)


# --- methods ----------------------------------------------------------------------------------------------------------
METHODS = {
    "sum": lambda x: x.sum(),
    "sum axis": lambda x: x.sum(axis=0),
    "sum keepdims": lambda x: x.sum(1, keepdims=True),
    "mean": lambda x: x.mean(),
    "mean axis": lambda x: x.mean(axis=-1),
    "prod": lambda x: x.prod(axis=1),
    "max": lambda x: x.max(),
    "max axis": lambda x: x.max(axis=1),
    "min": lambda x: x.min(axis=0),
    "std": lambda x: x.std(),
    "var": lambda x: x.var(axis=0, ddof=1),
    "ptp": lambda x: np.ptp(x, axis=0),
    "cumsum": lambda x: x.cumsum(axis=0),
    "cumsum flat": lambda x: x.cumsum(),
    "cumprod": lambda x: x.cumprod(axis=1),
    "reshape": lambda x: x.reshape(4, 3),
    "reshape tuple": lambda x: x.reshape((2, -1)),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "transpose": lambda x: x.transpose(),
    "transpose axes": lambda x: x.transpose(1, 0),
    "T": lambda x: x.T,
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "squeeze": lambda x: x[None].squeeze(),
    "dot": lambda x: x.dot(B.T),
    "trace": lambda x: x.trace(),
    "diagonal": lambda x: x.diagonal(),
    "clip": lambda x: x.clip(0.8, 1.5),
    "repeat": lambda x: x.repeat(2, axis=0),
    "take": lambda x: x.take([0, 2], axis=1),
    "round": lambda x: x.round(1),
    "astype": lambda x: x.astype(np.float64),
    "copy": lambda x: x.copy(),
    "conj": lambda x: x.conj(),
    "real": lambda x: x.real,
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_methods(method):
    agrees(method, A)


def test_sort_method_is_not_in_place():
    """NumPy's `sort` method changes the array; ours would lose the derivative, so the function is the way."""
    agrees(lambda x: np.sort(x, axis=0), A)


@pytest.mark.parametrize("name", ["argmax", "argmin", "argsort", "any", "all"])
def test_methods_without_derivative_give_plain_results(name):
    found = getattr(tg.tensor(A, requires_grad=True), name)()
    assert not isinstance(found, tg.Tensor)
    np.testing.assert_array_equal(found, getattr(A, name)())


# --- NumPy's own functions --------------------------------------------------------------------------------------------
UFUNCS = {
    "unary": """negative positive absolute fabs exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal sin
        cos tan arctan sinh cosh tanh arcsinh sign floor ceil trunc rint deg2rad rad2deg degrees radians
        conjugate""".split(),
    "binary": """add subtract multiply divide true_divide power float_power maximum minimum fmax fmin arctan2 hypot
        logaddexp logaddexp2 fmod mod remainder floor_divide copysign heaviside""".split(),
}


@pytest.mark.parametrize("name", UFUNCS["unary"])
def test_unary_ufuncs(name):
    agrees(getattr(np, name), A)


@pytest.mark.parametrize("name", ["arcsin", "arccos", "arctanh"])
def test_unary_ufuncs_inside_the_unit_interval(name):
    agrees(getattr(np, name), A / 2.5)


def test_arccosh():
    agrees(np.arccosh, A + 1)


@pytest.mark.parametrize("name", UFUNCS["binary"])
def test_binary_ufuncs(name):
    function = getattr(np, name)
    agrees(function, A, B + 0.01)
    agrees(lambda x: function(x, B), A)
    agrees(lambda x: function(B, x), A)
    agrees(lambda x: function(x, 2.5), A)


@pytest.mark.parametrize("name", ["isnan", "isfinite", "isinf", "signbit", "logical_not"])
def test_ufuncs_without_derivative_give_plain_arrays(name):
    found = getattr(np, name)(tg.tensor(A, requires_grad=True))
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, getattr(np, name)(A))


SPECIAL = [name for name in special.__all__ if isinstance(getattr(scipy.special, name), np.ufunc)]


@pytest.mark.parametrize("name", SPECIAL)
def test_scipy_ufuncs(name):
    """SciPy's ufuncs on Tensors, in their last argument."""
    function = getattr(scipy.special, name)
    agrees(lambda x: function(*[0.7] * (function.nin - 1), x), A / 2.5)


@pytest.mark.parametrize("name", special.__all__)
def test_own_special_functions_on_plain_arrays(name):
    function = getattr(scipy.special, name)
    first = [1] if name == "polygamma" else [0.7] * (getattr(function, "nin", 1) - 1)
    found, expected = [each(*first, A / 2.5) for each in (getattr(special, name), function)]
    assert type(found) is type(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


UFUNC_METHODS = {
    "add.reduce": lambda x: np.add.reduce(x),
    "add.reduce axis": lambda x: np.add.reduce(x, axis=1),
    "add.reduce all": lambda x: np.add.reduce(x, axis=None),
    "multiply.reduce": lambda x: np.multiply.reduce(x, axis=1),
    "maximum.reduce": lambda x: np.maximum.reduce(x),
    "add.accumulate": lambda x: np.add.accumulate(x),
    "multiply.accumulate": lambda x: np.multiply.accumulate(x, axis=1),
    "multiply.outer": lambda x: np.multiply.outer(x, B[0]),
    "add.outer": lambda x: np.add.outer(B[0], x[0]),
}


@pytest.mark.parametrize("function", UFUNC_METHODS.values(), ids=UFUNC_METHODS)
def test_ufunc_methods(function):
    agrees(function, A)


def test_ufunc_at():
    """Repeated indices count each time."""

    def f(x):
        y = x * 1.0
        np.add.at(y, [0, 2, 0], B)
        return y

    agrees(f, A)


def test_ufunc_dtype():
    assert np.add(tg.tensor(A.astype(np.float32)), 1, dtype=np.float64).dtype == np.float64


FUNCTIONS = {
    "sum": lambda x: np.sum(x, axis=0),
    "mean": lambda x: np.mean(x, axis=1, keepdims=True),
    "prod": np.prod,
    "max": lambda x: np.max(x, axis=0),
    "amin": lambda x: np.amin(x),
    "std": np.std,
    "var": lambda x: np.var(x, 0),
    "median": lambda x: np.median(x, axis=1),
    "quantile": lambda x: np.quantile(x, 0.3),
    "percentile": lambda x: np.percentile(x, 30, axis=0),
    "average": lambda x: np.average(x, axis=0),
    "cumsum": lambda x: np.cumsum(x, 1),
    "cumprod": lambda x: np.cumprod(x, axis=0),
    "diff": lambda x: np.diff(x),
    "ptp": np.ptp,
    "nan_to_num": np.nan_to_num,
    "reshape": lambda x: np.reshape(x, (2, 6)),
    "ravel": np.ravel,
    "transpose": np.transpose,
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "rollaxis": lambda x: np.rollaxis(x, 1),
    "squeeze": lambda x: np.squeeze(x[None]),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 3, 4)),
    "flip": lambda x: np.flip(x, 0),
    "fliplr": np.fliplr,
    "flipud": np.flipud,
    "rot90": np.rot90,
    "roll": lambda x: np.roll(x, 1, axis=1),
    "tile": lambda x: np.tile(x, (2, 1)),
    "repeat": lambda x: np.repeat(x, 2),
    "pad": lambda x: np.pad(x, 1),
    "pad edge": lambda x: np.pad(x, ((0, 1), (2, 0)), mode="edge"),
    "concatenate": lambda x: np.concatenate([x, B]),
    "stack": lambda x: np.stack([B, x], axis=1),
    "vstack": lambda x: np.vstack([x, B]),
    "hstack": lambda x: np.hstack([x, B]),
    "dstack": lambda x: np.dstack([x, B]),
    "column_stack": lambda x: np.column_stack([x, B]),
    "append": lambda x: np.append(x, B, axis=0),
    "split": lambda x: np.split(x, 2, axis=1),
    "array_split": lambda x: np.array_split(x, 2),
    "atleast_1d": lambda x: np.atleast_1d(x[0, 0]),
    "atleast_2d": lambda x: np.atleast_2d(x[0]),
    "where": lambda x: np.where(A > 1, x, 0.0),
    "clip": lambda x: np.clip(x, 0.8, 1.5),
    "take": lambda x: np.take(x, [1, 0], axis=0),
    "take_along_axis": lambda x: np.take_along_axis(x, np.argsort(A, 1), 1),
    "sort": lambda x: np.sort(x, axis=0),
    "sort flat": lambda x: np.sort(x, axis=None),
    "concatenate flat": lambda x: np.concatenate([x, B], axis=None),
    "cumsum flat": lambda x: np.cumsum(x, axis=None),
    "roll flat": lambda x: np.roll(x, 2, axis=None),
    "flip all": lambda x: np.flip(x, axis=None),
    "repeat flat": lambda x: np.repeat(x, 2, axis=None),
    "take flat": lambda x: np.take(x, [5, 1], axis=None),
    "dot": lambda x: np.dot(x, B.T),
    "vdot": lambda x: np.vdot(x, B),
    "inner": lambda x: np.inner(x, B),
    "outer": lambda x: np.outer(x, B[0]),
    "matmul": lambda x: np.matmul(x, B.T),
    "tensordot": lambda x: np.tensordot(x, B, axes=([0], [0])),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, B),
    "kron": lambda x: np.kron(x, B),
    "trace": np.trace,
    "diag": lambda x: np.diag(x[0]),
    "diagonal": lambda x: np.diagonal(x, 1),
    "tril": np.tril,
    "triu": lambda x: np.triu(x, 1),
    "cross": lambda x: np.cross(x[:, :3], B[:, :3]),
    "real": np.real,
    "imag free": lambda x: np.real(x + 0j),
    "sinc": np.sinc,
    "interp free": lambda x: np.abs(x),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions(function):
    agrees(function, A)


LINALG = {
    "norm": np.linalg.norm,
    "norm axis": lambda x: np.linalg.norm(x, axis=0),
    "norm 1": lambda x: np.linalg.norm(x, 1),
    "norm inf": lambda x: np.linalg.norm(x, np.inf),
    "norm nuc": lambda x: np.linalg.norm(x, "nuc"),
    "norm 2": lambda x: np.linalg.norm(x, 2),
    "norm vector 3": lambda x: np.linalg.norm(x[0], 3),
    "det": np.linalg.det,
    "slogdet": lambda x: np.linalg.slogdet(x)[1],
    "inv": np.linalg.inv,
    "solve": lambda x: np.linalg.solve(x, B[:, 0]),
    "cholesky": lambda x: np.linalg.cholesky((x + x.T) / 2),
    "qr": lambda x: np.linalg.qr(x)[1],
    "eigh": lambda x: np.linalg.eigh((x + x.T) / 2)[0],
    "eigvalsh": lambda x: np.linalg.eigvalsh((x + x.T) / 2),
    "svd": lambda x: np.linalg.svd(x, full_matrices=False)[1],
    "svdvals": lambda x: np.linalg.svd(x, compute_uv=False),
    "pinv": np.linalg.pinv,
    "lstsq": lambda x: np.linalg.lstsq(x[:, :2], B[:, 0], rcond=None)[0],
    "matrix_power": lambda x: np.linalg.matrix_power(x, 3),
    "multi_dot": lambda x: np.linalg.multi_dot([x, B, B.T]),
}


@pytest.mark.parametrize("function", LINALG.values(), ids=LINALG)
def test_linalg(function):
    agrees(function, S)


@pytest.mark.parametrize(
    "name", ["argmax", "argmin", "argsort", "shape", "ndim", "size", "count_nonzero", "nonzero", "searchsorted"]
)
def test_functions_without_derivative(name):
    x = tg.tensor(A[0], requires_grad=True)
    args = (0.7,) if name == "searchsorted" else ()
    found, expected = getattr(np, name)(x, *args), getattr(np, name)(A[0], *args)
    assert not isinstance(found, tg.Tensor)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "full_like", "empty_like"])
def test_arrays_like_tensors_are_plain_or_constant(name):
    x = tg.tensor(A.astype(np.float32), requires_grad=True)
    found = getattr(np, name)(x, *((7,) if name == "full_like" else ()))
    assert found.shape == (3, 4) and found.dtype == np.float32
    assert not getattr(found, "requires_grad", False)


def test_functions_that_ask_about_values():
    x = tg.tensor(A, requires_grad=True)
    assert np.allclose(x, A) and np.array_equal(x, A) and np.isclose(x, A).all()
    assert not np.iscomplexobj(x)
    assert np.result_type(x, np.float32) == np.float64
    np.testing.assert_allclose(x.detach(), A)


# --- the own face's NumPy on plain arrays -----------------------------------------------------------------------------
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_own_functions_on_plain_arrays_give_plain_arrays(function):
    """The lambdas above call NumPy; here NumPy's functions are replaced by the own face's of the same name."""
    own = rebound(function)
    found, expected = own(A), function(A)
    parts = zip(found, expected, strict=True) if isinstance(expected, (list, tuple)) else [(found, expected)]
    for part, want in parts:
        assert not isinstance(part, tg.Tensor)
        np.testing.assert_allclose(part, want, rtol=1e-13, atol=1e-13)


def rebound(function):
    """The function with `np` meaning `tetragrad.numpy`."""
    import types

    if function.__name__ == "<lambda>":
        return types.FunctionType(function.__code__, {**globals(), "np": tnp})
    return getattr(tnp, function.__name__)
