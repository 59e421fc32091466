"""The methods of Tensor that are functions elsewhere, and their in-place twins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.levels import concrete
from ..core.mutation import become
from ..core.tensor import Tensor as CoreTensor
from ..numpy import creation as faces
from ..numpy.writing import assign
from ..ops.indexing import scatter as scatter_door
from ..ops.writing import index_update
from . import creation, dtypes, errors, linalg, pointwise, random, reductions, shaping
from .backward import tensor_backward
from .names import named, node_name, rewritten
from .nn import functional
from .promotion import cast
from .tensor import Tensor, constant, written

_REDUCTIONS = (
    "all", "amax", "amin", "any", "argmax", "argmin", "argsort", "bincount", "count_nonzero", "cumprod", "cumsum",
    "kthvalue", "logsumexp", "max", "mean", "median", "min", "nansum", "nonzero", "norm", "prod", "quantile", "sort",
    "std", "sum", "topk", "unique", "var",
)  # fmt: skip
_SHAPES = (
    "broadcast_to", "chunk", "diag", "diagonal", "expand", "expand_as", "flatten", "flip", "gather", "index_add",
    "index_copy", "index_fill", "index_select", "masked_fill", "masked_select", "moveaxis", "movedim", "narrow",
    "permute", "ravel", "repeat", "repeat_interleave", "reshape", "roll", "scatter", "scatter_add", "select",
    "split", "squeeze", "swapaxes", "swapdims", "t", "take", "tile", "transpose", "tril", "triu", "unbind",
    "unflatten", "unsqueeze", "view", "view_as",
)  # fmt: skip
_PRODUCTS = (
    "addmm", "bmm", "cross", "det", "dot", "ger", "inner", "inverse", "kron", "logdet", "matmul", "matrix_exp",
    "matrix_power", "mm", "mv", "outer", "pinverse", "qr", "slogdet", "svd", "trace", "vdot",
)  # fmt: skip
_POINTWISE = [name for name in pointwise.__all__ if name not in ("real", "imag", "where", "equal")]


# -- dtypes and copies ------------------------------------------------------------------------------------------------


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy, part of the graph."""
    return named(faces.copy(input), "CloneBackward0")


def to(self: Any, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, **kwargs: Any) -> Any:
    """The Tensor in another dtype (a device can only be the CPU)."""
    for arg in args:
        if isinstance(arg, CoreTensor):
            dtype = arg.dtype
        elif isinstance(arg, (dtypes.dtype, np.dtype)):
            dtype = arg
        elif isinstance(arg, (str, dtypes.device)):
            dtypes.check_device(arg)
    dtypes.check_device(device)
    if dtype is None or dtypes.numpy_dtype(dtype) == self._value.dtype:
        return clone(self) if copy else self
    return constant(cast(self, dtypes.numpy_dtype(dtype)))


def _converter(dtype: Any) -> Callable[..., Any]:
    def convert(self: Any) -> Any:
        return to(self, dtype)

    convert.__doc__ = f"The Tensor as {dtype!r}."
    return convert


def type_(self: Any, dtype: Any = None) -> Any:
    """The name of the Tensor's type, or the Tensor in another dtype."""
    if dtype is None:
        return f"torch.{self.dtype.legacy}Tensor"
    if isinstance(dtype, str):
        names = {f"torch.{each.legacy}Tensor": each for each in dtypes.BY_NUMPY.values()}
        dtype = names[dtype]
    return to(self, dtype)


def where_(self: Any, condition: Any, other: Any) -> Any:
    """Own elements where the condition holds, elements of `other` elsewhere."""
    return pointwise.where(condition, self, other)


def _new(function: Callable[..., Any]) -> Callable[..., Any]:
    def made(self: Any, *args: Any, dtype: Any = None, **kwargs: Any) -> Any:
        return function(*args, dtype=dtype or self.dtype, **kwargs)

    return made


# -- in place ---------------------------------------------------------------------------------------------------------


def in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place twin of a function: the same values, written into the Tensor, which is returned."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        written(self)
        new = function(self, *args, **kwargs)
        if tuple(new.shape) != tuple(self.shape):
            raise errors.ShapeError(
                f"output with shape {list(self.shape)} doesn't match the broadcast shape {list(new.shape)}"
            )
        name = node_name(new._node) if new._node is not None else "CopySlices"
        return rewritten(assign(self, new, method.__name__), name)

    method.__name__ = function.__name__ + "_"
    method.__doc__ = f"In place: {function.__doc__}"
    return method


def zero_(self: Any) -> Any:
    """Write zeros."""
    written(self)
    return rewritten(assign(self, 0, "zero_"), "ZeroBackward0")


def fill_(self: Any, value: Any) -> Any:
    """Write one value everywhere."""
    written(self)
    return rewritten(
        assign(self, value, "fill_"), "FillBackward3" if isinstance(value, CoreTensor) else "FillBackward2"
    )


def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """Write the values of another Tensor, converted and broadcast; gradients flow to it."""
    written(self)
    return rewritten(assign(self, cast(src, self._value.dtype), "copy_"), "CopyBackwards")


def set_(self: Any, source: Any) -> Any:
    """Take over the value of another Tensor."""
    self.data = source
    return self


def _reshaping(function: Callable[..., Any]) -> Callable[..., Any]:
    """Methods like `unsqueeze_`, which change the Tensor's own shape."""

    def method(self: Any, *args: Any) -> Any:
        written(self)
        become(self, function(self, *args))
        return self

    method.__name__ = function.__name__ + "_"
    method.__doc__ = f"In place: {function.__doc__}"
    return method


def masked_scatter(self: Any, mask: Any, source: Any) -> Any:
    """Elements of `source` one after the other where a mask holds."""
    index = np.nonzero(np.broadcast_to(concrete(mask, "mask"), tuple(self.shape)))
    return index_update(self, source.reshape(-1)[: len(index[0])], index=index)


def index_put(self: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """Values written at (or with `accumulate` added to) the elements that a tuple of index Tensors names."""
    index = tuple([concrete(each, "index") for each in indices])
    if accumulate:
        return self + scatter_door(values, index=index, shape=tuple(self.shape))
    return index_update(self, values, index=index)


# -- facts ------------------------------------------------------------------------------------------------------------


def _stride(self: Any, dim: Any = None) -> Any:
    steps, step = [], 1
    for length in reversed(self.shape):
        steps.append(step)
        step *= max(length, 1)
    strides = tuple(reversed(steps))
    return strides if dim is None else strides[dim]


def _data_ptr(self: Any) -> int:
    return int(self._array().__array_interface__["data"][0])


def _refuse_cuda(self: Any, *args: Any, **kwargs: Any) -> Any:
    dtypes.check_device("cuda")


FACTS: dict[str, Callable[..., Any]] = {
    "contiguous": lambda self, **kwargs: self,
    "cpu": lambda self: self,
    "cuda": _refuse_cuda,
    "data_ptr": _data_ptr,
    "dim": lambda self: len(self._value.shape),
    "element_size": lambda self: self._value.dtype.itemsize,
    "get_device": lambda self: -1,
    "is_complex": lambda self: self._value.dtype.kind == "c",
    "is_contiguous": lambda self, **kwargs: True,
    "is_floating_point": lambda self: self._value.dtype.kind == "f",
    "is_signed": lambda self: self._value.dtype.kind in "ifc",
    "ndimension": lambda self: len(self._value.shape),
    "nelement": lambda self: self.shape.numel(),
    "numel": lambda self: self.shape.numel(),
    "resolve_conj": lambda self: self,
    "storage_offset": lambda self: 0,
    "stride": _stride,
}


def install() -> None:
    """Give Tensor its methods; called once."""
    methods: dict[str, Any] = {}
    for module, names in ((reductions, _REDUCTIONS), (shaping, _SHAPES), (linalg, _PRODUCTS), (pointwise, _POINTWISE)):
        for name in names:
            methods[name] = getattr(module, name, None) or linalg.pinv
    methods |= FACTS
    methods |= {
        "backward": tensor_backward, "clone": clone, "to": to, "type": type_, "where": where_, "equal": pointwise.equal,
        "zero_": zero_, "fill_": fill_, "copy_": copy_, "set_": set_, "relu": pointwise.relu,
        "softmax": functional.softmax, "log_softmax": functional.log_softmax,
        "type_as": lambda self, other: to(self, other.dtype), "reshape_as": shaping.view_as,
        "index_put": index_put, "masked_scatter": masked_scatter, "normal_": random.normal_,
        "uniform_": random.uniform_, "bernoulli_": random.bernoulli_, "bernoulli": random.bernoulli,
        "multinomial": random.multinomial, "new_tensor": _new(creation.tensor),
        "dist": lambda self, other, p=2: reductions.norm(self - other, p),
    }  # fmt: skip
    for dtype in ("float", "double", "half", "int", "long", "short", "bool"):
        methods[dtype] = _converter(getattr(dtypes, dtype))
    for name in ("zeros", "ones", "full", "empty"):
        methods[f"new_{name}"] = _new(getattr(creation, name))
    for name in _IN_PLACE:
        methods[f"{name}_"] = in_place(methods[name])
    for name in ("squeeze", "unsqueeze", "t", "transpose", "swapaxes"):
        methods[f"{name}_"] = _reshaping(methods[name])
    for name, method in methods.items():
        if not hasattr(method, "__doc__") or method.__doc__ is None:
            method.__doc__ = f"Tensor.{name}."
        setattr(Tensor, name, method)
    properties = {
        "T": lambda self: shaping.permute(self, *range(len(self._value.shape))[::-1]),
        "mT": lambda self: shaping.transpose(self, -2, -1),
        "H": lambda self: pointwise.conj(shaping.t(self)),
        "real": pointwise.real, "imag": pointwise.imag,
        "itemsize": FACTS["element_size"], "nbytes": lambda self: self._value.dtype.itemsize * self.shape.numel(),
        "is_cuda": lambda self: False,
        "layout": lambda self: "torch.strided", "names": lambda self: (None,) * self.ndim,
    }  # fmt: skip
    for name, getter in properties.items():
        setattr(Tensor, name, property(getter))


_IN_PLACE = (
    "abs", "acos", "add", "addcdiv", "addcmul", "asin", "atan", "ceil", "clamp", "cos", "cosh", "cumprod", "cumsum",
    "deg2rad", "digamma", "div", "erf", "erfc", "exp", "exp2", "expm1", "floor", "floor_divide", "fmod", "index_add",
    "index_copy", "index_fill", "index_put", "lerp", "log", "log10", "log1p", "log2", "logical_not", "masked_fill",
    "masked_scatter", "mul", "neg", "pow", "reciprocal", "relu", "remainder", "round", "rsqrt", "scatter",
    "scatter_add", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "sub", "tan", "tanh", "tril", "triu", "trunc",
)  # fmt: skip
