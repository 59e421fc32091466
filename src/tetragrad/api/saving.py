"""What to do with arrays that a recording saves: keep them, put them on disk, compress them, or compute them again."""

from __future__ import annotations

import os
import threading
import weakref
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.recording import RecordingMode, call_in_mode, is_recording
from ..core.saving import Packing
from ..core.tensor import Tensor
from ..errors import OperationError
from .containers import flatten, unflatten


def saved_arrays_hooks(pack: Callable[[Any], Any], unpack: Callable[[Any], Any]) -> RecordingMode:
    """Send every array that is saved for a backward pass through a pair of functions.

    Parameters
    ----------
    pack : callable
        ``pack(array) -> handle``, called when an operation is recorded. It must not change the array.
    unpack : callable
        ``unpack(handle) -> array``, called when a backward pass needs it; must give back shape and dtype.

    Returns
    -------
    RecordingMode
        Usable as ``with saved_arrays_hooks(...):`` and as a decorator. Of nested ones, the innermost is in force. It
        does not switch recording on.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.saved_arrays_hooks(lambda a: a.astype(np.float32), lambda h: h.astype(np.float64)):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    """
    return RecordingMode(Packing(pack, unpack))


def save_on_disk(directory: str | os.PathLike[str] | None = None, min_bytes: int = 1 << 16) -> RecordingMode:
    """Keep the arrays saved for a backward pass in files, mapped into memory when they are needed.

    Parameters
    ----------
    directory : path, optional
        Where the files go; by default the system's directory for temporary files. A file goes when its array goes.
    min_bytes : int
        Smaller arrays stay in memory.

    Returns
    -------
    RecordingMode
        Usable as a context manager and as a decorator.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> x = tg.tensor(np.ones(100_000), requires_grad=True)
    >>> with tg.save_on_disk():
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> float(x.grad.sum())
    200000.0
    """

    def pack(array: Any) -> Any:
        if array.nbytes < min_bytes:
            return array
        import tempfile  # takes a while, and few programs save on disk

        handle, path = tempfile.mkstemp(suffix=".tetragrad", dir=directory)
        os.close(handle)
        mapped = np.memmap(path, dtype=array.dtype, mode="w+", shape=array.shape)
        mapped[...] = array
        mapped.flush()
        stored = _Stored(path, array.dtype, array.shape)
        weakref.finalize(stored, _remove, path)
        return stored

    def unpack(handle: Any) -> Any:
        if not isinstance(handle, _Stored):
            return handle
        return np.asarray(np.memmap(handle.path, dtype=handle.dtype, mode="r", shape=handle.shape))

    return RecordingMode(Packing(pack, unpack))


class _Stored:
    """An array in a file."""

    def __init__(self, path: str, dtype: Any, shape: tuple[int, ...]) -> None:
        self.path, self.dtype, self.shape = path, dtype, shape


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:
        pass


def save_compressed(level: int = 1, min_bytes: int = 1 << 12) -> RecordingMode:
    """Keep the arrays saved for a backward pass compressed (zlib, without loss).

    Parameters
    ----------
    level : int
        1 (fastest) to 9 (smallest).
    min_bytes : int
        Smaller arrays are left as they are.

    Returns
    -------
    RecordingMode
        Usable as a context manager and as a decorator.

    Examples
    --------
    >>> import numpy as np
    >>> import tetragrad as tg
    >>> x = tg.tensor(np.ones(10_000), requires_grad=True)
    >>> before = tg.memory().saved_bytes
    >>> with tg.save_compressed():
    ...     y = (x * x).sum()
    >>> tg.memory().saved_bytes - before < 10_000
    True
    >>> y.backward()
    >>> float(x.grad.sum())
    20000.0
    """

    def pack(array: Any) -> Any:
        if array.nbytes < min_bytes:
            return array
        return zlib.compress(np.ascontiguousarray(array).tobytes(), level), array.dtype, array.shape

    def unpack(handle: Any) -> Any:
        if not isinstance(handle, tuple):
            return handle
        data, dtype, shape = handle
        return np.frombuffer(zlib.decompress(data), dtype).reshape(shape)

    return RecordingMode(Packing(pack, unpack))


def checkpoint(f: Callable[..., Any], *args: Any) -> Any:
    """Call `f` without saving anything inside it; a backward pass runs it again to get what its rules need.

    Memory for time: only the arguments are kept. Derivatives reach the arguments and everything `f` closes over.

    Parameters
    ----------
    f : callable
        Must compute the same again: no side effects that matter, no fresh random numbers.
    *args
        Its arguments.

    Returns
    -------
    result of ``f(*args)``

    Raises
    ------
    OperationError
        In the backward pass, if the second run saves other arrays than the first.

    Examples
    --------
    >>> import tetragrad as tg
    >>> import tetragrad.numpy as np
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.checkpoint(lambda x: np.exp(np.sin(x)), x).sum().backward()
    >>> x.grad
    tensor([ 1.25338077, -1.03311687])
    """
    if not is_recording():
        return f(*args)
    run = _Rerun(f, args)
    return call_in_mode(Packing(run.forget, run.recall), f, run.fresh_arguments(), {})


class _Rerun:
    """The saved arrays of one checkpointed call, which are made by running it again."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.f = f
        leaves, self.structure = flatten(args)
        # The arguments as they are now, whatever is written into them later.
        self.leaves = [type(leaf)(leaf._value, leaf._node) if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        self.forms: list[tuple[Any, tuple[int, ...]]] = []
        self.arrays: dict[int, Any] = {}
        self.lock = threading.RLock()  # a retained graph may be swept by several threads

    def fresh_arguments(self) -> Any:
        leaves = [type(leaf)(leaf._value, leaf._node) if isinstance(leaf, Tensor) else leaf for leaf in self.leaves]
        return unflatten(self.structure, leaves)

    def forget(self, array: Any) -> int:
        self.forms.append((array.dtype, array.shape))
        return len(self.forms) - 1

    def recall(self, index: int) -> Any:
        with self.lock:
            if index not in self.arrays:
                self.arrays = dict(enumerate(self.collected_again()))
            return self.arrays.pop(index)

    def collected_again(self) -> list[Any]:
        """The arrays that the call saves when it is run once more."""
        collected: list[Any] = []
        collecting = Packing(lambda a: collected.append(a), lambda handle: handle)
        call_in_mode(collecting, self.f, self.fresh_arguments(), {})
        if [(a.dtype, a.shape) for a in collected] != self.forms:
            raise OperationError(
                f"checkpoint: running {getattr(self.f, '__name__', 'the function')} again saved {len(collected)} "
                f"arrays of other number, shapes or dtypes than the first time ({len(self.forms)}). It must compute "
                f"the same each time it is called."
            )
        return collected
