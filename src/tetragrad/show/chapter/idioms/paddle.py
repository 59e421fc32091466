"""The chapter's steps in Paddle's idiom."""

from __future__ import annotations

import tetragrad.paddle as paddle


def first_gradient():
    x = paddle.to_tensor(paddle.arange(4, dtype="float32"), stop_gradient=False)
    y = 2 * paddle.dot(x, x)
    y.backward()
    return {"y": y, "x.grad": x.grad, "x.grad == 4 * x": x.grad == 4 * x}


def another_function():
    x = paddle.to_tensor(paddle.arange(4, dtype="float32"), stop_gradient=False)
    (2 * paddle.dot(x, x)).backward()
    x.clear_gradient()  # otherwise the next gradient is added
    paddle.sum(x).backward()
    return {"x.grad": x.grad}


def a_vector():
    x = paddle.to_tensor(paddle.arange(4, dtype="float32"), stop_gradient=False)
    y = x * x
    y.backward()  # as if from paddle.sum(y)
    return {"x.grad": x.grad}


def a_detached_factor():
    x = paddle.to_tensor(paddle.arange(4, dtype="float32"), stop_gradient=False)
    y = x * x
    u = y.detach()
    (u * x).sum().backward()
    through_u = x.grad.clone()
    x.clear_gradient()
    paddle.sum(y).backward()
    return {"x.grad == u": through_u == u, "x.grad": x.grad}


def control_flow():
    def f(a):
        b = a * 2
        while paddle.norm(b) < 1000:
            b = b * 2
        return b if paddle.sum(b) > 0 else 100 * b

    a = paddle.to_tensor(0.7, stop_gradient=False)
    d = f(a)
    d.backward()
    return {"d": d, "a.grad": a.grad, "a.grad == d / a": a.grad == d / a}
