"""Whole derivative matrices, by mapping a pullback or pushforward over a basis."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.levels import shape_of
from ..core.tensor import Tensor
from ..errors import NonScalarError
from ..ops.shape import reshape
from .containers import argument_positions, flatten, unflatten
from .forward import jvp
from .mapping import vmap
from .reverse import grad, vjp
from .variables import face_of, outward


def jacrev(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Jacobian of `f` by reverse mode: one backward pass per output element, all in one batch.

    Parameters
    ----------
    f : callable
        Takes and returns arrays or nested containers of arrays.
    argnums : int or sequence of int
        Which positional arguments to differentiate.

    Returns
    -------
    callable
        ``(*args) -> Jacobian``: for each output of shape s and input of shape t an array of shape s + t, nested as
        outputs are, then as inputs are.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.jacrev(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """

    @functools.wraps(f)
    def jacrev_f(*args: Any, **kwargs: Any) -> Any:
        partial, chosen = _close_over(f, argnums, args, kwargs)
        out, pullback = vjp(partial, *chosen)
        outs, out_structure = flatten(out)
        ins, in_structure = flatten(chosen)
        as_tensors = any([isinstance(x, Tensor) for x in ins])
        sizes = [_size(leaf) for leaf in outs]
        seeds = _basis(outs, sizes)
        rows = vmap(lambda *gs: pullback(unflatten(out_structure, gs)))(*seeds)
        columns = flatten(rows)[0]
        blocks = []
        start = 0
        for leaf, size in zip(outs, sizes):
            parts = [
                outward(
                    reshape(column[start : start + size], shape=(*shape_of(leaf), *shape_of(x))), face_of(x), as_tensors
                )
                for column, x in zip(columns, ins)
            ]
            blocks.append(_select(unflatten(in_structure, parts), argnums))
            start += size
        return unflatten(out_structure, blocks)

    return jacrev_f


def jacfwd(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Jacobian of `f` by forward mode: one tangent per input element, all in one batch.

    Parameters
    ----------
    f, argnums
        As for `jacrev`.

    Returns
    -------
    callable
        As `jacrev` returns.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.jacfwd(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """

    @functools.wraps(f)
    def jacfwd_f(*args: Any, **kwargs: Any) -> Any:
        partial, chosen = _close_over(f, argnums, args, kwargs)
        ins, in_structure = flatten(chosen)
        as_tensors = any([isinstance(x, Tensor) for x in ins])
        sizes = [_size(leaf) for leaf in ins]
        seeds = _basis(ins, sizes)
        columns = vmap(lambda *ts: jvp(partial, chosen, unflatten(in_structure, ts))[1], out_axes=-1)(*seeds)
        outs, out_structure = flatten(columns)
        blocks = []
        for column in outs:
            parts = []
            start = 0
            for x, size in zip(ins, sizes):
                shape = (*shape_of(column)[:-1], *shape_of(x))
                parts.append(outward(reshape(column[..., start : start + size], shape=shape), face_of(x), as_tensors))
                start += size
            blocks.append(_select(unflatten(in_structure, parts), argnums))
        return unflatten(out_structure, blocks)

    return jacfwd_f


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Jacobian of `f`; the reverse-mode one, `jacrev`. Use `jacfwd` where outputs outnumber inputs.

    Parameters
    ----------
    f, argnums
        As for `jacrev`.

    Returns
    -------
    callable
        As `jacrev` returns.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return jacrev(f, argnums)


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Matrix of second derivatives of a function with one number as result: forward over reverse.

    Parameters
    ----------
    f, argnums
        As for `grad`.

    Returns
    -------
    callable
        ``(*args) -> Hessian``: for an argument of shape s an array of shape s + s, nested as the arguments are, twice.

    Raises
    ------
    NonScalarError
        If the result has more than one element.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacfwd(grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Product of the Hessian of `f` at `primals` with the tangents, without forming the matrix.

    Parameters
    ----------
    f : callable
        Returns one number.
    primals, tangents : sequence
        As for `jvp`.

    Returns
    -------
    array or tuple of arrays
        Of the structure of the argument (a tuple if there are several).

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.hvp(lambda x: (x**3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    array([6., 0.])
    """
    if not isinstance(primals, (list, tuple)):
        raise NonScalarError(
            "hvp: primals and tangents must be tuples or lists, one entry per argument of the function"
        )
    argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(f, argnums), tuple(primals), tuple(tangents))[1]


def _close_over(
    f: Callable[..., Any], argnums: int | Sequence[int], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """`f` as a function of the chosen arguments alone, and those arguments."""
    positions = argument_positions(argnums, len(args), "jacobian")

    def partial(*chosen: Any) -> Any:
        inputs = list(args)
        for position, value in zip(positions, chosen):
            inputs[position] = value
        return f(*inputs, **kwargs)

    return partial, tuple([args[position] for position in positions])


def _size(leaf: Any) -> int:
    return int(np.prod(shape_of(leaf), dtype=int))


def _basis(leaves: Sequence[Any], sizes: Sequence[int]) -> list[Any]:
    """Per leaf, the stack of its parts of all unit vectors of the joint space."""
    total = sum(sizes)
    seeds = []
    start = 0
    for leaf, size in zip(leaves, sizes):
        dtype = leaf.dtype if isinstance(leaf, (Tensor, np.ndarray, np.generic)) else np.asarray(leaf).dtype
        seed = np.zeros((total, size), dtype)
        seed[start + np.arange(size), np.arange(size)] = 1
        seeds.append(seed.reshape(total, *shape_of(leaf)))
        start += size
    return seeds


def _select(parts: tuple[Any, ...], argnums: int | Sequence[int]) -> Any:
    return parts[0] if isinstance(argnums, int) else parts
