"""`jacobian` and `hessian`: matrices of derivatives whose rows are computed when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.levels import shape_of
from ...core.tensor import Tensor as CoreTensor
from ...dialects.base import variable
from ..creation import zeros
from ..manipulation import stack
from ..mathematics import sum as total
from ..tensor import Tensor
from .sweeps import grad


class Lazy:
    """A Tensor of derivatives that is not computed yet: indexing computes the rows it needs, and keeps them.

    Operators and methods compute it all.
    """

    shape: Any

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self[:], name)


def _operator(name: str) -> Callable[..., Any]:
    def operate(self: Any, *others: Any) -> Any:
        return getattr(self[:], name)(*[each[:] if isinstance(each, Lazy) else each for each in others])

    operate.__name__ = name
    return operate


for _name in (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "matmul", "rmatmul", "neg", "abs", "eq",
    "ne", "lt", "le", "gt", "ge", "float", "array", "len", "iter",
):  # fmt: skip
    setattr(Lazy, f"__{_name}__", _operator(f"__{_name}__"))
Lazy.__hash__ = object.__hash__  # type: ignore[method-assign]


class Jacobian(Lazy):
    """Derivatives of one Tensor with respect to another.

    Attributes
    ----------
    shape : list of int
        Elements of `ys`, elements of `xs` (axes of Tensors without axes are left out), after the batch if there is one.
    """

    def __init__(self, ys: Any, xs: Any, is_batched: bool = False) -> None:
        limit = 2 if is_batched else 1
        for name, each in (("xs", xs), ("ys", ys)):
            rank = len(shape_of(each))
            if rank > limit or (is_batched and rank < 1):
                raise ValueError(
                    f"{name}.ndim should be {'1 or 2' if is_batched else '0 or 1'} when is_batched={is_batched} but "
                    f"got {rank}"
                )
        self._ys, self._xs, self._batched = ys, xs, is_batched
        self._rows: dict[int, Any] = {}
        start = 1 if is_batched else 0
        batch = list(shape_of(xs)[:start])
        self._of_rows = list(shape_of(ys)[start:])
        self.shape = [*batch, *self._of_rows, *shape_of(xs)[start:]]

    def _get(self, number: int) -> Any:
        if number not in self._rows:
            self._rows[number] = self._row(number)
        return self._rows[number]

    def _row(self, number: int) -> Any:
        y = self._ys
        if self._of_rows:
            y = y[:, number] if self._batched else y[number]
        found = grad(total(y) if self._batched else y, self._xs, create_graph=True, allow_unused=True)[0]
        return zeros(shape_of(self._xs), self._xs.dtype) if found is None else found

    def __getitem__(self, index: Any) -> Any:
        if not self.shape:
            raise IndexError("0-D tensor can not be indexed.")
        if not self._of_rows:
            return _shown(self._get(0)[index])
        place = 1 if self._batched else 0
        entries = list(index) if isinstance(index, tuple) else [index]
        if Ellipsis in entries or None in entries or len(entries) <= place:
            entries = []
        picked: Any = np.arange(self._of_rows[0])
        if entries and isinstance(entries[place], (int, slice)):
            picked = picked[entries[place]]
            if isinstance(entries[place], int):
                rest = [*entries[:place], *entries[place + 1 :]]
                row = self._get(int(picked))
                return _shown(row[tuple(rest)] if rest else row)
            entries[place] = slice(None)
        rows = [self._get(int(each)) for each in picked]
        matrix = stack(rows, place) if rows else zeros([0, *shape_of(self._xs)], self._xs.dtype)
        if entries:
            return _shown(matrix[tuple(entries)])
        return _shown(matrix[index] if index is not Ellipsis else matrix)


class Hessian(Jacobian):
    """Second derivatives of one number (or one per example) with respect to a Tensor."""


def _shown(found: Any) -> Any:
    """A result as Paddle shows it: as something that gradients can be taken of."""
    return variable(Tensor, found._value) if found._node is None else found


def jacobian(ys: Any, xs: Any, batch_axis: int | None = None) -> Any:
    """Derivatives of `ys`, which were computed from `xs`, with respect to `xs`.

    Parameters
    ----------
    ys, xs : Tensor or tuple of Tensor
        With at most one axis, or two where the first is that of the examples.
    batch_axis : {None, 0}
        0: the first axis counts examples that do not depend on one another.

    Returns
    -------
    Jacobian, or nested tuples of them
        Indexed by `ys` first, then by `xs`. ``J[:]`` is the whole matrix.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
    >>> J = paddle.autograd.jacobian(x * x, x)
    >>> J[:].tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    _check_batch_axis(batch_axis)
    return _nested(Jacobian, ys, xs, batch_axis is not None)


def _check_batch_axis(batch_axis: int | None) -> None:
    if batch_axis is not None and batch_axis != 0:
        raise ValueError(f"batch_axis should be None or 0, but got {batch_axis}.")


def _nested(kind: type[Jacobian], ys: Any, xs: Any, batched: bool) -> Any:
    if isinstance(ys, (tuple, list)):
        return tuple([_nested(kind, y, xs, batched) for y in ys])
    if isinstance(xs, (tuple, list)):
        return tuple([kind(ys, x, batched) for x in xs])
    return kind(ys, xs, batched)


def hessian(ys: Any, xs: Any, batch_axis: int | None = None) -> Any:
    """Second derivatives of `ys`, which was computed from `xs`, with respect to `xs`.

    Parameters
    ----------
    ys : Tensor
        One number; with `batch_axis` one per example.
    xs : Tensor or tuple of Tensor
    batch_axis : {None, 0}

    Returns
    -------
    Hessian, or nested tuples of them

    Raises
    ------
    ValueError
        If `ys` has more elements.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
    >>> paddle.autograd.hessian((x**3).sum(), x)[:].tolist()
    [[6.0, 0.0], [0.0, 12.0]]
    """
    _check_batch_axis(batch_axis)
    batched = batch_axis is not None
    shape = shape_of(ys) if isinstance(ys, CoreTensor) else ()
    size = int(np.prod(shape, dtype=int))
    if not batched and size != 1:
        raise ValueError(f"Only support ys.numel()({size})==1 when batch_axis is None.")
    if batched and size != shape[0]:
        raise ValueError(f"Only support ys[0].numel()({size // max(1, shape[0])})==1 when batch_axis is not None.")
    first = _first_derivatives(ys, xs, batched)
    return _nested(Hessian, first, xs, batched)


def _first_derivatives(ys: Any, xs: Any, batched: bool) -> Any:
    if isinstance(xs, (tuple, list)):
        return tuple([_first_derivatives(ys, x, batched) for x in xs])
    Jacobian(total(ys) if not batched else ys, xs, batched)  # checks the ranks
    found = grad(total(ys), xs, create_graph=True, allow_unused=True)[0]
    return zeros(shape_of(xs), xs.dtype) if found is None else found
