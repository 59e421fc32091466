"""A long run: training with views, writing in place, hooks, copies, nested transforms and exceptions mixed in.

``python -m benchmarks.soak`` takes 100,000 steps with Python's cyclic collector off, and ends with status 1 if resident
memory moves by more than 2 MB after the first steps, if the loss is not that of the same steps in plain NumPy, or if a
graph is left over.
"""

from __future__ import annotations

import argparse
import copy
import gc
import pickle
import sys
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy

import tetragrad as tg
import tetragrad.numpy as np

from .limits import resident
from .report import quantity

STEPS, SETTLED, EVERY = 100_000, 5_000, 500
LIMIT = 2_000_000
RATE = 0.01


class Planned(Exception):
    """Raised on purpose."""


class Network:
    """Two layers whose weights and biases are views of one vector of parameters."""

    inputs, width, outputs = 8, 16, 3

    def __init__(self) -> None:
        rng = numpy.random.default_rng(0)
        self.shapes = [(self.inputs, self.width), (self.width,), (self.width, self.outputs), (self.outputs,)]
        size = sum([int(numpy.prod(shape)) for shape in self.shapes])
        self.start = rng.standard_normal(size) * 0.3
        self.parameters = tg.tensor(self.start, requires_grad=True)
        self.x = rng.standard_normal((32, self.inputs))
        self.target = numpy.tanh(self.x @ rng.standard_normal((self.inputs, self.outputs)))

    def loss(self, parameters: Any) -> Any:
        parts, start = [], 0
        for shape in self.shapes:
            stop = start + int(numpy.prod(shape))
            parts.append(parameters[start:stop].reshape(shape))
            start = stop
        w, b, v, c = parts
        h = self.x @ w
        h += b
        h = np.tanh(h)
        out = h @ v + c
        error = out - self.target
        error[0] = error[0] * 2  # a row that counts four times
        return (error * error).mean()

    def step(self) -> float:
        loss = self.loss(self.parameters)
        loss.backward()
        with tg.no_grad():
            self.parameters -= RATE * self.parameters.grad
        self.parameters.zero_grad()
        return float(loss)

    def plain(self) -> Callable[[], float]:
        """The same steps in NumPy, differentiated by hand."""
        p = self.start.copy()
        cuts = numpy.cumsum([int(numpy.prod(shape)) for shape in self.shapes])[:-1]
        weights = numpy.ones((len(self.x), 1))
        weights[0] = 4

        def step() -> float:
            w, b, v, c = [part.reshape(shape) for part, shape in zip(numpy.split(p, cuts), self.shapes)]
            h = numpy.tanh(self.x @ w + b)
            error = h @ v + c - self.target
            loss = (weights * error * error).mean()
            g = 2 * weights * error / error.size
            gh = (g @ v.T) * (1 - h * h)
            gradient = [self.x.T @ gh, gh.sum(0), h.T @ g, g.sum(0)]
            p[:] -= RATE * numpy.concatenate([part.ravel() for part in gradient])
            return float(loss)

        return step


# -- what is mixed in; nothing of it may change the parameters or their gradient -------------------------------------


def failing(act: Callable[[], Any], error: type[BaseException]) -> None:
    try:
        act()
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


def wrong_shapes(net: Network) -> None:
    failing(lambda: net.parameters * numpy.ones(7), tg.errors.ShapeError)


def interrupted_function(net: Network) -> None:
    def f(p: Any) -> Any:
        net.loss(p * 2)
        raise KeyboardInterrupt

    failing(lambda: tg.grad(f)(net.parameters), KeyboardInterrupt)
    failing(lambda: tg.jvp(f, (net.start,), (net.start,)), KeyboardInterrupt)
    failing(lambda: tg.vmap(f)(numpy.stack([net.start] * 2)), KeyboardInterrupt)


def failing_hook(net: Network) -> None:
    def hook(g: Any) -> None:
        raise Planned

    y = net.parameters * 2
    y.register_hook(hook)
    failing(y.sum().backward, Planned)
    with net.parameters.register_hook(hook):
        failing((net.parameters * net.parameters).sum().backward, Planned)


def hooks(net: Network) -> None:
    seen: list[Any] = []
    x = tg.tensor(net.start, requires_grad=True)
    y = np.sin(x)
    y.register_hook(lambda g: g * 2)
    y.node.register_prehook(lambda g: seen.append(g))
    y.node.register_hook(lambda cotangents, g: None)
    x.register_hook(seen.append)
    (y * y).sum().backward()
    assert len(seen) == 2


def spent_graph(net: Network) -> None:
    loss = net.loss(tg.tensor(net.start, requires_grad=True))
    loss.backward()
    failing(loss.backward, tg.errors.FreedGraphError)
    failing(lambda: net.loss(net.parameters).backward(numpy.ones(2)), tg.errors.CotangentError)


def second_order(net: Network) -> None:
    x = tg.tensor(net.start, requires_grad=True)
    (x * x * x).sum().backward(create_graph=True)
    gradient = x.grad
    x.zero_grad()
    gradient.sum().backward()
    tg.hvp(net.loss, (net.start,), (net.start,))


def nested(net: Network) -> None:
    tg.vmap(tg.grad(lambda p: (p * p).sum()))(numpy.ones((3, 4)))
    tg.jvp(tg.grad(net.loss), (net.start,), (net.start,))
    tg.hessian(lambda p: np.prod(p))(numpy.ones(3))


def views(net: Network) -> None:
    x = tg.tensor(net.start, requires_grad=True)
    y = x * 1
    first, rest = y[:4], y[4:].reshape(-1)
    first *= 3
    rest[::2] = first[0]
    alias = y.detach()
    y[numpy.array([0, 0, 1])] += 1
    y.sum().backward()
    assert alias.shape == y.shape
    failing(lambda: first.__setitem__(0, numpy.ones(5)), tg.errors.TetragradError)


def saving(net: Network) -> None:
    x = tg.tensor(net.start, requires_grad=True)
    with tg.save_compressed(min_bytes=0):
        net.loss(x).backward()
    tg.checkpoint(lambda x: np.exp(np.sin(x)), x).sum().backward()


def copies(net: Network) -> None:
    y = net.parameters * 2
    for twin in (copy.copy(y), copy.deepcopy([y, y])[0], pickle.loads(pickle.dumps({"y": y}))["y"]):
        assert twin.is_leaf


def other_thread(net: Network) -> None:
    thread = threading.Thread(target=lambda: net.loss(tg.tensor(net.start, requires_grad=True)).backward())
    thread.start()
    thread.join()


MIXED = [
    wrong_shapes, interrupted_function, failing_hook, hooks, spent_graph, second_order, nested, views, saving, copies,
    other_thread,
]  # fmt: skip


def run(steps: int, settled: int) -> dict[str, Any]:
    """Train, with one of `MIXED` at every third step."""
    net = Network()
    plain = net.plain()
    gc.collect()
    gc.disable()
    nodes = tg.memory().nodes
    sizes: list[int] = []
    farthest = 0.0
    for number in range(1, steps + 1):
        loss = net.step()
        farthest = max(farthest, abs(loss - plain()))
        if number % 3 == 0:
            MIXED[number // 3 % len(MIXED)](net)
        if number >= settled and number % EVERY == 0:
            sizes.append(resident())
    return {
        "moved": max(sizes) - min(sizes),
        "resident": sizes[-1],
        "nodes": tg.memory().nodes - nodes,
        "difference": farthest,
        "loss": loss,
        "uncollected": gc.collect(),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS, help=f"how many steps (default {STEPS:,})")
    options = parser.parse_args(arguments)
    start = perf_counter()
    found = run(options.steps, min(SETTLED, options.steps // 2))
    print(
        f"{options.steps:,} steps in {perf_counter() - start:.0f} s, collector off; resident "
        f"{quantity(found['resident'], 'B')}, moved by {quantity(found['moved'], 'B')} (limit {quantity(LIMIT, 'B')})"
    )
    print(
        f"nodes left: {found['nodes']}, objects in cycles: {found['uncollected']}, last loss {found['loss']:.6f}, "
        f"farthest from NumPy {found['difference']:.1e}"
    )
    return int(found["moved"] > LIMIT or found["nodes"] != 0 or found["uncollected"] > 0 or found["difference"] > 1e-9)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
