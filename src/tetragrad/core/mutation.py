"""Writing in place: Tensors that share memory, and the one way to change what they hold.

NumPy programs write into arrays and into views of arrays. Here a write is a function: it computes the new contents and
rebinds the Tensor to them, so nothing that a rule saved is ever changed under it. Tensors that share memory (views by
slicing, reshaping and transposing, detached copies) know one another through a `Storage`, and are rebound together. So

    x = a * 2; row = x[0]; row += b; x.sum().backward()

is recorded as ``x = put_back(x, add(take(x), b))``. Where nothing else can see the old contents (reference counts
tell), the write is done in the memory itself: a training step outside recording allocates no parameters.

What a write means for derivatives: a recorded write (recording is on, and the Tensor or the value has a history) gives
the Tensor, and every view in the same graph, a new history. Any other write changes values alone: a variable stays the
variable it was, and a write through a detached alias does not show in anybody's history.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .levels import Boxed
from .recording import is_recording
from .tensor import PLAIN, Node, Tensor

ndarray = np.ndarray


class Storage:
    """Memory that several Tensors share: the contents of the array all of them look into, and who they are."""

    __slots__ = ("contents", "limit", "members")

    def __init__(self, contents: Any) -> None:
        self.contents = contents
        self.members: list[weakref.ref[Tensor]] = []
        self.limit = 16

    def add(self, member: Tensor) -> None:
        """Let `member` be rebound when the contents change."""
        if len(self.members) >= self.limit:
            self.members = [ref for ref in self.members if ref() is not None]
            self.limit = 16 + 2 * len(self.members)
        self.members.append(weakref.ref(member))

    def living(self) -> list[Tensor]:
        """The Tensors that look into this memory now."""
        return [member for ref in self.members if (member := ref()) is not None]


class History:
    """The node of the whole contents, as one family of views (a Tensor and what was sliced from it) sees it."""

    __slots__ = ("node",)

    def __init__(self, node: Node | None) -> None:
        self.node = node


class Alias:
    """How one Tensor looks into shared memory: the steps of slicing and reshaping from the contents to it."""

    __slots__ = ("history", "steps", "storage")

    def __init__(self, storage: Storage, history: History, steps: tuple[Any, ...]) -> None:
        self.storage = storage
        self.history = history
        self.steps = steps


def alias_of(x: Tensor) -> Alias | None:
    """How `x` shares memory, or None if it does not."""
    try:
        return x._alias
    except AttributeError:
        return None


def share(source: Tensor, other: Tensor, step: tuple[Any, dict[str, Any]] | None, detached: bool = False) -> None:
    """Note that `other` looks into the memory of `source`: by one `step` (primitive, params), or at all of it (None).

    A view belongs to the history of its source, unless it was made unrecorded; a `detached` Tensor never does.
    """
    alias = alias_of(source)
    if alias is None:
        alias = source._alias = Alias(Storage(source._value), History(source._node), ())
        alias.storage.add(source)
    detached = detached or (other._node is None and source._node is not None)
    other._alias = Alias(
        alias.storage,
        History(None) if detached else alias.history,
        alias.steps if step is None else (*alias.steps, step),
    )
    alias.storage.add(other)


def share_if_view(source: Any, out: Any, step: tuple[Any, dict[str, Any]]) -> Any:
    """`out`, noted as a view of `source` if its value looks into the memory of the source's value."""
    if isinstance(out, Tensor) and isinstance(source, Tensor):
        value = out._value
        if type(value) is ndarray:
            base = value.base
            if base is not None and (base is source._value or base is getattr(source._value, "base", None)):
                share(source, out, step)
        elif isinstance(value, Boxed):
            share(source, out, step)
    return out


def write(
    target: Tensor,
    value: Any,
    functional: Callable[[Tensor], Any],
    in_place: Callable[[ndarray[Any, Any]], None],
) -> None:
    """Change the contents of `target`.

    Parameters
    ----------
    target : Tensor
    value : array or Tensor
        What is written; decides with `target` whether the write is recorded.
    functional : callable
        ``functional(target) -> Tensor or array`` with the new contents, of the target's shape and dtype.
    in_place : callable
        ``in_place(array)`` makes the same change in a plain array.
    """
    carries = isinstance(value, Tensor) and (value._node is not None or isinstance(value._value, Boxed))
    plain = type(target._value) in PLAIN and not (carries and isinstance(value._value, Boxed))
    alias = alias_of(target)
    if plain and not ((carries or target._node is not None) and is_recording()):
        _write_values(target, alias, in_place)
    elif alias is None:
        new = functional(target)
        target._value, target._node = new._value, new._node
    else:
        _write_recorded(target, alias, functional)


def _write_values(target: Tensor, alias: Alias | None, in_place: Callable[[Any], None]) -> None:
    """Change values alone; nobody's history changes."""
    if alias is None:
        if not is_exclusive(target):
            target._value = _private(target._value)
        if type(target._value) is ndarray:
            in_place(target._value)
        else:
            target._value = _rewritten(target._value, in_place)
        return
    storage = alias.storage
    members = storage.living()
    if is_exclusive_family(storage, members):
        in_place(target._value)
        return
    contents = np.array(storage.contents)
    in_place(_look(contents, alias.steps))
    storage.contents = contents if contents.ndim else contents[()]
    for member in members:
        member._value = _look(storage.contents, alias_of(member).steps)  # type: ignore[union-attr]


def _rewritten(scalar: Any, in_place: Callable[[Any], None]) -> Any:
    """A NumPy scalar after a change: arrays of no dimensions are kept as scalars."""
    array = np.array(scalar)
    in_place(array)
    return array[()]


def _private(value: Any) -> Any:
    return value.copy() if type(value) is ndarray else value


def _look(contents: Any, steps: tuple[Any, ...]) -> Any:
    """Follow the steps of a view in a plain array."""
    for primitive, params in steps:
        contents = primitive.value(contents, **params)
    return contents


def _write_recorded(target: Tensor, alias: Alias, functional: Callable[[Tensor], Any]) -> None:
    """Change values and histories: put the new contents back into the whole, and look into it anew."""
    storage, history = alias.storage, alias.history
    face = type(target)
    looks: list[Any] = [face(storage.contents, history.node)]
    for primitive, params in alias.steps:
        looks.append(primitive.unlinked(looks[-1], **params))
    new = functional(looks.pop())
    for primitive, params in reversed(alias.steps):
        new = primitive.put_back(looks.pop(), new, **params)
    members = storage.living()
    renewed = []
    for member in members:
        own = alias_of(member)
        assert own is not None
        if own.history is history:
            look: Any = new
            for primitive, params in own.steps:
                look = primitive.unlinked(look, **params)
            renewed.append((member, look._value, look._node))
        elif isinstance(new._value, Boxed):
            look = type(member)(new._value, None)
            for primitive, params in own.steps:
                look = primitive.unlinked(look, **params)
            renewed.append((member, look._value, member._node))
        else:
            renewed.append((member, _look(new._value, own.steps), member._node))
    storage.contents, history.node = new._value, new._node
    for member, member_value, node in renewed:
        member._value, member._node = member_value, node


def is_exclusive(x: Tensor) -> bool:
    """Whether `x` alone holds its array, so that a write in its memory is seen by nobody else."""
    value = x._value
    if type(value) is not ndarray:
        return True
    return value.base is None and value.flags.writeable and sys.getrefcount(value) <= _ONE_HOLDER


def is_exclusive_family(storage: Storage, members: list[Tensor]) -> bool:
    """Whether only these Tensors look into the memory, each through an array of its own."""
    contents = storage.contents
    if type(contents) is not ndarray or contents.base is not None or not contents.flags.writeable:
        return False
    holders = 0
    for member in members:
        value = member._value
        if value is contents:
            holders += 1
        elif type(value) is ndarray and value.base is contents and sys.getrefcount(value) <= _ONE_HOLDER:
            holders += 1
        else:
            return False
    value = None
    return sys.getrefcount(contents) <= _ONE_HOLDER + holders


def _count_one_holder() -> int:
    """What `sys.getrefcount` says, in a function like `is_exclusive`, of an array that one Tensor holds."""
    x = Tensor(np.zeros(1), None)

    def count(x: Tensor) -> int:
        value = x._value
        if type(value) is not ndarray:
            return 0
        return sys.getrefcount(value)

    return count(x)


_ONE_HOLDER = _count_one_holder()
