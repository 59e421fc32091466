"""`install`: let programs that import torch, tensorflow, mxnet or paddle get tetragrad's face of that name.

A finder in front of Python's own answers ``import torch``, ``import torch.nn.functional as F``, ``from torch import
nn`` with the modules of `tetragrad.torch`. Nothing is written anywhere: an installed real package stays as it is, and
is found again once the installation is undone.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from ..errors import OperationError
from .names import missing_name

DIALECTS = ("torch", "tensorflow", "mxnet", "paddle")

_PACKAGE = __name__.split(".", 1)[0]
_lock = threading.RLock()


class _Standing:
    """A dialect that stands in for the real package: how often it was installed, and the modules that it displaced."""

    def __init__(self, displaced: dict[str, ModuleType]) -> None:
        self.count = 0
        self.displaced = displaced


_standing: dict[str, _Standing] = {}


class Installation:
    """What `install` returns: `undo` gives the names back, as leaving a ``with`` block does."""

    def __init__(self, dialects: Sequence[str]) -> None:
        self.dialects = tuple(dialects)
        self._undone = False

    def undo(self) -> None:
        """Give the names back to the real packages; a second call does nothing."""
        with _lock:
            if not self._undone:
                self._undone = True
                for name in self.dialects:
                    _remove(name)

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *exc: object) -> None:
        self.undo()

    def __repr__(self) -> str:
        return f"<Installation of {', '.join(self.dialects)}{' (undone)' if self._undone else ''}>"


def install(*dialects: str) -> Installation:
    """Put tetragrad's faces in the place of other packages, for what is imported from now on.

    Parameters
    ----------
    *dialects : str
        ``"torch"``, ``"tensorflow"``, ``"mxnet"``, ``"paddle"``, or ``"all"`` of them.

    Returns
    -------
    Installation
        Its ``undo()`` takes them away again; so does the end of a ``with`` block.

    Raises
    ------
    OperationError
        There is no such dialect.

    Examples
    --------
    >>> import tetragrad as tg
    >>> with tg.install("torch"):
    ...     import torch
    >>> torch.__name__
    'tetragrad.torch'
    """
    names = resolve(*dialects)
    with _lock:
        for name in names:
            _add(name)
    return Installation(names)


def resolve(*dialects: str) -> tuple[str, ...]:
    """The names of the dialects asked for, checked."""
    if not dialects:
        raise OperationError(f"install: name a dialect: {', '.join(DIALECTS)}, or all")
    names: list[str] = []
    for name in dialects:
        if name != "all" and name not in DIALECTS:
            raise OperationError(f"there is no dialect {name!r}; there are {', '.join(DIALECTS)}, and all")
        names.extend(DIALECTS if name == "all" else [name])
    return tuple(dict.fromkeys(names))


def _add(name: str) -> None:
    standing = _standing.get(name)
    if standing is None:
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)
            sys.meta_path.append(_last_finder)
        standing = _standing[name] = _Standing(_taken(name))
    standing.count += 1


def _remove(name: str) -> None:
    standing = _standing[name]
    standing.count -= 1
    if standing.count:
        return
    del _standing[name]
    _taken(name)
    sys.modules.update(standing.displaced)
    if not _standing and _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
        sys.meta_path.remove(_last_finder)


def _taken(root: str) -> dict[str, ModuleType]:
    """The modules of a package, taken out of `sys.modules`."""
    names = [name for name in sys.modules if name == root or name.startswith(f"{root}.")]
    return {name: sys.modules.pop(name) for name in names}


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of dialects that stand in for real packages."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of one of our modules under the real package's name, None for any other module."""
        if fullname.partition(".")[0] not in _standing:
            return None
        module = _ours(fullname)
        return importlib.machinery.ModuleSpec(
            fullname, _Loader(module), origin=getattr(module, "__file__", None), is_package=hasattr(module, "__path__")
        )


class _LastFinder(importlib.abc.MetaPathFinder):
    """Asked when nobody finds a module of a dialect: says what is missing, and what there is.

    So does ``from torch import name``, which looks for a module of that name where there is no attribute.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """Raise for a module of a dialect that stands in for a real package."""
        parent_name, _, child = fullname.rpartition(".")
        package, _, rest = fullname.partition(".")
        parent = sys.modules.get(parent_name)
        if package == _PACKAGE and parent is not None and rest.partition(".")[0] in _standing:
            # Not under the name itself: Python would replace the error by a general one.
            raise ModuleNotFoundError(str(missing_name(parent_name, child, vars(parent))), name=child)


_finder, _last_finder = _Finder(), _LastFinder()


class _Loader(importlib.abc.Loader):
    """Hands out a module that exists, unchanged."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The module itself."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run; the import machinery's mark on the module is taken off again."""
        module.__spec__ = self.spec

    def get_code(self, fullname: str) -> Any:
        """No code: ``python -m torch`` is not for a dialect."""
        return None


def _ours(fullname: str) -> ModuleType:
    """Our module for a name of the real package: a module of that name, or one that a package holds under it."""
    parent_name, _, child = fullname.rpartition(".")
    if not parent_name:
        return importlib.import_module(f"{_PACKAGE}.{fullname}")
    parent = sys.modules.get(parent_name) or importlib.import_module(parent_name)
    held = vars(parent).get(child)
    if isinstance(held, ModuleType):
        return held
    return importlib.import_module(f"{parent.__name__}.{child}")
