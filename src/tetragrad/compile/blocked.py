"""Products of larger matrices as machine code of their own, which threads share.

BLAS libraries bring threads of their own that wait by spinning: beside other threads, or on a busy machine, they take
many times as long. Here the threads are those of any other step. The right operand is copied first, into panels as
wide as a tile of the result, through which the tile's code goes straight; the left one too, into panels as high as a
tile, if its rows do not lie in memory as they are read. One after another the tiles of a row of tiles are summed over
a stretch short enough for the panels to stay in the second cache::

    c[i:i+6, j:j+16] += a[i:i+6, stretch] @ panel[stretch, j:j+16]        (float32, AVX2: 12 sums in registers)

The code takes any sizes and is compiled once for a process.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from . import engine, native_threads
from .ir import Builder, Function, Module, Scalar
from .native_threads import Team
from .small import Sizes
from .values import vector

STRETCH = 320  # elements at most of the axis that is summed over
PANELS = 16  # side by side, whose stretches are in the second cache
FAR = 4096  # bytes between rows that get into each other's way in the first cache
SEVERAL = 4  # panels for which it pays to copy the left operand
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

    def in_place(self, sizes: Sizes) -> int:
        """How many rows of tiles read the left operand where it is; the others need a copy."""
        several = sizes.n > self.columns * (SEVERAL - 1)
        spread = sizes.x_k != self.item or sizes.x_row >= FAR
        return 0 if several and spread else sizes.m // self.rows


def scratch_bytes(item: int, sizes: Sizes) -> int:
    """The memory that the panels of both operands take."""
    tile = Tile(item)
    tiles, panels = -(-sizes.m // tile.rows), -(-sizes.n // tile.columns)
    left = (tiles - tile.in_place(sizes)) * (sizes.k * tile.rows + tile.square)
    return (panels * sizes.k * tile.columns + left) * item


def emit_blocked(
    b: Builder, sizes: Sizes, item: int, x: Scalar, y: Scalar, out: Scalar, scratch: Scalar, team: Team
) -> None:
    """Write a call that computes a product; `scratch` has room for the panels."""
    assert team.place is not None
    table = b.module.table(np.array([*sizes, Tile(item).in_place(sizes)], np.int64))
    b.call(f"blocked.f{item}", None, [x, y, out, scratch, b.address(table), team.place])


@cache
def _library(item: int) -> engine.Code:
    """The code for one size of elements; it lives as long as the process."""
    tile = Tile(item)
    module = engine.new_module("blocked")
    pack, rows = _emit_pack(module, tile), _emit_rows(module, tile)
    with Function(module, f"blocked.f{item}", None, ["p"] * 6) as b:
        *given, team = b.arguments
        arrays = b.alloca("p", 5)
        for place, array in enumerate(given):
            b.store(arrays, array, place)
        m, n, k = [b.load(b.arguments[SIZES], "i8", place) for place in range(3)]
        panels, tiles = _ratio(n, tile.columns), _ratio(m, tile.rows)
        left = tiles - b.load(b.arguments[SIZES], "i8", len(Sizes._fields))
        copied = n * k / int(native_threads.MINIMUM) + 1
        native_threads.post(b, team, b.address(pack), arrays, panels + left, _least(b, copied, panels))
        computed = m * n * k * 2 / int(FLOPS_PER_NS * native_threads.MINIMUM) + 1
        native_threads.post(b, team, b.address(rows), arrays, tiles, _least(b, computed, tiles))
    return engine.compile(module, native_threads.symbols(module))


def symbols(item: int) -> dict[str, int]:
    """The address of the code."""
    return dict(_library(item).addresses)


def _ratio(a: Scalar, b: int) -> Scalar:
    return (a + (b - 1)) / b


def _multiple(length: int, of: int) -> int:
    return -(-length // of) * of


def _least(b: Builder, x: Scalar, y: Any) -> Scalar:
    return b.select(x < y, x, y)


class _Kernel:
    """A function of pointers and a range, as threads share it, while its code is written."""

    def __init__(self, b: Builder, tile: Tile) -> None:
        arrays, self.start, self.stop = b.arguments
        self.x, self.y, self.out, self.scratch = b.disjoint([b.load(arrays, "p", place) for place in range(4)])
        table = b.load(arrays, "p", SIZES)
        numbers = [b.load(table, "i8", place) for place in range(len(Sizes._fields) + 1)]
        sizes: Any = Sizes(*numbers[:-1])  # type: ignore[arg-type]
        self.sizes = sizes
        self.in_place = numbers[-1]
        self.panels = _ratio(self.sizes.n, tile.columns)
        self.b, self.tile = b, tile

    def right_panel(self, index: Scalar) -> Scalar:
        """Where a panel of the right operand is."""
        return self.b.offset(self.scratch, self.sizes.k * index * (self.tile.columns * self.tile.item))

    def left_panel(self, row: Scalar) -> Scalar:
        """Where the copy of a row of tiles is."""
        tile = self.tile
        length = (self.sizes.k * tile.rows + tile.square) * tile.item
        return self.b.offset(self.right_panel(self.panels), length * (row - self.in_place))


# -- panels ------------------------------------------------------------------------------------------------------------


def _emit_pack(module: Module, tile: Tile) -> Function:
    """``pack(arrays, start, stop)``: copy these panels, first the right operand's, then the left one's."""
    with Function(module, "pack", None, ["p", "i8", "i8"], internal=True) as b:
        here = _Kernel(b, tile)
        sizes = here.sizes
        right, left = [_emit_panel(module, tile, width) for width in (tile.columns, tile.rows)]
        with b.loop(here.start, here.stop) as (index, _):

            def of_right() -> list[Scalar]:
                column = index * tile.columns
                source = b.offset(here.y, sizes.y_column * column)
                steps = [sizes.y_column, sizes.y_k, sizes.n - column, sizes.k]
                b.call(right, None, [source, here.right_panel(index), *steps])
                return []

            def of_left() -> list[Scalar]:
                place = index - here.panels + here.in_place
                row = place * tile.rows
                steps = [sizes.x_row, sizes.x_k, sizes.m - row, sizes.k]
                b.call(left, None, [b.offset(here.x, sizes.x_row * row), here.left_panel(place), *steps])
                return []

            b.choose(index < here.panels, of_right, of_left)
    return module.functions["pack"]


def _emit_panel(module: Module, tile: Tile, width: int) -> Function:
    """``panel(source, target, across, along, count, length)``: copy lines so that what is side by side is together.

    Where there are fewer lines than `width`, the last one takes the place of those that are missing. Up to
    `tile.square` elements after the panel are written to.
    """
    item, square = tile.item, tile.square
    types = ["p", "p", "i8", "i8", "i8", "i8"]
    function = Function(module, f"panel.{width}", None, types, internal=True, attributes="noinline")
    with function as b:
        source, target, across, along, count, length = b.arguments
        source, target = b.disjoint([source, target])
        lines = [
            b.offset(source, across * _least(b, b.const("i8", c), count - 1)) for c in range(_multiple(width, square))
        ]

        def store(k: Scalar, c: int, value: Scalar) -> None:
            b.store(b.offset(target, (k * width + c) * item), value)

        def straight() -> list[Scalar]:
            with b.loop(0, length) as (k, _):
                row, c = b.offset(source, k * along), 0
                while c < width:
                    lanes = min(tile.lanes, 1 << (width - c).bit_length() - 1)
                    store(k, c, b.load(b.offset(row, c * item), vector(tile.number, lanes)))
                    c += lanes
            return [length]

        def turned() -> list[Scalar]:
            done = length / square * square
            with b.loop(0, done, square) as (k, _):
                near = [b.load(b.offset(line, k * item), vector(tile.number, square)) for line in lines]
                blocks = [_transpose(b, near[c : c + square]) for c in range(0, len(lines), square)]
                for n in range(square):  # in this order: what is written too far is written over
                    for c, block in enumerate(blocks):
                        store(k + n, c * square, block[n])
            return [done]

        def by_one() -> list[Scalar]:
            return [b.const("i8", 0)]

        whole = (across == item) & (count >= width)
        (done,) = b.choose(whole, straight, lambda: b.choose(along == item, turned, by_one))
        with b.loop(done, length) as (k, _):
            for c, line in enumerate(lines[:width]):
                store(k, c, b.load(b.offset(line, k * along), tile.number))
    return function


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
    with Function(module, "rows", None, ["p", "i8", "i8"], internal=True) as b:
        here = _Kernel(b, tile)
        sizes = here.sizes
        groups, width = _evenly(here.panels, PANELS, 1)
        stretches, most = _evenly(sizes.k, STRETCH, tile.square)
        with b.loop(0, groups) as (group, _), b.loop(0, stretches) as (stretch, _):
            k, first = stretch * most, group * width
            length, last = _least(b, sizes.k - k, most), _least(b, first + width, here.panels)
            with b.loop(here.start, here.stop) as (index, _):
                row = index * tile.rows
                count = _least(b, sizes.m - row, b.const("i8", tile.rows))

                def in_place() -> list[Scalar]:
                    return [b.offset(here.x, row * sizes.x_row + k * sizes.x_k), sizes.x_row, sizes.x_k]

                def copied() -> list[Scalar]:
                    panel = b.offset(here.left_panel(index), k * (tile.rows * item))
                    return [panel, b.const("i8", item), b.const("i8", tile.rows * item)]

                left = b.choose(index < here.in_place, in_place, copied)
                with b.loop(first, last) as (panel, _):
                    right = b.offset(here.right_panel(panel), k * (tile.columns * item))
                    target = b.offset(here.out, row * sizes.out_row + panel * (tile.columns * item))
                    columns = _least(b, sizes.n - panel * tile.columns, b.const("i8", tile.columns))
                    given = [*left, right, length]
                    _emit_part(b, tile, code, given, target, sizes.out_row, (count, columns), k > 0)
    return module.functions["rows"]


def _evenly(length: Scalar, most: int, multiple: int) -> tuple[Scalar, Scalar]:
    """How many parts an axis has, and how long each of them is but the last."""
    parts = _ratio(length, most)
    size = _ratio((length + parts - 1) / parts, multiple) * multiple
    return (length + size - 1) / size, size


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
        near = tile.columns * tile.item - 1
        for place in [b.offset(out, out_row * r + end) for r in range(tile.rows) for end in (0, near)]:
            b.call("llvm.prefetch.p0", None, [place, *[b.const("i4", flag) for flag in (1, 3, 1)]])  # data, to write
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
