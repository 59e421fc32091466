"""`torch.autograd.Function`: operations that the user differentiates himself."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.batching import Batch
from ...core.custom import custom_call
from ...core.forward import Dual
from ...core.levels import Boxed, shape_of
from ...core.recording import is_recording, no_grad
from ...core.tensor import Leaf
from ...families.rules import RESHAPE, SUM
from ..errors import RuntimeError
from ..modes import transforming
from ..tensor import Tensor, conj, constant


class FunctionCtx:
    """What `forward` notes for `backward` and `jvp`."""

    def __init__(self) -> None:
        self.needs_input_grad: tuple[bool, ...] = ()
        self._saved: tuple[Any, ...] = ()
        self._forward_saved: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._constants: tuple[Any, ...] = ()
        self._materialize = True
        self._results: dict[int, Any] = {}

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep Tensors for `backward`, which finds them in `saved_tensors`."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {tensors.index(tensor)} is of type "
                    f"{type(tensor).__name__}"
                )
        self._saved = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep Tensors for `jvp`."""
        self._forward_saved = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved, with its graph."""
        saved = self._saved or self._forward_saved
        return tuple([each.tensor() if isinstance(each, _Result) else each for each in saved])

    saved_variables = saved_tensors

    @property
    def saved_for_forward(self) -> tuple[Any, ...]:
        """What was saved for `jvp`."""
        return self._forward_saved

    def mark_dirty(self, *args: Any) -> None:
        """Say which inputs `forward` changed in place; they must be returned."""
        self._dirty = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which outputs have no derivative."""
        self._constants = args

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Nothing: kept for old programs."""

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (True) or None for outputs that no gradient came to."""
        self._materialize = bool(value)

    def name(self) -> str:
        """The name of the node."""
        return type(self).__name__


class _Result:
    """A saved output: its value, and weakly its node, which holds the context that saved it."""

    def __init__(self, value: Any, node: Any) -> None:
        self.value = value
        self.node = None if node is None else weakref.ref(node)

    def tensor(self) -> Tensor:
        return Tensor(self.value, None if self.node is None else self.node())


class FunctionMeta(type):
    """Gives every Function a class for its contexts, named after it."""

    def __init__(cls, name: str, bases: Any, attributes: Any) -> None:
        super().__init__(name, bases, attributes)
        cls._context = type(name + "Backward", (FunctionCtx,), {})  # type: ignore[attr-defined]


class Function(metaclass=FunctionMeta):
    """Base class of operations with a derivative of the user's own; call them by `apply`.

    Examples
    --------
    >>> import tetragrad.torch as torch
    >>> class Double(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         return 2 * grad
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> Double.apply(x)
    tensor(6., grad_fn=<DoubleBackward>)
    """

    generate_vmap_rule = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The value: ``forward(ctx, *args)``, or ``forward(*args)`` where there is a `setup_context`."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> Any:
        """Note what `backward` needs."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the inputs, one per argument of `apply`."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangents of the outputs."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """The operation on a batch."""
        raise NotImplementedError("To use autograd.Function with vmap, you must either override the vmap staticmethod "
                                  "or set generate_vmap_rule=True.")  # fmt: skip

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Call the operation; Tensors among the arguments are what it can be differentiated by."""
        separate = cls.setup_context is not Function.setup_context
        tensors = [arg for arg in args if isinstance(arg, Tensor)]
        boxed = any([isinstance(each._value, Boxed) for each in tensors])
        if (transforming.get() or boxed) and not separate:
            raise RuntimeError(
                "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it "
                "must override the setup_context staticmethod. For more details, please see "
                "https://pytorch.org/docs/main/notes/extending.func.html"
            )
        top = max([each._value.level.number for each in tensors if isinstance(each._value, Boxed)], default=0)
        for each in tensors:
            if isinstance(each._value, Dual) and each._value.level.number == top:
                return _forward_mode(cls, each._value.level, args)
            if isinstance(each._value, Batch) and each._value.level.number == top and not cls.generate_vmap_rule:
                return _batched(cls, each._value.level, args)
        ctx = cls._context()  # type: ignore[attr-defined]
        recording = is_recording()
        ctx.needs_input_grad = tuple([isinstance(arg, Tensor) and arg._node is not None for arg in args])
        nodes = {id(arg): arg._node for arg in tensors}
        with no_grad():
            out = _run(cls, ctx, separate, args, kwargs)
        single = not isinstance(out, tuple)
        outs = (out,) if single else out
        if not (recording and any(ctx.needs_input_grad)):
            for each in outs:  # inputs that were handed back
                if isinstance(each, Tensor) and id(each) in nodes and not _among(each, ctx._dirty):
                    outs = tuple([Tensor(o._value, None) if isinstance(o, Tensor) else o for o in outs])
                    break
            return outs[0] if single else outs
        results = _connect(cls, ctx, args, outs)
        return results[0] if single else results


def _run(cls: Any, ctx: Any, separate: bool, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if not separate:
        return cls.forward(ctx, *args, **kwargs)
    out = cls.forward(*args, **kwargs)
    cls.setup_context(ctx, tuple(args), out)
    return out


def _among(x: Any, these: Sequence[Any]) -> bool:
    return any([x is each for each in these])


def _connect(cls: Any, ctx: Any, args: Sequence[Any], outs: Sequence[Any]) -> tuple[Any, ...]:
    """The outputs as results of one recorded operation."""
    for dirty in ctx._dirty:
        if isinstance(dirty._node, Leaf):
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    differentiable = [
        isinstance(each, Tensor) and each._value.dtype.kind in "fc" and not _among(each, ctx._constants)
        for each in outs
    ]
    values = [each._value for each, flag in zip(outs, differentiable) if flag]
    for each in outs:
        if not isinstance(each, Tensor) and each is not None and hasattr(each, "dtype"):
            raise TypeError(f"{cls.__name__}.forward: expected to return a Tensor, got {type(each).__name__}")
    if not values:
        return tuple(outs)
    multi = len(values) > 1
    names = type(ctx).__name__
    made = iter(custom_call(names, Tensor, args, values, _Pullback(cls, ctx, len(args)), multi, ctx._materialize))
    results = []
    for each, flag in zip(outs, differentiable):
        if not flag:
            results.append(each)
            continue
        new = next(made)
        ctx._saved = tuple([_Result(new._value, new._node) if kept is each and not _among(each, args) else kept
                            for kept in ctx._saved])  # fmt: skip
        if _among(each, ctx._dirty):
            each._node = new._node
            new = each
        results.append(new)
    return tuple(results)


class _Pullback:
    """The user's `backward` as the rule of one call."""

    def __init__(self, cls: Any, ctx: Any, count: int) -> None:
        self.cls = cls
        self.ctx = ctx
        self.count = count

    def __call__(self, *gs: Any) -> Any:
        cls, name = self.cls, type(self.ctx).__name__
        rule = cls.backward if cls.backward is not Function.backward else cls.vjp
        grads = rule(self.ctx, *[conj(g) for g in gs])
        grads = grads if isinstance(grads, tuple) else (grads,)
        while len(grads) > self.count and grads[-1] is None:
            grads = grads[:-1]
        if len(grads) != self.count:
            raise RuntimeError(
                f"function {name} returned an incorrect number of gradients (expected {self.count}, got {len(grads)})"
            )
        return [_Grad(name, index, g) for index, g in enumerate(map(conj, grads))] and self._fitted(grads, name)

    def _fitted(self, grads: Sequence[Any], name: str) -> list[Any]:
        fitted: list[Any] = []
        for index, (g, shape) in enumerate(zip(grads, self.ctx._shapes)):
            if g is None or shape is None:
                fitted.append(None)
                continue
            if not isinstance(g, Tensor):
                raise TypeError(f"{name}: expected Tensor or None as gradient {index}, got {type(g).__name__}")
            fitted.append(_reduced(name, index, conj(g), shape))
        return fitted


def _reduced(name: str, index: int, g: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A gradient summed to the shape of its input, where it is that of a broadcast."""
    own = shape_of(g)
    if own == shape:
        return g
    extra = len(own) - len(shape)
    if extra < 0 or any([have != want and want != 1 for have, want in zip(own[extra:], shape)]):
        raise RuntimeError(
            f"Function {name} returned an invalid gradient at index {index} - got {list(own)} but expected shape "
            f"compatible with {list(shape)}"
        )
    axes = tuple([i for i, n in enumerate(own) if i < extra or (shape[i - extra] == 1 and n != 1)])
    return constant(RESHAPE(SUM(g, axes), shape))
