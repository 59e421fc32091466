"""Paddle's dtypes, shapes and places, as they print and compare there; NumPy's and Python's own underneath."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np


class DataType:
    """The type of a Tensor's elements. NumPy takes it wherever it takes a dtype."""

    __slots__ = ("code", "dtype", "kind", "name")

    def __init__(self, name: str, code: int) -> None:
        self.name = name
        self.code = code
        self.dtype = np.dtype(name)
        self.kind = self.dtype.kind

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.dtype, name)  # itemsize, type: what the engine asks of a dtype

    def __eq__(self, other: object) -> builtins.bool:
        if isinstance(other, DataType):
            return self is other
        return isinstance(other, np.dtype) and self.dtype == other

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"<DataType.{self.name.upper()}: {self.code}>"

    def __str__(self) -> str:
        return f"paddle.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


bool = DataType("bool", 1)
uint8 = DataType("uint8", 2)
int8 = DataType("int8", 3)
int16 = DataType("int16", 5)
int32 = DataType("int32", 7)
int64 = DataType("int64", 9)
float16 = DataType("float16", 15)
float32 = DataType("float32", 10)
float64 = DataType("float64", 11)
complex64 = DataType("complex64", 12)
complex128 = DataType("complex128", 13)

_ALL = (bool, uint8, int8, int16, int32, int64, float16, float32, float64, complex64, complex128)
BY_NUMPY: dict[Any, DataType] = {dtype.dtype: dtype for dtype in _ALL}
BY_NUMBER: dict[int, DataType] = {dtype.dtype.num: dtype for dtype in _ALL}  # quicker to look up
_BY_NAME: dict[Any, DataType] = {dtype.name: dtype for dtype in _ALL}
_BY_NAME.update({"float": float32, "double": float64, "int": int32, "half": float16})
_BY_TYPE: dict[Any, DataType] = {float: float32, int: int64, builtins.bool: bool, complex: complex64}
_NAMES = ", ".join(dtype.name for dtype in _ALL)

_default = float32


def as_dtype(dtype: Any) -> DataType:
    """A dtype from a dtype, its name, or a type of NumPy's or Python's."""
    if isinstance(dtype, DataType):
        return dtype
    try:
        found = _BY_TYPE.get(dtype) or _BY_NAME.get(dtype) or BY_NUMPY.get(np.dtype(dtype))
    except TypeError:
        found = None
    if found is None:
        raise TypeError(f"dtype must be any of [{_NAMES}], but received {dtype}")
    return found


def numpy_dtype(dtype: Any, otherwise: Any = None) -> Any:
    """NumPy's dtype for what a user gave as `dtype`; `otherwise`, or the default dtype, for None."""
    if dtype is None:
        return _default.dtype if otherwise is None else otherwise
    return as_dtype(dtype).dtype


def get_default_dtype() -> str:
    """The name of the dtype that floating-point Tensors are made with."""
    return _default.name


def set_default_dtype(d: Any) -> None:
    """Choose the dtype that floating-point Tensors are made with."""
    global _default
    chosen = as_dtype(d)
    if chosen.kind not in "fc":
        raise TypeError(
            "set_default_dtype only supports [float16, float32, float64, complex64, complex128] , but received "
            f"{chosen.name}"
        )
    _default = chosen


class Size(tuple[int, ...]):
    """The lengths of a Tensor's axes; equal to the list and to the tuple of them."""

    __slots__ = ()

    def numel(self) -> int:
        """The product of the lengths."""
        count = 1
        for length in self:
            count *= length
        return count

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return Size(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Size:
        return Size((*self, *other))

    def __radd__(self, other: Any) -> Size:
        return Size((*other, *self))

    def __eq__(self, other: object) -> Any:
        return tuple(self) == tuple(other) if isinstance(other, (tuple, list)) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return tuple(self) != tuple(other) if isinstance(other, (tuple, list)) else NotImplemented

    __hash__ = tuple.__hash__

    def __repr__(self) -> str:
        return f"paddle.Size({list(self)})"


class Place:
    """Where a Tensor is: always the CPU."""

    __slots__ = ()

    def is_cpu_place(self) -> Any:
        """True."""
        return True

    def is_gpu_place(self) -> Any:
        """False."""
        return False

    def __eq__(self, other: object) -> Any:
        return isinstance(other, Place)

    def __hash__(self) -> int:
        return hash(Place)

    def __repr__(self) -> str:
        return "Place(cpu)"


class CPUPlace(Place):
    """The place of all Tensors."""

    __slots__ = ()


CPU = CPUPlace()
