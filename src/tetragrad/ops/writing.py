"""Arrays with some elements replaced or added to: what a write in place is recorded as (see `core.mutation`).

Each row makes a new array. Where the sweep goes backward through many writes into one array, as a loop over
``x[i] = v`` leaves them, their rules clear what was written in one array of cotangents that the sweep alone holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..core.mutation import Steps, look
from ..core.sweep import Scattered
from ..errors import OperandTypeError
from ..families import Case, Complex, Real, linear
from ..families.linear import batch_by_loop
from ..families.rules import BROADCAST, RESHAPE, unbroadcast
from .arithmetic import where
from .complex_numbers import conj, imag
from .indexing import Pieces, getitem, repeats, split_rank
from .shape import reshape, transpose

_ANY = Real(-3, 3, complex=True)
ndarray = np.ndarray


def copied(x: Any) -> Any:
    """A copy that is laid out in memory as `x` is; axes that only repeat (a shared argument of vmap) come first."""
    x = np.asarray(x)
    if 0 not in x.strides:
        return np.array(x)
    order = sorted(range(x.ndim), key=lambda axis: (x.strides[axis] != 0, -abs(x.strides[axis])))
    out = np.empty([x.shape[axis] for axis in order], x.dtype).transpose(np.argsort(order))
    out[...] = x
    return out


def _index_update(x: Any, v: Any, *, index: tuple[Any, ...]) -> Any:
    out = copied(x)
    v = np.asarray(v)
    if not np.can_cast(v.dtype, out.dtype, "same_kind") and v.dtype.kind in "fc":
        raise OperandTypeError(
            f"index_update: {v.dtype} values do not fit into an array of {out.dtype}; convert the array with "
            f".astype({v.dtype}) first"
        )
    out[index] = v
    return out if out.ndim else out[()]


def _updated_values(g: Any, v_shape: tuple[int, ...], index: tuple[Any, ...]) -> Any:
    """Cotangent of the values written at `index`: where an element is written more than once, the last write counts."""
    written = getitem(g, index=index)
    if repeats(index):
        order = np.arange(math.prod(written.shape)).reshape(written.shape)
        last = np.zeros(g.shape, np.intp)
        last[index] = order
        written = where(last[index] == order, written, 0)
    return _as_assigned(written, v_shape)


def _as_assigned(g: Any, v_shape: tuple[int, ...]) -> Any:
    """A cotangent of elements in the shape of what was assigned to them."""
    if len(v_shape) > len(g.shape):  # assignment allows leading axes of length 1
        g = RESHAPE(g, (*(1,) * (len(v_shape) - len(g.shape)), *g.shape))
    return unbroadcast(g, v_shape, g.dtype)


def _batch_at_index(door: Any, by_loop: Any) -> Any:
    def batch(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
        (x, v), index = args, params["index"]
        if split_rank(index):
            return by_loop()(args, batched, size, params)
        if not batched[0]:
            x = BROADCAST(x, (size, *shape_of(x)))
        if batched[1]:
            shape = shape_of(v)
            target = len(getitem(np.empty(shape_of(x)[1:], np.bool_), index=index).shape)
            shape = shape[1:][-target:] if target else ()
            v = RESHAPE(v, (size, *(1,) * (target - len(shape)), *shape))
        return door()(x, v, index=(slice(None), *index))

    return batch


_ASSIGNED = [
    Case(_ANY[3, 4], _ANY[4], index=(1,)),
    Case(_ANY[3, 4], _ANY[()], index=(slice(0, 2), slice(None, None, 2))),
    Case(_ANY[3, 4], _ANY[1, 3, 1], index=(Ellipsis, slice(1, 3))),
    Case(_ANY[4], _ANY[3], index=(np.array([0, 2, 0]),)),
    Case(_ANY[3, 4], _ANY[2], index=(np.array([0, -1]), np.array([1, 1]))),
    Case(_ANY[3, 2, 4], _ANY[2], index=(np.array([0, 2, 2]), slice(None), np.array([1, 3, 3]))),
    Case(_ANY[4], _ANY[2], index=(np.array([True, False, True, False]),)),
    Case(_ANY[()], _ANY[()], index=()),
]

index_update = linear(
    "index_update",
    _index_update,
    [
        lambda g, index: index_update(g, 0, index=index),
        lambda g, v_shape, index: _updated_values(g, v_shape, index),
    ],
    joint=True,
    batch=_batch_at_index(lambda: index_update, lambda: _loop_index_update),
    sample=_ASSIGNED,
    doc="`x` with the elements at `index` replaced by `v`; the array given is left as it was.",
)
_loop_index_update = batch_by_loop(index_update.primitive)  # type: ignore[attr-defined]


def _index_add(x: Any, v: Any, *, index: tuple[Any, ...]) -> Any:
    out = copied(x)
    np.add.at(out, index, v)
    return out if out.ndim else out[()]


index_add = linear(
    "index_add",
    _index_add,
    [lambda g: g, lambda g, v_shape, index: _as_assigned(getitem(g, index=index), v_shape)],
    joint=True,
    batch=_batch_at_index(lambda: index_add, lambda: _loop_index_add),
    sample=[case for case in _ASSIGNED if case.args[1].shape != (1, 3, 1)],  # `ufunc.at` wants no extra axes
    doc="`x` with `v` added to the elements at `index`, as often as each is named; the array given is left as it was.",
)
_loop_index_add = batch_by_loop(index_add.primitive)  # type: ignore[attr-defined]


def _overwrite(x: Any, v: Any, *, steps: Steps) -> Any:
    out = copied(x)
    _put(out, v, steps)
    return out if out.ndim else out[()]


def _put(array: Any, v: Any, steps: Steps) -> None:
    """Write what a view shows, in an array whose memory may be laid out so that NumPy would copy (a reshape)."""
    shown = look(array, steps)
    if np.may_share_memory(shown, array):
        shown[...] = v
        return
    moves = tuple([step for step in steps if not _is_part((step,))])
    parts = [primitive.name for primitive, _ in steps if _is_part(((primitive, {}),))]
    positions = look(np.arange(array.size).reshape(array.shape), moves)
    elements = array.flat if not parts else array.imag.flat if parts[0] == "imag" else array.real.flat
    elements[positions.ravel()] = np.broadcast_to(v, positions.shape).ravel()


def _shown(g: Any, steps: Steps) -> Any:
    """The cotangent of what was written; it pairs without conjugation, so that of an imaginary part has a minus."""
    return look(conj(g) if g.dtype.kind == "c" and _is_part(steps) else g, steps)


def _is_part(steps: Steps) -> bool:
    return any([primitive.name in ("real", "imag") for primitive, _ in steps])


def _batch_overwrite(args: Sequence[Any], batched: Sequence[bool], size: int, params: dict[str, Any]) -> Any:
    (x, v), steps = args, params["steps"]
    if _is_part(steps):
        return _loop_overwrite(args, batched, size, params)
    if not batched[0]:
        x = BROADCAST(x, (size, *shape_of(x)))
    shape = shape_of(x)
    positions = look(np.arange(math.prod(shape[1:])).reshape(shape[1:]), steps)
    if shape_of(v) != ():
        v = RESHAPE(v, (size, -1) if batched[1] else (-1,))
    return RESHAPE(index_update(RESHAPE(x, (size, -1)), v, index=(slice(None), positions.ravel())), shape)


_TRANSPOSED = (transpose.primitive, {"axes": (1, 0)})  # type: ignore[attr-defined]
_SLICED = (getitem.primitive, {"index": (slice(1, None), slice(None, None, -1))})  # type: ignore[attr-defined]
_IMAGINARY: tuple[Any, dict[str, Any]] = (imag.primitive, {})  # type: ignore[attr-defined]

overwrite = linear(
    "overwrite",
    _overwrite,
    [lambda g, steps: overwrite(g, 0, steps=steps), lambda g, steps: _shown(g, steps)],
    joint=True,
    batch=_batch_overwrite,
    sample=[
        Case(_ANY[3, 4], _ANY[3, 3], steps=(_TRANSPOSED, _SLICED)),
        Case(_ANY[3, 4], _ANY[6, 2], steps=((reshape.primitive, {"shape": (6, 2)}),)),  # type: ignore[attr-defined]
        Case(Complex(-3, 3)[3, 4], Real(-3, 3)[2, 4], steps=(_IMAGINARY, _SLICED)),
    ],
    doc="`x` with the part that a view (made by `steps`) shows replaced by `v`; the array given is left as it was.",
)
_loop_overwrite = batch_by_loop(overwrite.primitive)  # type: ignore[attr-defined]


# -- backward through many writes -------------------------------------------------------------------------------------


class Owned(Scattered):
    """A cotangent in an array that nobody else holds: the rules of writes clear parts of it in its own memory."""

    __slots__ = ("array", "dtype", "given")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.dtype = array.dtype
        self.given = False

    def suits(self, primitive: Any) -> bool:
        return primitive in _CLEARING

    def whole(self) -> Any:
        self.given = True
        return self.array

    def own(self) -> Any:
        """The array, to be changed."""
        if self.given:
            self.array, self.given = self.array.copy(), False
        return self.array

    def __add__(self, other: Any) -> Any:
        array = self.own()
        if isinstance(other, Pieces):
            other.add_into(array)
        else:
            array += other.array if isinstance(other, Owned) else other
        return self

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None) -> Any:
        """``array + owned`` and ``array += owned``, which NumPy leaves to this method."""
        return self + inputs[0] if out is None else ufunc(inputs[0], self.array, out=out)


def _clearing(primitive: Any, clear: Any) -> Any:
    """The reverse rule of a write, in the cotangent's own memory if that belongs to the sweep alone."""
    functional, (label,) = primitive.vjp, [name for name in primitive.layout if name in ("index", "steps")]
    position = primitive.layout.index(label)

    def vjp(g: Any, residuals: Any, parents: Any) -> tuple[Any, Any]:
        x, v = parents
        array = g.own() if type(g) is Owned else g
        if x is None or type(array) is not ndarray:
            return functional(array, residuals, parents)
        gv = None
        if v is not None:
            gv = functional(array, residuals, (None, v))[1]
        if array is g:
            array = g.copy()
        elif type(gv) is ndarray and np.may_share_memory(gv, array):
            gv = gv.copy()
        clear(array, residuals[position])
        return Owned(array), gv

    return vjp


def _clear_at(array: Any, index: tuple[Any, ...]) -> None:
    array[index] = 0


def _clear_view(array: Any, steps: Steps) -> None:
    _put(array, 0, steps)


_CLEARING = {index_update.primitive: _clear_at, overwrite.primitive: _clear_view}  # type: ignore[attr-defined]
for _primitive, _clear in _CLEARING.items():
    _primitive.vjp = _clearing(_primitive, _clear)
