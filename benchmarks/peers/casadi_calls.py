"""The workloads in CasADi: expression graphs run by its virtual machine, in float64, called with NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import casadi
import numpy

from ..workloads import LEARNING_RATE

MISSING = {
    "multiply": "nothing is recorded: expressions are built before",
    "control_flow": "loops of unknown length are not differentiated",
    "classification_step": "nothing for labels",
    "cross_entropy": "nothing for labels",
    "layer_norm": "no broadcasting along axes",
    "lenet_step": "there are no convolutions",
}
NOTES = dict.fromkeys(["dot", "dot_gradient", "chain", "regression_step", "elementwise"], "float64")


def to_numpy(value: Any) -> Any:
    array = numpy.asarray(value)
    return array.item() if array.size == 1 else array.squeeze()


def repeat(function: Any, x: Any) -> Callable[[], Any]:
    return lambda: function(x)


def twice_dot() -> tuple[Any, Any]:
    x = casadi.SX.sym("x", 4)
    return x, 2 * casadi.dot(x, x)


def value_and_gradient(x: Any, y: Any) -> Any:
    return casadi.Function("f", [x], [y, casadi.gradient(y, x)])


def gradient_only(x: Any, y: Any) -> Any:
    return casadi.Function("f", [x], [casadi.gradient(y, x)])


def sines(length: int) -> tuple[Any, Any]:
    x = y = casadi.SX.sym("x", 4)
    for _ in range(length):
        y = casadi.sin(y)
    return x, casadi.sum1(y)


def rosenbrock() -> Any:
    x = casadi.SX.sym("x", 100)
    y = casadi.sum1(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    return casadi.Function("h", [x], [casadi.densify(casadi.hessian(y, x)[0])])


def dot(x: Any) -> Callable[[], Any]:
    return repeat(value_and_gradient(*twice_dot()), x)


def dot_gradient(x: Any) -> Callable[[], Any]:
    return repeat(gradient_only(*twice_dot()), x)


def chain(x: Any, length: int) -> Callable[[], Any]:
    return repeat(value_and_gradient(*sines(length)), x)


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    return repeat(rosenbrock(), x)


def elementwise(u: Any) -> Callable[[], Any]:
    x = casadi.MX.sym("u", u.size)
    return repeat(value_and_gradient(x, casadi.sum1(casadi.tanh(x) * casadi.exp(-x * x) + casadi.sin(x))), u)


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    w1, b1, w2, b2 = symbols = [casadi.MX.sym("p", *numpy.atleast_2d(p).shape) for p in params]
    ones = casadi.DM.ones(len(inputs), 1)
    hidden = casadi.tanh(casadi.DM(inputs) @ w1 + ones @ b1)
    loss = casadi.sumsqr(hidden @ w2 + ones @ b2 - casadi.DM(targets)) / targets.size
    stepped = [p - LEARNING_RATE * casadi.gradient(loss, p) for p in symbols]
    step = casadi.Function("step", symbols, [loss, *stepped])
    params = [casadi.DM(numpy.atleast_2d(p)) for p in params]

    def run() -> Any:
        nonlocal params
        value, *params = step(*params)
        return value

    return run
