"""`torch.func`: transforms of functions, over the library's own. Errors and argument names are PyTorch's."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from .. import api
from ..api.containers import flatten, map_leaves
from ..core.forward import Dual
from ..core.levels import Boxed
from ..core.recording import recorded_call
from ..core.sweep import reach
from ..core.tensor import Leaf
from ..dialects.names import missing_name
from ..errors import CotangentError, ShapeError, TetragradError
from . import errors
from .errors import RuntimeError
from .modes import transforming
from .tensor import Tensor, conj, constant

_randomness: ContextVar[str] = ContextVar("tetragrad_torch_randomness", default="none")

randomness = _randomness.get


def _inside(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, known to run inside a transform."""

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        token = transforming.set(transforming.get() + 1)
        try:
            return f(*args, **kwargs)
        finally:
            transforming.reset(token)

    return call


def _run(transform: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a transformed function: recording is on whatever the surroundings, errors are PyTorch's."""
    try:
        return recorded_call(transform, *args, **kwargs)
    except TetragradError as error:
        raise errors.translate(error) from error


def _check_inputs(name: str, args: Sequence[Any]) -> None:
    for leaf in flatten(tuple(args))[0]:
        if not isinstance(leaf, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(leaf)}")
        if leaf._value.dtype.kind not in "fc":
            raise errors.DifferentiableTypeError("only Tensors of floating point dtype can require gradients")


def _loose(leaf: Any) -> Any:
    """A result as a constant, unless a running transform or a variable of the user's has a part in it."""
    if not isinstance(leaf, Tensor) or leaf._node is None or transforming.get():
        return leaf
    order, _ = reach([leaf._node])
    owned = [node for node in order if isinstance(node, Leaf) and node.owner is not None and node.owner() is not None]
    return leaf if owned else Tensor(leaf._value, None)


def _conjugated(tree: Any) -> Any:
    return map_leaves(conj, tree)


def _positions(argnums: Any, count: int) -> Any:
    for position in (argnums,) if isinstance(argnums, int) else argnums:
        if not -count <= position < count:
            raise RuntimeError(f"Got argnum={position}, but only {count} positional inputs")
    return argnums


def _chosen(argnums: Any, args: Sequence[Any]) -> Sequence[Any]:
    return [args[i] for i in ((argnums,) if isinstance(argnums, int) else argnums)]


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient and the value of `func` (with `has_aux` a pair of value and aux).

    Parameters
    ----------
    func : callable
        Returns a Tensor with one element and no axes.
    argnums : int or tuple of int
        Which positional arguments to differentiate; each may be a nest of Tensors.
    has_aux : bool
        `func` returns a pair, of which the first part is differentiated.
    """

    def checked(*args: Any, **kwargs: Any) -> Any:
        out = _inside(func)(*args, **kwargs)
        if has_aux and not (isinstance(out, tuple) and len(out) == 2):
            raise RuntimeError(
                "grad_and_value(f)(*args): output of function f should be a tuple: (output, aux) if has_aux is True"
            )
        value = out[0] if has_aux else out
        if not isinstance(value, Tensor):
            raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(value)}")
        if len(value._value.shape) != 0:
            raise errors.NonScalarError(
                f"grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                f"{len(value._value.shape)} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
            )
        return out

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        _check_inputs("grad", _chosen(_positions(argnums, len(args)), args))
        transform = api.value_and_grad(checked, argnums, has_aux)
        value, gradient = _run(transform, *args, **kwargs)
        return _conjugated(gradient), value

    return wrapper


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of `func` (and aux with `has_aux`).

    Examples
    --------
    >>> import tetragrad.torch as torch
    >>> torch.func.grad(torch.sin)(torch.tensor(0.0))
    tensor(1.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Value of `func`, and the function that pulls cotangents of it back to the primals (aux with `has_aux`)."""
    _check_inputs("vjp", primals)
    out, pullback, *aux = map_leaves(_loose, _run(api.vjp, _inside(func), *primals, has_aux=has_aux))

    def vjp_fn(*cotangents: Any, **kwargs: Any) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        try:
            found = _run(pullback, _conjugated(given))
        except CotangentError as error:
            raise RuntimeError(f"vjp: the cotangents do not fit the output of the function: {error}") from None
        return _conjugated(map_leaves(constant, found))

    return (out, vjp_fn, *aux)


def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> tuple[Any, ...]:
    """Value of `func` and its derivative in the direction of the tangents (aux with `has_aux`)."""
    if not isinstance(primals, tuple):
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    if not isinstance(tangents, tuple):
        raise RuntimeError(f"jvp(f, primals, tangents): Expected tangents to be a tuple, got {type(tangents).__name__}")
    _check_inputs("jvp", primals)
    if flatten(primals)[1] != flatten(tangents)[1]:
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python structure."
        )
    for primal, tangent in zip(flatten(primals)[0], flatten(tangents)[0]):
        if isinstance(tangent, Tensor) and tangent.shape != primal.shape:
            raise RuntimeError(
                f"Trying to set a forward gradient that has a different size than that of the original Tensor, this is "
                f"not supported. Tensor is of size {list(primal.shape)} while the given forward gradient is of size "
                f"{list(tangent.shape)}."
            )
    f = _inside(func)
    return tuple(_run(api.jvp, _dependent(f, has_aux) if strict else f, primals, tangents, has_aux))


def _dependent(f: Callable[..., Any], has_aux: bool) -> Callable[..., Any]:
    """`f`, refused if some output does not depend on the inputs."""

    def checked(*args: Any) -> Any:
        out = f(*args)
        for leaf in flatten(out[0] if has_aux else out)[0]:
            if not isinstance(leaf, Tensor) or not isinstance(leaf._value, Dual) or leaf._value.tangent is None:
                raise RuntimeError(
                    "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not "
                    "allowed with strict=True."
                )
        return out

    return checked


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Value of `func`, and its derivative at the primals as a function of the tangents."""
    _check_inputs("linearize", primals)
    out, push = map_leaves(_loose, _run(api.linearize, _inside(func), *primals))

    def jvp_fn(*tangents: Any) -> Any:
        return map_leaves(constant, _run(push, *tangents))

    return out, jvp_fn


def _jacobian(transform: Callable[..., Any], func: Any, argnums: Any, has_aux: bool, name: str) -> Callable[..., Any]:
    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        _check_inputs(name, _chosen(_positions(argnums, len(args)), args))
        found: list[Any] = []

        def plain(*points: Any, **named: Any) -> Any:
            out = _inside(func)(*points, **named)
            value, aux = out if has_aux else (out, None)
            if not all([isinstance(leaf, Tensor) for leaf in flatten(value)[0]]):
                raise RuntimeError(f"{name}: Expected f(*args) to return Tensors")
            found.append(aux)
            return value

        result = map_leaves(lambda leaf: _loose(constant(leaf)), _run(transform(plain, argnums), *args, **kwargs))
        return (result, map_leaves(_freed, found[0])) if has_aux else result

    return wrapper


def _freed(leaf: Any) -> Any:
    """An auxiliary value without the marks of the transform it came from."""
    value = leaf
    while isinstance(value, Tensor) and isinstance(value._value, Boxed):
        value = constant(value._value.inside)
    return value.detach() if isinstance(value, Tensor) else value


def jacrev(
    func: Callable[..., Any], argnums: Any = 0, *, has_aux: bool = False, chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """A function that returns the Jacobian of `func`, by reverse mode."""
    return _jacobian(api.jacrev, func, argnums, has_aux, "jacrev")


def jacfwd(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """A function that returns the Jacobian of `func`, by forward mode."""
    return _jacobian(api.jacfwd, func, argnums, has_aux, "jacfwd")


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """A function that returns the matrix of second derivatives of `func`, forward over reverse."""
    return jacfwd(jacrev(func, argnums), argnums)


def vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error",
    *, chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """A function that applies `func` to each entry along an axis of its arguments, as one batch.

    Parameters
    ----------
    func : callable
        Sees single examples, returns Tensors.
    in_dims, out_dims : int, None or nest of them
        The mapped axes of arguments and results.
    randomness : {'error', 'same', 'different'}
        Whether random functions raise, or draw the same numbers for all examples; with ``"different"`` they raise too.
    chunk_size : int, optional
        Accepted; all examples are computed at once.
    """
    if randomness not in ("error", "same", "different"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")

    def checked(*args: Any, **kwargs: Any) -> Any:
        token = _randomness.set(randomness)
        try:
            out = _inside(func)(*args, **kwargs)
        finally:
            _randomness.reset(token)
        for leaf in flatten(out)[0]:
            if not isinstance(leaf, Tensor):
                raise ValueError(
                    f"vmap({getattr(func, '__name__', 'f')}, ...): `{getattr(func, '__name__', 'f')}` must only "
                    f"return Tensors, got type {type(leaf)}. Did you mean to set out_dims= to None for output?"
                )
        return out

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        dims = _in_dims(in_dims, args)
        given = functools.partial(checked, **kwargs) if kwargs else checked
        try:
            return _run(api.vmap(given, dims, out_dims), *args)
        except ShapeError as error:
            if str(error).startswith(("vmap: mapped axes", "vmap: in_axes", "vmap: no argument", "vmap: out_axes")):
                raise ValueError(_vmap_words(str(error))) from None
            raise

    return wrapper


def _vmap_words(text: str) -> str:
    if "must have one length" in text:
        return "vmap: Expected all tensors to have the same size in the mapped dimension; " + text
    return text


def _in_dims(in_dims: Any, args: Sequence[Any]) -> Any:
    """`in_dims` in the library's form; numbers that are not Tensors are not mapped."""
    if isinstance(in_dims, int):
        return tuple([None if isinstance(arg, (int, float, complex)) else in_dims for arg in args])
    if isinstance(in_dims, list):
        return tuple(in_dims)
    return in_dims


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """`func` itself: writes in place are functional here already."""
    return func


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Let no batch normalisation inside a module keep running statistics, which `vmap` could not update."""
    for module in root.modules():
        if hasattr(module, "track_running_stats"):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


def functional_call(
    module: Any, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: Any = None, *, tie_weights: bool = True,
    strict: bool = False,
) -> Any:  # fmt: skip
    """Call a module with other parameters than its own."""
    given: dict[str, Any] = {}
    dicts = parameter_and_buffer_dicts
    for part in [dicts] if isinstance(dicts, dict) else dicts:
        given.update(part)
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    owners = dict(module._named_owners())
    unexpected, missing = [n for n in given if n not in owners], [n for n in owners if n not in given]
    if strict and (unexpected or missing):
        raise RuntimeError(
            f"Error(s) in reparametrizing for {type(module).__name__}: unexpected keys {unexpected}, missing {missing}"
        )
    if unexpected:
        raise KeyError(unexpected[0])
    saved = [(owners[name], name.rpartition(".")[2]) for name in given]
    before = [(tensors, key, tensors[key]) for tensors, key in saved]
    try:
        for (tensors, key), value in zip(saved, given.values()):
            tensors[key] = value
        return module(*args, **(kwargs or {}))
    finally:
        for tensors, key, value in before:
            tensors[key] = value


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and buffers of several modules, stacked, for `vmap` over `functional_call`."""
    from .shaping import stack

    names = [name for name, _ in models[0].named_parameters()]
    params = {
        name: stack([dict(model.named_parameters())[name] for model in models]).detach().requires_grad_()
        for name in names
    }
    buffers = {
        name: stack([dict(model.named_buffers())[name] for model in models]) for name, _ in models[0].named_buffers()
    }
    return params, buffers


def debug_unwrap(tensor: Any, *, recurse: bool = True) -> Any:
    """The Tensor inside a value of a transform."""
    value = tensor._value
    inner = getattr(value, "primal", getattr(value, "value", None)) if isinstance(value, Boxed) else None
    if inner is None:
        return tensor
    found = constant(inner) if not isinstance(inner, Tensor) else inner
    return debug_unwrap(found) if recurse else found


__all__ = [
    "debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev",
    "jvp", "linearize", "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.torch.func", name, __all__)
