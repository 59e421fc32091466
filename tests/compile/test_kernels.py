"""Compiled rows and their derivatives agree with their graphs run on NumPy: every row of the table."""

from __future__ import annotations

import numpy as np
import pytest
from support.compiled import assert_agrees, graph_of, traced
from support.draw import calls, direction, dtypes_of, rng_for, rows

import tetragrad as tg

CASES = [pytest.param(row, dtype, id=f"{row.name}-{dtype}") for row in rows() for dtype in dtypes_of(row)]


@pytest.mark.parametrize(("row", "dtype"), CASES)
def test_row(row, dtype):
    for call in calls(row, dtype, "compiled"):
        assert_agrees(*graph_of(call))
        special = getattr(call.case.args[0], "special", ()) if len(call.case.args) == 1 else ()
        if special and row.family == "elementwise":
            x = np.array([*special, np.inf, -np.inf, np.nan, -0.0], call.args[0].dtype)
            assert_agrees(*graph_of(call.with_args([x])))


@pytest.mark.parametrize(("row", "dtype"), [case for case in CASES if case.values[1] == "float64"])
def test_derivatives(row, dtype):
    if not row.differentiable:
        pytest.skip("no derivative")
    for call in list(calls(row, dtype, "compiled"))[:2]:
        if not call.variables or call.case.before is not None:
            continue
        us = direction(rng_for(row.name, dtype, "u"), call.outputs)

        def reverse(*args, call=call, us=us):
            return list(tg.vjp(call.door, *args)[1](us))

        assert_agrees(*traced(reverse, *call.xs), factor=50)
