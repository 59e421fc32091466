"""Random Tensors from a seeded generator (other numbers than PyTorch draws from the same seed)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.levels import impure
from ..core.locks import process_lock
from ..dialects.names import answer_for
from ..numpy.writing import assign
from . import dtypes, errors
from .creation import made, shape_from
from .dtypes import check_device, get_default_dtype, numpy_dtype
from .tensor import Tensor, constant, written

_lock = process_lock()


class Generator:
    """A source of random numbers."""

    def __init__(self, device: Any = "cpu") -> None:
        check_device(device)
        self._seed = 0
        self._source = np.random.default_rng()

    @property
    def _rng(self) -> np.random.Generator:
        """NumPy's generator, for drawing."""
        impure("random numbers")
        return self._source

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from a seed."""
        self._seed = int(seed)
        self._source = np.random.default_rng(self._seed % (1 << 64))
        return self

    def seed(self) -> int:
        """Start anew from a seed of the system's, and return it."""
        self.manual_seed(int(np.random.SeedSequence().generate_state(1, np.uint64)[0]))
        return self._seed

    def initial_seed(self) -> int:
        """The seed last given."""
        return self._seed

    def get_state(self) -> Any:
        """The state, for `set_state`."""
        return self._source.bit_generator.state

    def set_state(self, new_state: Any) -> None:
        """Go on from a state."""
        self._source.bit_generator.state = new_state


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator from the system."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed last given to the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The default generator's state."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Set the default generator's state."""
    default_generator.set_state(new_state)


def refuse_in_vmap() -> None:
    """Random numbers inside `vmap` need to be told whether examples share them."""
    from .func import randomness

    if randomness() == "error":
        raise errors.RuntimeError(
            "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
            "'different' randomness flags on vmap or perform the randomness operation out of vmap"
        )
    if randomness() == "different":
        raise errors.RuntimeError(
            "vmap: randomness='different' is not available in tetragrad; draw the numbers of all examples outside and "
            "map over them"
        )


def draw(generator: Generator | None, numbers: Any) -> Any:
    """Numbers from a generator, the default one if None: ``numbers(NumPy generator)``."""
    refuse_in_vmap()
    with _lock:
        return numbers((generator or default_generator)._rng)


def _size(size: Any, kwargs: dict[str, Any]) -> tuple[int, ...]:
    return shape_from((kwargs["size"],) if kwargs.get("size") is not None else size)


def _float(dtype: Any) -> Any:
    return numpy_dtype(dtype or get_default_dtype())


def _normal(shape: Any, dtype: Any, generator: Generator | None = None) -> Any:
    if dtype.kind not in "fc":
        raise NotImplementedError(f"\"normal_kernel_cpu\" not implemented for '{dtypes.as_dtype(dtype).legacy}'")

    def numbers(rng: Any) -> Any:
        if dtype.kind == "c":
            return ((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)).astype(dtype)
        return np.asarray(rng.standard_normal(shape)).astype(dtype)

    return np.asarray(draw(generator, numbers))


def _uniform(shape: Any, dtype: Any, generator: Generator | None = None) -> Any:
    kind = dtype if dtype in (np.float32, np.float64) else np.float32
    return np.asarray(draw(generator, lambda rng: rng.random(shape, dtype=kind.type if kind is dtype else kind)), dtype)


def rand(
    *size: Any, generator: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False, **kwargs: Any
) -> Tensor:
    """Uniform on [0, 1)."""
    check_device(device)
    return made(_uniform(_size(size, kwargs), _float(dtype), generator), requires_grad)


def randn(
    *size: Any, generator: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False, **kwargs: Any
) -> Tensor:
    """Standard normal."""
    check_device(device)
    return made(_normal(_size(size, kwargs), _float(dtype), generator), requires_grad)


def rand_like(input: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform on [0, 1), of the shape of a Tensor."""
    return rand(tuple(input.shape), dtype=dtype or input.dtype, requires_grad=requires_grad)


def randn_like(input: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Standard normal, of the shape of a Tensor."""
    return randn(tuple(input.shape), dtype=dtype or input.dtype, requires_grad=requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Integers from `low` up to, not including, `high`."""
    check_device(device)
    if size is None:
        low, high, size = 0, low, high
    if low >= high:
        raise errors.RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    shape = shape_from((size,))
    value = draw(generator, lambda rng: rng.integers(low, high, shape))
    return made(np.asarray(value).astype(numpy_dtype(dtype) or np.int64), requires_grad)


def randperm(n: int, *, generator: Any = None, dtype: Any = None, device: Any = None) -> Tensor:
    """The numbers 0 to n - 1 in random order."""
    check_device(device)
    return made(np.asarray(draw(generator, lambda rng: rng.permutation(n))).astype(numpy_dtype(dtype) or np.int64))


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers of given means and standard deviations."""
    parts = [each for each in (mean, std) if isinstance(each, Tensor)]
    if parts:
        shape = np.broadcast_shapes(*[tuple(each.shape) for each in parts])
        drawn = constant(_normal(shape, parts[0]._value.dtype, generator)[()])
        values = [each.detach() if isinstance(each, Tensor) else each for each in (mean, std)]
        return constant(drawn * values[1] + values[0])
    if size is None:
        raise TypeError("normal() received an invalid combination of arguments: mean and std are numbers, so size is "
                        "needed")  # fmt: skip
    wanted = _float(dtype)
    return made((_normal(shape_from((size,)), wanted, generator) * wanted.type(std) + wanted.type(mean)), requires_grad)


def bernoulli(input: Any, p: Any = None, *, generator: Any = None) -> Tensor:
    """1 with the given probabilities, else 0."""
    chance = np.asarray(input.detach()._array()) if p is None else p
    drawn = draw(generator, lambda rng: rng.random(tuple(input.shape)))
    return made(np.asarray(drawn < chance).astype(input._value.dtype))


def multinomial(input: Any, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Tensor:
    """Indices drawn with the given weights, per row."""
    weights = np.asarray(input.detach()._array(), np.float64)
    rows = [
        draw(generator, lambda rng, w=row: rng.choice(len(w), num_samples, replace=replacement, p=w / w.sum()))
        for row in np.atleast_2d(weights)
    ]
    return made(np.asarray(rows if weights.ndim == 2 else rows[0], np.int64))


# -- in place ---------------------------------------------------------------------------------------------------------


def normal_(self: Any, mean: float = 0, std: float = 1, *, generator: Any = None) -> Any:
    """Fill with normal numbers."""
    written(self)
    return assign(self, Tensor(_normal(tuple(self.shape), self._value.dtype, generator) * std + mean, None), "normal_")


def uniform_(self: Any, a: float = 0, b: float = 1, *, generator: Any = None) -> Any:
    """Fill with uniform numbers on [a, b)."""
    written(self)
    return assign(
        self, Tensor(_uniform(tuple(self.shape), self._value.dtype, generator) * (b - a) + a, None), "uniform_"
    )


def bernoulli_(self: Any, p: float = 0.5, *, generator: Any = None) -> Any:
    """Fill with 1 with probability p, else 0."""
    written(self)
    return assign(self, bernoulli(self, p, generator=generator), "bernoulli_")


__all__ = [
    "Generator", "bernoulli", "default_generator", "get_rng_state", "initial_seed", "manual_seed", "multinomial",
    "normal", "rand", "rand_like", "randint", "randn", "randn_like", "randperm", "seed", "set_rng_state",
]  # fmt: skip

__getattr__ = answer_for(__name__)
