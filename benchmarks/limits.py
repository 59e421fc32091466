"""What must stay bounded in tetragrad: time and memory of long chains, memory of long training runs.

``python -m benchmarks.limits`` measures each part in a fresh process, prints it beside its limit and ends with status 1
if one is missed.
"""

from __future__ import annotations

import argparse
import copy
import gc
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import tetragrad as tg
import tetragrad.numpy as np

from .driver import environment
from .report import machine, quantity, show, write
from .workloads import LEARNING_RATE, WORKLOADS

SHORT, LONG = 1_000, 1_000_000
TIME_RATIO, WIDE_RATIO = 1.5, 2.0
BYTES = 500
SCALAR_BYTES = sys.getsizeof(np.float64(0))  # the array that the rule of sin reads: its input
STEPS, SETTLED = 20_000, 1_000
GROWTH = 2_000_000


# -- chains -----------------------------------------------------------------------------------------------------------


def record(x: Any, length: int) -> Any:
    y = x
    for _ in range(length):
        y = np.sin(y)
    return y


def phases(length: int) -> dict[str, float]:
    """Seconds that each phase takes for one chain on a scalar, in processor time (all on one thread)."""
    x = tg.tensor(0.5, requires_grad=True)
    start = process_time()
    y = record(x, length)
    recorded = process_time()
    y.backward()
    swept = process_time()
    del y
    freed = process_time()
    y = record(x, length)
    kept = process_time()
    del y
    dropped = process_time()
    spans = {
        "forward": recorded - start,
        "backward": swept - recorded,
        "free": freed - swept,
        "free, no backward": dropped - kept,
    }
    return {"whole": freed - start, **spans}


def ends(length: int) -> dict[str, float]:
    """Seconds of what may not walk the chain: repr, and copies, of its last value."""
    x = tg.tensor(0.5, requires_grad=True)
    y = record(x, length)
    seconds = {}
    for name, act in {"repr": repr, "copy": copy.copy, "deepcopy": copy.deepcopy}.items():
        start = process_time()
        act(y)
        seconds[name] = process_time() - start
    return seconds


def chain() -> list[dict[str, Any]]:
    """A chain of a million beside one of a thousand."""
    phases(SHORT)
    short_runs = [phases(SHORT) for _ in range(100)]
    long_runs = [phases(LONG) for _ in range(3)]
    short = {name: median([run[name] for run in short_runs]) / SHORT for name in short_runs[0]}
    long = {name: median([run[name] for run in long_runs]) / LONG for name in long_runs[0]}
    found = []
    for name in short:
        times = f"{quantity(long[name], 's')}; of {SHORT:,}: {quantity(short[name], 's')}"
        what = f"chain of {LONG:,}, {name}, per operation: {times}"
        found.append(entry(what, long[name] / short[name], TIME_RATIO if name == "whole" else None, "x"))
    for name, seconds in ends(LONG).items():
        found.append(
            entry(f"{name} of the last value of {LONG:,}: {quantity(seconds, 's')}, no recursion", None, None, "")
        )
    return found


# -- wide graphs ------------------------------------------------------------------------------------------------------


def diamond(levels: int) -> int:
    """Each value is used twice to make the next: as many paths as 2 to the power of the levels. Gives the edges."""
    x = tg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(levels):
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad.item() == 1.0
    return 4 * levels


def one_leaf(uses: int) -> int:
    """One variable, used very often."""
    x = tg.tensor(1.0, requires_grad=True)
    y = x * 2.0
    for _ in range(uses - 1):
        y = y + x
    y.backward()
    assert x.grad.item() == uses + 1
    return 2 * uses


def leaves(count: int) -> int:
    """Very many variables."""
    variables = [tg.tensor(1.0, requires_grad=True) for _ in range(count)]
    y = variables[0] * 2.0
    for variable in variables[1:]:
        y = y + variable
    y.backward()
    assert all(variable.grad.item() == 1.0 for variable in variables[1:])
    return 2 * count


WIDE: list[tuple[str, Callable[[int], int], int, int]] = [
    ("levels of a diamond", diamond, 100, 1_000),
    ("levels of a diamond", diamond, 100, 100_000),
    ("uses of one variable", one_leaf, SHORT, LONG),
    ("variables", leaves, SHORT, 100_000),
]


def width() -> list[dict[str, Any]]:
    """Time per edge in wide graphs beside small ones."""
    found = []
    for what, act, small, large in WIDE:
        act(small)
        spans = {}
        for size, repeats in ((small, 50), (large, 3)):
            runs = []
            for _ in range(repeats):
                start = process_time()
                edges = act(size)
                runs.append((process_time() - start) / edges)
            spans[size] = median(runs)
        words = (
            f"{large:,} {what}, per edge: {quantity(spans[large], 's')}; of {small:,}: {quantity(spans[small], 's')}"
        )
        found.append(entry(words, spans[large] / spans[small], WIDE_RATIO, "x"))
    return found


def memory() -> list[dict[str, Any]]:
    """Bytes of a recorded operation on a scalar, without the array that its rule reads."""
    length = 100_000
    x = tg.tensor(0.5, requires_grad=True)
    y = record(x, 10)
    del y
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    y = record(x, length)
    traced = (tracemalloc.get_traced_memory()[0] - before) / length
    tracemalloc.stop()
    del y
    resident_before = resident()
    y = record(x, LONG)
    grown = (resident() - resident_before) / LONG
    del y
    return [
        entry("bytes per recorded scalar sin beyond its input (tracemalloc)", traced - SCALAR_BYTES, BYTES, "B"),
        entry(f"bytes per recorded scalar sin beyond its input (resident, {LONG:,})", grown - SCALAR_BYTES, BYTES, "B"),
    ]


# -- training ---------------------------------------------------------------------------------------------------------


def loss(params: Any, inputs: Any, targets: Any) -> Any:
    w1, b1, w2, b2 = params
    return np.mean((np.tanh(inputs @ w1 + b1) @ w2 + b2 - targets) ** 2)


def functional() -> Callable[[], None]:
    """A training step with `tg.value_and_grad` on plain arrays."""
    data = WORKLOADS["small_step"].inputs()
    params, inputs, targets = data["params"], data["inputs"], data["targets"]
    value_and_grad = tg.value_and_grad(loss)

    def step() -> None:
        _, gradients = value_and_grad(params, inputs, targets)
        for p, g in zip(params, gradients):
            p -= LEARNING_RATE * g

    return step


def imperative() -> Callable[[], None]:
    """A training step with variables, `backward` and `.grad`."""
    data = WORKLOADS["small_step"].inputs()
    params = [tg.tensor(p, requires_grad=True) for p in data["params"]]
    inputs, targets = data["inputs"], data["targets"]

    def step() -> None:
        nonlocal params
        loss(params, inputs, targets).backward()
        params = [tg.tensor((p - LEARNING_RATE * p.grad).numpy(), requires_grad=True) for p in params]

    return step


def training(style: str, collector: bool) -> list[dict[str, Any]]:
    """Growth of resident memory over a long training run."""
    if not collector:
        gc.disable()
    step = {"value_and_grad": functional, "backward": imperative}[style]()
    largest = settled = 0
    for number in range(1, STEPS + 1):
        step()
        if number == SETTLED:
            settled = resident()
        elif number > SETTLED and number % 500 == 0:
            largest = max(largest, resident())
    words = f"{STEPS:,} steps with {style}, collector {'on' if collector else 'off'}: growth after {SETTLED:,}"
    return [entry(words, max(0, largest - settled), GROWTH, "B")]


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# -- report -----------------------------------------------------------------------------------------------------------


def entry(what: str, measured: float | None, limit: float | None, unit: str) -> dict[str, Any]:
    met = None if limit is None or measured is None else measured <= limit
    return {"what": what, "measured": measured, "limit": limit, "unit": unit, "met": met}


PARTS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "chain": chain,
    "width": width,
    "memory": memory,
    "training": lambda: training("value_and_grad", collector=True),
    "training-uncollected": lambda: training("value_and_grad", collector=False),
    "backward": lambda: training("backward", collector=True),
    "backward-uncollected": lambda: training("backward", collector=False),
}


def measure(part: str, threads: int) -> list[dict[str, Any]]:
    """Run one part in a fresh process."""
    command = [sys.executable, "-m", f"{__package__}.limits", "--inside", part]
    done = subprocess.run(command, env=environment(threads), capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return [{**entry(f"{part}: ended with status {done.returncode}: {last}", None, None, ""), "met": False}]
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def words(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return quantity(value, "B") if unit == "B" else f"{value:.2f} {unit}".strip()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument(
        "--part", nargs="+", choices=list(PARTS), default=list(PARTS), metavar="NAME", help=", ".join(PARTS)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    parser.add_argument("--threads", type=int, default=2, help="threads of NumPy's BLAS (default 2)")
    parser.add_argument("--inside", choices=list(PARTS), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        print(json.dumps(PARTS[options.inside]()))
        return 0
    found = [result for part in options.part for result in measure(part, options.threads)]
    verdict = {True: "met", False: "MISSED", None: ""}
    table = [
        [
            result["what"],
            words(result["measured"], result["unit"]),
            words(result["limit"], result["unit"]),
            verdict[result["met"]],
        ]
        for result in found
    ]
    show("Limits", ["what", "measured", "limit", "verdict"], table)
    if options.json:
        write(options.json, {"machine": machine(options.threads), "limits": found})
    return int(any([result["met"] is False for result in found]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
