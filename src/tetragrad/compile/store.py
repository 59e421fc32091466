"""Object code kept on disk, so that another process need not compile the same program again.

Off unless the environment names a directory in TETRAGRAD_CACHE. Code from there is run: the directory should be one
that only its owner can write into.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..version import __version__

VARIABLE = "TETRAGRAD_CACHE"
MARK = b"tetragrad object code\n"


def kept(source: str, machine: str, make: Callable[[], bytes]) -> bytes:
    """The object code of `source` for `machine`: from the directory, or made and put there.

    Parameters
    ----------
    source : str
        The IR; with `machine` and this library's version it decides what the code is.
    machine : str
        `engine.Host.key`.
    make : callable
        Compiles.
    """
    directory = os.environ.get(VARIABLE)
    if not directory:
        return make()
    name = hashlib.sha256("\0".join([__version__, machine, source]).encode()).hexdigest()
    path = Path(directory).expanduser() / f"{name}.o"
    found = _read(path)
    if found is None:
        found = make()
        _write(path, found)
    return found


def _read(path: Path) -> bytes | None:
    """The code in a file, None if there is none, or not all of it."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    head, code = content[: len(MARK) + 32], content[len(MARK) + 32 :]
    return code if head == MARK + hashlib.sha256(code).digest() else None


def _write(path: Path, code: bytes) -> None:
    """Put code into a file, at once; a directory that cannot be written to costs only the time of compiling again."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(MARK + hashlib.sha256(code).digest() + code)
        os.replace(temporary, path)
    except OSError:
        pass
