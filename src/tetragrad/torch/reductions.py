"""Reductions, order statistics and searches by PyTorch's names: `dim`, `keepdim`, named results."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.levels import concrete
from ..core.tensor import Tensor as CoreTensor
from ..numpy import differences, reductions, sorting, statistics
from ..numpy.indexing import take_along_axis
from ..ops.norms import norm as norm_door
from ..ops.reductions import sum as sum_door
from . import errors
from .dtypes import numpy_dtype
from .names import named
from .pointwise import check_tensor, maximum, minimum
from .promotion import cast, floating
from .results import result_type
from .tensor import Tensor, constant


def _numpy_names(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function take NumPy's names of its arguments, ``axis`` and ``keepdims``, as PyTorch's functions do."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if "axis" in kwargs:
            kwargs["dim"] = kwargs.pop("axis")
        if "keepdims" in kwargs:
            kwargs["keepdim"] = kwargs.pop("keepdims")
        if args and not isinstance(args[0], CoreTensor):
            check_tensor(function.__name__, args[0])
        return function(*args, **kwargs)

    return wrapper


def axes(x: Any, dim: Any) -> Any:
    """The axes that `dim` names: None for all."""
    if dim is None or (isinstance(dim, (tuple, list)) and len(dim) == 0):
        return None
    if isinstance(dim, (tuple, list)):
        return tuple([one_dim(x, each) for each in dim])
    return one_dim(x, dim)


def one_dim(x: Any, dim: int, extra: int = 0) -> int:
    """A non-negative axis, PyTorch's error if there is no such axis."""
    rank = len(x._value.shape) + extra
    bound = builtins.max(rank, 1)
    if not isinstance(dim, (int, np.integer)):
        raise TypeError(f"dim must be int, not {type(dim).__name__}")
    if not -bound <= dim < bound:
        raise errors.IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})"
        )
    return int(dim) % bound


def _axis(x: Any, dim: Any) -> Any:
    """As `axes`, with no axis at all for a Tensor without axes."""
    found = axes(x, dim)
    return found if x._value.shape or found is None else None


def sum(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, axis: Any = None, keepdims: bool = False
) -> Any:
    """Sum of elements over `dim` (all axes by default)."""
    if not isinstance(input, CoreTensor):
        check_tensor("sum", input)
    dim, keepdim = dim if axis is None else axis, keepdim or keepdims
    if dim is None and not keepdim and dtype is None and input._value.dtype.kind in "fc":
        return sum_door(input, axis=None, keepdims=False)
    return constant(reductions.sum(input, _axis(input, dim), numpy_dtype(dtype), keepdims=keepdim))


@_numpy_names
def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Sum of elements, nan counted as zero."""
    return constant(statistics.nansum(input, _axis(input, dim), numpy_dtype(dtype), keepdims=keepdim))


@_numpy_names
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Mean of elements over `dim`."""
    check_tensor("mean", input)
    if input._value.dtype.kind not in "fc" and dtype is None:
        raise errors.RuntimeError(
            f"mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{input.dtype.legacy}"
        )
    x = input if dtype is None else cast(input, numpy_dtype(dtype))
    return constant(reductions.mean(x, _axis(x, dim), keepdims=keepdim))


@_numpy_names
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Product of elements."""
    return constant(reductions.prod(input, _axis(input, dim), numpy_dtype(dtype), keepdims=keepdim))


def _spread(function: Any, name: str, input: Any, dim: Any, args: Any) -> Any:
    if isinstance(dim, bool):  # std(input, unbiased)
        args, dim = {**args, "unbiased": dim}, None
    unbiased, correction = args.get("unbiased"), args.get("correction")
    ddof = correction if correction is not None else 1 if unbiased is None or unbiased else 0
    out = constant(function(input, _axis(input, dim), ddof=ddof, keepdims=args.get("keepdim", False)))
    return named(out, name)


@_numpy_names
def var(input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None) -> Any:
    """Variance, divided by count - correction (1 by default)."""
    return _spread(reductions.var, "VarBackward0", input, dim,
                   {"unbiased": unbiased, "keepdim": keepdim, "correction": correction})  # fmt: skip


@_numpy_names
def std(input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None) -> Any:
    """Standard deviation, of the variance with count - correction (1 by default)."""
    return _spread(reductions.std, "StdBackward0", input, dim,
                   {"unbiased": unbiased, "keepdim": keepdim, "correction": correction})  # fmt: skip


def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """Vector norm over `dim` (all elements by default); ``"nuc"`` is the nuclear norm of a matrix."""
    if dim is None and not keepdim and dtype is None and (p == "fro" or p == 2) and input._value.dtype.kind in "fc":
        return norm_door(input)
    from . import linalg

    if p == "nuc":
        return linalg.matrix_norm(input, "nuc", dim or (-2, -1), keepdim)
    return linalg.vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype=dtype)


@_numpy_names
def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """Largest element; tied elements share the gradient."""
    return constant(reductions.max(input, _axis(input, dim), keepdims=keepdim))


@_numpy_names
def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """Smallest element; tied elements share the gradient."""
    return constant(reductions.min(input, _axis(input, dim), keepdims=keepdim))


_results: dict[str, Any] = {
    name: result_type(name, ["values", "indices"])
    for name in ("max", "min", "sort", "topk", "kthvalue", "median", "cummax", "cummin", "mode")
}


def _at(name: str, input: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    """Values and indices along an axis, from an array of indices of one entry there."""
    values = take_along_axis(input, indices, dim)
    if not keepdim:
        values, indices = values.squeeze(dim), np.squeeze(indices, dim)
    named(values, f"{name.capitalize()}Backward0")
    return _results[name](values, constant(indices if np.ndim(indices) else np.int64(indices)))


def _extreme(name: str, input: Any, dim: Any, keepdim: bool) -> Any:
    dim = one_dim(input, dim)
    if input._value.shape == ():
        return _results[name](input.clone(), constant(np.int64(0)))
    find = np.argmax if name == "max" else np.argmin
    array = concrete(input, name)
    if array.shape[dim] == 0:
        raise errors.IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
    return _at(name, input, np.expand_dims(find(array, axis=dim), dim), dim, keepdim)


@_numpy_names
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element; with `dim` values and indices; with a second Tensor the elementwise maximum."""
    other = dim if isinstance(dim, Tensor) else other
    if other is not None:
        return maximum(input, other)
    if dim is None:
        return constant(reductions.max(input))
    return _extreme("max", input, dim, keepdim)


@_numpy_names
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element; with `dim` values and indices; with a second Tensor the elementwise minimum."""
    other = dim if isinstance(dim, Tensor) else other
    if other is not None:
        return minimum(input, other)
    if dim is None:
        return constant(reductions.min(input))
    return _extreme("min", input, dim, keepdim)


@_numpy_names
def argmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Index of the largest element (the first), along `dim` or in the flattened Tensor."""
    return constant(reductions.argmax(input, _axis(input, dim), keepdims=keepdim and dim is not None))


@_numpy_names
def argmin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Index of the smallest element (the first), along `dim` or in the flattened Tensor."""
    return constant(reductions.argmin(input, _axis(input, dim), keepdims=keepdim and dim is not None))


@_numpy_names
def all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all elements are true."""
    return constant(reductions.all(input, _axis(input, dim), keepdims=keepdim))


@_numpy_names
def any(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether some element is true."""
    return constant(reductions.any(input, _axis(input, dim), keepdims=keepdim))


def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements are not zero."""
    return constant(reductions.count_nonzero(input, _axis(input, dim)))


@_numpy_names
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log(sum(exp(input))) over `dim`, without overflow."""
    return constant(reductions.logsumexp(floating(input), _axis(input, dim), keepdims=keepdim))


@_numpy_names
def cumsum(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """Running sums along `dim`."""
    return constant(reductions.cumsum(input, one_dim(input, dim), numpy_dtype(dtype)))


@_numpy_names
def cumprod(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """Running products along `dim`."""
    return constant(reductions.cumprod(input, one_dim(input, dim), numpy_dtype(dtype)))


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """Elements in order along `dim`, and where they were."""
    indices = _order(input, dim, descending)
    return _results["sort"](take_along_axis(input, indices, one_dim(input, dim)), constant(indices))


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that put the elements in order along `dim`."""
    return constant(_order(input, dim, descending))


def _order(input: Any, dim: int, descending: bool) -> Any:
    dim, array = one_dim(input, dim), concrete(input, "sort")
    if not descending:
        return np.argsort(array, axis=dim, kind="stable")
    return array.shape[dim] - 1 - np.flip(np.argsort(np.flip(array, dim), axis=dim, kind="stable"), dim)


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest (or smallest) elements along `dim`, and where they are."""
    dim = one_dim(input, dim)
    indices = np.take(_order(input, dim, largest), np.arange(k), axis=dim)
    return _results["topk"](take_along_axis(input, indices, dim), constant(indices))


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest element along `dim`, and where it is."""
    dim = one_dim(input, dim)
    return _at("kthvalue", input, np.take(_order(input, dim, False), [k - 1], axis=dim), dim, keepdim)


@_numpy_names
def median(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The median (of two the lower), with `dim` with its index."""
    if dim is None:
        flat = input.reshape(-1)
        return median(flat, 0).values
    dim = one_dim(input, dim)
    middle = (input._value.shape[dim] - 1) // 2
    return _at("median", input, np.take(_order(input, dim, False), [middle], axis=dim), dim, keepdim)


def quantile(input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear") -> Any:
    """Quantiles, interpolated."""
    fractions = q._array() if isinstance(q, Tensor) else q
    out = constant(statistics.quantile(input, fractions, _axis(input, dim), keepdims=keepdim, method=interpolation))
    return cast(out, input._value.dtype)


def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:
    """The distinct values, sorted."""
    found: Any = np.unique(  # type: ignore[call-overload]
        concrete(input, "unique"), return_inverse=return_inverse, return_counts=return_counts, axis=dim
    )
    return tuple([constant(each) for each in found]) if isinstance(found, tuple) else constant(found)


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each non-negative integer occurs."""
    return constant(np.bincount(input._array(), None if weights is None else weights.detach()._array(), minlength))


def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along `dim`, n times."""
    return constant(differences.diff(input, n, one_dim(input, dim), prepend, append))


def trapezoid(y: Any, x: Any = None, *, dx: float = 1.0, dim: int = -1) -> Any:
    """Integral along `dim` by the trapezoidal rule."""
    return constant(differences.trapezoid(y, x, dx, one_dim(y, dim)))


def cov(input: Any, *, correction: int = 1) -> Any:
    """Covariance matrix of variables that are rows."""
    return constant(statistics.cov(input, ddof=correction))


def corrcoef(input: Any) -> Any:
    """Matrix of correlation coefficients of variables that are rows."""
    return constant(statistics.corrcoef(input))


def searchsorted(sorted_sequence: Any, values: Any, *, right: bool = False) -> Any:
    """Where values would go in an ordered Tensor."""
    return constant(np.asarray(sorting.searchsorted(sorted_sequence, values, "right" if right else "left")))


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Indices of the elements that are not zero: one row each, or a tuple with one Tensor per axis."""
    found = np.nonzero(concrete(input, "nonzero"))
    if as_tuple:
        return tuple([constant(each) for each in found])
    return constant(np.stack(found, 1) if found else np.zeros((0, 0), np.int64))


argwhere = nonzero

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "argsort", "argwhere", "bincount", "corrcoef", "count_nonzero",
    "cov", "cumprod", "cumsum", "diff", "kthvalue", "logsumexp", "max", "mean", "median", "min", "nansum", "nonzero",
    "norm", "prod", "quantile", "searchsorted", "sort", "std", "sum", "topk", "trapezoid", "unique", "var",
]  # fmt: skip
