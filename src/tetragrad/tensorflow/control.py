"""Control flow as functions. Programs run eagerly, so each is Python's own statement on the values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..api.mapping import vmap
from . import nest
from .shaping import stack, unstack
from .tensor import EagerTensor, operand


def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """The result of `true_fn` or of `false_fn`."""
    for function, what in ((true_fn, "true_fn"), (false_fn, "false_fn")):
        if not callable(function):
            raise TypeError(f"{what} must be callable.")
    return true_fn() if bool(pred) else false_fn()


def case(
    pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False, name: Any = None
) -> Any:
    """The result of the first function whose condition holds, or of `default`."""
    for pred, function in pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs:
        if bool(pred):
            return function()
    if default is None:
        raise ValueError("tf.case: no condition holds, and there is no default")
    return default()


def switch_case(branch_index: Any, branch_fns: Any, default: Any = None, name: str | None = None) -> Any:
    """The result of the function with this number."""
    branches = dict(branch_fns.items() if isinstance(branch_fns, dict) else enumerate(branch_fns))
    index = int(branch_index)
    if index in branches:
        return branches[index]()
    return default() if default is not None else branches[max(branches)]()


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Sequence[Any], shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    maximum_iterations: int | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Repeat `body` on the loop variables while `cond` holds."""
    values: Any = nest.map_structure(operand, loop_vars)
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and bool(cond(*values)):
        result = body(*values)
        values = result if isinstance(result, (list, tuple)) else [result]
        count += 1
    return tuple(nest.map_structure(operand, list(values)))


def _rows(elems: Any) -> list[Any]:
    """The entries of a nest of Tensors along their first axis."""
    columns = [unstack(x) for x in nest.flatten(elems)]
    if len({len(column) for column in columns}) > 1:
        raise ValueError("elements along axis 0 must be as many in every Tensor")
    return [nest.pack_sequence_as(elems, row) for row in zip(*columns)]


def _stacked(results: list[Any]) -> Any:
    if not results:
        raise ValueError("there are no elements along axis 0")
    return nest.map_structure(lambda *parts: stack(list(parts)), *results)


def map_fn(
    fn: Callable[..., Any], elems: Any, dtype: Any = None, parallel_iterations: Any = None, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, name: Any = None, fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """The results of a function on each entry along the first axis, stacked."""
    return _stacked([fn(row) for row in _rows(elems)])


def vectorized_map(fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """As `map_fn`, but the function runs once, on all entries as one batch.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.vectorized_map(lambda row: tf.reduce_sum(row), tf.ones((2, 3)))
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([3., 3.], dtype=float32)>
    """
    leaves = [operand(x) for x in nest.flatten(elems)]

    def on_leaves(*rows: Any) -> Any:
        return nest.map_structure(operand, fn(nest.pack_sequence_as(elems, rows)))

    return nest.map_structure(_faced, vmap(on_leaves)(*leaves))


def _faced(x: Any) -> EagerTensor:
    return x if type(x) is EagerTensor else operand(x)


def foldl(fn: Callable[..., Any], elems: Any, initializer: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Combine the entries along the first axis one after the other."""
    return _fold(fn, _rows(elems), initializer)


def foldr(fn: Callable[..., Any], elems: Any, initializer: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Combine the entries along the first axis one after the other, from the last."""
    return _fold(fn, _rows(elems)[::-1], initializer)


def _fold(fn: Callable[..., Any], rows: list[Any], total: Any) -> Any:
    if total is None:
        total, *rows = rows
    for row in rows:
        total = fn(total, row)
    return nest.map_structure(operand, total)


def scan(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False, name: Any = None,
) -> Any:  # fmt: skip
    """As `foldl`, with all intermediate results, stacked."""
    rows = _rows(elems)[::-1] if reverse else _rows(elems)
    results = []
    total = initializer
    for row in rows:
        total = row if total is None else nest.map_structure(operand, fn(total, row))
        results.append(total)
    return _stacked(results[::-1] if reverse else results)


__all__ = ["case", "cond", "foldl", "foldr", "map_fn", "scan", "switch_case", "vectorized_map", "while_loop"]
