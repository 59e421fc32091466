"""Machine code for the elementwise functions of large arrays, in the place of NumPy's loops.

NumPy takes two to twenty times as long for exp, tanh, sin and their like as vector code needs. The compiler has such
code and is above this layer, so it is offered from there: nothing is loaded before the first large array comes. Which
of the two computes an element depends on the dtype and on the size of the whole array alone: a block of it is known by
`threads.current`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .locks import process_lock
from .threads import current

LEAST = 1 << 20  # elements; below this, to load the compiler would cost more than many calls save
SWITCH = "TETRAGRAD_NATIVE"

Loop = Callable[..., Any]  # loop(x, out=None), as a NumPy function

_CODES = {np.dtype(np.float32): "f4", np.dtype(np.float64): "f8"}
_ELEMENTARY = (
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh cbrt "
    "expit logit log_expit"
)
# The rows whose values take NumPy, or SciPy, at least twice as long, by dtype.
QUICKER = {"f4": frozenset(f"{_ELEMENTARY} erf erfc".split()), "f8": frozenset(_ELEMENTARY.split())}

_loops: dict[tuple[str, str], Loop | None] = {}
_lock = process_lock()


def _no_compiler(name: str, code: str, value: Callable[..., Any]) -> Loop:
    raise ImportError


_make: Callable[[str, str, Callable[..., Any]], Loop] = _no_compiler


def offer(make: Callable[[str, str, Callable[..., Any]], Loop]) -> None:
    """Take loops from ``make(name, code, value)``: of an operation and a dtype ("f4", "f8"), with NumPy's own value.

    It raises ImportError where there is no compiler.
    """
    global _make
    _make = make


def loop_for(name: str, value: Callable[..., Any], x: Any) -> Loop | None:
    """The machine code of an operation on a large array, or on a block of one; None where NumPy does it."""
    code = _CODES.get(x.dtype)
    if code is None or name not in QUICKER[code] or max(x.size, current.whole) < LEAST:
        return None
    if not x.flags.c_contiguous or not x.flags.aligned:
        return None
    if os.environ.get(SWITCH) == "0" or np.geterr()["under"] != "ignore":  # only NumPy tells of underflow
        return None
    try:
        return _loops[name, code]
    except KeyError:
        pass
    with _lock:
        if (name, code) not in _loops:
            try:
                _loops[name, code] = _make(name, code, value)
            except ImportError:
                _loops[name, code] = None
        return _loops[name, code]
