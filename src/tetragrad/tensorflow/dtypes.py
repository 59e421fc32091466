"""TensorFlow's dtypes and shapes, as they print and compare there; both are NumPy's and Python's own underneath."""

from __future__ import annotations

from typing import Any

import numpy as np


class DType:
    """The type of a Tensor's elements. NumPy takes it wherever it takes a dtype."""

    __slots__ = ("dtype", "kind", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype = np.dtype(name)
        self.kind = self.dtype.kind  # often asked for by the engine

    @property
    def as_numpy_dtype(self) -> Any:
        """NumPy's scalar type."""
        return self.dtype.type

    @property
    def base_dtype(self) -> DType:
        """The dtype itself."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The dtype of the real part."""
        return as_dtype({"complex64": "float32", "complex128": "float64"}.get(self.name, self.name))

    @property
    def is_floating(self) -> bool:
        """Whether it is a real floating-point type."""
        return self.dtype.kind == "f"

    @property
    def is_complex(self) -> bool:
        """Whether it is complex."""
        return self.dtype.kind == "c"

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer type."""
        return self.dtype.kind in "iu"

    @property
    def is_unsigned(self) -> bool:
        """Whether it is an unsigned integer type."""
        return self.dtype.kind == "u"

    @property
    def is_bool(self) -> bool:
        """Whether it is boolean."""
        return self.dtype.kind == "b"

    @property
    def is_numpy_compatible(self) -> bool:
        """True: every dtype here is one of NumPy's."""
        return True

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def min(self) -> Any:
        """The smallest number."""
        return _limits(self).min

    @property
    def max(self) -> Any:
        """The largest number."""
        return _limits(self).max

    def is_compatible_with(self, other: Any) -> bool:
        """Whether `other` is the same dtype."""
        return self == other

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.dtype, name)  # itemsize, type: what the engine asks of a dtype

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self.name == other.name
        if other is None:
            return False
        try:
            return self.name == as_dtype(other).name
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


def _limits(dtype: DType) -> Any:
    return np.iinfo(dtype.dtype) if dtype.is_integer else np.finfo(dtype.dtype)


float16 = half = DType("float16")
float32 = DType("float32")
float64 = double = DType("float64")
complex64 = DType("complex64")
complex128 = DType("complex128")
bool_ = DType("bool")
int8 = DType("int8")
int16 = DType("int16")
int32 = DType("int32")
int64 = DType("int64")
uint8 = DType("uint8")
uint16 = DType("uint16")
uint32 = DType("uint32")
uint64 = DType("uint64")

_ALL = (
    float16, float32, float64, complex64, complex128, bool_, int8, int16, int32, int64, uint8, uint16, uint32, uint64,
)  # fmt: skip
BY_NUMPY: dict[Any, DType] = {dtype.dtype: dtype for dtype in _ALL}
_BY_NAME: dict[Any, DType] = {dtype.name: dtype for dtype in _ALL}
_BY_NAME.update({"float": float32, "double": float64, "half": float16})
_BY_TYPE: dict[Any, DType] = {float: float32, int: int32, bool: bool_, complex: complex128}


def as_dtype(type_value: Any) -> DType:
    """A dtype from a dtype, its name, or a type of NumPy's or Python's."""
    if isinstance(type_value, DType):
        return type_value
    try:
        found = _BY_TYPE.get(type_value) or _BY_NAME.get(type_value) or BY_NUMPY.get(np.dtype(type_value))
    except TypeError:
        found = None
    if found is None:
        raise TypeError(f"Cannot convert the argument `type_value`: {type_value!r} to a TensorFlow DType.")
    return found


def numpy_dtype(dtype: Any) -> Any:
    """NumPy's dtype for what a user gave as `dtype`."""
    return as_dtype(dtype).dtype


class TensorShape(tuple[int, ...]):
    """The lengths of a Tensor's axes: a tuple with TensorFlow's names and repr."""

    __slots__ = ()

    def __new__(cls, dims: Any = ()) -> TensorShape:
        if isinstance(dims, int):
            raise TypeError(f"Dimension value must be an iterable of integers, got {dims!r}")
        return tuple.__new__(cls, [None if length is None else int(length) for length in dims])

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list[int]:
        """The lengths, as a list."""
        return list(self)

    def as_list(self) -> list[int]:
        """The lengths, as a list."""
        return list(self)

    def num_elements(self) -> int:
        """The product of the lengths."""
        count = 1
        for length in self:
            count *= length
        return count

    def is_fully_defined(self) -> Any:
        """Whether all lengths are known: always."""
        return all([length is not None for length in self])

    def concatenate(self, other: Any) -> TensorShape:
        """The lengths of this shape followed by those of another."""
        return TensorShape((*self, *other))

    def is_compatible_with(self, other: Any) -> Any:
        """Whether a Tensor can have both shapes."""
        return len(self) == len(other) and all([a == b or None in (a, b) for a, b in zip(self, other)])

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise ValueError unless a Tensor can have both shapes."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return TensorShape(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> TensorShape:
        return TensorShape((*self, *other))

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape((*other, *self))

    def __eq__(self, other: object) -> Any:
        return tuple(self) == tuple(other) if isinstance(other, (tuple, list)) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return tuple(self) != tuple(other) if isinstance(other, (tuple, list)) else NotImplemented

    __hash__ = tuple.__hash__

    def __repr__(self) -> str:
        return f"TensorShape({list(self)})"

    def __str__(self) -> str:
        return tuple.__repr__(self)


def __getattr__(name: str) -> Any:
    if name == "bool":
        return bool_
    if name in ("cast", "complex", "saturate_cast"):
        from . import elementwise

        return getattr(elementwise, name)
    from ..dialects.names import missing_name

    raise missing_name(__name__, name, globals())
