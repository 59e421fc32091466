"""What all borders share: a foreign function as one recorded operation, and our pullbacks as functions of arrays."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..api import vjp
from ..core.custom import custom_call
from ..core.levels import Boxed
from ..core.recording import is_recording
from ..core.tensor import Tensor, is_differentiable_dtype
from ..errors import EscapedValueError, MissingRuleError, OperationError

# What runs a foreign function: `run(arrays)` gives its outputs as arrays, whether they were a tuple, and a pullback
# from cotangents of the outputs to those of the inputs (None: zero), on arrays.
Run = Callable[[Sequence[Any]], tuple[Sequence[Any], bool, Callable[[Sequence[Any]], Sequence[Any]]]]


def foreign(name: str, module: str) -> Any:
    """A package on the other side of the border."""
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise OperationError(f"{name}: the package {module} is not installed") from error
    if found.__name__.startswith("tetragrad."):
        raise OperationError(f"{name}: tetragrad stands in for {module} here, so there is no border to cross")
    return found


def imported(name: str, run: Run, gradient: Callable[[int], Callable[..., Any]]) -> Callable[..., Any]:
    """A function of arrays and Tensors from one of a foreign package.

    Parameters
    ----------
    name : str
        For error messages and the recorded node.
    run : callable
        See `Run`.
    gradient : callable
        ``gradient(count)(*cotangents of the count outputs, *inputs) -> tuple of cotangents of the inputs``: a function
        like this one, that differentiates again.
    """

    def function(*args: Any) -> Any:
        face = None
        for arg in args:
            if isinstance(arg, Tensor):
                face = face or type(arg)
                if isinstance(arg._value, Boxed):
                    raise MissingRuleError(
                        f"{name}: only reverse mode (backward, grad, vjp) crosses the border to another package, and "
                        f"this is a value inside `{arg._value.level.kind}`"
                    )
        arrays = [np.asarray(arg._value if isinstance(arg, Tensor) else arg) for arg in args]
        outputs, several, pull = run(arrays)
        if face is None:
            return tuple(outputs) if several else outputs[0]
        again = gradient(len(outputs))

        def pullback(*gs: Any) -> Sequence[Any]:
            if is_recording():
                found = again(*gs, *args)
                return [ct if is_float(array) else None for ct, array in zip(found, arrays)]
            return pull([np.asarray(g._value) for g in gs])

        made = custom_call(name, face, args, [plain(out) for out in outputs], pullback, several)
        return made if several else made[0]

    function.__name__ = name
    return function


def exported(function: Callable[..., Any], arrays: Sequence[Any]) -> tuple[Sequence[Any], bool, Callable[..., Any]]:
    """Run one of our functions on arrays: its outputs, whether they were a tuple, and its pullback on arrays."""
    places = [place for place, array in enumerate(arrays) if is_float(array)]

    def of_floats(*floats: Any) -> Any:
        full = list(arrays)
        for place, value in zip(places, floats):
            full[place] = value
        return function(*full)

    if places:
        out, pullback = vjp(of_floats, *[plain(arrays[place]) for place in places])
    else:
        out, pullback = function(*arrays), lambda g: ()
    several = isinstance(out, (tuple, list))
    outputs = [array_of(part) for part in (out if several else [out])]

    def pull(gs: Sequence[Any]) -> list[Any]:
        fitted = [plain(np.asarray(g)) for g in gs]
        found = pullback((type(out)(fitted)) if several else fitted[0])
        cotangents: list[Any] = [None] * len(arrays)
        for place, ct in zip(places, found):
            cotangents[place] = array_of(ct)
        return cotangents

    return outputs, several, pull


def gradient_of(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """``(*cotangents of the outputs, *inputs) -> cotangents of the inputs``, as a function of ours."""

    def gradient(*arguments: Any) -> tuple[Any, ...]:
        gs, inputs = arguments[:count], arguments[count:]
        places = [place for place, value in enumerate(inputs) if is_float(value)]

        def of_floats(*floats: Any) -> Any:
            full = list(inputs)
            for place, value in zip(places, floats):
                full[place] = value
            return function(*full)

        out, pullback = vjp(of_floats, *[inputs[place] for place in places])
        found = iter(pullback(type(out)(gs) if isinstance(out, (tuple, list)) else gs[0]))
        return tuple([next(found) if place in places else np.zeros(np.shape(x)) for place, x in enumerate(inputs)])

    return gradient


def array_of(value: Any) -> np.ndarray[Any, Any]:
    """A result of ours as a plain array."""
    if isinstance(value, Tensor):
        if isinstance(value._value, Boxed):
            raise EscapedValueError("a value of a running transform cannot cross the border to another package")
        value = value._value
    return np.asarray(value)


def plain(value: Any) -> Any:
    """An array as the engine holds it: one without axes as a NumPy scalar."""
    return value if value.ndim else value[()]


def is_float(value: Any) -> bool:
    """Whether a value can carry a gradient."""
    return is_differentiable_dtype(value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype)
