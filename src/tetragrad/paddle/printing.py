"""How Paddle prints Tensors: eight digits, whole numbers with a bare point, columns padded on the right."""

from __future__ import annotations

from typing import Any

import numpy as np


class PrintOptions:
    """What `set_printoptions` sets."""

    precision = 8
    threshold = 1000
    edgeitems = 3
    linewidth = 80
    sci_mode = False


def set_printoptions(
    precision: int | None = None, threshold: int | None = None, edgeitems: int | None = None,
    sci_mode: bool | None = None, linewidth: int | None = None,
) -> None:  # fmt: skip
    """Choose how Tensors are printed.

    Parameters
    ----------
    precision : int, optional
        Digits after the point; 8 at first.
    threshold : int, optional
        Tensors of more elements are printed in part.
    edgeitems : int, optional
        How many elements at each end are printed then.
    sci_mode : bool, optional
        Print powers of ten.
    linewidth : int, optional
    """
    given = {
        "precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth,
        "sci_mode": sci_mode,
    }  # fmt: skip
    for name, value in given.items():
        if value is not None:
            setattr(PrintOptions, name, value)


def format_array(array: np.ndarray[Any, Any], indent: int) -> str:
    """The elements of an array, nested in brackets; lines after the first begin `indent` columns in."""
    summary = array.size > PrintOptions.threshold
    shown = _edges(array) if summary else array
    texts = [_number(item) for item in shown.ravel()]
    signed = array.dtype.kind in "if" and bool((shown < 0).any())
    return _nested(array, summary, indent, max(map(len, texts), default=0), signed)


def _edges(array: Any) -> Any:
    """The elements that are printed of a long array."""
    edge = PrintOptions.edgeitems
    for axis, length in enumerate(array.shape):
        if length > 2 * edge:
            array = np.take(array, [*range(edge), *range(length - edge, length)], axis)
    return array


def _number(item: Any) -> str:
    digits = PrintOptions.precision
    kind = item.dtype.kind
    form = "e" if PrintOptions.sci_mode else "f"
    if kind == "c":
        return f"({item.real:.{digits}{form}}{item.imag:+.{digits}{form}}j)"
    if kind != "f":
        return f"{item}"
    if not PrintOptions.sci_mode and np.ceil(item) == item:
        return f"{item:.0f}."
    return f"{item:.{digits}{form}}"


def _padded(item: Any, width: int, signed: bool) -> str:
    text = _number(item)
    if width > len(text) and signed and not item < 0:
        text = " " + text
    return text.ljust(width)


def _nested(array: Any, summary: bool, indent: int, width: int, signed: bool) -> str:
    if array.ndim == 0:
        return _padded(array[()], width, signed)
    edge = PrintOptions.edgeitems
    long = summary and len(array) > 2 * edge
    rows = [*array[:edge], *array[-edge:]] if long else list(array)
    if array.ndim > 1:
        parts = [_nested(row, summary, indent + 1, width, signed) for row in rows]
    else:
        parts = [_padded(item, width, signed) for item in rows]
    if long:
        parts.insert(edge, "...")
    if array.ndim > 1:
        return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"
    per_line = max(1, (PrintOptions.linewidth - indent) // (width + 2))
    lines = [", ".join(parts[start : start + per_line]) for start in range(0, len(parts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
