"""Higher derivatives: what they cost, and the derivatives of sin."""

from __future__ import annotations

from typing import Any

import numpy

import tetragrad as tg
import tetragrad.numpy as np

from ..report import Page
from .evidence import gap, microseconds, plain, same


def cubes(x):
    """Sum of the third powers."""
    return np.sum(x**3)


def first_then_second():
    x = tg.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
    cubes(x).backward(create_graph=True)
    first = x.grad
    x.zero_grad()
    first.sum().backward()
    hessian = tg.hessian(cubes)(np.arange(4.0))
    return {"3x²": first.detach(), "6x": x.grad, "hessian": hessian}


def hessian_times(x, v):
    """The Hessian of `cubes` times v: the derivative along v of the gradient."""
    _, product = tg.jvp(tg.grad(cubes), (x,), (v,))
    return product


def second_derivatives(page: Page) -> None:
    """Values and measured cost of second derivatives."""
    page.text("""
        A backward pass is a computation like any other, so it can be recorded in its turn and differentiated: that
        is all a second derivative is. `create_graph=True` asks for the recording. For f(x) = Σ xᵢ³ the first derivative
        is 3x², the second 6x, and the matrix of all second derivatives, the Hessian, has 6x on its diagonal.
    """)
    page.source(cubes)
    results = page.run(first_then_second)
    x = np.arange(4.0)
    page.check("the first derivative is 3x²", same(results["3x²"], 3 * x**2), f"{plain(results['3x²'])}")
    page.check("the second derivative is 6x", same(results["6x"], 6 * x), f"{plain(results['6x'])}")
    hessian_gap = gap(results["hessian"], np.diag(6 * x))
    page.check("the Hessian is diag(6x)", hessian_gap == 0, f"largest difference {hessian_gap}")
    page.text("""
        Why does the second derivative cost more than the first? To get the first, f is run and its record walked once.
        To get the second, that walk is part of the computation, and all of it, f and the walk, is differentiated in
        its turn. Even so the price is a small factor, if all that is wanted is the Hessian times one vector. The full
        Hessian has n columns, and its price grows with n.
    """)
    page.source(hessian_times)
    measured = {n: cost_of_orders(n) for n in (4, 16, 64, 256)}
    page.table(
        ("n", "f", "gradient", "Hessian · v", "full Hessian", "Hessian · v / gradient"),
        [
            (str(n), *[f"{time:.0f} µs" for time in times], f"{times[2] / times[1]:.1f}")
            for n, times in measured.items()
        ],
    )
    _, first, second, full = measured[256]
    page.check(
        "the second derivative takes longer than the first", second > first, f"{second / first:.1f} times as long"
    )
    page.check(
        "times a vector it stays within 20 gradients", second < 20 * first, f"n = 256: {second / first:.1f} gradients"
    )
    page.check("the full Hessian costs more than one product", full > second, f"n = 256: {full / second:.1f} products")
    page.figure("Time of one call against the number of variables.", lambda figure: draw_costs(figure, measured))


def cost_of_orders(n: int) -> tuple[float, float, float, float]:
    """Microseconds for f, its gradient, Hessian times vector, and Hessian, with n variables."""
    x = numpy.linspace(-1, 1, n)
    gradient, hessian = tg.grad(cubes), tg.hessian(cubes)
    return (
        microseconds(lambda: cubes(x)),
        microseconds(lambda: gradient(x)),
        microseconds(lambda: hessian_times(x, x)),
        microseconds(lambda: hessian(x), repeats=3),
    )


def draw_costs(figure: Any, measured: dict[int, tuple[float, float, float, float]]) -> None:
    axes = figure.subplots()
    for times, label in zip(zip(*measured.values()), ("f", "gradient", "Hessian · v", "full Hessian")):
        axes.plot(list(measured), times, marker="o", label=label)
    axes.set(xscale="log", yscale="log", xlabel="n", ylabel="µs per call", xticks=list(measured))
    axes.set_xticks([], minor=True)
    axes.set_xticklabels([str(n) for n in measured])
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def sine_by_backward():
    x = tg.tensor(np.linspace(-2 * np.pi, 2 * np.pi, 401), requires_grad=True)
    y = np.sin(x)
    y.sum().backward()
    return {"x": x.numpy(), "sin": y.numpy(), "slope": x.grad.numpy()}


def repeatedly(f, order):
    """The derivative of this order of a function that acts on each element alone."""
    for _ in range(order):
        f = tg.grad(lambda x, inner=f: np.sum(inner(x)))
    return f


def sine(page: Page) -> None:
    """sin and its derivatives, plotted."""
    page.text("""
        Plot sin(x) and its derivative without writing down what that derivative is. Each entry of sin(x) depends on one
        entry of x only, so going back from the sum gives all the slopes at once.
    """)
    page.source(sine_by_backward, repeatedly)
    results = sine_by_backward()
    x, y, slope = results["x"], results["sin"], results["slope"]
    circle = gap(y**2 + slope**2, 1.0)
    page.check("sin² plus slope² is 1 everywhere", circle < 1e-14, f"largest error {circle:.1e}")
    quarter = gap(slope, np.sin(x + np.pi / 2))
    page.check("the slope is sin, a quarter turn ahead", quarter < 1e-14, f"largest error {quarter:.1e}")
    steps = gap(slope, (np.sin(x + 1e-5) - np.sin(x - 1e-5)) / 2e-5)
    page.check("it agrees with central differences", steps < 1e-9, f"largest difference {steps:.1e}")
    fourth = gap(repeatedly(np.sin, 4)(x), y)
    page.check("four derivatives lead back to sin", fourth < 1e-14, f"largest error {fourth:.1e}")

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot(x, y, label="sin x")
        axes.plot(x, slope, label="x.grad")
        axes.plot(x, repeatedly(np.sin, 2)(x), label="second derivative", linestyle="--")
        axes.set(xlabel="x", xticks=np.pi * np.arange(-2, 3), xticklabels=["-2π", "-π", "0", "π", "2π"])
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))

    page.figure("sin, its derivative by one backward pass, and its second derivative by two nested ones.", draw)
