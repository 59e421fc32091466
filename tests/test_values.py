"""Every row's value against NumPy's or SciPy's function of that name, or against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from support.draw import calls, dtypes_of, rows
from support.reference import named, reference

CASES = [
    pytest.param(row, dtype, id=f"{row.name}-{dtype}")
    for row in rows()
    for dtype in dtypes_of(row)
    if reference(row) is not None
]


@pytest.mark.parametrize(("row", "dtype"), CASES)
def test_value(row, dtype):
    for call in calls(row, dtype, "reference"):
        found, expected = row.value(*call.args, **call.params), reference(row)(*call.args, **call.params)
        for part, want in zip(*[out if row.multi else [out] for out in (found, expected)], strict=True):
            rounding = 1e-5 if part.dtype in (np.float32, np.complex64) else 1e-12
            np.testing.assert_allclose(part, want, rtol=rounding, atol=rounding, err_msg=str(call))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_every_value_is_someone_elses_or_has_a_reference(row):
    assert reference(row) is not None or named(row.name) is row.value, (
        f"{row.name}: write its reference in support/reference.py"
    )
