"""The libraries that are measured, one module each: the same workloads, written as that library's users write them.

A module has `to_numpy(value)`, a function for each workload it can express, and optionally `set_threads(number)`,
`forget()` (drops what was compiled), `MISSING` (reasons, by function name) and `NOTES` (remarks on how a workload was
expressed). Importing it raises ImportError with the reason where the library cannot run here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A library: its module here, and the names of what it imports and of what pip installs (first one found).

    `compiles`: the first call makes the code, so that its time is of interest.
    """

    name: str
    module: str
    package: str
    distributions: tuple[str, ...]
    compiles: bool = False


PEERS = {
    peer.name: peer
    for peer in [
        Peer("tetragrad", "tetragrad_eager", "tetragrad", ("tetragrad",)),
        Peer("tetragrad-compiled", "tetragrad_compiled", "tetragrad", ("tetragrad",), compiles=True),
        Peer("numpy", "numpy_by_hand", "numpy", ("numpy",)),
        Peer("autograd", "hips_autograd", "autograd", ("autograd",)),
        Peer("torch", "torch_eager", "torch", ("torch",)),
        Peer("torch-compile", "torch_compile", "torch", ("torch",), compiles=True),
        Peer("jax", "jax_eager", "jax", ("jax",)),
        Peer("jax-jit", "jax_jit", "jax", ("jax",), compiles=True),
        Peer("tensorflow", "tensorflow_eager", "tensorflow", ("tensorflow", "tensorflow-cpu")),
        Peer("paddle", "paddle_eager", "paddle", ("paddlepaddle", "paddlepaddle-gpu")),
        Peer("drjit", "drjit_llvm", "drjit", ("drjit",)),
        Peer("casadi", "casadi_calls", "casadi", ("casadi",)),
        Peer("casadi-buffer", "casadi_buffer", "casadi", ("casadi",)),
        # The same modules as for the packages themselves, with tetragrad's dialect in the package's place.
        Peer("tetragrad.torch", "torch_dialect", "tetragrad", ("tetragrad",)),
        Peer("tetragrad.tensorflow", "tensorflow_dialect", "tetragrad", ("tetragrad",)),
        Peer("tetragrad.paddle", "paddle_dialect", "tetragrad", ("tetragrad",)),
    ]
}
