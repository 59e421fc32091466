"""The border to TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .border import exported, foreign, gradient_of, imported, is_float


def from_tensorflow(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of TensorFlow tensors as one of tetragrad's arrays, through which gradients flow.

    Parameters
    ----------
    function : callable
        ``function(*tensors) -> tensor or tuple of them``; a `tf.function` too. Variables that it holds are constants
        here.

    Returns
    -------
    callable
        ``(*arrays or Tensors) -> array or Tensor``, or a tuple.

    Raises
    ------
    OperationError
        TensorFlow is not installed.
    MissingRuleError
        When called inside `jvp` or `vmap`: reverse mode alone crosses the border.
    """
    tf = foreign("from_tensorflow", "tensorflow")

    def run(arrays: Sequence[Any]) -> Any:
        xs = [tf.convert_to_tensor(np.array(array)) for array in arrays]
        tape = tf.GradientTape(persistent=True, watch_accessed_variables=False)
        with tape:
            tape.watch([x for x in xs if _is_float(x)])
            out = function(*xs)
        several = isinstance(out, (tuple, list))
        outs = list(out) if several else [out]

        def pull(gs: Sequence[Any]) -> list[Any]:
            found = _gradient(tf, tape, outs, xs, [tf.convert_to_tensor(np.conj(g)) for g in gs])
            return [np.conj(ct.numpy()) if is_float(array) else None for ct, array in zip(found, arrays)]

        return [o.numpy() if o.shape.rank else np.asarray(o.numpy()) for o in outs], several, pull

    return imported("from_tensorflow", run, lambda count: from_tensorflow(_tf_gradient(tf, function, count)))


def _tf_gradient(tf: Any, function: Callable[..., Any], count: int) -> Callable[..., Any]:
    def gradient(*arguments: Any) -> tuple[Any, ...]:
        gs, xs = arguments[:count], arguments[count:]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([x for x in xs if _is_float(x)])
            out = function(*xs)
        outs = list(out) if isinstance(out, (tuple, list)) else [out]
        return tuple([_conj(tf, ct) for ct in _gradient(tf, tape, outs, xs, [_conj(tf, g) for g in gs])])

    return gradient


def _gradient(tf: Any, tape: Any, outs: Sequence[Any], xs: Sequence[Any], gs: Sequence[Any]) -> list[Any]:
    pairs = [(o, g) for o, g in zip(outs, gs) if _is_float(o)]
    wanted = [x for x in xs if _is_float(x)]
    if pairs and wanted:
        heads, seeds = zip(*pairs)
        found = iter(tape.gradient(list(heads), wanted, list(seeds), unconnected_gradients="zero"))
    else:
        found = iter([tf.zeros_like(x) for x in wanted])
    return [tf.convert_to_tensor(next(found)) if _is_float(x) else tf.zeros(x.shape) for x in xs]


def to_tensorflow(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of tetragrad's arrays as one of TensorFlow tensors, through which the tapes' gradients flow.

    Parameters
    ----------
    function : callable
        ``function(*arrays) -> array or tuple of arrays``, written with `tetragrad.numpy` and operators. Inside a
        `tf.function` it is called back from the graph; there the shapes of its results are found by one trial call.

    Returns
    -------
    callable
        ``(*tensors) -> tensor``, or a tuple.

    Raises
    ------
    OperationError
        TensorFlow is not installed.
    """
    tf = foreign("to_tensorflow", "tensorflow")

    def value(*xs: Any) -> tuple[list[Any], bool]:
        if all([hasattr(x, "numpy") for x in xs]):
            outputs, several, _ = exported(function, [np.asarray(x.numpy()) for x in xs])
            return [tf.convert_to_tensor(out) for out in outputs], several
        trial, several, _ = exported(function, [np.ones(x.shape, x.dtype.as_numpy_dtype) for x in xs])

        def run(*arrays: Any) -> Any:
            return list(exported(function, [np.asarray(array) for array in arrays])[0])

        outs = tf.numpy_function(run, list(xs), [tf.as_dtype(out.dtype) for out in trial])
        for out, like in zip(outs, trial):
            out.set_shape(like.shape)
        return outs, several

    @tf.custom_gradient
    def call(*xs: Any) -> Any:
        outs, several = value(*xs)

        def backward(*gs: Any, variables: Any = None) -> Any:
            found = to_tensorflow(gradient_of(function, len(outs)))(*[_conj(tf, g) for g in gs], *xs)
            return [_conj(tf, ct) if _is_float(x) else None for ct, x in zip(found, xs)]

        return (tuple(outs) if several else outs[0]), backward

    def export(*args: Any) -> Any:
        return call(*[tf.convert_to_tensor(arg) for arg in args])

    return export


def _is_float(x: Any) -> bool:
    return bool(x.dtype.is_floating or x.dtype.is_complex)


def _conj(tf: Any, x: Any) -> Any:
    return tf.math.conj(x) if x.dtype.is_complex else x
