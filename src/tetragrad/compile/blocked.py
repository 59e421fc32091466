"""Products of larger matrices as machine code of their own, which threads share.

BLAS libraries bring threads of their own that wait by spinning: beside other threads, or on a busy machine, they take
many times as long. Here the threads are those of any other step. The right operand is copied first, into panels as
wide as a tile of the result, through which the tile's code goes straight; one after another the tiles of a row of
tiles are summed over a stretch short enough for the panels to stay in the second cache::

    c[i:i+6, j:j+16] += a[i:i+6, stretch] @ panel[stretch, j:j+16]        (float32, AVX2: 12 sums in registers)

The code takes any sizes and is compiled once for a process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from . import engine, native_threads
from .ir import Builder, Function, Module, Scalar
from .native_threads import Team
from .small import Sizes
from .values import vector

STRETCH = 256  # of the axis that is summed over
PANELS = 16  # side by side, whose stretches are in the second cache
FLOPS_PER_NS = 50

X, Y, OUT, SCRATCH, SIZES = range(5)  # places in the array of pointers that the functions take


class Tile:
    """How large a tile of the result is, for elements of `item` bytes."""

    def __init__(self, item: int) -> None:
        width = engine.host().vector_bytes
        arm = engine.host().triple.startswith(("aarch64", "arm64"))
        self.item = item
        self.number = f"f{item}"
        self.lanes = width // item
        self.wide = vector(self.number, self.lanes)
        self.columns = 2 * self.lanes
        self.rows = 12 if width == 64 or arm else 6  # of 32 registers, or of 16
        self.square = min(self.lanes, 8)  # rows and columns of a block that is transposed in registers


def scratch_bytes(item: int, n: int, k: int) -> int:
    """The memory that the panels of a right operand take."""
    tile = Tile(item)
    return -(-n // tile.columns) * tile.columns * k * item


def emit_blocked(
    b: Builder, sizes: Sizes, item: int, x: Scalar, y: Scalar, out: Scalar, scratch: Scalar, team: Team
) -> None:
    """Write a call that computes a product; `scratch` has room for the panels."""
    assert team.record is not None
    table = b.address(b.module.table(np.array(sizes, np.int64)))
    b.call(f"blocked.f{item}", None, [x, y, out, scratch, table, team.record])


@cache
def _library(item: int) -> engine.Code:
    """The code for one size of elements; it lives as long as the process."""
    tile = Tile(item)
    module = engine.new_module("blocked")
    pack, rows, post = _emit_pack(module, tile), _emit_rows(module, tile), native_threads.post(module)
    with Function(module, f"blocked.f{item}", None, ["p"] * 6) as b:
        *given, team = b.arguments
        arrays = b.alloca("p", 5)
        for place, array in enumerate(given):
            b.store(arrays, array, place)
        m, n, k = [b.load(b.arguments[SIZES], "i8", place) for place in range(3)]
        panels, tiles = _ratio(n, tile.columns), _ratio(m, tile.rows)
        copied = n * k / int(native_threads.MINIMUM) + 1
        b.call(post, None, [team, b.address(pack), arrays, panels, _least(b, copied, panels)])
        computed = m * n * k * 2 / int(FLOPS_PER_NS * native_threads.MINIMUM) + 1
        b.call(post, None, [team, b.address(rows), arrays, tiles, _least(b, computed, tiles)])
    return engine.compile(module, native_threads.symbols())


def symbols(item: int) -> dict[str, int]:
    """The address of the code."""
    return dict(_library(item).addresses)


def _ratio(a: Scalar, b: int) -> Scalar:
    return (a + (b - 1)) / b


def _least(b: Builder, x: Scalar, y: Any) -> Scalar:
    return b.select(x < y, x, y)


@contextmanager
def _kernel(module: Module, name: str) -> Iterator[tuple[Builder, list[Scalar], Any, Scalar, Scalar]]:
    """A function of pointers and a range, as threads share it: its builder, the pointers, the sizes and the range."""
    with Function(module, name, None, ["p", "i8", "i8"], internal=True) as b:
        arrays, start, stop = b.arguments
        pointers = b.disjoint([b.load(arrays, "p", place) for place in range(4)])
        table = b.load(arrays, "p", SIZES)
        sizes: Any = Sizes(*[b.load(table, "i8", place) for place in range(len(Sizes._fields))])  # type: ignore[arg-type]
        yield b, pointers, sizes, start, stop


# -- the right operand's panels ----------------------------------------------------------------------------------------


def _emit_pack(module: Module, tile: Tile) -> Function:
    """``pack(arrays, start, stop)``: copy columns into these panels; 0 where there are no more columns."""
    item, columns = tile.item, tile.columns
    with _kernel(module, "pack") as (b, pointers, sizes, start, stop):
        with b.loop(start, stop) as (panel, _):
            source = b.offset(pointers[Y], sizes.y_column * panel * columns)
            target = b.offset(pointers[SCRATCH], sizes.k * panel * (columns * item))
            count = _least(b, sizes.n - panel * columns, b.const("i8", columns))
            whole = count == columns

            def straight() -> list[Scalar]:
                with b.loop(0, sizes.k) as (k, _):
                    row, place = b.offset(source, k * sizes.y_k), b.offset(target, k * (columns * item))
                    for v in (0, 1):
                        b.store(place, b.load(row, tile.wide, v * tile.lanes), v * tile.lanes)
                return [sizes.k]

            def across() -> list[Scalar]:
                done = b.select(whole, sizes.k / tile.square * tile.square, 0)
                with b.loop(0, done, tile.square) as (k, _):
                    _copy_across(
                        b, tile, sizes, b.offset(source, k * sizes.y_k), b.offset(target, k * (columns * item))
                    )
                return [done]

            (done,) = b.choose(whole & (sizes.y_column == item), straight, across)
            with b.loop(done, sizes.k) as (k, _):
                row, place = b.offset(source, k * sizes.y_k), b.offset(target, k * (columns * item))
                b.zero(place, columns * item)
                with b.loop(0, count) as (c, _):
                    b.store(place, b.load(b.offset(row, c * sizes.y_column), tile.number), c)
    return module.functions["pack"]


def _copy_across(b: Builder, tile: Tile, sizes: Any, source: Scalar, target: Scalar) -> None:
    """Copy so many elements of each column, which lie side by side, in square blocks."""
    for column in range(0, tile.columns, tile.square):
        places = [b.offset(source, sizes.y_column * (column + c)) for c in range(tile.square)]
        block = _transpose(b, [b.load(place, vector(tile.number, tile.square)) for place in places])
        for r, values in enumerate(block):
            b.store(b.offset(target, (r * tile.columns + column) * tile.item), values)


def _transpose(b: Builder, rows: list[Scalar]) -> list[Scalar]:
    """A square block: interleave rows that are half of them apart, until all have been."""
    count = len(rows)
    low = [lane // 2 + (lane % 2) * count for lane in range(count)]
    high = [place + count // 2 for place in low]
    for _ in range(count.bit_length() - 1):
        pairs = [(rows[k], rows[k + count // 2]) for k in range(count // 2)]
        rows = [b.shuffle(first, second, places) for first, second in pairs for places in (low, high)]
    return rows


# -- the tiles of the result -------------------------------------------------------------------------------------------


def _emit_rows(module: Module, tile: Tile) -> Function:
    """``rows(arrays, start, stop)``: compute these rows of tiles."""
    item, code = tile.item, _emit_tile(module, tile)
    with _kernel(module, "rows") as (b, pointers, sizes, start, stop):
        own = b.alloca("i8", STRETCH * tile.rows * item // 8)
        panels = _ratio(sizes.n, tile.columns)
        groups = _ratio(panels, PANELS)
        with b.loop(0, groups) as (group, _), b.loop(0, sizes.k, STRETCH) as (k, _):
            length = _least(b, sizes.k - k, b.const("i8", STRETCH))
            last = _least(b, (group + 1) * PANELS, panels)
            with b.loop(start, stop) as (index, _):
                row = index * tile.rows
                count = _least(b, sizes.m - row, b.const("i8", tile.rows))
                x = b.offset(pointers[X], row * sizes.x_row + k * sizes.x_k)
                left = _left_operand(b, tile, sizes, x, own, count, length)
                with b.loop(group * PANELS, last) as (panel, _):
                    source = b.offset(pointers[SCRATCH], (panel * sizes.k + k) * (tile.columns * item))
                    target = b.offset(pointers[OUT], row * sizes.out_row + panel * (tile.columns * item))
                    columns = _least(b, sizes.n - panel * tile.columns, b.const("i8", tile.columns))
                    given = [*left, source, length]
                    _emit_part(b, tile, code, given, target, sizes.out_row, (count, columns), k > 0)
    return module.functions["rows"]


def _left_operand(
    b: Builder, tile: Tile, sizes: Any, x: Scalar, own: Scalar, count: Scalar, length: Scalar
) -> list[Scalar]:
    """The rows of a tile as (pointer, bytes to the next row, bytes along a row); copied if they lie far apart, or are
    too few.
    """
    item = tile.item

    def copied() -> list[Scalar]:
        b.zero(own, STRETCH * tile.rows * item)
        with b.loop(0, length) as (k, _), b.loop(0, count) as (r, _):
            b.store(own, b.load(b.offset(x, k * sizes.x_k + r * sizes.x_row), tile.number), k * tile.rows + r)
        return packed

    def copied_whole() -> list[Scalar]:
        with b.loop(0, length) as (k, _):
            for r in range(tile.rows):
                element = b.load(b.offset(x, k * sizes.x_k + sizes.x_row * r), tile.number)
                b.store(own, element, k * tile.rows + r)
        return packed

    def present() -> list[Scalar]:
        return b.choose(sizes.x_k == item, lambda: [x, sizes.x_row, sizes.x_k], copied_whole)

    packed = [own, b.const("i8", item), b.const("i8", tile.rows * item)]
    return b.choose(count == tile.rows, present, copied)


def _emit_part(
    b: Builder, tile: Tile, code: Function, given: list[Scalar], target: Scalar, out_row: Scalar,
    inside: tuple[Scalar, Scalar], more: Scalar,
) -> None:  # fmt: skip
    """One tile of the result; where part of it is outside, by way of a whole one."""
    rows, columns = inside
    edge = b.alloca("i8", tile.rows * tile.columns * tile.item // 8)

    def whole() -> list[Scalar]:
        b.call(code, None, [*given, target, out_row, more])
        return []

    def part() -> list[Scalar]:
        b.call(code, None, [*given, edge, b.const("i8", tile.columns * tile.item), b.const("b1", False)])
        with b.loop(0, rows) as (r, _), b.loop(0, columns) as (c, _):
            place = b.offset(target, r * out_row)
            value = b.load(edge, tile.number, r * tile.columns + c)
            sum = b.choose(more, lambda: [value + b.load(place, tile.number, c)], lambda: [value])
            b.store(place, sum[0], c)
        return []

    b.choose((rows == tile.rows) & (columns == tile.columns), whole, part)


def _emit_tile(module: Module, tile: Tile) -> Function:
    """``tile(x, x_row, x_k, panel, length, out, out_row, more)``: one tile; `more`: added to what is there."""
    types = ["p", "i8", "i8", "p", "i8", "p", "i8", "b1"]
    function = Function(module, "tile", None, types, internal=True, attributes="noinline")
    with function as b:
        x, x_row, x_k, panel, length, out, out_row, more = b.arguments
        x, panel, out = b.disjoint([x, panel, out])
        zero = b.splat(b.const(tile.number, 0), tile.wide)
        with b.loop(0, length, carry=[zero] * (2 * tile.rows)) as (k, sums):
            pair = [b.load(panel, tile.wide, k * tile.columns + v * tile.lanes) for v in (0, 1)]
            here = b.offset(x, k * x_k)
            for r in range(tile.rows):
                factor = b.splat(b.load(b.offset(here, x_row * r), tile.number), tile.wide)
                for v in (0, 1):
                    sums[2 * r + v] = b.fma(factor, pair[v], sums[2 * r + v])
        places = [(b.offset(out, out_row * r), v) for r in range(tile.rows) for v in (0, 1)]

        def added() -> list[Scalar]:
            return [value + b.load(place, tile.wide, v * tile.lanes) for value, (place, v) in zip(sums, places)]

        for value, (place, v) in zip(b.choose(more, added, lambda: sums), places):
            b.store(place, value, v * tile.lanes)
    return function
