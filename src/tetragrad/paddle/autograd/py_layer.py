"""`PyLayer`: operations with a backward rule of the user's own."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from ...core.custom import custom_call
from ...core.recording import call_in_mode
from ...core.tensor import Leaf
from ...core.tensor import Tensor as CoreTensor
from ...ops.complex_numbers import conj
from ..errors import invalid
from ..tensor import Tensor


class PyLayerContext:
    """What the forward function of a `PyLayer` leaves for its backward function."""

    _saved: tuple[Any, ...] = ()
    _nodes: tuple[Any, ...] = ()
    _materialize = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep Tensors for `saved_tensor()`; later changes in place do not reach them."""
        self._saved = tensors

    def saved_tensor(self) -> tuple[Any, ...]:
        """The Tensors that were kept."""
        return tuple(
            [
                type(saved)(saved._value, node()) if node is not None else saved
                for saved, node in zip(self._saved, self._nodes or (None,) * len(self._saved))
            ]
        )

    def mark_not_inplace(self, *args: Any) -> None:
        """Say that these inputs, which the forward function returns, are new results."""
        self._not_inplace = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say that these results have no gradients."""
        self._constants = {id(each) for each in args}

    def set_materialize_grads(self, value: bool) -> None:
        """Whether the backward function gets zeros, or None, for results that no gradient came to."""
        self._materialize = value

    def set_grad_in_dtype_consistent(self, flag: bool) -> None:
        """Accepted: gradients have the dtype of what they belong to."""

    def _freeze(self, outputs: Sequence[Any], results: Sequence[Any]) -> None:
        """Keep the saved values as they are now. A saved result knows its node, weakly: the node leads here."""
        nodes: list[Any] = []
        frozen: list[Any] = []
        for saved in self._saved:
            place = next((place for place, out in enumerate(outputs) if out is saved), None)
            node = results[place]._node if place is not None else None
            nodes.append(None if node is None else weakref.ref(node))
            frozen.append(type(saved)(saved._value, saved._node) if isinstance(saved, CoreTensor) else saved)
        self._saved, self._nodes = tuple(frozen), tuple(nodes)


class PyLayer(PyLayerContext):
    """Base class of operations with static methods ``forward(ctx, ...)`` and ``backward(ctx, ...)``.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> class Cube(paddle.autograd.PyLayer):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...
    ...     @staticmethod
    ...     def backward(ctx, dy):
    ...         (x,) = ctx.saved_tensor()
    ...         return dy * 3 * x * x
    >>> x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
    >>> Cube.apply(x).sum().backward()
    >>> x.grad.tolist()
    [3.0, 12.0]
    """

    @staticmethod
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the results; not recorded."""
        raise NotImplementedError("You must implement the forward function for PyLayer.")

    @staticmethod
    def backward(ctx: Any, *args: Any) -> Any:
        """Gradients of the Tensors that `forward` was given, from those of its results."""
        raise NotImplementedError("You must implement the backward function for PyLayer.")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Call the operation."""
        ctx = PyLayerContext()
        inputs = _tensors((*args, *kwargs.values()))
        out = call_in_mode(False, cls.forward, (ctx, *args), kwargs)
        listed = list(out) if isinstance(out, (tuple, list)) else [out]
        places = [place for place, each in enumerate(listed) if isinstance(each, CoreTensor)]
        if not places:
            raise invalid(f"{cls.__name__} : At least one output of `PyLayer.forward` is a `Tensor`.")
        outputs = [listed[place] for place in places]
        _check_not_inputs(cls.__name__, outputs, inputs, getattr(ctx, "_not_inplace", ()))
        constants: set[int] = getattr(ctx, "_constants", set())
        results = custom_call(
            f"GradNodePyLayer_{cls.__name__}", Tensor, inputs, [each._value for each in outputs],
            _pullback(cls, ctx, inputs), len(outputs) > 1, ctx._materialize,
        )  # fmt: skip
        ctx._freeze(outputs, results)
        for place, original, result in zip(places, outputs, results):
            listed[place] = Tensor(result._value, None) if id(original) in constants else result
        return type(out)(listed) if isinstance(out, (tuple, list)) else listed[0]


Function = PyLayer


def _tensors(values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, CoreTensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found.extend(_tensors(value))
    return found


def _check_not_inputs(name: str, outputs: Sequence[Any], inputs: Sequence[Any], allowed: Sequence[Any]) -> None:
    for out in outputs:
        for x in inputs:
            if out is x and isinstance(x._node, Leaf) and not any([x is each for each in allowed]):
                raise invalid(f"{name} : Leaf Var ({x.name}) that doesn't stop gradient can't use inplace strategy.")


def _pullback(cls: type[PyLayer], ctx: PyLayerContext, inputs: Sequence[Any]) -> Any:
    """The user's backward function as the engine's rule: gradients are conjugate cotangents, one per Tensor given."""
    name = f"GradNodePyLayer_{cls.__name__}"
    needed = [x._node is not None for x in inputs]

    def pullback(*gs: Any) -> list[Any]:
        found = cls.backward(ctx, *[_conjugate(g) for g in gs])
        gradients = list(found) if isinstance(found, (tuple, list)) else [found]
        if len(gradients) > len(needed):
            raise invalid(
                f"{name} : The number of outputs of `PyLayer.backward` should be {len(needed)}, but received "
                f"{len(gradients)}."
            )
        for place in range(len(gradients), len(needed)):
            if needed[place]:
                raise invalid(f"{name}'s backward function should not return empty at {place} position.")
        for g in gradients:
            if g is not None and not isinstance(g, CoreTensor):
                raise invalid(
                    f"{name} : We can only support Tensor or None for backward output, , but got {type(g).__name__}, "
                    "please check your PyLayer code and make it fits"
                )
        gradients += [None] * (len(needed) - len(gradients))
        return [_conjugate(g) for g in gradients]

    return pullback


def _conjugate(g: Any) -> Any:
    return conj(g) if g is not None and g._value.dtype.kind == "c" else g
