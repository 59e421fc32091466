"""The own face's Tensor: NumPy's methods, and `backward`, `.grad`, `.detach()` for automatic differentiation."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from opcode import opmap
from typing import Any

import numpy as np

from ..core import hooks
from ..core.bind import describe
from ..core.gradients import add_to_grads
from ..core.levels import Boxed, concrete, current_level, level_of, lift
from ..core.mutation import separate, share, share_if_view
from ..core.recording import is_recording
from ..core.sweep import fit_cotangent, own_result, pull
from ..core.tensor import PLAIN, Leaf, Node, is_differentiable_dtype
from ..core.tensor import Tensor as CoreTensor
from ..errors import (
    CotangentError,
    DifferentiableTypeError,
    EscapedValueError,
    NonScalarError,
    NotRecordedError,
    OperationError,
)
from ..families.rules import CONVERT
from ..ops.arithmetic import stop_gradient as stop_gradient_door
from ..ops.indexing import getitem
from ..ops.joining import unstack
from . import contraction, creation, dispatch, elementwise, exchange, indexing, reductions, shaping, sorting, writing


class Tensor(CoreTensor):
    """An array that records what is computed from it.

    Made by `tensor`; results of operations on Tensors are Tensors. Everything NumPy's arrays can do by method,
    operator or
    NumPy function works, and is differentiated. Comparisons give plain boolean arrays. Hashing is by identity.

    Attributes
    ----------
    shape, dtype, ndim, size
        As for `numpy.ndarray`.
    grad : Tensor or None
        What backward passes accumulated for this variable; None before the first.
    requires_grad : bool
        Whether operations on this Tensor are recorded.

    Examples
    --------
    >>> import tetragrad as tg
    >>> x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ()

    # -- differentiation ------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this Tensor are recorded; may be set on variables and constants."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        if flag == self.requires_grad:
            return
        if flag:
            _check_differentiable(self)
            self._value = lift(self._value)
            self._node = Leaf(self.shape, self.dtype, self)
        elif self.is_leaf:
            self._node = None
        else:
            raise OperationError("requires_grad: this Tensor is a result; use .detach() to get its value as a constant")
        separate(self)

    @property
    def is_leaf(self) -> bool:
        """Whether this Tensor is a variable or a constant, not a recorded result."""
        return self._node is None or isinstance(self._node, Leaf)

    @property
    def grad(self) -> Tensor | None:
        """The accumulated gradient, or None."""
        try:
            return self._grad
        except AttributeError:
            return None

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is not None:
            if not isinstance(gradient, CoreTensor):
                gradient = tensor(gradient, dtype=self.dtype)
            if gradient.shape != self.shape or gradient.dtype != self.dtype:
                raise CotangentError(f"grad: {describe(gradient)} does not fit a Tensor of {describe(self)}")
        self._grad = gradient

    def zero_grad(self) -> None:
        """Forget the accumulated gradient: `.grad` becomes None, and the next backward pass starts anew."""
        self._grad = None

    def backward(self, gradient: Any = None, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Go backward from this Tensor and add the gradients to the `.grad` of the variables it was computed from.

        Parameters
        ----------
        gradient : array, optional
            The cotangent: the derivative of the final target with respect to this Tensor, of its shape. May be left out
            if this Tensor has one element; then it is 1.
        retain_graph : bool
            Keep the saved arrays, so that another backward pass can go through the same graph.
        create_graph : bool
            Record the backward pass too, so that the gradients can be differentiated (implies `retain_graph`).

        Raises
        ------
        NonScalarError
            More than one element and no `gradient`.
        CotangentError
            `gradient` has another shape, or a dtype of another kind.
        NotRecordedError
            Nothing was recorded for this Tensor.
        FreedGraphError
            An earlier backward pass released the graph.

        Examples
        --------
        >>> import tetragrad as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).backward(gradient=[1.0, 1.0])
        >>> x.grad
        tensor([2., 4.])
        """
        node = self._node
        if node is None:
            raise NotRecordedError(
                f"backward: nothing was recorded for this Tensor ({describe(self)}): it depends on no variable. "
                f"Create the "
                f"variables with tg.tensor(..., requires_grad=True), and compute outside tg.no_grad()."
            )
        if gradient is None:
            if self.size != 1:
                raise NonScalarError(
                    f"backward: this Tensor ({describe(self)}) has {self.size} elements, so the cotangent must be "
                    f"given: "
                    f"backward(gradient=...) with an array of shape {self.shape}, or reduce first, for instance "
                    f"with .sum()."
                )
            g: Any = np.ones(node.shape, node.dtype) if node.shape else node.dtype.type(1)
        else:
            g = fit_cotangent(gradient, node.shape, node.dtype, "backward")
        if isinstance(g, CoreTensor):
            if not create_graph and not isinstance(g._value, Boxed) and not isinstance(self._value, Boxed):
                g = g._value  # everything is plain: so is the sweep
        elif isinstance(self._value, Boxed):
            g = CoreTensor(g, None)
        found, _ = pull([node], [g], create_graph=create_graph, retain_graph=retain_graph)
        _accumulate(found, g)

    def detach(self) -> Tensor:
        """The same memory as a constant: operations on it are not recorded, gradients stop here.

        A write through either is seen by both; one through the detached Tensor shows in no history.
        """
        stopped: Tensor = stop_gradient(self)
        share(self, stopped, detached=True)
        return stopped

    @property
    def node(self) -> Node | None:
        """The recorded operation that made this Tensor (a leaf for a variable), None for a constant."""
        return self._node

    def register_hook(self, hook: Any) -> hooks.HookHandle:
        """Call a function with the gradient when a backward pass brings it to this Tensor.

        Parameters
        ----------
        hook : callable
            ``hook(gradient) -> None or a gradient`` that replaces it, of the same shape. Several hooks run in the order
            of registration, each seeing what the one before returned.

        Returns
        -------
        HookHandle
            Its ``remove()`` takes the hook away.

        Raises
        ------
        NotRecordedError
            If this Tensor is a constant.

        Examples
        --------
        >>> import tetragrad as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_hook(lambda g: 10 * g)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([20., 40.])
        """
        if self._node is None:
            raise NotRecordedError(
                f"register_hook: no gradient comes to this Tensor ({describe(self)}), it depends on no variable"
            )
        return hooks.register(self._node, "tensor", hook, type(self))

    # -- to NumPy and Python --------------------------------------------------------------------------------------

    def numpy(self) -> np.ndarray[Any, Any]:
        """The value as a read-only NumPy array that shares memory. What is computed from it is not recorded."""
        view = np.asarray(concrete(self, "numpy()")).view()
        view.flags.writeable = False
        return view

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if isinstance(self._value, Boxed):
            self._value.check_open("numpy.asarray")
        if self._node is not None or level_of(self):
            raise EscapedValueError(
                f"numpy.asarray: this Tensor ({describe(self)}) takes part in a derivative, which a plain array "
                f"would lose. "
                f"Use tg.numpy.array(...) or operations on the Tensor, or .detach() / .numpy() if the derivative is "
                f"not "
                f"wanted."
            )
        value = concrete(self, "array")
        array = np.array(value, dtype=dtype, copy=copy)
        return self.numpy() if array is value else array  # what is not a copy is read-only

    def item(self, *index: int) -> Any:
        """The one element (or the one at `index`) as a Python number."""
        return np.asarray(concrete(self, "item()")).item(*index)

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return np.asarray(concrete(self, "tolist()")).tolist()

    def __float__(self) -> float:
        _check_purpose(self)
        return float(concrete(self, "float()"))

    def __int__(self) -> int:
        _check_purpose(self)
        return int(concrete(self, "int()"))

    def __complex__(self) -> complex:
        _check_purpose(self)
        return complex(concrete(self, "complex()"))

    def __bool__(self) -> bool:
        return bool(concrete(self, "bool()"))

    def __index__(self) -> int:
        return np.asarray(concrete(self, "index")).__index__()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d Tensor")
        return self.shape[0]

    def __contains__(self, element: Any) -> bool:
        return bool(np.any(concrete(self, "in") == concrete(element, "in")))

    def __format__(self, spec: str) -> str:
        if self.shape == () and spec:
            return format(self.item(), spec)
        return format(str(self), spec)

    def __repr__(self) -> str:
        return represent(self)

    __hash__ = object.__hash__

    # -- NumPy's methods and protocols ----------------------------------------------------------------------------

    all = reductions.all
    any = reductions.any
    argmax = reductions.argmax
    argmin = reductions.argmin
    argsort = sorting.argsort
    astype = shaping.astype
    clip = elementwise.clip
    conj = elementwise.conj
    conjugate = elementwise.conjugate
    cumprod = reductions.cumprod
    cumsum = reductions.cumsum
    diagonal = contraction.diagonal
    dot = contraction.dot
    max = reductions.max
    mean = reductions.mean
    min = reductions.min
    nonzero = indexing.nonzero
    prod = reductions.prod
    ravel = shaping.ravel
    repeat = shaping.repeat
    round = elementwise.round
    searchsorted = sorting.searchsorted
    squeeze = shaping.squeeze
    std = reductions.std
    sum = reductions.sum
    swapaxes = shaping.swapaxes
    take = indexing.take
    trace = contraction.trace
    var = reductions.var

    def reshape(self, *shape: Any) -> Any:
        """The elements in another shape, given as one tuple or as several numbers."""
        return shaping.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """The Tensor with its axes reversed, or in the order given."""
        return shaping.transpose(self, None if not axes else axes[0] if len(axes) == 1 else axes)

    def copy(self, order: str = "C") -> Any:
        """A Tensor with the same elements in memory of its own, in the same graph."""
        return shaping.ordered_copy(self, order)

    def flatten(self, order: str = "C") -> Any:
        """All elements in one row, in memory of its own."""
        return creation.copy(shaping.ravel(self, order))

    T = property(shaping.transpose, doc="The Tensor with its axes reversed.")
    mT = property(shaping.matrix_transpose, doc="The Tensor with its last two axes swapped.")
    real = property(elementwise.real, doc="Real part.")
    imag = property(elementwise.imag, doc="Imaginary part.")

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d Tensor")
        return _rows(self)

    # -- writing in place (see core.mutation) ----------------------------------------------------------------------

    __setitem__ = writing.set_item
    __iadd__ = writing.AUGMENTED["__iadd__"]
    __isub__ = writing.AUGMENTED["__isub__"]
    __imul__ = writing.AUGMENTED["__imul__"]
    __itruediv__ = writing.AUGMENTED["__itruediv__"]
    __ifloordiv__ = writing.AUGMENTED["__ifloordiv__"]
    __imod__ = writing.AUGMENTED["__imod__"]
    __ipow__ = writing.AUGMENTED["__ipow__"]
    __imatmul__ = writing.AUGMENTED["__imatmul__"]
    __iand__ = writing.AUGMENTED["__iand__"]
    __ior__ = writing.AUGMENTED["__ior__"]
    __ixor__ = writing.AUGMENTED["__ixor__"]
    __ilshift__ = writing.AUGMENTED["__ilshift__"]
    __irshift__ = writing.AUGMENTED["__irshift__"]

    def fill(self, value: Any) -> None:
        """Write one value everywhere."""
        writing.assign(self, value, "fill")

    def put(self, indices: Any, values: Any, mode: str = "raise") -> None:
        """Write values at flat positions."""
        writing.put(self, indices, values, mode)

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> None:
        """Sort in place along one axis."""
        writing.assign(self, sorting.sort(self, axis, kind, order, stable=stable), "sort")

    def partition(self, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None) -> None:
        """Bring the `kth` element to its sorted place along one axis, in place."""
        writing.assign(self, sorting.partition(self, kth, axis, kind, order), "partition")

    __array_ufunc__ = dispatch.array_ufunc
    __array_function__ = dispatch.array_function
    __array_priority__ = 1000
    __dlpack__ = exchange.dlpack
    __dlpack_device__ = exchange.dlpack_device

    # -- copies: values only, never the graph ---------------------------------------------------------------------

    def __copy__(self) -> Tensor:
        made, parts = self.__reduce__()
        return made(*parts)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        copied = self.__copy__()
        if self.grad is not None:
            copied._grad = copy.deepcopy(self.grad, memo)
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        if isinstance(self._value, Boxed):
            raise EscapedValueError(
                f"copy: this Tensor ({describe(self)}) is a value of a running `{self._value.level.kind}`, whose "
                f"derivative a copy or a pickle would lose. Use x.copy(), which is differentiated."
            )
        return _restore, (type(self), self.numpy().copy(), self.requires_grad)


hooks.default_face = Tensor


def _restore(face: type[Tensor], value: Any, requires_grad: bool) -> Tensor:
    """A Tensor from its value; one that was recorded comes back as a variable."""
    made = face(value if value.ndim else value[()], None)
    if requires_grad:
        made.requires_grad = True
    return made


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False, copy: bool = True) -> Tensor:
    """Make a Tensor from data.

    Parameters
    ----------
    data : array_like
        Numbers, nested lists, arrays or a Tensor (its value).
    dtype : dtype, optional
        As for `numpy.array`; Python floats give float64.
    requires_grad : bool
        Make it a variable: operations on it are recorded, and backward passes fill its `.grad`.
    copy : bool
        False: use the memory of an array of the right dtype. The array is made read-only, since a change behind the
        Tensor's back would corrupt derivatives; the Tensor's own writes go to memory of its own.

    Returns
    -------
    Tensor

    Raises
    ------
    DifferentiableTypeError
        If gradients are asked of integers or booleans, or the data is not numeric.

    Examples
    --------
    >>> import tetragrad as tg
    >>> tg.tensor([1.0, 2.0], requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    """
    if isinstance(data, CoreTensor):
        data = concrete(data, "tensor()")
    value = np.array(data, dtype=dtype) if copy else np.asarray(data, dtype=dtype)
    if not copy and isinstance(data, np.ndarray) and (value is data or value.base is data):
        value.flags.writeable = data.flags.writeable = False
    if value.dtype.kind not in "biufc":
        raise DifferentiableTypeError(
            f"tensor: cannot make a Tensor of dtype {value.dtype} from {type(data).__name__}; give numbers"
        )
    if value.ndim == 0:
        value = value[()]
    made = Tensor(value, None)
    if requires_grad:
        made.requires_grad = True
    return made


def _check_purpose(x: Tensor) -> None:
    """For ``array[0] = x`` NumPy asks for a number, which would lose the derivative without a word."""
    if (x._node is None or not is_recording()) and not level_of(x):
        return
    frame = sys._getframe(2)
    if frame.f_code.co_code[frame.f_lasti] == _ASSIGNING:
        raise EscapedValueError(
            f"setitem: the array written into is plain and would lose the derivative of this Tensor ({describe(x)}). "
            f"Make it a Tensor (tg.tensor(...)), or write x.item() if the derivative is not wanted."
        )


_ASSIGNING = opmap["STORE_SUBSCR"]


def _rows(x: Tensor) -> Iterator[Any]:
    """The entries along the first axis, as views. They come from one node, as long as nobody writes into `x`."""
    value, node = x._value, x._node
    rows = unstack.primitive.unlinked(x, axis=0)  # type: ignore[attr-defined]
    for position in range(len(x)):
        if rows is not None and (x._value is not value or x._node is not node):
            value = rows = None
        if rows is None:
            yield x[position]
        else:
            share_if_view(x, rows[position], getitem.primitive, {"index": (position,)})  # type: ignore[attr-defined]
            yield rows[position]


def stop_gradient(x: Any) -> Any:
    """The value of `x` as a constant: derivatives of every order and mode stop here.

    Parameters
    ----------
    x : array or Tensor

    Returns
    -------
    array or Tensor
        A Tensor for a Tensor.

    Examples
    --------
    >>> import tetragrad as tg
    >>> tg.grad(lambda x: tg.stop_gradient(x) * x)(3.0)
    np.float64(3.0)
    """
    if not isinstance(x, CoreTensor):
        return x
    if type(x._value) in PLAIN:
        return type(x)(x._value, None)
    stopped = stop_gradient_door(x)
    return stopped if isinstance(stopped, CoreTensor) else type(x)(stopped, None)


def _check_differentiable(x: CoreTensor) -> None:
    if not is_differentiable_dtype(x.dtype):
        raise DifferentiableTypeError(
            f"requires_grad: only floating-point and complex Tensors can have gradients, this one is {describe(x)}. "
            f"Create it with dtype=float."
        )


def _accumulate(found: dict[Any, Any], seed: Any) -> None:
    """Add the cotangents that a sweep found (and gives away) to the `.grad` of the leaves' Tensors."""
    taken = {id(seed)}
    owners, gradients = [], []
    while found:
        leaf, ct = found.popitem()
        owner = leaf.owner() if leaf.owner is not None else None
        if owner is None:
            continue
        if ct is None:
            ct = np.zeros(leaf.shape, leaf.dtype) if leaf.shape else leaf.dtype.type(0)
        elif ct.dtype != leaf.dtype:
            ct = CONVERT(ct, leaf.dtype)
        face = type(owner)
        if face._conjugate_grad and leaf.dtype.kind == "c":  # a variable of a dialect
            ct = elementwise.conj(ct)
        ct = own_result(ct, taken)
        owners.append(owner)
        gradients.append(face(ct._value, ct._node) if isinstance(ct, CoreTensor) else face(ct, None))
    ct = None  # now the gradients alone hold their arrays
    add_to_grads(owners, gradients)


def represent(x: Tensor) -> str:
    """`repr` of a Tensor: its values, and the dtype where it is not the default, and whether it is recorded."""
    value = x._value
    suffix = ", requires_grad=True" if x._node is not None else ""
    level = current_level()
    if isinstance(value, Boxed):
        return f"<Tensor {describe(x)} inside {value.level.kind}{'' if level is not None else ' (ended)'}>"
    if type(value) not in PLAIN:
        return f"tensor({value!r}{suffix})"
    text = np.array2string(np.asarray(value), separator=", ", prefix="tensor(")
    kind = value.dtype
    shown = "" if kind in (np.float64, np.int64, np.bool_, np.complex128) else f", dtype={kind}"
    return f"tensor({text}{shown}{suffix})"
