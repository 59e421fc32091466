"""`paddle.amp.debugging`: looking for infinities and nan, as ``FLAGS_check_nan_inf`` does."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ...dialects.names import missing_name
from .. import flags
from ..errors import PreconditionNotMetError
from ..tensor import Tensor, as_operand, to_tensor


class DebugMode(enum.Enum):
    """What to do about infinities and nan: raise, or only report."""

    CHECK_NAN_INF_AND_ABORT = 0
    CHECK_NAN_INF = 1
    CHECK_ALL_FOR_OVERFLOW = 2
    CHECK_ALL = 3


class TensorCheckerConfig:
    """Settings of `enable_tensor_checker`; only `enable` and `debug_mode` count here."""

    def __init__(
        self, enable: bool, debug_mode: DebugMode = DebugMode.CHECK_NAN_INF_AND_ABORT, output_dir: Any = None,
        checked_op_list: Any = None, skipped_op_list: Any = None, debug_step: Any = None, stack_height_limit: int = 1,
    ) -> None:  # fmt: skip
        self.enable = enable
        self.debug_mode = debug_mode


def enable_tensor_checker(checker_config: TensorCheckerConfig) -> None:
    """From now on, in this thread, raise where the values of an operation become infinite or nan."""
    wanted = checker_config.enable and checker_config.debug_mode is DebugMode.CHECK_NAN_INF_AND_ABORT
    flags.set_flags({"FLAGS_check_nan_inf": wanted})


def disable_tensor_checker() -> None:
    """Let operations give infinities and nan again."""
    flags.set_flags({"FLAGS_check_nan_inf": False})


def check_numerics(
    tensor: Any, op_type: str, var_name: str, debug_mode: DebugMode = DebugMode.CHECK_NAN_INF_AND_ABORT
) -> tuple[Tensor, Tensor]:
    """Count nan, infinities and zeros of a Tensor; the largest, smallest and mean value.

    Raises
    ------
    RuntimeError
        If there are nan or infinities, unless `debug_mode` says otherwise.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> counts, _ = paddle.amp.debugging.check_numerics(paddle.to_tensor([0.0, 2.0]), "divide", "x")
    >>> counts.tolist()
    [0, 0, 1]
    """
    values = as_operand(tensor, "check_numerics", "tensor")._array()
    nan, inf, zero = [int(np.sum(each)) for each in (np.isnan(values), np.isinf(values), values == 0)]
    if (nan or inf) and debug_mode is DebugMode.CHECK_NAN_INF_AND_ABORT:
        raise PreconditionNotMetError(
            f"(PreconditionNotMet) There are NAN or INF (num_nan={nan}, num_inf={inf}, num_zero={zero}) in "
            f"[device=cpu, op={op_type}, tensor={var_name}, dtype={values.dtype}]."
        )
    facts = [values.max(), values.min(), values.mean()] if values.size else [np.nan] * 3
    return to_tensor([nan, inf, zero]), to_tensor(np.array(facts, np.float32))


def check_layer_numerics(func: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a layer's ``forward``: `check_numerics` on the Tensors that go in and come out."""

    @functools.wraps(func)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if isinstance(arg, Tensor):
                check_numerics(arg, type(self).__name__, "input")
        out = func(self, *args, **kwargs)
        for each in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(each, Tensor):
                check_numerics(each, type(self).__name__, "output")
        return out

    return checked


__all__ = [
    "DebugMode", "TensorCheckerConfig", "check_layer_numerics", "check_numerics", "disable_tensor_checker",
    "enable_tensor_checker",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.paddle.amp.debugging", name, __all__)
