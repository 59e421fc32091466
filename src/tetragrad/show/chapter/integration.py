"""Another program with control flow: an ODE integrator that chooses and rejects its own steps."""

from __future__ import annotations

from typing import Any

import numpy

import tetragrad as tg
import tetragrad.numpy as np

from ..figures import MUTED, SECOND
from ..report import Page
from .evidence import central_difference

START = 0.02  # y(0)


def growth(y, rate):
    """Logistic growth: the right-hand side of y' = rate · y · (1 - y)."""
    return rate * y * (1 - y)


def integrate(rate, end, tolerance=1e-9, log=None):
    """y(end), by Bogacki and Shampine's pair of formulas; `log` collects attempts."""
    t, y, h = 0.0, START, 2.0
    k1 = growth(y, rate)
    while t < end:
        h = h if t + h < end else end - t
        k2 = growth(y + h * k1 / 2, rate)
        k3 = growth(y + 3 * h * k2 / 4, rate)
        new = y + h * (2 * k1 + 3 * k2 + 4 * k3) / 9
        k4 = growth(new, rate)
        error = np.abs(h * (-5 * k1 + 6 * k2 + 8 * k3 - 9 * k4) / 72)
        accepted = error <= tolerance
        if log is not None:
            log.append((float(t + h), float(new), bool(accepted)))
        if accepted:
            t, y, k1 = t + h, new, k4
        factor = 0.9 * (tolerance / (error + 1e-300)) ** (1 / 3)
        h = h * np.clip(factor, 0.2, 5.0)
    return y


def exact(rate: float, t: Any) -> Any:
    """The solution, known in closed form."""
    return START / (START + (1 - START) * numpy.exp(-rate * t))


def exact_sensitivity(rate: float, t: Any) -> Any:
    """Its derivative with respect to the rate."""
    y = exact(rate, t)
    return t * y * (1 - y)


def adaptive_steps(page: Page) -> None:
    """The integrator's result and gradient against the closed form and central differences."""
    page.text("""
        A second program whose course depends on its data. It solves y' = r·y·(1-y), the growth of a population that
        runs out of room, with steps whose length it chooses itself. Each attempted step comes with an estimate of its
        error. A step that is too inaccurate is thrown away and tried again, shorter; a good one is taken, and
        the next may be longer.
    """)
    page.source(growth, integrate)
    page.text("""
        How does the population at time 5 depend on the rate r? The gradient goes through every accepted step, and
        through the step lengths, which depend on r by way of the error estimates. This equation has a solution in
        closed form, so the answer can be compared with the truth as well as with a central difference of the program.
    """)
    rate, end = 1.5, 5.0
    attempts: list[Any] = []
    value, slope = tg.value_and_grad(integrate)(rate, end, log=attempts)
    rejected = sum([not accepted for *_, accepted in attempts])
    page.check(
        "the program took, and rejected, steps", rejected > 0, f"{len(attempts) - rejected} taken, {rejected} rejected"
    )
    error = abs(value - exact(rate, end))
    page.check("y(5) is the closed form's", error < 1e-6, f"{value:.9f}, error {error:.1e}")
    error = abs(slope - exact_sensitivity(rate, end))
    page.check("dy/dr by tg.grad is the closed form's", error < 1e-6, f"{slope:.9f}, error {error:.1e}")
    error = abs(slope - central_difference(lambda r: integrate(r, end), rate))
    page.check("it agrees with the central difference", error < 1e-6, f"difference {error:.1e}")
    _, forward = tg.jvp(lambda r: integrate(r, end), (rate,), (1.0,))
    page.check("forward mode gives the same", abs(forward - slope) < 1e-12, f"difference {abs(forward - slope):.1e}")
    page.figure(
        "Left: the steps of a run with a loose tolerance, crosses where an attempt was rejected. Right: the derivative "
        "of y(t) with respect to the rate, by tg.grad of the program (dots) and in closed form (line).",
        lambda figure: draw_growth(figure, rate),
    )


def draw_growth(figure: Any, rate: float) -> None:
    solution, sensitivity = figure.subplots(1, 2)
    fine = numpy.linspace(0, 8, 200)
    attempts: list[Any] = []
    integrate(rate, 8.0, tolerance=1e-4, log=attempts)
    solution.plot(fine, exact(rate, fine), color=MUTED, label="closed form")
    solution.plot(*zip(*[(t, y) for t, y, accepted in attempts if accepted]), "o", markersize=4, label="taken")
    solution.plot(*zip(*[(t, y) for t, y, accepted in attempts if not accepted]), "x", color=SECOND, label="rejected")
    solution.set(xlabel="t", title="y(t)")
    solution.legend()
    ends = numpy.linspace(0.5, 8, 16)
    sensitivity.plot(fine, exact_sensitivity(rate, fine), color=MUTED)
    sensitivity.plot(ends, [tg.grad(integrate)(rate, end, tolerance=1e-6) for end in ends], "o", markersize=4)
    sensitivity.set(xlabel="t", title="dy(t)/dr")
