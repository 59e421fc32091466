"""Matrix products: which ones BLAS computes, and where it finds the matrices in memory, without copying transposes."""

from __future__ import annotations

import math
from collections.abc import Callable

from .complexes import parts_of
from .exprs import Expressions, Form, linear
from .graph import Op, Value
from .program import GemmStep, Matrix
from .reading import MOVES, Reader, readable

DTYPES = ("float32", "float64", "complex64", "complex128")


def is_gemm(op: Op) -> bool:
    """Whether BLAS computes it; `expand` leaves no other matrix products."""
    return op.name == "matmul" and op.out.dtype.name in DTYPES and op.out.size > 0 and _fits(op)


def _fits(op: Op) -> bool:
    return all([len(value.shape) >= 2 and value.dtype == op.out.dtype and value.size > 0 for value in op.operands])


class Gemm:
    """A matrix product and its operands in memory."""

    def __init__(self, op: Op) -> None:
        self.op = op
        self.batch = op.out.shape[:-2]
        found = [_Operand(value, op.out.shape) for value in op.operands]
        self.x, self.y = found
        self.values = [operand.base for operand in found]

    def step(self, place: Callable[[Value], int]) -> GemmStep:
        """The step, with the buffers that `place` gives."""
        op = self.op
        *_, m, n = op.out.shape
        k = op.operands[0].shape[-1]
        strides = [m * n * math.prod(self.batch[i + 1 :]) for i in range(len(self.batch))]
        c = Matrix(place(op.out), n, batch=tuple(strides))
        a, b = self.x.matrix(place), self.y.matrix(place)
        return GemmStep(op.out.dtype, m, n, k, a, b, c, batch=self.batch)


class _Operand:
    """Where a matrix is: in the value itself, or in one that it only shows in another order."""

    def __init__(self, value: Value, shape: tuple[int, ...]) -> None:
        make = Expressions()
        reader = Reader(make, lambda value: value.op is None or value.op.name not in MOVES or not readable(value.op))
        symbols = [make.symbol(length) for length in value.shape]
        coords = tuple([Form.of(symbol) for symbol in symbols])
        self.base = value
        self._read(linear(coords, value.shape), symbols, value, shape)
        if self._is_turned(value):
            symbols = [*symbols[:-2], symbols[-1], symbols[-2]]
            turned = value.op.operands[0]  # type: ignore[union-attr]
            inside = [Form.of(symbol) for symbol in symbols]
            self._read(linear(inside, turned.shape), [*symbols[:-2], symbols[-1], symbols[-2]], value, shape, turned)
            symbols = [*symbols[:-2], symbols[-1], symbols[-2]]
        expr = parts_of(reader.element(value, coords))[0]
        if expr.kind == "load":
            base, inside, _ = expr.data
            self._read(linear(inside, base.shape), symbols, value, shape, base)

    @staticmethod
    def _is_turned(value: Value) -> bool:
        """Whether it is another value with the last two axes exchanged."""
        rank = len(value.shape)
        if value.op is None or value.op.name != "transpose":
            return False
        return tuple(value.op.params["axes"]) == (*range(rank - 2), rank - 1, rank - 2)

    def _read(
        self, form: Form, symbols: list[int], value: Value, shape: tuple[int, ...], base: Value | None = None
    ) -> None:  # fmt: skip
        if form.exprs:
            return
        factors = dict(form.terms)
        rows, columns = value.shape[-2:]
        row, column = [factors.get(symbol, 0) for symbol in symbols[-2:]]
        if rows == 1:
            row = max(column * columns, row) if column == 1 or columns == 1 else 1
        if columns == 1:
            column = 1 if row != 1 or rows == 1 else max(rows, 1)
        if column == 1 and row >= columns:
            transposed, leading = False, row
        elif row == 1 and column >= rows:
            transposed, leading = True, column
        else:
            return
        own = [factors.get(symbol, 0) if length != 1 else 0 for symbol, length in zip(symbols[:-2], value.shape)]
        self.batch = (*(0,) * (len(shape) - len(value.shape)), *own)
        self.offset, self.transposed, self.leading = form.const, transposed, leading
        if base is not None:
            self.base = base

    def matrix(self, place: Callable[[Value], int]) -> Matrix:
        """It, in its buffer."""
        return Matrix(
            place(self.base), self.leading, offset=self.offset, transposed=self.transposed, batch=self.batch
        )  # fmt: skip


def as_gemm(op: Op) -> Gemm:
    """The product as BLAS computes it."""
    return Gemm(op)
