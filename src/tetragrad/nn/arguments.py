"""Strides, paddings and the like as users write them -> the tuples, one entry per axis, that the primitives want."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from ..errors import OperationError

Pairs = tuple[tuple[int, int], ...]


def per_axis(name: str, argument: str, value: Any, rank: int, least: int = 1) -> tuple[int, ...]:
    """One number for all axes, or one for each."""
    try:
        numbers = tuple([operator.index(each) for each in value]) if _is_sequence(value) else (operator.index(value),)
    except TypeError:
        raise OperationError(f"{name}: {argument} must be a whole number or {rank} of them, got {value!r}") from None
    if len(numbers) == 1:
        numbers *= rank
    if len(numbers) != rank:
        raise OperationError(f"{name}: {argument} must be a whole number or {rank} of them, got {value!r}")
    if min(numbers, default=least) < least:
        raise OperationError(f"{name}: {argument} must be at least {least}, got {value!r}")
    return numbers


def _is_sequence(value: Any) -> bool:
    return isinstance(value, (Sequence, frozenset)) or (hasattr(value, "__len__") and bool(getattr(value, "shape", 1)))


def pairs(
    name: str, padding: Any, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Pairs:
    """'valid', 'same', a number for both ends of all axes, one for each axis, or a pair for each.

    'same' makes ``ceil(size / stride)`` windows, with the greater half of an odd padding at the end.
    """
    rank = len(size)
    if isinstance(padding, str):
        if padding.lower() == "valid":
            return ((0, 0),) * rank
        if padding.lower() == "same":
            return tuple([_same(*each) for each in zip(size, kernel, stride, dilation)])
        raise OperationError(
            f"{name}: padding is 'valid', 'same', a number, or {rank} numbers or pairs, got {padding!r}"
        )
    if _is_sequence(padding) and len(padding) == rank and all([_is_sequence(each) for each in padding]):
        first, *others = [per_axis(name, "padding", each, 2, 0) for each in padding]
        return tuple([(low, high) for low, high in (first, *others)])
    return tuple([(each, each) for each in per_axis(name, "padding", padding, rank, 0)])


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2
