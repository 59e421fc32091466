"""Every row of the table in every dtype and mode."""

from __future__ import annotations

import pytest
from support.checks import MODES, modes_of
from support.draw import dtypes_of, rows

CASES = [
    pytest.param(row, dtype, mode, id=f"{row.name}-{dtype}-{mode}")
    for row in rows()
    for dtype in dtypes_of(row)
    for mode in modes_of(row)
]


@pytest.mark.parametrize(("row", "dtype", "mode"), CASES)
def test_row(row, dtype, mode):
    MODES[mode](row, dtype)
