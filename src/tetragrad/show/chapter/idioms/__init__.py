"""The chapter's steps again, in the idioms of PyTorch, TensorFlow, MXNet and Paddle: one engine, five faces."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...report import Page
from . import mxnet, own, paddle, pytorch, tensorflow

IDIOMS = {"tetragrad": own, "PyTorch": pytorch, "TensorFlow": tensorflow, "MXNet": mxnet, "Paddle": paddle}

STEPS = (
    ("first_gradient", "A quadratic form.", np.array([0.0, 4.0, 8.0, 12.0])),
    (
        "another_function",
        "Another function of the same variable: some add to the gradient, some write it anew.",
        np.ones(4),
    ),
    (
        "a_vector",
        "A vector as the target: some want a cotangent or a sum, some take the sum.",
        np.array([0.0, 2.0, 4.0, 6.0]),
    ),
    (
        "a_detached_factor",
        "A factor taken as a constant; then the gradient of that factor.",
        np.array([0.0, 2.0, 4.0, 6.0]),
    ),
    ("control_flow", "A program with `while` and `if`.", np.array(2048.0)),
)


def five_faces(page: Page) -> None:
    """Each step in each idiom, with the gradients compared."""
    page.text("""
        Programs written for PyTorch, TensorFlow, MXNet or Paddle need not be rewritten: `tetragrad run script.py` runs
        them as they are, and `import tetragrad.torch as torch` (and so on) gives the same names. What follows is the
        chapter so far in five idioms, over one engine and one set of derivative rules. They differ in what records,
        where gradients go, and how things print.
    """)
    for step, text, wanted in STEPS:
        page.text(text)
        results = page.tabs({label: getattr(module, step) for label, module in IDIOMS.items()})
        gradients = {label: gradient_in(found) for label, found in results.items()}
        off = [label for label, gradient in gradients.items() if not np.array_equal(gradient, wanted)]
        page.check("the five gradients are equal", not off, ", ".join(off) or f"{wanted}")
        claims = [value for found in results.values() for name, value in found.items() if "==" in name]
        if claims:
            page.check(
                "every comparison above holds", all([np.all(plain(claim)) for claim in claims]), f"{len(claims)}"
            )


def gradient_in(results: dict[str, Any]) -> Any:
    """The gradient among a step's results."""
    (gradient,) = [value for name, value in results.items() if name.endswith("grad")]
    return plain(gradient)


def plain(value: Any) -> Any:
    """The plain array behind a result of any face."""
    return np.asarray(getattr(value, "_value", value))
