"""Every error: its type, what its message names, and that every `.grad` is as it was before."""

from __future__ import annotations

import numpy as np
import pytest

import tetragrad as tg
import tetragrad.numpy as tnp
from tetragrad import errors
from tetragrad.core.primitive import TABLE
from tetragrad.families import Case, Real, general


@pytest.fixture
def x():
    """A variable that already has a gradient."""
    x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x * 5).sum().backward()
    return x


@pytest.fixture
def fails(x):
    """Run something that must raise this error with all of these words, leaving the gradient alone."""

    def check(error, function, *words):
        before = x.grad
        with pytest.raises(error) as caught:
            function()
        assert type(caught.value).__module__.startswith("tetragrad"), type(caught.value)
        for word in words:
            assert word in str(caught.value), f"{word!r} is not in {caught.value}"
        assert x.grad is before
        np.testing.assert_array_equal(x.grad.numpy(), 5)
        return caught.value

    return check


@pytest.fixture
def unruly():
    """An operation without rules."""

    def unruly(x):
        return x + 1

    yield general("unruly", unruly, sample=[Case(Real(0, 1)[3])])
    del TABLE["unruly"]


class TestBackward:
    def test_not_a_scalar(self, x, fails):
        fails(
            errors.NonScalarError, lambda: (x * x).backward(), "float64[3]", "3 elements", "gradient=", "(3,)", ".sum()"
        )

    def test_empty_is_not_a_scalar(self, x, fails):
        fails(errors.NonScalarError, lambda: (x[:0] * 2).backward(), "0 elements")

    @pytest.mark.parametrize("shape", [(2,), (4,), (1, 3), (3, 1), (), (1,)])
    def test_cotangent_of_wrong_shape(self, x, fails, shape):
        fails(errors.CotangentError, lambda: (x * x).backward(np.ones(shape)), str(shape), "(3,)", "backward")

    def test_complex_cotangent_of_a_real_value(self, x, fails):
        fails(
            errors.CotangentError,
            lambda: (x * x).backward(np.ones(3, complex)),
            "complex128",
            "float64",
            ".astype(float64)",
        )

    @pytest.mark.parametrize("cotangent", [["a", "b", "c"], np.array([None] * 3), "abc", {"a": 1}])
    def test_cotangent_that_is_no_number(self, x, fails, cotangent):
        fails(errors.CotangentError, lambda: (x * x).backward(cotangent))

    def test_python_numbers_and_integers_are_fine_cotangents(self, x):
        (x * 2).backward([1, 1, 1])
        np.testing.assert_array_equal(x.grad.numpy(), 7)

    def test_twice(self, x, fails):
        y = (x * x).sum()
        y.backward()
        x.grad = np.full(3, 5.0)
        fails(errors.FreedGraphError, y.backward, "retain_graph=True", "sum", "float64[]")

    def test_twice_through_a_shared_part(self, x, fails):
        shared = x * x
        (shared * 2).sum().backward()
        x.grad = np.full(3, 5.0)
        fails(errors.FreedGraphError, (shared * shared).sum().backward, "retain_graph=True", "multiply")

    def test_freed_partway_changes_no_gradient(self, x, fails):
        """Some variables could be reached; none is touched."""
        y = tg.tensor([1.0, 1.0, 1.0], requires_grad=True)
        used = x * x
        used.sum().backward()
        x.grad = np.full(3, 5.0)
        fails(errors.FreedGraphError, (y * 2 + used).sum().backward)
        assert y.grad is None

    def test_never_recorded(self, fails):
        fails(errors.NotRecordedError, tg.tensor(1.0).backward, "float64[]", "requires_grad=True")

    def test_computed_without_recording(self, x, fails):
        with tg.no_grad():
            y = (x * x).sum()
        fails(errors.NotRecordedError, y.backward, "no_grad")

    def test_detached(self, x, fails):
        fails(errors.NotRecordedError, x.sum().detach().backward)

    def test_a_rule_that_fails_changes_no_gradient(self, x, unruly, fails):
        y = tg.tensor([1.0, 1.0, 1.0], requires_grad=True)
        fails(errors.MissingRuleError, (y * unruly(x)).sum().backward, "unruly", "float64[3]", "reverse")
        assert y.grad is None

    def test_no_forward_rule(self, unruly, fails):
        fails(errors.MissingRuleError, lambda: tg.jvp(unruly, (np.ones(3),), (np.ones(3),)), "unruly", "forward")


class TestGradAttribute:
    @pytest.mark.parametrize("value", [np.ones(2), np.ones((3, 1)), 1.0])
    def test_wrong_shape(self, x, fails, value):
        fails(errors.CotangentError, lambda: setattr(x, "grad", value), "grad", "float64[3]")

    def test_wrong_dtype(self, x, fails):
        fails(
            errors.CotangentError, lambda: setattr(x, "grad", tg.tensor(np.ones(3, np.float32))), "float32", "float64"
        )


class TestDtypes:
    @pytest.mark.parametrize("data", [[1, 2], [True, False], 3, np.arange(3, dtype=np.uint8)])
    def test_integers_and_booleans_have_no_gradients(self, fails, data):
        name = np.asarray(data).dtype.name
        fails(errors.DifferentiableTypeError, lambda: tg.tensor(data, requires_grad=True), name, "float")
        fails(errors.DifferentiableTypeError, lambda: setattr(tg.tensor(data), "requires_grad", True), name)
        fails(errors.DifferentiableTypeError, lambda: tg.grad(lambda x: x.sum())(np.asarray(data)), name, "grad")
        fails(errors.DifferentiableTypeError, lambda: tg.vjp(lambda x: x, np.asarray(data)), name, "vjp")
        fails(errors.DifferentiableTypeError, lambda: tg.jvp(lambda x: x, (np.asarray(data),), (1.0,)), name, "jvp")

    @pytest.mark.parametrize("data", ["text", None, object(), {"a": 1.0}])
    def test_what_is_no_number(self, fails, data):
        fails(errors.TetragradError, lambda: tg.tensor(data), "tensor")

    def test_a_text_argument(self, fails):
        fails(errors.DifferentiableTypeError, lambda: tg.grad(lambda x: x)("text"), "grad")


class TestOperands:
    def test_shapes_that_do_not_fit(self, x, fails):
        fails(errors.ShapeError, lambda: x + np.ones(2), "add", "float64[3]", "float64[2]")
        fails(errors.ShapeError, lambda: np.ones((2, 2)) * x, "multiply", "float64[2, 2]", "float64[3]")
        fails(errors.ShapeError, lambda: x.reshape(2, 2), "reshape", "float64[3]")
        fails(errors.ShapeError, lambda: x @ np.ones(2), "float64[3]", "float64[2]")
        fails(
            errors.ShapeError,
            lambda: tnp.concatenate([x, np.ones((2, 2))]),
            "concatenate",
            "float64[3]",
            "float64[2, 2]",
        )

    def test_shapes_that_do_not_fit_inside_transforms(self, fails):
        for transform in (tg.grad, tg.vmap, lambda f: lambda x: tg.jvp(f, (x,), (x,))):
            fails(
                errors.ShapeError,
                lambda transform=transform: transform(lambda y: y[0] * y + np.ones(4))(np.ones((3, 3))),
                "add",
            )

    @pytest.mark.parametrize("other", ["text", None, object(), {}])
    def test_operands_of_foreign_types(self, x, fails, other):
        with pytest.raises(TypeError, match=r"add|unsupported"):
            x + other
        with pytest.raises(TypeError):
            other * x

    def test_index_out_of_range(self, x, fails):
        error = fails(errors.OperationError, lambda: x[7], "7", "float64[3]")
        assert isinstance(error, IndexError)

    def test_too_many_indices(self, x, fails):
        fails(errors.OperationError, lambda: x[0, 0], "float64[3]")

    def test_singular_matrix(self, fails):
        error = fails(
            errors.OperationError, lambda: tnp.linalg.inv(tg.tensor(np.zeros((2, 2)))), "inv", "float64[2, 2]"
        )
        assert isinstance(error, np.linalg.LinAlgError)

    def test_axis_out_of_range(self, x):
        with pytest.raises((errors.TetragradError, np.exceptions.AxisError), match="axis"):
            x.sum(axis=3)

    def test_numpy_function_without_a_rule(self, x, fails):
        fails(errors.MissingRuleError, lambda: np.spacing(x), "spacing", ".numpy()")
        fails(errors.MissingRuleError, lambda: np.bincount(x), "bincount", ".numpy()")

    def test_unsupported_arguments(self, x, fails):
        fails(errors.OperationError, lambda: np.add(x, 1, where=np.array([True, False, True])), "add", "where=", "out=")
        fails(errors.OperationError, lambda: np.add(x, 1, order="F"), "add", "order=")

    def test_plain_out_arrays_would_lose_the_derivative(self, x, fails):
        fails(errors.EscapedValueError, lambda: np.add(x, 1, out=np.zeros(3)), "add", "out=", "derivative")
        fails(errors.EscapedValueError, lambda: np.sum(x, out=np.zeros(())), "sum", "out=")

    def test_arrays_would_lose_the_derivative(self, x):
        with pytest.raises(errors.EscapedValueError, match=r"derivative"):
            np.asarray(x)

    def test_writing_into_an_array(self, x, fails):
        plain = np.zeros(3)
        fails(errors.EscapedValueError, lambda: plain.__setitem__(slice(None), x), "derivative")
        fails(errors.EscapedValueError, lambda: plain.__iadd__(x), "add", "out=")
        np.testing.assert_array_equal(plain, 0)

    def test_a_value_kept_from_inside_grad(self, fails):
        """It is a value like any other; only going backward from it is over."""
        kept = []
        tg.grad(lambda x: (kept.append(x * x), (kept[0] * 3).sum())[1])(np.ones(2))
        np.testing.assert_array_equal((kept[0] + 1).numpy(), 2)
        fails(errors.FreedGraphError, kept[0].sum().backward, "released")


class TestTransforms:
    def test_grad_of_an_array(self, fails):
        fails(errors.NonScalarError, lambda: tg.grad(lambda x: x * 2)(np.ones(3)), "float64[3]", "vjp", "jacobian")

    def test_grad_of_a_container(self, fails):
        fails(errors.NonScalarError, lambda: tg.grad(lambda x: (x, x))(1.0), "tuple")
        fails(errors.NonScalarError, lambda: tg.grad(lambda x: None)(1.0), "None")

    def test_grad_of_a_complex_value(self, fails):
        fails(errors.NonScalarError, lambda: tg.grad(lambda z: z * z)(1j), "complex128", "holomorphic")

    def test_argnums_out_of_range(self):
        for transform in (tg.grad, tg.value_and_grad, tg.jacobian, tg.hessian):
            with pytest.raises(TypeError, match="argnums=2"):
                transform(lambda x, y: x * y, argnums=2)(1.0, 2.0)

    def test_argnums_twice(self):
        for transform in (tg.grad, tg.jacobian):
            with pytest.raises(ValueError, match="twice"):
                transform(lambda x, y: x * y, argnums=(0, -2))(1.0, 2.0)

    def test_tangents(self, fails):
        x, f = np.ones(3), lambda x: x * 2
        fails(errors.CotangentError, lambda: tg.jvp(f, (x,), (np.ones(2),)), "(2,)", "(3,)", "jvp")
        fails(errors.CotangentError, lambda: tg.jvp(f, (x,), (x, x)), "jvp")
        fails(errors.CotangentError, lambda: tg.jvp(f, (x,), (np.ones(3, complex),)), "complex128", "float64")
        fails(errors.CotangentError, lambda: tg.jvp(f, x, x), "tuples")
        fails(errors.CotangentError, lambda: tg.jvp(f, ({"a": x},), ({"b": x},)), "dict")
        fails(errors.CotangentError, lambda: tg.linearize(f, x)[1](np.ones(2)), "(2,)", "(3,)")

    def test_cotangents(self, fails):
        _, pull = tg.vjp(lambda x: {"y": x * 2}, np.ones(3))
        fails(errors.CotangentError, lambda: pull({"y": np.ones(2)}), "(2,)", "(3,)")
        fails(errors.CotangentError, lambda: pull(np.ones(3)), "dict")
        fails(errors.CotangentError, lambda: pull({"z": np.ones(3)}))

    def test_vmap(self, fails):
        add = tg.vmap(lambda x, y: x + y)
        fails(errors.ShapeError, lambda: add(np.ones(3), np.ones(2)), "3", "2", "vmap")
        fails(errors.ShapeError, lambda: add(np.ones(3), 1.0), "axis 0", "()")
        fails(errors.ShapeError, lambda: tg.vmap(lambda x: x, in_axes=None)(np.ones(3)), "in_axes=None")
        fails(errors.ShapeError, lambda: tg.vmap(lambda x, y: x, in_axes=(0,))(1.0, 2.0), "in_axes")

    def test_has_aux_without_a_pair(self):
        with pytest.raises(TypeError, match="has_aux"):
            tg.grad(lambda x: x, has_aux=True)(1.0)

    def test_check_grads_reports(self, fails):
        def wrong(x):
            return x * tg.stop_gradient(x)

        fails(errors.GradientCheckError, lambda: tg.check_grads(wrong, (2.0,)), "fwd", "derivative", "difference")
        fails(errors.GradientCheckError, lambda: tg.check_grads(wrong, (2.0,), modes=("rev",)), "rev")


class TestHierarchy:
    @pytest.mark.parametrize(
        ("error", "base"),
        [
            (errors.NonScalarError, ValueError),
            (errors.CotangentError, ValueError),
            (errors.FreedGraphError, RuntimeError),
            (errors.NotRecordedError, RuntimeError),
            (errors.DifferentiableTypeError, TypeError),
            (errors.MissingRuleError, NotImplementedError),
            (errors.ShapeError, ValueError),
            (errors.EscapedValueError, RuntimeError),
            (errors.GradientCheckError, AssertionError),
        ],
    )
    def test_pythons_own_types_catch_them_too(self, error, base):
        assert issubclass(error, base)
