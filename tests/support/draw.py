"""Example calls of a row, drawn from the samples that the row states; seeded by names, so that failures reproduce."""

from __future__ import annotations

import functools
import zlib
from typing import Any, Callable, Iterator, Sequence

import numpy as np

from tetragrad.core.primitive import TABLE, Primitive
from tetragrad.families import Case, Complex, Real
from tetragrad.families.samples import Sample


FREE = Case()
Drawer = Callable[[np.random.Generator], "Call"]


class Call:
    """Arguments for one row: which of them are variables, and the row as a function of those alone."""

    def __init__(
        self, row: Primitive, args: Sequence[Any], variables: Sequence[int], params: dict[str, Any], case: Case = FREE
    ) -> None:
        self.row, self.args, self.variables, self.params, self.case = row, list(args), list(variables), params, case
        self.xs = [args[position] for position in variables]
        outputs = self.through(row.value, self.args)
        self.kept = [i for i, part in enumerate(outputs) if part.dtype.kind in "fc"]
        self.outputs = [outputs[i] for i in self.kept]

    def __str__(self) -> str:
        described = [f"{x.dtype}{list(np.shape(x))}" if hasattr(x, "dtype") else repr(x) for x in self.args]
        return f"{self.row.name}({', '.join([*described, *[f'{k}={v!r}' for k, v in self.params.items()]])})"

    def value(self, *xs: Any) -> list[Any]:
        """The differentiable outputs on plain arrays, from the row's NumPy function alone."""
        return self._apply(self.row.value, xs)

    def door(self, *xs: Any) -> tuple[Any, ...]:
        """The same through the door."""
        return tuple(self._apply(self.row.door, xs))

    def _apply(self, function: Any, xs: Sequence[Any]) -> list[Any]:
        args = list(self.args)
        for position, x in zip(self.variables, xs, strict=True):
            args[position] = x
        outputs = self.through(function, args)
        return [outputs[i] for i in self.kept]

    def through(self, function: Any, args: Sequence[Any]) -> tuple[Any, ...]:
        """What `function` determines at these arguments, seen through the case."""
        if self.case.before is not None:
            args = self.case.before(*args)
        outputs = as_tuple(function(*args, **self.params), self.row)
        return outputs if self.case.after is None else self.case.after(*outputs)

    def astype(self, dtype: Any) -> Call:
        """The same call with its real or complex variables in the precision of `dtype`."""
        args = list(self.args)
        for position in self.variables:
            args[position] = args[position].astype(precision(args[position].dtype, dtype))
        return Call(self.row, args, self.variables, self.params, self.case)


def as_tuple(outputs: Any, row: Primitive) -> tuple[Any, ...]:
    return tuple(outputs) if row.multi else (outputs,)


def precision(own: np.dtype, dtype: Any) -> np.dtype:
    """A dtype of the kind of `own` with the precision of `dtype`."""
    real = np.finfo(dtype).dtype
    return np.result_type(real, np.complex64) if own.kind == "c" else real


def rng_for(*names: Any) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32("/".join(map(str, names)).encode()))


def rows(*families: str) -> list[Primitive]:
    """The table, by name; of these families only, if any are named."""
    return [TABLE[name] for name in sorted(TABLE) if not families or TABLE[name].family in families]


def dtypes_of(row: Primitive) -> list[str]:
    """The dtypes in which this row can be drawn."""
    return ["float64", "float32", "complex128"] if has_complex(row) else ["float64", "float32"]


def samples_of(row: Primitive) -> list[Sample]:
    """One sample per input of an elementwise row."""
    return [row.sample] if isinstance(row.sample, Sample) else list(row.sample)


def is_by_case(row: Primitive) -> bool:
    return not isinstance(row.sample, Sample) and isinstance(row.sample[0], Case)


def has_complex(row: Primitive) -> bool:
    """Whether some sample of this row may be drawn with complex numbers."""
    if is_by_case(row):
        return any(map(case_is_complex, row.sample))
    return any(getattr(sample, "complex", False) for sample in samples_of(row))


def case_is_complex(case: Case) -> bool:
    if case.complex:
        return True
    drawn = [arg for arg in case.args if isinstance(arg, Real)]
    return bool(drawn) and all(sample.complex for sample in drawn)


def drawers(row: Primitive, dtype: str) -> Iterator[Drawer]:
    """The row's example calls in this dtype, each still to be drawn."""
    if not is_by_case(row):
        shapes = [sample.shape or (2, 3) for sample in samples_of(row)]
        yield lambda rng: draw_elementwise(row, dtype, shapes, rng)
        return
    for case in row.sample:
        if dtype != "complex128" or case_is_complex(case):
            yield functools.partial(draw_case, row, case, dtype)


def calls(row: Primitive, dtype: str, *purpose: Any) -> Iterator[Call]:
    """The row's example calls in this dtype, drawn."""
    for index, draw in enumerate(drawers(row, dtype)):
        yield draw(rng_for(row.name, dtype, index, *purpose))


def draw_case(row: Primitive, case: Case, dtype: str, rng: np.random.Generator) -> Call:
    args = list(case.draw(rng, np.dtype(dtype)))
    drawn = range(len(args)) if case.make is not None else [i for i, arg in enumerate(case.args) if isinstance(arg, Sample)]
    return Call(row, args, [i for i in drawn if kind(args[i]) in "fc"], case.params, case)


def draw_elementwise(row: Primitive, dtype: str, shapes: Sequence[tuple[int, ...]], rng: np.random.Generator) -> Call:
    args = [
        sample.draw(rng, shape, own_dtype(sample, dtype)) for sample, shape in zip(samples_of(row), shapes, strict=True)
    ]
    return Call(row, args, [i for i, arg in enumerate(args) if kind(arg) in "fc"], {})


def own_dtype(sample: Sample, dtype: str) -> Any:
    if isinstance(sample, Complex):
        return precision(np.dtype(complex), np.dtype(dtype))
    if dtype == "complex128" and not getattr(sample, "complex", False):
        return np.dtype(float)
    return np.dtype(dtype)


def kind(x: Any) -> str:
    return x.dtype.kind if hasattr(x, "dtype") else "O"


def direction(rng: np.random.Generator, like: Sequence[Any]) -> tuple[Any, ...]:
    """Random arrays of the shapes and dtypes of `like`, every element of size about one."""
    return tuple([_direction(rng, np.asarray(x)) for x in like])


def _direction(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    v = rng.uniform(0.3, 1.0, x.shape) * rng.choice([-1.0, 1.0], x.shape)
    if x.dtype.kind == "c":
        v = v + 1j * rng.uniform(-1.0, 1.0, x.shape)
    return np.asarray(v).astype(x.dtype)
