"""Figures as SVG text, all in one style. matplotlib's pyplot, with its global state and windows, is not involved."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

WIDTH = 7.2  # inches
INK, MUTED, ACCENT, SECOND, THIRD = "#1f2430", "#8b93a5", "#2563c9", "#d9622b", "#3f8f5b"

STYLE: dict[Any, Any] = {
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.prop_cycle": f"cycler('color', ['{ACCENT}', '{SECOND}', '{THIRD}', '{INK}'])",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.dpi": 144,
    "font.family": "sans-serif",
    "font.size": 9,
    "grid.color": "#e7e9ee",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",  # text stays text
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def svg(draw: Callable[[Any], None], height: float) -> str:
    """The SVG text of a new figure, `height` inches high, that `draw(figure)` has drawn on."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
