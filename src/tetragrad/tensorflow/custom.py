"""Gradients that the user defines, and gradients that stop."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.custom import custom_call
from ..core.levels import Boxed
from ..core.recording import RecordingMode, is_recording
from ..core.tensor import Tensor as CoreTensor
from ..numpy.tensor import stop_gradient as stop
from ..ops.complex_numbers import conj
from ..ops.shape import broadcast_to
from . import nest
from .conversion import convert_to_tensor
from .errors import UnimplementedError
from .indexed_slices import IndexedSlices
from .recording import Recorder, outside_tapes
from .shaping import identity
from .tape import GradientTape
from .tensor import EagerTensor, operand
from .variable import Variable


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """The same values, as a constant.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.stop_gradient(x) * x
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=3.0>
    """
    x = operand(input)
    return stop(x) if isinstance(x._value, Boxed) else EagerTensor(x._value, None)


class _Accesses(Recorder):
    """Notes the Variables that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.variables: dict[int, Any] = {}

    def accessed(self, variable: Any) -> None:
        if variable._is_trainable:
            self.variables.setdefault(id(variable._leaf), variable)


class _watching_accesses:
    """Context that notes the Variables read, without recording anything for itself."""

    def __enter__(self) -> _Accesses:
        self._accesses = _Accesses()
        self._accesses.start()
        return self._accesses

    def __exit__(self, *exc: object) -> None:
        self._accesses.stop()
        self._accesses.forget()


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a function with a gradient of its own.

    Parameters
    ----------
    f : callable
        ``f(*args) -> (result, grad_fn)``. ``grad_fn(*upstream)`` gets one gradient per result and returns one per
        argument (None for zero). If `f` reads Variables, ``grad_fn(*upstream, variables=...)`` returns the gradients of
        the arguments and a list of those of the Variables.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> @tf.custom_gradient
    ... def log1pexp(x):
    ...     e = tf.exp(x)
    ...     return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> x = tf.Variable(100.0)
    >>> with tf.GradientTape() as tape:
    ...     y = log1pexp(x)
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=1.0>
    """

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        converted = nest.map_structure(_as_operand, list(args))
        inputs = nest.flatten(converted)
        with _watching_accesses() as accesses:
            returned = f(*converted, **kwargs)
        if not isinstance(returned, tuple) or len(returned) != 2 or not callable(returned[1]):
            raise TypeError("custom_gradient: the function must return a pair (result, grad_fn)")
        result, grad_fn = returned
        given = {id(x._leaf) for x in nest.flatten(list(args)) if isinstance(x, Variable)}
        variables = [v for key, v in accesses.variables.items() if key not in given]
        outputs = [operand(x) for x in nest.flatten(result)]
        pullback = _pullback(grad_fn, inputs, variables, len(outputs))
        made = custom_call(
            f.__name__, EagerTensor, [*inputs, *[operand(v) for v in variables]], [x._value for x in outputs],
            pullback, len(outputs) > 1,
        )  # fmt: skip
        return nest.pack_sequence_as(result, made)

    return decorated


def _as_operand(x: Any) -> Any:
    return operand(x) if isinstance(x, CoreTensor) else convert_to_tensor(x)


def _pullback(grad_fn: Any, inputs: list[Any], variables: list[Any], count: int) -> Callable[..., Any]:
    """The user's gradient function as a pullback: checked, and in the engine's convention for complex numbers."""

    def pullback(*gs: Any) -> list[Any]:
        if is_recording():
            return run(gs)
        with RecordingMode(True), outside_tapes():  # the function may use tapes of its own
            return run(gs)

    def run(gs: Any) -> list[Any]:
        gs = [_conjugate(g) for g in gs]
        if variables:
            try:
                found = grad_fn(*gs, variables=variables)
            except TypeError as error:
                if "variables" not in str(error):
                    raise
                raise TypeError(
                    "If using @custom_gradient with a function that uses variables, then grad_fn must accept a "
                    "'variables' keyword argument."
                ) from error
            found, of_variables = found
            if len(of_variables) != len(variables):
                raise ValueError("Must return gradient for each variable from @custom_gradient grad_fn.")
        else:
            found, of_variables = grad_fn(*gs), []
        flat = nest.flatten(found)
        if len(flat) != len(inputs):
            raise ValueError(
                f"custom_gradient function expected to return {len(inputs)} gradients, but returned {len(flat)} "
                f"instead."
            )
        return [_cotangent(g, x) for g, x in zip([*flat, *of_variables], [*inputs, *variables])]

    return pullback


def _conjugate(g: EagerTensor) -> Any:
    return conj(g) if g._value.dtype.kind == "c" else g


def _cotangent(g: Any, x: Any) -> Any:
    """A gradient that the user returned, as a cotangent of `x`."""
    if g is None:
        return None
    if isinstance(g, IndexedSlices):
        g = g._to_tensor()
    g = operand(g)
    if g._value.shape == () and x._value.shape != ():
        g = broadcast_to(g, shape=tuple(x._value.shape))
    g = _conjugate(g)
    return CoreTensor(g._value, g._node)


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that keeps no intermediate values for its gradient: the backward pass runs it again.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> x = tf.Variable(2.0)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.recompute_grad(lambda x: tf.sin(x) * x)(x)
    >>> round(float(tape.gradient(y, x)), 4)
    0.077
    """

    @functools.wraps(f)
    def recomputed(*args: Any, **kwargs: Any) -> Any:
        @custom_gradient
        def once(*args: Any) -> Any:
            with RecordingMode(False):  # Variables that are read are noted all the same
                result = f(*args, **kwargs)

            def grad_fn(*upstream: Any, variables: Any = ()) -> Any:
                with GradientTape(watch_accessed_variables=False) as tape:
                    inputs = nest.map_structure(identity, list(args))
                    tape.watch([x for x in nest.flatten(inputs) if x._value.dtype.kind in "fc"])
                    tape.watch(list(variables))
                    again = f(*inputs, **kwargs)
                    found = tape.gradient(
                        nest.flatten(again), [nest.flatten(inputs), list(variables)], output_gradients=list(upstream)
                    )
                return (found[0], found[1]) if variables else found[0]

            return result, grad_fn

        return once(*args)

    return recomputed


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function with the values of `f` and the gradient of the identity.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> x = tf.Variable(1.6)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.grad_pass_through(tf.round)(x)
    >>> float(y), float(tape.gradient(y, x))
    (2.0, 1.0)
    """

    @custom_gradient
    def through(*args: Any, **kwargs: Any) -> Any:
        def grad_fn(*upstream: Any, variables: Any = None) -> Any:
            gradients = list(upstream)
            return (gradients, [None] * len(variables)) if variables is not None else gradients

        return f(*args, **kwargs), grad_fn

    return functools.wraps(f)(through)


# Operations that carry no gradient here either, by TensorFlow's names.
_WITHOUT_GRADIENT = frozenset(
    {"ArgMax", "ArgMin", "Ceil", "Floor", "Rint", "Round", "Shape", "Size", "Rank", "OneHot", "Range", "ZerosLike"}
)


def no_gradient(op_type: str) -> None:
    """Declare that an operation has no gradient; only those that have none here anyway."""
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    if op_type not in _WITHOUT_GRADIENT:
        raise UnimplementedError(
            None, op_type,
            f"no_gradient({op_type!r}): the operations of tetragrad keep their derivatives; use tf.stop_gradient on "
            f"the result, or tf.custom_gradient",
        )  # fmt: skip


class RegisterGradient:
    """Decorator that would give an operation type a gradient: tetragrad has no such types; use `custom_gradient`."""

    def __init__(self, op_type: str) -> None:
        raise UnimplementedError(
            None, op_type, f"RegisterGradient({op_type!r}): write the function with @tf.custom_gradient instead"
        )


def gradients(ys: Any, xs: Any, *args: Any, **kwargs: Any) -> Any:
    """Graph mode's gradients, which TensorFlow refuses in eager mode too."""
    raise RuntimeError("tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead.")


def hessians(ys: Any, xs: Any, *args: Any, **kwargs: Any) -> Any:
    """Graph mode's Hessians, which TensorFlow refuses in eager mode too."""
    raise RuntimeError("tf.hessians is not supported when eager execution is enabled. Use tf.GradientTape instead.")


def py_function(func: Any = None, inp: Any = (), Tout: Any = None, name: str | None = None) -> Any:
    """The result of a Python function of Tensors; differentiated, since everything runs in Python anyway."""
    return nest.map_structure(_as_operand, func(*[_as_operand(x) for x in inp]))


def numpy_function(func: Any = None, inp: Any = (), Tout: Any = None, stateful: bool = True, name: Any = None) -> Any:
    """The result of a function of NumPy arrays, without gradient."""
    return nest.map_structure(_as_operand, func(*[operand(x).numpy() for x in inp]))


def prevent_gradient(input: Any, message: str = "", name: str | None = None) -> Any:
    """The same values; asking for a gradient through them raises LookupError."""

    def refuse(*gs: Any) -> Any:
        raise LookupError(f"Gradient explicitly disabled. Reason: {message}")

    x = operand(input)
    return custom_call("PreventGradient", EagerTensor, [x], [x._value], refuse, False)[0]


class AggregationMethod:
    """How gradients are summed; there is one way."""

    ADD_N = DEFAULT = 0
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2
