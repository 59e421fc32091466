"""Reverse mode: `vjp`, and `grad` and `value_and_grad` on top of the same steps.

A function's arguments become fresh variables, the function runs and is recorded, and one backward sweep brings the
cotangents back. Nested uses share one graph: a sweep is itself recorded exactly when its result depends on variables
outside its own, which its walk over the graph finds out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.bind import describe
from ..core.levels import Boxed, level_of
from ..core.recording import is_recording, transformed_call
from ..core.sweep import fit_cotangent, own_result, pull, reach
from ..core.tensor import Leaf, Tensor
from ..errors import DifferentiableTypeError, EscapedValueError, NonScalarError
from .containers import argument_positions, flatten, map_leaves, matching_leaves, unflatten
from .variables import face_of, fit_result, outward, reverse_variable


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """Make a function that returns the value and the gradient of `f`.

    Parameters
    ----------
    f : callable
        Returns one number (any shape with one element), or ``(number, aux)`` with `has_aux`.
    argnums : int or sequence of int
        Which positional arguments to differentiate; each may be a nested container of arrays.
    has_aux : bool
        `f` returns a pair; its second part is passed through.
    holomorphic : bool
        Allow a complex result, promising that `f` is holomorphic.

    Returns
    -------
    callable
        ``(*args, **kwargs) -> (value, gradient)``, or ``((value, aux), gradient)``. The gradient has the structure,
        shapes and dtypes of the argument; a tuple of gradients if `argnums` is a sequence. Plain arrays in, plain
        arrays out. For complex arguments the gradient is df/dz for holomorphic f and the conjugate of the direction of
        steepest ascent for real f (no conjugation, as in JAX).

    Raises
    ------
    NonScalarError
        If the result has more than one element, or is complex without `holomorphic`.
    DifferentiableTypeError
        If an argument is of integer or boolean dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> tg.value_and_grad(lambda x: (x**2).sum())(np.array([1.0, 2.0, 3.0]))
    (np.float64(14.0), array([2., 4., 6.]))
    """

    @functools.wraps(f)
    def value_and_grad_f(*args: Any, **kwargs: Any) -> Any:
        positions = argument_positions(argnums, len(args), "grad")
        single = isinstance(argnums, int)
        leaves, structure = flatten(args[positions[0]] if single else [args[position] for position in positions])
        tensors = [reverse_variable(leaf, "grad") for leaf in leaves]
        variables = Variables(leaves, tensors)
        recording = is_recording()
        inputs = list(args)
        trees = unflatten(structure, tensors)
        for position, tree in zip(positions, (trees,) if single else trees):
            inputs[position] = tree
        out = variables.record(f, inputs, kwargs)
        aux = None
        if has_aux:
            out, aux = _pair(out)
        _check_scalar(out, holomorphic)
        gradients, recorded = variables.cotangents([out], [None], None if recording else False)
        gradient = unflatten(structure, gradients)
        keep = variables.given_as_tensors or recorded
        value = _release(out, keep, recorded)
        if has_aux:
            value = value, map_leaves(lambda leaf: _release(leaf, keep, recorded), aux)
        return value, gradient if single else tuple(gradient)

    return value_and_grad_f


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """Make a function that returns the gradient of `f`.

    Parameters
    ----------
    f, argnums, has_aux, holomorphic
        As for `value_and_grad`.

    Returns
    -------
    callable
        ``(*args, **kwargs) -> gradient``, or ``(gradient, aux)`` with `has_aux`.

    Raises
    ------
    NonScalarError, DifferentiableTypeError
        As `value_and_grad`.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> tg.grad(np.sin)(0.0)
    np.float64(1.0)
    >>> tg.grad(tg.grad(lambda x: x**3))(2.0)
    np.float64(12.0)
    """
    both = value_and_grad(f, argnums, has_aux, holomorphic)

    @functools.wraps(f)
    def grad_f(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return grad_f


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Value of `f` and the function that pulls cotangents of the value back to the arguments.

    Parameters
    ----------
    f : callable
        Takes and returns arrays or nested containers of arrays.
    *primals
        The arguments; all are differentiated.
    has_aux : bool
        `f` returns ``(out, aux)``.

    Returns
    -------
    out
        ``f(*primals)``.
    pullback : callable
        ``pullback(cotangent of out) -> tuple of cotangents, one per argument``; may be called any number of times.
    aux
        Only with `has_aux`.

    Raises
    ------
    CotangentError
        From the pullback, if the cotangent does not fit `out` in structure, shape or dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> out, pullback = tg.vjp(lambda x, y: x * y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pullback(np.array([1.0, 1.0]))
    (array([3., 4.]), array([1., 2.]))
    """
    leaves, structure = flatten(primals)
    tensors = [reverse_variable(leaf, "vjp") for leaf in leaves]
    variables = Variables(leaves, tensors)
    recording = is_recording()
    out = variables.record(f, unflatten(structure, tensors), {})
    aux = None
    if has_aux:
        out, aux = _pair(out)
    out_leaves, out_structure = flatten(out)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        gs = matching_leaves(cotangent, out_structure, "pullback")
        gs = [fit_cotangent(g, _shape(leaf), leaf.dtype, "pullback") for g, leaf in zip(gs, out_leaves)]
        create_graph = None if recording or is_recording() else False
        gradients, _ = variables.cotangents(out_leaves, gs, create_graph, retain_graph=True)
        return tuple(unflatten(structure, gradients))

    attached = variables.given_as_tensors or any(
        [isinstance(leaf, Tensor) and variables.are_joined_by_others(leaf) for leaf in out_leaves]
    )
    result = unflatten(out_structure, [_release(leaf, attached, attached) for leaf in out_leaves])
    if has_aux:
        return result, pullback, map_leaves(lambda leaf: _release(leaf, attached, attached), aux)
    return result, pullback


class Variables:
    """The fresh variables of one transform: their nodes, and what the caller gave for them.

    The nodes are noted before the function runs, since it may write into its arguments.
    """

    __slots__ = ("given_as_tensors", "leaves", "level", "nodes")

    def __init__(self, leaves: Sequence[Any], tensors: Sequence[Tensor]) -> None:
        self.leaves = leaves
        self.nodes: list[Any] = [tensor._node for tensor in tensors]
        self.level = min([level_of(tensor) for tensor in tensors], default=0)
        self.given_as_tensors = any([isinstance(leaf, Tensor) for leaf in leaves])

    def record(self, f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Run `f` recorded; afterwards nobody else can ask for the gradients of its variables."""
        try:
            return transformed_call(f, args, kwargs)
        finally:
            for node in self.nodes:
                if isinstance(node, Leaf):
                    node.retired = True

    def are_joined_by_others(self, out: Tensor) -> bool:
        """Whether `out` depends on variables other than these (then it stays in the graph they share)."""
        if out._node is None or not self.nodes:
            return out._node is not None
        own = set(self.nodes)
        order, met_older = reach([out._node], min([node.number for node in own]))
        return met_older or any([node.is_live() and node not in own for node in order])

    def cotangents(
        self, outs: Sequence[Any], gs: Sequence[Any], create_graph: bool | None, retain_graph: bool = False
    ) -> tuple[list[Any], bool]:
        """Cotangents of the variables, as results for the caller; and whether the sweep was recorded."""
        roots, seeds = [], []
        for out, g in zip(outs, gs):
            if isinstance(out, Tensor) and isinstance(out._value, Boxed):
                self.check_context(out._value)
            if isinstance(out, Tensor) and out._node is not None:
                roots.append(out._node)
                seeds.append(_seed(out, g))
        found, recorded = pull(roots, seeds, self.nodes, create_graph=create_graph, retain_graph=retain_graph)
        as_tensor = self.given_as_tensors or any([isinstance(g, Tensor) for g in gs])
        taken = {id(g) for g in gs if g is not None}
        results = []
        for node, leaf in zip(self.nodes, self.leaves):
            ct = fit_result(found.get(node), node, node.dtype)
            results.append(outward(own_result(ct, taken), face_of(leaf), as_tensor))
        return results, recorded

    def check_context(self, out: Boxed) -> None:
        """Variables are made at the level that runs; a new thread does not know of it, and would find zeros."""
        if self.level < out.level.number:
            raise EscapedValueError(
                f"grad: the function used a value of a `{out.level.kind}` that runs in another thread or context. "
                f"Start "
                f"the thread's work with contextvars.copy_context().run(...), so that it belongs there too."
            )


def _seed(out: Tensor, g: Any) -> Any:
    """The cotangent of an output, 1 if none was given; a Tensor where the sweep meets values of a running transform."""
    if g is None:
        g = np.ones(out.shape, out.dtype) if out.shape else out.dtype.type(1)
    return Tensor(g, None) if isinstance(out._value, Boxed) and not isinstance(g, Tensor) else g


def _shape(leaf: Any) -> tuple[int, ...]:
    return leaf.shape if hasattr(leaf, "shape") else np.shape(leaf)


def _release(leaf: Any, keep: bool, attached: bool) -> Any:
    """An output for the caller: still in the graph, a constant Tensor, or a plain array."""
    if not isinstance(leaf, Tensor):
        return leaf
    return outward(leaf if attached else type(leaf)(leaf._value, None), type(leaf), keep)


def _pair(out: Any) -> tuple[Any, Any]:
    if not isinstance(out, tuple) or len(out) != 2:
        raise TypeError(f"has_aux=True needs a function that returns (result, aux), got {type(out).__name__}")
    return out


def _check_scalar(out: Any, holomorphic: bool) -> None:
    if not hasattr(out, "dtype") and not isinstance(out, (int, float, complex)):
        raise NonScalarError(
            f"grad: the function must return one number, got {type(out).__name__}. Return an array with one "
            f"element; for "
            f"several results use vjp or jacobian."
        )
    shape = _shape(out)
    if any([length != 1 for length in shape]):
        raise NonScalarError(
            f"grad: the function must return one number, got {describe(out)}. Reduce it (for instance with .sum()), "
            f"or use "
            f"vjp with a cotangent, or jacobian."
        )
    dtype = np.result_type(out) if not hasattr(out, "dtype") else out.dtype
    if dtype.kind == "c" and not holomorphic:
        raise NonScalarError(
            f"grad: the result is complex ({dtype}), so it has no gradient in general. Return a real number, or pass "
            f"holomorphic=True if the function is holomorphic."
        )
    if dtype.kind not in "fc" and isinstance(out, Tensor):
        raise DifferentiableTypeError(f"grad: the result {describe(out)} is not a floating-point number.")
