"""CasADi by `Function.buffer`: the arguments and results stay in fixed memory, and a call only runs the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from .casadi_calls import MISSING, gradient_only, rosenbrock, sines, to_numpy, twice_dot, value_and_gradient

__all__ = ["to_numpy"]

MISSING = {**MISSING, "regression_step": "as casadi", "elementwise": "as casadi"}
NOTES = dict.fromkeys(["dot", "dot_gradient", "chain", "rosenbrock_hessian"], "float64; results overwritten each call")


def _fixed(function: Any, x: Any) -> Callable[[], Any]:
    buffer, evaluate = function.buffer()
    x = numpy.asarray(x, numpy.float64)
    results = [numpy.zeros(function.size_out(n), order="F") for n in range(function.n_out())]
    buffer.set_arg(0, x.data)
    for n, result in enumerate(results):
        buffer.set_res(n, result.data)

    def run() -> Any:
        evaluate()
        return results

    run.keep = buffer, x  # type: ignore[attr-defined]  # the function points to their memory
    return run


def dot(x: Any) -> Callable[[], Any]:
    return _fixed(value_and_gradient(*twice_dot()), x)


def dot_gradient(x: Any) -> Callable[[], Any]:
    return _fixed(gradient_only(*twice_dot()), x)


def chain(x: Any, length: int) -> Callable[[], Any]:
    return _fixed(value_and_gradient(*sines(length)), x)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    return _fixed(rosenbrock(), x)
