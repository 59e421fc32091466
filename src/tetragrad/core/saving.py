"""What happens to the arrays that nodes save: kept as they are, or packed by hooks and unpacked for the sweep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class Packing:
    """A recording mode in which every saved array goes through `pack`, and comes back through `unpack`."""

    __slots__ = ("pack", "unpack")

    def __init__(self, pack: Callable[[Any], Any], unpack: Callable[[Any], Any]) -> None:
        self.pack = pack
        self.unpack = unpack

    def packed(self, residuals: tuple[Any, ...]) -> PackedResiduals:
        """Residuals with their arrays packed."""
        return PackedResiduals(
            tuple([Packed(self.pack(each)) if type(each) is np.ndarray else each for each in residuals]), self.unpack
        )


class Packed:
    """What `pack` made of an array."""

    __slots__ = ("handle",)

    def __init__(self, handle: Any) -> None:
        self.handle = handle


class PackedResiduals:
    """The residuals of a node that was recorded under packing."""

    __slots__ = ("residuals", "unpack")

    def __init__(self, residuals: tuple[Any, ...], unpack: Callable[[Any], Any]) -> None:
        self.residuals = residuals
        self.unpack = unpack

    def unpacked(self) -> tuple[Any, ...]:
        """The residuals as they were."""
        return tuple([self.unpack(each.handle) if type(each) is Packed else each for each in self.residuals])
