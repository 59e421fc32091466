"""`tf.data`: the little of it that feeds a training loop from arrays in memory."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..dialects.names import missing_name
from . import nest, random
from .tensor import operand


class Dataset:
    """A sequence of elements, made anew each time it is iterated over.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> [batch.numpy().tolist() for batch in tf.data.Dataset.from_tensor_slices([1, 2, 3]).batch(2)]
    [[1, 2], [3]]
    """

    def __init__(self, start: Callable[[], Iterator[Any]]) -> None:
        self._start = start

    def __iter__(self) -> Iterator[Any]:
        return self._start()

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """The entries of a nest of Tensors along their first axis."""
        arrays = _structured(tensors)
        lengths = {x.shape[0] for x in nest.flatten(arrays)}
        if len(lengths) != 1:
            raise ValueError(f"Dimensions {sorted(lengths)} are not compatible")
        (length,) = lengths
        return Dataset(lambda: (nest.map_structure(operator.itemgetter(i), arrays) for i in range(length)))

    @staticmethod
    def range(*args: int, **kwargs: Any) -> Dataset:
        """Integers, as Python's range."""
        return Dataset.from_tensor_slices(np.arange(*args, dtype=np.int64))

    def shuffle(self, buffer_size: int, seed: Any = None, reshuffle_each_iteration: bool = True) -> Dataset:
        """The elements in random order."""

        def start() -> Iterator[Any]:
            elements = list(self)
            order = random._source(seed).permutation(len(elements))
            return (elements[i] for i in order)

        return Dataset(start)

    def batch(self, batch_size: int, drop_remainder: bool = False, **kwargs: Any) -> Dataset:
        """Elements stacked, `batch_size` at a time."""
        from .control import _stacked

        def start() -> Iterator[Any]:
            pending: list[Any] = []
            for element in self:
                pending.append(element)
                if len(pending) == batch_size:
                    yield _stacked(pending)
                    pending = []
            if pending and not drop_remainder:
                yield _stacked(pending)

        return Dataset(start)

    def map(self, map_func: Callable[..., Any], *args: Any, **kwargs: Any) -> Dataset:
        """A function of each element."""
        return Dataset(lambda: (map_func(*e) if isinstance(e, tuple) else map_func(e) for e in self))

    def repeat(self, count: int | None = None) -> Dataset:
        """The elements again and again."""

        def start() -> Iterator[Any]:
            done = 0
            while count is None or done < count:
                yield from self
                done += 1

        return Dataset(start)

    def take(self, count: int) -> Dataset:
        """The first elements."""
        import itertools

        return Dataset(lambda: itertools.islice(iter(self), count))

    def prefetch(self, buffer_size: int) -> Dataset:
        """The dataset itself: elements are made when they are asked for."""
        return self

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as NumPy arrays."""
        return (nest.map_structure(lambda x: x.numpy(), element) for element in self)


def _structured(tensors: Any) -> Any:
    """Tuples and dictionaries of Tensors; lists are data."""
    if isinstance(tensors, dict):
        return {key: _structured(part) for key, part in tensors.items()}
    return tuple([_structured(part) for part in tensors]) if isinstance(tensors, tuple) else operand(tensors)


AUTOTUNE = -1

__all__ = ["AUTOTUNE", "Dataset"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
