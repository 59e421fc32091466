"""Variables of the dialects, as their tests make them."""

from __future__ import annotations

from typing import Any


def of_mxnet(values: Any = (0.0, 1.0, 2.0, 3.0), grad_req: str = "write") -> Any:
    from tetragrad.mxnet import np

    x = np.array(values)
    x.attach_grad(grad_req)
    return x


def of_paddle(values: Any = (0.0, 1.0, 2.0, 3.0)) -> Any:
    from tetragrad.paddle import to_tensor

    return to_tensor(list(values) if isinstance(values, tuple) else values, stop_gradient=False)
