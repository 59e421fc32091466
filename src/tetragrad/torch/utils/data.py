"""`torch.utils.data`: data sets and mini-batches of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...dialects.names import answer_for
from ..creation import as_tensor
from ..random import randperm
from ..shaping import stack
from ..tensor import Tensor


class Dataset:
    """A sequence of examples: subclasses have `__getitem__` and `__len__`."""

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")


class TensorDataset(Dataset):
    """Examples that are the entries of Tensors along their first axis."""

    def __init__(self, *tensors: Any) -> None:
        if any([len(each) != len(tensors[0]) for each in tensors]):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> Any:
        return tuple([each[index] for each in self.tensors])

    def __len__(self) -> int:
        return len(self.tensors[0])


class DataLoader:
    """Mini-batches of a data set, in order or shuffled."""

    def __init__(
        self, dataset: Any, batch_size: int = 1, shuffle: bool = False, num_workers: int = 0, collate_fn: Any = None,
        drop_last: bool = False, generator: Any = None,
    ) -> None:  # fmt: skip
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.collate_fn = collate_fn or default_collate
        self.drop_last = drop_last
        self.generator = generator

    def __len__(self) -> int:
        count = len(self.dataset)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        count = len(self.dataset)
        order = randperm(count, generator=self.generator).tolist() if self.shuffle else range(count)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield self.collate_fn([self.dataset[i] for i in order[start : start + self.batch_size]])


def default_collate(batch: Any) -> Any:
    """Examples joined into one batch, structure kept."""
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if isinstance(first, (np.ndarray, np.generic)):
        return as_tensor(np.stack(batch))
    if isinstance(first, (int, float)):
        return as_tensor(batch)
    if isinstance(first, dict):
        return {key: default_collate([each[key] for each in batch]) for key in first}
    if isinstance(first, (tuple, list)):
        return [default_collate(list(part)) for part in zip(*batch)]
    return batch


__all__ = ["DataLoader", "Dataset", "TensorDataset", "default_collate"]

__getattr__ = answer_for(__name__)
