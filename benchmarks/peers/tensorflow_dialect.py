"""The workloads in TensorFlow's words, run by `tetragrad.tensorflow`."""

# ruff: noqa: E402, F403

import tetragrad

tetragrad.install("tensorflow")

from .tensorflow_eager import *
