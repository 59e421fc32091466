"""MXNet's arrays: `ndarray` (NumPy's idiom, what `mxnet.np` gives) and `NDArray`, the older face it stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as onp

from ..core.mutation import alias_of, separate, share, sharers
from ..core.recording import call_in_mode
from ..core.tensor import FREED, Leaf, Tensor
from ..dialects.base import DialectTensor, convert
from ..errors import TetragradError
from ..numpy import creation, writing
from ..numpy.tensor import stop_gradient
from ..ops.shape import astype as astype_door
from .base import IN_PLACE, MXNetError, translate
from .context import Context, check, cpu
from .modes import is_recording
from .operations import call, operand

GRAD_REQS = ("write", "add", "null")


class NDArray(DialectTensor):
    """MXNet's array of the older kind; `ndarray` is the same with NumPy's printing, comparisons and shapes.

    Operations are recorded inside ``autograd.record()`` only, where they depend on an array with `attach_grad`.
    """

    __slots__ = ("_fresh_grad", "_grad_req")

    if TYPE_CHECKING:  # see `autograd`
        backward: Any

    # Mixed operators with NumPy's arrays are ours.
    __array_priority__ = 1000.0

    @classmethod
    def _translate(cls, error: Exception) -> Exception:
        return translate(error)

    # -- differentiation ------------------------------------------------------------------------------------------

    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Make this array a variable: allocate its `.grad`, filled with zeros.

        Parameters
        ----------
        grad_req : str
            What a backward pass does with `.grad`: ``"write"``, ``"add"``, or nothing (``"null"``).
        stype : str, optional
            Only ``"default"``: gradients are dense.

        Raises
        ------
        KeyError
            Another `grad_req`.

        Examples
        --------
        >>> from tetragrad.mxnet import np
        >>> x = np.arange(3)
        >>> x.attach_grad()
        >>> x.grad
        array([0., 0., 0.])
        """
        if stype not in (None, "default"):
            raise MXNetError(f"MXNetError: attach_grad: gradients are dense here, stype={stype!r} is not available")
        zeros = onp.zeros(self.shape, self.dtype)
        self._attach(type(self)(zeros if zeros.ndim else zeros[()], None), grad_req)

    def _attach(self, buffer: NDArray, grad_req: str) -> None:
        if grad_req not in GRAD_REQS:
            raise KeyError(grad_req)
        self._node = Leaf(self.shape, self.dtype, self)
        separate(self)
        self._grad = buffer
        self._grad_req = grad_req
        self._fresh_grad = 0

    @property
    def grad(self) -> NDArray | None:
        """The buffer that backward passes write the gradient into; None without `attach_grad`."""
        try:
            return self._grad
        except AttributeError:
            return None

    def _receive_gradient(self, gradient: Tensor) -> None:
        """Put what a backward pass found into the buffer, as `grad_req` says (see `core.gradients`)."""
        buffer = self._grad
        request = self._grad_req
        if request == "null":
            return
        if request == "write" and alias_of(buffer) is None:
            buffer._value, buffer._node = gradient._value, gradient._node
        else:
            write = writing.assign if request == "write" else writing.AUGMENTED["__iadd__"]
            call_in_mode(gradient._node is not None, write, (buffer, gradient), {})
        self._fresh_grad = 1

    def detach(self) -> Any:
        """The same memory as a constant: gradients stop here. A write through either is seen by both."""
        stopped = stop_gradient(self)
        share(self, stopped, detached=True)
        return stopped

    # -- operators ------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> Any:
        return _compare(self, "__eq__", other) if _is_operand(other) else False

    def __ne__(self, other: object) -> Any:
        return _compare(self, "__ne__", other) if _is_operand(other) else True

    __hash__ = object.__hash__

    def __getitem__(self, index: Any) -> Any:
        return call(type(self), Tensor.__getitem__, (self, plain_index(index)), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(value, Tensor):
            value = operand(type(self), value)
            if value.dtype != self.dtype:
                value = astype_door(value, dtype=self.dtype)
        elif type(value) is not float or self.dtype.kind != "f":
            value = onp.asarray(value, self.dtype)
        _write(self, writing.set_item, plain_index(index), value)

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return iter([self[position] for position in range(self.shape[0])])

    def __contains__(self, element: Any) -> bool:
        return bool((self == element).asnumpy().any())

    # -- values out -----------------------------------------------------------------------------------------------

    def asnumpy(self) -> onp.ndarray[Any, Any]:
        """A copy of the values as a NumPy array."""
        return onp.array(self._array())

    def asscalar(self) -> Any:
        """The one element as a NumPy scalar."""
        if self.size != 1:
            raise ValueError("The current array is not a scalar")
        return self._array().reshape(())[()]

    def item(self, *index: int) -> Any:
        """The one element (or the one at `index`) as a Python number."""
        return self._array().item(*index)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> onp.ndarray[Any, Any]:
        return onp.array(self._array(), dtype=dtype)

    def __bool__(self) -> bool:
        if self.size == 0:
            return False
        if self.size == 1:
            return bool(self._array().reshape(()))
        raise ValueError(f"The truth value of an {type(self).__name__} with multiple elements is ambiguous.")

    def __float__(self) -> float:
        return float(self._one_element())

    def __int__(self) -> int:
        return int(self._one_element())

    def __index__(self) -> int:
        if self.dtype.kind not in "biu" or self.size != 1:
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(self._one_element())

    def _one_element(self) -> Any:
        if self.size != 1:
            raise TypeError("only size-1 arrays can be converted to Python scalars")
        return self._array().item()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.size == 1 and spec else format(str(self), spec)

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        lengths = "x".join([str(length) for length in self.shape])
        return f"\n{self._array()!s}\n<{type(self).__name__} {lengths} @{self.ctx}>"

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.asnumpy())

    # -- storage --------------------------------------------------------------------------------------------------

    @property
    def ctx(self) -> Context:
        """The device: always the CPU."""
        return cpu()

    context = device = ctx

    @property
    def stype(self) -> str:
        """How it is stored: always dense."""
        return "default"

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    def wait_to_read(self) -> None:
        """Nothing to wait for: results are there when an operation returns."""

    wait_to_write = wait_to_read

    def as_in_ctx(self, ctx: Context) -> NDArray:
        """This array on a device, which can only be the CPU: this array itself."""
        check(ctx)
        return self

    as_in_context = to_device = as_in_ctx

    def copyto(self, other: Any) -> Any:
        """Copy the values into an array, or onto a device."""
        if isinstance(other, Context):
            check(other)
            return self.copy()
        other[...] = self
        return other

    def astype(
        self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """The elements in another type."""
        dtype = onp.dtype(dtype)
        if dtype == self.dtype and not copy:
            return self
        from .choices import astype

        return call(type(self), astype, (self, dtype), {}, widen=True)

    def copy(self, order: str = "C") -> Any:
        """An array of its own with these values."""
        return call(type(self), creation.copy, (self,), {})

    def as_np_ndarray(self) -> Any:
        """The same memory and graph as an array of `mxnet.np`."""
        return self if type(self) is ndarray else convert(ndarray, self)

    def as_nd_ndarray(self) -> Any:
        """The same memory and graph as an array of `mxnet.nd`."""
        return self if type(self) is NDArray else convert(NDArray, self)


class ndarray(NDArray):
    """MXNet's array in NumPy's idiom, made by the functions of `mxnet.np`."""

    __slots__ = ()

    def __repr__(self) -> str:
        text = repr(self._array())
        if "dtype=" in text:
            if self.dtype == onp.float32:
                text = text[: text.rindex(",")] + ")"
        elif self.dtype not in (onp.float32, onp.bool_):
            text = f"{text[:-1]}, dtype={self.dtype})"
        return text

    def __str__(self) -> str:
        return str(self._array())


def _restore(face: type[NDArray], value: Any) -> NDArray:
    return face(value if value.ndim else value[()], None)


def _is_operand(other: object) -> bool:
    return isinstance(other, (Tensor, onp.ndarray, onp.generic, bool, int, float, list, tuple))


def plain_index(index: Any) -> Any:
    """An index without Tensors; positions may be given as floating-point numbers, as MXNet allows."""
    if type(index) is tuple:
        return tuple([plain_index(entry) for entry in index])
    if isinstance(index, Tensor):
        index = onp.asarray(index._array() if isinstance(index, DialectTensor) else index._value)
    if isinstance(index, onp.ndarray) and index.dtype.kind == "f":
        return index.astype(onp.int64)
    return index


def _is_attached(x: Tensor) -> bool:
    """Whether this is a variable of the user's (not one of a transform)."""
    return isinstance(x._node, Leaf) and x._node.owner is not None


def _write(target: NDArray, change: Callable[..., Any], *args: Any) -> Any:
    """Change an array in place: values alone outside `record`, with their derivatives inside."""
    recording = is_recording()
    if recording:
        node = target._node
        if node is not None and node.residuals is FREED:
            target._node = None
        if any([_is_attached(member) for member in sharers(target)]):
            raise MXNetError(IN_PLACE)
    try:
        return change(target, *args) if recording else call_in_mode(False, change, (target, *args), {})
    except TetragradError as error:
        translated = translate(error)
        if translated is error:
            raise
        raise translated from error


def _compare(self: NDArray, name: str, other: Any) -> Any:
    made = call(type(self), getattr(Tensor, name), (self, _plain(other)), {})
    return made if isinstance(self, ndarray) else made.astype(onp.float32)


def _plain(other: Any) -> Any:
    return onp.asarray(other, onp.float32) if isinstance(other, (list, tuple)) else other


def _operator(name: str) -> Any:
    door = getattr(Tensor, name)
    quick = name in ("__add__", "__sub__", "__mul__", "__truediv__", "__pow__", "__matmul__")  # of two recorded arrays

    def method(self: NDArray, *others: Any) -> Any:
        if quick and is_recording() and type(other := others[0]) is type(self):
            x, y = self._node, other._node
            if (
                x is not None and y is not None and x.residuals is not FREED and y.residuals is not FREED
                and x.dtype is y.dtype and x.dtype.kind == "f"
            ):  # fmt: skip
                return door(self, other)
        for other in others:
            if not isinstance(other, (Tensor, onp.ndarray, onp.generic, bool, int, float, complex)):
                return NotImplemented
        return call(type(self), door, (self, *others), {})

    method.__name__ = name
    return method


def _augmented(name: str) -> Any:
    change = writing.AUGMENTED[name]

    def method(self: NDArray, other: Any) -> Any:
        if isinstance(other, Tensor):
            other = operand(type(self), other)
            if other.dtype.kind != self.dtype.kind and self.dtype.kind == "f":
                other = astype_door(other, dtype=self.dtype)
        elif isinstance(other, onp.generic):
            other = other.item()
        return _write(self, change, other)

    method.__name__ = name
    return method


def _comparison(name: str) -> Any:
    def method(self: NDArray, other: Any) -> Any:
        return _compare(self, name, other) if _is_operand(other) else NotImplemented

    method.__name__ = name
    return method


for _name in ("add", "sub", "mul", "truediv", "mod", "pow", "matmul", "floordiv", "and", "or", "xor"):
    setattr(NDArray, f"__{_name}__", _operator(f"__{_name}__"))
    setattr(NDArray, f"__r{_name}__", _operator(f"__r{_name}__"))
    setattr(NDArray, f"__i{_name}__", _augmented(f"__i{_name}__"))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(NDArray, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("lt", "le", "gt", "ge"):
    setattr(NDArray, f"__{_name}__", _comparison(f"__{_name}__"))
