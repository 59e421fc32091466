"""Elementwise rows on every form of array (0-d, empty, broadcast, strided, large, ...) and at their special points."""

from __future__ import annotations

import pytest
from support.draw import dtypes_of, rows
from support.elementwise import check_form, check_large, check_special, forms_of, has_special, is_elementwise

ROWS = [row for row in rows() if is_elementwise(row)]

FORMS = [
    pytest.param(row, dtype, form, id=f"{row.name}-{dtype}-{form}")
    for row in ROWS
    for dtype in dtypes_of(row)
    for form in forms_of(row)
]
SPECIAL = [
    pytest.param(row, dtype, id=f"{row.name}-{dtype}-special")
    for row in ROWS
    for dtype in ("float64", "float32")
    if has_special(row)
]


@pytest.mark.parametrize(("row", "dtype", "form"), FORMS)
def test_form(row, dtype, form):
    check_form(row, dtype, form)


@pytest.mark.parametrize(("row", "dtype"), SPECIAL)
def test_special_points(row, dtype):
    check_special(row, dtype)


@pytest.mark.parametrize("row", [row for row in ROWS if row.family == "elementwise"], ids=lambda row: row.name)
def test_large_arrays(row):
    check_large(row)
