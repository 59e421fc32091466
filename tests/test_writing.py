"""Writing in place. What a program means is what NumPy does with it in memory; gradients come from finite differences.

Each program here runs unchanged on NumPy arrays, which says what its values must be.
"""

from __future__ import annotations

import gc
import operator
import weakref

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad import errors
from tetragrad.core.mutation import alias_of, sharers

X = np.array([[0.7, -1.2, 0.4], [1.5, 0.3, -0.8]])
ROW = np.array([0.6, 1.1, -0.9])
V = np.array([0.5, -1.3])


def address(x):
    return x._value.__array_interface__["data"][0]


# -- programs ---------------------------------------------------------------------------------------------------------


def written(f, *shapes):
    """A program: `f` writes into a copy of its first argument, and may read the second."""

    def program(x, v):
        y = x * 1
        changed = f(y, v)
        return y if changed is None else changed

    program.__name__ = f.__name__
    return program


def augmented(name):
    def f(y, v):
        return getattr(operator, name)(y, v)

    f.__name__ = name
    return f


def at_integers(y, v):
    y[0] = v


def at_negative(y, v):
    y[-1] = 2 * v


def at_slice(y, v):
    y[:, 1:] = v[1:]


def at_stepped_slice(y, v):
    y[:, ::2] = v[::2]


def at_reversed_slice(y, v):
    y[::-1, ::-1] = v


def at_ellipsis(y, v):
    y[...] = v


def at_newaxis(y, v):
    y[None, 1] = v[None]


def at_element(y, v):
    y[1, 2] = v[0]


def at_mask(y, v):
    y[np.array([[True, False, True], [False, True, False]])] = v


def at_mask_a_number(y, v):
    y[np.array([True, False])] = v[0] * v[1]


def at_arrays(y, v):
    y[np.array([0, 1]), np.array([2, 0])] = v[:2]


def at_repeated_arrays(y, v):
    y[np.array([0, 1, 0]), np.array([1, 0, 1])] = v  # the last value stays


def at_array_and_slice(y, v):
    y[:, np.array([2, 0])] = v[:2]


def with_leading_axes(y, v):
    y[0] = v[None, None]


def rows_of_numbers(y, v):
    y[0] = [v[0], 2.0, v[1]]


def add_at_slice(y, v):
    y[0] += v
    y[:, 1:] -= v[1:]
    y[::-1] *= v


def add_at_element(y, v):
    y[0, 1] += v[0]
    y[1, -1] *= v[1] * y[0, 1]


def add_at_arrays(y, v):
    y[np.array([0, 1, 0]), np.array([1, 0, 1])] += v  # read, added to, written back: each element once


def add_at_mask(y, v):
    y[np.array([[True, False, True], [False, True, False]])] += v


def shifted(y, v):
    y[:, 1:] = y[:, :-1]
    y[0] *= v


def shifted_back(y, v):
    y[:, :-1] += y[:, 1:]
    y[1] *= v


def onto_itself(y, v):
    y += y
    y *= y
    y -= y[::-1] * v
    y *= y[::-1]


def ufunc_at(y, v):
    np.add.at(y, ([0, 1, 0], [1, 0, 1]), v)
    np.subtract.at(y, 1, v)
    np.add.at(y, np.array([[True, False, True], [False, True, False]]), v)


def other_ufuncs_at(y, v):
    np.multiply.at(y, ([0, 1, 0], [1, 0, 1]), v)
    np.divide.at(y, (0, [1, 1, 2]), v)
    np.negative.at(y, (1, [0, 0, 2]))
    np.maximum.at(y, 1, v)


def out_of_ufuncs(y, v):
    np.multiply(y, v, out=y)
    np.add(v, 1.0, out=y[0])
    np.sin(y, out=y, where=np.array([True, False, True]))


def out_of_functions(y, v):
    np.cumsum(y, axis=1, out=y)
    np.sum(y, axis=0, out=y[1])
    np.clip(y, -1.0, 2.0, out=y)
    np.matmul(y[:1], np.outer(v, v), out=y[:1])
    np.stack([v, v * v], out=y) if v is None else np.concatenate([v[:2], v[:1]], out=y[0])


def filled_and_sorted(y, v):
    y[0] *= v
    y.sort(axis=1)
    y[1, :2].fill(3.0)
    y[1] += v


def partitioned(y, v):
    y *= v
    y.partition(1, axis=1)


def numpys_writers(y, v):
    np.put(y, [0, -1], v[:2])
    np.place(y, np.array([[False, True, False], [True, False, True]]), v[1:])
    np.put_along_axis(y, np.array([[0], [2]]), v[0] * 2, axis=1)
    np.copyto(y[1], v, where=np.array([True, False, False]))


def more_of_numpys_writers(y, v):
    np.putmask(y, np.array([[False, True, True], [True, False, False]]), v)
    np.fill_diagonal(y, v[0])
    y.put([7, -9], v[:2], mode="wrap")
    np.put(y, [99], v[2], mode="clip")


def views_of_views(y, v):
    part = y[:, 1:]
    part.T[0] *= v[:2]
    part[0, ::-1] += v[:2]
    y[0] *= 2
    flat = y.reshape(3, 2).ravel()
    flat[::2] = v * flat[1::2]
    part += 1
    return part * y[:, :2]


def rows_in_a_loop(y, v):
    for row in y:
        row += v
        v = row * 0.5
    for a, b in zip(y, y[::-1]):
        a *= b


def swapped(y, v):
    y[0], y[1] = y[1] * v, y[0] * 1
    first, second = y
    first -= second


def diagonal_and_axes(y, v):
    np.swapaxes(y, 0, 1)[0] += v[:2]
    np.squeeze(np.expand_dims(y, 1)).T[2] = v[1:]
    np.moveaxis(y[..., None], 2, 0)[0, 0] *= v
    np.flip(y, 1)[1] -= v
    np.split(y, [1], axis=1)[1][0] *= 3
    np.atleast_3d(y)[0, 0] = v[2]


def a_recurrence(y, v):
    for i in range(1, 3):
        y[:, i] = y[:, i - 1] * v[i] + np.sin(y[:, i])


def residuals_stay(y, v):
    z = y * y
    w = np.exp(y)
    y *= 2
    w *= v
    y[0] = 5
    return z * w + y


def several_kinds(y, v):
    a, b = y[0], y[:, 0]
    c = a * v
    a += c
    b *= 2
    c[1:] = a[:-1]
    y[1] += c
    y[np.array([0, 0])] += v
    return y * np.sum(c)


PROGRAMS = [
    *[augmented(name) for name in ("iadd", "isub", "imul", "itruediv", "imod")],
    at_integers, at_negative, at_slice, at_stepped_slice, at_reversed_slice, at_ellipsis, at_newaxis, at_element,
    at_mask, at_mask_a_number, at_arrays, at_repeated_arrays, at_array_and_slice, with_leading_axes, rows_of_numbers,
    add_at_slice,
    add_at_element, add_at_arrays, add_at_mask, shifted, shifted_back, onto_itself, ufunc_at, other_ufuncs_at,
    out_of_ufuncs,
    out_of_functions, filled_and_sorted, partitioned, numpys_writers, more_of_numpys_writers, views_of_views,
    rows_in_a_loop, swapped, diagonal_and_axes, a_recurrence, residuals_stay, several_kinds,
]  # fmt: skip
programs = pytest.mark.parametrize("program", [written(f) for f in PROGRAMS], ids=lambda program: program.__name__)


@programs
class TestPrograms:
    """Each program in every mode."""

    def test_values_and_derivatives(self, program):
        wanted = program(X, ROW)
        assert wanted.shape == (2, 3) or wanted.size
        out, _ = tg.vjp(program, X, ROW)
        np.testing.assert_allclose(out, wanted, rtol=1e-12)
        tg.check_grads(program, (X, ROW), order=2, modes=("fwd", "rev"))

    def test_backward(self, program):
        x, v = tg.tensor(X, requires_grad=True), tg.tensor(ROW, requires_grad=True)
        out = program(x, v)
        np.testing.assert_allclose(out.numpy(), program(X, ROW), rtol=1e-12)
        out.backward(np.cos(out.numpy()), retain_graph=True)
        _, pullback = tg.vjp(program, X, ROW)
        for leaf, wanted in zip((x, v), pullback(np.cos(out.numpy()))):
            np.testing.assert_allclose(0 * leaf.numpy() if leaf.grad is None else leaf.grad.numpy(), wanted, rtol=1e-12)

    def test_create_graph(self, program):
        def first(x, v):
            return np.sum(np.sin(program(x, v)))

        x, v = tg.tensor(X, requires_grad=True), tg.tensor(ROW, requires_grad=True)
        first(x, v).backward(create_graph=True)
        gradient = x.grad
        if gradient is None or not gradient.requires_grad:
            return
        x.zero_grad(), v.zero_grad()
        np.sum(gradient * gradient).backward()
        wanted = tg.grad(lambda x, v: np.sum(tg.grad(first)(x, v) ** 2), argnums=(0, 1))(X, ROW)
        for leaf, each in zip((x, v), wanted):
            np.testing.assert_allclose(0 * leaf.numpy() if leaf.grad is None else leaf.grad.numpy(), each, atol=1e-12)

    def test_vmap(self, program):
        xs, vs = np.stack([X, X * 0.5 + 0.1, -X]), np.stack([ROW, ROW + 0.3, ROW * 2])
        try:
            found = tg.vmap(program)(xs, vs)
        except errors.EscapedValueError:
            pytest.skip("asks a batch for one value")
        np.testing.assert_allclose(found, np.stack([program(x, v) for x, v in zip(xs, vs)]), rtol=1e-12)
        one = tg.vmap(program, in_axes=(None, 0))(tg.tensor(X), vs)
        np.testing.assert_allclose(one.numpy(), np.stack([program(X, v) for v in vs]), rtol=1e-12)

    def test_jacobian_of_vmap(self, program):
        xs = np.stack([X, X * 0.5 + 0.1])
        f = lambda x: np.sum(program(x, ROW) ** 2)  # noqa: E731
        found = tg.vmap(tg.grad(f))(xs)
        np.testing.assert_allclose(found, np.stack([tg.grad(f)(x) for x in xs]), rtol=1e-10, atol=1e-12)

    def test_on_plain_values_and_constants(self, program):
        x, v = tg.tensor(X), tg.tensor(ROW)
        np.testing.assert_allclose(program(x, v).numpy(), program(X, ROW), rtol=1e-12)
        with tg.no_grad():
            x, v = tg.tensor(X, requires_grad=True), tg.tensor(ROW, requires_grad=True)
            np.testing.assert_allclose(program(x, v).numpy(), program(X, ROW), rtol=1e-12)

    def test_float32_stays(self, program):
        x, v = tg.tensor(X.astype("f4"), requires_grad=True), tg.tensor(ROW.astype("f4"), requires_grad=True)
        out = program(x, v)
        assert out.dtype == np.float32
        np.sum(out).backward()
        assert x.grad is None or x.grad.dtype == np.float32
        np.testing.assert_allclose(out.numpy(), program(X, ROW), rtol=2e-5, atol=2e-5)


def test_power_in_place():
    def program(x, v):
        y = x * 1
        y **= 2
        z = v * 1
        z **= y[0, 0]
        z **= 3
        y **= z[:1]
        return y

    tg.check_grads(program, (X, np.abs(ROW)), order=2)
    cube = lambda x: np.sum(_cubed(x))  # noqa: E731
    assert tg.grad(tg.grad(tg.grad(cube)))(0.0) == 6.0  # powers with a number are right at 0 too


def _cubed(x):
    y = x * 1
    y **= 3
    return y


def test_matmul_in_place():
    def program(x, w):
        y = x * 1
        y @= w
        y[0] @= w[:, :1] if False else w
        return y

    tg.check_grads(program, (X, np.outer(ROW, ROW) + 1), order=2)


def test_integer_operators():
    for name, other in {"iand": 6, "ior": 3, "ixor": 5, "ilshift": 2, "irshift": 1, "ifloordiv": 3, "imod": 4}.items():
        x, a = tg.tensor([12, 7, 9]), np.array([12, 7, 9])
        view = x[1:]
        change = getattr(operator, name)
        assert change(x, other) is x
        np.testing.assert_array_equal(x.numpy(), change(a, other))
        np.testing.assert_array_equal(view.numpy(), a[1:])


def test_floor_division_is_flat():
    x = tg.tensor([5.0, 7.0], requires_grad=True)
    y = x * 1
    y //= 2.0
    y.sum().backward()
    assert y.tolist() == [2.0, 3.0] and x.grad.tolist() == [0.0, 0.0]


def test_written_value_alone_has_a_history():
    w = tg.tensor(V, requires_grad=True)
    buffer = tg.tensor(np.zeros((2, 2)))
    view = buffer[1]
    buffer[1] = w * w
    assert buffer.requires_grad and view.requires_grad
    (view * 3).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), 6 * V)


def test_numbers_are_changed_too():
    x = tg.tensor(2.0, requires_grad=True)
    total = tg.tensor(0.0)
    alias, shown = total.detach(), total.reshape(1)
    for _ in range(3):
        total += x * x
    total[...] *= 2
    assert (total.item(), alias.item(), shown.tolist()) == (24.0, 24.0, [24.0])
    shown.backward()
    assert x.grad.item() == 24.0


# -- what shares memory -----------------------------------------------------------------------------------------------

SHARING = {
    "[1]": lambda x: x[1],
    "[0, 1]": lambda x: x[0, 1],
    "[0, ..., 1]": lambda x: x[0, ..., 1],
    "[:, 1:]": lambda x: x[:, 1:],
    "[::-1, ::2]": lambda x: x[::-1, ::2],
    "[None]": lambda x: x[None, ..., None],
    "[()]": lambda x: x[()],
    "[array]": lambda x: x[np.array([0, 1])],
    "[:, list]": lambda x: x[:, [0, 2]],
    "[mask]": lambda x: x[x > -9],
    "reshape": lambda x: x.reshape(3, 2),
    "reshape copy": lambda x: np.reshape(x, (3, 2), copy=True),
    "reshape F": lambda x: np.reshape(x, (3, 2), order="F"),
    "T": lambda x: x.T,
    "T.reshape": lambda x: x.T.reshape(-1),
    "T.reshape F": lambda x: np.reshape(x.T, -1, order="F"),
    "transpose": lambda x: x.transpose(1, 0),
    "ravel": lambda x: x.ravel(),
    "T.ravel": lambda x: x.T.ravel(),
    "[::2].ravel": lambda x: x[0, ::2].ravel(),
    "[::2].reshape": lambda x: x[0, ::2].reshape(2, 1),
    "flatten": lambda x: x.flatten(),
    "copy": lambda x: x.copy(),
    "T.copy.reshape": lambda x: x.T.copy().reshape(-1),
    "astype": lambda x: x.astype(float),
    "astype copy=False": lambda x: x.astype(float, copy=False),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "squeeze": lambda x: x[None].squeeze(),
    "flip": lambda x: np.flip(x),
    "rot90": lambda x: np.rot90(x),
    "roll": lambda x: np.roll(x, 1),
    "diagonal": lambda x: x.diagonal(),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 2, 3)),
    "T broadcast_to": lambda x: np.broadcast_to(x.T, (2, 3, 2)),
    "atleast_3d": lambda x: np.atleast_3d(x),
    "split": lambda x: np.split(x, [1], axis=1)[1],
    "array_split": lambda x: np.array_split(x, 2, axis=1)[0],
    "iteration": lambda x: list(x)[1],
    "real": lambda x: x.real,
    "imag": lambda x: x.imag,
    "conj": lambda x: np.conj(x),
    "positive": lambda x: +x,
    "take": lambda x: np.take(x, [0], axis=0),
    "repeat": lambda x: np.repeat(x, 1),
    "tile": lambda x: np.tile(x, (1, 1)),
    "concatenate": lambda x: np.concatenate([x]),
    "array": lambda x: tnp.array(x),
    "asarray": lambda x: tnp.asarray(x),
    "where": lambda x: np.where(True, x, 0),
    "clip": lambda x: np.clip(x, -9, 9),
    "sort": lambda x: np.sort(x),
    "sum over nothing": lambda x: np.sum(x, axis=()),
}


@pytest.mark.parametrize("recorded", [False, True], ids=["constant", "recorded"])
@pytest.mark.parametrize("view", SHARING.values(), ids=SHARING)
@pytest.mark.parametrize("dtype", [float, complex])
def test_sharing_is_numpys(view, recorded, dtype):
    """A result sees a later write exactly where NumPy's result shares memory, and the other way round."""
    if dtype is complex and view is SHARING["[mask]"]:
        pytest.skip("complex numbers are not ordered")
    array = X.astype(dtype) if view is not SHARING["astype"] else X
    array = np.array(array)
    x = tg.tensor(array, requires_grad=recorded)
    y = (x * 1, array * 1)
    shown = [view(each) for each in y]
    for each in y:
        each[0] *= 3
        each[1, 2] = 7
    np.testing.assert_array_equal(shown[0].numpy() if isinstance(shown[0], tg.Tensor) else shown[0], shown[1])
    if not isinstance(shown[1], np.ndarray) or not shown[1].flags.writeable or shown[1].dtype.kind not in "fc":
        return
    for each in shown:
        each[...] += 1
    for a, b in zip((y[0], shown[0]), (y[1], shown[1])):
        np.testing.assert_array_equal(a.numpy(), b)


def test_a_slice_of_a_vector_is_a_view_and_an_element_is_not():
    x = tg.tensor([1.0, 2.0, 3.0])
    element, slice_ = x[0], x[:1]
    x += 10
    assert element.item() == 1.0 and slice_.tolist() == [11.0]


def test_writing_through_a_broadcast_view_is_refused():
    x = tg.tensor(V)
    wide = np.broadcast_to(x, (3, 2))
    with pytest.raises(errors.OperationError, match="read-only"):
        wide[0] = 1
    x += 1
    assert wide[2].tolist() == x.tolist()


def test_parts_of_complex_numbers():
    def program(a, b):
        z = a + 1j * b
        real, imag = np.real(z), np.imag(z)
        real[0] *= b[1]
        imag += a
        np.real(z[1])[...] = a[0] * b[1]
        np.imag(z.T)[0, 1] = 5
        return np.stack([np.real(z * z), np.imag(z * z)])

    a, b = X[:, :2], X[:, 1:]
    np.testing.assert_allclose(tg.vjp(program, a, b)[0], program(a, b))
    tg.check_grads(program, (a, b), order=2)
    stacked = np.stack([a, b]), np.stack([b, a])
    np.testing.assert_allclose(tg.vmap(program)(*stacked), np.stack([program(a, b), program(b, a)]))


def test_chains_and_overlaps_of_views():
    x = tg.tensor(np.arange(24.0).reshape(2, 3, 4), requires_grad=True)
    y = x * 1
    a, b = y[:, 1:], y[..., ::2]
    c, d = a.transpose(2, 0, 1)[1:3], b[0].T
    c *= 2
    d += 100
    a[:, 0] = b[:, 2, :1]
    z = np.arange(24.0).reshape(2, 3, 4)
    a_, b_ = z[:, 1:], z[..., ::2]
    c_, d_ = a_.transpose(2, 0, 1)[1:3], b_[0].T
    c_ *= 2
    d_ += 100
    a_[:, 0] = b_[:, 2, :1].copy()
    for mine, numpys in zip((y, a, b, c, d), (z, a_, b_, c_, d_)):
        np.testing.assert_array_equal(mine.numpy(), numpys)


# -- detached aliases, variables, recording off ------------------------------------------------------------


class TestDetached:
    def test_both_directions(self):
        x = tg.tensor(V, requires_grad=True)
        y = x * 2
        d = y.detach()
        d[0] = 10.0
        assert y.tolist() == [10.0, 2 * V[1]]
        y[1] = 20.0
        assert d.tolist() == [10.0, 20.0] and not d.requires_grad
        y.sum().backward()
        assert x.grad.tolist() == [2.0, 0.0]  # the write through the alias shows in no history

    def test_rules_see_the_values_of_their_time(self):
        x = tg.tensor(V, requires_grad=True)
        y = x * 2
        before = y * y
        y.detach()[...] = 5.0
        after = y * y
        (before + after).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * 2 * 2 * V + 2 * 2 * 5)

    def test_a_recorded_write_through_the_alias_concerns_the_alias_alone(self):
        x, w = tg.tensor(V, requires_grad=True), tg.tensor(V + 1, requires_grad=True)
        y = x * 2
        d = y.detach()
        part = d[:1]
        d *= w
        assert y.tolist() == d.tolist() and part.requires_grad
        (y.sum() + part.sum()).backward()
        np.testing.assert_allclose(x.grad.numpy(), [2, 2])
        np.testing.assert_allclose(w.grad.numpy(), [2 * V[0], 0])

    def test_of_variables(self):
        p = tg.tensor(V, requires_grad=True)
        p.detach()[0] = 3.0
        assert p.tolist() == [3.0, V[1]] and p.is_leaf and p.requires_grad
        (p * p).sum().backward()
        assert p.grad.tolist() == [6.0, 2 * V[1]]

    def test_inside_transforms(self):
        def f(x):
            y = x * 1
            d = y.detach()
            d *= 2  # values only
            y[0] = x[1]
            d += d.reshape(2, 1)[1]
            return np.sum(y * y) + np.sum(d)

        y0 = np.array([V[1], 2 * V[1]]) + 2 * V[1]
        assert np.isclose(tg.value_and_grad(f)(V)[0], np.sum(y0**2) + np.sum(y0))
        wanted = [0.0, 2 * y0[0] + 2 * y0[1]]
        np.testing.assert_allclose(tg.grad(f)(V), wanted)
        np.testing.assert_allclose([tg.jvp(f, (V,), (e,))[1] for e in np.eye(2)], wanted)
        np.testing.assert_allclose(tg.vmap(tg.grad(f))(np.stack([V, V])), [wanted, wanted])

    def test_not_a_number_does_not_spread(self):
        def f(x):
            y = x * np.nan
            y.detach()[...] = 1.0
            return np.sum(y)

        assert tg.jvp(f, (V,), (V,))[0] == 2.0


class TestVariables:
    def test_a_recorded_write_moves_on_from_the_variable(self):
        """`.grad` is the derivative with respect to the values at the time it became a variable."""
        x = tg.tensor(V, requires_grad=True)
        x *= x
        x += 1
        assert not x.is_leaf
        (3 * x).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 6 * V)

    def test_an_unrecorded_write_leaves_the_variable(self):
        x = tg.tensor(V, requires_grad=True)
        with tg.no_grad():
            x[0] = 7.0
            x *= 2
        assert x.is_leaf and x.requires_grad
        (x * x).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * x.numpy())

    def test_views_of_variables(self):
        p = tg.tensor(X, requires_grad=True)
        row = p[0]
        with tg.no_grad():
            p[0] -= 1
            p.T[0] *= 2
        np.testing.assert_allclose(row.numpy(), p.numpy()[0])
        row *= 3
        assert not p.is_leaf
        p.sum().backward()
        np.testing.assert_allclose(p.grad.numpy(), [[3, 3, 3], [1, 1, 1]])

    def test_views_made_while_recording_is_off_are_detached(self):
        x = tg.tensor(V, requires_grad=True)
        y = x * 2
        with tg.no_grad():
            view = y[:1]
        view *= 10
        assert y.tolist() == [20 * V[0], 2 * V[1]]
        y.sum().backward()
        assert x.grad.tolist() == [2.0, 2.0]
        w = tg.tensor([4.0], requires_grad=True)
        view *= w
        assert view.requires_grad and y.tolist()[0] == view.tolist()[0]
        view.backward()
        np.testing.assert_allclose(w.grad.numpy(), [20 * V[0]])

    def test_becoming_a_variable_starts_a_history_of_its_own(self):
        c = tg.tensor(X)
        row, whole = c[0], c[:]
        row.requires_grad = True
        later = row[1:]
        later *= 2  # recorded
        assert later.requires_grad and not whole.requires_grad and whole.tolist() == c.tolist()
        np.testing.assert_allclose(c.numpy()[0], X[0] * [1, 2, 2])
        row.sum().backward()
        assert row.grad.tolist() == [1.0, 2.0, 2.0]
        row.zero_grad()
        x = tg.tensor(V, requires_grad=True)
        view = x[:1]
        x.requires_grad = False
        x *= 5
        assert view.tolist() == [5 * V[0]] and view.requires_grad and not x.requires_grad

    def test_no_grad_write_of_recorded_values(self):
        x, w = tg.tensor(V, requires_grad=True), tg.tensor(V, requires_grad=True)
        y = x * 2
        with tg.no_grad():
            y += w
        y.sum().backward()
        assert x.grad.tolist() == [2.0, 2.0] and w.grad is None


# -- memory -----------------------------------------------------------------------------------------------------------


class TestMemory:
    def test_a_training_step_allocates_no_parameters(self):
        p = tg.tensor(np.ones(1000), requires_grad=True)
        where, array = address(p), id(p._value)
        for _ in range(3):
            (p * p).sum().backward()
            with tg.no_grad():
                p -= 0.1 * p.grad
                p.grad[:] = 0
                p *= 0.9
                p[10:20] += 1
        assert (address(p), id(p._value)) == (where, array)
        np.multiply(p.detach(), 2, out=p.detach())
        assert address(p) == where

    def test_a_step_with_views_about(self):
        p = tg.tensor(np.ones((100, 10)), requires_grad=True)
        where, rows = address(p), list(p.detach())
        with tg.no_grad():
            p -= 0.5
            rows[3] += 1
        assert address(p) == where and p[3, 0].item() == 1.5 and rows[4].tolist() == [0.5] * 10

    def test_copy_on_write_where_somebody_needs_the_old_values(self):
        p = tg.tensor(V, requires_grad=True)
        loss = (p * p).sum()
        snapshot, where = p.numpy(), address(p)
        with tg.no_grad():
            p *= 3
        assert address(p) != where and snapshot.tolist() == V.tolist()
        loss.backward()
        np.testing.assert_allclose(p.grad.numpy(), 2 * V)

    def test_recorded_writes_in_place(self):
        y = tg.tensor(np.ones(100), requires_grad=True) * 2
        where = address(y)
        y[3] = 5.0
        y += 1
        y *= 2
        y[10:20] -= y[:10]
        y[1:] = y[:-1]
        assert address(y) == where
        z = np.exp(y)  # whose rule reads its result
        inside = address(z)
        z += 1
        assert address(z) != inside

    def test_old_contents_that_a_rule_reads_are_kept(self):
        x, w = tg.tensor(V, requires_grad=True), tg.tensor(V + 2, requires_grad=True)
        y = x * 2
        y *= w
        y *= y.detach()
        y.sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * (V + 2) * 2 * V * (V + 2))
        np.testing.assert_allclose(w.grad.numpy(), 2 * V * 2 * V * (V + 2))

    def test_gradients_share_no_memory(self):
        x, y = tg.tensor(V, requires_grad=True), tg.tensor(V, requires_grad=True)
        g = np.ones(2)
        (x + y).backward(g)
        x.grad[:] = 0
        x.grad += 5
        y.grad *= 0.5
        assert (x.grad.tolist(), y.grad.tolist(), g.tolist()) == ([5, 5], [0.5, 0.5], [1, 1])
        x.zero_grad(), y.zero_grad()
        (x + y).sum().backward(create_graph=True)
        x.grad[0] = 9
        assert y.grad.tolist() == [1, 1]
        seed = tg.tensor([1.0, 1.0])
        _, pullback = tg.vjp(lambda x: x, tg.tensor(V))
        (ct,) = pullback(seed)
        ct += 1
        assert seed.tolist() == [1, 1]

    def test_arrays_lent_to_a_tensor_are_locked(self):
        a = np.array([1.0, 2.0])
        x = tg.tensor(a, copy=False)
        with pytest.raises(ValueError, match="read-only"):
            a[0] = 5
        x += 1
        assert a.tolist() == [1, 2] and x.tolist() == [2, 3]

    def test_what_leaves_is_read_only(self):
        x = tg.tensor(V)
        for array in (x.numpy(), np.asarray(x), np.array(x, copy=False)):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 5
        mine = np.array(x)
        mine[0] = 5
        assert x.tolist() == V.tolist()

    def test_nothing_is_left_behind(self):
        gc.disable()
        try:
            x = tg.tensor(X, requires_grad=True)
            y = x * 1
            views = [y[0], y.T, y.detach()]
            for view in views:
                view *= 2
            refs = [weakref.ref(each) for each in (*views, y)]
            del view, views, y
            assert [ref() for ref in refs] == [None] * 4
            assert sharers(x) == [x]
        finally:
            gc.enable()

    def test_many_short_lived_views(self):
        x = tg.tensor(np.zeros((50, 2)), requires_grad=True)
        y = x * 1
        kept = y[0]
        for i in range(500):
            y[i % 50] += 1.0
        assert len(alias_of(y).storage.members) < 40
        assert kept.tolist() == [10.0, 10.0]

    def test_cotangents_that_hooks_saw_are_not_changed(self):
        x = tg.tensor(np.ones(4), requires_grad=True)
        y, seen = x * 1, []
        for i in range(4):
            y[i] = float(i)
            y.register_hook(seen.append)
        y.sum().backward(retain_graph=True)
        assert [each.tolist() for each in seen] == [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
        assert x.grad.tolist() == [0, 0, 0, 0]

    def test_time_is_linear_in_the_number_of_writes(self):
        x = tg.tensor(np.ones(20_000), requires_grad=True)
        y = x * 1
        where = address(y)
        for i in range(1, 20_000):
            y[i] = y[i - 1] * 0.5 + y[i]
        assert address(y) == where
        y[-1].backward()
        np.testing.assert_allclose(x.grad.numpy()[-3:], [0.25, 0.5, 1.0])


# -- transforms do not change what the caller gave ------------------------------------------------------------


def test_the_callers_arrays_stay():
    def f(x):
        x += 1
        x[0] *= 2
        return np.sum(x * x)

    array, x = np.array(V), tg.tensor(V)
    stacked = np.stack([V, V])
    for given in (array, x):
        tg.grad(f)(given)
        tg.value_and_grad(f)(given)
        tg.jvp(f, (given,), (given,))
        tg.vjp(f, given)[1](1.0)
        tg.jacobian(f)(given)
        tg.hessian(f)(given)
        tg.linearize(f, given)[1](given)
        np.testing.assert_array_equal(given if given is array else given.numpy(), V)
    tg.vmap(f)(stacked)
    tg.vmap(lambda x, y: f(x) + f(y), in_axes=(0, None))(tg.tensor(stacked), x)
    assert stacked.tolist() == [V.tolist()] * 2 and x.tolist() == V.tolist()


def test_a_pullback_is_not_changed_by_later_writes():
    x = tg.tensor(V)
    _, pullback = tg.vjp(lambda x: x * x, x)
    x *= 100
    np.testing.assert_allclose(pullback(tg.tensor([1.0, 1.0]))[0].numpy(), 2 * V)


def test_tensors_of_outer_transforms_are_taken_as_they_are():
    """What a transform holds of an outer one's Tensor does not follow later writes into that Tensor."""

    def f(x):
        y = x * 1
        inner = tg.vmap(lambda a: _after(a * y[0], y))(np.ones(3))
        return np.sum(inner) + np.sum(y)

    def _after(product, y):
        y *= 2
        return product

    x = tg.tensor(V, requires_grad=True)
    f(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [3 + 2, 2])


# -- errors -----------------------------------------------------------------------------------------------------------


class TestErrors:
    @pytest.fixture(params=["constant", "variable", "result", "with a view", "inside jvp"])
    def target(self, request):
        x = tg.tensor(V, requires_grad=request.param in ("variable", "result", "with a view"))
        if request.param in ("result", "with a view"):
            x = x * 1
        if request.param == "with a view":
            self.view = x[:1]
        return x

    @pytest.mark.parametrize(
        "write",
        [
            lambda x: operator.iadd(x, np.ones(3)),
            lambda x: operator.iadd(x, np.ones((3, 2))),
            lambda x: x.__setitem__(slice(0, 1), np.ones(2)),
            lambda x: x.__setitem__(Ellipsis, tg.tensor(np.ones(3), requires_grad=True)),
            lambda x: x.__setitem__(np.array([True, True, False]), 1.0),
            lambda x: operator.imatmul(x, np.ones((2, 3))),
            lambda x: np.add(x, np.ones((2, 2)), out=x),
            lambda x: np.copyto(x, np.ones(3)),
        ],
    )
    def test_shapes_that_do_not_fit_change_nothing(self, target, write):
        node, where = target._node, address(target)
        with pytest.raises(errors.TetragradError, match=r"float64\[") as caught:
            write(target)
        assert isinstance(caught.value, (ValueError, IndexError))
        assert target.tolist() == V.tolist() and target._node is node and address(target) == where

    @pytest.mark.parametrize("index", [5, (0, 0), np.array([0, 7])], ids=repr)
    def test_places_that_are_not_there(self, target, index):
        with pytest.raises(IndexError, match="setitem"):
            target[index] = 1.0
        with pytest.raises(IndexError):
            np.add.at(target, index, 1.0)
        assert target.tolist() == V.tolist()

    def test_values_that_do_not_fit_into_the_dtype(self):
        x, z = tg.tensor([1, 2]), tg.tensor(V)
        w = tg.tensor(V, requires_grad=True)
        for write in (
            lambda: operator.iadd(x, 0.5),
            lambda: operator.itruediv(x, 2),
            lambda: operator.iadd(x, w),
            lambda: x.__setitem__(0, 1.5),
            lambda: x.__setitem__(0, w[0]),
            lambda: x.__setitem__(slice(None), V),
            lambda: x.fill(0.5),
            lambda: np.multiply(x, 0.5, out=x),
            lambda: np.add.at(x, [0], 0.5),
        ):
            with pytest.raises(errors.OperandTypeError, match=r"float64|int64"):
                write()
        for write in (lambda: operator.iadd(z, 1j), lambda: z.__setitem__(0, 1j)):
            with pytest.raises(errors.OperandTypeError, match="complex128"):
                write()
        assert x.tolist() == [1, 2] and z.tolist() == V.tolist()

    def test_integers_and_narrower_numbers_fit(self):
        x = tg.tensor(np.zeros(3, np.float32))
        x[0] = 3
        x[1] = np.float64(0.5)
        x[2] = True
        assert x.tolist() == [3, 0.5, 1] and x.dtype == np.float32
        counts = tg.tensor(np.zeros(2, np.uint8))
        counts[0] = 7
        counts += np.uint8(1)
        assert counts.tolist() == [8, 1] and counts.dtype == np.uint8

    def test_plain_arrays_would_lose_the_derivative(self):
        w, array = tg.tensor(V, requires_grad=True), np.zeros(2)

        def assign(array, value):
            array[0] = value

        for write in (
            lambda: assign(array, w[0]),
            lambda: assign(np.zeros(2, complex), w[0]),
            lambda: assign(np.zeros(2, int), w[0]),
            lambda: tg.jvp(lambda x: assign(np.zeros(1), x), (1.0,), (1.0,)),
        ):
            with pytest.raises((ValueError, errors.EscapedValueError)) as caught:
                write()
            error = caught.value.__cause__ or caught.value  # NumPy may put an error of its own on top
            assert isinstance(error, errors.EscapedValueError) and "item()" in str(error)
        for write in (
            lambda: array.__setitem__(Ellipsis, w),
            lambda: np.add(w, 1, out=array),
            lambda: np.sum(w, out=array[0]),
            lambda: np.add.at(array, [0], w[:1]),
            lambda: np.copyto(array, w),
            lambda: np.put(array, [0], w[:1]),
            lambda: operator.iadd(array, w),
        ):
            with pytest.raises(errors.EscapedValueError, match="derivative"):
                write()
        assert array.tolist() == [0, 0]
        with tg.no_grad():
            assign(array, w[0])
            np.add(w, 1, out=array)
        assert array.tolist() == (V + 1).tolist()

    def test_places_must_not_depend_on_the_example(self):
        def f(x, i):
            y = x * 1
            y[i] = 0.0
            return y

        with pytest.raises(errors.EscapedValueError, match="vmap"):
            tg.vmap(f)(np.stack([V, V]), np.array([0, 1]))
        found = tg.jvp(lambda x: f(x, np.argmax(x)), (V,), (np.ones(2),))
        assert found[0].tolist() == [0.0, V[1]] and found[1].tolist() == [0.0, 1.0]

    def test_values_of_a_transform_that_has_ended(self):
        kept = tg.tensor([0.0, 0.0])

        def f(x):
            kept[0] = x
            return x

        tg.jvp(f, (2.0,), (1.0,))
        with pytest.raises(errors.EscapedValueError, match="ended"):
            kept * 1
