"""`torch.autograd.functional`: products with, and whole, Jacobians and Hessians of functions of Tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...api.containers import map_leaves
from ...api.jacobians import jacfwd
from ...core.recording import recorded_call
from ...dialects.names import answer_for
from ..backward import fitted, seeds_of, sweep
from ..errors import NonScalarError, RuntimeError
from ..tensor import Tensor, constant

_FORWARD_NEEDS_VECTORIZE = (
    "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only implemented for `vectorize=True`."
)


def _as_tuple(value: Any, argument: str, function: str) -> tuple[bool, tuple[Any, ...]]:
    """Whether there were several, and all of them as a tuple of Tensors."""
    several = isinstance(value, tuple)
    parts = value if several else (value,)
    for i, part in enumerate(parts):
        if not isinstance(part, Tensor):
            which = f"the value at index {i}" if several else f"the given {argument}"
            raise TypeError(
                f"The {argument} given to {function} must be either a Tensor or a tuple of Tensors but {which} has "
                f"type {type(part)}."
            )
    return several, parts


def _variables(inputs: Sequence[Tensor], create_graph: bool) -> tuple[Tensor, ...]:
    """Fresh variables with the values of the inputs, attached to their graphs if the results are to be."""
    if create_graph:
        return tuple([x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in inputs])  # type: ignore
    return tuple([x.detach().requires_grad_() for x in inputs])


def _call(func: Callable[..., Any], inputs: Sequence[Tensor], name: str) -> tuple[bool, tuple[Any, ...]]:
    return _as_tuple(recorded_call(func, *inputs), "outputs of the user-provided function", name)


def _pull(
    outs: Sequence[Tensor], seeds: Sequence[Any], xs: Sequence[Tensor], create_graph: bool, strict: bool, which: str
) -> tuple[Any, ...]:
    """Gradients of the outputs by the variables: zeros where there is no dependence, an error if that is strict."""
    pairs = [(out, g) for out, g in zip(outs, seeds) if out.requires_grad]
    if strict and len(pairs) < len(outs):
        i = [out.requires_grad for out in outs].index(False)
        raise RuntimeError(
            f"Output {i} of the user-provided function does not require gradients. The outputs must be computed in a "
            f"differentiable manner from the input when running in strict mode."
        )
    found: dict[Any, Any] = {}
    if pairs:
        some, given = zip(*pairs)
        found = sweep(some, seeds_of(some, given, create_graph, "tensors"), [x._node for x in xs], create_graph, True)  # type: ignore
    results = []
    for i, x in enumerate(xs):
        if strict and x._node not in found:
            raise RuntimeError(
                f"{which} of the user-provided function is independent of input {i}. This is not allowed in strict "
                f"mode."
            )
        results.append(fitted(found.get(x._node), x, set()))
    return tuple(results)


def _checked_v(v: Any, likes: Sequence[Tensor], several: bool, what: str) -> tuple[Tensor, ...]:
    _, vs = _as_tuple(v, "v", what)
    if len(vs) != len(likes):
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(likes)} but got {len(vs)}.")
    for i, (each, like) in enumerate(zip(vs, likes)):
        if each.shape != like.shape:
            entry = f"Entry {i} in " if len(vs) > 1 else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {like.shape!r} but got {each.shape!r}.")
    return vs


def _shed(parts: Sequence[Any], several: bool, create_graph: bool) -> Any:
    parts = tuple(parts) if create_graph else tuple([part.detach() for part in parts])
    return parts if several else parts[0]


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """Value of `func`, and the product of a vector `v` with its Jacobian.

    Parameters
    ----------
    func : callable
        Takes Tensors, returns a Tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        Of the shape of the outputs; may be left out if there is one output with one element.
    create_graph : bool
        Let the results be differentiated again.
    strict : bool
        Raise where an output does not depend on an input, instead of zeros.
    """
    several, xs = _as_tuple(inputs, "inputs", "vjp")
    xs = _variables(xs, create_graph)
    several_out, outs = _call(func, xs, "vjp")
    if v is None:
        if len(outs) != 1 or outs[0].shape.numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single "
                "element."
            )
        vs: Sequence[Any] = [Tensor(np.ones(outs[0].shape, outs[0]._value.dtype), None)]
    else:
        vs = _checked_v(v, outs, several_out, "vjp")
    grads = _pull(outs, vs, xs, create_graph, strict, "The output")
    return _shed(outs, several_out, create_graph), _shed(grads, several, create_graph)


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """Value of `func`, and the product of its Jacobian with a vector `v` of the shape of the inputs."""
    several, given = _as_tuple(inputs, "inputs", "jvp")
    if v is None:
        if len(given) != 1 or given[0].shape.numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the input to the user-provided function is a single Tensor with a "
                "single element."
            )
        v = Tensor(np.ones(given[0].shape, given[0]._value.dtype), None)
    vs = _checked_v(v, given, several, "jvp")
    xs = _variables(given, create_graph)
    several_out, outs = _call(func, xs, "jvp")
    # The pullback is linear in its cotangent, and its own pullback is the derivative wanted.
    zeros = [Tensor(np.zeros(out.shape, out._value.dtype), None).requires_grad_() for out in outs]
    grads = _pull(outs, zeros, xs, True, strict, "The output")
    tangents = _pull([g for g in grads if g.requires_grad], [t for g, t in zip(grads, vs) if g.requires_grad],
                     zeros, create_graph, False, "The output")  # fmt: skip
    return _shed(outs, several_out, create_graph), _shed(tangents, several_out, create_graph)


def jacobian(
    func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The Jacobian of `func`: for each output of shape s and input of shape t a Tensor of shape s + t.

    Parameters
    ----------
    func, inputs, create_graph, strict
        As for `vjp`.
    vectorize : bool
        All rows (or columns) in one batch.
    strategy : {'reverse-mode', 'forward-mode'}
        Forward mode only with `vectorize`.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    several, given = _as_tuple(inputs, "inputs", "jacobian")
    if strict and vectorize:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
            "Please either set `strict=False` or `vectorize=False`."
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not '
                'supported together (yet). Please either set `create_graph=False` or `strategy="reverse-mode"`.'
            )
        if not vectorize:
            raise NotImplementedError(_FORWARD_NEEDS_VECTORIZE)
        fixed = [x.detach() for x in given]
        blocks = map_leaves(constant, jacfwd(func, tuple(range(len(fixed))))(*fixed))
        several_out = isinstance(blocks[0], tuple)
        rows = blocks if several_out else (blocks,)
        return _nest([list(row) for row in rows], several_out, several)
    xs = _variables(given, create_graph)
    several_out, outs = _call(func, xs, "jacobian")
    blocks = []
    for i, out in enumerate(outs):
        if strict and not out.requires_grad:
            raise RuntimeError(
                f"Output {i} of the user-provided function does not require gradients. The outputs must be computed "
                f"in a differentiable manner from the input when running in strict mode."
            )
        if out.is_complex():
            raise NonScalarError(f"grad can be implicitly created only for real scalar outputs but got {out.dtype!r}")
        rows = []
        for position in range(out.shape.numel()):
            seed = np.zeros(out.shape, out._value.dtype)
            seed.reshape(-1)[position] = 1
            rows.append(
                _pull([out], [Tensor(seed if seed.ndim else seed[()], None)], xs, create_graph, strict, f"Output {i}")
            )
        blocks.append([_stacked([row[j] for row in rows], out, x, create_graph) for j, x in enumerate(xs)])
    return _nest(blocks, several_out, several)


def _stacked(rows: Sequence[Tensor], out: Tensor, x: Tensor, create_graph: bool) -> Tensor:
    from ..shaping import stack

    if not rows:
        return Tensor(np.zeros((*out.shape, *x.shape), x._value.dtype), None)
    whole: Tensor = stack(rows).reshape((*out.shape, *x.shape))
    return whole if create_graph else whole.detach()


def _nest(blocks: Sequence[Sequence[Any]], several_out: bool, several_in: bool) -> Any:
    nested = tuple([tuple(row) if several_in else row[0] for row in blocks])
    return nested if several_out else nested[0]


def _scalar_call(func: Callable[..., Any], name: str) -> Callable[..., Any]:
    def call(*xs: Any) -> Any:
        out = func(*xs)
        several, outs = _as_tuple(out, "outputs of the user-provided function", name)
        if several or len(outs) != 1:
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        if outs[0].shape.numel() != 1:
            raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
        return outs[0].reshape(())

    return call


def hessian(
    func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The matrix of second derivatives of a function with one element as result."""
    several, _ = _as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    scalar = _scalar_call(func, "hessian")

    def gradient(*xs: Any) -> Any:
        ys = tuple([x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in xs])
        out = recorded_call(scalar, *ys)
        if strict and not out.requires_grad:
            raise RuntimeError(
                "Output 0 of the user-provided function does not require gradients. The outputs must be computed in a "
                "differentiable manner from the input when running in strict mode."
            )
        grads = _pull([out], [None], ys, True, strict, "Output 0")
        return grads if several else grads[0]

    if outer_jacobian_strategy == "forward-mode":
        if not vectorize:
            raise NotImplementedError(_FORWARD_NEEDS_VECTORIZE)
        return jacobian_of_gradient(scalar, inputs, several)
    return jacobian(gradient, inputs, create_graph=create_graph, strict=strict, vectorize=vectorize)


def jacobian_of_gradient(scalar: Callable[..., Any], inputs: Any, several: bool) -> Any:
    """The Hessian, forward over reverse."""
    from ...api import hessian as own_hessian

    xs = [x.detach() for x in (inputs if several else (inputs,))]
    blocks = own_hessian(scalar, tuple(range(len(xs))))(*xs)
    blocks = map_leaves(constant, blocks)
    return blocks if several else blocks[0][0]


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """Value of a function with one element as result, and the product of a vector with its Hessian."""
    return _second(func, inputs, v, create_graph, strict, "vhp")


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """Value of a function with one element as result, and the product of its Hessian with a vector."""
    return _second(func, inputs, v, create_graph, strict, "hvp")


def _second(func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool, name: str) -> Any:
    """The Hessian is symmetric: both products are one pullback of the gradient."""
    several, given = _as_tuple(inputs, "inputs", name)
    if v is None:
        if len(given) != 1 or given[0].shape.numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the input to the user-provided function is a single Tensor with a "
                "single element."
            )
        v = Tensor(np.ones(given[0].shape, given[0]._value.dtype), None)
    vs = _checked_v(v, given, several, name)
    xs = _variables(given, create_graph)
    out = recorded_call(_scalar_call(func, name), *xs)
    grads = _pull([out], [None], xs, True, strict, "The output")
    products = _pull(grads, vs, xs, create_graph, strict, "The output")
    return _shed([out], False, create_graph), _shed(products, several, create_graph)


__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

__getattr__ = answer_for(__name__)
