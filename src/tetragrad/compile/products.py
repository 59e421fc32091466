"""Products summed over axes, written out: as matrix products for BLAS, or as loop nests where those are faster.

Both read transposed operands where they are. A product of few numbers, or of a vector, is a sum of elementwise
products.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .expand import Expansion, Rule
from .graph import Op, Value

# Up to this many multiplications a matrix product is a loop nest.
TINY = 512


def _supported(op: Op, operands: Sequence[Value]) -> bool:
    return op.out.dtype.kind in "fiuc" and op.out.dtype.itemsize >= 4 and not any([v.weak for v in operands])


def _matmul(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    x, y = [e.convert(value, op.out.dtype) for value in operands]
    if not _supported(op, operands):
        return None
    if len(x.shape) == 1 or len(y.shape) == 1:
        return _with_vector(e, x, y, op.out.shape)
    return e.reshape(product(e, x, y), op.out.shape)


def _with_vector(e: Expansion, x: Value, y: Value, shape: tuple[int, ...]) -> Value:
    """A product of which one operand at least is a vector: a reduction of elementwise products."""
    if len(y.shape) == 1:
        return _summed(e, x, y, len(x.shape) - 1)
    x = e.reshape(x, (x.shape[0], 1))
    return e.reshape(_summed(e, x, y, len(y.shape) - 2), shape)


def _summed(e: Expansion, x: Value, y: Value, axis: int) -> Value:
    return e.reduce("sum", e.two("multiply", x, y), (axis,), False)


def product(e: Expansion, x: Value, y: Value) -> Value:
    """Matrix products over the last two axes; the others broadcast."""
    *batch_x, m, k = x.shape
    *batch_y, _, n = y.shape
    if batch_x and len(y.shape) == 2:  # all rows at once
        rows = math.prod(batch_x) * m
        return e.reshape(product(e, e.reshape(x, (rows, k)), y), (*batch_x, m, n))
    if m * n * k <= TINY or 1 in (m, n, k) or x.dtype.kind not in "fc":
        rank = max(len(x.shape), len(y.shape))
        if m == 1 or n == 1:
            return _thin(e, x, y)
        x, y = e.reshape(x, (*batch_x, m, k, 1)), e.reshape(y, (*batch_y, 1, k, n))
        return _summed(e, x, y, rank - 1)
    batch = [max(a, b) for a, b in zip(_padded(batch_x, batch_y), _padded(batch_y, batch_x))]
    return e.add("matmul", (x, y), x.dtype, (*batch, m, n))


def _padded(own: Sequence[int], other: Sequence[int]) -> list[int]:
    return [1] * (max(len(own), len(other)) - len(own)) + list(own)


def _thin(e: Expansion, x: Value, y: Value) -> Value:
    """A matrix and one column, or one row and a matrix."""
    k, n = x.shape[-1], y.shape[-1]
    rank = max(len(x.shape), len(y.shape))
    if n == 1:
        y = e.reshape(y, (*y.shape[:-2], 1, k))
        out = _summed(e, x, y, rank - 1)
        return e.reshape(out, (*out.shape, 1))
    x = e.reshape(x, (*x.shape[:-2], k, 1))
    out = _summed(e, x, y, rank - 2)
    return e.reshape(out, (*out.shape[:-1], 1, n))


def _dot(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    x, y = [e.convert(value, op.out.dtype) for value in operands]
    if not _supported(op, operands):
        return None
    if x.shape == () or y.shape == ():
        return e.two("multiply", x, y)
    if len(y.shape) == 1:
        return _summed(e, x, y, len(x.shape) - 1)
    *others, k, n = y.shape
    if others:  # the summed axis first
        rank = len(y.shape)
        y = e.transpose(y, (rank - 2, *range(rank - 2), rank - 1))
        y = e.reshape(y, (k, math.prod(others) * n))
    if len(x.shape) == 1:
        return e.reshape(_summed(e, e.reshape(x, (k, 1)), y, 0), op.out.shape)
    x = e.reshape(x, (math.prod(x.shape[:-1]), k))
    return e.reshape(product(e, x, y), op.out.shape)


# -- einsum -----------------------------------------------------------------------------------------------------------


def _einsum(e: Expansion, op: Op, operands: list[Value]) -> Value | None:
    if not _supported(op, operands):
        return None
    inputs, output = op.params["subscripts"].split("->")
    terms = [_diagonals(e, e.convert(x, op.out.dtype), term) for x, term in zip(operands, inputs.split(","))]
    while len(terms) > 1:
        (x, own), (y, other), *rest = terms
        needed = set(output).union(*[labels for _, labels in rest])
        terms = [_pair(e, x, own, y, other, needed), *rest]
    x, labels = _without(e, *terms[0], set(output))
    return e.transpose(x, [labels.index(label) for label in output])


def _diagonals(e: Expansion, x: Value, labels: str) -> tuple[Value, str]:
    """Without repeated labels."""
    while len(set(labels)) < len(labels):
        label = next(label for label in labels if labels.count(label) > 1)
        axis1 = labels.index(label)
        axis2 = labels.index(label, axis1 + 1)
        kept = [i for i in range(len(labels)) if i not in (axis1, axis2)]
        shape = (*[x.shape[i] for i in kept], x.shape[axis1])
        x = e.add("diagonal", (x,), x.dtype, shape, offset=0, axis1=axis1, axis2=axis2)
        labels = "".join([labels[i] for i in kept]) + label
    return x, labels


def _without(e: Expansion, x: Value, labels: str, needed: set[str]) -> tuple[Value, str]:
    """Summed over the labels that nothing else has."""
    axes = [i for i, label in enumerate(labels) if label not in needed]
    if axes:
        x = e.reduce("sum", x, axes, False)
    return x, "".join([label for label in labels if label in needed])


def _pair(e: Expansion, x: Value, own: str, y: Value, other: str, needed: set[str]) -> tuple[Value, str]:
    """The product of two terms, summed over the labels that nothing else has."""
    x, own = _without(e, x, own, needed | set(other))
    y, other = _without(e, y, other, needed | set(own))
    both = [label for label in own if label in other]
    batch = [label for label in both if label in needed]
    summed = [label for label in both if label not in needed]
    left = [label for label in own if label not in other]
    right = [label for label in other if label not in own]
    x = e.transpose(x, [own.index(label) for label in (*batch, *left, *summed)])
    y = e.transpose(y, [other.index(label) for label in (*batch, *summed, *right)])
    b, i, k = len(batch), len(left), len(summed)
    lengths = x.shape[:b], x.shape[b : b + i], x.shape[b + i :], y.shape[b + k :]
    same = tuple([max(a, c) for a, c in zip(x.shape[:b], y.shape[:b])])
    labels = "".join([*batch, *left, *right])
    if not summed:
        x = e.reshape(x, (*lengths[0], *lengths[1], *(1,) * len(right)))
        y = e.reshape(y, (*y.shape[:b], *(1,) * i, *lengths[3]))
        return e.two("multiply", x, y), labels
    count = math.prod([max(a, c) for a, c in zip(lengths[2], y.shape[b : b + k])])
    if math.prod(lengths[2]) != count or math.prod(y.shape[b : b + k]) != count:  # an axis of length 1 is repeated
        x = e.reshape(x, (*lengths[0], *lengths[1], *lengths[2], *(1,) * len(right)))
        y = e.reshape(y, (*y.shape[:b], *(1,) * i, *y.shape[b:]))
        out = e.reduce("sum", e.two("multiply", x, y), range(b + i, b + i + k), False)
        return out, labels
    x = e.reshape(x, (*lengths[0], math.prod(lengths[1]), count))
    y = e.reshape(y, (*y.shape[:b], count, math.prod(lengths[3])))
    out = product(e, x, y)
    return e.reshape(out, (*same, *lengths[1], *lengths[3])), labels


RULES: dict[str, Rule] = {"matmul": _matmul, "dot": _dot, "einsum": _einsum}
