"""Writing in place: what is refused, and that it changes nothing."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import tetragrad as tg
from tetragrad import errors

V = np.array([0.5, -1.3])


def address(x):
    return x._value.__array_interface__["data"][0]


class TestErrors:
    @pytest.fixture(params=["constant", "variable", "result", "with a view"])
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

    def test_inside_transforms(self):
        def f(x):
            y = x * 1
            with pytest.raises(errors.ShapeError):
                y += np.ones(3)
            with pytest.raises(errors.ShapeError):
                y[...] = np.ones((2, 2))
            with pytest.raises(IndexError):
                y[7] = 1.0
            with pytest.raises(errors.OperandTypeError):
                y += 1j
            return np.sum(y * y)

        np.testing.assert_allclose(tg.grad(f)(V), 2 * V)
        assert tg.jvp(f, (V,), (V,))[1] == 2 * np.sum(V * V)
        np.testing.assert_allclose(tg.vmap(tg.grad(f))(V[None]), 2 * V[None])

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
