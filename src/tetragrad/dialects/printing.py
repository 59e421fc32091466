"""Arrays as PyTorch prints them: one format for all elements, aligned, four digits, summarised when large.

The rules are those of `torch.set_printoptions`; another dialect that prints alike passes its own `Style`.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np


@dataclasses.dataclass
class Style:
    """How to print: digits after the point, elements from which to summarise, elements to keep at each edge, width."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


class NumberFormat:
    """The common format of all numbers of an array."""

    def __init__(self, values: np.ndarray[Any, Any], style: Style) -> None:
        self.floating = values.dtype.kind == "f"
        self.whole = True  # only whole numbers: printed without digits after the point
        self.scientific = False
        self.width = 1
        self.precision = style.precision
        if not self.floating:
            self.width = max([len(str(value)) for value in values.ravel().tolist()], default=1)
            return
        finite = np.abs(values[np.isfinite(values) & (values != 0)].astype(np.float64))
        if finite.size == 0:
            return
        smallest, largest = float(finite.min()), float(finite.max())
        self.whole = bool(np.all(finite == np.ceil(finite)))
        self.scientific = largest / smallest > 1000 or largest > 1e8 or (not self.whole and smallest < 1e-4)
        if style.sci_mode is not None:
            self.scientific = style.sci_mode
        signed = values[np.isfinite(values) & (values != 0)].tolist()
        self.width = max([len(self._text(value)) for value in signed])

    def _text(self, value: Any) -> str:
        if not self.floating:
            return str(value)
        if self.scientific:
            return f"{value:.{self.precision}e}"
        if self.whole:
            return f"{value:.0f}" + ("" if math.isinf(value) or math.isnan(value) else ".")
        return f"{value:.{self.precision}f}"

    def __call__(self, value: Any) -> str:
        return self._text(value).rjust(self.width)


class ComplexFormat:
    """The common format of all complex numbers of an array: one format for the real parts, one for the others."""

    def __init__(self, values: np.ndarray[Any, Any], style: Style) -> None:
        self.real = NumberFormat(np.ascontiguousarray(values.real), style)
        self.imag = NumberFormat(np.ascontiguousarray(values.imag), style)
        self.width = self.real.width + self.imag.width + 1

    def __call__(self, value: Any) -> str:
        imag = self.imag(value.imag).lstrip() + "j"
        return self.real(value.real) + (imag if imag[0] in "+-" else "+" + imag)


def format_array(values: Any, indent: int, style: Style) -> str:
    """The elements in brackets; `indent` is the column at which the text begins."""
    values = np.asarray(values)
    summarise = values.size > style.threshold
    shown = _edges(values, style.edgeitems) if summarise else values
    form: Any = (ComplexFormat if values.dtype.kind == "c" else NumberFormat)(shown, style)
    return _format(values, indent, summarise, form, style)


def _edges(values: Any, count: int) -> Any:
    """The parts of a large array that are shown."""
    for axis, length in enumerate(values.shape):
        if length > 2 * count:
            values = np.take(values, [*range(count), *range(length - count, length)], axis)
    return values


def _format(values: Any, indent: int, summarise: bool, form: Any, style: Style) -> str:
    if values.ndim == 0:
        return str(form(values.item()))
    cut = summarise and len(values) > 2 * style.edgeitems
    edge = style.edgeitems
    if values.ndim == 1:
        per_line = max(1, (style.linewidth - indent) // (form.width + 2))
        if cut:
            first, last = values[:edge].tolist(), values[-edge:].tolist()
            texts = [*map(form, first), " ...", *map(form, last)]
        else:
            texts = [form(value) for value in values.tolist()]
        lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)] or [""]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    rows = [values[i] for i in ([*range(edge), *range(-edge, 0)] if cut else range(len(values)))]
    slices = [_format(row, indent + 1, summarise, form, style) for row in rows]
    if cut:
        slices.insert(edge, "...")
    return "[" + ("," + "\n" * (values.ndim - 1) + " " * (indent + 1)).join(slices) + "]"


def with_suffixes(prefix: str, body: str, suffixes: list[str], style: Style) -> str:
    """``prefix + body, suffix, ...)``, breaking the line before a suffix that would not fit."""
    text = prefix + body
    last = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if last + len(suffix) + 2 > style.linewidth:
            text += ",\n" + " " * len(prefix) + suffix
            last = len(prefix) + len(suffix)
        else:
            text += ", " + suffix
            last += len(suffix) + 2
    return text + ")"
