"""The ratios that the project promises, and the verdict on a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """tetragrad's time on `workload` is at most `limit` times the time of `peer`."""

    workload: str
    peer: str
    limit: float


TARGETS = [
    Target("multiply", "torch", 0.5),
    Target("dot", "torch", 0.5),
    Target("dot", "paddle", 0.9),
    Target("chain_100", "torch", 0.5),
    Target("control_flow", "torch", 0.4),
    Target("large_step", "torch", 0.8),
    Target("elementwise_4m", "torch", 0.85),
    Target("import", "numpy", 1.5),
]


def judge(results: dict[str, Any]) -> list[dict[str, Any]]:
    """For each target the measured ratio tetragrad / peer and whether it is met (None: not measured).

    The best times decide: what else runs on the machine can only add to a time. The median is shown beside them.
    """
    verdicts = []
    for target in TARGETS:
        entry = results.get(target.workload, {}).get(target.peer, {})
        best, middle = [1 / entry[key] if key in entry else None for key in ("best_ratio", "ratio")]
        verdicts.append(
            {
                "workload": target.workload,
                "peer": target.peer,
                "limit": target.limit,
                "best": best,
                "median": middle,
                "met": None if best is None else best <= target.limit,
            }
        )
    return verdicts
