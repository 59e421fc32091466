"""Elementwise functions of large arrays for the eager mode: machine code of one function each, over any run of memory.

`core.native` asks here when the first large array comes. Elements without a finite value are computed again by NumPy,
which warns of them, or raises, as it is set to.
"""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from . import engine
from .ir import Function
from .outlined import on_rows
from .values import vector

PART = 2048  # elements: what was computed is looked at while it is near
BITS = {"f4": ("i4", 1 << 31, 1 << 23), "f8": ("i8", 1 << 63, 1 << 52)}  # of the format: sign, lowest of the exponent

_kept: list[engine.Code] = []


class Loop:
    """A function of contiguous arrays of one dtype, called as NumPy's are; `out` must not overlap with `x`.

    Parameters
    ----------
    address : int
        Of the function ``int64 (out, x, length)``, whose result is negative if some elements are infinite or NaN.
    value : callable
        NumPy's own.
    """

    takes_out = True

    def __init__(self, address: int, value: Callable[..., Any]) -> None:
        self._run = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(address)
        self._value = value

    def __call__(self, x: Any, out: Any = None) -> Any:
        if out is None:
            out = np.empty(x.shape, x.dtype)
        if self._run(out.ctypes.data, x.ctypes.data, x.size) < 0:
            special = ~np.isfinite(out)
            out[special] = self._value(x[special])
        return out


def make(name: str, code: str, value: Callable[..., Any]) -> Loop:
    """The loop of an operation and a dtype, "f4" or "f8"."""
    module = engine.new_module(f"large.{name}.{code}")
    rows = on_rows(module, name, (code, code))
    with Function(module, "loop", "i8", ["p", "p", "i8"]) as b:
        target, source, length = b.arguments
        size = np.dtype(code).itemsize
        with b.loop(0, length, PART, carry=[b.const("i8", 0)]) as (start, found):
            rest = length - start
            count = b.select(rest < PART, rest, PART)
            out = b.offset(target, start * size)
            b.call(rows, None, [out, b.offset(source, start * size), count])
            found[0] = found[0] | b.call("special", "i8", [out, count])
        b.ret(found[0])
    return Loop(_address(engine.compile(module, {"special": _special(code)}), "loop"), value)


@cache
def _special(code: str) -> int:
    """The address of ``int64 (x, length)``, negative if some elements are infinite or NaN."""
    module = engine.new_module(f"large.special.{code}")
    bits, sign, one = BITS[code]
    with Function(module, "special", "i8", ["p", "i8"]) as b:
        x, length = b.arguments
        lanes = engine.host().vector_bytes // np.dtype(code).itemsize
        found = {width: b.alloca(vector(bits, width)) for width in (lanes, 1)}
        for width, place in found.items():
            b.store(place, b.splat(b.const(bits, 0), vector(bits, width)))
        for k, width in b.spans(0, length, lanes, 1):
            # Where all of the exponent is set, the sign is then.
            last = (b.load(x, bits, k, width) & ~sign) + one
            b.store(found[width], b.load(found[width], bits, lanes=width) | last)
        folded = [b.fold(b.load(place, bits, lanes=width), operator.or_) for width, place in found.items()]
        b.ret(b.convert(folded[0] | folded[1], "i8"))
    return _address(engine.compile(module), "special")


def _address(code: engine.Code, name: str) -> int:
    """The address of a function, valid until the process ends."""
    _kept.append(code)
    return code[name]
