"""Making arrays: float32 where no dtype is named, whatever they are made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from ... import numpy as face
from ...core.tensor import Tensor
from ..context import check
from ..ndarray import NDArray, ndarray
from ..operations import call

FLOAT32 = onp.dtype("float32")


def wrap(value: Any) -> ndarray:
    """A plain array (or number) as an array of `mxnet.np`."""
    value = onp.asarray(value)
    return ndarray(value if value.ndim else value[()], None)


def array(object: Any, dtype: Any = None, ctx: Any = None, device: Any = None) -> ndarray:
    """Make an array from numbers, nested lists or arrays.

    Parameters
    ----------
    object : array_like
    dtype : dtype, optional
        By default float32, or that of the array given if it is one of MXNet's.
    ctx : Context, optional
        Only the CPU.

    Returns
    -------
    ndarray
        A new array; what is made from recorded arrays is recorded.

    Examples
    --------
    >>> from tetragrad.mxnet import np
    >>> np.array([[1, 2], [3, 4]])
    array([[1., 2.],
           [3., 4.]])
    >>> np.array([1, 2], dtype="int32")
    array([1, 2], dtype=int32)
    """
    check(ctx or device)
    if isinstance(object, Tensor) or (isinstance(object, (list, tuple)) and _holds_tensor(object)):
        made: Any = call(ndarray, face.array, (object,), {})
        made = made.copy() if isinstance(object, Tensor) else made
        return made if dtype is None or made.dtype == dtype else made.astype(dtype)
    return wrap(onp.array(object, dtype=FLOAT32 if dtype is None else dtype))


def _holds_tensor(nest: Any) -> bool:
    return any([isinstance(item, Tensor) or (isinstance(item, (list, tuple)) and _holds_tensor(item)) for item in nest])


def asarray(a: Any, dtype: Any = None, ctx: Any = None, device: Any = None) -> ndarray:
    """`array` without a copy of what is one already."""
    if isinstance(a, ndarray) and (dtype is None or a.dtype == dtype):
        return a
    return array(a, dtype, ctx, device)


def copy(a: Any, order: str = "C") -> ndarray:
    """An array of its own with these values."""
    return array(a)


def _maker(function: Callable[..., Any]) -> Callable[..., ndarray]:
    def make(*args: Any, dtype: Any = None, ctx: Any = None, device: Any = None, **kwargs: Any) -> ndarray:
        check(ctx or device)
        kwargs.pop("order", None)
        args = tuple([_plain(arg) for arg in args])
        return wrap(function(*args, dtype=FLOAT32 if dtype is None else dtype, **kwargs))

    make.__name__ = function.__name__
    make.__doc__ = f"As `numpy.{function.__name__}`, float32 if no dtype is named."
    return make


def _plain(arg: Any) -> Any:
    return arg.item() if isinstance(arg, NDArray) and arg.size == 1 else arg


identity = _maker(onp.identity)
tri = _maker(onp.tri)


def arange(
    start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, ctx: Any = None, device: Any = None
) -> ndarray:
    """Evenly spaced numbers from `start` (0 if it is the only one given) up to `stop`, without it.

    Examples
    --------
    >>> from tetragrad.mxnet import np
    >>> np.arange(4)
    array([0., 1., 2., 3.])
    """
    check(ctx or device)
    start, stop, step = _plain(start), _plain(stop), _plain(step)
    if stop is None:
        start, stop = 0, start
    return wrap(onp.arange(start, stop, step).astype(FLOAT32 if dtype is None else dtype))


def _by_shape(function: Callable[..., Any]) -> Callable[..., ndarray]:
    def make(shape: Any, dtype: Any = None, order: str = "C", ctx: Any = None, device: Any = None) -> ndarray:
        check(ctx or device)
        return wrap(function(_plain(shape), dtype=FLOAT32 if dtype is None else dtype))

    make.__name__ = function.__name__
    make.__doc__ = f"As `numpy.{function.__name__}`, float32 if no dtype is named."
    return make


zeros = _by_shape(onp.zeros)
ones = _by_shape(onp.ones)
empty = _by_shape(onp.empty)


def eye(N: int, M: Any = None, k: int = 0, dtype: Any = None, ctx: Any = None, device: Any = None) -> ndarray:
    """Ones on a diagonal, zeros elsewhere."""
    check(ctx or device)
    return wrap(onp.eye(N, M, k, dtype=FLOAT32 if dtype is None else dtype))


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    ctx: Any = None,
    device: Any = None,
) -> Any:
    """`num` evenly spaced numbers from `start` to `stop`."""
    check(ctx or device)
    kind = FLOAT32 if dtype is None else onp.dtype(dtype)
    precision = kind if kind.kind == "f" else onp.dtype("float64")
    # As MXNet does: both ends in the precision of the result, so that the middle of a symmetric range is exactly 0.
    start, stop = [onp.asarray(_plain(end)).astype(precision).astype("float64") for end in (start, stop)]
    step = (stop - start) / max(1, num - 1 if endpoint else num)
    values = start + onp.arange(num).reshape(-1, *(1,) * step.ndim) * step
    if endpoint and num > 1:
        values[-1] = stop
    made = wrap(onp.moveaxis(values, 0, axis).astype(kind))
    return (made, float(step) if step.ndim == 0 else step) if retstep else made


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10.0, dtype: Any = None, ctx: Any = None
) -> ndarray:
    """Numbers evenly spaced on a logarithmic scale."""
    check(ctx)
    return wrap(onp.logspace(_plain(start), _plain(stop), num, endpoint, base).astype(dtype or FLOAT32))


def full(
    shape: Any, fill_value: Any, order: str = "C", dtype: Any = None, ctx: Any = None, device: Any = None
) -> ndarray:
    """An array of one value; a Boolean stays one."""
    check(ctx or device)
    if isinstance(fill_value, Tensor):
        return zeros(shape, dtype or fill_value.dtype) + fill_value
    kind = onp.bool_ if isinstance(fill_value, bool) else FLOAT32
    return wrap(onp.full(shape, fill_value, dtype=kind if dtype is None else dtype))


def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "C", ctx: Any = None, device: Any = None
) -> ndarray:
    """One value in the shape and dtype of `a`."""
    check(ctx or device)
    return wrap(onp.full(a.shape, _plain(fill_value), dtype=dtype or a.dtype))


def zeros_like(a: Any, dtype: Any = None, order: str = "C", ctx: Any = None, device: Any = None) -> ndarray:
    """Zeros in the shape and dtype of `a`."""
    return full_like(a, 0, dtype, order, ctx, device)


def ones_like(a: Any, dtype: Any = None, order: str = "C", ctx: Any = None, device: Any = None) -> ndarray:
    """Ones in the shape and dtype of `a`."""
    return full_like(a, 1, dtype, order, ctx, device)


def meshgrid(*xi: Any, **kwargs: Any) -> list[ndarray]:
    """Coordinate matrices from coordinate vectors."""
    return [wrap(grid) for grid in onp.meshgrid(*[asarray(x).asnumpy() for x in xi], **kwargs)]


def indices(dimensions: Any, dtype: Any = None, ctx: Any = None) -> ndarray:
    """The index of each element along each axis; int64 if no dtype is named."""
    check(ctx)
    return wrap(onp.indices(dimensions, dtype=onp.int64 if dtype is None else dtype))


def hanning(M: int, dtype: Any = None, ctx: Any = None) -> ndarray:
    """The Hann window."""
    check(ctx)
    return wrap(onp.hanning(M).astype(dtype or FLOAT32))
