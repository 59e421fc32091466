"""The chapter's steps on tetragrad's own face."""

from __future__ import annotations

import tetragrad as tg
import tetragrad.numpy as np


def first_gradient():
    x = tg.tensor(np.arange(4.0), requires_grad=True)
    y = 2 * np.dot(x, x)
    y.backward()
    return {"y": y, "x.grad": x.grad, "x.grad == 4 * x": x.grad == 4 * x}


def another_function():
    x = tg.tensor(np.arange(4.0), requires_grad=True)
    (2 * np.dot(x, x)).backward()
    x.zero_grad()  # otherwise the next gradient is added
    x.sum().backward()
    return {"x.grad": x.grad}


def a_vector():
    x = tg.tensor(np.arange(4.0), requires_grad=True)
    y = x * x
    y.sum().backward()
    return {"x.grad": x.grad}


def a_detached_factor():
    x = tg.tensor(np.arange(4.0), requires_grad=True)
    y = x * x
    u = y.detach()
    (u * x).sum().backward()
    through_u, x.grad = x.grad, None
    y.sum().backward()
    return {"x.grad == u": through_u == u, "x.grad": x.grad}


def control_flow():
    def f(a):
        b = a * 2
        while np.linalg.norm(b) < 1000:
            b = b * 2
        return b if b.sum() > 0 else 100 * b

    a = tg.tensor(0.7, requires_grad=True)
    d = f(a)
    d.backward()
    return {"d": d, "a.grad": a.grad, "a.grad == d / a": a.grad == d / a}
