"""Runs workloads in every library by turns: each round asks each library's process for one batch."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

import numpy as np

from .peers import PEERS, Peer
from .workloads import WORKLOADS, Workload

REFERENCE = "tetragrad"
ANSWER_SECONDS = 600  # compiling a long chain takes a while
ROUNDS_AT_LEAST = 3
# Interpreter start is left out: only the import itself is timed, in a fresh process.
IMPORT = "from time import perf_counter as t; s = t(); import {package}; print(t() - s)"


def environment(threads: int) -> dict[str, str]:
    """Environment of the processes: the same number of threads for every library, and quiet ones."""
    names = [
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
        "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC",
    ]  # fmt: skip
    inherited = dict(os.environ)
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode too
    return {
        **inherited,
        **{name: str(threads) for name in names},
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
        "GLOG_minloglevel": "3",
    }


class PeerError(Exception):
    """A library cannot do what was asked; the message is the reason."""


class Worker:
    """The process of one library."""

    def __init__(self, peer: Peer, threads: int, verbose: bool = False) -> None:
        self.peer = peer
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker", peer.name, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if verbose else subprocess.DEVNULL,
            env=environment(threads),
            text=True,
        )

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        limit = threading.Timer(ANSWER_SECONDS, self.process.kill)
        limit.start()
        try:
            self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            limit.cancel()
        if not line:
            raise PeerError(f"its process ended with status {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        for key in ("failed", "missing"):
            if key in answer:
                raise PeerError(answer[key])
        return answer

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def installed(peer: Peer) -> bool:
    return importlib.util.find_spec(peer.package) is not None


def compare(results: list[dict[str, Any]], expected: list[dict[str, Any]], tolerance: float) -> None:
    """Raise if a library's numbers are not tetragrad's."""
    if [result["shape"] for result in results] != [result["shape"] for result in expected]:
        raise PeerError(
            f"disagrees with tetragrad: shapes {[result['shape'] for result in results]}, "
            f"expected {[result['shape'] for result in expected]}"
        )
    for result, other in zip(results, expected):
        ours, theirs = np.array(other["elements"]), np.array(result["elements"])
        scale = np.max(np.abs(ours), initial=0.0)
        error = np.max(np.abs(ours - theirs), initial=0.0)
        if not error <= tolerance * scale:
            raise PeerError(f"disagrees with tetragrad: differs by {error:.2g} where values reach {scale:.2g}")


def rotate(
    batches: dict[str, Callable[[], float]], rounds: int, budget: float, failed: dict[str, str]
) -> dict[str, list[float]]:
    """Call each peer's `batch` once a round; a peer that used up `budget` seconds sits out after a few rounds."""
    times: dict[str, list[float]] = {name: [] for name in batches}
    spent = dict.fromkeys(batches, 0.0)
    for done in range(rounds):
        for name, batch in batches.items():
            if name in failed or (spent[name] > budget and done >= ROUNDS_AT_LEAST):
                continue
            start = time.perf_counter()
            try:
                times[name].append(batch())
            except PeerError as error:
                failed[name] = str(error)
            spent[name] += time.perf_counter() - start
    return times


def summarise(times: dict[str, list[float]], failed: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Median, best and all times of each peer, or why there are none."""
    summary: dict[str, dict[str, Any]] = {}
    for name, seconds in times.items():
        if name not in failed:
            summary[name] = {"median": median(seconds), "best": min(seconds), "rounds": seconds}
    summary.update({name: {"missing": why} for name, why in failed.items()})
    return summary


def run_workload(workload: Workload, workers: dict[str, Worker], rounds: int, budget: float) -> dict[str, Any]:
    """Build, compare and time one workload in all libraries; tetragrad's numbers are the reference."""
    failed: dict[str, str] = {}
    expected = None
    remarks: dict[str, dict[str, Any]] = {}
    batches: dict[str, Callable[[], float]] = {}
    for name, worker in workers.items():
        try:
            answer = worker.ask("build", workload=workload.name)
            if expected is None:
                expected = answer["results"]
            compare(answer["results"], expected, workload.tolerance)
            number = worker.ask("calibrate")["number"]
        except PeerError as error:
            failed[name] = str(error)
            continue
        remarks[name] = {key: answer[key] for key in ("note", "first_call") if key in answer}
        batches[name] = lambda worker=worker, number=number: worker.ask("time", number=number)["seconds"]
    summary = summarise(rotate(batches, rounds, budget, failed), failed)
    for name, more in remarks.items():
        summary[name].update(more)
    return summary


def run_memory(peers: Sequence[Peer], threads: int, verbose: bool) -> dict[str, Any]:
    """What the largest elementwise workload needs beyond inputs and outputs, each library in a fresh process."""
    results: dict[str, Any] = {}
    for peer in peers:
        worker = Worker(peer, threads, verbose)
        try:
            results[peer.name] = worker.ask("memory")
        except PeerError as error:
            results[peer.name] = {"missing": str(error)}
        finally:
            worker.close()
    return results


def run_imports(peers: Sequence[Peer], threads: int, rounds: int, budget: float) -> dict[str, Any]:
    """Time of ``import``, each in a fresh process (the first, unmeasured one fills the disk cache)."""

    def batch(peer: Peer) -> float:
        command = [sys.executable, "-c", IMPORT.format(package=peer.package)]
        done = subprocess.run(command, env=environment(threads), capture_output=True, text=True)
        if done.returncode:
            raise PeerError(f"import ended with status {done.returncode}")
        return float(done.stdout.split()[-1])

    batches: dict[str, Callable[[], float]] = {}
    failed: dict[str, str] = {}
    for peer in peers:
        if peer.package in [PEERS[name].package for name in batches]:
            failed[peer.name] = f"the same package as {peer.package}"
            continue
        batches[peer.name] = lambda peer=peer: batch(peer)
        try:
            batch(peer)
        except PeerError as error:
            failed[peer.name] = str(error)
    return summarise(rotate(batches, rounds, budget, failed), failed)


def run(
    names: Iterable[str], peers: Sequence[Peer], threads: int, rounds: int, budget: float,
    progress: Callable[[str], None], verbose: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Run the named workloads (and ``import``) in the given peers; results by workload and peer."""
    results: dict[str, Any] = {}
    workers: dict[str, Worker] = {}
    try:
        for name in names:
            progress(name)
            if name == "import":
                results[name] = run_imports(peers, threads, rounds, budget)
                continue
            if name == "memory":
                results[name] = run_memory(peers, threads, verbose)
                continue
            if not workers:
                workers = {peer.name: Worker(peer, threads, verbose) for peer in peers}
            results[name] = run_workload(WORKLOADS[name], workers, rounds, budget)
    finally:
        for worker in workers.values():
            worker.close()
    return results
