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
    """Functions of the variables, and their arguments, that go through the row in every direction."""
    us = direction(rng, call.outputs)
    vs = direction(rng, call.xs)
    yield "value", call.door, tuple(call.xs)
    if call.outputs and call.xs:
        yield "reverse", lambda *xs: tg.vjp(call.door, *xs)[1](us), tuple(call.xs)
        yield "forward", lambda *xs: tg.jvp(call.door, xs, vs)[1], tuple(call.xs)


@pytest.mark.parametrize(
    ("row", "dtype"),
    [pytest.param(row, dtype, id=f"{row.name}-{dtype}") for row in rows() for dtype in dtypes_of(row)],
)
def test_row(row, dtype):
    rng = rng_for(row.name, dtype, "compiled")
    for call in calls(row, dtype, "compiled"):
        for mode, f, args in modes(call, rng):
            try:
                with np.errstate(all="ignore"):
                    expected = f(*args)
            except tg.errors.MissingRuleError:
                continue
            compiled = compile(f)
            with np.errstate(all="ignore"):
                found = compiled(*args)
            assert "uncompiled" not in compiled.explain(), f"{call} {mode}: {compiled.explain()}"
            for one, other in zip(found, expected, strict=True):
                assert_close(one, other, f"{call} {mode}")
