"""Scalar expressions: what one element of an array is, in terms of elements in memory and of loop indices.

A kernel's body is a directed graph of `Expr`; equal ones are one object, so that what is shared is computed once.
Positions in arrays are `Form`: integer combinations of loop indices, and of integers read from memory (a gather).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np


class Form:
    """An integer ``const + sum(factor * term)``; a term is a loop index (its number) or an integer `Expr`."""

    __slots__ = ("const", "hash", "terms")

    def __init__(self, const: int = 0, terms: tuple[tuple[Any, int], ...] = ()) -> None:
        self.const = const
        self.terms = terms
        self.hash = hash((const, terms))

    @classmethod
    def of(cls, term: Any) -> Form:
        """A loop index, or an integer expression, alone."""
        return cls(0, ((term, 1),))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Form) and self.const == other.const and self.terms == other.terms

    def __hash__(self) -> int:
        return self.hash

    def __add__(self, other: Form | int) -> Form:
        if isinstance(other, int):
            return Form(self.const + other, self.terms) if other else self
        factors = dict(self.terms)
        for term, factor in other.terms:
            factors[term] = factors.get(term, 0) + factor
        return Form(self.const + other.const, _ordered(factors))

    def __mul__(self, factor: int) -> Form:
        if factor == 1:
            return self
        if factor == 0:
            return ZERO
        return Form(self.const * factor, tuple([(term, own * factor) for term, own in self.terms]))

    def __sub__(self, other: Form) -> Form:
        return self + other * -1

    @property
    def index(self) -> int | None:
        """The loop index that this is, if it is nothing else."""
        if self.const == 0 and len(self.terms) == 1:
            ((term, factor),) = self.terms
            if factor == 1 and isinstance(term, int):
                return term
        return None

    @property
    def symbols(self) -> frozenset[int]:
        """The loop indices that it depends on."""
        found: frozenset[int] = frozenset()
        for term, _ in self.terms:
            found |= frozenset((term,)) if isinstance(term, int) else term.symbols
        return found

    @property
    def exprs(self) -> list[Expr]:
        """The expressions in it."""
        return [term for term, _ in self.terms if not isinstance(term, int)]

    def __repr__(self) -> str:
        return " + ".join([*[f"{factor}*{term}" for term, factor in self.terms], str(self.const)])


def _ordered(factors: dict[Any, int]) -> tuple[tuple[Any, int], ...]:
    terms = [(term, factor) for term, factor in factors.items() if factor]
    return tuple(sorted(terms, key=lambda item: item[0] if isinstance(item[0], int) else 1_000_000 + item[0].number))


ZERO = Form()


def loops_of(coords: Sequence[Form]) -> frozenset[int]:
    """The loop indices that coordinates are."""
    return frozenset([loop for loop in [form.index for form in coords] if loop is not None])


class Expr:
    """A scalar, as a function of the loop indices in `symbols`.

    Attributes
    ----------
    kind : {"constant", "load", "index", "apply", "convert", "reduce"}
    dtype : numpy.dtype
    args : tuple of Expr
    data
        Of a constant: the number; of a load: (value of the graph, coordinates, part); of an index: the Form; of an
        apply: (name of the row, parameters); of a reduce: (kind, loop indices).
    symbols : frozenset of int
        The loop indices that it depends on; a reduction's own are not among them.
    number : int
        In order of creation; arguments come before what is made of them.
    """

    __slots__ = ("args", "data", "dtype", "kind", "number", "symbols")

    def __init__(self, kind: str, dtype: Any, args: tuple[Expr, ...], data: Any, symbols: Any, number: int) -> None:
        self.kind = kind
        self.dtype = dtype
        self.args = args
        self.data = data
        self.symbols = symbols
        self.number = number

    def __repr__(self) -> str:
        return f"<{self.kind} {self.dtype} {self.data} {[arg.number for arg in self.args]} #{self.number}>"


class Expressions:
    """Makes expressions; equal ones once."""

    def __init__(self) -> None:
        self.made: dict[Any, Expr] = {}
        self.sizes: dict[int, int] = {}  # of the loop indices

    def symbol(self, size: int) -> int:
        """A new loop index."""
        number = len(self.sizes)
        self.sizes[number] = size
        return number

    def make(self, kind: str, dtype: Any, args: Sequence[Expr], data: Any = None, bound: Any = frozenset()) -> Expr:
        """An expression; `bound` are the loop indices that end with it."""
        args = tuple(args)
        key = (kind, dtype, tuple([arg.number for arg in args]), data)
        found = self.made.get(key)
        if found is None:
            symbols: Any = frozenset().union(*[arg.symbols for arg in args]) - bound if args else frozenset()
            if kind == "index":
                symbols |= data.symbols
            elif kind == "load":
                symbols = symbols.union(*[form.symbols for form in data[1]])
            found = self.made[key] = Expr(kind, dtype, args, data, symbols, len(self.made))
        return found

    def constant(self, value: Any, dtype: Any) -> Expr:
        """A number in a dtype."""
        dtype = np.dtype(dtype)
        with np.errstate(all="ignore"):
            number = np.asarray(value).astype(dtype)[()]
        key = ("constant", dtype, number.tobytes())
        found = self.made.get(key)
        if found is None:
            found = self.made[key] = Expr("constant", dtype, (), number, frozenset(), len(self.made))
        return found

    def load(self, value: Any, coords: tuple[Form, ...], part: int | None = None, dtype: Any = None) -> Expr:
        """The element of a value in memory; of a complex one, the real (0) or imaginary (1) `part`."""
        args = placed(coords, value.shape, part).exprs
        return self.make("load", dtype or value.dtype, args, (value, coords, part))

    def index(self, form: Form) -> Expr:
        """A position as a number."""
        if not form.terms:
            return self.constant(form.const, np.int64)
        return self.make("index", np.dtype(np.int64), form.exprs, form)

    def apply(self, name: str, args: Sequence[Expr], dtype: Any, params: tuple[Any, ...] = ()) -> Expr:
        """An elementwise row, of arguments that have the dtypes of its loop already."""
        return self.make("apply", np.dtype(dtype), args, (name, params))

    def convert(self, x: Expr, dtype: Any) -> Expr:
        """The same number in another dtype."""
        dtype = np.dtype(dtype)
        if x.dtype == dtype:
            return x
        if x.kind == "constant":
            return self.constant(x.data, dtype)
        return self.make("convert", dtype, (x,))

    def reduce(self, kind: str, x: Expr, symbols: Sequence[int], dtype: Any) -> Expr:
        """All elements over the ranges of some loop indices taken together."""
        return self.make("reduce", np.dtype(dtype), (x,), (kind, tuple(symbols)), frozenset(symbols))

    def select(self, condition: Expr, x: Expr, y: Expr) -> Expr:
        """`x` where the condition holds, else `y`."""
        if condition.kind == "constant":
            return x if condition.data else y
        return self.apply("where", (condition, x, y), x.dtype)

    def compare(self, name: str, form: Form, bound: int) -> Expr:
        """A comparison of a position with a number, decided now where the ranges of the loop indices decide it."""
        low = high = form.const
        for term, factor in form.terms:
            if not isinstance(term, int):
                break
            reach = factor * (self.sizes[term] - 1)
            low, high = low + min(reach, 0), high + max(reach, 0)
        else:
            test = {"less": int.__lt__, "greater_equal": int.__ge__, "equal": int.__eq__}[name]
            if (name != "equal" and test(low, bound) == test(high, bound)) or low == high:
                return self.constant(test(low, bound), np.bool_)
            if name == "equal" and not low <= bound <= high:
                return self.constant(False, np.bool_)
        return self.apply(name, (self.index(form), self.constant(bound, np.int64)), np.bool_)


def walk(roots: Sequence[Expr], into: Callable[[Expr], bool] = lambda expr: True) -> Iterator[Expr]:
    """All expressions that the roots are made of, arguments first; those of an expression that `into` rejects not."""
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        expr, ready = stack.pop()
        if ready:
            yield expr
        elif expr.number not in seen:
            seen.add(expr.number)
            stack.append((expr, True))
            if into(expr):
                stack.extend([(arg, False) for arg in reversed(expr.args) if arg.number not in seen])


def broadcast_coords(shape: tuple[int, ...], coords: Sequence[Form]) -> tuple[Form, ...]:
    """Where an operand of a shape is read when the broadcast result is at `coords`."""
    own = coords[len(coords) - len(shape) :]
    return tuple([ZERO if length == 1 else form for length, form in zip(shape, own)])


def placed(coords: Sequence[Form], shape: Sequence[int], part: int | None) -> Form:
    """The position in memory, in numbers: those of complex elements lie side by side."""
    form = linear(coords, shape)
    return form if part is None else form * 2 + part


def linear(coords: Sequence[Form], shape: Sequence[int]) -> Form:
    """The position in C-contiguous memory."""
    form, stride = ZERO, 1
    for coord, length in zip(reversed(coords), reversed(shape)):
        form = form + coord * stride
        stride *= length
    return form
