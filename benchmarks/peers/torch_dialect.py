"""The workloads in PyTorch's words, run by `tetragrad.torch`."""

# ruff: noqa: E402, F403

import tetragrad

tetragrad.install("torch")

from .torch_eager import *
