"""The table is filled before tests are collected from it, and the shared checks report failed comparisons in full.

The environment variable HYPOTHESIS_PROFILE picks how many examples the state machines try: ``tests`` (the default, in
`make test`) or ``fuzz`` (in `make fuzz`).
"""

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("support.checks", "support.elementwise")

import tetragrad.ops  # noqa: E402, F401

_machines = {"deadline": None, "stateful_step_count": 30, "suppress_health_check": list(HealthCheck)}
settings.register_profile("tests", max_examples=300, **_machines)
settings.register_profile("fuzz", max_examples=5000, **_machines)
