"""What is measured: the workloads' names and inputs, the same for every library.

Each module in `benchmarks.peers` has one function per workload (`function` below). It is called with the inputs and
returns `run`: a call of `run` does the work once and returns the results, which are compared with tetragrad's before
timing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

LEARNING_RATE = 0.01


@dataclass(frozen=True)
class Workload:
    """One thing to measure.

    Attributes
    ----------
    name, title : str
        The name for the command line and the JSON, and a description.
    function : str
        Name of the function in a peer's module.
    inputs : callable
        Makes its arguments (arrays are new at each call: a training step writes into them).
    repeats : int
        How many results in turn are compared with tetragrad's (training steps change their state).
    tolerance : float
        Relative to the largest element of a result.
    """

    name: str
    title: str
    function: str
    inputs: Callable[[], dict[str, Any]]
    repeats: int = 1
    tolerance: float = 1e-4


def _random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _vector() -> np.ndarray:
    return np.array([0.5, -1.0, 2.0, 3.0], np.float32)


def _chain(length: int) -> Callable[[], dict[str, Any]]:
    return lambda: {"x": _vector(), "length": length}


def _layers(*widths: int) -> list[np.ndarray]:
    """Weights and biases, alternating."""
    rng = _random(1)
    params: list[np.ndarray] = []
    for inputs, outputs in pairwise(widths):
        params.append((rng.standard_normal((inputs, outputs)) / np.sqrt(inputs)).astype(np.float32))
        params.append(np.zeros(outputs, np.float32))
    return params


def _regression() -> dict[str, Any]:
    rng = _random(2)
    inputs = rng.standard_normal((32, 64)).astype(np.float32)
    return {"params": _layers(64, 32, 1), "inputs": inputs, "targets": inputs[:, :1] * inputs[:, 1:2]}


def _classification() -> dict[str, Any]:
    rng = _random(3)
    inputs = rng.standard_normal((256, 784)).astype(np.float32)
    return {"params": _layers(784, 256, 10), "inputs": inputs, "labels": rng.integers(0, 10, 256)}


def _cross_entropy() -> dict[str, Any]:
    rng = _random(6)
    return {"logits": 3 * rng.standard_normal((4096, 1000), np.float32), "labels": rng.integers(0, 1000, 4096)}


def _layer_norm() -> dict[str, Any]:
    """The last argument is what comes back from the layers above: the loss is the sum of the products with it."""
    rng = _random(7)
    x, cotangent = rng.standard_normal((2, 4096, 768), np.float32)
    gain, bias = 1 + 0.1 * rng.standard_normal((2, 768), np.float32)
    return {"x": x, "gain": gain, "bias": bias, "cotangent": cotangent}


def _lenet() -> dict[str, Any]:
    """Kernels have the shape (outputs, inputs, 5, 5), matrices (inputs, outputs)."""
    rng = _random(8)
    params: list[np.ndarray] = []
    for inputs, outputs in [(1, 6), (6, 16)]:
        kernel = rng.standard_normal((outputs, inputs, 5, 5)) / np.sqrt(25 * inputs)
        params += [kernel.astype(np.float32), np.zeros(outputs, np.float32)]
    params += _layers(400, 120, 84, 10)
    return {
        "params": params,
        "inputs": rng.standard_normal((64, 1, 28, 28)).astype(np.float32),
        "labels": rng.integers(0, 10, 64),
    }


WORKLOADS = {
    workload.name: workload
    for workload in [
        Workload("multiply", "x*y recorded, 4 float32", "multiply", lambda: {"x": _vector(), "y": _vector() - 1}),
        Workload("dot", "2*dot(x, x) and backward, 4 float32", "dot", lambda: {"x": _vector()}),
        Workload("dot_gradient", "gradient of 2*dot(x, x), 4 float32", "dot_gradient", lambda: {"x": _vector()}),
        Workload("control_flow", "while norm(b) < 1000, and backward", "control_flow", lambda: {"a": np.float32(0.3)}),
        Workload("chain_10", "10 sin in a chain, and backward", "chain", _chain(10)),
        Workload("chain_100", "100 sin in a chain, and backward", "chain", _chain(100)),
        Workload("chain_10000", "10,000 sin in a chain, and backward", "chain", _chain(10_000), tolerance=1e-2),
        Workload("small_step", "64-32-1 network, batch 32, SGD step", "regression_step", _regression, 3),
        Workload("large_step", "784-256-10 network, batch 256, SGD step", "classification_step", _classification, 3),
        Workload(
            "elementwise_4m", "sum(tanh(u)*exp(-u*u)+sin(u)), value and gradient, 4M float32", "elementwise",
            lambda: {"u": _random(4).standard_normal(4_000_000, np.float32)}, tolerance=1e-3,
        ),
        Workload(
            "cross_entropy", "softmax cross-entropy and gradient, 4096x1000 float32", "cross_entropy", _cross_entropy,
            tolerance=1e-3,
        ),
        Workload(
            "layer_norm", "layer norm and gradients, 4096x768 float32", "layer_norm", _layer_norm, tolerance=1e-3,
        ),
        Workload("lenet", "LeNet, 28x28, batch 64, SGD step", "lenet_step", _lenet, 3, tolerance=1e-3),
        Workload(
            "rosenbrock_hessian", "Hessian of Rosenbrock, 100 float64", "rosenbrock_hessian",
            lambda: {"x": _random(5).standard_normal(100)}, tolerance=1e-6,
        ),
    ]
}  # fmt: skip
