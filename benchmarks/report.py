"""Facts about the machine, tables for the terminal (`rich` where installed) and the JSON file."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .peers import PEERS
from .targets import median_ratio, ratio
from .workloads import WORKLOADS

TITLES = {
    **{workload.name: workload.title for workload in WORKLOADS.values()},
    "import": "import, fresh process",
    "memory": "memory of the 4M case beyond inputs and outputs",
    "size": "installed size, with dependencies",
}


def machine(threads: int) -> dict[str, Any]:
    """What the numbers depend on; nothing that identifies the machine."""
    packages = {}
    for name in [*[name for peer in PEERS.values() for name in peer.distributions], "scipy", "jaxlib"]:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    if "tetragrad" not in packages:
        import tetragrad

        packages["tetragrad"] = tetragrad.__version__
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "threads": threads,
        "load": load(),
        "packages": dict(sorted(packages.items())),
    }


def load() -> float | None:
    """How many processes wanted to run in the last minute; before a run it should be near 0."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _cpu() -> str:
    """Name of the processor."""
    if sys.platform.startswith("linux"):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


MEASURES = {"time": ("", "s"), "first_call": (": first call", "s"), "bytes": ("", "B")}
UNITS = {
    "s": [(1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")],
    "B": [(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")],
}


def quantity(value: float, unit: str) -> str:
    """A number with three digits and a readable unit: 0.000012 s is '12.0 us'."""
    factor, name = next((scale for scale in UNITS[unit] if value >= scale[0]), UNITS[unit][-1])
    scaled = value / factor
    return f"{scaled:.{0 if scaled >= 99.5 else 1 if scaled >= 9.95 else 2}f} {name}"


def rows(measured: dict[str, Any], peers: Sequence[str], subjects: Sequence[str]) -> list[list[str]]:
    """One row per library that has a result: time or bytes, ratios to the subjects, first call."""
    table = []
    for peer in peers:
        entry = measured.get(peer, {})
        if "median" in entry:
            cells = [quantity(entry["median"], "s"), quantity(entry["best"], "s")]
            ratios = [median_ratio(measured, peer, subject) for subject in subjects]
        elif "bytes" in entry:
            cells = [quantity(entry["bytes"], "B"), "-"]
            ratios = [ratio(measured, peer, subject, "bytes") for subject in subjects]
        else:
            continue
        first_call = entry.get("first_call")
        cells += ["-" if found is None else f"{found:.2f}" for found in ratios]
        table.append([peer, *cells, "-" if first_call is None else quantity(first_call, "s")])
    return table


def show(title: str, header: Sequence[str], table: Sequence[Sequence[str]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        print(f"\n{title}\n{plain(header, table)}")
        return
    rich_table = Table(title=title, title_justify="left")
    for index, name in enumerate(header):
        rich_table.add_column(name, justify="left" if index == 0 else "right", no_wrap=index > 0)
    for row in table:
        rich_table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 160).print(rich_table)


def plain(header: Sequence[str], table: Sequence[Sequence[str]]) -> str:
    """The table as text."""
    lines = [list(header), *[list(row) for row in table]]
    widths = [max([len(line[column]) for line in lines]) for column in range(len(header))]
    return "\n".join(
        [
            "  ".join([line[0].ljust(widths[0]), *[cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]])
            for line in lines
        ]
    )


def show_results(results: dict[str, Any], peers: Sequence[str], subjects: Sequence[str]) -> None:
    """A table for each workload, and why entries are missing."""
    header = ["library", "median", "best", *[f"/ {subject}" for subject in subjects], "first call"]
    for workload, measured in results.items():
        show(TITLES[workload], header, rows(measured, peers, subjects))
    print("Ratios: medians over the rounds, above 1: slower or larger than the subject. First calls include compiling.")
    for mark, kind in (("-", "missing"), ("*", "note")):
        remarks: dict[tuple[str, str], list[str]] = {}
        for workload, measured in results.items():
            for peer, entry in measured.items():
                if kind in entry:
                    remarks.setdefault((peer, entry[kind]), []).append(workload)
        for (peer, remark), workloads in remarks.items():
            where = "all" if len(workloads) == len(results) else ", ".join(workloads)
            print(f"{mark} {peer}, {where}: {remark}")


def show_verdicts(verdicts: Sequence[dict[str, Any]]) -> None:
    """The targets with what was measured."""
    words = {True: "met", False: "MISSED", None: "not measured"}
    table = []
    for verdict in verdicts:
        what, limit = MEASURES[verdict["measure"]], verdict["limit"]
        if verdict["peer"] is None:
            target, unit = f"<= {quantity(limit, what[1])}", what[1]
            values = ["-" if verdict["best"] is None else quantity(verdict["best"], unit), "-"]
        else:
            target = f"<= {limit:.3g} x {verdict['peer']}"
            values = ["-" if verdict[key] is None else f"{verdict[key]:.3f}" for key in ("best", "median")]
        title = f"{TITLES[verdict['workload']]}{what[0]}"
        table.append([title, verdict["subject"], target, *values, words[verdict["met"]]])
    show("Targets", ["workload", "subject", "target", "best", "median", "verdict"], table)


def write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")
