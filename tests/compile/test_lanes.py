"""Kernels for vectors of other widths than this computer's, and rows that no vector divides."""

from __future__ import annotations

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad.compile import engine

RNG = np.random.default_rng(0)


def wave(x):
    return tnp.sum(tnp.tanh(x) * tnp.exp(-x * x) + tnp.sin(x), axis=-1)


def softmax(x):
    e = tnp.exp(x - tnp.max(x, axis=-1, keepdims=True))
    return e / tnp.sum(e, axis=-1, keepdims=True)


def pairs(x):
    x = tnp.reshape(x[..., : x.shape[-1] // 2 * 2], (*x.shape[:-1], -1, 2))
    return tnp.max(x, axis=-1) + tnp.repeat(tnp.min(x, axis=-1), 2, axis=-1)[..., ::2]


def columns(x):
    return tnp.cumsum(x, axis=0) + tnp.sum(x * x, axis=0) + tnp.argmax(x, axis=0)


def crossed(x):
    return (x[::-1, ::-1] * x) @ x.T + tnp.where(x > 0, x, 0).sum()


def gathered(x):
    return x[:, RNG_INDEX % x.shape[1]] + tnp.take_along_axis(x, tnp.argsort(x, axis=1), axis=1)[:, :1]


RNG_INDEX = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])


@pytest.fixture(params=[16, 32, 64])
def width(request, monkeypatch):
    monkeypatch.setattr(engine.host(), "vector_bytes", request.param)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 17, 32, 45, 130])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [wave, softmax, pairs, columns, crossed, gathered])
def test_rows_of_any_length(width, function, dtype, length):
    if function is pairs and length < 2:
        pytest.skip("no pair")
    x = RNG.normal(size=(5, length)).astype(dtype)
    wanted = function(x)
    found = tg.compile(function)(x)
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-5 if dtype == np.float32 else 1e-13, atol=1e-6)


@pytest.mark.parametrize("function", [wave, softmax, pairs])
def test_gradients(width, function):
    x = RNG.normal(size=(3, 45))

    def loss(x):
        return tnp.sum(tnp.sin(function(x)))

    np.testing.assert_allclose(tg.compile(tg.grad(loss))(x), tg.grad(loss)(x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n", [4, 4096, 5001, 100_003])
def test_long_rows(width, n):
    x = RNG.normal(size=n)
    value, gradient = tg.compile(tg.value_and_grad(wave))(x)
    wanted = tg.value_and_grad(wave)(x)
    np.testing.assert_allclose(value, wanted[0], rtol=1e-13)
    np.testing.assert_allclose(gradient, wanted[1], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.int64, np.bool_])
def test_integers(width, dtype):
    x = RNG.integers(0, 2 if dtype is np.bool_ else 100, (3, 37)).astype(dtype)

    def function(x):
        return tnp.where(x == 0, x, x[::-1]), x.sum(axis=1), tnp.maximum(x, x[:1]), tnp.argmax(x, axis=1)

    for found, wanted in zip(tg.compile(function)(x), function(x)):
        assert found.dtype == wanted.dtype and np.array_equal(found, wanted)


def test_complex_numbers(width):
    x = RNG.normal(size=(4, 21)) + 1j * RNG.normal(size=(4, 21))

    def function(x):
        return tnp.conj(x) * x.T[:21, :4].T + tnp.sum(x, axis=0), tnp.abs(x)

    for found, wanted in zip(tg.compile(function)(x), function(x)):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)
