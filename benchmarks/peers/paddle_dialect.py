"""The workloads in Paddle's words, run by `tetragrad.paddle`."""

# ruff: noqa: E402, F403

import tetragrad

tetragrad.install("paddle")

from .paddle_eager import *
