"""`torch.autograd.Function`: operations that the user differentiates himself."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from ...api.variables import inner
from ...core.batching import Batch
from ...core.custom import custom_call
from ...core.forward import Dual
from ...core.levels import Boxed, shape_of
from ...core.recording import is_recording, no_grad
from ...core.tensor import Leaf
from ...core.tensor import Tensor as CoreTensor
from ...dialects.names import answer_for
from ...families.rules import unbroadcast
from ...numpy.shaping import moveaxis as movedim
from ..errors import RuntimeError
from ..modes import transforming
from ..tensor import Tensor, conj


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
        cls._context = type(name + "Backward", (FunctionCtx,), {})


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
            value = each._value
            if isinstance(value, Dual) and value.level.number == top:
                return _forward_mode(cls, value.level, args)
            if isinstance(value, Batch) and value.level.number == top and not cls.generate_vmap_rule:
                return _batched(cls, value.level, args)
        _, outs, single = _call(cls, args, kwargs)
        return outs[0] if single else outs


def _context(cls: Any, args: Sequence[Any]) -> Any:
    ctx = cls._context()
    ctx.needs_input_grad = tuple([isinstance(arg, Tensor) and arg._node is not None for arg in args])
    ctx._shapes = [tuple(arg.shape) if isinstance(arg, Tensor) else None for arg in args]
    return ctx


def _call(cls: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, tuple[Any, ...], bool]:
    """Run `forward` and record the call: the context, the outputs, and whether there is only one."""
    ctx = _context(cls, args)
    recording = is_recording()
    with no_grad():
        out = _run(cls, ctx, args, kwargs)
    single = not isinstance(out, tuple)
    outs: tuple[Any, ...] = (out,) if single else out
    if recording and any(ctx.needs_input_grad):
        return ctx, _connect(cls, ctx, args, outs), single
    # An input that is handed back is a result, not the input.
    outs = tuple([Tensor(o._value, None) if _among(o, args) and not _among(o, ctx._dirty) else o for o in outs])
    return ctx, outs, single


def _forward_mode(cls: Any, level: Any, args: Sequence[Any]) -> Any:
    """The call on primals, and the user's `jvp` on tangents."""
    primals, tangents = [], []
    for arg in args:
        mine = isinstance(arg, Tensor) and isinstance(arg._value, Dual) and arg._value.level is level
        primals.append(_lower(arg._value.primal) if mine else arg)
        tangents.append(_lower(arg._value.tangent) if mine and arg._value.tangent is not None else None)
    ctx, outs, single = _call(cls, primals, {}) if not _boxed(primals) else (None, (), True)
    if ctx is None:
        raise RuntimeError(f"{cls.__name__}: nested forward-mode derivatives need torch operations, not a Function")
    moved = cls.jvp(ctx, *tangents)
    moved = moved if isinstance(moved, tuple) else (moved,)
    if len(moved) != len(outs):
        raise RuntimeError(
            f"{cls.__name__}.jvp returned an incorrect number of tangents (expected {len(outs)}, got {len(moved)})"
        )
    results = [out if t is None else Tensor(Dual(level, inner(out), inner(t)), None) for out, t in zip(outs, moved)]
    if is_recording() and any([isinstance(arg, Tensor) and arg._node is not None for arg in args]):
        # Reverse mode runs inside this level: the backward rule sees values with their tangents.
        above = _context(cls, args)
        cls.setup_context(above, tuple(args), results[0] if single else tuple(results))
        results = list(_connect(cls, above, args, results))
    return results[0] if single else tuple(results)


def _boxed(args: Sequence[Any]) -> bool:
    return any([isinstance(arg, Tensor) and isinstance(arg._value, Dual) for arg in args])


def _lower(value: Any) -> Tensor:
    return Tensor(value._value, value._node) if isinstance(value, CoreTensor) else Tensor(value, None)


class _VmapInfo:
    """What `vmap` is told of the batch."""

    def __init__(self, batch_size: int, randomness: str = "error") -> None:
        self.batch_size = batch_size
        self.randomness = randomness


def _batched(cls: Any, level: Any, args: Sequence[Any]) -> Any:
    """The user's `vmap` on whole batches."""
    if cls.vmap is Function.vmap:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it does not have vmap support. Please override and implement "
            f"the vmap staticmethod or set generate_vmap_rule=True."
        )
    values, dims, size = [], [], 0
    for arg in args:
        mine = isinstance(arg, Tensor) and isinstance(arg._value, Batch) and arg._value.level is level
        batched = mine and arg._value.size is not None
        values.append(_lower(arg._value.value) if mine else arg)
        dims.append(0 if batched else None)
        size = arg._value.size if batched else size
    out, out_dims = cls.vmap(_VmapInfo(size), tuple(dims), *values)
    single = not isinstance(out, tuple)
    outs = (out,) if single else out
    each_dim = out_dims if isinstance(out_dims, tuple) else (out_dims,) * len(outs)
    results = [
        o if dim is None else Tensor(Batch(level, inner(movedim(o, dim, 0)), size), None)
        for o, dim in zip(outs, each_dim)
    ]
    return results[0] if single else tuple(results)


def _run(cls: Any, ctx: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if cls.setup_context is Function.setup_context:
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
            raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
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
        return self._fitted(grads, name)

    def _fitted(self, grads: Sequence[Any], name: str) -> list[Any]:
        fitted: list[Any] = []
        for index, (g, shape) in enumerate(zip(grads, self.ctx._shapes)):
            if g is None or shape is None:
                fitted.append(None)
                continue
            if not isinstance(g, Tensor):
                raise RuntimeError(f"{name}: expected Variable or None (got {type(g).__name__})")
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
    reduced: Tensor = unbroadcast(g, shape, g._value.dtype)
    return reduced


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `backward` that is not written in differentiable operations: differentiating it raises."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with no_grad():
            outs = fn(ctx, *args)
        if not is_recording() or not any([isinstance(arg, Tensor) and arg._node is not None for arg in args]):
            return outs

        def refuse(*gs: Any) -> Any:
            raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")

        single = not isinstance(outs, tuple)
        results = []
        for out in (outs,) if single else outs:
            if isinstance(out, Tensor):
                (out,) = custom_call("DelayedError", Tensor, args, [out._value], refuse, False)
            results.append(out)
        return results[0] if single else tuple(results)

    return wrapper


class NestedIOFunction(Function):
    """Kept for old programs: a Function."""


InplaceFunction = Function
BackwardCFunction = FunctionCtx

__all__ = ["Function", "FunctionCtx", "FunctionMeta", "InplaceFunction", "NestedIOFunction", "once_differentiable"]

__getattr__ = answer_for(__name__)
