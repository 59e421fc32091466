"""NumPy's reductions: sums, means, extremes, truth and counts, running totals.

Everywhere `axis` is None (all axes), an axis or a tuple of axes, and `keepdims` leaves the reduced axes with length 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..core.tensor import Tensor
from ..errors import OperationError, ShapeError
from ..ops import arithmetic, complex_numbers, cumulative, exponential
from ..ops import reductions as ops
from ..ops import shape as shaping
from ..ops import softmax as soft
from ..ops.arithmetic import add, divide, multiply, subtract
from .arguments import NOT_GIVEN, as_scalar, one_axis, operand, some_axes
from .creation import refuse
from .shaping import astype
from .writing import write_out

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "average", "count_nonzero", "cumprod", "cumsum", "log_softmax",
    "logsumexp", "max", "mean", "min", "prod", "ptp", "softmax", "std", "sum", "var",
]  # fmt: skip


def _prepare(name: str, a: Any, axis: Any, dtype: Any = None) -> tuple[Any, tuple[int, ...] | None]:
    """The array in the wanted dtype, and its axes as the primitives take them."""
    a = operand(a)
    if dtype is not None:
        a = astype(a, dtype)
    return a, None if axis is None else some_axes(name, axis, len(shape_of(a)))


def sum(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = NOT_GIVEN,
    where: Any = True,
) -> Any:  # fmt: skip
    """Sum of the elements.

    Parameters
    ----------
    a : array or Tensor
    axis : int or tuple of int, optional
    dtype : dtype, optional
        In which to add.
    keepdims : bool
    initial : scalar
        Added to the sum.
    where : boolean array
        Which elements to include.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.sum(np.arange(4.0))
    np.float64(6.0)
    """
    if out is not None:
        return write_out(out, sum(a, axis, dtype, None, keepdims, initial, where), None, "sum")
    a, axis = _prepare("sum", a, axis, dtype)
    if where is not True:
        a = _masked(a, where, 0)
    total = ops.sum(a, axis=axis, keepdims=bool(keepdims))
    return total if initial is NOT_GIVEN else add(total, initial)


def _masked(a: Any, mask: Any, filler: Any) -> Any:
    """`a` with another value where the mask does not hold; in the dtype of `a`."""
    return arithmetic.where(mask, a, np.asarray(filler, a.dtype)[()])


def prod(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = NOT_GIVEN,
    where: Any = True,
) -> Any:  # fmt: skip
    """Product of the elements. Its derivatives are right with zeros among them.

    Parameters
    ----------
    a : array or Tensor
    axis, dtype, keepdims, initial, where
        As in `sum`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> tg.grad(np.prod)(np.array([0.0, 2.0, 3.0]))
    array([6., 0., 0.])
    """
    if out is not None:
        return write_out(out, prod(a, axis, dtype, None, keepdims, initial, where), None, "prod")
    a, axis = _prepare("prod", a, axis, dtype)
    if where is not True:
        a = _masked(a, where, 1)
    product = ops.prod(a, axis=axis, keepdims=bool(keepdims))
    return product if initial is NOT_GIVEN else multiply(product, initial)


def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    """Arithmetic mean.

    Parameters
    ----------
    a : array or Tensor
    axis, dtype, keepdims, where
        As in `sum`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.mean(np.array([1.0, 2.0, 6.0]))
    np.float64(3.0)
    """
    if out is not None:
        return write_out(out, mean(a, axis, dtype, None, keepdims, where=where), None, "mean")
    a, axis = _prepare("mean", a, axis, dtype)
    if where is True:
        return ops.mean(a, axis=axis, keepdims=bool(keepdims))
    total, number = _masked_sum_and_count(a, where, axis, bool(keepdims))
    return divide(total, number)


def _masked_sum_and_count(a: Any, mask: Any, axis: Any, keepdims: bool) -> tuple[Any, Any]:
    mask = np.broadcast_to(mask, shape_of(a)) if not isinstance(mask, Tensor) else mask
    number = ops.count_nonzero(mask, axis=axis, keepdims=keepdims)
    dtype = a.dtype if a.dtype.kind in "fc" else np.dtype(float)
    return ops.sum(_masked(a, mask, 0), axis=axis, keepdims=keepdims), astype(number, dtype)


def var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False, *,
    where: Any = True, mean: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    """Variance: the mean of the squared distances from the mean.

    Parameters
    ----------
    a : array or Tensor
        Complex elements: the squared modulus of the distances.
    axis, dtype, keepdims, where
        As in `sum`.
    ddof, correction : float
        Subtracted from the number of elements in the divisor.
    mean : array or Tensor, optional
        The mean, with `keepdims`, if it is known already.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.var(np.array([1.0, 3.0]))
    np.float64(1.0)
    """
    if out is not None:
        found = var(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction)
        return write_out(out, found, None, "var")
    a, axis = _prepare("var", a, axis, dtype)
    if a.dtype.kind not in "fc":
        a = astype(a, float)
    if correction is not None:
        ddof = correction
    keepdims = bool(keepdims)
    if where is True:
        center = ops.mean(a, axis=axis, keepdims=True) if mean is None else mean
        total = ops.sum(_squared_modulus(subtract(a, center)), axis=axis, keepdims=keepdims)
        number = ops.count(shape_of(a), axis) - ddof
        return divide(total, number if number > 0 else 0)
    if mean is None:
        mean_total, number = _masked_sum_and_count(a, where, axis, True)
        mean = divide(mean_total, number)
    distances = _squared_modulus(_masked(subtract(a, mean), where, 0))
    total, number = _masked_sum_and_count(distances, where, axis, keepdims)
    return divide(total, subtract(number, ddof))


def _squared_modulus(x: Any) -> Any:
    if x.dtype.kind == "c":
        return complex_numbers.real(multiply(x, complex_numbers.conj(x)))
    return exponential.square(x)


def std(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False, *,
    where: Any = True, mean: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    """Standard deviation, the square root of the variance. Where the variance is zero, its derivative is zero.

    Parameters
    ----------
    a : array or Tensor
    axis, dtype, ddof, keepdims, where, mean, correction
        As in `var`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.std(np.array([1.0, 3.0]))
    np.float64(1.0)
    """
    if out is not None:
        found = std(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction)
        return write_out(out, found, None, "std")
    return root(var(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction))


def root(x: Any) -> Any:
    """The square root, with derivative zero at zero."""
    zero = x == 0
    if not isinstance(zero, Tensor) and not zero.any():
        return exponential.sqrt(x)
    return as_scalar(arithmetic.where(zero, 0, exponential.sqrt(arithmetic.where(zero, 1, x))))


def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    """Weighted mean.

    Parameters
    ----------
    a : array or Tensor
    axis : int or tuple of int, optional
    weights : array or Tensor, optional
        Of the shape of `a`, or one per entry along `axis`.
    returned : bool
        Give the sum of the weights too.

    Returns
    -------
    array or Tensor, or a pair of them

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.average(np.array([1.0, 2.0]), weights=[3.0, 1.0])
    np.float64(1.25)
    """
    a, axes = _prepare("average", a, axis)
    keepdims = keepdims is not NOT_GIVEN and bool(keepdims)
    if weights is None:
        result = ops.mean(a, axis=axes, keepdims=keepdims)
        number = np.full(shape_of(result), ops.count(shape_of(a), axes), result.dtype)[()]
        return (result, number) if returned else result
    weights = operand(weights)
    if shape_of(weights) != shape_of(a):
        if axes is None or shape_of(weights) != tuple([shape_of(a)[each] for each in axes]):
            raise ShapeError(f"average: weights of shape {shape_of(weights)} do not fit {shape_of(a)} and axis {axis}")
        if list(axes) != sorted(axes):
            raise OperationError("average: axes in another order than the array's are not supported with weights")
        weights = shaping.reshape(weights, shape=tuple([n if i in axes else 1 for i, n in enumerate(shape_of(a))]))
        weights = multiply(weights, np.ones(shape_of(a), weights.dtype))
    scale = ops.sum(weights, axis=axes, keepdims=keepdims)
    result = divide(ops.sum(multiply(a, weights), axis=axes, keepdims=keepdims), scale)
    return (result, scale) if returned else result


# -- extremes ---------------------------------------------------------------------------------------------------------


def max(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = NOT_GIVEN, where: Any = True
) -> Any:
    """Largest element. Tied elements share the derivative equally.

    Parameters
    ----------
    a : array or Tensor
    axis, keepdims
        As in `sum`.
    initial : scalar
        The result is at least this.
    where : boolean array
        Which elements to compare; then `initial` is needed.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> tg.grad(np.max)(np.array([1.0, 4.0, 4.0]))
    array([0. , 0.5, 0.5])
    """
    return _extreme("max", ops.max, arithmetic.maximum, a, axis, out, keepdims, initial, where)


def min(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = NOT_GIVEN, where: Any = True
) -> Any:
    """Smallest element. Tied elements share the derivative equally.

    Parameters
    ----------
    a : array or Tensor
    axis, keepdims, initial, where
        As in `max`.

    Returns
    -------
    array or Tensor

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.min(np.array([[3.0, 1.0], [2.0, 5.0]]), axis=0)
    array([2., 1.])
    """
    return _extreme("min", ops.min, arithmetic.minimum, a, axis, out, keepdims, initial, where)


amax, amin = max, min


def _extreme(
    name: str, reduce: Any, pair: Any, a: Any, axis: Any, out: Any, keepdims: Any, initial: Any, mask: Any
) -> Any:
    if out is not None:
        return write_out(out, _extreme(name, reduce, pair, a, axis, None, keepdims, initial, mask), None, name)
    a, axis = _prepare(name, a, axis)
    if mask is not True:
        if initial is NOT_GIVEN:
            raise OperationError(f"{name}: where= needs initial=, the result where nothing is compared")
        a = arithmetic.where(mask, a, initial)
    if initial is not NOT_GIVEN:
        if 0 in shape_of(a):
            return _filled_like(ops.sum(a, axis=axis, keepdims=bool(keepdims)), initial)
        return pair(reduce(a, axis=axis, keepdims=bool(keepdims)), initial)
    return reduce(a, axis=axis, keepdims=bool(keepdims))


def _filled_like(a: Any, value: Any) -> Any:
    return add(multiply(a, 0), value)


def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """Range of the values: largest minus smallest.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.ptp(np.array([1.0, 4.0, 2.0]))
    np.float64(3.0)
    """
    if out is not None:
        return write_out(out, ptp(a, axis, None, keepdims), None, "ptp")
    a, axis = _prepare("ptp", a, axis)
    keepdims = bool(keepdims)
    return subtract(ops.max(a, axis=axis, keepdims=keepdims), ops.min(a, axis=axis, keepdims=keepdims))


def argmax(a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """Position of the (first) largest element, in the flattened array if no axis is given.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.argmax(np.array([1.0, 4.0, 2.0]))
    np.int64(1)
    """
    return _position("argmax", ops.argmax, a, axis, out, keepdims)


def argmin(a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """Position of the (first) smallest element, in the flattened array if no axis is given.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.argmin(np.array([1.0, 4.0, 2.0]))
    np.int64(0)
    """
    return _position("argmin", ops.argmin, a, axis, out, keepdims)


def _position(name: str, find: Any, a: Any, axis: Any, out: Any, keepdims: Any) -> Any:
    if out is not None:
        return write_out(out, _position(name, find, a, axis, None, keepdims), None, name)
    a = operand(a)
    lengths = shape_of(a)
    if axis is None:
        found = find(shaping.reshape(a, shape=(-1,)), axis=0)
        return shaping.reshape(found, shape=(1,) * len(lengths)) if keepdims is True else found
    axis = one_axis(name, axis, len(lengths))
    found = find(a, axis=axis)
    return shaping.reshape(found, shape=(*lengths[:axis], 1, *lengths[axis + 1 :])) if keepdims is True else found


# -- truth and counts -------------------------------------------------------------------------------------------------


def all(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """Whether all elements are true.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.all(np.array([1.0, 0.0]))
    np.False_
    """
    if out is not None:
        return write_out(out, all(a, axis, None, keepdims, where=where), None, "all")
    refuse("all", where=where)
    a, axis = _prepare("all", a, axis)
    return ops.all(a, axis=axis, keepdims=bool(keepdims))


def any(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """Whether some element is true.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.any(np.array([1.0, 0.0]))
    np.True_
    """
    if out is not None:
        return write_out(out, any(a, axis, None, keepdims, where=where), None, "any")
    refuse("any", where=where)
    a, axis = _prepare("any", a, axis)
    return ops.any(a, axis=axis, keepdims=bool(keepdims))


def count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    """How many elements are not zero.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.count_nonzero(np.array([1.0, 0.0, 2.0]))
    np.int64(2)
    """
    a, axis = _prepare("count_nonzero", a, axis)
    return ops.count_nonzero(a, axis=axis, keepdims=bool(keepdims))


# -- running totals ---------------------------------------------------------------------------------------------------


def _along_one(name: str, a: Any, axis: Any, dtype: Any) -> tuple[Any, int]:
    """The array (flattened if no axis is given) in the wanted dtype, and its axis."""
    a = operand(a)
    if dtype is not None:
        a = astype(a, dtype)
    if axis is None:
        return shaping.reshape(a, shape=(-1,)), 0
    return a, one_axis(name, axis, len(shape_of(a)))


def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running sum along an axis, by default of the flattened array.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.cumsum(np.array([1.0, 2.0, 3.0]))
    array([1., 3., 6.])
    """
    if out is not None:
        return write_out(out, cumsum(a, axis, dtype), None, "cumsum")
    a, axis = _along_one("cumsum", a, axis, dtype)
    return cumulative.cumsum(a, axis=axis, reverse=False)


def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running product along an axis, by default of the flattened array; differentiated rightly with zeros.

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.cumprod(np.array([1.0, 2.0, 3.0]))
    array([1., 2., 6.])
    """
    if out is not None:
        return write_out(out, cumprod(a, axis, dtype), None, "cumprod")
    a, axis = _along_one("cumprod", a, axis, dtype)
    return cumulative.cumprod(a, axis=axis)


# -- softmax ----------------------------------------------------------------------------------------------------------


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: Any = False, return_sign: bool = False) -> Any:
    """log(sum(b * exp(a))), without overflow (as `scipy.special.logsumexp`).

    Parameters
    ----------
    a : array or Tensor
    axis, keepdims
        As in `sum`.
    b : array or Tensor, optional
        Factors; by default ones.
    return_sign : bool
        Give the log of the sum's magnitude and the sum's sign.

    Returns
    -------
    array or Tensor, or a pair of them

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.logsumexp(np.array([1000.0, 1000.0]))
    np.float64(1000.6931471805599)
    """
    a, axis = _prepare("logsumexp", a, axis)
    keepdims = bool(keepdims)
    if b is None:
        result = soft.logsumexp(a, axis=axis, keepdims=keepdims)
        return (result, np.ones(shape_of(result), result.dtype)[()]) if return_sign else result
    b = operand(b)
    counted = arithmetic.where(arithmetic.equal(b, 0), -np.inf, a)
    peak = arithmetic.stop_gradient(ops.max(counted, axis=axis, keepdims=True))
    peak = arithmetic.where(arithmetic.isfinite(peak), peak, 0)
    exponent = subtract(a, peak)
    # What the factor 0 leaves out must not overflow, or it would be 0 * inf.
    limit = float(np.log(np.finfo(exponent.dtype).max)) - 1
    exponent = arithmetic.where(arithmetic.equal(b, 0), arithmetic.minimum(exponent, limit), exponent)
    total = ops.sum(multiply(b, exponential.exp(exponent)), axis=axis, keepdims=keepdims)
    if not keepdims:
        peak = shaping.reshape(peak, shape=shape_of(total))
    if return_sign:
        return add(exponential.log(arithmetic.absolute(total)), peak), arithmetic.sign(total)
    return add(exponential.log(total), peak)


def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x) / sum(exp(x)), without overflow (as `scipy.special.softmax`).

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    x, axis = _prepare("softmax", x, axis)
    return soft.softmax(x, axis=axis)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """log(softmax(x)), accurately (as `scipy.special.log_softmax`).

    Examples
    --------
    >>> import tetragrad.numpy as np
    >>> np.log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])
    """
    x, axis = _prepare("log_softmax", x, axis)
    return soft.log_softmax(x, axis=axis)
