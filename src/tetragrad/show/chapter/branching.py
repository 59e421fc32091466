"""Gradients through `while` and `if` whose conditions depend on the data."""

from __future__ import annotations

from typing import Any

import numpy

import tetragrad as tg
import tetragrad.numpy as np

from ..figures import ACCENT, SECOND
from ..report import Page
from .evidence import gap, plain


def stretch(a):
    """Double the input until its norm is 1000; times 100 unless the sum is positive."""
    b = a * 2
    while np.linalg.norm(b) < 1000:
        b = b * 2
    return b if b.sum() > 0 else 100 * b


def one_draw():
    a = tg.tensor(numpy.random.default_rng(0).standard_normal(), requires_grad=True)
    d = stretch(a)
    d.backward()
    return {"a": a, "d": d, "a.grad": a.grad, "d / a": (d / a).detach()}


def relative_gap(gradient: Any, expected: Any) -> float:
    """Largest difference relative to the expected value, in units of float64's rounding."""
    return gap(plain(gradient) / plain(expected), 1.0) / float(numpy.finfo(float).eps)


def control_flow(page: Page) -> None:
    """A number through the program, its gradient against d/a."""
    page.text("""
        The function below decides while it runs: how often the loop turns, and which branch is taken, depend on the
        value of its argument. No formula of it is written down anywhere, and none is needed, because the record holds
        just the operations that really took place.
    """)
    page.source(stretch)
    page.text("""
        Whatever the decisions, the result is the input times some constant, a power of two, perhaps times 100. So f is
        made of straight pieces that point to the origin, and its slope at a must be f(a)/a.
    """)
    results = page.run(one_draw)
    ratio = plain(results["d / a"])
    page.check(
        "a.grad is d/a",
        relative_gap(results["a.grad"], ratio) <= 4,
        f"a = {float(results['a']):.4f}: {float(results['a.grad'])} and {float(ratio)}",
    )
    draws = numpy.random.default_rng(1).standard_normal(300)
    slopes = numpy.array([tg.grad(stretch)(a) for a in draws])
    ratios = numpy.array([stretch(a) for a in draws]) / draws
    positive = draws > 0
    page.check(
        f"for all {positive.sum()} positive draws it is d/a to the last bit",
        numpy.array_equal(slopes[positive], ratios[positive]),
        f"{len(numpy.unique(slopes[positive]))} different slopes",
    )
    page.check(
        f"for all {(~positive).sum()} negative ones up to the rounding of 100·b",
        relative_gap(slopes[~positive], ratios[~positive]) <= 4,
        f"largest error {relative_gap(slopes[~positive], ratios[~positive]):.1f} units of rounding",
    )
    page.figure(
        "The program's value and its slope: pieces of straight lines, and a staircase. Negative inputs take the branch "
        "with the factor 100.",
        draw_stretch,
    )


def draw_stretch(figure: Any) -> None:
    values, slopes = figure.subplots(1, 2)
    a = numpy.concatenate([-numpy.geomspace(30, 0.3, 700), numpy.geomspace(0.3, 30, 700)])
    pairs = [tg.value_and_grad(stretch)(x) for x in a]
    for side in (a < 0, a > 0):
        values.plot(a[side], numpy.abs([f for f, _ in pairs])[side], color=ACCENT)
        slopes.plot(a[side], numpy.array([slope for _, slope in pairs])[side], color=SECOND)
    for axes, title in ((values, "|f(a)|"), (slopes, "df/da, by tg.grad")):
        axes.set(xlabel="a", title=title, yscale="log")


def vector_and_matrix():
    rng = numpy.random.default_rng(0)
    a = tg.tensor(rng.standard_normal(3), requires_grad=True)
    d = stretch(a)
    try:
        d.backward()
    except tg.errors.NonScalarError as refusal:
        error = refusal
    d.sum().backward()
    m = tg.tensor(rng.standard_normal((2, 2)), requires_grad=True)
    e = stretch(m)
    e.backward(gradient=np.ones_like(e))
    results = {"a": a, "d": d, "d.backward()": error, "a.grad": a.grad}
    return results | {"m": m, "e": e, "m.grad": m.grad}


def vectors_and_matrices(page: Page) -> None:
    """`stretch` on a vector and a matrix."""
    page.text("""
        What happens to the program with the `while` and the `if` when its argument is a vector or a matrix? It
        runs as before, since the norm and the sum it decides by are single numbers. But now its result has several
        entries, so `backward` has to be told what to go back from: the sum, or a cotangent of the result's shape. All
        entries are multiplied by the same constant, so every entry of the gradient is d/a.
    """)
    page.source(stretch)
    results = page.run(vector_and_matrix)
    page.check(
        "d.backward() alone is refused",
        isinstance(results["d.backward()"], tg.errors.NonScalarError),
        type(results["d.backward()"]).__name__,
    )
    for inside, result, gradient, kind in (("a", "d", "a.grad", "vector"), ("m", "e", "m.grad", "matrix")):
        ratio = plain(results[result]) / plain(results[inside])
        page.check(
            f"{kind}: every entry of the gradient is {result}/{inside}",
            relative_gap(results[gradient], ratio) <= 4,
            f"{plain(results[gradient]).ravel()[0]:g} throughout",
        )
