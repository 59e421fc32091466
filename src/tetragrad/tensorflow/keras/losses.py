"""`tf.keras.losses`: mean squared error and cross-entropies."""

from __future__ import annotations

from typing import Any

from ...dialects.names import missing_name
from ..elementwise import cast, log, square, subtract
from ..nn import sparse_softmax_cross_entropy_with_logits
from ..reductions import reduce_mean, reduce_sum
from ..tensor import operand


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of squared differences along the last axis."""
    y_pred = operand(y_pred)
    return reduce_mean(square(subtract(y_pred, cast(y_true, y_pred.dtype))), axis=-1)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False) -> Any:
    """Cross-entropy of class numbers with probabilities, or with logits."""
    y_pred = operand(y_pred)
    return sparse_softmax_cross_entropy_with_logits(cast(y_true, "int64"), y_pred if from_logits else log(y_pred))


class Loss:
    """A loss averaged (``reduction="sum_over_batch_size"``), summed (``"sum"``) or left as it is (``"none"``)."""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = None) -> None:
        if reduction not in ("sum_over_batch_size", "auto", "sum", "none", None):
            raise ValueError(f"Invalid value for argument `reduction`: {reduction!r}")
        self.reduction = reduction

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        raise NotImplementedError

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        values = self.call(y_true, y_pred)
        if sample_weight is not None:
            values = values * sample_weight
        if self.reduction in ("none", None):
            return values
        return reduce_sum(values) if self.reduction == "sum" else reduce_mean(values)


class MeanSquaredError(Loss):
    """The mean of squared differences."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        return mean_squared_error(y_true, y_pred)


class SparseCategoricalCrossentropy(Loss):
    """Cross-entropy of class numbers with probabilities, or with logits."""

    def __init__(
        self, from_logits: bool = False, ignore_class: Any = None, reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name)
        self.from_logits = from_logits

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits)


__all__ = [
    "Loss", "MeanSquaredError", "SparseCategoricalCrossentropy", "mean_squared_error",
    "sparse_categorical_crossentropy",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
