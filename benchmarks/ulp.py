"""Accuracy and speed of the compiled functions: `python -m benchmarks.ulp` writes docs/compile-accuracy.md.

An error is counted in units of the last place (ulp) of the exact result. The exact results of "f4" come from float64,
over a stride through all 2**32 bit patterns; those of "f8" from `numpy.longdouble` where that has 64 bits or more, and
from mpmath, over random bit patterns, usual magnitudes and the neighbourhoods of special points. The tests use the same
functions with fewer samples.
"""

from __future__ import annotations

import argparse
import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from tetragrad.compile import engine, ir
from tetragrad.compile.maths import FUNCTIONS
from tetragrad.compile.values import Scalar

DOCUMENT = Path(__file__).parent.parent / "docs" / "compile-accuracy.md"
EXTENDED = np.finfo(np.longdouble).nmant >= 63


@dataclass(frozen=True)
class Subject:
    """A function and what its results are compared with.

    Attributes
    ----------
    exact : str or None
        An expression of x (and y) in NumPy's functions, which take float64 and longdouble; None where only SciPy and
        mpmath have the function.
    reference : str
        The name in mpmath, or an expression of x (and y) and mp.
    bound : float
        The error in ulp that it must not exceed.
    ranges : sequence of pairs
        Where the samples of moderate size are drawn; the first one is timed.
    arguments : int
        How many it takes.
    """

    exact: str | None
    reference: str
    bound: float = 2.0
    ranges: tuple[tuple[float, float], ...] = ((-4.0, 4.0), (-30.0, 30.0), (-1e-3, 1e-3))
    arguments: int = 1


_UNIT = ((-1.0, 1.0), (-1e-3, 1e-3), (0.99, 1.0))
_POSITIVE = ((0.0, 5.0), (0.9, 1.1), (0.0, 1e4))
_ANGLES = ((-4.0, 4.0), (-1e3, 1e3), (-1e-3, 1e-3), (-1e6, 1e6))
_GAMMA = ((0.0, 5.0), (0.9, 1.1), (1.4, 1.5), (1.9, 2.1), (5.0, 30.0), (0.0, 1e4))

SUBJECTS = {
    "exp": Subject("np.exp(x)", "mp.exp(x)", ranges=((-4.0, 4.0), (-110.0, 90.0), (-750.0, 710.0))),
    "exp2": Subject("np.exp2(x)", "mp.mpf(2) ** x", ranges=((-4.0, 4.0), (-150.0, 128.0), (-1080.0, 1024.0))),
    "expm1": Subject("np.expm1(x)", "mp.expm1(x)"),
    "log": Subject("np.log(x)", "mp.log(x)", ranges=_POSITIVE),
    "log2": Subject("np.log2(x)", "mp.log(x, 2)", ranges=_POSITIVE),
    "log10": Subject("np.log10(x)", "mp.log10(x)", ranges=_POSITIVE),
    "log1p": Subject("np.log1p(x)", "mp.log1p(x)", ranges=((-1.0, 5.0), (-1e-3, 1e-3))),
    "sin": Subject("np.sin(x)", "mp.sin(x)", ranges=_ANGLES),
    "cos": Subject("np.cos(x)", "mp.cos(x)", ranges=_ANGLES),
    "tan": Subject("np.tan(x)", "mp.tan(x)", ranges=_ANGLES),
    "arcsin": Subject("np.arcsin(x)", "mp.asin(x)", ranges=_UNIT),
    "arccos": Subject("np.arccos(x)", "mp.acos(x)", ranges=_UNIT),
    "arctan": Subject("np.arctan(x)", "mp.atan(x)"),
    "arctan2": Subject("np.arctan2(x, y)", "mp.atan2(x, y)", arguments=2),
    "sinh": Subject("np.sinh(x)", "mp.sinh(x)"),
    "cosh": Subject("np.cosh(x)", "mp.cosh(x)"),
    "tanh": Subject("np.tanh(x)", "mp.tanh(x)"),
    "arcsinh": Subject("np.arcsinh(x)", "mp.asinh(x)"),
    "arccosh": Subject("np.arccosh(x)", "mp.acosh(x)", ranges=((1.0, 5.0), (1.0, 1.001), (1.0, 1e4))),
    "arctanh": Subject("np.arctanh(x)", "mp.atanh(x)", ranges=_UNIT),
    "sqrt": Subject("np.sqrt(x)", "mp.sqrt(x)", ranges=_POSITIVE),
    "rsqrt": Subject("1 / np.sqrt(x)", "1 / mp.sqrt(x)", ranges=_POSITIVE),
    "cbrt": Subject("np.cbrt(x)", "mp.sign(x) * mp.cbrt(abs(x))"),
    "power": Subject("np.power(x, y)", "x ** y", ranges=((0.0, 5.0), (0.9, 1.1)), arguments=2),
    "expit": Subject("1 / (1 + np.exp(-x))", "1 / (1 + mp.exp(-x))"),
    "log_expit": Subject("np.where(x < 0, x - np.log1p(np.exp(x)), -np.log1p(np.exp(-x)))", "-mp.log1p(mp.exp(-x))"),
    "logit": Subject(None, "mp.log(x / (1 - x))", ranges=((0.0, 1.0), (0.45, 0.55))),
    "erf": Subject(None, "mp.erf(x)", 4.0),
    "erfc": Subject(None, "mp.erfc(x)", 4.0, ranges=((-4.0, 4.0), (0.5, 10.0), (0.5, 27.0), (-1e-3, 1e-3))),
    "gammaln": Subject(None, "mp.loggamma(x)", 4.0, ranges=_GAMMA),
    "digamma": Subject(None, "mp.digamma(x)", 4.0, ranges=_GAMMA),
}
SCIPY = {"digamma": "psi"}  # where the name in scipy.special is another one
ABOVE_ZERO = ("gammaln", "digamma")  # their bounds hold there; below, the terms of the reflection formulas cancel


class Kernel:
    """A function compiled as a loop over arrays, called as a ufunc is.

    Parameters
    ----------
    name : str
    type : {"f4", "f8"}
    fma : bool, optional
        Compile as for a computer with or without a fused multiply-add; as this one is if not given.
    """

    def __init__(self, name: str, type: str, fma: bool | None = None) -> None:
        self.type, self.arguments = type, len(signature(FUNCTIONS[name]).parameters) - 1
        self.module = module = engine.new_module(name)
        if fma is not None:
            module.fma = fma
        with ir.Function(module, "loop", None, ["p"] * (self.arguments + 1) + ["i8"]) as b:
            *pointers, count = b.arguments
            pointers = b.disjoint(pointers)
            for i, lanes in b.spans(0, count, 2 * engine.host().vector_bytes // int(type[1]), 1):
                xs: list[Scalar] = [b.load(pointer, type, i, lanes) for pointer in pointers[:-1]]
                b.store(pointers[-1], FUNCTIONS[name](b, *xs), i)
        self.code = engine.compile(module)
        prototype = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (self.arguments + 1), ctypes.c_int64)
        self.loop = prototype(self.code["loop"])

    def __call__(self, *xs: np.ndarray) -> np.ndarray:
        arrays = [np.ascontiguousarray(x, self.type) for x in xs]
        out = np.empty_like(arrays[0])
        self.loop(*[array.ctypes.data for array in arrays], out.ctypes.data, out.size)
        return out


def errors(result: np.ndarray, exact: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The error of each result in ulp; the exact result is the sum of two float64.

    Infinity counts as the power of two after the largest number; NaN must be NaN, and a zero have its sign.
    """
    high, low = exact
    info = np.finfo(result.dtype)
    with np.errstate(all="ignore"):
        exponent = np.where(np.isinf(high), info.maxexp, np.frexp(high)[1]) - 1
        unit = np.ldexp(1.0, np.clip(exponent, info.minexp, info.maxexp - 1) - info.nmant)
        found = result.astype(float)
        error = np.abs((found - high) - low) / unit
        overflow = np.isinf(found) != np.isinf(high)  # the power of two after the largest number, a quarter of it
        quarters = [np.clip(v / 4, -(2.0 ** (info.maxexp - 2)), 2.0 ** (info.maxexp - 2)) for v in (found, high)]
        error = np.where(overflow, np.abs((quarters[0] - quarters[1]) - low / 4) / (unit / 4), error)
        error[np.isinf(high) & np.isinf(result) & (np.sign(high) == np.sign(result))] = 0
        error[np.isnan(high) & np.isnan(result)] = 0
        error[np.isnan(high) != np.isnan(result)] = np.inf
        error[(high == 0) & (result == 0) & (np.signbit(high) != np.signbit(result))] = np.inf
    return error


def exact(name: str, *xs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The exact results as the sums of two float64, from the fastest source that is exact enough for the dtype."""
    subject = SUBJECTS[name]
    with np.errstate(all="ignore"):
        if xs[0].dtype == np.float32:
            wide = [x.astype(np.float64) for x in xs]
            value = usual(name)(*wide)
            return value, np.zeros_like(value)
        if EXTENDED and subject.exact is not None:
            value = _expression(subject.exact)(*[x.astype(np.longdouble) for x in xs])
            high = value.astype(np.float64)
            return high, np.where(np.isfinite(high), value - high, 0).astype(np.float64)
    return exact_by_mpmath(name, *xs)


def exact_by_mpmath(name: str, *xs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The exact results as the sums of two float64, by mpmath; for infinities, NaN and -0 by NumPy and SciPy."""
    import mpmath

    function = eval(f"lambda x, y=None: {SUBJECTS[name].reference}", {"mp": mpmath.mp})
    with np.errstate(all="ignore"):
        high = np.array(usual(name)(*[x.astype(np.float64) for x in xs]))
    low = np.zeros_like(high)
    finite = np.all([np.isfinite(x) & ~((x == 0) & np.signbit(x)) for x in xs], axis=0)  # mpmath knows no -0
    for index in np.flatnonzero(finite & ~np.isnan(high)):
        with mpmath.workprec(200 if abs(xs[0][index]) < 1e20 else 1300):
            try:
                value = function(*[mpmath.mpf(float(x[index])) for x in xs])
            except (ZeroDivisionError, ValueError, OverflowError):
                continue  # a pole, or so large that NumPy's infinity or zero is right
            if mpmath.isfinite(value) and value != 0:
                value = value.real
                high[index] = float(value)
                if np.isfinite(high[index]):
                    low[index] = float(value - high[index])
    return high, low


def _expression(text: str) -> Callable[..., Any]:
    return eval(f"lambda x, y=None: {text}", {"np": np})


def usual(name: str) -> Callable[..., Any]:
    """NumPy's or SciPy's function."""
    if hasattr(np, name):
        return getattr(np, name)
    if name == "rsqrt":
        return lambda x: 1 / np.sqrt(x)
    import scipy.special

    return getattr(scipy.special, SCIPY.get(name, name))


def special_points(dtype: Any) -> np.ndarray:
    """Zeros, denormals, the largest numbers, infinities, NaN and round values."""
    info = np.finfo(dtype)
    points = [0, info.smallest_subnormal, info.tiny, info.max, np.inf, np.nan, 0.5, 1, 2, 3, np.pi / 2, np.pi, 10, 1e3]
    values = np.array(points, dtype)
    with np.errstate(over="ignore"):
        values = np.concatenate([values, np.nextafter(values, dtype(0)), np.nextafter(values, dtype(np.inf))])
    return np.concatenate([values, -values])


def samples(name: str, type: str, count: int, seed: int = 0) -> list[np.ndarray]:
    """Random bit patterns, the subject's ranges and special points: one array for each argument."""
    random = np.random.default_rng(seed)
    subject, dtype = SUBJECTS[name], np.dtype(type).type
    width = 8 * np.dtype(type).itemsize
    drawn = []
    for _ in range(subject.arguments):
        patterns = random.integers(0, 2**width, count, dtype=np.uint64).astype(f"u{width // 8}").view(type)
        moderate = [random.uniform(low, high, count).astype(type) for low, high in subject.ranges]
        drawn.append(np.concatenate([patterns, *moderate]))
    points = np.meshgrid(*[special_points(dtype)] * subject.arguments)
    result = [np.concatenate([p.ravel(), x]) for p, x in zip(points, drawn)]
    if name in ABOVE_ZERO:
        result = [np.where(x < 0, -x, x) for x in result]
    return result


def every(stride: int) -> np.ndarray:
    """Every stride-th float32 bit pattern."""
    return np.arange(0, 2**32, stride, dtype=np.uint64).astype(np.uint32).view(np.float32)


def largest_error(name: str, type: str, kernels: list[Kernel], stride: int, count: int) -> float:
    """The largest error of the kernels over all samples."""
    worst = 0.0
    if type == "f8" and SUBJECTS[name].exact is None:
        count //= 10  # mpmath is slow
    batches = [samples(name, type, count)]
    if type == "f4" and SUBJECTS[name].arguments == 1:
        whole = every(stride)
        whole = np.abs(whole) if name in ABOVE_ZERO else whole
        batches += [[whole[k : k + 2**20]] for k in range(0, whole.size, 2**20)]
    for batch in batches:
        wanted = exact(name, *batch)
        worst = max(worst, *[float(errors(kernel(*batch), wanted).max()) for kernel in kernels])
    if type == "f8" and EXTENDED:
        few = samples(name, type, count // 100, seed=1)
        wanted = exact_by_mpmath(name, *few)
        worst = max(worst, *[float(errors(kernel(*few), wanted).max()) for kernel in kernels])
    return worst


def nanoseconds(name: str, type: str) -> tuple[float, float]:
    """Time for one element of the compiled loop and of NumPy's or SciPy's function, on one thread."""
    size = 2**14
    low, high = SUBJECTS[name].ranges[0]
    random = np.random.default_rng(0)
    xs = [random.uniform(low, high, size).astype(type) for _ in range(SUBJECTS[name].arguments)]
    out = np.empty_like(xs[0])
    kernel = Kernel(name, type, rare=True)
    addresses = [array.ctypes.data for array in (*xs, out)]
    return _best(lambda: kernel.loop(*addresses, size)) / size, _best(lambda: usual(name)(*xs)) / size


def _best(run: Callable[[], Any]) -> float:
    times = []
    with np.errstate(all="ignore"):
        for _ in range(60):
            start = time.perf_counter_ns()
            run()
            times.append(time.perf_counter_ns() - start)
    return min(times)


HEAD = [
    "| function | float32, ulp | float64, ulp | bound | float32, ns | NumPy, SciPy | float64, ns | NumPy, SciPy |",
    "|---|---|---|---|---|---|---|---|",
]


def table(stride: int, count: int) -> str:
    """The measured errors and times as a table, which is printed as it grows."""
    lines = list(HEAD)
    for name, subject in SUBJECTS.items():
        cells = [name]
        for type in ("f4", "f8"):
            kernels = [Kernel(name, type, fma=fma) for fma in {engine.host().fma, False}]
            cells.append(f"{largest_error(name, type, kernels, stride, count):.2f}")
        cells.append(f"{subject.bound:g}")
        for type in ("f4", "f8"):
            cells += [f"{t:.2f}" for t in nanoseconds(name, type)]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def write(stride: int, count: int, found: str) -> None:
    """Write the document around a table."""
    host = engine.host()
    processor = f"{host.cpu}, vectors of {host.vector_bytes} bytes"
    fields = {
        "stride": stride,
        "count": f"{count:,}",
        "few": f"{count // 10:,}",
        "processor": processor,
        "table": found,
    }
    DOCUMENT.write_text(TEXT.format(**fields), encoding="utf-8")


TEXT = """# Accuracy of compiled functions

`tetragrad.compile` has its own code for these functions, made of additions, multiplications, selects and integer
operations, so that LLVM turns loops over them into SIMD on every processor. Each stays within its bound over its whole
range, with denormals, infinities, NaN, signed zeros and arguments of any size (sin, cos and tan of 1e300 are right).

The errors are the largest ones found, in units of the last place of the exact result (0.5 is the best possible), in
code with and without fused multiply-add. float32: every {stride}th of all 2**32 bit patterns, against float64. float64:
against extended precision and mpmath. Both: {count} random bit patterns, {count} numbers in each of several ranges
({few} where only mpmath has the function), and special points. The times are nanoseconds for one element in a loop over
16384 elements on one thread ({processor}).

{table}

gammaln and digamma keep their bounds for positive arguments. For negative ones, the two terms of the reflection formula
cancel near the functions' zeros: there the error in float64 is a few units of the last place of the larger term.
(float32 is computed in float64.)

`python -m benchmarks.ulp` measures again and writes this file; `tests/compile/test_maths.py` takes fewer samples.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stride", type=int, default=257, help="of float32's bit patterns")
    parser.add_argument("--count", type=int, default=200_000, help="samples in each range")
    options = parser.parse_args()
    write(options.stride, options.count, table(options.stride, options.count))


if __name__ == "__main__":
    main()
