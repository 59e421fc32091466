"""`torch.Tensor`: the automatic differentiation it offers, Python's protocols, and its repr.

Operators are the engine's doors; the other methods are attached by `methods`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core import hooks
from ..core.batching import Batch
from ..core.levels import Boxed, concrete, lift
from ..core.mutation import alias_of, separate, share
from ..core.recording import is_recording
from ..core.tensor import PYTHON_SCALARS, Leaf
from ..core.tensor import Tensor as CoreTensor
from ..dialects.base import DialectTensor
from ..dialects.printing import Style, format_array, with_suffixes
from ..numpy import writing
from ..numpy.tensor import _rows, stop_gradient
from ..ops import arithmetic, contraction, exponential
from ..ops.complex_numbers import conj as conj_door
from ..ops.indexing import getitem, index_into
from . import dtypes, errors, facts
from .errors import RuntimeError
from .modes import inferring, is_inference_mode_enabled, transforming
from .names import node_name, rewritten
from .promotion import FLOAT64, settled

_LISTS = frozenset({list, tuple, int})
_NO_OPERANDS = frozenset({dict, list, set, str, tuple, type(None)})

STYLE = Style()


class Tensor(DialectTensor):
    """A multi-dimensional array that records what is computed from it.

    Examples
    --------
    >>> import tetragrad.torch as torch
    >>> x = torch.arange(4.0, requires_grad=True)
    >>> y = 2 * torch.dot(x, x)
    >>> y
    tensor(28., grad_fn=<MulBackward0>)
    >>> y.backward()
    >>> x.grad
    tensor([ 0.,  4.,  8., 12.])
    """

    # Unset until needed: `.data` (which counts its own writes), the count of writes, `grad_dtype`, made in inference
    # mode, `nn.Parameter`, post-accumulate hooks, the handle of `retain_grad`.
    __slots__ = ("_apart", "_bumps", "_grad_dtype", "_inferred", "_parameter", "_post_hooks", "_retained")

    _conjugate_grad = True

    def __init__(self, value: Any = (), node: Any = None, *more: int) -> None:
        if type(value) in _LISTS:  # a user's torch.Tensor([1, 2]) or torch.Tensor(2, 3)
            sizes = (value, *(() if node is None else (node,)), *more)
            dtype = dtypes.get_default_dtype().dtype
            value = np.zeros(sizes, dtype) if type(value) is int else np.array(value, dtype)
            node = None
        self._value = value
        self._node = node
        if node is None and inferring[0] and is_inference_mode_enabled():
            self._inferred = True

    @classmethod
    def _translate(cls, error: Exception) -> Exception:
        return errors.translate(error)

    # -- what it is -----------------------------------------------------------------------------------------------

    @property
    def shape(self) -> dtypes.Size:
        """Lengths of the axes."""
        return dtypes.Size(self._value.shape)

    @property
    def dtype(self) -> Any:
        """Type of the elements."""
        return dtypes.BY_NUMPY[self._value.dtype]

    @property
    def device(self) -> dtypes.device:
        """Always the CPU."""
        return dtypes.device("cpu")

    def size(self, dim: Any = None) -> Any:  # type: ignore[override]
        """The shape, or the length of one axis."""
        return self.shape if dim is None else self.shape[dim]

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment.  If you were attempting to deepcopy a module, this may be because of a torch.nn.utils."
                "weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        made = _restore(np.array(self._array()), self.requires_grad, hasattr(self, "_parameter"))
        if getattr(self, "_grad", None) is not None:
            made._grad = _restore(np.array(self._grad._array()), False, False)
        memo[id(self)] = made
        return made

    def __reduce__(self) -> Any:
        return _restore, (np.array(self._array()), self.requires_grad, hasattr(self, "_parameter"))

    # -- differentiation ------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this Tensor are recorded; may be set on leaves."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        if transforming.get():
            raise RuntimeError(
                "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* "
                "APIs) inside of a function being transformed by a functorch transform. This is unsupported, please "
                "attempt to use the functorch transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call "
                "requires_grad_() outside of a function being transformed instead."
            )
        if flag and self._node is not None and not self.is_leaf:
            raise RuntimeError("you can only change requires_grad flags of leaf variables.")
        if flag == (self._node is not None):
            return
        if flag:
            facts.check_inference(self, "Setting requires_grad=True on")
        if flag:
            if self._value.dtype.kind not in "fc":
                raise errors.DifferentiableTypeError(
                    "only Tensors of floating point and complex dtype can require gradients"
                )
            self._value = lift(self._value)
            self._node = Leaf(self._value.shape, self._value.dtype, self)
        elif self.is_leaf:
            self._node = None
        else:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in "
                "a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        separate(self)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make this Tensor a variable (or a constant again); returns it."""
        if requires_grad and not transforming.get():
            if self._node is not None:
                return self
            if self._value.dtype.kind not in "fc":
                raise errors.DifferentiableTypeError("only Tensors of floating point dtype can require gradients")
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether this is a variable or a constant, not a recorded result."""
        return self._node is None or isinstance(self._node, Leaf)

    @property
    def grad_fn(self) -> Any:
        """The operation that made this Tensor, None for a leaf."""
        if self.is_leaf:
            return None
        from .autograd.graph import node_of

        return node_of(self._node)  # type: ignore[arg-type]

    @property
    def grad(self) -> Any:
        """The accumulated gradient, or None."""
        try:
            return self._grad
        except AttributeError:
            pass
        if not self.is_leaf and not self.retains_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
                "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor.",
                UserWarning,
                stacklevel=2,
            )
        return None

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is not None:
            facts.check_gradient(self, gradient)
        self._grad = gradient

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def detach(self) -> Tensor:
        """The same memory as a constant: gradients stop here."""
        stopped: Tensor = stop_gradient(self)
        share(self, stopped, detached=True)
        return stopped

    def detach_(self) -> Tensor:
        """Cut this Tensor off from its history; returns it."""
        alias = alias_of(self)
        if alias is not None and alias.above is not None and self._node is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
                "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence "
                "detach_() cannot be called on these gradients. To fix this error, please refer to the "
                "Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."
            )
        self._node = None
        separate(self)
        return self

    @property
    def data(self) -> Any:
        """The same memory as a constant, whose writes are not counted as this Tensor's."""
        made: Any = self.detach()
        made._apart = True
        return made

    @data.setter
    def data(self, new: Any) -> None:
        if not isinstance(new, CoreTensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(new).__name__}")
        self._value = np.array(concrete(new, "data"))[()] if new.shape == () else np.array(concrete(new, "data"))
        if isinstance(self._node, Leaf):
            self._node.shape, self._node.dtype = self._value.shape, self._value.dtype
        self._alias = None

    @property
    def retains_grad(self) -> bool:
        """Whether backward passes keep the gradient of this interior Tensor in its `.grad`."""
        return hasattr(self, "_retained")

    def retain_grad(self) -> None:
        """Let backward passes keep the gradient of this interior Tensor in its `.grad`."""
        if self._node is None:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if not self.is_leaf and not self.retains_grad:
            from .backward import retain

            self._retained = retain(self)

    def register_hook(self, hook: Callable[..., Any]) -> Any:
        """Call ``hook(grad)`` when a backward pass computes the gradient of this Tensor; it may return another."""
        if self._node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        handle = hooks.register(self._node, "tensor", checked_hook(hook), Tensor)
        if self.retains_grad:  # the retained gradient is what comes out of all hooks
            from .backward import retain

            self._retained.remove()
            self._retained = retain(self)
        return handle

    def register_post_accumulate_grad_hook(self, hook: Callable[..., Any]) -> Any:
        """Call ``hook(self)`` when a backward pass has added to this leaf's `.grad`."""
        if self._node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if not self.is_leaf:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        if not hasattr(self, "_post_hooks"):
            self._post_hooks: dict[Any, Any] = {}
        return RemovableHandle(self._post_hooks, hook)

    is_inference = facts.is_inference

    _version = property(facts.version)
    _base = property(facts.base)
    output_nr = property(facts.output_nr)
    grad_dtype = property(facts.grad_dtype, facts.set_grad_dtype)

    # -- Python's protocols ---------------------------------------------------------------------------------------

    def numpy(self, *, force: bool = False) -> Any:
        """The value as a read-only NumPy array that shares memory; where operations are recorded, of constants only."""
        if self._node is not None and is_recording() and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        view = self._array().view()
        view.flags.writeable = False
        return view

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def item(self, *index: int) -> Any:
        """The one element as a Python number."""
        if isinstance(self._value, Batch):
            raise errors.EscapedValueError(
                "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on "
                "a Tensor, please try to rewrite what you're doing with other operations."
            )
        value = self._array()
        if value.size != 1:
            raise RuntimeError(f"a Tensor with {value.size} elements cannot be converted to Scalar")
        return value.item()

    def _number(self) -> Any:
        if isinstance(self._value, Batch) or self.shape.numel() == 1:
            return self.item()
        raise ValueError("only one element tensors can be converted to Python scalars")

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def __bool__(self) -> bool:
        value = self._value
        if type(value) is np.bool_:
            return bool(value)
        if isinstance(value, Batch):
            raise errors.EscapedValueError(
                "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't "
                "support that; use torch.where, or a Python loop instead of vmap."
            )
        value = self._array()
        if value.size != 1:
            what = "no values" if value.size == 0 else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(value.item())

    def __index__(self) -> int:
        if self._value.dtype.kind not in "iub" or self.shape.numel() != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __contains__(self, element: Any) -> bool:
        return bool(np.any(self._array() == concrete(element, "in")))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.shape == () else object.__format__(self, spec)

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d tensor")
        return _rows(self)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        text = represent(self)
        return "Parameter containing:\n" + text if hasattr(self, "_parameter") else text

    __hash__ = object.__hash__

    def __getitem__(self, index: Any) -> Any:
        kind = type(index)
        if kind is int:
            if len(self._value.shape) == 1:  # one element: a view too, which NumPy gives for an index with `...`
                return getitem(self, index=(index, Ellipsis))
        elif kind is tuple and len(index) == len(self._value.shape) and all([type(entry) is int for entry in index]):
            return getitem(self, index=(*index, Ellipsis))
        return index_into(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(self._node, Leaf) and is_recording():
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
        written(self)
        writing.set_item(self, index, value)


def constant(value: Any) -> Tensor:
    """A plain result (or a Tensor) as a Tensor."""
    if isinstance(value, Tensor):
        return value
    return Tensor(value._value, value._node) if isinstance(value, CoreTensor) else Tensor(value, None)


def conj(x: Any) -> Any:
    """The conjugate of a complex value, anything else as it is: gradients of complex values are conjugates here."""
    return x if x is None or x.dtype.kind != "c" else conj_door(x)


def checked_hook(hook: Callable[..., Any]) -> Callable[..., Any]:
    """A user's hook on the gradient of a Tensor, its result checked."""

    def call(g: Any) -> Any:
        replaced = hook(conj(g))
        if replaced is None:
            return None
        if not isinstance(replaced, Tensor):
            raise TypeError(f"expected Variable, but hook returned '{type(replaced).__name__}'")
        if replaced.shape != g.shape:
            name = getattr(hook, "__name__", "hook")
            raise errors.CotangentError(f"hook '{name}' has changed the size of value")
        return conj(replaced)

    call.__qualname__ = getattr(hook, "__qualname__", "hook")
    return call


class RemovableHandle:
    """What registering a hook returns: `remove()` takes it away again; a second call does nothing."""

    def __init__(self, hooks: dict[Any, Any], hook: Any) -> None:
        self._hooks = hooks
        hooks[self] = hook

    def remove(self) -> None:
        """Take the hook away."""
        self._hooks.pop(self, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


# -- writing in place -------------------------------------------------------------------------------------------------


def written(x: Any) -> None:
    """Called before every write into `x`: refuses recorded writes into variables, and counts."""
    alias = alias_of(x)
    if is_recording():
        if isinstance(x._node, Leaf):
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
        if alias is not None and alias.above is not None and isinstance(alias.history.node, Leaf):
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
    facts.check_inference(x, "Inplace update to")
    facts.bump(x)


def _augmented(name: str) -> Callable[..., Any]:
    write = writing.AUGMENTED[name]

    def change(self: Tensor, other: Any) -> Any:
        written(self)
        out = write(self, other)
        return rewritten(out) if isinstance(out, Tensor) else out

    change.__name__ = name
    return change


# -- operators --------------------------------------------------------------------------------------------------------


def arithmetic_operator(door: Callable[..., Any]) -> Callable[..., Any]:
    """A binary door with PyTorch's promotion; only results of double precision need a second look.

    (Two recorded arrays with axes are promoted as NumPy does it.)
    """

    def operate(self: Any, other: Any) -> Any:
        if type(other) in _NO_OPERANDS:
            return NotImplemented
        out = door(self, other)
        if out._value.dtype is FLOAT64:
            if self._value.dtype is FLOAT64 and (type(other) in PYTHON_SCALARS or other.dtype == FLOAT64):
                return out
            return settled(door, (self, other), out)
        return out

    before = getattr(door, "before", None)
    return operate if before is None else before(operate)


def _reflected(door: Callable[..., Any]) -> Callable[..., Any]:
    def reflected(self: Any, other: Any) -> Any:
        if type(other) in _NO_OPERANDS:
            return NotImplemented
        out = door(other, self)
        if out._value.dtype is FLOAT64 and self._value.dtype is not FLOAT64:
            return settled(door, (other, self), out)
        return out

    return reflected


def _comparison(name: str) -> Callable[..., Any]:
    plain = getattr(CoreTensor, name)
    new = object.__new__
    unlike = {"__eq__": False, "__ne__": True}.get(name)

    def compare(self: Any, other: Any) -> Any:
        if other is None or isinstance(other, str):
            return NotImplemented if unlike is None else unlike
        out = plain(self, other)
        if isinstance(out, CoreTensor):
            return out
        result = new(Tensor)
        result._value = out
        result._node = None
        if inferring[0] and is_inference_mode_enabled():
            result._inferred = True
        return result

    compare.__name__ = name
    return compare


def _discrete(name: str) -> Callable[..., Any]:
    plain = getattr(CoreTensor, name)

    def operate(self: Any, *others: Any) -> Any:
        return constant(plain(self, *others))

    operate.__name__ = name
    return operate


def _floor_divide(x: Any, y: Any) -> Any:
    return constant(arithmetic.floor_divide(x, y))


def _remainder(x: Any, y: Any) -> Any:
    return constant(arithmetic.remainder(x, y))


for _name, _door, _commutes in (
    ("add", arithmetic.add, True), ("sub", arithmetic.subtract, False), ("mul", arithmetic.multiply, True),
    ("truediv", arithmetic.divide, False), ("pow", exponential.pow, False), ("mod", _remainder, False),
    ("floordiv", _floor_divide, False),
):  # fmt: skip
    _operate = arithmetic_operator(_door)
    setattr(Tensor, f"__{_name}__", _operate)
    setattr(Tensor, f"__r{_name}__", _operate if _commutes else _reflected(_door))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Tensor, f"__{_name}__", _comparison(f"__{_name}__"))
for _name in ("and", "or", "xor", "lshift", "rshift", "rand", "ror", "rxor", "rlshift", "rrshift", "invert"):
    setattr(Tensor, f"__{_name}__", _discrete(f"__{_name}__"))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift"):
    setattr(Tensor, f"__i{_name}__", _augmented(f"__i{_name}__"))
MATMUL = contraction.matmul


def _restore(value: Any, requires_grad: bool, parameter: bool) -> Tensor:
    """A Tensor from its value: copies and pickles; one that was recorded comes back as a variable."""
    made: Any = Tensor(value if value.ndim else value[()], None)
    made.requires_grad = requires_grad
    if parameter:
        made._parameter = True
    return made


def represent(x: Tensor) -> str:
    """`repr` of a Tensor: values, then size, dtype, grad_fn or requires_grad where they are not what one expects."""
    value = x._value
    suffixes = []
    if isinstance(value, Boxed):
        return f"<torch.Tensor of shape {list(x.shape)} and dtype {x.dtype} inside {value.level.kind}>"
    array = np.asarray(concrete(value, "repr"))
    default = dtypes.get_default_dtype()
    usual = (dtypes.int64, dtypes.bool, default, dtypes.default_complex())
    if array.size == 0:
        text = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={tuple(array.shape)}")
        usual = (default,)  # type: ignore[assignment]
    else:
        text = format_array(array, len("tensor("), STYLE)
    if x.dtype not in usual:
        suffixes.append(f"dtype={x.dtype!r}")
    if x._node is not None:
        suffixes.append("requires_grad=True" if x.is_leaf else f"grad_fn=<{node_name(x._node)}>")
    return with_suffixes("tensor(", text, suffixes, STYLE)
