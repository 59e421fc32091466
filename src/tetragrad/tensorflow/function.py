"""`tf.function`: compiled where that is possible, eagerly run where it is not."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .config import functions_run_eagerly
from .conversion import convert_to_tensor
from .dtypes import TensorShape, as_dtype


class TensorSpec:
    """A shape and a dtype, as given in an ``input_signature``."""

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = TensorShape(shape if shape is not None else ())
        self.dtype = as_dtype(dtype)
        self.name = name

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"


class Function:
    """A Python function decorated by `tf.function`: traced once for each signature and compiled.

    Where its path depends on the values of Tensors (Python's `if` and `while` work on them, as in TensorFlow), or it
    assigns Variables, it runs eagerly; `explain` tells. Tapes record it either way.
    """

    def __init__(self, python_function: Callable[..., Any], input_signature: Any = None) -> None:
        self.python_function = python_function
        self.input_signature = input_signature
        self._compiled: Any = None
        functools.update_wrapper(self, python_function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = tuple([_tensor(x) for x in args]), {k: _tensor(x) for k, x in kwargs.items()}
        if functions_run_eagerly():
            return self.python_function(*args, **kwargs)
        if self._compiled is None:
            from ..dialects.compiling import FrameworkFunction

            self._compiled = FrameworkFunction(self.python_function)
        return self._compiled(*args, **kwargs)

    def explain(self) -> str:
        """What was compiled, and why what was not; see `tetragrad.compile`."""
        return "" if self._compiled is None else self._compiled.explain()

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> Function:
        """The function itself."""
        return self

    def experimental_get_tracing_count(self) -> int:
        """How many signatures the function was traced for."""
        return 0 if self._compiled is None else len(self._compiled)

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self) -> str:
        return f"<tf.function {getattr(self.python_function, '__name__', '?')}>"


def _tensor(x: Any) -> Any:
    return convert_to_tensor(x) if isinstance(x, np.ndarray) else x


def function(
    func: Any = None, input_signature: Any = None, autograph: bool = True, jit_compile: Any = None,
    reduce_retracing: bool = False, experimental_implements: Any = None, experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
) -> Any:  # fmt: skip
    """Decorator: compile a function of Tensors; see `tetragrad.compile`.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> @tf.function
    ... def double(x):
    ...     return 2 * x
    >>> double(tf.constant(2.0))
    <tf.Tensor: shape=(), dtype=float32, numpy=4.0>
    >>> double
    <tf.function double>
    """
    if func is None:
        return lambda func: Function(func, input_signature)
    return Function(func, input_signature)


def executing_eagerly() -> bool:
    """True: there is no other mode."""
    return True
