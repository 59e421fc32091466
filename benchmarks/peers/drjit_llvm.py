"""The workloads in Dr.Jit's LLVM back end; `drjit.freeze` saves the retracing at each call where it can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import drjit as dr
import numpy

try:
    from drjit.llvm.ad import Float, TensorXf, UInt

    dr.eval(Float(1.0) + 1.0)
except Exception as error:
    raise ImportError(f"Dr.Jit's LLVM back end does not run: {error}") from error

MISSING = {
    "control_flow": "reverse mode does not go through a loop of unknown length",
    "regression_step": "matrix products are not differentiated",
    "classification_step": "matrix products are not differentiated",
    "lenet_step": "there are no convolutions",
    "rosenbrock_hessian": "derivatives of derivatives are not taken",
}
NOTES = {
    "multiply": "values only, evaluated",
    "cross_entropy": "tensors; not frozen",
    "layer_norm": "tensors; not frozen",
}
UNROLLED = 100

set_threads = dr.set_thread_count


def to_numpy(value: Any) -> Any:
    array = numpy.asarray(value.numpy() if hasattr(value, "numpy") else value)
    return array[0] if array.shape == (1,) else array


def _value_and_grad(function: Callable[..., Any], count: int = 1) -> Callable[..., Any]:
    def value_and_grad(*arguments: Any) -> Any:
        variables = [type(x)(x) for x in arguments[:count]]
        dr.enable_grad(variables)
        y = function(*variables, *arguments[count:])
        dr.backward(y)
        return dr.detach(y), [dr.grad(x) for x in variables]

    return value_and_grad


def _repeat(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    def run() -> Any:
        results = function(*arguments)
        dr.eval(results)
        dr.sync_thread()
        return results

    return run


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    return _repeat(lambda x, y: x * y, Float(x), Float(y))


def _twice_dot(x: Any) -> Any:
    return 2 * dr.sum(x * x)


def dot(x: Any) -> Callable[[], Any]:
    return _repeat(dr.freeze(_value_and_grad(_twice_dot)), Float(x))


def dot_gradient(x: Any) -> Callable[[], Any]:
    value_and_grad = _value_and_grad(_twice_dot)
    return _repeat(dr.freeze(lambda x: value_and_grad(x)[1]), Float(x))


def chain(x: Any, length: int) -> Callable[[], Any]:
    if length > UNROLLED:
        raise NotImplementedError(f"compiling {length} operations takes minutes")

    def function(y: Any) -> Any:
        for _ in range(length):
            y = dr.sin(y)
        return dr.sum(y)

    return _repeat(dr.freeze(_value_and_grad(function)), Float(x))


def elementwise(u: Any) -> Callable[[], Any]:
    def bell(u: Any) -> Any:
        return dr.sum(dr.tanh(u) * dr.exp(-u * u) + dr.sin(u))

    return _repeat(dr.freeze(_value_and_grad(bell)), Float(u))


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    count, classes = logits.shape
    places = UInt((numpy.arange(count) * classes + labels).astype(numpy.uint32))

    def loss(logits: Any) -> Any:
        z = logits - dr.detach(dr.max(logits, axis=1))[:, None]
        picked = dr.gather(Float, z.array, places)
        return dr.mean(dr.log(dr.sum(dr.exp(z), axis=1)).array - picked)

    return _repeat(_value_and_grad(loss), TensorXf(logits))


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    def loss(x: Any, gain: Any, bias: Any, cotangent: Any) -> Any:
        centred = x - dr.mean(x, axis=1)[:, None]
        scale = dr.rsqrt(dr.mean(centred * centred, axis=1) + 1e-5)[:, None]
        return dr.sum((centred * scale * gain[None, :] + bias[None, :]) * cotangent)

    return _repeat(_value_and_grad(loss, 3), *[TensorXf(array) for array in (x, gain, bias, cotangent)])
