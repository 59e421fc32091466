"""Everything that these tests compile is checked: the graph after each pass, and that no kernel leaves its arrays."""

import functools

import pytest

from tetragrad.compile import plan

_build = plan.build


@pytest.fixture(autouse=True)
def checked(monkeypatch):
    monkeypatch.setattr(plan, "build", functools.partial(_build, check=True))
