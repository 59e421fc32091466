"""`tf.compat.v1`: the names around gradients. Graph mode, which they belong to, is not there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ..dialects.names import missing_name
from .custom import AggregationMethod, gradients, hessians, no_gradient


class _Version1(SimpleNamespace):
    def __getattr__(self, name: str) -> Any:
        raise missing_name(f"{__name__}.v1", name, vars(self))


v1 = _Version1(
    AggregationMethod=AggregationMethod, NoGradient=no_gradient, NotDifferentiable=no_gradient, gradients=gradients,
    hessians=hessians, no_gradient=no_gradient,
)  # fmt: skip

__all__ = ["v1"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
