"""The workloads in PyTorch under torch.compile: the value and its gradients compiled as one function."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from ..workloads import LEARNING_RATE
from .torch_eager import set_threads

__all__ = ["set_threads"]

if not any([shutil.which(name) for name in ("g++", "c++", "clang++")]):
    raise ImportError("torch.compile needs a C++ compiler, and there is none")

MISSING = {
    "control_flow": "torch.func cannot be traced through a path that depends on data",
}
UNROLLED = 100

forget = torch._dynamo.reset


def to_numpy(value: Any) -> Any:
    return value.detach().numpy()


def _repeat(loss: Callable[..., Any], *arguments: Any, argnums: Any = 0) -> Callable[[], Any]:
    step = torch.compile(torch.func.grad_and_value(loss, argnums))
    arguments = tuple([torch.as_tensor(argument) for argument in arguments])

    def run() -> Any:
        gradients, value = step(*arguments)
        return value, gradients

    return run


def _twice_dot(x: Any) -> Any:
    return 2 * torch.dot(x, x)


def multiply(x: Any, y: Any) -> Callable[[], Any]:
    x, y = [torch.tensor(array, requires_grad=True) for array in (x, y)]
    product = torch.compile(lambda x, y: x * y)
    return lambda: product(x, y)


def dot(x: Any) -> Callable[[], Any]:
    return _repeat(_twice_dot, x)


def dot_gradient(x: Any) -> Callable[[], Any]:
    gradient = torch.compile(torch.func.grad(_twice_dot))
    x = torch.tensor(x)
    return lambda: gradient(x)


def chain(x: Any, length: int) -> Callable[[], Any]:
    if length > UNROLLED:
        raise NotImplementedError(f"compiling {length} operations takes minutes")

    def function(y: Any) -> Any:
        for _ in range(length):
            y = torch.sin(y)
        return y.sum()

    return _repeat(function, x)


def regression_step(params: Any, inputs: Any, targets: Any) -> Callable[[], Any]:
    def loss(params: Any, inputs: Any, targets: Any) -> Any:
        w1, b1, w2, b2 = params
        return F.mse_loss(torch.tanh(inputs @ w1 + b1) @ w2 + b2, targets)

    return _descent(loss, params, inputs, targets)


def classification_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    def loss(params: Any, inputs: Any, labels: Any) -> Any:
        w1, b1, w2, b2 = params
        return F.cross_entropy(F.relu(inputs @ w1 + b1) @ w2 + b2, labels)

    return _descent(loss, params, inputs, labels)


def lenet_step(params: Any, inputs: Any, labels: Any) -> Callable[[], Any]:
    def loss(params: Any, inputs: Any, labels: Any) -> Any:
        k1, c1, k2, c2, w1, b1, w2, b2, w3, b3 = params
        h = F.max_pool2d(torch.relu(F.conv2d(inputs, k1, c1, padding=2)), 2)
        h = F.max_pool2d(torch.relu(F.conv2d(h, k2, c2)), 2).flatten(1)
        return F.cross_entropy(torch.relu(torch.relu(h @ w1 + b1) @ w2 + b2) @ w3 + b3, labels)

    return _descent(loss, params, inputs, labels)


def _descent(loss: Callable[..., Any], params: Any, *data: Any) -> Callable[[], Any]:
    params = [torch.tensor(p) for p in params]
    data = tuple([torch.tensor(array) for array in data])

    @torch.compile
    def step(params: Any, *data: Any) -> Any:
        gradients, value = torch.func.grad_and_value(loss)(params, *data)
        return value, [p - LEARNING_RATE * g for p, g in zip(params, gradients)]

    def run() -> Any:
        nonlocal params
        value, params = step(params, *data)
        return value

    return run


def elementwise(u: Any) -> Callable[[], Any]:
    return _repeat(lambda u: torch.sum(torch.tanh(u) * torch.exp(-u * u) + torch.sin(u)), u)


def cross_entropy(logits: Any, labels: Any) -> Callable[[], Any]:
    return _repeat(F.cross_entropy, logits, labels)


def layer_norm(x: Any, gain: Any, bias: Any, cotangent: Any) -> Callable[[], Any]:
    def loss(x: Any, gain: Any, bias: Any, cotangent: Any) -> Any:
        return torch.sum(F.layer_norm(x, x.shape[1:], gain, bias) * cotangent)

    return _repeat(loss, x, gain, bias, cotangent, argnums=(0, 1, 2))


def rosenbrock_hessian(x: Any) -> Callable[[], Any]:
    def rosenbrock(x: Any) -> Any:
        return torch.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    hessian = torch.compile(torch.func.hessian(rosenbrock))
    x = torch.tensor(x)
    return lambda: hessian(x)
