"""Gradients of one number: the first gradient, accumulation, and going backward twice."""

from __future__ import annotations

import tetragrad as tg
import tetragrad.numpy as np

from ..report import Page
from .evidence import plain, same


def twice_the_square():
    x = tg.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
    y = 2 * np.dot(x, x)
    y.backward()
    return {"y": y, "x": x, "x.grad": x.grad}


def as_a_function():
    gradient = tg.grad(lambda x: 2 * np.dot(x, x))
    return {"gradient": gradient(np.arange(4.0))}


def first_gradient(page: Page) -> None:
    """2·xᵀx and its gradient 4x."""
    page.text("""
        Take y = 2·xᵀx, a number computed from a vector x. Its gradient has one entry for each entry of x, and a line of
        algebra says that it is 4x. Here nobody does that algebra: x is a tensor that asks for gradients, every
        operation on it is recorded as Python runs it, and `backward` walks the record from y back to x, applying the
        chain rule on the way. The result arrives in `x.grad`.
    """)
    results = page.run(twice_the_square)
    page.check("y is 28", float(results["y"]) == 28.0, f"y = {float(results['y'])}")
    page.check(
        "x.grad equals 4x in every entry",
        same(results["x.grad"], 4 * plain(results["x"])),
        f"x.grad = {plain(results['x.grad'])}",
    )
    page.text("""
        The same engine can be asked for the gradient as a function. `tg.grad` takes a function of arrays and returns
        another one; plain arrays go in and a plain array comes out.
    """)
    results = page.run(as_a_function)
    page.check(
        "tg.grad gives the same numbers as a plain array",
        type(results["gradient"]) is np.ndarray and same(results["gradient"], [0, 4, 8, 12]),
        f"{type(results['gradient']).__name__} {results['gradient']}",
    )


def clear_then_add():
    x = tg.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
    (2 * np.dot(x, x)).backward()
    x.zero_grad()
    x.sum().backward()
    cleared = x.grad
    x.sum().backward()
    return {"after clearing": cleared, "after one more pass": x.grad}


def accumulation(page: Page) -> None:
    """A second function after clearing, and without."""
    page.text("""
        Every backward pass adds to `x.grad`. Adding is what one wants when a gradient is collected from several parts,
        say from the batches of a large data set; when a new function is meant, the old gradient is thrown away first
        with `x.zero_grad()`. The sum of the entries has the gradient 1 everywhere. Below it is computed after clearing,
        and then once more without.
    """)
    results = page.run(clear_then_add)
    cleared, added = results["after clearing"], results["after one more pass"]
    page.check("after clearing, the gradient of the sum is all ones", same(cleared, np.ones(4)), f"{plain(cleared)}")
    page.check("without clearing, the second pass adds to the first", same(added, 2 * np.ones(4)), f"{plain(added)}")


def twice():
    x = tg.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
    y = 2 * np.dot(x, x)
    y.backward()
    try:
        y.backward()
    except tg.errors.FreedGraphError as error:
        return {"error": error, "x.grad": x.grad}
    return {"error": None, "x.grad": x.grad}


def twice_on_purpose():
    x = tg.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
    y = 2 * np.dot(x, x)
    y.backward(retain_graph=True)
    first = x.grad
    y.backward()
    return {"first pass": first, "second pass": x.grad}


def backward_twice(page: Page) -> None:
    """The error of a second backward, and `retain_graph`."""
    page.text("""
        What does a second `backward` on the same y do? To apply the chain rule, the record holds on to arrays from the
        forward computation. The first pass drops each of them as soon as it has served, so memory falls while
        the pass is still going on. A second pass then finds nothing to work with; it says so, and leaves `x.grad` as
        it was.
    """)
    results = page.run(twice)
    page.check(
        "the second pass raises FreedGraphError",
        isinstance(results["error"], tg.errors.FreedGraphError),
        type(results["error"]).__name__,
    )
    page.check(
        "the failed pass leaves x.grad alone", same(results["x.grad"], [0, 4, 8, 12]), f"{plain(results['x.grad'])}"
    )
    page.text("If the arrays are needed again, the earlier pass is told to keep them: `retain_graph=True`.")
    results = page.run(twice_on_purpose)
    page.check(
        "with retain_graph=True the second pass works, and adds",
        same(results["first pass"], [0, 4, 8, 12]) and same(results["second pass"], [0, 8, 16, 24]),
        f"{plain(results['first pass'])}, then {plain(results['second pass'])}",
    )
