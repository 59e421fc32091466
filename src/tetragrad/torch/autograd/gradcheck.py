"""`gradcheck`: Jacobians by backward (and forward) passes against central differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import GradientCheckError
from .. import errors
from ..tensor import Tensor


class GradcheckError(errors.RuntimeError, GradientCheckError):
    """A derivative that disagrees with the numerical one."""


def _tensors(nest: Any) -> tuple[Any, ...]:
    return (nest,) if isinstance(nest, Tensor) else tuple(nest)


def _outputs(func: Callable[..., Any], inputs: Sequence[Any]) -> list[Tensor]:
    outs = func(*inputs)
    outs = (outs,) if isinstance(outs, Tensor) else outs
    return [out for out in outs if isinstance(out, Tensor) and out._value.dtype.kind in "fc"]


def gradcheck(
    func: Callable[..., Any], inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
    raise_exception: bool = True, nondet_tol: float = 0.0, check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False, check_batched_grad: bool = False, check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False, check_backward_ad: bool = True, fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:  # fmt: skip
    """Compare the derivatives of `func` with central differences of step `eps`.

    Parameters
    ----------
    func : callable
        Takes Tensors, returns a Tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
        In double precision, those to check with ``requires_grad``.
    eps, atol, rtol : float
    raise_exception : bool
        False: return False where a derivative is wrong.
    check_forward_ad, check_backward_ad : bool
        Which modes to check.
    nondet_tol, check_undefined_grad, check_grad_dtypes, check_batched_grad, check_batched_forward_grad
        Accepted.
    fast_mode, masked
        Accepted; the full check is done in any case.

    Returns
    -------
    bool
        True if all agree.
    """
    try:
        _check(func, _tensors(inputs), eps, atol, rtol, check_forward_ad, check_backward_ad)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _check(
    func: Callable[..., Any], inputs: tuple[Any, ...], eps: float, atol: float, rtol: float, forward: bool,
    backward: bool,
) -> None:  # fmt: skip
    checked = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for i in checked:
        if inputs[i]._value.dtype.itemsize < (16 if inputs[i]._value.dtype.kind == "c" else 8):
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check "
                f"will likely fail if all the inputs are not of double precision floating point or complex. ",
                UserWarning,
                stacklevel=4,
            )
    outs = _outputs(func, inputs)
    numerical = _numerical(func, inputs, checked, eps)
    if backward:
        _compare(_analytical(outs, [inputs[i] for i in checked]), numerical, checked, atol, rtol)
    if forward:
        _compare(_pushed(func, inputs, checked), numerical, checked, atol, rtol)


def _numerical(func: Callable[..., Any], inputs: tuple[Any, ...], checked: Sequence[int], eps: float) -> Any:
    """Per input, per output: d output / d input as a matrix (elements of the input, elements of the output).

    For complex inputs the differences along the real and the imaginary axis are combined as PyTorch's convention wants.
    """
    matrices = []
    for i in checked:
        point = np.array(inputs[i].detach()._array())
        columns: list[list[Any]] = []
        for position in range(point.size):
            slope = _slope(func, inputs, i, point, position, eps)
            if point.dtype.kind == "c":
                along = _slope(func, inputs, i, point, position, 1j * eps)
                slope = [(r, s) for r, s in zip(slope, along)]
            columns.append(slope)
        matrices.append([[column[o] for column in columns] for o in range(len(columns[0]) if columns else 0)])
    return matrices


def _slope(func: Any, inputs: Any, i: int, point: Any, position: int, step: Any) -> list[Any]:
    values = []
    for sign in (1, -1):
        moved = point.copy()
        moved.reshape(-1)[position] += sign * step
        args = [x.detach() if isinstance(x, Tensor) else x for x in inputs]
        args[i] = Tensor(moved if moved.ndim else moved[()], None).requires_grad_()
        values.append([np.array(out.detach()._array()).reshape(-1) for out in _outputs(func, args)])
    return [(up - down) / (2 * abs(step)) for up, down in zip(*values)]


def _seeds(size: int, dtype: Any) -> Any:
    return [(j, unit) for j in range(size) for unit in ((1, 1j) if dtype.kind == "c" else (1,))]


def _analytical(outs: Sequence[Tensor], xs: Sequence[Tensor]) -> Any:
    from . import grad

    matrices: list[list[Any]] = [[] for _ in xs]
    for out in outs:
        size, dtype = out.shape.numel(), out._value.dtype
        rows: list[list[Any]] = [[] for _ in xs]
        for j, unit in _seeds(size, dtype):
            seed = np.zeros(size, dtype)
            seed[j] = unit
            seed = seed.reshape(out.shape)
            found: Any = [None] * len(xs)
            if out.requires_grad:
                g = Tensor(seed if seed.ndim else seed[()], None)
                found = grad(out, xs, g, retain_graph=True, allow_unused=True)
            for row, g, x in zip(rows, found, xs):
                row.append(np.zeros(x.shape.numel(), x._value.dtype) if g is None else np.array(g._array()).reshape(-1))
        for matrix, row in zip(matrices, rows):
            matrix.append((dtype, row))
    return matrices


def _pushed(func: Callable[..., Any], inputs: tuple[Any, ...], checked: Sequence[int]) -> Any:
    """Per input, per output, the list of the columns: by forward mode."""
    from ...api import jvp

    matrices = []
    for i in checked:
        x = inputs[i].detach()
        columns = []
        for position in range(x.shape.numel()):
            t = np.zeros(x.shape.numel(), x._value.dtype)
            t[position] = 1
            t = t.reshape(x.shape)

            def partial(moving: Any, i: int = i) -> Any:
                args = [each.detach() if isinstance(each, Tensor) else each for each in inputs]
                args[i] = moving
                return tuple(_outputs(func, args))

            _, tangents = jvp(partial, (x,), (Tensor(t if t.ndim else t[()], None),))
            columns.append([np.array(each._array()).reshape(-1) for each in tangents])
        matrices.append([("forward", [column[o] for column in columns]) for o in range(len(columns[0]))])
    return matrices


def _compare(analytical: Any, numerical: Any, checked: Sequence[int], atol: float, rtol: float) -> None:
    for position, (exact, rough) in enumerate(zip(analytical, numerical)):
        for o, ((kind, rows), columns) in enumerate(zip(exact, rough)):
            n, a = _matched(kind, rows, columns)
            if not np.allclose(n, a, rtol=rtol, atol=atol, equal_nan=True):
                raise GradcheckError(
                    f"Jacobian mismatch for output {o} with respect to input {checked[position]},\n"
                    f"numerical:{Tensor(np.asarray(n), None)!r}\nanalytical:{Tensor(np.asarray(a), None)!r}\n"
                )


def _matched(kind: Any, rows: Any, columns: Any) -> tuple[Any, Any]:
    """Numerical and analytical Jacobian, (elements of the input, elements of the output [times two if complex])."""
    if isinstance(columns[0], tuple):  # complex input: gradient of Re(conj(seed) out) by x = d/dre + 1j d/dim
        if isinstance(kind, str):
            return np.array([r for r, _ in columns]), np.array(rows)
        units = (1, 1j) if kind.kind == "c" else (1,)
        n = np.array(
            [[np.real(np.conj(u) * r[j]) + 1j * np.real(np.conj(u) * s[j]) for j in range(len(r)) for u in units]
             for r, s in columns]
        )  # fmt: skip
        return n, np.array(rows).T
    if isinstance(kind, str):
        return np.array(columns), np.array(rows)
    if kind.kind == "c":
        n = np.array([[np.real(np.conj(u) * each) for each in column for u in (1, 1j)] for column in columns])
        return n, np.array(rows).T
    return np.array(columns), np.array(rows).T


def gradgradcheck(
    func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, *, eps: float = 1e-6, atol: float = 1e-5,
    rtol: float = 1e-3, gen_non_contig_grad_outputs: bool = False, raise_exception: bool = True,
    nondet_tol: float = 0.0, check_undefined_grad: bool = True, check_grad_dtypes: bool = False,
    check_batched_grad: bool = False, check_fwd_over_rev: bool = False, check_rev_over_rev: bool = True,
    fast_mode: bool = False, masked: bool = False,
) -> bool:  # fmt: skip
    """Compare second derivatives with central differences of the first; parameters as for `gradcheck`."""
    from . import grad

    xs = _tensors(inputs)
    outs = _outputs(func, xs)
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        made = []
        for out in outs:
            values = rng.standard_normal(out.shape).astype(out._value.dtype)
            made.append(Tensor(np.asarray(values) if np.ndim(values) else values, None).requires_grad_())
        grad_outputs = tuple(made)
    gs = _tensors(grad_outputs)

    def gradient(*args: Any) -> Any:
        points, seeds = args[: len(xs)], args[len(xs) :]
        points = tuple([p if p.requires_grad or not x.requires_grad else Tensor(p._value, None).requires_grad_()
                        for p, x in zip(points, xs)])  # fmt: skip
        wanted = [p for p in points if isinstance(p, Tensor) and p.requires_grad]
        return grad(_outputs(func, points), wanted, seeds, create_graph=True, allow_unused=True, materialize_grads=True)

    return gradcheck(
        gradient, xs + gs, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
        check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev,
    )  # fmt: skip


__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]
