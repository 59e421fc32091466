"""Programs of all kinds on three variables: `x` of shape (3,), `a` of shape (3, 3), a number `s`; each gives a number.

They are for tests of what holds for any program, whatever it computes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import tetragrad as tg
import tetragrad.numpy as tnp

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def variables():
    """Fresh variables for a program."""
    return (
        tg.tensor([0.5, 0.8, 1.3], requires_grad=True),
        tg.tensor([[1.5, 0.2, 0.3], [0.1, 1.8, 0.2], [0.4, 0.3, 2.2]], requires_grad=True),
        tg.tensor(0.7, requires_grad=True),
    )


# --- elementwise ------------------------------------------------------------------------------------------------------
@program
def arithmetic(x, a, s):
    return ((x * 2 + s) / (x * x + 3) - x + s).sum()


@program
def powers(x, a, s):
    return (x**3 + x**0.5 + 2**x + x**s).sum()


@program
def waves(x, a, s):
    return (tnp.sin(x) * tnp.cos(x * s) + tnp.tan(0.1 * x)).sum()


@program
def exponentials(x, a, s):
    return (tnp.log(tnp.exp(x) + 1) * tnp.tanh(s * x) + tnp.sqrt(x)).sum()


@program
def choices(x, a, s):
    return (tnp.where(x > s, x * x, s * x) + tnp.maximum(x, s) - tnp.minimum(x, 1.0) + tnp.clip(x, 0.6, 1.0)).sum()


@program
def broadcasting(x, a, s):
    return ((a * x + s) * x[:, None] / (a + 1)).sum()


@program
def complex_numbers(x, a, s):
    z = x + 1j * (s * x)
    return (tnp.real(z * z) + tnp.abs(z)).sum()


@program
def single_precision(x, a, s):
    return (x.astype(np.float32) * 2 + 1).astype(np.float64).sum() * s


# --- reductions, shapes, indices --------------------------------------------------------------------------------------
@program
def sums(x, a, s):
    return a.sum(0).max() + a.mean() * s + a.sum(axis=1, keepdims=True).prod()


@program
def spread(x, a, s):
    return a.var() + x.std() + tnp.median(x) * s


@program
def softmax(x, a, s):
    z = a * s
    e = tnp.exp(z - z.max(axis=1, keepdims=True))
    return tnp.log((e / e.sum(1, keepdims=True))[tnp.arange(3), [0, 2, 1]]).mean()


@program
def running(x, a, s):
    return (tnp.cumsum(x) * tnp.cumprod(x)).sum() * s


@program
def sorting(x, a, s):
    return (tnp.sort(x * [1, -1, 1]) * [1, 2, 3]).sum() + a.max() - a.min() * s


@program
def items(x, a, s):
    return x[0] * x[1] + x[-1] * a[1, 2] + a[0][1] * s


@program
def slices(x, a, s):
    return (a[1:, ::2] * x[:2]).sum() + x[::-1][0] * s


@program
def indices(x, a, s):
    return (x[[0, 0, 2]] * a[[0, 1, 1], [2, 2, 0]]).sum() + x[x > s].sum()


@program
def many_items(x, a, s):
    total = 0.0
    for i in range(3):
        for j in range(3):
            total = total + a[i, j] * x[j]
    return total


@program
def shapes(x, a, s):
    return (a.T.reshape(9)[2:5] * x).sum() + tnp.expand_dims(x, 0).squeeze()[1] * s


@program
def joining(x, a, s):
    both = tnp.concatenate([x, a[0] * s])
    return (tnp.stack([both, both * 2]) ** 2).sum()


@program
def splitting(x, a, s):
    first, second, third = tnp.split(a * s, 3)
    return (first * second).sum() + third[0, 0]


@program
def unpacking(x, a, s):
    u, v, w = x
    return u * v - w * s + sum(row.sum() for row in a)


# --- linear algebra ---------------------------------------------------------------------------------------------------
@program
def products(x, a, s):
    return tnp.dot(x, a @ a @ x) + tnp.outer(x, x).sum() * s


@program
def contractions(x, a, s):
    return tnp.einsum("ij,jk,k->", a, a, x) + tnp.tensordot(a, a, 2) * s


@program
def solving(x, a, s):
    return (tnp.linalg.solve(a, x) * s).sum() + tnp.linalg.inv(a)[0, 1]


@program
def determinants(x, a, s):
    return tnp.linalg.det(a) + tnp.linalg.slogdet(a)[1] * s


@program
def decompositions(x, a, s):
    spd = a @ a.T + tnp.eye(3)
    return tnp.linalg.cholesky(spd).sum() + tnp.linalg.eigvalsh(spd)[0] * s


@program
def eigenvectors(x, a, s):
    values, vectors = tnp.linalg.eigh(a + a.T)
    return (values * vectors[0] ** 2).sum() * s


@program
def singular_values(x, a, s):
    return tnp.linalg.svd(a, compute_uv=False).sum() * s + tnp.linalg.norm(x)


# --- control flow -----------------------------------------------------------------------------------------------------
@program
def loop_until(x, a, s):
    y = x * 2
    while tnp.linalg.norm(y) < 100:
        y = y * 2 + s
    return (y * y).sum()


@program
def branches(x, a, s):
    y = x.sum()
    if y > 1:
        return y * s
    return y / s


@program
def recursion(x, a, s):
    return _power(x, 5).sum() * s


def _power(y, n):
    return y if n == 1 else _power(y, n // 2) * _power(y, n - n // 2)


@program
def early_exit(x, a, s):
    for _ in range(10):
        x = x * a[0, 0]
        if x[0] > 2:
            break
    else:
        return s * 0
    return x.sum()


@program
def diamonds(x, a, s):
    for _ in range(6):
        x = x * s + x
    return x.sum()


@program
def unused_results(x, a, s):
    y = x * 3
    tnp.exp(y)
    a @ x
    return (y * y).sum()


@program
def failed_attempt(x, a, s):
    y = x * x
    try:
        y = y + tnp.ones(7)
    except tg.errors.ShapeError:
        y = y * s
    return y.sum()


@dataclass
class State:
    position: object
    speed: object


@program
def simulation(x, a, s):
    state = State(x, x * 0)
    for _ in range(3):
        speed = state.speed - s * state.position * 0.1
        state = State(state.position + 0.1 * speed, speed)
    return (state.position**2).sum()


# --- what is recorded -------------------------------------------------------------------------------------------------
@program
def without_recording(x, a, s):
    with tg.no_grad():
        scale = (x * x).sum()
        with tg.enable_grad():
            y = x * scale
    return y.sum() * s


@program
def detached(x, a, s):
    return (x.detach() * x).sum() + (tg.stop_gradient(a) @ x).sum() * s


@program
def packed_arrays(x, a, s):
    with tg.saved_arrays_hooks(lambda saved: saved.tobytes(), lambda kept: np.frombuffer(kept)):
        y = x * x
    return (tnp.exp(s) * y).sum()


@program
def computed_again(x, a, s):
    return tg.checkpoint(lambda x, s: tnp.sin(x * s) * x, x, s).sum()


@program
def hooks(x, a, s):
    y = x * s
    y.register_hook(lambda g: g * 2)
    y.node.register_prehook(lambda g: g + 1)
    y.node.register_hook(lambda cotangents, g: (cotangents[0] * 3, None))
    return (y * y).sum()


# --- writing in place -------------------------------------------------------------------------------------------------
@program
def augmented(x, a, s):
    y = x * 1
    y += s
    y *= x
    y -= 0.5
    y /= s
    return (y * y).sum()


@program
def assigned(x, a, s):
    y = a * 1
    y[0, 0] = s
    y[1] = x
    y[1:, 1:] *= 2
    y[[0, 2], [1, 1]] = x[:2]
    return (y * y).sum()


@program
def through_views(x, a, s):
    y = a * 1
    row, column = y[0], y.T[1]
    row += x
    column *= s
    part = row[1:]
    part[:] = x[:2] * column[:2]
    return (y * y).sum() + row.sum()


@program
def through_shapes(x, a, s):
    y = a * s
    y.reshape(9)[::4] = x
    y.T[:2] += 1
    return (y**2).sum()


@program
def masks(x, a, s):
    y = x * x
    y[y > 0.5] = s
    tnp.copyto(y, x, where=y > 0.6)
    return (y * x).sum()


@program
def through_aliases(x, a, s):
    y = x * x
    alias = y.detach()
    alias[0] = 1.0
    y[1] = s
    return (y * y).sum()


@program
def other_writes(x, a, s):
    y = x * 1
    np.add.at(y, [0, 0, 1], s)
    np.add(y, x, out=y)
    z = x * s
    z.sort()
    w = x * 2
    w.fill(3.0)
    return (y * z + w).sum()


# --- transforms inside ------------------------------------------------------------------------------------------------
@program
def inner_gradient(x, a, s):
    value, gradient = tg.value_and_grad(lambda y: (y**3 * s).sum())(x)
    return (gradient * x).sum() + value


@program
def inner_hessian(x, a, s):
    return (tg.hessian(lambda y: (y**3).sum() + tnp.prod(y))(x[:2]) @ x[1:]).sum() * s


@program
def inner_jvp(x, a, s):
    value, tangent = tg.jvp(lambda y: tnp.sin(y) * s, (x,), (a[0],))
    return (value * tangent).sum()


@program
def inner_vmap(x, a, s):
    return tg.vmap(lambda row: tnp.dot(row, row) * s)(a).sum()


@program
def inner_mixture(x, a, s):
    gradients = tg.vmap(tg.grad(lambda row: tnp.dot(row, row) * s))(a)
    forward = tg.jvp(tg.grad(lambda y: (y**3).sum()), (x,), (x,))[1]
    return (gradients @ forward).sum()


@program
def inner_pullback(x, a, s):
    out, pullback = tg.vjp(lambda y, z: {"a": y * z, "b": (y**2).sum()}, x, s)
    first = pullback({"a": x, "b": s})
    second = pullback({"a": out["a"], "b": 1.0})
    return (first[0] * second[0]).sum() + first[1]


@program
def inner_products(x, a, s):
    def f(y):
        return (y**3 * s).sum()

    _, pushforward = tg.linearize(f, x)
    return pushforward(a[0]) + (tg.hvp(f, (x,), (a[1],)) * x).sum()
