"""The chapter's steps in MXNet's idiom."""

from __future__ import annotations

from tetragrad.mxnet import autograd, np, npx

npx.set_np()


def first_gradient():
    x = np.arange(4.0)
    x.attach_grad()
    with autograd.record():
        y = 2 * np.dot(x, x)
    y.backward()
    return {"y": y, "x.grad": x.grad, "x.grad == 4 * x": x.grad == 4 * x}


def another_function():
    x = np.arange(4.0)
    x.attach_grad()
    for f in (lambda x: 2 * np.dot(x, x), lambda x: x.sum()):
        with autograd.record():
            y = f(x)
        y.backward()  # writes over the gradient before
    return {"x.grad": x.grad}


def a_vector():
    x = np.arange(4.0)
    x.attach_grad()
    with autograd.record():
        y = x * x
    y.backward()  # as if from y.sum()
    return {"x.grad": x.grad}


def a_detached_factor():
    x = np.arange(4.0)
    x.attach_grad()
    with autograd.record():
        y = x * x
        u = y.detach()
        z = u * x
    z.backward()
    through_u = x.grad.copy()
    y.backward()
    return {"x.grad == u": through_u == u, "x.grad": x.grad}


def control_flow():
    def f(a):
        b = a * 2
        while np.linalg.norm(b) < 1000:
            b = b * 2
        return b if b.sum() > 0 else 100 * b

    a = np.array(0.7)
    a.attach_grad()
    with autograd.record():
        d = f(a)
    d.backward()
    return {"d": d, "a.grad": a.grad, "a.grad == d / a": a.grad == d / a}
