"""The libraries that are measured, one module each: the same workloads, written as that library's users write them.

A module has `to_numpy(value)`, optionally `set_threads(number)`, a function for each workload it can express, and
optionally `MISSING` (reasons, by function name) and `NOTES` (remarks on how a workload was expressed).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A library: its module here, and the names of what it imports and of what pip installs (first one found)."""

    name: str
    module: str
    package: str
    distributions: tuple[str, ...]


PEERS = {
    peer.name: peer
    for peer in [
        Peer("tetragrad", "tetragrad_eager", "tetragrad", ("tetragrad",)),
        Peer("numpy", "numpy_by_hand", "numpy", ("numpy",)),
        Peer("autograd", "hips_autograd", "autograd", ("autograd",)),
        Peer("torch", "torch_eager", "torch", ("torch",)),
        Peer("jax", "jax_eager", "jax", ("jax",)),
        Peer("jax-jit", "jax_jit", "jax", ("jax",)),
        Peer("tensorflow", "tensorflow_eager", "tensorflow", ("tensorflow", "tensorflow-cpu")),
        Peer("paddle", "paddle_eager", "paddle", ("paddlepaddle", "paddlepaddle-gpu")),
        # The same modules as for the packages themselves, with tetragrad's dialect in the package's place.
        Peer("tetragrad.torch", "torch_dialect", "tetragrad", ("tetragrad",)),
        Peer("tetragrad.tensorflow", "tensorflow_dialect", "tetragrad", ("tetragrad",)),
        Peer("tetragrad.paddle", "paddle_dialect", "tetragrad", ("tetragrad",)),
    ]
}
