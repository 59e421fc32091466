"""The Tensor of TensorFlow programs: immutable, of one dtype, printed as there; and how operands become Tensors."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.levels import Boxed, as_seen, concrete
from ..core.tensor import PLAIN, Leaf
from ..core.tensor import Tensor as CoreTensor
from ..dialects.base import DialectTensor
from ..dialects.names import missing_name
from ..dialects.numerics import silently
from ..ops import arithmetic, contraction, exponential
from ..ops.indexing import getitem, resolve
from ..ops.joining import unstack as unstack_door
from ..ops.shape import astype, reshape, transpose
from .dtypes import BY_NUMPY, DType, TensorShape
from .errors import invalid, shown, translate
from .recording import Borders, TapeLeaf, is_live, state

new = object.__new__


class TensorLike(DialectTensor):
    """What Tensors and Variables have in common: dtype, shape, conversions, iteration."""

    __slots__ = ()

    @classmethod
    def _translate(cls, error: Exception) -> Exception:
        return translate(error)

    @property
    def dtype(self) -> Any:
        """Type of the elements."""
        dtype = self._value.dtype
        return BY_NUMPY.get(dtype) or DType(dtype.name)

    @property
    def shape(self) -> TensorShape:
        """Lengths of the axes."""
        return TensorShape(self._value.shape)

    def get_shape(self) -> TensorShape:
        """Lengths of the axes."""
        return self.shape

    @property
    def device(self) -> str:
        """Where the values are: always the CPU."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def numpy(self) -> Any:
        """A copy of the values as a NumPy array; a NumPy scalar for a Tensor of no axes."""
        value = concrete(self, "numpy()")
        return value.copy() if type(value) is np.ndarray else value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(concrete(self, "array"), dtype=dtype)

    def ref(self) -> Reference:
        """A hashable reference to this Tensor, for use as a key."""
        return Reference(self)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(concrete(self, "bool()"))

    def __float__(self) -> float:
        return float(self._scalar())

    def __int__(self) -> int:
        return int(self._scalar())

    def __complex__(self) -> complex:
        return complex(self._scalar())

    def _scalar(self) -> Any:
        if self._value.shape != ():
            raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
        return self.item()

    def __len__(self) -> int:
        if not self._value.shape:
            raise TypeError("Scalar tensor has no `len()`")
        return int(self._value.shape[0])

    def __iter__(self) -> Iterator[Any]:
        if not self._value.shape:
            raise TypeError("Cannot iterate over a scalar tensor.")
        x = operand(self)
        if x._node is None and type(x._value) is np.ndarray:
            return iter([EagerTensor(row, None) for row in x._value])
        return iter(unstack_door(x, axis=0))

    def __contains__(self, element: Any) -> bool:
        return any([bool(row == element) for row in self])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's functions see plain arrays and give plain arrays; its operators give Tensors."""
        reflected = REFLECTED.get(ufunc)
        if reflected is not None and method == "__call__" and len(inputs) == 2 and not kwargs:
            if type(inputs[0]) is np.ndarray or isinstance(inputs[0], np.generic):
                return getattr(self, reflected)(inputs[0])
        plain = [concrete(each, ufunc.__name__) if isinstance(each, CoreTensor) else each for each in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)


class Tensor(TensorLike):
    """An array of one dtype that cannot be changed.

    Operations on Tensors that a `GradientTape` watches are recorded while it records.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.constant([1.0, 2.0]) * 2
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([2., 4.], dtype=float32)>
    """

    __slots__ = ()

    def cpu(self) -> Tensor:
        """This Tensor: it is on the CPU."""
        return self

    def __getitem__(self, index: Any) -> Any:
        return read_at(operand(self), index)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self._value.shape == () and spec else format(str(self), spec)

    def __round__(self, digits: int = 0) -> Any:
        return round(self.item(), digits)

    def __repr__(self) -> str:
        if isinstance(self._value, Boxed):
            return f"<tf.Tensor inside {self._value.level.kind}: shape={self.shape}, dtype={self.dtype.name}>"
        return f"<tf.Tensor: shape={self.shape}, dtype={self.dtype.name}, numpy={values_text(self, repr)}>"

    def __str__(self) -> str:
        if isinstance(self._value, Boxed):
            return repr(self)
        return f"tf.Tensor({values_text(self, str)}, shape={self.shape}, dtype={self.dtype.name})"

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return EagerTensor(concrete(self, "copy"), None)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (concrete(self, "pickle"),)

    def __getattr__(self, name: str) -> Any:
        if name in ("name", "graph", "op"):
            raise AttributeError(f"Tensor.{name} is undefined when eager execution is enabled.")
        raise missing_name("tensorflow.Tensor", name, [] if name.startswith("_") else dir(type(self)))


class EagerTensor(Tensor):
    """The Tensors that programs meet: all of them have values."""

    __slots__ = ()

    def __init__(self, value: Any, node: Any) -> None:
        self._value = value
        self._node = node
        if node is not None and isinstance(node, Leaf) and type(node) is not TapeLeaf:
            Borders.crossed = True


class Reference:
    """A hashable stand-in for a Tensor or Variable, equal for the same object."""

    __slots__ = ("_referent",)

    def __init__(self, referent: Any) -> None:
        self._referent = referent

    def deref(self) -> Any:
        """The Tensor or Variable itself."""
        return self._referent

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._referent is other._referent

    def __hash__(self) -> int:
        return id(self._referent)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._referent!r}>"


def _restore(value: Any) -> EagerTensor:
    return EagerTensor(value, None)


def values_text(x: CoreTensor, form: Any) -> str:
    """The values for `repr` or `str`: arrays as NumPy prints them, one number as Python does in a repr."""
    value = concrete(x, "repr")
    if value.shape == ():
        return repr(value.item()) if form is repr else str(value)
    text: str = form(np.asarray(value))
    return "\n" + text if "\n" in text else text


# -- operands ---------------------------------------------------------------------------------------------------------


def operand(x: Any, dtype: Any = None) -> EagerTensor:
    """What a user gave as a Tensor: with its node exactly if an operation on it is to be recorded."""
    if type(x) is EagerTensor:
        node = x._node
        if node is None or node.number >= state().floor or is_live(node):
            return x
        return EagerTensor(x._value, None)
    if isinstance(x, CoreTensor):
        return adopt(x)
    from .conversion import to_value

    return EagerTensor(to_value(x, dtype), None) if not holds_tensors(x) else _stacked(x, dtype)


def adopt(x: CoreTensor) -> EagerTensor:
    """A Variable's value, or a Tensor of another face with its graph."""
    node = x._node
    if node is not None:
        if not isinstance(x, Tensor) and type(node) is not TapeLeaf:
            Borders.crossed = True
        if node.number < state().floor and not is_live(node):
            node = None
    return EagerTensor(as_seen(x), node)


def holds_tensors(x: Any) -> bool:
    """Whether nested lists contain a Tensor."""
    return isinstance(x, (list, tuple)) and any([isinstance(e, CoreTensor) or holds_tensors(e) for e in x])


def _stacked(x: Any, dtype: Any = None) -> EagerTensor:
    """Nested lists with Tensors in them, as one Tensor."""
    from .shaping import stack

    return stack([_stacked(e, dtype) if holds_tensors(e) else e for e in x])


def wrap(out: Any) -> Any:
    """A result of the engine as a Tensor: comparisons and index results come back plain."""
    if type(out) is EagerTensor:
        return out
    if isinstance(out, CoreTensor):
        return EagerTensor(out._value, out._node)
    if isinstance(out, tuple):
        return tuple([wrap(part) for part in out])
    if type(out) is np.ndarray:
        return EagerTensor(out if out.ndim else out[()], None)
    return EagerTensor(out if isinstance(out, (np.generic, Boxed)) else np.asarray(out)[()], None)


def core(x: EagerTensor) -> CoreTensor:
    """A Tensor as the engine's own, for composites of the NumPy-shaped layer, which read NumPy's dtypes and shapes."""
    return CoreTensor(x._value, x._node)


def pair(op: str, x: Any, y: Any) -> tuple[Any, Any]:
    """Both operands of a binary operation: Tensors of one dtype, or a Tensor and a Python number that fits it."""
    if isinstance(x, CoreTensor):
        x = operand(x)
        y = fitting(op, y, x)
    elif isinstance(y, CoreTensor):
        y = operand(y)
        x = fitting(op, x, y)
    else:
        x = operand(x)
        try:
            y = fitting(op, y, x)
        except TypeError:  # it does not fit: the error is that of two dtypes
            y = operand(y)
    if not hasattr(x, "_value") or not hasattr(y, "_value"):
        return x, y
    if x._value.dtype != y._value.dtype:
        raise mixed(op, x, y)
    return x, y


def fitting(op: str, y: Any, x: EagerTensor) -> Any:
    """The other operand of `x`: a Python number stays one, for the engine to use in the dtype of `x`."""
    kind = type(y)
    if kind is float or kind is int:
        if x._value.dtype.kind in "fc" or (kind is int and x._value.dtype.kind in "iu"):
            return y
        if kind is int and x._value.dtype.kind == "b":
            return EagerTensor(np.bool_(y), None)
    elif isinstance(y, CoreTensor):
        return operand(y)
    from .conversion import to_value

    if holds_tensors(y):
        return _stacked(y)
    return EagerTensor(to_value(y, x._value.dtype, hint=True), None)


_KINDS = {"float32": "float", "float64": "double", "float16": "half"}


def mixed(op: str, x: Any, y: Any, position: int = 1) -> Exception:
    """The error for operands of different dtypes."""
    first, other = [_KINDS.get(each._value.dtype.name, each._value.dtype.name) for each in (x, y)]
    return invalid(
        f"cannot compute {op} as input #{position}(zero-based) was expected to be a {first} tensor but is a {other} "
        f"tensor (convert one of them with tf.cast)",
        op,
    )


def same_dtype(op: str, tensors: list[EagerTensor]) -> None:
    """Raise unless all Tensors have one dtype."""
    for position, x in enumerate(tensors[1:], 1):
        if x._value.dtype != tensors[0]._value.dtype:
            raise mixed(op, tensors[0], x, position)


_INDEX_KINDS = "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors"
_read = getitem.primitive.unlinked  # type: ignore[attr-defined]


def read_at(x: EagerTensor, index: Any) -> Any:
    """``x[index]``: integers, slices, None, ..., integer scalars, and one boolean mask."""
    if type(index) is int or type(index) is slice:
        return _read(x, index=(index,))
    if isinstance(index, (list, CoreTensor, np.ndarray)):
        entry = np.asarray(concrete(operand(index), "index"))
        if entry.dtype == bool:
            return _read(x, index=(entry,))
        index = tuple(index) if entry.ndim else (index,)  # type: ignore[arg-type]
    entries = index if isinstance(index, tuple) else (index,)
    for entry in entries:
        if entry is None or entry is Ellipsis or isinstance(entry, (int, np.integer, slice)):
            continue
        if isinstance(entry, (CoreTensor, np.ndarray)) and entry.dtype.kind in "iu" and tuple(entry.shape) == ():
            continue
        raise TypeError(f"{_INDEX_KINDS} are valid indices, got {entry!r} (use tf.gather for several positions)")
    return _read(x, index=resolve(entries))


# -- operators --------------------------------------------------------------------------------------------------------


def binary(op: str, door: Any, of_floats: Any = None) -> Any:
    """A binary operation as a function: operands of one dtype, then the engine's door.

    `of_floats`, if given, is the engine's door for floating-point numbers, for which `door` would do nothing else.
    """

    def function(x: Any, y: Any, name: str | None = None) -> Any:
        if type(x) is EagerTensor and type(y) is EagerTensor and (dtype := x._value.dtype) is y._value.dtype:
            floor = state().floor
            node = x._node
            if node is not None and node.number < floor and not is_live(node):
                x = EagerTensor(x._value, None)
            node = y._node
            if node is not None and node.number < floor and not is_live(node):
                y = EagerTensor(y._value, None)
            if of_floats is not None and dtype.kind == "f":
                return of_floats(x, y)
        else:
            x, y = pair(op, x, y)
        out = door(x, y)
        return out if type(out) is EagerTensor else wrap(out)

    function.__name__ = function.__qualname__ = op.lower()
    return function


def comparison(op: str, door: Any, of_values: Any) -> Any:
    """A comparison as a function; its result carries no derivative."""

    def function(x: Any, y: Any, name: str | None = None) -> Any:
        x, y = pair(op, x, y)
        a = x._value if isinstance(x, CoreTensor) else x
        b = y._value if isinstance(y, CoreTensor) else y
        if type(a) not in PLAIN or type(b) not in PLAIN:
            return wrap(door(x, y))
        try:
            return EagerTensor(of_values(a, b), None)
        except ValueError:
            raise invalid(f"Incompatible shapes: {shown(a.shape)} vs. {shown(b.shape)}", op) from None

    function.__name__ = function.__qualname__ = op.lower()
    return function


def _divide(x: Any, y: Any) -> Any:
    """True division; small integers give float32, others float64."""
    for z in (x, y):
        if isinstance(z, CoreTensor) and z._value.dtype.kind in "iu":
            wide = np.float32 if z._value.dtype.itemsize < 4 else np.float64
            x, y = [astype(e, dtype=np.dtype(wide)) if isinstance(e, CoreTensor) else float(e) for e in (x, y)]
            break
    return arithmetic.divide(x, y)


def _matmul(x: Any, y: Any) -> Any:
    if x.ndim < 2 or y.ndim < 2:
        raise invalid(f"In[0] and In[1] ndims must be == 2: {min(x.ndim, y.ndim)}", "MatMul")
    a, b = x._value.shape, y._value.shape
    if a[-1] != b[-2]:
        raise invalid(f"Matrix size-incompatible: In[0]: {shown(a)}, In[1]: {shown(b)}", "MatMul")
    return contraction.matmul(x, y)


def _checked(op: str, door: Any) -> Any:
    """Arithmetic, which booleans do not have."""

    def refused(x: Any, y: Any) -> Any:
        if (x if isinstance(x, CoreTensor) else y)._value.dtype.kind == "b":
            raise invalid("Value for attr 'T' of bool is not in the list of allowed values: use tf.cast first", op)
        return door(x, y)

    return refused


def _bits(logical: Any, bitwise: Any) -> Any:
    return lambda x, y: (logical if (x if hasattr(x, "_value") else y)._value.dtype.kind == "b" else bitwise)(x, y)


def quietly(door: Any) -> Any:
    """An operation without NumPy's warnings of infinities and NaNs, which TensorFlow does not give."""

    def quiet(*args: Any) -> Any:
        with silently():
            return door(*args)

    return quiet


def _floordiv(x: Any, y: Any) -> Any:
    return arithmetic.floor_divide(*[EagerTensor(e._value, None) if isinstance(e, CoreTensor) else e for e in (x, y)])


add = binary("AddV2", _checked("AddV2", arithmetic.add), arithmetic.add)
subtract = binary("Sub", _checked("Sub", arithmetic.subtract), arithmetic.subtract)
multiply = binary("Mul", _checked("Mul", arithmetic.multiply), arithmetic.multiply)
divide = binary("RealDiv", quietly(_divide))
floordiv = binary("FloorDiv", quietly(_floordiv))
floormod = binary("FloorMod", arithmetic.remainder)
pow = binary("Pow", quietly(exponential.pow))
matmul = binary("MatMul", _matmul)
less = comparison("Less", arithmetic.less, operator.lt)
less_equal = comparison("LessEqual", arithmetic.less_equal, operator.le)
greater = comparison("Greater", arithmetic.greater, operator.gt)
greater_equal = comparison("GreaterEqual", arithmetic.greater_equal, operator.ge)
equal = comparison("Equal", arithmetic.equal, operator.eq)
not_equal = comparison("NotEqual", arithmetic.not_equal, operator.ne)
bitwise_and = binary("BitwiseAnd", _bits(arithmetic.logical_and, arithmetic.bitwise_and))
bitwise_or = binary("BitwiseOr", _bits(arithmetic.logical_or, arithmetic.bitwise_or))
bitwise_xor = binary("BitwiseXor", _bits(arithmetic.logical_xor, arithmetic.bitwise_xor))

REFLECTED = {
    np.add: "__radd__", np.subtract: "__rsub__", np.multiply: "__rmul__", np.true_divide: "__rtruediv__",
    np.floor_divide: "__rfloordiv__", np.remainder: "__rmod__", np.power: "__rpow__", np.matmul: "__rmatmul__",
    np.less: "__gt__", np.less_equal: "__ge__", np.greater: "__lt__", np.greater_equal: "__le__",
    np.equal: "__eq__", np.not_equal: "__ne__",
}  # fmt: skip


def _equality(function: Any, unequal: bool) -> Any:
    """``==`` and ``!=``: shapes that do not broadcast are just different."""

    def compare(self: Any, other: Any) -> Any:
        if other is None:
            return unequal
        x, y = pair("NotEqual" if unequal else "Equal", self, other)
        shapes = [tuple(z._value.shape) for z in (x, y) if isinstance(z, CoreTensor)]
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            return EagerTensor(np.bool_(unequal), None)
        return function(x, y)

    return compare


def install_operators(cls: Any) -> None:
    """Give Tensor or Variable Python's operators."""
    for name, function in {
        "add": add, "sub": subtract, "mul": multiply, "truediv": divide, "floordiv": floordiv, "mod": floormod,
        "pow": pow, "matmul": matmul, "and": bitwise_and, "or": bitwise_or, "xor": bitwise_xor,
    }.items():  # fmt: skip
        setattr(cls, f"__{name}__", function)
        setattr(cls, f"__r{name}__", _reflected(function))
    for name, function in {"lt": less, "le": less_equal, "gt": greater, "ge": greater_equal}.items():
        setattr(cls, f"__{name}__", function)
    cls.__eq__ = _equality(equal, False)
    cls.__ne__ = _equality(not_equal, True)
    cls.__neg__ = lambda self: arithmetic.negative(operand(self))
    cls.__pos__ = lambda self: operand(self)
    cls.__abs__ = lambda self: arithmetic.absolute(operand(self))
    cls.__invert__ = lambda self: wrap(arithmetic.invert(operand(self)))
    for name in ("divmod", "rdivmod", "lshift", "rshift", "rlshift", "rrshift"):
        setattr(cls, f"__{name}__", _unsupported)
    cls.__hash__ = _unhashable


def _reflected(function: Any) -> Any:
    def method(self: Any, other: Any) -> Any:
        return function(other, self)

    return method


def _unsupported(self: Any, other: Any) -> Any:
    return NotImplemented


def _unhashable(self: Any) -> int:
    kind = "Tensor" if isinstance(self, Tensor) else "Variable"
    raise TypeError(f"{kind} is unhashable. Instead, use {kind.lower()}.ref() as the key.")


install_operators(TensorLike)
reshape_door = reshape.primitive.unlinked  # type: ignore[attr-defined]
transpose_door = transpose.primitive.unlinked  # type: ignore[attr-defined]
