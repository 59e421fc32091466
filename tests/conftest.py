"""The table is filled before tests are collected from it, and the shared checks report failed comparisons in full.

The environment variable HYPOTHESIS_PROFILE picks how many examples the state machines try: ``tests`` (the default, in
`make test`) or ``fuzz`` (in `make fuzz`).
"""

import functools

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("support.checks", "support.elementwise")

import tetragrad.ops  # noqa: E402, F401

_machines = {"deadline": None, "stateful_step_count": 30, "suppress_health_check": list(HealthCheck)}
settings.register_profile("tests", max_examples=300, **_machines)
settings.register_profile("fuzz", max_examples=5000, **_machines)


@pytest.fixture(autouse=True)
def checked(request, monkeypatch):
    """What the compiler's tests compile is checked: the graph after each pass, and that no kernel leaves its arrays."""
    if "compile" in request.path.parts:
        from tetragrad.compile import plan

        monkeypatch.setattr(plan, "build", functools.partial(plan.build, check=True))


@pytest.fixture
def two_threads():
    """Large operations use a helper thread, however many cores there are."""
    import tetragrad as tg

    before = tg.threads()
    tg.threads(2)
    yield
    tg.threads(before)
