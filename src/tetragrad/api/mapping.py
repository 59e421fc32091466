"""`vmap`: a function of one example, applied to many at once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.batching import Batch
from ..core.levels import Level, shape_of
from ..core.tensor import Tensor
from ..errors import ShapeError
from ..ops.shape import broadcast_to, row_major, transpose
from .containers import LEAF, Structure, flatten, unflatten
from .variables import face_of, inner, outward


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """Make a function that applies `f` to each entry along an axis of its arguments, as one batch.

    Parameters
    ----------
    f : callable
        Sees single examples.
    in_axes : int, None, or nest of them
        The mapped axis of each argument (one for all, or one per argument, or a nest like the argument); None: the
        argument is shared by all examples.
    out_axes : int, None, or nest of them
        Where the mapped axis goes in the results; None: the result is the same for all examples, and comes once.

    Returns
    -------
    callable
        ``(*args) -> results with the mapped axis``.

    Raises
    ------
    ShapeError
        If the mapped axes have different lengths, or none is mapped; if a result with ``out_axes=None`` depends on the
        example.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.vmap(tg.grad(lambda x: x**2))(np.array([1.0, 2.0, 3.0]))
    array([2., 4., 6.])
    """

    @functools.wraps(f)
    def vmap_f(*args: Any) -> Any:
        leaves, structure = flatten(args)
        if isinstance(in_axes, list) or (isinstance(in_axes, tuple) and len(in_axes) != len(args)):
            raise ShapeError(
                f"vmap: in_axes={in_axes!r} does not match {len(args)} argument(s); give one entry per argument"
            )
        axes = _spread(in_axes, structure, "in_axes")
        size = None
        for leaf, axis in zip(leaves, axes):
            if axis is None:
                continue
            shape = shape_of(leaf)
            if not -len(shape) <= axis < len(shape):
                raise ShapeError(f"vmap: in_axes asks for axis {axis} of an argument of shape {shape}")
            if size is not None and shape[axis] != size:
                raise ShapeError(
                    f"vmap: mapped axes must have one length, got {size} and {shape[axis]} (shapes "
                    f"{[shape_of(each) for each in leaves]}, in_axes {in_axes!r})"
                )
            size = shape[axis]
        if size is None:
            raise ShapeError(f"vmap: no argument is mapped (in_axes={in_axes!r})")
        as_tensor = any([isinstance(leaf, Tensor) for leaf in leaves])
        level = Level("vmap", Batch)
        boxes = [_boxed(leaf, axis, level, size) for leaf, axis in zip(leaves, axes)]
        out = level.run(f, unflatten(structure, boxes))
        out_leaves, out_structure = flatten(out)
        out_positions = _spread(out_axes, out_structure, "out_axes")
        results = [_unbox(leaf, level, size, axis, as_tensor) for leaf, axis in zip(out_leaves, out_positions)]
        return unflatten(out_structure, results)

    return vmap_f


def _boxed(leaf: Any, axis: int | None, level: Level, size: int) -> Any:
    """An argument as the function sees it; what it writes into a Tensor stays inside."""
    if axis is not None:
        examples = _move(_array(leaf), axis, 0)
        if axis:  # examples that are not interleaved in memory: what is reshaped from one is a view, as without vmap
            examples = row_major(examples)
        return face_of(leaf)(Batch(level, inner(examples), size), None)
    return type(leaf)(leaf._value, leaf._node) if isinstance(leaf, Tensor) else leaf


def _array(leaf: Any) -> Any:
    return leaf if isinstance(leaf, Tensor) else np.asarray(leaf)


def _move(x: Any, source: int, target: int) -> Any:
    """`x` with one axis moved."""
    rank = len(x.shape)
    source, target = source % rank, target % rank
    if source == target:
        return x
    rest = [axis for axis in range(rank) if axis != source]
    rest.insert(target, source)
    return transpose(x, axes=tuple(rest))


def _unbox(leaf: Any, level: Level, size: int, axis: int | None, as_tensor: bool) -> Any:
    face = face_of(leaf)
    value = leaf
    if isinstance(leaf, Tensor) and isinstance(leaf._value, Batch) and leaf._value.level is level:
        value = leaf._value.value
        if axis is None:
            if leaf._value.size is not None:
                raise ShapeError(
                    "vmap: out_axes=None says that a result is the same for all examples, but it depends on the "
                    "mapped arguments"
                )
            return outward(value, face, as_tensor)
        if leaf._value.size is None:
            value = broadcast_to(value, shape=(size, *shape_of(value)))
    elif axis is None:
        return outward(_array(leaf), face, as_tensor)
    else:
        value = _array(leaf)
        value = broadcast_to(value, shape=(size, *value.shape))
    return outward(_move(value, 0, axis), face, as_tensor)


def _spread(axes: Any, structure: Structure, name: str) -> list[Any]:
    """One axis per leaf, from a prefix of the structure."""
    if axes is None or isinstance(axes, int):
        return [axes] * structure.count
    if structure is LEAF:
        raise ShapeError(f"vmap: {name}={axes!r} has more levels than the value it describes")
    parts = list(axes.values()) if isinstance(axes, dict) else list(axes)
    if len(parts) != len(structure.children):
        raise ShapeError(f"vmap: {name}={axes!r} does not match a container of {len(structure.children)} entries")
    return [axis for part, child in zip(parts, structure.children) for axis in _spread(part, child, name)]
