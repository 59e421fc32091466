"""`tf.debugging`: checks that raise InvalidArgumentError."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..dialects import numerics
from ..dialects.names import missing_name
from .errors import KERNELS, invalid
from .shaping import identity
from .tensor import operand


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """The Tensor, if all its values are finite."""
    x = operand(tensor)
    value = np.asarray(x)
    kinds = [kind for kind, found in (("Inf", np.isinf(value).any()), ("NaN", np.isnan(value).any())) if found]
    if kinds:
        raise invalid(f"{message} : Tensor had {' and '.join(kinds)} values", "CheckNumerics")
    return identity(x)


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """From now on, in this thread, operations raise where their values become infinite or nan.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> tf.debugging.enable_check_numerics()
    >>> try:
    ...     tf.math.log(tf.constant(-1.0))
    ... except tf.errors.InvalidArgumentError as error:
    ...     print(error)
    !!! Detected Infinity or NaN in output 0 of eagerly-executing op "Log" (invalid value) [Op:CheckNumericsV2]
    >>> tf.debugging.disable_check_numerics()
    """
    numerics.watch(_not_finite)


def _not_finite(operation: str, kind: str) -> Exception:
    name = KERNELS.get(operation) or "".join([part.capitalize() for part in operation.split("_")])
    return invalid(
        f'!!! Detected Infinity or NaN in output 0 of eagerly-executing op "{name}" ({kind})', "CheckNumericsV2"
    )


def disable_check_numerics() -> None:
    """Let operations give infinities and nan again."""
    numerics.unwatch()


def _assertion(name: str, symbol: str, holds: Callable[[Any, Any], Any]) -> Any:
    def check(x: Any, y: Any, message: str | None = None, summarize: Any = None, name: Any = None) -> None:
        a, b = np.asarray(operand(x)), np.asarray(operand(y))
        try:
            good = bool(np.all(holds(a, b)))
        except ValueError as error:
            raise invalid(f"{message or ''} {error}") from None
        if not good:
            raise invalid(
                f"{message + ' ' if message else ''}Condition x {symbol} y did not hold.\nFirst 3 elements of x:\n"
                f"{a.ravel()[:3]}\nFirst 3 elements of y:\n{b.ravel()[:3]}"
            )

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Raise InvalidArgumentError unless x {symbol} y everywhere."
    return check


assert_equal = _assertion("assert_equal", "==", np.equal)
assert_none_equal = _assertion("assert_none_equal", "!=", np.not_equal)
assert_less = _assertion("assert_less", "<", np.less)
assert_less_equal = _assertion("assert_less_equal", "<=", np.less_equal)
assert_greater = _assertion("assert_greater", ">", np.greater)
assert_greater_equal = _assertion("assert_greater_equal", ">=", np.greater_equal)


def assert_near(x: Any, y: Any, rtol: Any = None, atol: Any = None, message: str | None = None, **kwargs: Any) -> None:
    """Raise InvalidArgumentError unless x and y are close."""
    a, b = np.asarray(operand(x)), np.asarray(operand(y))
    eps = 10 * np.finfo(a.dtype).eps if a.dtype.kind == "f" else 0
    if not np.all(np.abs(a - b) <= (eps if atol is None else atol) + (eps if rtol is None else rtol) * np.abs(b)):
        raise invalid(f"{message or ''} x and y not equal to tolerance")


def Assert(condition: Any, data: Any, summarize: Any = None, name: Any = None) -> None:
    """Raise InvalidArgumentError unless the condition holds."""
    if not bool(np.all(np.asarray(operand(condition)))):
        raise invalid(f"assertion failed: {[str(each) for each in data]}")


__all__ = [
    "Assert", "assert_equal", "assert_greater", "assert_greater_equal", "assert_less", "assert_less_equal",
    "assert_near", "assert_none_equal", "check_numerics", "disable_check_numerics", "enable_check_numerics",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
