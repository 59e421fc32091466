"""The multinomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..random import draw
from ..tensor import Tensor


class Multinomial:
    """How often each outcome occurs in `total_count` independent trials.

    Parameters
    ----------
    total_count : int
    probs : Tensor
        Probabilities of the outcomes, or weights in proportion to them.
    """

    def __init__(self, total_count: int = 1, probs: Any = None, logits: Any = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        weights = probs if probs is not None else (logits - logits.max()).exp()
        self.total_count = total_count
        self.probs = weights / weights.sum(-1, True)

    @property
    def mean(self) -> Any:
        """The expected counts."""
        return self.probs * self.total_count

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Counts, of the shape `sample_shape` followed by that of the probabilities."""
        chances = self.probs.detach()._array().astype(np.float64)
        chances /= chances.sum()
        counts = draw(None, lambda rng: rng.multinomial(self.total_count, chances, tuple(sample_shape) or None))
        return Tensor(np.asarray(counts, self.probs._value.dtype), None)


__all__ = ["Multinomial"]
