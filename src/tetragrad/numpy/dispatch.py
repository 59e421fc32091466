"""NumPy's own functions on Tensors: `numpy.sin(x)`, `numpy.add.reduce(x)`, `numpy.linalg.norm(x)` record and
differentiate.

NumPy hands a call with a Tensor among its arguments to `__array_ufunc__` (ufuncs) or `__array_function__` (everything
else); both look up the function of the same name on the own face.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.bind import describe
from ..core.levels import concrete
from ..core.tensor import Tensor as CoreTensor
from ..errors import MissingRuleError, OperationError
from . import elementwise, reductions
from .elementwise import UFUNCS
from .writing import at, write_out

# What `ufunc.reduce` and `ufunc.accumulate` mean on Tensors.
REDUCE: dict[Any, Callable[..., Any]] = {
    np.add: reductions.sum,
    np.multiply: reductions.prod,
    np.maximum: reductions.max,
    np.minimum: reductions.min,
    np.logical_and: reductions.all,
    np.logical_or: reductions.any,
}
ACCUMULATE: dict[Any, Callable[..., Any]] = {np.add: reductions.cumsum, np.multiply: reductions.cumprod}


def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Answer a NumPy or SciPy ufunc that met a Tensor."""
    if method == "__call__" and not kwargs:
        return _door_of(ufunc)(*inputs)
    name = ufunc.__name__
    kwargs = {key: value for key, value in kwargs.items() if not _is_default(key, value)}
    dtype = kwargs.pop("dtype", None)
    (out,) = kwargs.pop("out", (None,))
    mask = kwargs.pop("where", None)
    if mask is not None and (out is None or method != "__call__"):
        raise OperationError(f"numpy.{name}: where= needs out=, which says what the other elements are")
    if method == "at":
        return at(ufunc, _door_of(ufunc), *inputs)
    if method == "__call__":
        result = _door_of(ufunc)(*inputs)
    elif method == "reduce":
        result = _method(REDUCE, ufunc, method)(
            inputs[0], axis=kwargs.pop("axis", 0), keepdims=kwargs.pop("keepdims", False)
        )
    elif method == "accumulate":
        result = _method(ACCUMULATE, ufunc, method)(inputs[0], axis=kwargs.pop("axis", 0))
    elif method == "outer":
        x, y = [a if isinstance(a, CoreTensor) else np.asarray(a) for a in inputs]
        result = _door_of(ufunc)(x[(...,) + (None,) * y.ndim], y)
    else:
        raise OperationError(
            f"numpy.{name}.{method}: not available on Tensors ({describe(self)}); write the result to a new Tensor "
            f"instead"
        )
    if kwargs:
        raise OperationError(
            f"numpy.{name}: the argument {next(iter(kwargs))}= is not supported on Tensors ({describe(self)}); use the "
            f"returned value instead"
        )
    if dtype is not None and result.dtype != dtype:
        result = result.astype(dtype)
    return result if out is None else write_out(out, result, mask, f"numpy.{name}")


def _is_default(key: str, value: Any) -> bool:
    if key in ("where", "subok"):
        return value is True
    if key == "order":
        return value == "K"
    if key == "casting":
        return value == "same_kind"
    # axis=None is a request of its own where the default is another axis (sort, reduce, concatenate).
    return value is np._NoValue or (value is None and key != "axis")


def _door_of(ufunc: Any) -> Callable[..., Any]:
    door = UFUNCS.get(ufunc)
    if door is None:
        from ..scipy.special import door_of

        door = door_of(ufunc.__name__)
    if door is None:
        raise MissingRuleError(
            f"numpy.{ufunc.__name__}: tetragrad has no such operation, so it cannot be recorded. Use x.numpy() if its "
            f"derivative is not needed."
        )
    return door


def _method(table: dict[Any, Callable[..., Any]], ufunc: Any, method: str) -> Callable[..., Any]:
    if ufunc not in table:
        raise MissingRuleError(
            f"numpy.{ufunc.__name__}.{method}: tetragrad has no such operation. Use x.numpy() if its derivative is "
            f"not needed."
        )
    return table[ufunc]


# Functions that only ask about the arrays, or that compare or print values: they see the values.
ON_VALUES = frozenset(
    {
        "allclose", "array2string", "array_equal", "array_equiv", "array_repr", "array_str", "can_cast", "common_type",
        "isclose", "iscomplex", "iscomplexobj", "isreal", "isrealobj", "may_share_memory", "min_scalar_type",
        "result_type",
        "save", "savetxt", "savez", "shares_memory",
    }
)  # fmt: skip


def array_function(self: Any, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a NumPy function (not a ufunc) that met a Tensor."""
    ours = _face_function(function)
    if ours is None:
        if function.__name__ in ON_VALUES:
            args, kwargs = _values(args), _values(kwargs)
            return function(*args, **kwargs)
        raise MissingRuleError(
            f"{function.__module__}.{function.__name__}: tetragrad has no such function, so it cannot be recorded. Use "
            f"x.numpy() if its derivative is not needed."
        )
    kwargs = {key: value for key, value in kwargs.items() if not _is_default(key, value)}
    out = kwargs.pop("out", None)
    try:
        result = ours(*args, **kwargs)
        return result if out is None else write_out(out, result, None, f"{function.__module__}.{function.__name__}")
    except TypeError as error:
        unexpected = [key for key in kwargs if f"'{key}'" in str(error)]
        if unexpected:
            raise OperationError(
                f"{function.__module__}.{function.__name__}: the argument {unexpected[0]}= is not supported on Tensors"
            ) from error
        raise


_found: dict[Any, Any] = {}


def _face_function(function: Any) -> Any:
    """The own face's function of the same name, or None."""
    try:
        return _found[function]
    except KeyError:
        from .. import numpy as face

        module = function.__module__
        home: Any = face
        if module.startswith("numpy.linalg"):
            home = face.linalg
        elif module.startswith("numpy.fft"):
            home = getattr(face, "fft", None)
        name = function.__name__
        found = getattr(home, name, None) if name not in ON_VALUES else None
        _found[function] = found if found is not function else None
        return _found[function]


def _values(nest: Any) -> Any:
    if isinstance(nest, CoreTensor):
        return np.asarray(concrete(nest, "this function"))
    if isinstance(nest, dict):
        return {key: _values(value) for key, value in nest.items()}
    return type(nest)([_values(item) for item in nest]) if isinstance(nest, (list, tuple)) else nest


__all__ = ["array_function", "array_ufunc", "elementwise"]
