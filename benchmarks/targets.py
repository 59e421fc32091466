"""The ratios that the project promises, and the verdict on a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """The time of `subject` on `workload` is at most `limit` times the time of `peer`."""

    workload: str
    peer: str
    limit: float
    subject: str = "tetragrad"


TARGETS = [
    Target("multiply", "torch", 0.5),
    Target("dot", "torch", 0.5),
    Target("dot", "paddle", 0.9),
    Target("chain_100", "torch", 0.5),
    Target("control_flow", "torch", 0.4),
    Target("large_step", "torch", 0.8),
    Target("elementwise_4m", "torch", 0.85),
    Target("import", "numpy", 1.5),
    Target("multiply", "tetragrad", 1.25, "tetragrad.torch"),
    Target("multiply", "torch", 0.5, "tetragrad.torch"),
    Target("dot", "torch", 0.5, "tetragrad.torch"),
    Target("chain_100", "torch", 0.5, "tetragrad.torch"),
    Target("control_flow", "torch", 0.4, "tetragrad.torch"),
    Target("large_step", "torch", 0.8, "tetragrad.torch"),
    Target("elementwise_4m", "torch", 0.85, "tetragrad.torch"),
    Target("dot", "paddle", 0.9, "tetragrad.paddle"),
    Target("dot", "tensorflow", 0.1, "tetragrad.tensorflow"),
    Target("control_flow", "tensorflow", 0.1, "tetragrad.tensorflow"),
]


def judge(results: dict[str, Any]) -> list[dict[str, Any]]:
    """For each target the measured ratio subject / peer and whether it is met (None: not measured).

    The best times decide: what else runs on the machine can only add to a time. The median is shown beside them.
    """
    verdicts = []
    for target in TARGETS:
        measured = results.get(target.workload, {})
        subject, peer = measured.get(target.subject, {}), measured.get(target.peer, {})
        best, middle = [
            subject[key] / peer[key] if key in subject and key in peer else None for key in ("best_ratio", "ratio")
        ]
        verdicts.append(
            {
                "subject": target.subject,
                "workload": target.workload,
                "peer": target.peer,
                "limit": target.limit,
                "best": best,
                "median": middle,
                "met": None if best is None else best <= target.limit,
            }
        )
    return verdicts
