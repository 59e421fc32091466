"""Writing in place: what shares memory, and what a write through a view, a detached alias or a variable means."""

from __future__ import annotations

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad import errors

X = np.array([[0.7, -1.2, 0.4], [1.5, 0.3, -0.8]])
V = np.array([0.5, -1.3])


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
    "astype": lambda x: x.astype(x.dtype),
    "astype copy=False": lambda x: x.astype(x.dtype, copy=False),
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
    array = X.astype(dtype)
    y = (tg.tensor(array, requires_grad=recorded) * 1, array * 1)
    shown = [view(each) for each in y]
    for each in y:
        each[0] *= 3
        each[1, 2] = 7
    np.testing.assert_array_equal(shown[0].numpy() if isinstance(shown[0], tg.Tensor) else shown[0], shown[1])
    if not isinstance(shown[1], np.ndarray) or not shown[1].flags.writeable:
        return
    for each in shown:
        each[...] += 1
    for a, b in zip((y[0], shown[0]), (y[1], shown[1])):
        np.testing.assert_array_equal(a.numpy(), b)


INSIDE = {
    "grad": lambda f: tg.vjp(f, X)[0],
    "jvp": lambda f: tg.jvp(f, (X,), (X,))[0],
    "vmap": lambda f: each_last(tg.vmap(f)(np.stack([X + 1, X]))),
    "vmap 1": lambda f: each_last(tg.vmap(f, in_axes=1)(np.stack([X + 1, X], axis=1))),
    "vmap 2": lambda f: each_last(tg.vmap(f, in_axes=2)(np.stack([X + 1, X], axis=2))),
    "vmap of vmap": lambda f: each_last(
        each_last(tg.vmap(tg.vmap(f, in_axes=-1), in_axes=1)(np.stack([np.stack([X + 1, X], axis=2)] * 2, axis=1)))
    ),
    "vmap of jvp": lambda f: each_last(
        tg.vmap(lambda x: tg.jvp(f, (x,), (x,))[0], in_axes=2)(np.stack([X + 1, X], axis=2))
    ),
}


def each_last(results):
    return [result[-1] for result in results]


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("view", SHARING)
def test_sharing_is_numpys_inside_transforms(view, inside):
    if view == "[mask]" and "vmap" in inside:
        pytest.skip("depends on the example")
    view, inside = SHARING[view], INSIDE[inside]

    def program(x):
        y = x * 1
        shown = view(y)
        y[0] *= 3
        y[1, 2] = 7
        if not can_be_written:
            return [y, shown * 1]
        shown[...] += 1
        return [y, shown]

    plain = view(X * 1)
    can_be_written = isinstance(plain, np.ndarray) and plain.flags.writeable
    for found, wanted in zip(inside(program), program(X)):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("inside", INSIDE.values(), ids=INSIDE)
@pytest.mark.parametrize("order", "CFAK")
@pytest.mark.parametrize("flat", [lambda y: y.reshape(-1), lambda y: y.T.reshape(-1), lambda y: y.ravel()])
@pytest.mark.parametrize("source", [lambda y: y, lambda y: y.T, lambda y: y[:, ::-2]], ids=["x", "T", "stepped"])
def test_copies_are_laid_out_as_numpys(source, flat, order, inside):
    """That decides what is a view of them."""

    def program(x):
        y = source(x * 1).copy(order)
        flat(y)[1:] *= 3
        return [y]

    (found,), (wanted,) = inside(program), program(X)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("recorded", [False, True], ids=["constant", "recorded"])
@pytest.mark.parametrize("part", [lambda x: x[::-2], lambda x: x[1:], lambda x: x[:2]])
@pytest.mark.parametrize(
    "index", [np.array([True, True, False]), np.array([True, False, True]), np.array([1, 2]), slice(None, 2), [-1, 0]]
)
def test_a_value_that_overlaps_its_place(index, part, recorded):
    """It is written as it was before. (NumPy itself forgets to copy it where the index is a mask.)"""
    array = np.array([1.0, 2.0, 3.0])
    x = tg.tensor(array, requires_grad=recorded) * 1
    x[index] = part(x)
    array[index] = part(array).copy()
    assert x.tolist() == array.tolist()


def test_writing_nothing_makes_no_history():
    x = tg.tensor(X, requires_grad=True)
    view = x.reshape(6)
    view[:0] += 1.0
    view.sum().backward()
    view = x.reshape(6)
    view[:] = 2.0  # would follow on the graph that is spent
    x.sum().backward()
    assert x.grad is None or x.grad.tolist() == np.ones((2, 3)).tolist()


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
