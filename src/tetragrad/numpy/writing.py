"""Writing into Tensors: item assignment, augmented operators, `out=`, `ufunc.at`, and NumPy's functions that write.

Each says what is recorded and how NumPy makes the change in an array; `core.mutation.write` decides which is done.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..core.bind import describe
from ..core.levels import concrete, shape_of
from ..core.mutation import is_own_part, write
from ..core.primitive import Primitive
from ..core.tensor import Tensor
from ..errors import EscapedValueError, OperandTypeError, ShapeError
from ..ops import arithmetic, exponential
from ..ops.arithmetic import where
from ..ops.contraction import matmul
from ..ops.indexing import getitem, resolve
from ..ops.shape import broadcast_to, reshape
from ..ops.writing import index_add, index_update
from .arguments import operand

__all__ = ["copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"]


def raw(value: Any) -> Any:
    """The plain array (or number) behind a value that is about to be written."""
    return value._value if isinstance(value, Tensor) else value


def place_of(index: Any) -> tuple[Any, ...]:
    """An index as users write it, for writing: inside vmap it must not depend on the example."""
    what = "place to write to"
    return tuple([concrete(entry, what) if isinstance(entry, Tensor) else entry for entry in resolve(index)])


def check_dtype(name: str, target: Tensor, value: Any) -> None:
    """No fractions and no imaginary parts are lost by a write; NumPy's own item assignment would drop them."""
    dtype = value.dtype if hasattr(value, "dtype") else np.result_type(value)
    if dtype is not target.dtype and dtype.kind in "fc" and not np.can_cast(dtype, target.dtype, "same_kind"):
        raise OperandTypeError(
            f"{name}: {dtype} values do not fit into a Tensor of {target.dtype}; convert it with .astype({dtype}) "
            f"first, or write a new Tensor instead of changing this one"
        )


def set_item(target: Tensor, index: Any, value: Any, name: str = "setitem") -> None:
    """``target[index] = value``; where an index names an element twice, the last value stays."""
    kind = type(index)
    index = (index,) if kind is int or kind is slice else place_of(index)
    if isinstance(value, Tensor):
        if is_own_part(target, value, getitem.primitive, {"index": index}):  # type: ignore[attr-defined]
            return  # the end of `x[i] += v`, whose middle wrote through the view x[i]
    elif not isinstance(value, (np.ndarray, np.generic, bool, int, float, complex)):
        value = operand(value)
    check_dtype(name, target, value)
    write(
        name, target, value, index_update.primitive, {"index": index},  # type: ignore[attr-defined]
        lambda array: partial(operator.setitem, array, index, _before(array, index, raw(value))),
    )  # fmt: skip


def _before(array: Any, index: tuple[Any, ...], value: Any) -> Any:
    """A value as it is before it is written into an array: NumPy sees to that itself, but not where a mask is given."""
    if index and type(index[0]) is np.ndarray and index[0].dtype == bool and np.may_share_memory(array, value):
        return value.copy()
    return value


def assign(target: Tensor, value: Any, name: str = "assign") -> Tensor:
    """Give a Tensor new contents, broadcast to its shape; returns it."""
    set_item(target, (Ellipsis,), value, name)
    return target


def augmented(name: str, door: Callable[..., Any], ufunc: Any) -> Callable[[Tensor, Any], Tensor]:
    """The augmented operator of a binary operation: ``x += y`` changes what `x`, its views and its aliases hold."""
    primitive = door.primitive  # type: ignore[attr-defined]

    def change(self: Tensor, other: Any) -> Tensor:
        if not isinstance(other, (Tensor, np.ndarray, np.generic, int, float, complex)):
            return NotImplemented
        if door is exponential.power and not hasattr(other, "dtype"):
            return assign(self, exponential.pow(self, other), name)  # a number as exponent has rows of its own
        write(
            name, self, other, primitive, {},
            lambda array: partial(ufunc, array, raw(other), out=array, casting="same_kind"),
        )  # fmt: skip
        return self

    change.__name__ = name
    return change


AUGMENTED = {
    "__iadd__": augmented("add", arithmetic.add, np.add),
    "__isub__": augmented("subtract", arithmetic.subtract, np.subtract),
    "__imul__": augmented("multiply", arithmetic.multiply, np.multiply),
    "__itruediv__": augmented("divide", arithmetic.divide, np.divide),
    "__ifloordiv__": augmented("floor_divide", arithmetic.floor_divide, np.floor_divide),
    "__imod__": augmented("remainder", arithmetic.remainder, np.remainder),
    "__ipow__": augmented("power", exponential.power, np.power),
    "__imatmul__": augmented("matmul", matmul, np.matmul),
    "__iand__": augmented("bitwise_and", arithmetic.bitwise_and, np.bitwise_and),
    "__ior__": augmented("bitwise_or", arithmetic.bitwise_or, np.bitwise_or),
    "__ixor__": augmented("bitwise_xor", arithmetic.bitwise_xor, np.bitwise_xor),
    "__ilshift__": augmented("left_shift", arithmetic.left_shift, np.left_shift),
    "__irshift__": augmented("right_shift", arithmetic.right_shift, np.right_shift),
}


def write_out(out: Any, result: Any, mask: Any = None, name: str = "out") -> Any:
    """Put a function's result into its ``out=`` argument, where `mask` holds; returns `out`."""
    if isinstance(out, Tensor):
        return assign(out, result if mask is None else where(mask, result, out), name)
    if isinstance(result, Tensor) and (
        result._node is not None or not isinstance(result._value, (np.ndarray, np.generic))
    ):
        raise EscapedValueError(
            f"{name}: out= is a plain array, which would lose the derivative of the result ({describe(result)}). Give "
            f"a Tensor (tg.tensor(...)) as out=, or use the returned value."
        )
    np.copyto(out, concrete(result, name), casting="same_kind", where=True if mask is None else concrete(mask, name))
    return out


def into(out: Any, result: Any, name: str) -> Any:
    """`write_out` for the doors of the table: ``out=`` may be a tuple of one, as for NumPy's ufuncs."""
    return write_out(out[0] if type(out) is tuple and len(out) == 1 else out, result, None, name)


Primitive.into = staticmethod(into)


def at(ufunc: Any, door: Callable[..., Any], target: Any, index: Any, value: Any = None) -> None:
    """``ufunc.at(target, index, value)``: unbuffered, so repeated indices count each time."""
    name = f"{ufunc.__name__}.at"
    if not isinstance(target, Tensor):
        raise EscapedValueError(
            f"numpy.{name}: the array written into is plain and would lose the derivative of the values. Make it a "
            f"Tensor (tg.tensor(...))."
        )
    index = place_of(index)
    if ufunc in (np.add, np.subtract):
        value = operand(value)
        check_dtype(name, target, value)
        write(
            name, target, value if ufunc is np.add else -value,
            index_add.primitive, {"index": index},  # type: ignore[attr-defined]
            lambda array: partial(ufunc.at, array, index, raw(value)),
        )  # fmt: skip
        return
    positions = np.arange(target.size).reshape(target.shape)[index]
    if value is not None:
        value = broadcast_to(operand(value), shape=positions.shape)
    turns = _occurrences(positions.ravel()).reshape(positions.shape)  # each turn names an element once
    chosen = [turns == turn for turn in range(turns.max(initial=-1) + 1)]
    values = [() if value is None else (getitem(value, index=(entries,)),) for entries in chosen]
    for entries, operands in zip(chosen, values):
        place = np.unravel_index(positions[entries], target.shape)
        set_item(target, place, door(getitem(target, index=place), *operands), name)


def _occurrences(positions: Any) -> Any:
    """For each entry, how often the same number stands before it."""
    order = np.argsort(positions, kind="stable")
    in_order = positions[order]
    starts = np.searchsorted(in_order, in_order)
    found = np.empty_like(positions)
    found[order] = np.arange(positions.size) - starts
    return found


# -- NumPy's functions that write -------------------------------------------------------------------------------------


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """Write `src` into `dst` where the condition holds.

    Parameters
    ----------
    dst : array or Tensor
    src : array_like or Tensor
        Broadcast to the shape of `dst`.
    casting : str
        Only ``"same_kind"`` on Tensors.
    where : array_like of bool

    Raises
    ------
    ShapeError, OperandTypeError
        If the values do not fit.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> x = tg.tensor([1.0, 2.0])
    >>> np.copyto(x, 5.0, where=[True, False])
    >>> x
    tensor([5., 2.])
    """
    write_out(dst, src, None if where is True else np.asarray(concrete(where, "copyto")), "copyto")


def putmask(a: Any, mask: Any, values: Any) -> None:
    """Write values where a mask holds, each element taking the value at its own position (repeated as needed).

    Parameters
    ----------
    a : array or Tensor
    mask : array_like of bool
        Of the shape of `a`.
    values : array_like or Tensor

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> x = tg.tensor([1.0, 2.0, 3.0])
    >>> np.putmask(x, x > 1, [7.0, 8.0, 9.0])
    >>> x
    tensor([1., 8., 9.])
    """
    mask = np.asarray(concrete(mask, "putmask"), dtype=bool)
    copyto(a, reshape(_repeated(values, mask.size), shape=mask.shape), where=mask)


def place(arr: Any, mask: Any, vals: Any) -> None:
    """Write values one after the other where a mask holds (repeated as needed).

    Parameters
    ----------
    arr : array or Tensor
    mask : array_like of bool
        Of the shape of `arr`.
    vals : array_like or Tensor

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> x = tg.tensor([1.0, 2.0, 3.0])
    >>> np.place(x, x > 1, [7.0, 8.0])
    >>> x
    tensor([1., 7., 8.])
    """
    mask = np.asarray(concrete(mask, "place"), dtype=bool)
    _set(arr, mask, _repeated(vals, int(np.count_nonzero(mask))))


def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Write values at flat positions (values repeated as needed).

    Parameters
    ----------
    a : array or Tensor
    ind : array_like of int
        Positions in the flattened array.
    v : array_like or Tensor
    mode : {'raise', 'wrap', 'clip'}
        What to do with positions that are out of bounds.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> np.put(x, [0, 3], [8.0, 9.0])
    >>> x
    tensor([[8., 2.],
            [3., 9.]])
    """
    size, ind = _size(a), np.asarray(concrete(ind, "put")).ravel()
    if mode == "clip":
        ind = np.clip(ind, 0, size - 1)
    elif mode == "wrap":
        ind = ind % max(1, size)
    elif ind.size and not (ind.min() >= -size and ind.max() < size):
        raise ShapeError(f"put: a position is out of bounds for an array of {size} elements")
    _set(a, np.unravel_index(np.where(ind < 0, ind + size, ind), shape_of(a)), _repeated(v, ind.size))


def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    """Write values lane by lane along one axis, at the positions that `argsort` and the like give.

    Parameters
    ----------
    arr : array or Tensor
    indices : array of int
    values : array_like or Tensor
        Broadcast against `indices`.
    axis : int or None
        None: positions in the flattened array.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> np.put_along_axis(x, np.array([[1], [0]]), 0.0, axis=1)
    >>> x
    tensor([[1., 0.],
            [0., 4.]])
    """
    indices = np.asarray(concrete(indices, "put_along_axis"))
    shape = shape_of(arr)
    if axis is None:
        _set(arr, np.unravel_index(indices, shape), values)
        return
    axis = operator.index(axis) % len(shape)
    grid = [
        indices if each == axis else np.arange(length).reshape([-1 if i == each else 1 for i in range(len(shape))])
        for each, length in enumerate(shape)
    ]
    _set(arr, tuple(grid), values)


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Write values on the main diagonal.

    Parameters
    ----------
    a : array or Tensor
        With at least two axes, all of one length if more than two.
    val : array_like or Tensor
        Repeated as needed.
    wrap : bool
        Go on below for tall matrices, as NumPy does.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> np.fill_diagonal(x, 0.0)
    >>> x
    tensor([[0., 2.],
            [3., 0.]])
    """
    pattern = np.zeros(shape_of(a), dtype=bool)
    np.fill_diagonal(pattern, True, wrap=wrap)
    positions = np.flatnonzero(pattern)
    put(a, positions, val)


def _repeated(values: Any, count: int) -> Any:
    """The values in one row, from the start again as often as needed."""
    values = operand(values)
    return reshape(values, shape=(-1,))[np.arange(count) % max(1, _size(values))]


def _size(values: Any) -> int:
    return int(np.prod(shape_of(values), dtype=int))


def _set(target: Any, index: Any, value: Any) -> None:
    if isinstance(value, Tensor) and not isinstance(target, Tensor):
        raise EscapedValueError(
            "the array written into is plain and would lose the derivative of the values. Make it a Tensor "
            "(tg.tensor(...))."
        )
    target[index] = value
