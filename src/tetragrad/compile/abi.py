"""What machine code needs to know of CPython and NumPy: where objects keep what, and addresses of their C functions.

Offsets follow from the size of an object's head, which a build of Python may change (the free-threaded one does). They
are compared with known objects on the first use; where they do not fit, the entry is written in Python.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import numpy as np

HEAD = object.__basicsize__
TYPE = HEAD - 8  # of any object: its type
VALUE = HEAD  # of a NumPy scalar, a float, a complex: the number itself

# Of an array.
DATA, RANK, SHAPE, DESCR, FLAGS = HEAD, HEAD + 8, HEAD + 16, HEAD + 40, HEAD + 48

C_CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x100, 0x400

# The dtypes whose scalars keep their value at VALUE.
SCALARS = tuple(np.dtype(code) for code in "?bhilqBHILQefdFD")

_FUNCTIONS = (
    "Py_IncRef", "Py_DecRef", "PyTuple_New", "PyTuple_SetItem", "PyErr_NoMemory", "PyMem_RawMalloc", "PyMem_RawFree",
    "PyEval_SaveThread", "PyEval_RestoreThread", "PyObject_Vectorcall",
    "PyObject_GetAttr",
)  # fmt: skip
_NUMPY_FUNCTIONS = {"PyArray_Scalar": 60, "PyArray_NewFromDescr": 94}  # places in NumPy's table; its ABI fixes them


@cache
def is_known() -> bool:
    """Whether this Python's and this NumPy's objects look as assumed here."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    plain = (ctypes.c_void_p.from_address, ctypes.c_int32.from_address)
    expected: list[tuple[Any, int, int]] = [
        (plain[0], TYPE, id(np.ndarray)), (plain[0], DATA, array.ctypes.data), (plain[1], RANK, 2),
        (plain[0], DESCR, id(np.dtype(np.float32))),
    ]  # fmt: skip
    if any([read(id(array) + offset).value != value for read, offset, value in expected]):
        return False
    if ctypes.c_int32.from_address(id(array) + FLAGS).value & 0xFFF != array.flags.num & 0xFFF:
        return False
    shape = ctypes.c_void_p.from_address(id(array) + SHAPE).value
    if not shape or list((ctypes.c_int64 * 2).from_address(shape)) != [2, 3]:
        return False
    numbers: list[Any] = [dtype.type(1) for dtype in SCALARS]
    if any([ctypes.string_at(id(x) + VALUE, x.nbytes) != x.tobytes() for x in numbers]):
        return False
    return all(
        ctypes.string_at(id(x) + VALUE, np.asarray(x).nbytes) == np.asarray(x).tobytes() for x in (1.5, 2.5 - 1j)
    )


def object_symbol(known: Any) -> tuple[str, int]:
    """A name for an object that lives as long as the process, and its address."""
    if isinstance(known, np.dtype):
        if known.kind not in "biufc":
            raise TypeError(f"no machine code for arrays of {known}")
        # The object that NumPy's own arrays have (int64, for example, has two names), in this machine's byte order.
        known = np.dtype(known.newbyteorder("=").str)
        return f"dtype.{known}", id(known)
    return (f"type.{known.__name__}" if isinstance(known, type) else f"object.{known}"), id(known)


@cache
def functions() -> dict[str, int]:
    """Addresses of the C functions that the entry calls."""
    found = {name: address_of(getattr(ctypes.pythonapi, name)) for name in _FUNCTIONS}
    table = _numpy_table()
    return found | {name: table[place] for name, place in _NUMPY_FUNCTIONS.items()}


def _numpy_table() -> Any:
    """NumPy's C API: an array of addresses."""
    from numpy._core import _multiarray_umath  # type: ignore[attr-defined]

    capsule = _multiarray_umath._ARRAY_API
    return (ctypes.c_void_p * 95).from_address(capsule_pointer(capsule)[1])


def capsule_pointer(capsule: Any) -> tuple[str, int]:
    """The name of a capsule, and the pointer in it."""
    api = ctypes.pythonapi
    name_of = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", api))
    pointer_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", api))
    name = name_of(capsule)
    return (name or b"").decode(), pointer_of(capsule, name)


def address_of(function: Any) -> int:
    """The address of a function that ctypes has found."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0


class _MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    )  # fmt: skip


_FASTCALL = 0x80  # METH_FASTCALL: function(self, arguments, their number)
_KEYWORDS = 0x02  # METH_KEYWORDS: and the names of the last ones, or NULL


def builtin_function(name: str, address: int, owner: Any) -> Any:
    """A built-in function whose code is at `address`.

    It keeps `owner` alive, which must have an attribute ``definition`` to keep what CPython reads.
    """
    owner.definition = _MethodDef(name.encode(), address, _FASTCALL, None)
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(
        ("PyCFunction_NewEx", ctypes.pythonapi)
    )
    return make(ctypes.addressof(owner.definition), owner, None)


def builtin_method(kind: type, name: str, address: int) -> tuple[Any, Any]:
    """A method of a type whose code is at `address`, and what must be kept as long as it lives."""
    definition = _MethodDef(name.encode(), address, _FASTCALL | _KEYWORDS, None)
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.c_void_p)(
        ("PyDescr_NewMethod", ctypes.pythonapi)
    )
    return make(kind, ctypes.addressof(definition)), definition
