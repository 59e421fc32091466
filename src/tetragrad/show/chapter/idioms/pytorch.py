"""The chapter's steps in PyTorch's idiom."""

from __future__ import annotations

import tetragrad.torch as torch


def first_gradient():
    x = torch.arange(4.0, requires_grad=True)
    y = 2 * torch.dot(x, x)
    y.backward()
    return {"y": y, "x.grad": x.grad, "x.grad == 4 * x": x.grad == 4 * x}


def another_function():
    x = torch.arange(4.0, requires_grad=True)
    (2 * torch.dot(x, x)).backward()
    x.grad.zero_()  # otherwise the next gradient is added
    x.sum().backward()
    return {"x.grad": x.grad}


def a_vector():
    x = torch.arange(4.0, requires_grad=True)
    y = x * x
    y.backward(torch.ones(len(x)))  # or y.sum().backward()
    return {"x.grad": x.grad}


def a_detached_factor():
    x = torch.arange(4.0, requires_grad=True)
    y = x * x
    u = y.detach()
    (u * x).sum().backward()
    through_u, x.grad = x.grad, None
    y.sum().backward()
    return {"x.grad == u": through_u == u, "x.grad": x.grad}


def control_flow():
    def f(a):
        b = a * 2
        while b.norm() < 1000:
            b = b * 2
        return b if b.sum() > 0 else 100 * b

    a = torch.tensor(0.7, requires_grad=True)
    d = f(a)
    d.backward()
    return {"d": d, "a.grad": a.grad, "a.grad == d / a": a.grad == d / a}
