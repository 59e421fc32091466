"""Command line: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import driver, footprint, report, targets
from .peers import PEERS
from .workloads import WORKLOADS

NAMES = [*WORKLOADS, "memory", "import", "size"]
SUBJECTS = [targets.EAGER, targets.COMPILED]
BUSY = 0.7
RESULTS = Path(__file__).parent / "results" / "latest.json"


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Time tetragrad beside the other libraries."
    )
    parser.add_argument(
        "--workload", nargs="+", choices=NAMES, metavar="NAME", help=f"which workloads: {', '.join(NAMES)}"
    )
    parser.add_argument(
        "--peer", nargs="+", choices=list(PEERS), metavar="NAME", help=f"which libraries: {', '.join(PEERS)}"
    )
    parser.add_argument(
        "--subject", nargs="+", choices=SUBJECTS, default=SUBJECTS, metavar="NAME",
        help=f"whose ratios are shown and judged: {', '.join(SUBJECTS)}",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where the results go")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each library (default 15)")
    parser.add_argument(
        "--budget", type=float, default=4.0, help="seconds for each library on each workload (default 4)"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of every library (default 2)")
    parser.add_argument(
        "--check", action="store_true", help="judge the ratios against the targets; status 1 if one is missed"
    )
    parser.add_argument("--verbose", action="store_true", help="show what the libraries print")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    chosen = {*(options.peer or PEERS), *options.subject, driver.REFERENCE}
    wanted = [peer for name, peer in PEERS.items() if name in chosen]
    peers = [peer for peer in wanted if driver.installed(peer)]
    judged = {target.workload for target in targets.TARGETS if target.subject in options.subject}
    names = options.workload or [name for name in NAMES if not options.check or name in judged]

    machine = report.machine(options.threads)
    if (machine["load"] or 0) > BUSY:
        print(
            f"other programs are running (load {machine['load']:.1f}): the times will not be reliable", file=sys.stderr
        )
    results = driver.run(
        [name for name in names if name != "size"], peers, options.threads, options.rounds, options.budget,
        lambda name: print(f"{report.TITLES[name]} ...", file=sys.stderr, flush=True), options.verbose,
    )  # fmt: skip
    if "size" in names:
        results["size"] = footprint.measure(peers)
    for measured in results.values():
        for peer in wanted:
            if peer not in peers:
                measured[peer.name] = {"missing": "not installed"}

    report.show_results(results, [peer.name for peer in wanted], options.subject)
    content = {"machine": machine, "rounds": options.rounds, "results": results}
    status = any(["missing" in measured[driver.REFERENCE] for measured in results.values()])
    if options.check:
        content["targets"] = verdicts = targets.judge(results, options.subject)
        report.show_verdicts(verdicts)
        status = status or any([verdict["met"] is False for verdict in verdicts])
    report.write(options.json, content)
    print(f"written to {options.json}")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
