"""The notations of einsum, brought to one: every label a letter, no ellipsis, the output written out."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import Any

from ..core.levels import shape_of
from ..errors import OperationError, ShapeError
from .arguments import operand

# How NumPy writes the numbers of the list notation.
_SYMBOLS = ascii_uppercase + ascii_lowercase


def parse(arguments: Sequence[Any]) -> tuple[str, list[Any]]:
    """Subscripts like ``ij,jk->ik`` and the operands, from the arguments of einsum in any of its notations."""
    if not arguments:
        raise OperationError("einsum: give the subscripts and the operands")
    if isinstance(arguments[0], str):
        subscripts, operands = arguments[0].replace(" ", ""), [operand(a) for a in arguments[1:]]
    else:
        subscripts, operands = _from_lists(arguments)
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        raise OperationError(f"einsum: {subscripts!r} names {len(terms)} operands, {len(operands)} were given")
    letters = set(inputs.replace(",", "").replace("...", "")) | set(output.replace("...", ""))
    if not letters <= set(ascii_letters):
        raise OperationError(f"einsum: {subscripts!r} has other characters than letters, ',', '...' and '->'")
    terms, spread = _spread(subscripts, terms, operands, letters)
    if arrow:
        output = _with_ellipsis(subscripts, output, spread)
    else:
        inputs = "".join(terms)
        output = spread + "".join([x for x in sorted(letters) if inputs.count(x) == 1])
    return f"{','.join(terms)}->{output}", operands


def _from_lists(arguments: Sequence[Any]) -> tuple[str, list[Any]]:
    """The notation ``einsum(a, [0, 1], b, [1, 2], [0, 2])``."""
    pairs = len(arguments) // 2
    operands = [operand(arguments[2 * i]) for i in range(pairs)]
    subscripts = ",".join([_letters(arguments[2 * i + 1]) for i in range(pairs)])
    return (f"{subscripts}->{_letters(arguments[-1])}" if len(arguments) % 2 else subscripts), operands


def _letters(labels: Sequence[Any]) -> str:
    try:
        return "".join(["..." if label is Ellipsis else _SYMBOLS[label] for label in labels])
    except (IndexError, TypeError):
        raise OperationError(f"einsum: labels must be numbers from 0 to 51 or Ellipsis, got {labels!r}") from None


def _spread(subscripts: str, terms: Sequence[str], operands: Sequence[Any], letters: set[str]) -> tuple[list[str], str]:
    """Terms with letters for what their ellipses stand for, and the letters of the longest."""
    lengths = []
    for term, array in zip(terms, operands):
        rank, named = len(shape_of(array)), len(term.replace("...", ""))
        if rank < named or (rank > named and "..." not in term):
            raise ShapeError(f"einsum: {term!r} in {subscripts!r} does not fit an operand of shape {shape_of(array)}")
        lengths.append(rank - named)
    fresh = [letter for letter in ascii_letters if letter not in letters]
    spread = "".join(fresh[: max(lengths)])
    return [term.replace("...", spread[len(spread) - length :]) for term, length in zip(terms, lengths)], spread


def _with_ellipsis(subscripts: str, output: str, spread: str) -> str:
    if spread and "..." not in output:
        raise OperationError(f"einsum: the output of {subscripts!r} must have an ellipsis, as the operands do")
    return output.replace("...", spread)
