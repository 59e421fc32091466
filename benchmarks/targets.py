"""The ratios that the project promises, and the verdict on a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

EAGER, COMPILED = "tetragrad", "tetragrad-compiled"


@dataclass(frozen=True)
class Target:
    """What `subject` needs for `workload` is at most `limit` times what `peer` does, or `limit` itself.

    Attributes
    ----------
    workload, subject : str
    peer : str or None
        None for an absolute limit in seconds or bytes.
    limit : float
    measure : {'time', 'first_call', 'bytes'}
    """

    workload: str
    peer: str | None
    limit: float
    subject: str = EAGER
    measure: str = "time"


def _faster(workload: str, **times: float) -> list[Target]:
    """The compiled form is so many times faster than the peers (hyphens written as underscores)."""
    return [Target(workload, peer.replace("_", "-"), 1 / factor, COMPILED) for peer, factor in times.items()]


_COMPILED_WORKLOADS = [
    "dot_gradient", "chain_100", "small_step", "large_step", "elementwise_4m", "cross_entropy", "layer_norm", "lenet",
]  # fmt: skip

TARGETS = [
    Target("multiply", "torch", 0.5),
    Target("dot", "torch", 0.5),
    Target("dot", "paddle", 0.9),
    Target("chain_100", "torch", 0.5),
    Target("control_flow", "torch", 0.4),
    Target("large_step", "torch", 0.8),
    Target("elementwise_4m", "torch", 0.85),
    Target("import", "numpy", 1.5),
    Target("dot_gradient", None, 1e-6, COMPILED),
    *_faster("dot_gradient", jax_jit=8, casadi=8, drjit=8),
    *_faster("chain_100", jax_jit=3),
    *_faster("small_step", jax_jit=4, torch=10),
    *_faster("elementwise_4m", jax_jit=5, torch=15, torch_compile=3, drjit=1.8),
    *_faster("cross_entropy", jax_jit=1.5, torch=1.5),
    *_faster("layer_norm", jax_jit=1.5, torch=1.5),
    *_faster("large_step", jax_jit=1.2),
    *_faster("lenet", torch=1),
    *[Target(workload, "jax-jit", 0.5, COMPILED, "first_call") for workload in _COMPILED_WORKLOADS],
    Target("memory", None, 4e6, COMPILED, "bytes"),  # a quarter of the array
]


def best(entry: dict[str, Any], measure: str = "time") -> float | None:
    """The best time, or another measure, of one library on one workload."""
    return entry.get("best" if measure == "time" else measure)


def ratio(measured: dict[str, Any], subject: str, peer: str, measure: str = "time") -> float | None:
    """What `subject` needs divided by what `peer` does."""
    ours, theirs = [best(measured.get(name, {}), measure) for name in (subject, peer)]
    return ours / theirs if ours is not None and theirs else None


def median_ratio(measured: dict[str, Any], subject: str, peer: str) -> float | None:
    """The same round by round, and of these the median."""
    ours, theirs = [measured.get(name, {}).get("rounds") for name in (subject, peer)]
    return median([a / b for a, b in zip(ours, theirs)]) if ours and theirs else None


def judge(results: dict[str, Any], subjects: Sequence[str] = (EAGER, COMPILED)) -> list[dict[str, Any]]:
    """For each target of the subjects what was measured and whether it is met (None: not measured).

    The best times decide: what else runs on the machine can only add to a time. The median is shown beside them.
    """
    verdicts = []
    for target in TARGETS:
        if target.subject not in subjects:
            continue
        measured = results.get(target.workload, {})
        middle = None
        if target.peer is None:
            found = best(measured.get(target.subject, {}), target.measure)
        else:
            found = ratio(measured, target.subject, target.peer, target.measure)
            if target.measure == "time":
                middle = median_ratio(measured, target.subject, target.peer)
        verdicts.append({**vars(target), "best": found, "median": middle, "met": found and found <= target.limit})
    return verdicts
