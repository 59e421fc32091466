"""`mxnet.np.random`: random arrays, float32, all drawn from one generator that `seed` resets.

The numbers are those of NumPy's generator, not MXNet's: equal seeds give equal runs, not MXNet's own draws.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from ...core.levels import impure
from ...core.tensor import Tensor
from ...dialects.names import missing_name
from ..context import check
from ..ndarray import NDArray, ndarray
from .creation import wrap

_generator = onp.random.default_rng()


def seed(seed: int | None = None, ctx: Any = "all") -> None:
    """Start the generator anew."""
    global _generator
    _generator = onp.random.default_rng(None if seed is None else abs(int(seed)))


def _source() -> onp.random.Generator:
    impure("random numbers")
    return _generator


def _plain(arg: Any) -> Any:
    return arg.asnumpy() if isinstance(arg, NDArray) else arg


def _shape(size: Any, *parameters: Any) -> Any:
    if size is not None:
        return (int(size),) if isinstance(size, (int, onp.integer)) else tuple([int(length) for length in size])
    return onp.broadcast_shapes(*[onp.shape(_plain(parameter)) for parameter in parameters])


def _as(values: Any, dtype: Any, ctx: Any) -> ndarray:
    check(ctx)
    return wrap(onp.asarray(values).astype(dtype or "float32"))


def _placed(noise: ndarray, loc: Any, scale: Any, out: Any) -> Any:
    """``loc + scale * noise``, with the derivatives of both parameters."""
    made = noise
    if isinstance(scale, Tensor) or onp.ndim(scale) or scale != 1:
        made = made * (scale if isinstance(scale, Tensor) or not onp.ndim(scale) else wrap(scale))
    if isinstance(loc, Tensor) or onp.ndim(loc) or loc != 0:
        made = made + (loc if isinstance(loc, Tensor) or not onp.ndim(loc) else wrap(loc))
    if made.dtype != noise.dtype:
        made = made.astype(noise.dtype)
    if out is None:
        return made
    out[...] = made
    return out


def normal(
    loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None,
    device: Any = None,
) -> ndarray:  # fmt: skip
    """Draws from the normal distribution with mean `loc` and standard deviation `scale`.

    Examples
    --------
    >>> from tetragrad.mxnet import np
    >>> np.random.normal(0, 0.01, size=(2, 3)).shape
    (2, 3)
    """
    noise = _as(_source().standard_normal(_shape(size, loc, scale)), dtype, ctx or device)
    return _placed(noise, loc, scale, out)


def uniform(
    low: Any = 0.0, high: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None,
    device: Any = None,
) -> ndarray:  # fmt: skip
    """Draws from the uniform distribution on [low, high)."""
    noise = _as(_source().random(_shape(size, low, high)), dtype, ctx or device)
    return _placed(noise, low, high - low, out)


def randint(
    low: Any,
    high: Any = None,
    size: Any = None,
    dtype: Any = None,
    ctx: Any = None,
    out: Any = None,
    device: Any = None,
) -> ndarray:
    """Whole numbers from [low, high), int64; from [0, low) if `high` is not given."""
    made = _as(_source().integers(int(low), None if high is None else int(high), size), dtype or "int64", ctx or device)
    if out is None:
        return made
    out[...] = made
    return out


def randn(*size: int, dtype: Any = None, ctx: Any = None) -> ndarray:
    """Standard normal draws in the shape given by the arguments."""
    return normal(size=size, dtype=dtype, ctx=ctx)


def rand(*size: int, dtype: Any = None, ctx: Any = None) -> ndarray:
    """Draws from [0, 1) in the shape given by the arguments."""
    return uniform(size=size, dtype=dtype, ctx=ctx)


def choice(
    a: Any, size: Any = None, replace: bool = True, p: Any = None, ctx: Any = None, out: Any = None, device: Any = None
) -> ndarray:
    """Draws from the elements of `a`, or from range(a)."""
    values = _source().choice(_plain(a), size, replace, None if p is None else _normalized(p))
    return _as(values, a.dtype if isinstance(a, NDArray) else "int64", ctx or device)


def _normalized(p: Any) -> Any:
    p = onp.asarray(_plain(p), float)
    return p / p.sum()


def multinomial(n: int, pvals: Any, size: Any = None) -> ndarray:
    """How often each outcome came in `n` draws with these probabilities, int64."""
    p = onp.asarray(_plain(pvals), float)
    if (p < 0).any() or p.sum() > 1 + 1e-5:
        raise ValueError("sum(pvals[:-1].astype(np.float64)) > 1.0")
    p = p.copy()
    p[-1] = max(0.0, 1 - p[:-1].sum())
    return wrap(_source().multinomial(int(n), p / p.sum(), size))


def shuffle(x: Any) -> None:
    """Put the rows of `x` into a random order, in place."""
    x[...] = x[wrap(_source().permutation(x.shape[0]))]


def permutation(x: Any) -> ndarray:
    """A random order of range(x), or of the rows of `x`."""
    if isinstance(x, NDArray):
        return x[wrap(_source().permutation(x.shape[0]))]
    return wrap(_source().permutation(int(x)).astype("int64"))


def exponential(scale: Any = 1.0, size: Any = None, ctx: Any = None, out: Any = None) -> ndarray:
    """Draws from the exponential distribution with this mean."""
    return _placed(_as(_source().standard_exponential(_shape(size, scale)), None, ctx), 0, scale, out)


def gamma(
    shape: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None
) -> ndarray:
    """Draws from the gamma distribution."""
    noise = _as(_source().standard_gamma(_plain(shape), _shape(size, shape, scale)), dtype, ctx)
    return _placed(noise, 0, scale, out)


def beta(a: Any, b: Any, size: Any = None, dtype: Any = None, ctx: Any = None) -> ndarray:
    """Draws from the beta distribution."""
    return _as(_source().beta(_plain(a), _plain(b), size), dtype, ctx)


def chisquare(df: Any, size: Any = None, dtype: Any = None, ctx: Any = None) -> ndarray:
    """Draws from the chi-square distribution."""
    return _as(_source().chisquare(_plain(df), size), dtype, ctx)


def bernoulli(prob: Any, logit: Any = None, size: Any = None, dtype: Any = None, ctx: Any = None) -> ndarray:
    """Ones with this probability, zeros otherwise."""
    return _as(_source().random(_shape(size, prob)) < _plain(prob), dtype, ctx)


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.mxnet.np.random", name, globals())
