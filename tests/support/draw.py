"""Example calls of a row, drawn from the samples that the row states; seeded by names, so that failures reproduce."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tetragrad.core.primitive import TABLE, Primitive
from tetragrad.families import Case, Complex, Real
from tetragrad.families.samples import Sample


class Call:
    """One call of a row: a case with its arguments drawn, and the row as a function of the variables among them."""

    def __init__(self, row: Primitive, case: Case, args: Sequence[Any], variables: Sequence[int]) -> None:
        self.row, self.case, self.args, self.variables = row, case, list(args), list(variables)
        self.params = case.params
        self.xs = [args[position] for position in variables]
        self.results = self.through(row.value, self.args)
        self.kept = [i for i, part in enumerate(self.results) if part.dtype.kind in "fc"]
        self.outputs = [self.results[i] for i in self.kept]

    def __str__(self) -> str:
        described = [f"{x.dtype}{list(np.shape(x))}" if hasattr(x, "dtype") else repr(x) for x in self.args]
        return f"{self.row.name}({', '.join([*described, *[f'{k}={v!r}' for k, v in self.params.items()]])})"

    def value(self, *xs: Any) -> list[Any]:
        """The differentiable outputs on plain arrays, from the row's NumPy function alone."""
        outputs = self.through(self.row.value, self.placed(xs))
        return [outputs[i] for i in self.kept]

    def door(self, *xs: Any) -> tuple[Any, ...]:
        """The same through the door."""
        outputs = self.through(self.row.door, self.placed(xs))
        return tuple([outputs[i] for i in self.kept])

    def placed(self, xs: Sequence[Any]) -> list[Any]:
        """The arguments, with other values for the variables."""
        args = list(self.args)
        for position, x in zip(self.variables, xs, strict=True):
            args[position] = x
        return args

    def through(self, function: Any, args: Sequence[Any]) -> tuple[Any, ...]:
        """What `function` determines at these arguments, seen through the case."""
        if self.case.before is not None:
            args = self.case.before(*args)
        outputs = function(*args, **self.params)
        outputs = tuple(outputs) if self.row.multi else (outputs,)
        return outputs if self.case.after is None else self.case.after(*outputs)

    def with_args(self, args: Sequence[Any]) -> Call:
        """The same call with other arguments."""
        return Call(self.row, self.case, args, self.variables)

    def astype(self, dtype: Any) -> Call:
        """The same call with its real or complex variables in the precision of `dtype`."""
        return self.with_args(self.placed([x.astype(precision(x.dtype, dtype)) for x in self.xs]))


Drawer = Callable[[np.random.Generator], Call]


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


def is_by_case(row: Primitive) -> bool:
    """Whether the row states whole example calls; else it states one sample per input, for arrays of any shape."""
    return not isinstance(row.sample, Sample) and isinstance(row.sample[0], Case)


def cases_of(row: Primitive) -> list[Case]:
    """The row's example calls; samples without a shape make one."""
    if is_by_case(row):
        return list(row.sample)
    return [Case(row.sample) if isinstance(row.sample, Sample) else Case(*row.sample)]


def has_complex(row: Primitive) -> bool:
    """Whether some example call of this row may be drawn with complex numbers."""
    return any(case_is_complex(row, case) for case in cases_of(row))


def case_is_complex(row: Primitive, case: Case) -> bool:
    drawn = [arg.complex for arg in case.args if isinstance(arg, Real)]
    return case.complex or (bool(drawn) and all(drawn) if is_by_case(row) else any(drawn))


def drawers(row: Primitive, dtype: str) -> Iterator[Drawer]:
    """The row's example calls in this dtype, each still to be drawn."""
    for case in cases_of(row):
        if dtype != "complex128" or case_is_complex(row, case):
            shapes = [(2, 3) if getattr(arg, "shape", None) is None else arg.shape for arg in case.args]
            yield functools.partial(draw_call, row, case, dtype, shapes=shapes)


def calls(row: Primitive, dtype: str, *purpose: Any) -> Iterator[Call]:
    """The row's example calls in this dtype, drawn."""
    for index, draw in enumerate(drawers(row, dtype)):
        yield draw(rng_for(row.name, dtype, index, *purpose))


def draw_call(
    row: Primitive, case: Case, dtype: str, rng: np.random.Generator, shapes: Sequence[tuple[int, ...]] = ()
) -> Call:
    """One call, its samples drawn with these shapes; what is drawn with floating or complex dtype is a variable."""
    if case.make is not None:
        args, drawn = list(case.make(rng, np.dtype(dtype))), None
    else:
        drawn = [isinstance(arg, Sample) for arg in case.args]
        args = [
            arg.draw(rng, shape, own_dtype(arg, case, dtype)) if isinstance(arg, Sample) else arg
            for arg, shape in zip(case.args, shapes, strict=True)
        ]
    variables = [i for i, arg in enumerate(args) if kind(arg) in "fc" and (drawn is None or drawn[i])]
    return Call(row, case, args, variables)


def own_dtype(sample: Sample, case: Case, dtype: str) -> Any:
    """The dtype in which this sample of the call is drawn: complex samples are complex, real ones stay real."""
    if isinstance(sample, Complex):
        return precision(np.dtype(complex), np.dtype(dtype))
    if dtype == "complex128" and not (case.complex or getattr(sample, "complex", False)):
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
