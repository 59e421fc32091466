"""`mxnet.npx`: operations of neural networks beside NumPy's, devices, saving to files, and the mode switches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from .. import numpy as face
from ..core.tensor import Tensor
from ..dialects.names import missing_name
from ..ops.exponential import expit
from . import modes
from .base import MXNetError
from .context import Context, cpu, cpu_pinned, current_context, gpu, num_gpus
from .convolution import convolution, deconvolution, pooling
from .ndarray import ndarray, plain_index
from .numpy import random as _random
from .numpy.creation import wrap
from .operations import call, operation

current_device = current_context
Device = Context


def set_np(shape: bool = True, array: bool = True, dtype: bool = False) -> None:
    """Use NumPy's semantics of shapes and arrays, which hold here from the start."""


def reset_np() -> None:
    """Accepted; NumPy's semantics stay."""


def is_np_array() -> bool:
    """Whether NumPy's semantics of arrays are in force: always."""
    return True


is_np_shape = is_np_array


def waitall() -> None:
    """Nothing to wait for: results are there when an operation returns."""


def seed(seed: int, ctx: Any = "all") -> None:
    """Start the random generator anew."""
    _random.seed(seed)


def _relu(data: Any) -> Any:
    return face.where(face.less_equal(data, 0), 0, data)


def _leaky_relu(data: Any, slope: float = 0.25) -> Any:
    return face.where(face.less_equal(data, 0), data * slope, data)


relu = operation(ndarray, _relu, "relu")
sigmoid = operation(ndarray, expit, "sigmoid")


def activation(data: Any, act_type: str = "relu", **kwargs: Any) -> Any:
    """One of the usual activation functions: ``relu``, ``sigmoid``, ``tanh``, ``softrelu``, ``softsign``."""
    functions: dict[str, Callable[..., Any]] = {
        "relu": _relu,
        "sigmoid": expit,
        "tanh": face.tanh,
        "softrelu": lambda x: face.logaddexp(x, 0.0),
        "softsign": lambda x: x / (1 + face.abs(x)),
    }
    if act_type not in functions:
        raise MXNetError(f"MXNetError: activation: act_type is one of {', '.join(functions)}, got {act_type!r}")
    return call(ndarray, functions[act_type], (data,), {})


def leaky_relu(data: Any, act_type: str = "leaky", slope: float = 0.25, **kwargs: Any) -> Any:
    """`data` where it is positive, `slope` times it elsewhere."""
    if act_type != "leaky":
        raise MXNetError(f"MXNetError: leaky_relu: act_type={act_type!r} is not available, 'leaky' is")
    return call(ndarray, _leaky_relu, (data, slope), {})


def softmax(data: Any, axis: int = -1, length: Any = None, temperature: Any = None, **kwargs: Any) -> Any:
    """exp(data), normalised along an axis.

    Examples
    --------
    >>> from tetragrad.mxnet import np, npx
    >>> npx.softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    return _normalized(face.softmax, data, axis, length, temperature)


def log_softmax(data: Any, axis: int = -1, length: Any = None, temperature: Any = None, **kwargs: Any) -> Any:
    """The logarithm of `softmax`, accurate for large elements."""
    return _normalized(face.log_softmax, data, axis, length, temperature)


def _normalized(function: Callable[..., Any], data: Any, axis: int, length: Any, temperature: Any) -> Any:
    if length is not None:
        raise MXNetError("MXNetError: softmax: length= is not available; mask the data before")
    if temperature is not None:
        data = data / temperature
    return call(ndarray, function, (data,), {"axis": axis})


def pick(data: Any, index: Any, axis: int = -1, mode: str = "clip", keepdims: bool = False) -> Any:
    """From each row along `axis`, the element that `index` names.

    Examples
    --------
    >>> from tetragrad.mxnet import np, npx
    >>> npx.pick(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0, 1]))
    array([1., 4.])
    """
    size = data.shape[axis]
    positions = onp.asarray(plain_index(index)).astype(onp.int64)
    positions = positions.clip(0, size - 1) if mode == "clip" else positions % size
    if positions.ndim < len(data.shape):
        positions = onp.expand_dims(positions, axis)
    made = call(ndarray, face.take_along_axis, (data, positions, axis), {})
    return made if keepdims else made.squeeze(axis=axis)


def one_hot(data: Any, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: Any = "float32") -> ndarray:
    """For each index a row of length `depth` with `on_value` at its place.

    Examples
    --------
    >>> from tetragrad.mxnet import np, npx
    >>> npx.one_hot(np.array([0, 2]), 3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    positions = onp.asarray(plain_index(data))
    return wrap(onp.where(positions[..., None] == onp.arange(int(depth)), on_value, off_value).astype(dtype))


def dropout(data: Any, p: float = 0.5, mode: str = "training", axes: Any = (), **kwargs: Any) -> Any:
    """Zero elements with probability `p` and scale the others by 1 / (1 - p), while training (or ``mode="always"``)."""
    if not (modes.is_training() or mode == "always") or p == 0:
        return call(ndarray, face.positive, (data,), {})
    shape = [1 if axis in tuple(axes) else length for axis, length in enumerate(data.shape)]
    kept = _random.bernoulli(1 - p, size=shape, dtype=data.dtype)
    return call(ndarray, lambda x, mask: x * (mask / (1 - p)), (data, kept), {})


def fully_connected(
    x: Any, weight: Any, bias: Any = None, num_hidden: Any = None, no_bias: bool = True, flatten: bool = True,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """``x @ weight.T + bias``; the axes of `x` after the first are flattened unless `flatten` is False."""
    if flatten and len(x.shape) > 2:
        x = x.reshape((x.shape[0], -1))
    made = call(ndarray, lambda x, w: face.matmul(x, face.swapaxes(w, 0, 1)), (x, weight), {})
    return made if bias is None else made + bias


def embedding(data: Any, weight: Any, input_dim: Any = None, output_dim: Any = None, **kwargs: Any) -> Any:
    """The rows of `weight` that the indices name."""
    return weight[onp.asarray(plain_index(data)).astype(onp.int64)]


def topk(
    data: Any, k: int = 1, axis: int = -1, ret_typ: str = "indices", is_ascend: bool = False, dtype: Any = "float32"
) -> Any:
    """Indices (or values) of the `k` largest elements along an axis, largest first."""
    order = data.argsort(axis=axis) if is_ascend else (-data).argsort(axis=axis)
    indices = call(ndarray, face.take, (order, onp.arange(k)), {"axis": axis})
    if ret_typ == "indices":
        return indices.astype(dtype)
    values = call(ndarray, face.take_along_axis, (data, indices.asnumpy(), axis), {})
    if ret_typ == "value":
        return values
    if ret_typ == "both":
        return [values, indices.astype(dtype)]
    raise MXNetError(f"MXNetError: topk: ret_typ={ret_typ!r} is not available; 'indices', 'value' and 'both' are")


def reshape_like(lhs: Any, rhs: Any) -> Any:
    """`lhs` in the shape of `rhs`."""
    return lhs.reshape(rhs.shape)


def stop_gradient(data: Any) -> Any:
    """The value of `data` as a constant."""
    return data.detach()


def save(file: str, arr: Any) -> None:
    """Write an array, a list of arrays or a dict of arrays to a file that `load` reads."""
    if isinstance(arr, Tensor):
        arr = [arr]
    named = arr if isinstance(arr, dict) else {f"{_LISTED}{i}": value for i, value in enumerate(arr)}
    with open(file, "wb") as stream:
        onp.savez(stream, **{key: value.asnumpy() for key, value in named.items()})


def load(file: str) -> Any:
    """Arrays that `save` wrote: a list, or a dict if it was given one."""
    with onp.load(file, allow_pickle=False) as stored:
        found = {key: wrap(stored[key]) for key in stored.files}
    return list(found.values()) if all([key.startswith(_LISTED) for key in found]) else found


_LISTED = "unnamed array "


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.mxnet.npx", name, globals())


__all__ = [
    "Context", "Device", "activation", "convolution", "cpu", "cpu_pinned", "current_context", "current_device",
    "deconvolution", "dropout", "embedding", "fully_connected", "gpu", "is_np_array", "is_np_shape", "leaky_relu",
    "load", "log_softmax", "num_gpus", "one_hot", "pick", "pooling", "relu", "reset_np", "reshape_like", "save", "seed",
    "set_np", "sigmoid", "softmax", "stop_gradient", "topk", "waitall",
]  # fmt: skip
