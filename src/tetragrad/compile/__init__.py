"""Compiled mode: Python functions to machine code through LLVM.

``tetragrad.compile`` is this package and, called, the function `compile`: users write ``tg.compile(f)``.

    trace.py, graph.py, passes/         a function becomes a graph of the table's operations, and a simpler one
    expand.py, nests.py, plan.py        the graph becomes loop nests, products and calls over buffers: a program
    reuse.py                            which values lie in the memory of others
    kernels.py, scalars.py, maths/      the loop nests as code; ir.py alone builds LLVM IR, engine.py runs LLVM
    entry.py, native_threads.py         how Python calls the program
    compiled.py, specialize.py          what the user holds: signatures, programs, derivatives

>>> import numpy
>>> import tetragrad as tg
>>> double = tg.compile(lambda x: 2.0 * x)
>>> double(numpy.array([1.0, 2.0]))
array([2., 4.])
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

from .compiled import Compiled, compile, trace

__all__ = ["Compiled", "compile", "trace"]


class _CallablePackage(types.ModuleType):
    """This package, which is also the function that it is about."""

    @functools.wraps(compile)
    def __call__(self, f: Callable[..., Any] | None = None, **options: Any) -> Any:
        return compile(f, **options)


sys.modules[__name__].__class__ = _CallablePackage
