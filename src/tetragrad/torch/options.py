"""`torch.set_printoptions`."""

from __future__ import annotations

from typing import Any

from .tensor import STYLE

_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": float("inf"), "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None, threshold: float | None = None, edgeitems: int | None = None,
    linewidth: int | None = None, profile: str | None = None, sci_mode: bool | None = None,
) -> None:  # fmt: skip
    """Say how Tensors are printed.

    Parameters
    ----------
    precision : int
        Digits after the point.
    threshold : float
        Tensors of more elements are summarised.
    edgeitems : int
        Elements at each end of an axis that a summary shows.
    linewidth : int
        Characters of a line.
    profile : {'default', 'short', 'full'}
        Sets all of these.
    sci_mode : bool, optional
        Always, or never, in powers of ten; None decides by the values.
    """
    if profile is not None:
        for name, value in _PROFILES[profile].items():
            setattr(STYLE, name, value)
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    for name, value in given.items():
        if value is not None:
            setattr(STYLE, name, value)
    STYLE.sci_mode = sci_mode
