"""Hooks: functions that are called when a cotangent arrives at a Tensor or a node, and may replace it.

Order at one node: first the Tensor hooks, in the order of registration; then the node's prehooks; then its rule; then
its hooks. A sweep without any registered hook pays one look at an empty table.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from ..errors import CotangentError
from .levels import shape_of
from .locks import process_lock
from .tensor import Node, Tensor

_keys = itertools.count()

# The Tensor class that hooks of nodes are handed: nodes belong to no face. The own face puts itself here.
default_face: type[Tensor] = Tensor


class Hooks:
    """The hooks of one node, each kind in the order of registration."""

    __slots__ = ("after", "before", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, tuple[Callable[..., Any], type[Tensor]]] = {}
        self.before: dict[int, tuple[Callable[..., Any], type[Tensor]]] = {}
        self.after: dict[int, tuple[Callable[..., Any], type[Tensor]]] = {}


# The nodes that have hooks. The hooks themselves hang on their node, so that one that refers to it keeps nothing alive.
_hooked: dict[weakref.ref[Node], None] = {}

_registering = process_lock()


class HookHandle:
    """What registering a hook returns: `remove()` takes the hook away again, as leaving a ``with`` block does."""

    __slots__ = ("__weakref__", "_key", "_kind", "_node")

    def __init__(self, node: Node, kind: str, key: int) -> None:
        self._node = weakref.ref(node)
        self._kind = kind
        self._key = key

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        node = self._node()
        if node is None:
            return
        with _registering:
            hooks = node.hooks
            getattr(hooks, self._kind).pop(self._key, None)
            if not (hooks.tensor or hooks.before or hooks.after):
                _hooked.pop(weakref.ref(node), None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def register(node: Node, kind: str, hook: Callable[..., Any], face: type[Tensor]) -> HookHandle:
    """Add a hook of one kind (``tensor``, ``before``, ``after``) to a node; it is handed Tensors of this face."""
    if not callable(hook):
        raise TypeError(f"register_hook: a hook is a function, got {type(hook).__name__}")
    with _registering:
        key = next(_keys)
        if not hasattr(node, "hooks"):
            node.hooks = Hooks()
        if weakref.ref(node) not in _hooked:
            _hooked[weakref.ref(node, _hooked.pop)] = None
        getattr(node.hooks, kind)[key] = (hook, face)  # last: an interrupt before leaves no hook without a handle
    return HookHandle(node, kind, key)


def hooked_nodes() -> dict[Node, Hooks] | None:
    """The nodes that have hooks, for the length of a sweep; None if there are none."""
    return {node: node.hooks for ref in list(_hooked) if (node := ref()) is not None} if _hooked else None


def on_arrival(node: Node, hooks: Hooks, g: Any) -> Any:
    """The cotangent that goes on from a node's Tensor hooks."""
    for hook, face in list(hooks.tensor.values()):
        replaced = _call(hook, node, _as_tensor(g, face))
        if replaced is not None:
            g = _fitted(replaced, g, node.shape, hook)
    return g


def before_rule(node: Node, hooks: Hooks, g: Any) -> Any:
    """The cotangent that a node's prehooks hand to its rule."""
    for hook, face in list(hooks.before.values()):
        replaced = _call(hook, node, _as_tensor(g, face))
        if replaced is not None:
            g = _fitted(replaced, g, node.shape, hook)
    return g


def after_rule(node: Node, hooks: Hooks, cotangents: Any, g: Any) -> Any:
    """The cotangents of the parents that a node's hooks let pass."""
    for hook, face in list(hooks.after.values()):
        seen = tuple([None if ct is None else _as_tensor(ct, face) for ct in cotangents])
        replaced = _call(hook, node, seen, _as_tensor(g, face))
        if replaced is None:
            continue
        if not isinstance(replaced, (tuple, list)) or len(replaced) != len(cotangents):
            raise CotangentError(
                f"hook {_name(hook)} of {node!r}: it must return None or a tuple of {len(cotangents)} cotangents"
            )
        cotangents = tuple(
            [
                ct if new is None or ct is None else _fitted(new, ct, shape_of(ct), hook)
                for new, ct in zip(replaced, cotangents)
            ]
        )
    return cotangents


def _call(hook: Callable[..., Any], node: Node, *cotangents: Any) -> Any:
    try:
        return hook(*cotangents)
    except BaseException as error:
        error.add_note(f"raised by the hook {_name(hook)} of {node!r}")
        raise


def _name(hook: Callable[..., Any]) -> str:
    return getattr(hook, "__qualname__", None) or repr(hook)


def _as_tensor(g: Any, face: type[Tensor]) -> Tensor:
    return face(g._value, g._node) if isinstance(g, Tensor) else face(g, None)


def _fitted(replaced: Any, g: Any, shape: tuple[int, ...], hook: Callable[..., Any]) -> Any:
    """A hook's replacement for `g`, of the same shape and dtype, plain where `g` is plain."""
    value = replaced._value if isinstance(replaced, Tensor) else replaced
    if not hasattr(value, "dtype") or shape_of(value) != shape or value.dtype.kind not in "biufc":
        raise CotangentError(
            f"hook {_name(hook)}: the gradient has shape {shape}, the replacement it returned is "
            f"{getattr(value, 'dtype', type(value).__name__)}{list(shape_of(value)) if hasattr(value, 'dtype') else ''}"
        )
    if not isinstance(g, Tensor):
        return value if value.dtype == g.dtype else value.astype(g.dtype)
    return replaced if isinstance(replaced, Tensor) else Tensor(value, None)
