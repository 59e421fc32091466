"""`tf.Variable`: a value that can be assigned, watched by every tape under which it is read."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import Boxed, concrete
from ..core.tensor import Node
from ..core.tensor import Tensor as CoreTensor
from ..errors import TetragradError
from ..numpy import writing
from .conversion import convert_to_tensor, to_value
from .dtypes import numpy_dtype
from .errors import invalid, shown, translate
from .indexed_slices import IndexedSlices
from .recording import TapeLeaf, state
from .tensor import EagerTensor, TensorLike, operand, values_text


class Variable(TensorLike):
    """A value that programs change by assignment.

    Parameters
    ----------
    initial_value : number, nested lists, array, Tensor, or a function without arguments that returns one
    trainable : bool
        Whether tapes watch it when it is read.
    name : str, optional
    dtype : DType, optional
    shape : shape, optional
        Checked against the initial value.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> v = tf.Variable([1.0, 2.0])
    >>> with tf.GradientTape() as tape:
    ...     y = v * v
    >>> tape.gradient(y, v)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([2., 4.], dtype=float32)>
    """

    __slots__ = ("_is_trainable", "_leaf", "_store", "_title", "constraint")

    def __new__(cls, initial_value: Any = None, trainable: Any = None, *args: Any, **kwargs: Any) -> Any:
        # The engine makes a result as (value, node) in the class of an operand: of a Variable that is a Tensor.
        if isinstance(trainable, Node) or isinstance(initial_value, Boxed):
            return EagerTensor(initial_value, trainable)
        return super().__new__(cls)

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if initial_value is None:
            raise ValueError("The `initial_value` arg to `tf.Variable` must be specified except when you are not...")
        if callable(initial_value) and not isinstance(initial_value, CoreTensor):
            initial_value = initial_value()
        if isinstance(initial_value, CoreTensor):
            value = convert_to_tensor(initial_value, dtype)._value
        else:
            value = to_value(initial_value, None if dtype is None else numpy_dtype(dtype))
        if shape is not None and tuple(shape) != tuple(value.shape):
            raise ValueError(
                f"In this `tf.Variable` creation, the initial value's shape ({tuple(value.shape)}) is not compatible "
                f"with the explicitly supplied `shape` argument ({tuple(shape)})."
            )
        self._store = CoreTensor(value, None)
        self._leaf = TapeLeaf(tuple(value.shape), value.dtype, self)
        self._is_trainable = True if trainable is None else bool(trainable)
        self._title = name or "Variable"
        self.constraint = constraint

    # The engine reads a Tensor's value and node: reading them here is an access that recording tapes see.

    @property
    def _value(self) -> Any:
        return self._store._value

    @property
    def _node(self) -> Any:  # type: ignore[override]
        tapes = state().tapes
        leaf = self._leaf
        watched = None
        for tape in tapes:
            tape.accessed(self)
            if leaf in tape.watched:
                watched = leaf
        return watched

    # -- what it is -----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name, with ``:0`` after it."""
        return f"{self._title}:0"

    @property
    def trainable(self) -> bool:
        """Whether tapes watch it when it is read."""
        return self._is_trainable

    def __repr__(self) -> str:
        return (
            f"<tf.Variable {self._shown_name()!r} shape={self.shape} dtype={self.dtype.name}, "
            f"numpy={values_text(self._store, repr)}>"
        )

    __str__ = __repr__

    def _shown_name(self) -> str:
        return self.name

    # -- reading --------------------------------------------------------------------------------------------------

    def value(self) -> Any:
        """The value as a Tensor."""
        return convert_to_tensor(self)

    read_value = value
    initialized_value = value

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """The rows at these positions; like `tf.gather`."""
        from .indexing import gather

        return gather(self, indices)

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        """Elements at these positions; like `tf.gather_nd`."""
        from .indexing import gather_nd

        return gather_nd(self, indices)

    def __getitem__(self, index: Any) -> Any:
        read = operand(self)[index]
        part = VariableSlice(read._value, read._node)
        part._variable, part._index = self, index
        return part

    # -- assigning ------------------------------------------------------------------------------------------------

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Give the Variable a new value, of its shape and dtype; not differentiated."""
        writing.assign(self._store, self._fitting(value, "assign"))
        return Assigned(self)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Add to the value; not differentiated."""
        writing.AUGMENTED["__iadd__"](self._store, self._fitting(delta, "assign_add"))
        return Assigned(self)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtract from the value; not differentiated."""
        writing.AUGMENTED["__isub__"](self._store, self._fitting(delta, "assign_sub"))
        return Assigned(self)

    def _fitting(self, value: Any, what: str) -> Any:
        """A plain array to be assigned: of the Variable's dtype and exactly its shape."""
        array = self._plain(value)
        if array.shape != self._value.shape:
            if what != "assign":
                raise invalid(
                    f"{what} on {self.name}: Cannot update variable with shape {shown(self.shape)} using a Tensor with "
                    f"shape {shown(array.shape)}, shapes must be equal."
                )
            raise ValueError(
                f"Cannot assign value to variable ' {self.name}': Shape mismatch.The variable shape {self.shape}, and "
                f"the assigned value shape {tuple(array.shape)} are incompatible."
            )
        return array

    def _plain(self, value: Any) -> Any:
        return np.asarray(concrete(convert_to_tensor(value, self.dtype), "assign"))

    def _assign_slice(self, index: Any, value: Any) -> Any:
        if isinstance(index, CoreTensor):
            index = np.asarray(index)
        try:
            writing.set_item(self._store, index, self._plain(value))
        except TetragradError as error:
            raise translate(error) from None
        return Assigned(self)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Replace rows by those of an `IndexedSlices`."""
        return self._scatter(sparse_delta, lambda array, rows, new: array.__setitem__(rows, new))

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Add the rows of an `IndexedSlices`."""
        return self._scatter(sparse_delta, np.add.at)

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Subtract the rows of an `IndexedSlices`."""
        return self._scatter(sparse_delta, np.subtract.at)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Multiply by the rows of an `IndexedSlices`."""
        return self._scatter(sparse_delta, np.multiply.at)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Divide by the rows of an `IndexedSlices`."""
        return self._scatter(sparse_delta, np.divide.at)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """The larger of each element and that of an `IndexedSlices`."""
        return self._scatter(sparse_delta, np.maximum.at)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """The smaller of each element and that of an `IndexedSlices`."""
        return self._scatter(sparse_delta, np.minimum.at)

    def _scatter(self, delta: Any, change: Any) -> Any:
        if not isinstance(delta, IndexedSlices):
            raise TypeError(f"Argument `sparse_delta` must be a `tf.IndexedSlices`. Received arg: {delta}")
        return self._changed(np.asarray(delta.indices), self._plain(delta.values), change)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replace the elements (or rows) at positions given by the last axis of `indices`."""
        return self._changed(self._positions(indices), self._plain(updates), lambda a, i, new: a.__setitem__(i, new))

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Add to the elements (or rows) at positions given by the last axis of `indices`."""
        return self._changed(self._positions(indices), self._plain(updates), np.add.at)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtract from the elements (or rows) at positions given by the last axis of `indices`."""
        return self._changed(self._positions(indices), self._plain(updates), np.subtract.at)

    def _positions(self, indices: Any) -> Any:
        return tuple(np.moveaxis(np.asarray(indices), -1, 0))

    def _changed(self, index: Any, new: Any, change: Any) -> Any:
        array = np.array(self._value)
        try:
            change(array, index, new)
        except (IndexError, ValueError) as error:
            raise translate(type(error)(f"scatter into {self.name} of shape {self.shape}: {error}")) from None
        writing.assign(self._store, array)
        return Assigned(self)

    # -- copies ---------------------------------------------------------------------------------------------------

    def __copy__(self) -> Variable:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        return Variable(self.numpy(), trainable=self.trainable, name=self._title)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.numpy(), self.trainable, self._title)


def _restore(value: Any, trainable: bool, name: str) -> Variable:
    return Variable(value, trainable=trainable, name=name)


class Assigned(Variable):
    """What assignments return: the same Variable, read anew at each use."""

    __slots__ = ()

    def __init__(self, variable: Variable) -> None:
        self._store = variable._store
        self._leaf = variable._leaf
        self._is_trainable = variable._is_trainable
        self._title = variable._title
        self.constraint = variable.constraint

    def _shown_name(self) -> str:
        return "UnreadVariable"


class VariableSlice(EagerTensor):
    """``variable[index]``: a Tensor with `assign`, which writes into the Variable."""

    __slots__ = ("_index", "_variable")

    _index: Any
    _variable: Any

    def assign(self, value: Any, name: str | None = None) -> Any:
        """Write into this part of the Variable; not differentiated."""
        return self._variable._assign_slice(self._index, value)


Variable.__name__ = "ResourceVariable"
VariableSlice.__name__ = "EagerTensor"

__all__ = ["Variable"]
