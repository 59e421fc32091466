"""Peak memory of a training step: 784-1024-1024-10, batch of 1024, float32, in tetragrad and in PyTorch.

``python -m benchmarks.peak_memory`` runs each library in fresh processes and ends with status 1 if tetragrad needs more
than 1.1 times what PyTorch does. Memory counts from the resident size after importing, making the data, and (``warm``)
a step on eight rows, which loads code and starts threads.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy

from .driver import environment, installed
from .memory import forget_peak, peak, settled
from .peers import PEERS
from .report import quantity, show

SIZES, BATCH = (784, 1024, 1024, 10), 1024
RATIO = 1.1
STEPS = 3


def data() -> tuple[list[Any], Any, Any]:
    """Weights and biases, inputs, and labels."""
    rng = numpy.random.default_rng(0)
    parameters = []
    for inputs, outputs in pairwise(SIZES):
        parameters.append((rng.standard_normal((inputs, outputs)) * 0.03).astype("float32"))
        parameters.append(numpy.zeros(outputs, "float32"))
    return parameters, rng.standard_normal((BATCH, SIZES[0])).astype("float32"), rng.integers(0, SIZES[-1], BATCH)


Step = Callable[[int], float]


def tetragrad() -> Step:
    """A training step on the first rows; gives the loss."""
    import tetragrad as tg
    import tetragrad.numpy as np

    arrays, inputs, labels = data()
    parameters = [tg.tensor(array, requires_grad=True) for array in arrays]
    inputs = tg.tensor(inputs)
    del arrays

    def step(rows: int) -> float:
        h = inputs[:rows]
        for w, b in zip(parameters[:-2:2], parameters[1:-2:2]):
            h = np.maximum(h @ w + b, 0.0)
        z = h @ parameters[-2] + parameters[-1]
        z = z - np.max(z, axis=1, keepdims=True)
        picked = z[numpy.arange(rows), labels[:rows]]
        loss = np.mean(np.log(np.sum(np.exp(z), axis=1)) - picked)
        loss.backward()
        for p in parameters:
            p.zero_grad()
        return float(loss)

    return step


def torch() -> Step:
    """The same in PyTorch."""
    import torch
    from torch.nn.functional import cross_entropy, linear, relu

    arrays, inputs, labels = data()
    parameters = [torch.tensor(array.T.copy(), requires_grad=True) for array in arrays]
    inputs, labels = torch.tensor(inputs), torch.tensor(labels)
    del arrays

    def step(rows: int) -> float:
        h = inputs[:rows]
        for w, b in zip(parameters[:-2:2], parameters[1:-2:2]):
            h = relu(linear(h, w, b))
        loss = cross_entropy(linear(h, parameters[-2], parameters[-1]), labels[:rows])
        loss.backward()
        for p in parameters:
            p.grad = None
        return loss.item()

    return step


LIBRARIES: dict[str, Callable[[], Step]] = {"tetragrad": tetragrad, "torch": torch}


def inside(library: str, warm: bool) -> dict[str, Any]:
    """What the steps of one library add to the peak of this process."""
    step = LIBRARIES[library]()
    if warm:
        step(8)
    before = settled()  # what is free already goes back, and does not hide in the first size
    forget_peak()
    losses = [step(BATCH)]
    first = peak() - before
    losses += [step(BATCH) for _ in range(STEPS - 1)]
    return {"first": first, "all": peak() - before, "loss": losses[0]}


def measure(library: str, warm: bool, threads: int) -> dict[str, Any]:
    command = [sys.executable, "-m", f"{__package__}.peak_memory", "--inside", library, *["--warm"] * warm]
    done = subprocess.run(command, env=environment(threads), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peak_memory", description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="threads of each library (default 2)")
    parser.add_argument("--inside", choices=list(LIBRARIES), help=argparse.SUPPRESS)
    parser.add_argument("--warm", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        print(json.dumps(inside(options.inside, options.warm)))
        return 0
    libraries = [library for library in LIBRARIES if installed(PEERS[library])]
    missed = False
    table = []
    for warm in (False, True):
        found = {library: measure(library, warm, options.threads) for library in libraries}
        for what, words in (("first", "first step"), ("all", f"{STEPS} steps")):
            row = [f"{words}, {'warm' if warm else 'fresh process'}"]
            row += [quantity(found[library][what], "B") for library in libraries]
            if "torch" in found:
                ratio = found["tetragrad"][what] / found["torch"][what]
                missed = missed or ratio > RATIO
                row.append(f"{ratio:.2f}")
            table.append(row)
    show("Peak memory of training steps", ["what", *libraries, *["ratio"] * (len(libraries) > 1)], table)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
