"""Writing in place. What a program means is what NumPy does with it in memory; gradients come from finite differences.

Each program here runs unchanged on NumPy arrays, which says what its values must be.
"""

from __future__ import annotations

import operator

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad import errors

X = np.array([[0.7, -1.2, 0.4], [1.5, 0.3, -0.8]])
ROW = np.array([0.6, 1.1, -0.9])
V = np.array([0.5, -1.3])


# -- programs ---------------------------------------------------------------------------------------------------------


def written(f):
    """A program: `f` writes into a copy of its first argument; its result is what `f` returns, or else the copy."""

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
    np.concatenate([v[:2], v[:1]], out=y[0])
    np.median(y, axis=0, out=y[1])


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
    np.nan_to_num(y[:1], copy=False, nan=1.0)
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
        out, _ = tg.vjp(program, X, ROW)
        np.testing.assert_allclose(out, program(X, ROW), rtol=1e-12)
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


WITH_OUT = {
    "sum": lambda np, x, out: np.sum(x, axis=0, out=out),
    "prod": lambda np, x, out: np.prod(x, 0, None, out),
    "mean": lambda np, x, out: np.mean(x, axis=0, out=out),
    "var": lambda np, x, out: np.var(x, axis=0, out=out),
    "std": lambda np, x, out: np.std(x, axis=0, out=out),
    "max": lambda np, x, out: np.max(x, axis=0, out=out),
    "min": lambda np, x, out: np.min(x, axis=0, out=out),
    "ptp": lambda np, x, out: np.ptp(x, axis=0, out=out),
    "median": lambda np, x, out: np.median(x, axis=0, out=out),
    "quantile": lambda np, x, out: np.quantile(x, 0.3, axis=0, out=out),
    "nansum": lambda np, x, out: np.nansum(x, axis=0, out=out),
    "cumsum": lambda np, x, out: np.cumsum(x[0], out=out),
    "cumprod": lambda np, x, out: np.cumprod(x[0], out=out),
    "clip": lambda np, x, out: np.clip(x[0], -0.5, 0.5, out=out),
    "round": lambda np, x, out: np.round(x[0], out=out),
    "take": lambda np, x, out: np.take(x, [0, 3, 5], out=out, mode="wrap"),
    "compress": lambda np, x, out: np.compress([False, True], x, axis=0, out=out[None])[0],
    "concatenate": lambda np, x, out: np.concatenate([x[0, :2], x[1, 1:2]], out=out),
    "stack": lambda np, x, out: np.stack([x[0, 0], x[1, 1], x[0, 2]], out=out),
    "einsum": lambda np, x, out: np.einsum("ij,ij->j", x, x, out=out),
    "outer": lambda np, x, out: np.outer(x[0, :1], x[1], out=out[None])[0],
    "trace": lambda np, x, out: np.trace(x[None] * x[:, None, :1], out=out),
}


UFUNCS_WITH_OUT = [name for name in dir(np) if isinstance(getattr(np, name), np.ufunc) and hasattr(tnp, name)]


@pytest.mark.parametrize("make", [tg.tensor, np.array])
@pytest.mark.parametrize("name", UFUNCS_WITH_OUT)
def test_elementwise_functions_with_out(name, make):
    ufunc, function = getattr(np, name), getattr(tnp, name)
    inputs = [np.array([[0.5, 0.7], [0.9, 0.2]]), np.array([[0.4, 0.3], [0.6, 0.8]])][: ufunc.nin]
    if "matmul" != name and not any([types[: ufunc.nin] == "d" * ufunc.nin for types in ufunc.types]):
        inputs[-1] = np.array([[1, 2], [3, 1]])  # integers for one or for all
        inputs[0] = inputs[0] if "d" in "".join(ufunc.types) else inputs[-1] + 4
    if "acosh" in name or "arccosh" in name:
        inputs = [1 + inputs[0]]
    wanted = ufunc(*inputs)
    parts = [wanted] if ufunc.nout == 1 else wanted
    outs = [make(np.zeros_like(part)) for part in parts]
    found = function(*[tg.tensor(x) for x in inputs], out=outs[0] if ufunc.nout == 1 else tuple(outs))
    for one, out, part in zip([found] if ufunc.nout == 1 else found, outs, parts):
        assert one is out
        np.testing.assert_allclose(np.asarray(out), part, rtol=1e-15)


def test_elementwise_functions_with_out_record():
    def program(x, v):
        y = x * 1
        tnp.multiply(y, v, out=y)
        tnp.sin(y[0], y[1])
        tnp.add(1, v, (y[0],))
        tnp.power(y, 2, out=y)
        return y

    def plain(x, v):
        return np.stack([(1 + v) ** 2, np.sin(x[0] * v) ** 2])

    np.testing.assert_allclose(tg.vjp(program, X, ROW)[0], plain(X, ROW))
    tg.check_grads(program, (X, ROW), order=2)


@pytest.mark.parametrize("call", WITH_OUT.values(), ids=WITH_OUT)
@pytest.mark.parametrize("face", [np, tnp], ids=["numpy", "tetragrad.numpy"])
def test_functions_with_out(face, call):
    def program(x, v):
        y = v * 1
        whole = y[:]
        call(face, x, y)
        return whole * y

    wanted = program(X, ROW)
    np.testing.assert_allclose(tg.vjp(program, X, ROW)[0], wanted)
    tg.check_grads(program, (X, ROW), order=1)
    plain = np.zeros(3)
    call(tnp, X, plain)
    np.testing.assert_allclose(plain * plain, wanted)


def test_positions_with_out():
    x, out = tg.tensor(X), tg.tensor(np.zeros(3, int))
    assert np.argmax(x, axis=0, out=out) is out and out.tolist() == np.argmax(X, axis=0).tolist()
    truth = tg.tensor(np.zeros(3, bool))
    assert tnp.any(x > 0.5, axis=0, out=truth) is truth and truth.tolist() == np.any(X > 0.5, axis=0).tolist()
    np.less(x[0], x[1], out=truth)
    assert truth.tolist() == (X[0] < X[1]).tolist()


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
        y[0] @= w
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
