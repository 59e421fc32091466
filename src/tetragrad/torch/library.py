"""`torch.library`: operators of the user's own with a name; each is an `autograd.Function` underneath."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from ..dialects.names import answer_for
from .autograd.function import Function
from .errors import RuntimeError

_registered: dict[str, CustomOpDef] = {}


def custom_op(
    name: str, fn: Callable[..., Any] | None = None, /, *, mutates_args: str | Iterable[str], device_types: Any = None,
    schema: str | None = None, tags: Any = None,
) -> Any:  # fmt: skip
    """Make an operator of a function of Tensors, whose inside is not recorded.

    Parameters
    ----------
    name : str
        ``"namespace::name"``.
    fn : callable, optional
        Left out, a decorator.
    mutates_args : iterable of str
        The arguments that are written into. Such an operator cannot be differentiated.
    device_types, schema, tags
        Accepted, and ignored.

    Returns
    -------
    CustomOpDef

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad.torch as torch
    >>> @torch.library.custom_op("mylib::sine", mutates_args=())
    ... def sine(x: torch.Tensor) -> torch.Tensor:
    ...     return torch.from_numpy(np.sin(x.numpy()))
    >>> def setup_context(ctx, inputs, output):
    ...     ctx.save_for_backward(*inputs)
    >>> def backward(ctx, grad):
    ...     (x,) = ctx.saved_tensors
    ...     return grad * x.cos()
    >>> sine.register_autograd(backward, setup_context=setup_context)
    >>> x = torch.tensor([0.0], requires_grad=True)
    >>> sine(x).backward()
    >>> x.grad
    tensor([1.])
    """
    if fn is None:
        return lambda fn: custom_op(name, fn, mutates_args=mutates_args)
    return CustomOpDef(name, fn, bool(mutates_args))


class CustomOpDef:
    """An operator made by `custom_op`; call it like the function that it was made of."""

    def __init__(self, name: str, fn: Callable[..., Any], mutates: bool) -> None:
        namespace, _, own = name.partition("::")
        self._name, self._fn, self._mutates = name, fn, mutates
        self._signature = inspect.signature(fn)
        self._setup_context: Callable[..., Any] | None = None
        self._backward: Callable[..., Any] | None = None
        methods = {"forward": self._run, "setup_context": self._note, "backward": self._pull}
        methods = {name: staticmethod(method) for name, method in methods.items()}
        self._function: Any = type(f"GeneratedBackwardFor_{namespace}_{own}_default", (Function,), methods)
        _registered[name] = self

    def register_autograd(
        self, backward: Callable[..., Any], /, *, setup_context: Callable[..., Any] | None = None
    ) -> None:
        """Say how the operator is differentiated.

        Parameters
        ----------
        backward : callable
            ``backward(ctx, *grads)`` gives one gradient, or None, for each argument.
        setup_context : callable, optional
            ``setup_context(ctx, inputs, output)`` keeps what `backward` needs; it gets `keyword_only_inputs` too if the
            operator has such arguments.
        """
        if self._mutates:
            raise RuntimeError(
                f"Cannot register autograd formula for non-functional operator {self}. Please create a functional "
                "operator and register an autograd formula for that."
            )
        self._backward, self._setup_context = backward, setup_context

    def register_vmap(self, func: Callable[..., Any] | None = None) -> Any:
        """Say what the operator does to a batch: ``func(info, in_dims, *args)`` gives result and ``out_dims``."""
        if func is None:
            return self.register_vmap

        def on_batch(info: Any, in_dims: tuple[Any, ...], *args: Any) -> Any:
            return func(info, in_dims[:-1], *args[:-1], **args[-1])

        self._function.vmap = staticmethod(on_batch)
        return func

    def register_fake(self, fn: Callable[..., Any], /) -> Callable[..., Any]:
        """Accepted: operators are compiled without knowing shapes before."""
        return fn

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._mutates:
            return self._fn(*args, **kwargs)
        given = self._signature.bind(*args, **kwargs)
        given.apply_defaults()
        return self._function.apply(*given.args, given.kwargs)

    # What the Function does; the keyword arguments are its last argument.

    def _run(self, *args: Any) -> Any:
        return self._fn(*args[:-1], **args[-1])

    def _note(self, ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        if self._setup_context is not None:
            more = {"keyword_only_inputs": inputs[-1]} if inputs[-1] else {}
            self._setup_context(ctx=ctx, inputs=inputs[:-1], output=output, **more)

    def _pull(self, ctx: Any, *grads: Any) -> Any:
        if self._backward is None:
            raise RuntimeError(
                f"Trying to backward through {self} but no autograd formula was registered. Please use "
                "register_autograd to add one."
            )
        needs = ctx.needs_input_grad
        ctx.needs_input_grad = needs[:-1]
        try:
            found = self._backward(ctx, *grads)
        finally:
            ctx.needs_input_grad = needs
        found = found if isinstance(found, tuple) else (found,)
        if len(found) != len(needs) - 1:
            raise RuntimeError(
                f"The backward formula for {self} returned an incorrect number of gradients (expected "
                f"{len(needs) - 1}, got {len(found)}). Expected one gradient for each forward input. Use None for "
                "inputs that do not require a gradient."
            )
        return (*found, None)

    def __str__(self) -> str:
        return f"{self._name.replace('::', '.')}.default"

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._name})>"


def _named(op: Any) -> CustomOpDef:
    if isinstance(op, CustomOpDef):
        return op
    if op not in _registered:
        raise RuntimeError(f"there is no operator {op!r} made by torch.library.custom_op")
    return _registered[op]


def register_autograd(
    op: Any, backward: Callable[..., Any], /, *, setup_context: Callable[..., Any] | None = None, lib: Any = None
) -> None:
    """`CustomOpDef.register_autograd` of an operator, or of the one with that name."""
    _named(op).register_autograd(backward, setup_context=setup_context)


def register_vmap(op: Any, func: Callable[..., Any] | None = None, /, *, lib: Any = None) -> Any:
    """`CustomOpDef.register_vmap` of an operator, or of the one with that name."""
    return _named(op).register_vmap(func)


def register_fake(op: Any, func: Callable[..., Any] | None = None, /, *, lib: Any = None) -> Any:
    """Accepted, as by `CustomOpDef.register_fake`."""
    return _named(op).register_fake if func is None else func


__all__ = ["CustomOpDef", "custom_op", "register_autograd", "register_fake", "register_vmap"]

__getattr__ = answer_for(__name__)
