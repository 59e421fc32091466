"""Every row of the table, compiled: its value and its derivatives agree with the eager ones."""

import numpy as np
import pytest
from support.draw import calls, direction, dtypes_of, rng_for, rows

import tetragrad as tg
from tetragrad.compile.compiled import compile

ULPS = 64  # of the largest element: sums may be added in another order


def assert_close(found, expected, what):
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape), what
    if found.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, expected, err_msg=what)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(found), finite, err_msg=what)
    np.testing.assert_array_equal(found[~finite], expected[~finite], err_msg=what)
    if finite.any():
        size = np.abs(expected[finite]).max()
        worst = np.abs(found[finite] - expected[finite]).max()
        assert worst <= ULPS * np.finfo(found.dtype).eps * size, f"{what}: {found} is not {expected}"


def modes(call, rng):
    """Functions that go through the row in every direction, with their arguments."""
    us = direction(rng, call.outputs)
    vs = direction(rng, call.xs)
    yield "value", lambda *args: call.through(call.row.door, args), call.args
    if call.outputs and call.xs:
        yield "reverse", lambda *xs: tg.vjp(call.door, *xs)[1](us), call.xs
        yield "forward", lambda *xs: tg.jvp(call.door, xs, vs)[1], call.xs


def result(f, xs):
    """What `f` gives, None where the row has no such rule."""
    try:
        with np.errstate(all="ignore"):
            return f(*xs)
    except tg.errors.MissingRuleError:
        return None


@pytest.mark.parametrize(
    ("row", "dtype"),
    [pytest.param(row, dtype, id=f"{row.name}-{dtype}") for row in rows() for dtype in dtypes_of(row)],
)
def test_row(row, dtype):
    """All example calls of a row are one program: compiling takes longer than running."""
    rng = rng_for(row.name, dtype, "compiled")
    work = [
        (f"{call} {mode}", f, args, expected)
        for call in calls(row, dtype, "compiled")
        for mode, f, args in modes(call, rng)
        if (expected := result(f, args)) is not None
    ]
    compiled = compile(lambda inputs: [f(*args) for (_, f, _, _), args in zip(work, inputs, strict=True)])
    with np.errstate(all="ignore"):
        found = compiled([list(args) for _, _, args, _ in work])
    assert "uncompiled" not in compiled.explain(), compiled.explain()
    for (what, _, _, expected), outs in zip(work, found, strict=True):
        for one, other in zip(outs, expected, strict=True):
            assert_close(one, other, what)
