"""The first steps of a call in machine code: a method that tries an object's quick way and then its general one.

As a method in Python these steps take several times as long as the rest of a small program.
"""

from __future__ import annotations

import sys
from typing import Any

from . import abi, engine
from .ir import Builder, Function, Module, Scalar

_kept: list[Any] = []  # what methods need; they live as long as their types


def native_method(kind: type, quick: str, general: str) -> Any:
    """A ``__call__`` for the type `kind`.

    Parameters
    ----------
    kind : type
        Its instances are called.
    quick, general : str
        Names of attributes. ``self.quick(*args)`` is called if there are no keywords; where it gives NotImplemented, or
        there are keywords, ``self.general(*args, **kwargs)``.

    Returns
    -------
    object or None
        The method; None where Python's objects are not as expected.
    """
    if not abi.is_known():
        return None
    module = engine.new_module("method")
    _emit(module)
    names = [sys.intern(quick), sys.intern(general)]
    symbols = abi.functions() | dict([abi.object_symbol(NotImplemented)])
    code = engine.compile(module, symbols | dict(zip(("name.quick", "name.general"), map(id, names))))
    _kept.append((code, names))
    method, definition = abi.builtin_method(kind, "__call__", code["method"])
    _kept.append(definition)
    return method


def _emit(module: Module) -> None:
    """``method(self, arguments, count, keywords)``: a METH_FASTCALL | METH_KEYWORDS function."""
    with Function(module, "method", "p", ["p", "p", "i8", "p"]) as b:
        itself, arguments, count, keywords = b.arguments
        with b.if_(keywords == b.null(), likely=True):
            out = _emit_call(b, itself, "name.quick", [arguments, count, keywords])
            refused = b.address(abi.object_symbol(NotImplemented)[0])
            with b.if_(out != refused, likely=True):
                b.ret(out)
            b.call("Py_DecRef", None, [out])
        b.ret(_emit_call(b, itself, "name.general", [arguments, count, keywords]))


def _emit_call(b: Builder, itself: Scalar, name: str, arguments: list[Scalar]) -> Scalar:
    """Call an attribute; NULL with the exception set if that fails."""
    attribute = b.call("PyObject_GetAttr", "p", [itself, b.address(name)])
    with b.if_(attribute == b.null(), likely=False):
        b.ret(b.null())
    out = b.call("PyObject_Vectorcall", "p", [attribute, *arguments])
    b.call("Py_DecRef", None, [attribute])
    return out
