"""PyTorch's dtypes, sizes and device, as they print and compare there; NumPy's and Python's own underneath."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np


class dtype:
    """The type of a Tensor's elements. NumPy takes it wherever it takes a dtype."""

    __slots__ = ("dtype", "kind", "legacy", "name", "type")

    def __init__(self, name: str, legacy: str) -> None:
        self.name = name
        self.legacy = legacy  # as in the names of the old tensor types, and in error messages
        self.dtype = np.dtype(name)
        self.kind = self.dtype.kind
        self.type = self.dtype.type

    @property
    def is_floating_point(self) -> builtins.bool:
        """Whether it is a real floating-point type."""
        return self.kind == "f"

    @property
    def is_complex(self) -> builtins.bool:
        """Whether it is complex."""
        return self.kind == "c"

    @property
    def is_signed(self) -> builtins.bool:
        """Whether it has negative numbers."""
        return self.kind in "ifc"

    @property
    def itemsize(self) -> builtins.int:
        """Bytes of one element."""
        return self.dtype.itemsize

    def __eq__(self, other: object) -> Any:
        if isinstance(other, dtype):
            return self.dtype == other.dtype
        return self.dtype == other if isinstance(other, (np.dtype, builtins.type)) else NotImplemented

    def __hash__(self) -> builtins.int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> Any:
        return as_dtype, (self.dtype,)


float16 = half = dtype("float16", "Half")
float32 = float = dtype("float32", "Float")
float64 = double = dtype("float64", "Double")
complex64 = cfloat = dtype("complex64", "ComplexFloat")
complex128 = cdouble = dtype("complex128", "ComplexDouble")
int8 = dtype("int8", "Char")
int16 = short = dtype("int16", "Short")
int32 = int = dtype("int32", "Int")
int64 = long = dtype("int64", "Long")
uint8 = dtype("uint8", "Byte")
uint16 = dtype("uint16", "UInt16")
uint32 = dtype("uint32", "UInt32")
uint64 = dtype("uint64", "UInt64")
bool = dtype("bool", "Bool")

BY_NUMPY = {
    each.dtype: each
    for each in (
        float16, float32, float64, complex64, complex128, int8, int16, int32, int64, uint8, uint16, uint32, uint64,
        bool,
    )
}  # fmt: skip

_PYTHON = {builtins.float: float64, builtins.int: int64, builtins.bool: bool, builtins.complex: complex128}

_default = [float32]


def as_dtype(given: Any) -> dtype:
    """A dtype from a dtype of ours or NumPy's, or a Python type."""
    if isinstance(given, dtype):
        return given
    found = _PYTHON.get(given) if isinstance(given, builtins.type) else None
    found = found or (BY_NUMPY.get(given) if isinstance(given, np.dtype) else None)
    if found is None:
        raise TypeError(f"dtype must be torch.dtype, not {type_name(given)}")
    return found


def numpy_dtype(given: Any) -> Any:
    """NumPy's dtype for what a user gave as ``dtype=`` (None stays None)."""
    return None if given is None else as_dtype(given).dtype


def type_name(value: Any) -> str:
    """The name of a value's type, for error messages."""
    return builtins.type(value).__name__


def get_default_dtype() -> dtype:
    """The dtype of Tensors made from Python floats."""
    return _default[0]


def set_default_dtype(d: Any) -> None:
    """Set the dtype of Tensors made from Python floats."""
    d = as_dtype(d)
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default[0] = d


def default_complex() -> dtype:
    """The complex dtype that goes with the default dtype."""
    return complex128 if _default[0] is float64 else complex64


class Size(tuple[builtins.int, ...]):
    """The lengths of a Tensor's axes."""

    __slots__ = ()

    def numel(self) -> builtins.int:
        """The product of the lengths."""
        count = 1
        for length in self:
            count *= length
        return count

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return Size(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Any:
        return Size(tuple.__add__(self, tuple(other)))

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"


class device:
    """Where a Tensor lives: always the CPU."""

    __slots__ = ("index", "type")

    def __init__(self, type: Any = "cpu", index: builtins.int | None = None) -> None:
        name, _, number = str(type).partition(":")
        if name != "cpu":
            raise AssertionError(
                f"Torch not compiled with {name.upper()} enabled (tetragrad computes on the CPU only: use "
                f"torch.device('cpu'))"
            )
        self.type = name
        self.index = builtins.int(number) if number else index

    def __eq__(self, other: object) -> builtins.bool:
        return isinstance(other, device)

    def __hash__(self) -> builtins.int:
        return hash("cpu")

    def __str__(self) -> str:
        return "cpu" if self.index is None else f"cpu:{self.index}"

    def __repr__(self) -> str:
        return "device(type='cpu')" if self.index is None else f"device(type='cpu', index={self.index})"


def check_device(given: Any) -> None:
    """Refuse a device that is not the CPU."""
    if given is not None and not isinstance(given, device):
        device(given)
