"""`mxnet.operator`: operators of the user's own, by class and name. They are `autograd.Function`s underneath."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as onp

from ..dialects.names import missing_name
from .autograd import Function
from .base import MXNetError
from .context import cpu
from .modes import is_training
from .ndarray import NDArray

_registered: dict[str, type[CustomOpProp]] = {}


class CustomOp:
    """What an operator computes: subclasses write `forward` and `backward`."""

    def forward(self, is_train: bool, req: Sequence[str], in_data: Any, out_data: Any, aux: Any) -> None:
        """Compute `out_data` from `in_data`, each by `assign`."""

    def backward(self, req: Sequence[str], out_grad: Any, in_data: Any, out_data: Any, in_grad: Any, aux: Any) -> None:
        """Compute `in_grad` from `out_grad`, each by `assign`."""

    def assign(self, dst: Any, req: str, src: Any) -> None:
        """Put `src` into `dst`, as the request says: ``"write"``, ``"inplace"``, ``"add"`` or ``"null"``."""
        if req in ("write", "inplace"):
            dst[:] = src
        elif req == "add":
            dst[:] += src


class CustomOpProp:
    """What is known of an operator before it runs: its arguments, shapes and types, and how to make it."""

    def __init__(self, need_top_grad: bool = True) -> None:
        self.need_top_grad_ = need_top_grad

    def list_arguments(self) -> list[str]:
        """The names of the inputs."""
        return ["data"]

    def list_outputs(self) -> list[str]:
        """The names of the outputs."""
        return ["output"]

    def list_auxiliary_states(self) -> list[str]:
        """The names of the arrays that the operator keeps."""
        return []

    def infer_shape(self, in_shape: Any) -> Any:
        """The shapes of inputs, outputs and auxiliary states."""
        return in_shape, (in_shape[0],) * len(self.list_outputs()), ()

    def infer_type(self, in_type: Any) -> Any:
        """The types of inputs, outputs and auxiliary states."""
        return (
            in_type, [in_type[0]] * len(self.list_outputs()), [in_type[0]] * len(self.list_auxiliary_states())
        )  # fmt: skip

    def infer_storage_type(self, in_stype: Any) -> Any:
        """How things are stored: always densely."""
        return in_stype, ["default"] * len(self.list_outputs()), ["default"] * len(self.list_auxiliary_states())

    def declare_backward_dependency(self, out_grad: Any, in_data: Any, out_data: Any) -> Any:
        """What `backward` reads; all of it is kept in any case."""
        return [*(out_grad if self.need_top_grad_ else ()), *in_data, *out_data]

    def create_operator(self, ctx: Any, in_shapes: Any, in_dtypes: Any) -> CustomOp:
        """The operator for one call."""
        return CustomOp()


def register(reg_name: str) -> Callable[[type[CustomOpProp]], type[CustomOpProp]]:
    """Decorator: make a `CustomOpProp` known, for ``nd.Custom(..., op_type=reg_name)``.

    Examples
    --------
    >>> import tetragrad.mxnet as mx
    >>> class Doubling(mx.operator.CustomOp):
    ...     def forward(self, is_train, req, in_data, out_data, aux):
    ...         self.assign(out_data[0], req[0], 2 * in_data[0])
    ...
    ...     def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
    ...         self.assign(in_grad[0], req[0], 2 * out_grad[0])
    >>> @mx.operator.register("doubling")
    ... class DoublingProp(mx.operator.CustomOpProp):
    ...     def create_operator(self, ctx, in_shapes, in_dtypes):
    ...         return Doubling()
    >>> x = mx.np.array([1.0, 2.0])
    >>> x.attach_grad()
    >>> with mx.autograd.record():
    ...     y = mx.nd.Custom(x, op_type="doubling")
    >>> y.backward()
    >>> x.grad
    array([2., 2.])
    """

    def add(prop: type[CustomOpProp]) -> type[CustomOpProp]:
        _registered[reg_name] = prop
        return prop

    return add


class _Call(Function):
    """One call of a custom operator."""

    def __init__(self, op: CustomOp, face: type[NDArray], shapes: Any, types: Any, states: list[Any]) -> None:
        super().__init__()
        self.op, self.face, self.shapes, self.types, self.states = op, face, shapes, types, states

    def forward(self, *inputs: Any) -> Any:
        outputs = [_zeros(self.face, shape, dtype) for shape, dtype in zip(self.shapes, self.types)]
        self.op.forward(is_training(), ["write"] * len(outputs), list(inputs), outputs, self.states)
        self.count = len(inputs)
        self.save_for_backward(*inputs, *outputs)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def backward(self, *output_grads: Any) -> Any:
        inputs, outputs = list(self.saved_tensors[: self.count]), list(self.saved_tensors[self.count :])
        found = [_zeros(self.face, x.shape, x.dtype) for x in inputs]
        self.op.backward(["write"] * len(found), list(output_grads), inputs, outputs, found, self.states)
        return found


def _zeros(face: type[NDArray], shape: Any, dtype: Any) -> NDArray:
    made = onp.zeros(tuple(shape), dtype)
    return face(made if made.ndim else made[()], None)


def Custom(*data: Any, op_type: str, **kwargs: Any) -> Any:
    """Call a registered operator; further arguments go to its `CustomOpProp`, as strings."""
    if op_type not in _registered:
        raise MXNetError(f"MXNetError: Cannot find custom operator {op_type}")
    make: Any = _registered[op_type]
    prop = make(**{name: str(value) for name, value in kwargs.items()})
    shapes, out_shapes, state_shapes = (*prop.infer_shape([list(x.shape) for x in data]), ())[:3]
    types, out_types, state_types = (*prop.infer_type([x.dtype.type for x in data]), ())[:3]
    face = type(data[0])
    states = [_zeros(face, shape, dtype) for shape, dtype in zip(state_shapes, state_types)]
    op = prop.create_operator(cpu(), shapes, types)
    return _Call(op, face, out_shapes, out_types, states)(*data)


__all__ = ["Custom", "CustomOp", "CustomOpProp", "register"]


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.mxnet.operator", name, __all__)
