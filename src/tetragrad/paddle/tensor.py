"""Paddle's Tensor: `stop_gradient`, `backward()`, `.grad` that accumulates, and its way to print."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import hooks
from ..core.levels import Boxed, concrete, lift
from ..core.mutation import alias_of, share
from ..core.recording import call_in_mode
from ..core.tensor import Leaf
from ..core.tensor import Tensor as CoreTensor
from ..dialects.base import DialectTensor, constant, convert, variable
from ..dialects.names import missing_name
from ..numpy import writing
from ..numpy.tensor import stop_gradient as stopped
from . import printing
from .dtypes import BY_NUMBER, BY_NUMPY, CPU, DataType, Place, Size, as_dtype, numpy_dtype
from .errors import (
    ArgumentAssertionError,
    InvalidArgumentError,
    invalid,
    require,
    translate,
)

_names = {kind: itertools.count() for kind in ("generated_tensor", "eager_tmp")}


class Tensor(DialectTensor):
    """An array that records what is computed from it, where its `stop_gradient` is False.

    Made by `to_tensor` and the creation functions, with ``stop_gradient=True`` unless they say otherwise.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
    >>> (x * x).backward()
    >>> x.grad
    Tensor(shape=[2], dtype=float32, place=Place(cpu), stop_gradient=False,
           [2., 4.])
    """

    # Each of these stays unset until it is needed: a name; whether a result was cut from its graph; the count of
    # in-place changes, in a cell that detached aliases share; and the traits of a parameter.
    __slots__ = ("_cut", "_name", "_parameter", "_version")

    _conjugate_grad = True

    @classmethod
    def _translate(cls, error: Exception) -> Exception:
        return translate(error)

    # -- what it is -----------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> Any:
        """Type of the elements."""
        dtype = self._value.dtype
        try:
            return BY_NUMBER[dtype.num]
        except KeyError:
            return DataType(dtype.name, -1)

    @property
    def shape(self) -> Size:
        """Lengths of the axes."""
        return Size(self._value.shape)

    def dim(self) -> int:
        """Number of axes."""
        return len(self._value.shape)

    ndimension = dim

    @property
    def place(self) -> Place:
        """Where the values are: always the CPU."""
        return CPU

    @property
    def name(self) -> str:
        """A name of its own."""
        try:
            return self._name
        except AttributeError:
            kind = "generated_tensor" if self.is_leaf else "eager_tmp"
            self._name: str = f"{kind}_{next(_names[kind])}"
            return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name

    @property
    def persistable(self) -> bool:
        """Whether this is a parameter."""
        return hasattr(self, "_parameter")

    def element_size(self) -> int:
        """Bytes of one element."""
        return int(self._value.dtype.itemsize)

    itemsize = property(element_size)

    @property
    def device(self) -> str:
        """Where the values are: always the CPU."""
        return "cpu"

    @property
    def strides(self) -> list[int]:
        """How many elements further on the next one along each axis would be, in row order."""
        steps = [1]
        for length in self._value.shape[:0:-1]:
            steps.insert(0, steps[0] * length)
        return steps[: len(self._value.shape)]

    def is_contiguous(self) -> bool:
        """True: memory order is not observable."""
        return True

    def contiguous(self) -> Tensor:
        """This Tensor."""
        return self

    def cpu(self) -> Tensor:
        """This Tensor: it is on the CPU."""
        return self

    def value(self) -> Tensor:
        """This Tensor."""
        return self

    # -- differentiation ------------------------------------------------------------------------------------------

    @property
    def stop_gradient(self) -> bool:
        """Whether gradients stop here; may be set. True on a recorded result cuts it from its graph."""
        return self._node is None

    @stop_gradient.setter
    def stop_gradient(self, flag: bool) -> None:
        if bool(flag) == (self._node is None):
            return
        if flag:
            if not isinstance(self._node, Leaf):
                self._cut = True
            self._node = None
        else:
            self._value = lift(self._value)
            self._node = Leaf(self._value.shape, self._value.dtype, self)

    @property
    def requires_grad(self) -> bool:
        """The opposite of `stop_gradient`."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        self.stop_gradient = not flag

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad`, and return this Tensor."""
        self.stop_gradient = not requires_grad
        return self

    @property
    def trainable(self) -> bool:
        """Whether an optimizer changes this parameter."""
        return self._node is not None

    @trainable.setter
    def trainable(self, flag: bool) -> None:
        self.stop_gradient = not flag

    @property
    def is_leaf(self) -> bool:
        """Whether this Tensor is a variable or a constant, not a recorded result."""
        return (self._node is None and not hasattr(self, "_cut")) or isinstance(self._node, Leaf)

    @property
    def grad(self) -> Tensor | None:
        """What backward passes have added up for this Tensor, or None. All Tensors it returns share one memory."""
        gradient = getattr(self, "_grad", None)
        if gradient is None:
            return None
        shown: Tensor = variable(Tensor, gradient._value)
        share(gradient, shown, None, detached=True)
        return shown

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is None:
            self._grad = None
            return
        if not isinstance(gradient, CoreTensor):
            raise invalid(f"argument (position 1) must be Tensor, but got {type(gradient).__name__}")
        if gradient.shape != self._value.shape:
            raise invalid(
                f"The gradient has shape {list(gradient.shape)}, the Tensor has shape {list(self._value.shape)}."
            )
        self._grad = constant(Tensor, gradient)

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def gradient(self) -> np.ndarray[Any, Any] | None:
        """The accumulated gradient as a NumPy array, or None."""
        gradient = getattr(self, "_grad", None)
        return None if gradient is None else np.array(concrete(gradient, "gradient()"))

    def clear_gradient(self, set_to_zero: bool = True) -> None:
        """Set the accumulated gradient to zero, or with ``set_to_zero=False`` forget it."""
        gradient = getattr(self, "_grad", None)
        if gradient is None:
            return
        if not set_to_zero:
            self._grad = None
        elif not is_looked_at(gradient):
            value = np.zeros(gradient._value.shape, gradient._value.dtype)
            self._grad = Tensor(value if value.ndim else value[()], None)
        else:  # somebody may look at it
            overwrite(gradient, 0)

    def clear_grad(self) -> None:
        """Set the accumulated gradient to zero."""
        self.clear_gradient()

    def zero_grad(self) -> None:
        """Set the accumulated gradient to zero."""
        self.clear_gradient()

    def retain_grads(self) -> None:
        """Let backward passes leave a gradient in this result's `.grad` as well."""
        if self._node is None or isinstance(self._node, Leaf):
            return
        keeper = weakref.ref(self)

        def keep(g: Any) -> None:
            tensor = keeper()
            if tensor is not None:
                old = getattr(tensor, "_grad", None)
                tensor._grad = constant(Tensor, g if old is None else old + g)

        hooks.register(self._node, "tensor", keep, Tensor)

    def register_hook(self, hook: Any) -> TensorHookRemoveHelper:
        """Call ``hook(gradient)`` when a backward pass brings the gradient here; what it returns replaces it.

        Parameters
        ----------
        hook : callable
            Takes a Tensor; returns None, or a Tensor of the same shape.

        Returns
        -------
        TensorHookRemoveHelper
            Its ``remove()`` takes the hook away.

        Raises
        ------
        RuntimeError
            If this Tensor stops gradients.
        """
        from .autograd.sweeps import tensor_hook

        if self._node is None:
            raise RuntimeError("Cannot register hook on a tensor that stop gradient.")
        return TensorHookRemoveHelper(hooks.register(self._node, "tensor", tensor_hook(self, hook), Tensor))

    def detach(self) -> Tensor:
        """The same memory as a constant: gradients stop here."""
        made: Tensor = stopped(self)
        share(self, made, None, detached=True)
        made._version = self._version_cell()
        return made

    def detach_(self) -> Tensor:
        """Cut this Tensor from its graph, so that it is a leaf; returns it."""
        self._node = None
        if hasattr(self, "_cut"):
            del self._cut
        return self

    def _version_cell(self) -> list[int]:
        try:
            return self._version
        except AttributeError:
            self._version: list[int] = [0]
            return self._version

    @property
    def inplace_version(self) -> int:
        """How often this Tensor, or a Tensor it shares memory with, was changed in place."""
        alias = alias_of(self)
        return self._version_cell()[0] + (0 if alias is None else alias.storage.version)

    def _bump_inplace_version(self) -> None:
        alias = alias_of(self)
        if alias is None:
            self._version_cell()[0] += 1
        else:
            alias.storage.version += 1

    @property
    def grad_fn(self) -> Any:
        """The recorded operation that made this Tensor (one that accumulates, for a variable), or None."""
        from .autograd.graph import GradNode

        return None if self._node is None else GradNode(self._node)

    # -- to NumPy and Python --------------------------------------------------------------------------------------

    def numpy(self, *args: Any) -> np.ndarray[Any, Any]:
        """A copy of the values as a NumPy array."""
        return np.array(concrete(self, "numpy()"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(concrete(self, "array"), dtype=dtype)

    def item(self, *args: int) -> Any:
        """The one element (or the one at the given position) as a Python number."""
        array = self._array()
        if not args and array.size != 1:
            raise invalid(
                "only one element tensors can be converted to Python scalars when no input coordinates; this one has "
                f"{array.size}"
            )
        return array.item(*args)

    def __bool__(self) -> bool:
        value = self._value
        if type(value) is np.bool_:
            return bool(value)
        array = self._array()
        if array.size != 1:
            raise ArgumentAssertionError(
                "When Variable is used as the condition of if/while , Variable can only contain one element."
            )
        return bool(array.item())

    def __float__(self) -> float:
        return float(self._one("float"))

    def __int__(self) -> int:
        return int(self._one("int"))

    def __complex__(self) -> complex:
        return complex(self._one("complex"))

    def __index__(self) -> int:
        if self._value.dtype.kind not in "iub":
            raise TypeError(f"a Tensor of {self.dtype} cannot be used as an index; only integer Tensors can")
        return int(self._one("int"))

    def _one(self, kind: str) -> Any:
        array = self._array()
        require(array.size == 1, "only one element variable can be converted to " + kind + ".")
        return array.item()

    def __len__(self) -> int:
        if not self._value.shape:
            raise ArgumentAssertionError("len() of a 0-D tensor is wrong")
        return int(self._value.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if not self._value.shape:
            raise ArgumentAssertionError("iteration over a 0-D tensor is not allowed")
        return (self[position] for position in range(self._value.shape[0]))

    def __contains__(self, element: Any) -> bool:
        return bool(np.any(self._array() == (element._array() if isinstance(element, Tensor) else element)))

    def __repr__(self) -> str:
        value = self._value
        while isinstance(value, (Boxed, CoreTensor)):
            if isinstance(value, Boxed):
                return f"Tensor(shape={list(self.shape)}, dtype={self.dtype.name}, inside {value.level.kind})"
            value = value._value
        data = printing.format_array(np.asarray(value), len("Tensor("))
        text = (
            f"Tensor(shape={list(self.shape)}, dtype={self.dtype.name}, place={self.place}, "
            f"stop_gradient={self.stop_gradient},\n       {data})"
        )
        return f"Parameter containing:\n{text}" if self.persistable else text

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise missing_name("'Tensor' object", name, dir(Tensor))

    if TYPE_CHECKING:  # the functions of the other modules become methods, see `methods`
        _parameter: bool
        backward: Any
        __setitem__: Any

    # -- copies: values only, never the graph ---------------------------------------------------------------------

    def __copy__(self) -> Tensor:
        return to_tensor(self, stop_gradient=self.stop_gradient)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        copied = self.__copy__()
        if getattr(self, "_grad", None) is not None:
            copied._grad = constant(Tensor, np.array(self._grad._value))
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return to_tensor, (self.numpy(), None, None, self.stop_gradient)


class TensorHookRemoveHelper:
    """What registering a hook returns: `remove()` takes the hook away, and says whether it was there."""

    __slots__ = ("_handle",)

    def __init__(self, handle: hooks.HookHandle) -> None:
        self._handle: hooks.HookHandle | None = handle

    def remove(self) -> bool:
        """Take the hook away."""
        handle, self._handle = self._handle, None
        if handle is None:
            return False
        handle.remove()
        return True


def to_tensor(data: Any, dtype: Any = None, place: Any = None, stop_gradient: bool = True) -> Tensor:
    """Make a Tensor from data; always a copy, so it has no part in the graph that the data came from.

    Parameters
    ----------
    data : scalar, nested lists, array or Tensor
    dtype : dtype, optional
        By default that of the data; Python's floating-point numbers give float32, its integers int64.
    place : Place, optional
        Ignored: everything is on the CPU.
    stop_gradient : bool
        False: a variable, whose gradient backward passes leave in `.grad`.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        If the data is not numeric.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> paddle.to_tensor([1.0, 2.0])
    Tensor(shape=[2], dtype=float32, place=Place(cpu), stop_gradient=True,
           [1., 2.])
    """
    if isinstance(data, CoreTensor) and isinstance(data._value, Boxed):
        made = stopped(convert(Tensor, data))
        made.stop_gradient = stop_gradient
        return made
    value = np.array(concrete(data, "to_tensor()") if isinstance(data, CoreTensor) else _plain(data))
    if value.dtype.kind not in "biufc" or value.dtype not in BY_NUMPY:
        raise TypeError(
            f"Can't constructs a 'paddle.Tensor' with data type {type(data)}, data type must be "
            "scalar|list|tuple|np.ndarray|paddle.Tensor"
        )
    if dtype is None and not hasattr(data, "dtype"):
        if value.dtype.kind == "f":
            dtype = numpy_dtype(None)
        elif value.dtype.kind == "c":
            dtype = "complex128" if numpy_dtype(None) == np.float64 else "complex64"
    if dtype is not None:
        value = value.astype(as_dtype(dtype).dtype, copy=False)
    if value.ndim == 0:
        value = value[()]
    return Tensor(value, None) if stop_gradient else variable(Tensor, lift(value))


def _plain(data: Any) -> Any:
    """Nested lists with the arrays of the Tensors in them."""
    if isinstance(data, (list, tuple)):
        return [_plain(each) for each in data]
    return concrete(data, "to_tensor()") if isinstance(data, CoreTensor) else data


def is_looked_at(gradient: Any) -> bool:
    """Whether somebody holds a Tensor that shares memory with this accumulated gradient."""
    alias = alias_of(gradient)
    return alias is not None and len(alias.storage.living()) > 1


def in_values(function: Any, *args: Any) -> Any:
    """Call a function that writes, unrecorded: only values change."""
    return call_in_mode(False, function, args, {})


def overwrite(target: Any, value: Any) -> None:
    """Give a Tensor new values, unrecorded, seen by all that share its memory."""
    in_values(writing.assign, target, value)


def as_operand(value: Any, function: str, argument: str = "x", position: int = 0) -> Tensor:
    """An argument that must be a Tensor; one of another dialect is converted, with its graph."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, CoreTensor):
        return convert(Tensor, value)
    raise invalid(
        f"{function}(): argument '{argument}' (position {position}) must be Tensor, but got {type(value).__name__}"
    )


def made(value: Any) -> Any:
    """The result of an operation as a Tensor: what has no derivative comes from the engine as a plain array."""
    if isinstance(value, CoreTensor):
        return value
    value = np.asarray(value)
    return Tensor(value if value.ndim else value[()], None)


__all__ = ["InvalidArgumentError", "Tensor", "as_operand", "made", "to_tensor"]
