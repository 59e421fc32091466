"""Large elementwise work in blocks: each element stands alone, so blocks may run on several threads, and what a rule
computes in several passes stays near the core from one pass to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.pool import empty
from ..core.runs import LARGE
from ..core.threads import run_together

__all__ = ["BLOCK", "LARGE", "blockwise"]

BLOCK = 1 << 17  # elements

ndarray = np.ndarray


def blockwise(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """``function(*args)`` for an elementwise function of large plain arrays of one shape and of single numbers."""
    shape: tuple[int, ...] | None = None
    flat: list[tuple[Any, bool]] = []
    for arg in args:
        if type(arg) is not ndarray or arg.ndim == 0:
            flat.append((arg, False))
        elif not any(arg.strides):  # one number, broadcast
            flat.append((arg[(0,) * arg.ndim], False))
        elif arg.flags.c_contiguous and (shape is None or shape == arg.shape):
            shape = arg.shape
            flat.append((arg.reshape(-1), True))
        else:
            return function(*args)
    if shape is None:
        return function(*args)

    def part(start: int, stop: int) -> list[Any]:
        return [arg[start:stop] if blocked else arg for arg, blocked in flat]

    probe = function(*part(0, 1))
    if type(probe) is not ndarray or probe.shape != (1,):
        return function(*args)  # a constant derivative, say
    size = next(arg.size for arg, blocked in flat if blocked)
    whole = empty(shape, probe.dtype)
    out = whole.reshape(-1)
    is_ufunc = isinstance(function, np.ufunc)
    take = deque(range(0, size, BLOCK)).popleft  # atomic, with and without the GIL: each block goes to one thread

    def work() -> None:
        while True:
            try:
                start = take()
            except IndexError:
                return
            block = slice(start, start + BLOCK)
            if is_ufunc:
                function(*part(start, start + BLOCK), out=out[block])
            else:
                out[block] = function(*part(start, start + BLOCK))

    run_together(work)
    return whole
