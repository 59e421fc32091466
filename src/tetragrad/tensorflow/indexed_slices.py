"""`tf.IndexedSlices`: the gradient of `tf.gather`, kept as the rows it has and their positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.indexing import scatter
from .tensor import operand


class IndexedSlices:
    """Rows `values[i]` that belong at `indices[i]` of a Tensor of `dense_shape`; repeated positions add up.

    `tf.convert_to_tensor` gives the dense Tensor.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self._values = operand(values)
        self._indices = operand(indices)
        self._dense_shape = None if dense_shape is None else operand(dense_shape)

    @property
    def values(self) -> Any:
        """The rows."""
        return self._values

    @property
    def indices(self) -> Any:
        """The position of each row."""
        return self._indices

    @property
    def dense_shape(self) -> Any:
        """The shape of the dense Tensor, if known."""
        return self._dense_shape

    @property
    def dtype(self) -> Any:
        """Type of the elements."""
        return self._values.dtype

    @property
    def shape(self) -> Any:
        """The shape of the dense Tensor."""
        from .dtypes import TensorShape

        return TensorShape(np.asarray(self._dense_shape)) if self._dense_shape is not None else TensorShape([None])

    def _to_tensor(self) -> Any:
        if self._dense_shape is None:
            raise ValueError("Tensor conversion requested for IndexedSlices without dense_shape.")
        shape = tuple([int(length) for length in np.asarray(self._dense_shape)])
        return scatter(self._values, index=(np.asarray(self._indices),), shape=shape)

    def numpy(self) -> Any:
        """The dense values as a NumPy array."""
        return self._to_tensor().numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self._to_tensor(), dtype=dtype)

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __repr__(self) -> str:
        shape = "" if self._dense_shape is None else f", dense_shape={self._dense_shape}"
        return f"IndexedSlices(indices={self._indices}, values={self._values}{shape})"


def _arithmetic(name: str) -> Any:
    def method(self: IndexedSlices, other: Any) -> Any:
        return getattr(self._to_tensor(), name)(other._to_tensor() if isinstance(other, IndexedSlices) else other)

    return method


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv"):
    setattr(IndexedSlices, f"__{_name}__", _arithmetic(f"__{_name}__"))
