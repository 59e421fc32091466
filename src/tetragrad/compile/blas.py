"""Matrix products in machine code: by tiles (`small`), by blocks (`blocked`), else by BLAS through SciPy's pointers.

BLAS does what is complex, and matrices by vectors; it is loaded when the first program needs it. A row-major matrix is,
to BLAS, the transpose of a column-major one, so ``c = a @ b`` is asked for as ``c' = b' @ a'``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from . import abi, blocked
from .ir import Builder, Function, Module, Scalar
from .native_threads import Team
from .program import ALIGNMENT, GemmStep, Matrix, Program
from .small import sizes_of, small_product

LETTERS = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}
FLOPS_PER_NS = {"s": 32.0, "d": 16.0, "c": 32.0, "z": 16.0}
OVERHEAD = 150.0  # ns of one call
LEAST = 8  # rows and columns of a product that is worth blocks
ALONE = 64**3  # multiplications up to which BLAS itself starts no threads

# Integers are passed by reference as 8 bytes: one that BLAS reads as 4 has the same value there, its first half.
INTEGER = np.int64 if sys.byteorder == "little" else np.intc


def symbols(module: Module) -> dict[str, int]:
    """Addresses of what the module calls for its products."""
    found: dict[str, int] = {}
    for name in module.declarations:
        if name.startswith("blas."):
            found |= _published()
        elif name.startswith("blocked."):
            found |= blocked.symbols(int(name[-1]))
    return found


@cache
def _published() -> dict[str, int]:
    """Addresses of the BLAS routines."""
    published = _cython_blas().__pyx_capi__
    names = [letter + routine for letter in LETTERS.values() for routine in ("gemm", "gemv")] + ["sdot", "ddot"]
    return {f"blas.{name}": abi.capsule_pointer(published[name])[1] for name in names}


def _cython_blas() -> Any:
    """SciPy's module of BLAS pointers, without the rest of scipy.linalg, which takes far longer to import."""
    import importlib.machinery
    import importlib.util

    import scipy

    name = "scipy.linalg.cython_blas"
    if name not in sys.modules and "scipy.linalg" not in sys.modules:
        places = [f"{path}/linalg" for path in scipy.__path__]
        spec = importlib.machinery.PathFinder.find_spec(name, places)
        if spec is not None and spec.loader is not None:
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[name]
                raise
    return importlib.import_module(name) if name not in sys.modules else sys.modules[name]


def work(step: GemmStep) -> float:
    """Estimated nanoseconds."""
    moved = (step.m * step.n + step.n * step.k + step.m * step.k) * step.dtype.itemsize
    once = max(step.flops / _count(step) / FLOPS_PER_NS[LETTERS[step.dtype.name]], moved / 16.0) + OVERHEAD
    return once * _count(step)


def _count(step: GemmStep) -> int:
    count = 1
    for length in step.batch:
        count *= length
    return max(count, 1)


def is_blocked(step: GemmStep) -> bool:
    """Whether a product is computed by `blocked`, and needs scratch memory."""
    large = min(step.m, step.n) >= LEAST and step.k > 0
    plain = step.dtype.kind == "f" and step.alpha == 1.0 and step.beta == 0.0
    shared = _axes(step) and step.m * step.n * step.k <= ALONE  # threads share the stack, not the product
    return bool(large and plain and not shared and small_product(step) is None)


def add_scratch(program: Program) -> int | None:
    """Add the memory that `blocked` products need to a program; the index of its buffer."""
    products = [step for step in program.steps if isinstance(step, GemmStep) and is_blocked(step)]
    if not products:
        return None
    size = max([blocked.scratch_bytes(step.dtype.itemsize, sizes_of(step)) for step in products])
    buffer = program.add_buffer(np.uint8, (size,), "arena")
    buffer.offset = program.arena_size
    program.arena_size += -(-size // ALIGNMENT) * ALIGNMENT
    return buffer.index


def emit_gemm(b: Builder, buffers: Scalar, step: GemmStep, scratch: int | None, team: Team) -> None:
    """Write a step: the product, or a loop over the stack of products, which threads may share.

    `scratch` is the buffer that `add_scratch` gave.
    """
    if not (step.m and step.n and all(step.batch)):
        return
    product = _choose(step, scratch, team)
    axes = _axes(step)
    if not axes:
        product(b, buffers, *_starts(b, buffers, step))
        return
    (extent, outer), *inner = axes
    if step.m * step.n * step.k > ALONE:
        _emit_stack(b, step, partial(product, b, buffers), _starts(b, buffers, step), (0, extent), outer, inner)
        return
    kernel = Function(b.module, f"products.{len(b.module.functions)}", None, ["p", "i8", "i8"], internal=True)
    with kernel as k:
        own, first, last = k.arguments
        _emit_stack(k, step, partial(product, k, own), _starts(k, own, step), (first, last), outer, inner)
    team.post(b, b.address(kernel), buffers, extent, work(step))


def _starts(b: Builder, buffers: Scalar, step: GemmStep) -> list[Scalar]:
    """Where a, b and c begin."""
    item = step.dtype.itemsize
    return [b.offset(b.load(buffers, "p", own.buffer), own.offset * item) for own in (step.a, step.b, step.c)]


def _axes(step: GemmStep) -> list[tuple[int, tuple[int, ...]]]:
    """The batch axes as (length, elements to the next matrix of a, b, c), with those merged that are evenly spaced."""
    merged: list[tuple[int, tuple[int, ...]]] = []
    for length, *strides in zip(step.batch, step.a.batch, step.b.batch, step.c.batch):
        if length == 1:
            continue
        if merged and merged[-1][1] == tuple([length * stride for stride in strides]):
            length *= merged.pop()[0]
        merged.append((length, tuple(strides)))
    return merged


def _emit_stack(
    b: Builder, step: GemmStep, product: Callable[..., None], starts: list[Scalar], span: tuple[Any, Any],
    strides: tuple[int, ...], inner: list[tuple[int, tuple[int, ...]]],
) -> None:  # fmt: skip
    with b.loop(*span) as (index, _):
        here = [b.offset(p, index * (stride * step.dtype.itemsize)) for p, stride in zip(starts, strides)]
        if inner:
            _emit_stack(b, step, product, here, (0, inner[0][0]), inner[0][1], inner[1:])
        else:
            product(*here)


# -- one product -------------------------------------------------------------------------------------------------------


Product = Callable[[Builder, Scalar, Scalar, Scalar, Scalar], None]


def _choose(step: GemmStep, scratch: int | None, team: Team) -> Product:
    """How one product is computed: a function of the builder, the buffers, and where a, b and c begin."""
    small = small_product(step)
    if small is not None:
        return lambda b, buffers, x, y, out: small(b, x, y, out)
    if scratch is not None and is_blocked(step):
        sizes, item = sizes_of(step), step.dtype.itemsize
        return lambda b, buffers, x, y, out: blocked.emit_blocked(
            b, sizes, item, x, y, out, b.load(buffers, "p", scratch), team
        )
    plain = step.alpha == 1.0 and step.beta == 0.0
    if step.k == 0:
        return lambda b, buffers, x, y, out: _emit_empty(b, step, out)
    if step.m == step.n == 1 and plain and step.dtype.kind == "f":
        return lambda b, buffers, x, y, out: _emit_dot(b, step, x, y, out)
    if step.n == 1:
        # c = a @ y: to BLAS, a is the transpose of what lies in memory.
        spaced = 1 if step.b.transposed else step.b.leading
        flag, rows, columns = ("N", step.m, step.k) if step.a.transposed else ("T", step.k, step.m)
        return lambda b, buffers, x, y, out: _emit_gemv(
            b, step, flag, rows, columns, (x, step.a), (y, spaced), (out, step.c.leading)
        )
    if step.m == 1:
        # c' = b' @ x.
        spaced = step.a.leading if step.a.transposed else 1
        flag, rows, columns = ("T", step.k, step.n) if step.b.transposed else ("N", step.n, step.k)
        return lambda b, buffers, x, y, out: _emit_gemv(
            b, step, flag, rows, columns, (y, step.b), (x, spaced), (out, 1)
        )
    return lambda b, buffers, x, y, out: _emit_gemm(b, step, x, y, out)


def _emit_gemm(b: Builder, step: GemmStep, x: Scalar, y: Scalar, out: Scalar) -> None:
    flags = [_flag(b, "T" if matrix.transposed else "N") for matrix in (step.b, step.a)]
    n, m, k = _integers(b, [step.n, step.m, step.k])
    ldb, lda, ldc = _integers(b, [step.b.leading, step.a.leading, step.c.leading])
    alpha, beta = _factors(b, step)
    _call(b, step, "gemm", [*flags, n, m, k, alpha, y, ldb, x, lda, beta, out, ldc])


def _emit_gemv(
    b: Builder, step: GemmStep, flag: str, rows: int, columns: int, matrix: tuple[Scalar, Matrix],
    vector: tuple[Scalar, int], result: tuple[Scalar, int],
) -> None:  # fmt: skip
    m, n, leading = _integers(b, [rows, columns, matrix[1].leading])
    spaced, spaced_out = _integers(b, [vector[1], result[1]])
    alpha, beta = _factors(b, step)
    arguments = [_flag(b, flag), m, n, alpha, matrix[0], leading, vector[0], spaced, beta, result[0], spaced_out]
    _call(b, step, "gemv", arguments)


def _emit_dot(b: Builder, step: GemmStep, x: Scalar, y: Scalar, out: Scalar) -> None:
    spaced_x = step.a.leading if step.a.transposed else 1
    spaced_y = 1 if step.b.transposed else step.b.leading
    k, incx, incy = _integers(b, [step.k, spaced_x, spaced_y])
    name = f"blas.{LETTERS[step.dtype.name]}dot"
    b.store(out, b.call(name, f"f{step.dtype.itemsize}", [k, x, incx, y, incy]))


def _emit_empty(b: Builder, step: GemmStep, out: Scalar) -> None:
    """A sum of nothing: 0, as beta is 0."""
    if step.beta:
        raise NotImplementedError("a product over no elements that is added to something")
    with b.loop(0, step.m) as (row, _):
        b.zero(b.offset(out, row * (step.c.leading * step.dtype.itemsize)), step.n * step.dtype.itemsize)


def _call(b: Builder, step: GemmStep, routine: str, arguments: list[Scalar]) -> None:
    b.call(f"blas.{LETTERS[step.dtype.name]}{routine}", None, arguments)


def _flag(b: Builder, flag: str) -> Scalar:
    return b.address(b.module.table(np.frombuffer(flag.encode(), np.uint8)))


def _integers(b: Builder, values: list[int]) -> list[Scalar]:
    return [b.address(b.module.table(np.array(max(value, 1), INTEGER))) for value in values]


def _factors(b: Builder, step: GemmStep) -> list[Scalar]:
    return [b.address(b.module.table(np.array(value, step.dtype))) for value in (step.alpha, step.beta)]
