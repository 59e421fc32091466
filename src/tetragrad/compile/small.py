"""Products of small matrices as machine code of their own, where calling BLAS costs more than it gains.

The result is computed in tiles that stay in registers: rows by vectors of columns where the rows of `b` lie in memory
as they are read, else dot products of rows. Sizes are known, so what is left over at the edges is a smaller tile, or a
vector that overlaps its neighbour and computes the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import add
from typing import Any, NamedTuple

from . import engine
from .ir import Builder, Function, Scalar
from .program import GemmStep
from .values import vector

REGISTERS = 8  # that sums are kept in: as many as the processor can have under way
# Multiplications up to which this is faster than `blocked` and BLAS; and where there are but few rows or columns.
MOST_TILED, MOST_DOTS, MOST_THIN = 48**3, 24**3, 1 << 19
THIN = 8
STRETCH = 2048  # elements of a dot product that are summed by themselves: the sums are more exact
MOST_LONG = 1 << 23  # multiplications of few, long dot products up to which BLAS is no faster


Product = Callable[[Builder, Scalar, Scalar, Scalar], None]


class Sizes(NamedTuple):
    """A product of (m, k) by (k, n): numbers of elements, and bytes from one to the next along each axis."""

    m: int
    n: int
    k: int
    x_row: int
    x_k: int
    y_k: int
    y_column: int
    out_row: int
    out_column: int

    def transposed(self) -> Sizes:
        """The same product as ``out' = y' @ x'``."""
        return Sizes(
            self.n, self.m, self.k, self.y_column, self.y_k, self.x_k, self.x_row, self.out_column, self.out_row
        )  # fmt: skip


def small_product(step: GemmStep) -> Product | None:
    """How a product is computed here; None where BLAS is better, or needed."""
    if step.dtype.kind != "f" or step.alpha != 1.0 or step.beta != 0.0 or step.k == 0:
        return None
    item = step.dtype.itemsize
    sizes = sizes_of(step)
    multiplications = step.m * step.n * step.k
    thin = min(step.m, step.n) <= THIN and multiplications <= MOST_THIN
    swapped = step.n == 1 and step.m > 1
    if swapped:
        sizes = sizes.transposed()
    along_k = sizes.x_k == sizes.y_k == item
    along_n = sizes.y_column == sizes.out_column == item
    if along_n and (sizes.n > 1 or sizes.k == 1) and (thin or multiplications <= MOST_TILED):
        emit = _emit_tiles
    elif along_k and (thin or multiplications <= (MOST_LONG if _is_long(step) else MOST_DOTS)):
        emit = _emit_dots
    else:
        return None

    def product(b: Builder, x: Scalar, y: Scalar, out: Scalar) -> None:
        name = f"product.f{item}." + ".".join(map(str, sizes))
        function = b.module.functions.get(name)
        if function is None:  # products of the same sizes share one
            function = Function(b.module, name, None, ["p", "p", "p"], internal=True)
            with function as inner:
                emit(inner, sizes, f"f{item}", *inner.arguments)
        b.call(function, None, [*((y, x) if swapped else (x, y)), out])

    return product


def _is_long(step: GemmStep) -> bool:
    return min(step.m, step.n) <= THIN and step.k >= STRETCH


def sizes_of(step: GemmStep) -> Sizes:
    """Where the elements of a step's products lie."""
    item = step.dtype.itemsize
    a, b, c = item * step.a.leading, item * step.b.leading, item * step.c.leading
    x_row, x_k = (item, a) if step.a.transposed else (a, item)
    y_k, y_column = (item, b) if step.b.transposed else (b, item)
    # Along an axis of length 1, elements are as near as one likes.
    if step.k == 1:
        x_k = y_k = item
    out_row = item if step.m == 1 else c
    x_row, y_column = item if step.m == 1 else x_row, item if step.n == 1 else y_column
    out_row, out_column = (c, item) if step.n > 1 else (c if step.m > 1 else item, item)
    return Sizes(step.m, step.n, step.k, x_row, x_k, y_k, y_column, out_row, out_column)


def _blocks(b: Builder, length: int, size: int) -> Iterator[tuple[Scalar, int]]:
    """(start, size) of each block of an axis, the last one possibly smaller. What is done with one is written once."""
    whole, rest = divmod(length, size)
    if whole > 1:
        with b.loop(0, whole) as (index, _):
            yield index * size, size
    elif whole:
        yield b.const("i8", 0), size
    if rest:
        yield b.const("i8", whole * size), rest


def _lanes(type: str, length: int) -> int:
    """Of the widest vectors that an axis has elements for."""
    lanes = engine.host().vector_bytes // int(type[1])
    while lanes > length:
        lanes //= 2
    return lanes


# -- rows by vectors of columns ----------------------------------------------------------------------------------------


def _emit_tiles(b: Builder, sizes: Sizes, type: str, x: Scalar, y: Scalar, out: Scalar) -> None:
    lanes = _lanes(type, sizes.n)
    most = REGISTERS // min(sizes.m, REGISTERS // 2)  # vectors side by side
    columns = min(most, -(-sizes.n // lanes))
    for start, width in _blocks(b, sizes.n, columns * lanes):
        # A vector that would reach past the last column begins earlier.
        starts = [start + min(v * lanes, width - lanes) for v in range(-(-width // lanes)) if width >= lanes]
        starts = starts or [start - (lanes - width)]
        for row, rows in _blocks(b, sizes.m, max(1, REGISTERS // len(starts))):
            _emit_tile(b, sizes, vector(type, lanes), (x, y, out), row, rows, starts)


def _emit_tile(
    b: Builder, sizes: Sizes, type: str, arrays: tuple[Scalar, ...], row: Scalar, rows: int, starts: list[Scalar]
) -> None:
    item = sizes.y_column
    x, out = [b.offset(p, row * stride) for p, stride in zip(arrays[::2], (sizes.x_row, sizes.out_row))]
    ys = [b.offset(arrays[1], start * item) for start in starts]
    zero = Scalar(b, "zeroinitializer", type) if "x" in type else b.const(type, 0)
    with b.loop(0, sizes.k, carry=[zero] * (rows * len(ys))) as (k, sums):
        vectors = [b.load(b.offset(y, k * sizes.y_k), type) for y in ys]
        for r in range(rows):
            one = b.load(b.offset(x, k * sizes.x_k + r * sizes.x_row), type[:2])
            factor = b.splat(one, type)
            for v, values in enumerate(vectors, r * len(ys)):
                sums[v] = b.fma(factor, values, sums[v])
    for r in range(rows):
        for v, start in enumerate(starts):
            b.store(b.offset(out, start * item + r * sizes.out_row), sums[r * len(ys) + v])


# -- dot products of rows ----------------------------------------------------------------------------------------------


def _emit_dots(b: Builder, sizes: Sizes, type: str, x: Scalar, y: Scalar, out: Scalar) -> None:
    columns = 2 if sizes.m > 1 and sizes.n > 1 else 4
    for row, rows in _blocks(b, sizes.m, REGISTERS // columns if sizes.n > 1 else REGISTERS):
        for column, count in _blocks(b, sizes.n, columns if sizes.n > 1 else 1):
            xs = [b.offset(x, (row + r) * sizes.x_row) for r in range(rows)]
            ys = [b.offset(y, (column + c) * sizes.y_column) for c in range(count)]
            sums = iter(_dots(b, sizes.k, type, xs, ys))
            for r in range(rows):
                for c in range(count):
                    place = (row + r) * sizes.out_row + (column + c) * sizes.out_column
                    b.store(b.offset(out, place), next(sums))


def _dots(b: Builder, length: int, type: str, xs: list[Scalar], ys: list[Scalar]) -> list[Scalar]:
    """The dot product of each x with each y."""
    item = int(type[1])

    def moved(start: Any) -> list[list[Scalar]]:
        return [[b.offset(p, start * item) for p in group] for group in (xs, ys)]

    if length > STRETCH:
        whole, rest = divmod(length, STRETCH)
        with b.loop(0, whole, carry=[b.const(type, 0)] * (len(xs) * len(ys))) as (index, totals):
            totals[:] = map(add, totals, _dots(b, STRETCH, type, *moved(index * STRETCH)))
        return list(map(add, totals, _dots(b, rest, type, *moved(whole * STRETCH)))) if rest else totals
    pairs = [(x, y) for x in range(len(xs)) for y in range(len(ys))]
    lanes = _lanes(type, length)
    wide = vector(type, lanes)
    together = max(1, min(REGISTERS // len(pairs), length // lanes))  # sums of each pair
    sums = [b.splat(b.const(type, 0), wide)] * (len(pairs) * together)

    def step(sums: list[Scalar], start: Scalar, type: str, first: int) -> None:
        values = [[b.load(b.offset(p, start), type) for p in group] for group in (xs, ys)]
        for place, (x, y) in enumerate(pairs, first):
            sums[place] = b.fma(values[0][x], values[1][y], sums[place])

    done = 0
    for count in (together, 1):
        times = (length - done) // (lanes * count)
        if times:
            with b.loop(0, times, carry=sums) as (index, carried):
                for part in range(count):
                    element = (index * count + part) * lanes + done
                    step(carried, element * item, wide, part * len(pairs))
            sums = carried
            done += times * lanes * count
    totals = []
    for place in range(len(pairs)):
        total = sums[place]
        for part in range(1, together):
            total = total + sums[place + part * len(pairs)]
        totals.append(b.sum_lanes(total))
    for rest in range(done, length):
        step(totals, b.const("i8", rest * item), type, 0)
    return totals
