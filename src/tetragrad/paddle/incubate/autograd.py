"""`paddle.incubate.autograd`: products with derivatives, and whole matrices of them, of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import api
from ...api.containers import flatten
from ...core.levels import shape_of
from ...core.tensor import Tensor as CoreTensor
from ...dialects.base import variable
from ...dialects.names import missing_name
from ...ops.complex_numbers import conj
from ..autograd.jacobians import Lazy
from ..dtypes import Size
from ..errors import require
from ..manipulation import concat, reshape
from ..mathematics import sum as total
from ..tensor import Tensor, as_operand, made

__all__ = ["Hessian", "Jacobian", "disable_prim", "enable_prim", "forward_grad", "grad", "jvp", "prim_enabled", "vjp"]


def _inputs(xs: Any, function: str) -> tuple[Any, ...]:
    listed = tuple(xs) if isinstance(xs, (list, tuple)) else (xs,)
    return tuple([as_operand(x, function, "xs", 1) for x in listed])


def _directions(v: Any, like: Any) -> list[Any]:
    """One direction per Tensor: ones if none are given."""
    if v is None:
        return [np.ones(shape_of(x), x._value.dtype)[()] for x in like]
    given = list(v) if isinstance(v, (list, tuple)) else [v]
    if len(given) != len(like):
        raise RuntimeError(f"The argument v is not the same length as what it belongs to: {len(given)}, {len(like)}.")
    for place, (each, x) in enumerate(zip(given, like)):
        if shape_of(each) != tuple(shape_of(x)):
            raise RuntimeError(
                f"The v[{place}] has invalid shape: should be {Size(shape_of(x))} but got {Size(shape_of(each))}."
            )
    return given


def _result(found: Any, many: bool) -> Any:
    shown = tuple([_shown(each) for each in found])
    return shown if many else shown[0]


def _shown(x: Any) -> Any:
    """A result as Paddle shows it: as something that gradients can be taken of."""
    if not isinstance(x, CoreTensor):
        x = Tensor(x, None)
    return variable(Tensor, x._value) if x._node is None else x


def vjp(func: Callable[..., Any], xs: Any, v: Any = None) -> tuple[Any, Any]:
    """Value of a function, and the product of a direction with its derivative.

    Parameters
    ----------
    func : callable
        Takes Tensors and returns one or several.
    xs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        One per result, of its shape; ones if left out.

    Returns
    -------
    value, product
        The product like `xs`.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> x = paddle.to_tensor([1.0, 2.0])
    >>> value, product = paddle.incubate.autograd.vjp(lambda x: x * x, x)
    >>> product.tolist()
    [2.0, 4.0]
    """
    inputs = _inputs(xs, "vjp")
    out, pullback = api.vjp(func, *inputs)
    outs = flatten(out)[0]
    gs = [_conjugate(g) for g in _directions(v, outs)]
    structure = tuple(gs) if isinstance(out, tuple) else gs if isinstance(out, list) else gs[0]
    found = [_conjugate(each) for each in pullback(structure)]
    return _result(outs, isinstance(out, (tuple, list))), _result(found, isinstance(xs, (list, tuple)))


def _conjugate(g: Any) -> Any:
    return conj(g) if g.dtype.kind == "c" else g


def jvp(func: Callable[..., Any], xs: Any, v: Any = None) -> tuple[Any, Any]:
    """Value of a function, and the product of its derivative with a direction.

    Parameters
    ----------
    func, xs
        As for `vjp`.
    v : Tensor or tuple of Tensor, optional
        One per input, of its shape; ones if left out.

    Returns
    -------
    value, product
        The product like the value.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> x = paddle.to_tensor([1.0, 2.0])
    >>> value, product = paddle.incubate.autograd.jvp(lambda x: x * x, x)
    >>> product.tolist()
    [2.0, 4.0]
    """
    inputs = _inputs(xs, "jvp")
    out, tangent = api.jvp(func, inputs, tuple(_directions(v, inputs)))
    many = isinstance(out, (tuple, list))
    return _result(out if many else [out], many), _result(tangent if many else [tangent], many)


class Jacobian(Lazy):
    """Derivatives of a function: all elements of its results by all elements of its arguments.

    Parameters
    ----------
    func : callable
    xs : Tensor or tuple of Tensor
    is_batched : bool
        The first axis counts examples that do not depend on one another.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> x = paddle.to_tensor([1.0, 2.0])
    >>> paddle.incubate.autograd.Jacobian(lambda x: x * x, x)[:].tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """

    def __init__(self, func: Callable[..., Any], xs: Any, is_batched: bool = False) -> None:
        self._func, self._inputs, self._batched = func, _inputs(xs, "Jacobian"), is_batched

    def _flat(self, *inputs: Any) -> Any:
        """The results in one row; for examples the sum over them, which keeps their derivatives apart."""
        outs = flatten(self._func(*inputs))[0]
        if self._batched:
            return total(concat([reshape(out, [shape_of(out)[0], -1]) for out in outs], 1), 0)
        return concat([reshape(out, [-1]) for out in outs])

    def _whole(self) -> Any:
        if "_matrix" not in self.__dict__:
            found = api.jacrev(self._flat, tuple(range(len(self._inputs))))(*self._inputs)
            blocks = [made(block) for block in found]  # plain where it is constant
            rows = shape_of(blocks[0])[0]
            if self._batched:
                parts = [reshape(block, [rows, shape_of(x)[0], -1]) for block, x in zip(blocks, self._inputs)]
                self._matrix = _shown(concat(parts, 2).transpose([1, 0, 2]))
            else:
                self._matrix = _shown(concat([reshape(block, [rows, -1]) for block in blocks], 1))
        return self._matrix

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(self._whole().shape)

    def __getitem__(self, index: Any) -> Any:
        return self._whole()[index]


class Hessian(Jacobian):
    """Second derivatives of a function with one number as result: all elements by all elements of its arguments.

    Parameters
    ----------
    func, xs, is_batched
        As for `Jacobian`.
    """

    def _flat(self, *inputs: Any) -> Any:
        def scalar(*args: Any) -> Any:
            out = self._func(*args)
            size = int(np.prod(shape_of(out)[1 if self._batched else 0 :], dtype=int))
            if not isinstance(out, CoreTensor) or size != 1:
                raise RuntimeError(
                    "The function given to Hessian should return as single element Tensor or batched single element "
                    "Tensor."
                )
            return total(out)

        gradients = [made(each) for each in api.grad(scalar, tuple(range(len(inputs))))(*inputs)]
        if self._batched:
            return total(concat([reshape(each, [shape_of(each)[0], -1]) for each in gradients], 1), 0)
        return concat([reshape(each, [-1]) for each in gradients])


def enable_prim() -> None:
    """Accepted: operations are always differentiated through primitives here."""


def disable_prim() -> None:
    """Accepted, and without effect."""


def prim_enabled() -> bool:
    """True: operations are always differentiated through primitives here."""
    return True


def _static_only(name: str) -> None:
    require(
        False,
        f"In PaddlePaddle 2.x, we turn on dynamic graph mode by default, and '{name}()' is only supported in static "
        "graph mode, which tetragrad does not have. Use paddle.incubate.autograd.jvp or paddle.grad.",
    )


def forward_grad(outputs: Any, inputs: Any, grad_inputs: Any = None) -> Any:
    """Refused: only for static graphs."""
    _static_only("forward_grad")


def grad(outputs: Any, inputs: Any, grad_outputs: Any = None) -> Any:
    """Refused: only for static graphs."""
    _static_only("grad")


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.paddle.incubate.autograd", name, __all__)
