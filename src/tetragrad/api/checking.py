"""`check_grads`: derivatives against central differences, in random directions, to any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.levels import concrete, shape_of
from ..errors import GradientCheckError
from .containers import flatten, unflatten
from .forward import jvp
from .reverse import vjp


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 1,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    seed: int = 0,
) -> None:
    """Compare the derivatives of `f` with central differences in random directions.

    Parameters
    ----------
    f : callable
        Takes and returns floating or complex arrays, or nested containers of them.
    args : sequence
        The point at which to check.
    order : int
        Highest order of derivative: each order checks the derivatives of the one below.
    modes : sequence of {'fwd', 'rev'}
        Which modes to check.
    atol, rtol : float, optional
        Tolerances; by default 1e-6 for float64, 2e-2 for float32.
    eps : float, optional
        Step of the differences; by default 1e-5 for float64, 1e-2 for float32.
    seed : int
        Seed of the random directions.

    Raises
    ------
    GradientCheckError
        Naming the mode, the order, and both numbers.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> tg.check_grads(lambda x: np.sin(x) * x, (0.7,), order=2)
    """
    for mode in modes:
        if mode not in ("fwd", "rev"):
            raise ValueError(f"check_grads: unknown mode {mode!r}; use 'fwd' and 'rev'")
    single = any(
        [
            np.asarray(concrete(leaf, "check_grads")).dtype in (np.float32, np.complex64)
            for leaf in flatten(list(args))[0]
        ]
    )
    tolerances = _Tolerances(
        atol if atol is not None else 2e-2 if single else 1e-6,
        rtol if rtol is not None else 2e-2 if single else 1e-6,
        eps if eps is not None else 1e-2 if single else 1e-5,
    )
    _check(f, tuple(args), order, tuple(modes), tolerances, np.random.default_rng(seed), 1, "")


class _Tolerances:
    def __init__(self, atol: float, rtol: float, eps: float) -> None:
        self.atol, self.rtol, self.eps = atol, rtol, eps


def _check(
    f: Callable[..., Any], args: tuple[Any, ...], order: int, modes: tuple[str, ...], tolerances: _Tolerances, rng: Any,
    depth: int, path: str,
) -> None:  # fmt: skip
    directions = _random_like(args, rng)
    numerical = _difference(f, args, directions, tolerances.eps)
    if "fwd" in modes:
        tangent = flatten(jvp(f, args, directions)[1])[0]
        for exact, approximate in zip(tangent, numerical):
            _compare(exact, approximate, tolerances, f"{path}fwd (order {depth})")
    if "rev" in modes:
        out, pullback = vjp(f, *args)
        cotangents = _random_like(out, rng)
        pulled = pullback(cotangents)
        exact = _pairing(flatten(pulled)[0], flatten(directions)[0])
        approximate = _pairing(flatten(cotangents)[0], numerical)
        _compare(exact, approximate, tolerances, f"{path}rev (order {depth})")
    if order > 1:
        if "fwd" in modes:
            _check(
                lambda *point: jvp(f, point, directions)[1], args, order - 1, modes, tolerances, rng, depth + 1,
                f"{path}fwd under ",
            )  # fmt: skip
        if "rev" in modes:
            _check(
                lambda *point: vjp(f, *point)[1](cotangents), args, order - 1, modes, tolerances, rng, depth + 1,
                f"{path}rev under ",
            )  # fmt: skip


def _random_like(tree: Any, rng: Any) -> Any:
    leaves, structure = flatten(tree)
    drawn = []
    for leaf in leaves:
        dtype = np.asarray(concrete(leaf, "check_grads")).dtype
        values = rng.standard_normal(shape_of(leaf))
        if dtype.kind == "c":
            values = values + 1j * rng.standard_normal(shape_of(leaf))
        drawn.append(np.asarray(values).astype(dtype)[()])
    return unflatten(structure, drawn)


def _difference(f: Callable[..., Any], args: tuple[Any, ...], directions: Any, eps: float) -> list[Any]:
    """Central difference of `f` along the directions, one array per output leaf."""
    leaves, structure = flatten(args)
    steps = flatten(directions)[0]
    shifted = []
    for sign in (1, -1):
        point = [concrete(leaf, "check_grads") + step * (sign * eps) for leaf, step in zip(leaves, steps)]
        point = [np.asarray(p).astype(np.asarray(step).dtype)[()] for p, step in zip(point, steps)]
        shifted.append(
            [np.asarray(concrete(leaf, "check_grads")) for leaf in flatten(f(*unflatten(structure, point)))[0]]
        )
    return [(up - down) / (2 * eps) for up, down in zip(*shifted)]


def _pairing(cotangents: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Re(sum(g t)): the bilinear pairing of cotangents and tangents."""
    return sum(
        [
            float(np.real(np.sum(np.asarray(concrete(g, "check_grads")) * np.asarray(concrete(t, "check_grads")))))
            for g, t in zip(cotangents, tangents)
        ]
    )


def _compare(exact: Any, approximate: Any, tolerances: _Tolerances, what: str) -> None:
    exact, approximate = np.asarray(concrete(exact, "check_grads")), np.asarray(approximate)
    if exact.shape != approximate.shape:
        raise GradientCheckError(
            f"check_grads: {what}: derivative of shape {exact.shape}, value of shape {approximate.shape}"
        )
    if not np.allclose(exact, approximate, rtol=tolerances.rtol, atol=tolerances.atol, equal_nan=True):
        raise GradientCheckError(f"check_grads: {what}: derivative {exact!r}, central difference {approximate!r}")
