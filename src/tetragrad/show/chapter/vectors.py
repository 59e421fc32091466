"""Targets with several entries, and factors that are treated as constants."""

from __future__ import annotations

import tetragrad as tg
import tetragrad.numpy as np

from ..report import Page
from .evidence import plain, same


def by_sum():
    x = tg.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
    y = x * x
    y.sum().backward()
    return {"x.grad": x.grad}


def by_cotangent():
    x = tg.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
    (x * x).backward(gradient=np.ones(4))
    ones = x.grad
    x.zero_grad()
    (x * x).backward(gradient=[1.0, 0.0, -1.0, 0.5])
    return {"with ones": ones, "with other weights": x.grad}


def without_either():
    x = tg.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
    try:
        (x * x).backward()
    except tg.errors.NonScalarError as error:
        return {"error": error, "x.grad": x.grad}
    return {"error": None, "x.grad": x.grad}


def nonscalar(page: Page) -> None:
    """By sum and by cotangent."""
    page.text("""
        When y is a vector, its derivative is a whole matrix, one row for each entry of y. That matrix is rarely wanted.
        What is wanted is a weighted sum of its rows: how some later number depends on x, given how it depends on
        each entry of y. One way to say it is to make the number: `y.sum()` weighs all entries equally.
    """)
    x = np.arange(4.0)
    summed = page.run(by_sum)["x.grad"]
    page.check("the gradient of the sum of squares is 2x", same(summed, 2 * x), f"x.grad = {plain(summed)}")
    page.text("""
        The other way is to hand over the weights, called the cotangent of y. All ones say the same as the sum; any
        others are as good.
    """)
    results = page.run(by_cotangent)
    weights = np.array([1.0, 0.0, -1.0, 0.5])
    page.check("a cotangent of ones gives the same as the sum", same(results["with ones"], summed), "equal")
    page.check(
        "a cotangent v gives 2·v·x",
        same(results["with other weights"], 2 * weights * x),
        f"v = {weights}, x.grad = {plain(results['with other weights'])}",
    )
    page.text("Left without either, the library does not guess.")
    results = page.run(without_either)
    page.check(
        "without weights it raises NonScalarError, and x.grad stays empty",
        isinstance(results["error"], tg.errors.NonScalarError) and results["x.grad"] is None,
        f"{type(results['error']).__name__}, x.grad = {results['x.grad']}",
    )


def constant_factor():
    x = tg.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
    y = x * x
    u = y.detach()
    z = u * x
    z.sum().backward()
    through_z = x.grad
    x.zero_grad()
    y.sum().backward()
    return {"u": u, "from z": through_z, "from y": x.grad}


def detached_factor(page: Page) -> None:
    """u = detach(y) is a constant; y is not changed by that."""
    page.text("""
        Let y = x·x and z = y·x, and suppose that in z the factor y should count as a constant, although it was computed
        from x. `y.detach()` is the same value with no past. Then z = u·x has the gradient u where x³ would have had
        3x². The original y still knows how it was made, so its own gradient 2x can be had afterwards.
    """)
    results = page.run(constant_factor)
    x = np.arange(4.0)
    page.check("the gradient of z is u", same(results["from z"], results["u"]), f"{plain(results['from z'])}")
    page.check("it is not 3x²", not same(results["from z"], 3 * x**2), f"3x² = {3 * x**2}")
    page.check("the gradient of y is still 2x", same(results["from y"], 2 * x), f"{plain(results['from y'])}")
    same_inside = tg.grad(lambda x: np.sum(tg.stop_gradient(x * x) * x))(x)
    page.check("tg.stop_gradient does the same inside a function", same(same_inside, x * x), f"{same_inside}")
