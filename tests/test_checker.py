"""The checks of the table are themselves checked: rows with planted faults, which they must reject."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from support.checks import MODES
from support.elementwise import check_form, check_special

from tetragrad.core.primitive import TABLE
from tetragrad.errors import MissingRuleError
from tetragrad.families import ZERO, Case, Complex, Real, elementwise, general, linear
from tetragrad.numpy.tensor import stop_gradient

add, multiply, sqrt, sign, transpose = [TABLE[name].door for name in ("add", "multiply", "sqrt", "sign", "transpose")]

LINE = Real(-2, 2)
PLANE = Real(-2, 2, complex=True)
MATRIX = [Case(LINE[2, 3]), Case(LINE[3, 2])]


@pytest.fixture
def plant():
    """Add a faulty row to the table for the length of one test."""
    before = set(TABLE)
    yield lambda door: door.primitive
    for name in set(TABLE) - before:
        del TABLE[name]


def check(row, mode, dtype="float64"):
    MODES[mode](row, dtype)


def rejects(row, *modes, dtype="float64"):
    for mode in modes:
        with pytest.raises(AssertionError, match="planted"):
            check(row, mode, dtype)


def accepts(row, *modes, dtype="float64"):
    for mode in modes or MODES:
        check(row, mode, dtype)


def tanh(*partials, sample=LINE):
    return elementwise("planted", np.tanh, partials, sample=sample)


def turn(*, vjp, jvp=None, value=np.transpose, batch=None):
    """A transposition as a general row, with rules to spoil."""

    def planted(x):
        return value(x)

    return general(
        "planted", planted, jvps=[jvp or (lambda t: transpose(t, axes=(1, 0)))], vjps=[vjp], batch=batch, sample=MATRIX
    )


def turned(g):
    return transpose(g, axes=(1, 0))


# --- what is right passes ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
def test_right_row_passes(plant, dtype):
    accepts(plant(tanh(lambda out: 1 - out * out, sample=Real(-1, 1, complex=True))), dtype=dtype)


def test_right_general_row_passes(plant):
    accepts(plant(turn(vjp=turned)))


# --- wrong partial derivatives ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "partial",
    [
        pytest.param(lambda out: out * out - 1, id="sign"),
        pytest.param(lambda out: 2 * (1 - out * out), id="factor"),
        pytest.param(lambda out: 1 - out, id="power"),
        pytest.param(lambda out: 1 - 1.00001 * out * out, id="constant in the fifth digit"),
        pytest.param(lambda x: 1 - x * x, id="input instead of output"),
        pytest.param(lambda g: g, id="factor forgotten"),
        pytest.param(ZERO, id="zero"),
    ],
)
def test_wrong_partial(plant, partial):
    rejects(plant(tanh(partial)), "reverse", "forward")


def test_swapped_partials(plant):
    door = elementwise(
        "planted", np.divide, [lambda g, y, out: -(g * out / y), lambda g, y: g / y], sample=[LINE, Real(1, 2)]
    )
    rejects(plant(door), "reverse", "forward")


def test_one_partial_of_two_wrong(plant):
    rejects(
        plant(elementwise("planted", np.multiply, [lambda y: y, lambda y: y], sample=[LINE, LINE])),
        "reverse",
        "forward",
    )


def test_one_partial_of_two_taken_for_zero(plant):
    rejects(plant(elementwise("planted", np.multiply, [lambda y: y, ZERO], sample=[LINE, LINE])), "reverse", "forward")


def test_conjugation_where_none_belongs(plant):
    """The derivative of a holomorphic function enters without conjugation; real samples cannot tell."""
    row = plant(elementwise("planted", np.square, [lambda g, x: multiply(g, 2 * conjugate(x))], sample=PLANE))
    accepts(row, "reverse", "forward", dtype="float64")
    rejects(row, "reverse", "forward", dtype="complex128")


def conjugate(x):
    value = getattr(x, "_value", x)
    return np.conj(value)


# --- one mode right, the other wrong ----------------------------------------------------------------------------------
def test_forward_right_reverse_wrong(plant):
    row = plant(turn(vjp=lambda g: 2 * turned(g)))
    accepts(row, "value", "forward", "forward-over-forward")
    rejects(row, "reverse", "laws")


def test_reverse_right_forward_wrong(plant):
    row = plant(turn(vjp=turned, jvp=lambda t: -turned(t)))
    accepts(row, "value", "reverse", "reverse-over-reverse")
    rejects(row, "forward", "laws")


def test_wrong_transpose(plant):
    """Rolled back the wrong way: shapes fit, numbers do not."""

    def planted(x):
        return np.roll(x, 1, 0)

    row = plant(linear("planted", planted, [lambda g: planted_roll(g)], sample=[Case(LINE[3])]))
    accepts(row, "value", "forward")
    rejects(row, "reverse", "laws")


def planted_roll(g):
    return g[[2, 0, 1]]


def test_not_linear_at_all(plant):
    """A row of the linear family that is affine."""

    def planted(x):
        return x + 1.0

    rejects(plant(linear("planted", planted, [lambda g: g], sample=[Case(LINE[3])])), "forward")


# --- wrong only at second order ---------------------------------------------------------------------------------------
def test_wrong_second_derivative_only(plant):
    """A saved value cut off from the graph: first derivatives are right, second ones are not."""
    row = plant(tanh(lambda out: 1 - stop_gradient(out) * out))
    accepts(row, "value", "reverse", "forward")
    rejects(row, "reverse-over-reverse", "forward-over-reverse", "reverse-over-forward", "forward-over-forward")


def test_second_derivative_wrong_in_one_nesting(plant):
    """The forward rule alone forgets that its factor varies."""

    def planted(x):
        return x * x

    row = plant(
        general(
            "planted", planted, vjps=[lambda g, x: g * x * 2], jvps=[lambda t, x: t * stop_gradient(x) * 2],
            sample=[Case(LINE[3])],
        )
    )  # fmt: skip
    accepts(row, "reverse", "forward", "reverse-over-reverse", "forward-over-reverse")
    rejects(row, "reverse-over-forward", "forward-over-forward", "laws")


# --- shapes and dtypes ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["0d*3", "3*2x3", "3x1*1x4", "1*0"])
def test_missing_unbroadcast(plant, form):
    row = plant(elementwise("planted", np.multiply, [lambda y: y, lambda x: x], sample=[LINE, LINE]))
    row.vjp = lambda g, residuals, parents: (g * residuals[1], g * residuals[0])
    accepts(row, "reverse")
    with pytest.raises(AssertionError, match="shape"):
        check_form(row, "float64", form)


def test_cotangent_of_wrong_shape(plant):
    rejects(plant(turn(vjp=lambda g: g)), "reverse")


def test_float64_leak_in_cotangent(plant):
    """The families bring cotangents back to their variables' dtypes; here one does not."""
    row = plant(turn(vjp=turned))
    row.vjp = lambda g, residuals, parents: (turned(g) * np.float64(1),)
    accepts(row, "value", "reverse", "forward", dtype="float64")
    rejects(row, "reverse", dtype="float32")


def test_float64_leak_in_tangent(plant):
    row = plant(turn(vjp=turned, jvp=lambda t: turned(t) * np.float64(1)))
    accepts(row, "value", "reverse", "forward", dtype="float64")
    rejects(row, "forward", dtype="float32")


def test_float64_leak_in_value(plant):
    def planted(x):
        return x * np.float64(2)

    rejects(plant(elementwise("planted", planted, [lambda g: 2 * g], sample=LINE)), "value", dtype="float32")


def test_rule_computed_in_low_precision(plant):
    row = plant(tanh(lambda out: 1 - out.astype(np.float16) * out))
    rejects(row, "reverse", dtype="float64")


# --- values, memory, batching -----------------------------------------------------------------------------------------
def test_recorded_value_differs(plant):
    """The operator that stands in for the ufunc on NumPy scalars is another one."""
    row = plant(elementwise("planted", np.add, [lambda g: g, lambda g: g], operator=operator.mul, sample=[LINE, LINE]))
    with pytest.raises(AssertionError, match="planted"):
        check_form(row, "float64", "0d*0d")


def test_value_that_looks_at_memory_order(plant):
    row = plant(turn(vjp=turned, value=lambda x: x.ravel(order="K").reshape(x.shape).T))
    accepts(row, "value", "reverse")
    rejects(row, "layouts")


def test_value_changes_its_input(plant):
    def planted(x):
        x += 1
        return x * 2

    rejects(plant(elementwise("planted", planted, [lambda g: 2 * g], sample=LINE)), "value")


def test_rule_changes_its_cotangent(plant):
    def partial(g):
        g *= 2
        return g

    def planted(x):
        return x * 2

    rejects(plant(elementwise("planted", planted, [partial], sample=LINE)), "reverse", "forward")


def test_rule_changes_a_saved_input(plant):
    def partial(g, x):
        x *= 2
        return g * x

    rejects(plant(elementwise("planted", np.square, [partial], sample=LINE)), "reverse")


def test_batch_rule_forgets_that_its_input_may_be_shared(plant):
    def batch(args, batched, size, params):
        return add(args[0], args[1])

    row = plant(elementwise("planted", np.multiply, [lambda y: y, lambda x: x], sample=[LINE, LINE]))
    row.batch = batch
    accepts(row, "reverse", "forward")
    rejects(row, "vmap")


def test_batch_rule_on_the_wrong_axis(plant):
    def batch(args, batched, size, params):
        return transpose(args[0], axes=(1, 2, 0))

    rejects(plant(turn(vjp=turned, batch=batch)), "vmap")


# --- special points ---------------------------------------------------------------------------------------------------
def test_nan_at_a_special_point(plant):
    row = plant(elementwise("planted", np.square, [lambda g, x: 2 * g * x * x / x], sample=Real(1, 2, special=(0.0,))))
    accepts(row, "reverse", "forward")
    with pytest.raises(AssertionError, match="planted"):
        check_special(row, "float64")


def test_wrong_at_a_special_point(plant):
    def factor(x):
        return 2 * x + (x == 0.0)

    row = plant(elementwise("planted", np.square, [factor], sample=Real(1, 2, special=(0.0,))))
    accepts(row, "reverse", "forward")
    with pytest.raises(AssertionError, match="planted"):
        check_special(row, "float64")


def test_second_derivative_nan_at_a_special_point(plant):
    """Right at first order, 0 * inf at second: 2 sign(x) sqrt(x * x)."""
    row = plant(
        elementwise("planted", np.square, [lambda x: 2 * sign(x) * sqrt(x * x)], sample=Real(1, 2, special=(0.0,)))
    )
    accepts(row, "reverse", "forward", "reverse-over-reverse")
    with pytest.raises(AssertionError, match="second derivative"):
        check_special(row, "float64")


def test_slope_outside_the_kink(plant):
    row = plant(
        elementwise(
            "planted", np.abs, [lambda x: (x > 0) * 2.0 - 1 + 3 * (x == 0.0)], sample=Real(1, 2, special=(0.0,))
        )
    )
    accepts(row, "reverse", "forward")
    with pytest.raises(AssertionError, match="planted"):
        check_special(row, "float64")


# --- nothing is drawn near a kink -------------------------------------------------------------------------------------
def test_a_row_without_smooth_points_is_refused(plant):
    def planted(x):
        return np.floor(x * 1e5)

    with pytest.raises(AssertionError, match="no smooth point"):
        check(plant(elementwise("planted", planted, [ZERO], sample=LINE)), "reverse")


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_missing_rule(plant, mode):
    def planted(x):
        return x + 1

    row = plant(general("planted", planted, sample=[Case(LINE[3])]))
    with pytest.raises(MissingRuleError, match="planted"):
        check(row, mode)


def test_complex_only_sample(plant):
    accepts(plant(elementwise("planted", np.square, [lambda x: 2 * x], sample=Complex(-2, 2))), dtype="complex128")
