"""Where tests may draw the inputs of a row: intervals, integer ranges, and whole example calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Sample:
    """A source of random arrays of any shape."""

    shape: tuple[int, ...] | None = None

    def draw(self, rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        """Random array of this shape and dtype (`rng` is a `numpy.random.Generator`)."""
        raise NotImplementedError

    def __getitem__(self, shape: Any) -> Sample:
        """This sample with a fixed shape: ``Real(-1, 1)[3, 4]``, ``Real(-1, 1)[()]`` for 0-d."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.shape = shape if isinstance(shape, tuple) else (shape,)
        return copy


class Real(Sample):
    """Real numbers in [low, high], at least `margin` away from each point in `avoid` (kinks, poles).

    `special` lists points of the domain whose value and derivative tests must compare too, beside random ones.
    `complex` says that the function is also defined on complex numbers (with real and imaginary part in the interval).
    """

    def __init__(
        self, low: float, high: float, *, avoid: Sequence[float] = (), margin: float = 0.05,
        special: Sequence[float] = (), complex: bool = False,
    ) -> None:  # fmt: skip
        self.low, self.high, self.avoid, self.margin = low, high, tuple(avoid), margin
        self.special, self.complex = tuple(special), complex

    def draw(self, rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        import numpy as np

        dtype = np.dtype(dtype)
        x = self._real(rng, shape)
        if dtype.kind == "c":
            x = x + 1j * self._real(rng, shape)
        return np.asarray(x).astype(dtype)

    def _real(self, rng: Any, shape: tuple[int, ...]) -> Any:
        import numpy as np

        x = np.asarray(rng.uniform(self.low, self.high, shape))
        for point in self.avoid:
            near = np.abs(x - point) < self.margin
            side = (
                np.where(x < point, -1.0, 1.0) if self.low < point < self.high else (1.0 if point <= self.low else -1.0)
            )
            x = np.where(near, point + side * self.margin, x)
        return x


class Complex(Real):
    """Complex numbers only, real and imaginary part in [low, high]."""

    def __init__(self, low: float, high: float, **kwargs: Any) -> None:
        super().__init__(low, high, complex=True, **kwargs)


class Integers(Sample):
    """Integers in [low, high)."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def draw(self, rng: Any, shape: tuple[int, ...], dtype: Any = None) -> Any:
        return rng.integers(self.low, self.high, shape)


class Case:
    """One example call of a row: samples with shapes (or fixed values) for the arrays, and the parameters.

    ``Case(Real(-1, 1)[3, 4], axis=(0,))``. An argument that is not a Sample is passed as it is. `make` instead of
    samples builds the arrays from the generator: ``Case(make=lambda rng, dtype: (spd(rng, dtype, 3),))``.
    `complex` says that the case may also be drawn with complex inputs.

    Where a row is not a function of arbitrary arrays (it wants Hermitian ones), or parts of its result are a choice
    (the phases of eigenvectors), tests try the row between two functions written in the table's operations:
    ``before(*arrays)`` gives its arguments, ``after(*outputs)`` what is determined, both as tuples.
    """

    def __init__(
        self, *args: Any, make: Any = None, complex: bool = False, before: Any = None, after: Any = None, **params: Any
    ) -> None:
        self.args, self.make, self.complex, self.params = args, make, complex, params
        self.before, self.after = before, after

    def draw(self, rng: Any, dtype: Any) -> tuple[Any, ...]:
        """The array arguments of this call."""
        if self.make is not None:
            return self.make(rng, dtype)
        return tuple([arg.draw(rng, arg.shape or (), dtype) if isinstance(arg, Sample) else arg for arg in self.args])
