"""`paddle.save` and `paddle.load`: Tensors, and nests of them, in files."""

from __future__ import annotations

import os
import pickle
from typing import Any


def save(obj: Any, path: str | os.PathLike[str]) -> None:
    """Write Tensors, or lists and dicts of them, to a file.

    Parameters
    ----------
    obj : Tensor or nested container
    path : path
        Directories that are missing are made.
    """
    directory = os.path.dirname(os.fspath(path))
    if directory:
        os.makedirs(directory, exist_ok=True)
    with open(path, "wb") as file:
        pickle.dump(obj, file)


def load(path: str | os.PathLike[str]) -> Any:
    """What `save` wrote to a file. Like any pickle, it may run code: load only files that you trust."""
    with open(path, "rb") as file:
        return pickle.load(file)
