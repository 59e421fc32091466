"""One library's process: builds workloads and times batches of them, as the driver asks (one JSON object a line).

Started by `driver.Worker` as ``python -m benchmarks.worker PEER THREADS``.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import re
import sys
from collections.abc import Callable
from itertools import repeat
from time import perf_counter, process_time, sleep
from typing import Any

import numpy as np

from . import memory
from .peers import PEERS
from .workloads import WORKLOADS

LARGEST_SENT = 4096
BATCH_SECONDS = 0.02
REST_SECONDS = 0.01
RESTS = 50
FIRST_CALLS = 3
FIRST_CALLS_SECONDS = 5.0


class Service:
    """Answers the driver's questions about one library."""

    def __init__(self, peer: str, threads: int) -> None:
        self.module = importlib.import_module(f".peers.{PEERS[peer].module}", __package__)
        if hasattr(self.module, "set_threads"):
            self.module.set_threads(threads)
        self.compiles = PEERS[peer].compiles
        self.run: Callable[[], Any] | None = None

    def build(self, workload: str) -> dict[str, Any]:
        """Prepare a workload and give its first results, or the reason why it cannot be had.

        Where the first call compiles, also its time: the best of several, for the first of all loads the compiler.
        """
        self.run = None
        chosen = WORKLOADS[workload]
        function = getattr(self.module, chosen.function, None)
        if function is None:
            return {"missing": getattr(self.module, "MISSING", {}).get(chosen.function, "not written for this library")}
        first_calls: list[float] = []
        while not first_calls or (
            self.compiles and len(first_calls) < FIRST_CALLS and sum(first_calls) < FIRST_CALLS_SECONDS
        ):
            getattr(self.module, "forget", _nothing)()
            self.run = run = function(**chosen.inputs())
            start = perf_counter()
            result = run()
            first_calls.append(perf_counter() - start)
        results = self._numbers(result)
        for _ in range(1, chosen.repeats):
            results.extend(self._numbers(run()))
        answer: dict[str, Any] = {"results": results}
        if self.compiles:
            answer["first_call"] = min(first_calls)
        note = getattr(self.module, "NOTES", {}).get(chosen.function)
        if note:
            answer["note"] = note
        return answer

    def _numbers(self, result: Any) -> list[dict[str, Any]]:
        if isinstance(result, (tuple, list)):
            return [numbers for part in result for numbers in self._numbers(part)]
        array = np.asarray(self.module.to_numpy(result), np.float64)
        flat = array.ravel()
        step = max(1, flat.size // LARGEST_SENT)
        return [{"shape": array.shape, "elements": flat[::step].tolist()}]

    def calibrate(self) -> dict[str, Any]:
        """How many repetitions fill a batch."""
        gc.collect()
        gc.freeze()  # the library's own objects are no part of the work
        number = 1
        while True:
            seconds = self._batch(number)
            if seconds >= BATCH_SECONDS / 2:
                _rest()
                return {"number": max(1, round(number * BATCH_SECONDS / seconds))}
            number *= 2 if seconds * 10 > BATCH_SECONDS else 10

    def time(self, number: int) -> dict[str, Any]:
        """Seconds per repetition in a batch of `number`, after one unmeasured repetition to wake everything up."""
        if number > 1:
            self._batch(1)
        seconds = self._batch(number) / number
        _rest()
        return {"seconds": seconds}

    def memory(self) -> dict[str, Any]:
        """Bytes that the 4M elementwise workload needs beyond its inputs and outputs, kept or only during a call."""
        if not hasattr(self.module, "elementwise"):
            return {"missing": "the workload is not written for this library"}
        inputs = WORKLOADS["elementwise_4m"].inputs()
        self.module.elementwise(inputs["u"][:1024].copy())()  # loads code, starts threads
        run = self.module.elementwise(**inputs)
        at_first = memory.settled()
        outputs = 4 * inputs["u"].size
        run()
        before = memory.settled()
        memory.forget_peak()
        result = run()
        during = memory.peak() - before - outputs
        del result
        return {"bytes": max(before - at_first, 0) + max(during, 0), "during": during, "kept": before - at_first}

    def _batch(self, number: int) -> float:
        run = self.run
        assert run is not None
        repetitions = repeat(None, number)
        start = perf_counter()
        for _ in repetitions:
            run()
        return perf_counter() - start


def _rest() -> None:
    """Wait until this process's threads sleep: those of BLAS and OpenMP spin for a while, on the next one's cores."""
    for _ in range(RESTS):
        before = process_time()
        sleep(REST_SECONDS)
        if process_time() - before < REST_SECONDS / 10:
            return


def _nothing() -> None:
    """Where a library keeps nothing that should be forgotten."""


def reason(error: BaseException, named: bool = True) -> str:
    """One line about an exception, without paths of this machine."""
    first = (str(error).strip().splitlines() or [""])[0][:200]
    return re.sub(r"(?:/[\w.+-]+){2,}", "<path>", f"{type(error).__name__}: {first}" if named else first)


def main() -> None:
    # What libraries print must not end up between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    service: Service | None = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if service is None:
                service = Service(sys.argv[1], int(sys.argv[2]))
            answer = getattr(service, message.pop("do"))(**message)
        except (ImportError, NotImplementedError) as error:
            answer = {"missing": reason(error, named=False)}
        except Exception as error:
            answer = {"failed": reason(error)}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
