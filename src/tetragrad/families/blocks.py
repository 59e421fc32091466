"""Large elementwise work in blocks: each element stands alone, so blocks may run on several threads, and what a rule
computes in several passes stays near the core from one pass to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.native import loop_for
from ..core.pool import empty
from ..core.primitive import Primitive
from ..core.runs import LARGE, ROWS
from ..core.threads import BLOCK, current, cut, share

__all__ = ["BLOCK", "LARGE", "blockwise", "by_rows", "large_value"]

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

    def part(block: slice) -> list[Any]:
        return [arg[block] if blocked else arg for arg, blocked in flat]

    probe = function(*part(slice(0, 1)))
    if type(probe) is not ndarray or probe.shape != (1,):
        return function(*args)  # a constant derivative, say
    size = next(arg.size for arg, blocked in flat if blocked)
    whole = empty(shape, probe.dtype)
    out = whole.reshape(-1)
    takes_out = isinstance(function, np.ufunc) or hasattr(function, "takes_out")

    def work(number: int, block: slice) -> None:
        if takes_out:
            function(*part(block), out=out[block])
        else:
            out[block] = function(*part(block))

    share(cut(size), size, work)
    return whole


def by_rows(function: Callable[..., Any], args: Sequence[Any], axis: Sequence[int] | None) -> Any:
    """``function(*args)``, which works along `axis` and gives an array like the first of its arguments.

    Of large plain arrays of one shape it sees a number of rows at a time, unless `axis` goes across the rows.
    """
    x = args[0]
    if type(x) is not ndarray or x.nbytes <= LARGE or len(x) < ROWS or axis is None or 0 in axis or current.whole:
        return function(*args)
    for arg in args:
        if type(arg) is not ndarray or arg.shape != x.shape or arg.dtype != x.dtype or arg.strides[-1] > arg.itemsize:
            return function(*args)
    whole = empty(x.shape, x.dtype)

    def work(number: int, block: slice) -> None:
        whole[block] = function(*[arg[block] for arg in args])

    share(cut(x.size, x.size // len(x)), x.size, work)
    return whole


def large_value(primitive: Primitive, x: Any) -> Any:
    """The value of an operation on one large array, or on a block of one: by machine code, if there is some."""
    value = loop_for(primitive.name, primitive.value, x) or primitive.value
    return value(x) if current.whole or x.nbytes <= LARGE else blockwise(value, (x,))
