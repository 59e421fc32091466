"""Writing in place: Tensors that share memory, and the one way to change what they hold.

NumPy programs write into arrays and into views of arrays. Here a write gives a Tensor new contents and, where it is
recorded, a new node, so that nothing a rule saved ever changes under it. Tensors that share memory (views by slicing,
reshaping and transposing, detached copies) know one another through a `Storage` and get their contents together. So

    x = a * 2; row = x[0]; row += b; x.sum().backward()

is recorded as ``x = overwrite(x, add(x[0], b), at x[0])``. Where nobody else can see the old contents (reference counts
tell) and no rule reads them, the write is done in the memory itself: a training step outside recording allocates no
parameters, and a loop over ``x[i] = ...`` takes time proportional to its length.

What a write means for derivatives: a recorded write (recording is on, and the Tensor or the value has a history) gives
the Tensor, and every view in the same graph, a new history. Any other write changes values alone: a variable stays the
variable it was, and a write through a detached alias does not show in anybody's history.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from operator import call
from typing import Any

import numpy as np

from ..errors import TetragradError
from . import pool
from .bind import explain, record
from .levels import Boxed, shape_of
from .locks import one_at_a_time
from .primitive import ARGS, TABLE, Primitive
from .recording import is_recording
from .tensor import PLAIN, Node, Tensor

ndarray = np.ndarray
new, ref = object.__new__, weakref.ref

# How a view looks into an array: operations of the table (slicing, reshaping, ...) with their parameters.
Steps = tuple[tuple[Primitive, dict[str, Any]], ...]


class History:
    """What a family of Tensors (one, the root, and what was sliced from it) has in common.

    Attributes
    ----------
    node : Node or None
        The root's.
    steps : Steps
        How the root looks into the storage.
    value : array or None
        The root's value, where it is one of a running transform, which holds a derivative of its own.
    """

    __slots__ = ("node", "steps", "value")

    node: Node | None
    steps: Steps
    value: Any


class Storage(History):
    """Memory that several Tensors share; it is also the history of the family whose root is the whole.

    Attributes
    ----------
    value : array
        The contents: the array that all look into.
    members : list of weakref
        Who they are.
    boxed : bool
        Some family's root is a value of a running transform.
    cleanings, limit : int
        How often the dead were forgotten, and how many members there may be until the next time.
    version : int
        For a face that counts writes.
    """

    __slots__ = ("boxed", "cleanings", "limit", "members", "version")

    boxed: bool
    cleanings: int
    limit: int
    members: list[weakref.ref[Tensor]]
    steps = ()
    version: int

    def living(self) -> list[Tensor]:
        """The Tensors that look into this memory now."""
        found = [(member, alias_of(member)) for ref in self.members.copy() if (member := ref()) is not None]
        return [member for member, alias in found if alias is not None and alias.storage is self]

    def forget_the_dead(self) -> None:
        """Shorten the list of members, which other threads may lengthen meanwhile, or change at its end."""
        seen, older = self.cleanings, self.members[:-1]
        count = len(older)
        living = [member for member in older if member() is not None]
        limit = 16 + 2 * len(living)
        if self.cleanings == seen:  # one step with all that follows
            self.cleanings = seen + 1
            self.members[:count] = living
            self.limit = limit


class Alias:
    """How a Tensor looks into shared memory.

    Attributes
    ----------
    storage : Storage
    history : History
        That of its family.
    above : Alias or None
        Of the Tensor that this one was sliced from; None for the root of a family.
    step : (primitive, params) or None
        How.
    """

    __slots__ = ("above", "history", "step", "storage")

    above: Alias | None
    history: History
    step: Any
    storage: Storage

    @property
    def steps(self) -> Steps:
        """The steps that lead here from the root of the family."""
        steps = []
        alias = self
        while alias.above is not None:
            steps.append(alias.step)
            alias = alias.above
        return tuple(steps[::-1])

    @property
    def all_steps(self) -> Steps:
        """The steps that lead here from the storage."""
        return self.history.steps + self.steps


def alias_of(x: Tensor) -> Alias | None:
    """How `x` shares memory, or None if it does not."""
    return None if x.__weakref__ is None else getattr(x, "_alias", None)  # who shares is weakly referred to


def sharers(x: Tensor) -> list[Tensor]:
    """The Tensors that share memory with `x`, itself among them."""
    alias = alias_of(x)
    return [x] if alias is None else alias.storage.living()


@one_at_a_time
def share(
    source: Tensor, other: Tensor, primitive: Primitive | None = None, params: Any = None, detached: bool = False
) -> None:
    """Note that `other` looks into the memory of `source`: through an operation, or at all of it (None).

    A view belongs to the history of its source, unless it is made while recording is off; a `detached` Tensor never
    does.

    Threads may make views of one Tensor at once. The global lock passes on only where something is called, so what a
    comment calls one step is not come between.
    """
    alias = None
    if source.__weakref__ is None:  # who shares is weakly referred to
        source._alias = None  # one step with the look before
    else:
        try:
            alias = source._alias
        except AttributeError:
            source._alias = None  # one step with the look before
    if alias is None:
        storage = new(Storage)
        storage.value, storage.node, storage.members = source._value, source._node, [ref(source)]
        storage.boxed, storage.cleanings, storage.limit, storage.version = False, 0, 16, 0
        made = _alias(storage, storage, None, None)
        alias = source._alias
        if alias is None:
            alias = source._alias = made  # one step with the look before
    storage = alias.storage
    member, members = ref(other), storage.members
    last = members[-1]
    if last() is None and members[-1] is last:
        members[-1] = member  # one step with the look before
    else:
        members.append(member)
        if len(members) > storage.limit:
            storage.forget_the_dead()
    if detached or (other._node is None and not is_recording()):
        _root(other, storage, alias.all_steps + (() if primitive is None else ((primitive, params),)))
    elif primitive is None:
        other._alias = alias
    else:
        link = other._alias = new(Alias)
        link.storage, link.history, link.above, link.step = storage, alias.history, alias, (primitive, params)


def _alias(storage: Storage, history: History, above: Alias | None, step: Any) -> Alias:
    alias = new(Alias)
    alias.storage, alias.history, alias.above, alias.step = storage, history, above, step
    return alias


def _root(x: Tensor, storage: Storage, steps: Steps) -> None:
    """Let `x` be the root of a family of its own."""
    history = new(History)
    history.node, history.steps = x._node, steps
    plain = type(x._value) in PLAIN and type(storage.value) in PLAIN and not storage.boxed
    history.value = None if plain else x._value
    x._alias = _alias(storage, history, None, None)


def share_if_view(source: Tensor, other: Tensor, primitive: Primitive, params: dict[str, Any]) -> None:
    """Note that `other`, made from `source` by an operation that may make views, is one, if it is."""
    if is_view(source._value, other._value, params):
        share(source, other, primitive, params)


def become(x: Tensor, other: Tensor) -> None:
    """Let `x` have the value, the node and the memory of `other`."""
    x._value, x._node = other._value, other._node
    if alias_of(other) is not None:
        share(other, x)
    elif alias_of(x) is not None:
        x._alias = None


def separate(x: Tensor) -> None:
    """Let `x`, whose node was set anew, be the root of a family of its own; it goes on sharing memory."""
    alias = alias_of(x)
    if alias is None:
        return
    if type(x._value) in PLAIN and type(alias.storage.value) in PLAIN:
        _root(x, alias.storage, alias.all_steps)
    else:  # it became a value of a running transform, and the others did not
        x._alias = None


def is_view(array: Any, out: Any, params: dict[str, Any]) -> bool:
    """Whether the result of an operation that may make views looks into the memory of the array it was made from."""
    if type(out) is ndarray:
        base = out.base
        if base is None:
            return out is array  # the real part of a real array
        if type(base) is memoryview:  # what `broadcast_to` makes
            base = base.obj
        if type(array) is ndarray:
            return base is array or base is array.base
        return not _has_arrays(params)  # an array without axes, kept as a number: what is reshaped from it is a view
    if not isinstance(out, Boxed) or (not out.shape and Ellipsis not in params.get("index", (Ellipsis,))):
        return False  # a number
    array, out = _memory(array), _memory(out)
    return is_view(array, out, params) if type(out) is ndarray else not _has_arrays(params)


def _memory(value: Any) -> Any:
    """The array inside a value of running transforms."""
    while isinstance(value, (Boxed, Tensor)):
        value = value._value if isinstance(value, Tensor) else value.inside
    return value


def one_example(value: Any) -> Any:
    """The array inside a value, of one example where `vmap` runs: how it is laid out in memory tells what is a view."""
    axes = 0
    while isinstance(value, (Boxed, Tensor)):
        if isinstance(value, Boxed):
            axes += len(shape_of(value.inside)) - len(value.shape)
        value = value._value if isinstance(value, Tensor) else value.inside
    return value if axes == 0 or 0 in value.shape else value[(0,) * axes]


def _has_arrays(params: dict[str, Any]) -> bool:
    """Whether an index has arrays, so that NumPy copies."""
    return any([isinstance(entry, ndarray) for entry in params.get("index", ())])


def is_own_part(target: Tensor, value: Tensor, primitive: Primitive, params: dict[str, Any]) -> bool:
    """Whether `value` is that very part of `target` which one step leads to, in the same graph."""
    own = alias_of(target)
    if own is None:
        return False
    other = alias_of(value)
    return other is not None and other.above is own and not _has_arrays(params) and other.step == (primitive, params)


def look(array: Any, steps: Steps) -> Any:
    """Follow the steps of a view: in a plain array, or recorded from a Tensor."""
    for primitive, params in steps:
        array = primitive.unlinked(array, **params)
    return array


# -- writing ----------------------------------------------------------------------------------------------------------


def write(
    name: str,
    target: Tensor,
    value: Any,
    primitive: Primitive,
    params: dict[str, Any],
    change: Callable[[ndarray[Any, Any]], Callable[[], Any]],
) -> None:
    """Change the contents of `target` to ``primitive(target, value, **params)``, in the target's shape and dtype.

    Parameters
    ----------
    name : str
        For error messages.
    target : Tensor
    value : array or Tensor
        What is written; decides with `target` whether the write is recorded.
    primitive, params
        What is recorded.
    change : callable
        ``change(array)`` is a function that makes the same change in a plain array, in one call into C.
    """
    alias = _shared(target)
    is_tensor = isinstance(value, Tensor)
    in_memory = type(target._value if alias is None else alias.storage.value) is ndarray
    if alias is not None and alias.storage.boxed:
        in_memory = False
    try:
        is_boxed = is_tensor and isinstance(value._value, Boxed)
        if is_boxed:
            value._value.check_write(target)
        if not in_memory or is_boxed:
            _write_anew(target, alias, value, primitive, params)
        elif not target._value.size:
            _write_values(target, alias, change)  # of nothing: no history follows
        elif is_recording() and (target._node is not None or (is_tensor and value._node is not None)):
            _write_recorded(target, alias, value, primitive, params, change)
        else:
            _write_values(target, alias, change)
    except (TetragradError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise explain(name, (target, value), error) from error


def _shared(x: Tensor) -> Alias | None:
    """How `x` shares memory with others that still live."""
    alias = alias_of(x)
    if alias is not None and (alias.above is not None or alias.history.steps) and len(alias.storage.living()) == 1:
        if type(x._value) is not ndarray or x._value.flags.c_contiguous:  # else its place in memory decides on views
            alias = x._alias = None  # a view of what is gone
    return alias


def _write_values(target: Tensor, alias: Alias | None, change: Any) -> None:
    """Change values alone; nobody's history changes."""
    if is_exclusive(target) if alias is None else is_exclusive_family(alias.storage):
        change(target._value)()
        return
    contents = np.array(target._value if alias is None else alias.storage.value)
    if alias is None:
        change(contents)()
        target._value = contents
    else:
        change(look(contents, alias.all_steps))()
        _together(_renewals(alias.storage, contents))


def _renewals(storage: Storage, contents: Any) -> list[Callable[[], Any]]:
    """What gives a storage and all who look into it other contents."""
    seen = [(member, look(contents, member._alias.all_steps)) for member in storage.living()]
    return [partial(_set_contents, storage, contents), *[partial(_set_value, member, value) for member, value in seen]]


def _write_recorded(
    target: Tensor, alias: Alias | None, value: Any, primitive: Primitive, params: dict[str, Any], change: Any
) -> None:
    """Change values and histories. The nodes are made first, so that a failure leaves everything as it was."""
    is_tensor = isinstance(value, Tensor)
    parents = (target._node, value._node if is_tensor else None)
    reads_old, reads_value = _reads(primitive, (parents[0] is not None, parents[1] is not None))
    if reads_old or (reads_value and is_tensor and alias is not None and _looks_into(alias, value)):
        exclusive = False  # a rule will read what this write would destroy
    else:
        exclusive = is_exclusive(target) if alias is None else is_exclusive_family(alias.storage)
    old = target._value
    contents = old if alias is None else alias.storage.value
    actions: list[Callable[[], Any]]
    if exclusive:
        part = old
        actions = [change(part)]
    else:
        contents = np.array(contents)
        part = contents if alias is None else look(contents, alias.all_steps)
        change(part)()
        actions = [partial(_set_value, target, part)] if alias is None else _renewals(alias.storage, contents)
    mode = is_recording()
    operands = (old, value._value if is_tensor else value)
    made = record(primitive, type(target), operands, parents, part, params, mode)
    actions.append(partial(_set_node, target, made._node))
    if alias is not None:
        actions += _new_histories(target, alias, contents, made, mode)
    _together(actions)


@functools.cache
def _reads(primitive: Primitive, wanted: tuple[bool, bool]) -> tuple[bool, bool]:
    """Whether the rules of an operation read its first input, and its second, for the cotangents that are wanted."""
    read = {source[0] for source in primitive.plan(wanted) if source}
    return 0 in read or ARGS in read, 1 in read or ARGS in read


def _looks_into(alias: Alias, x: Tensor) -> bool:
    other = alias_of(x)
    return other is not None and other.storage is alias.storage


def _new_histories(target: Tensor, alias: Alias, contents: Any, made: Any, mode: Any) -> list[Callable[[], Any]]:
    """What gives the family of `target`, whose new contents are `made`, the history that follows."""
    storage, history = alias.storage, alias.history
    root, steps = Tensor(look(contents, history.steps), made._node), alias.steps
    if steps:
        operands, parents = (root._value, made._value), (history.node, made._node)
        root = record(TABLE["overwrite"], Tensor, operands, parents, root._value, {"steps": steps}, mode)
    actions: list[Callable[[], Any]] = [partial(_set_history_node, history, root._node)]
    for member in storage.living():
        own = member._alias
        if own.history is history and member is not target and np.may_share_memory(member._value, target._value):
            actions.append(partial(_set_node, member, look(root, own.steps)._node))
    return actions


def _write_anew(target: Tensor, alias: Alias | None, value: Any, primitive: Primitive, params: dict[str, Any]) -> None:
    """Change numbers and values of running transforms: the operation itself computes the new contents."""
    recording = is_recording()
    made = primitive.door(target, value, **params)
    if not isinstance(made, Tensor):
        made = Tensor(made, None)
    if made.shape != target.shape or made.dtype != target.dtype:
        made = TABLE["index_update"].door(target, made, index=(Ellipsis,))
    if alias is None:
        target._value, target._node = made._value, made._node if recording else target._node
        return
    storage, history = alias.storage, alias.history
    overwrite = TABLE["overwrite"].door
    root, steps = Tensor(made._value, made._node), alias.steps
    if steps:
        root = overwrite(_root_of(storage, history), root, steps=steps)
    whole = Tensor(root._value, None)
    if history.steps:
        whole = overwrite(Tensor(storage.value, None), whole, steps=history.steps)
    members = storage.living()
    roots = {history: root}
    for other in [storage, *[member._alias.history for member in members]]:
        if other not in roots:
            roots[other] = _with_values(_root_of(storage, other), look(whole, other.steps))
    boxed = any([type(root._value) not in PLAIN for root in roots.values()])
    actions: list[Callable[[], Any]] = [partial(_set_boxed, storage, boxed)]
    for other, root in roots.items():
        actions.append(partial(_set_contents, other, root._value if boxed or other is storage else None))
    if recording:
        actions.append(partial(_set_history_node, history, roots[history]._node))
    for member in members:
        own = member._alias
        seen = look(roots[own.history], own.steps)
        actions.append(partial(_set_value, member, seen._value))
        if recording and own.history is history:
            actions.append(partial(_set_node, member, seen._node))
    _together(actions)


def _root_of(storage: Storage, history: History) -> Tensor:
    value = look(storage.value, history.steps) if history.value is None else history.value
    return Tensor(value, history.node)


def _with_values(old: Tensor, given: Tensor) -> Tensor:
    """The values given with the derivative of `old`, in a family that another one's write does not concern."""
    stop = TABLE["stop_gradient"].door
    values = stop(given)
    if type(old._value) not in PLAIN and old.dtype.kind in "fc":
        finite = TABLE["keep"].door(Tensor(old._value, None), TABLE["isfinite"].door(old))
        values = values + (finite - stop(finite))
    return values if isinstance(values, Tensor) else Tensor(values, None)


# Slots are set from C: Python looks for a `KeyboardInterrupt` between its instructions, and finds all or nothing done.
_set_value = Tensor.__dict__["_value"].__set__
_set_node = Tensor.__dict__["_node"].__set__
_set_contents = History.__dict__["value"].__set__
_set_history_node = History.__dict__["node"].__set__
_set_boxed = Storage.__dict__["boxed"].__set__


def _together(actions: Sequence[Callable[[], Any]]) -> None:
    """Run functions of C in one call; if the first fails, nothing has changed."""
    deque(map(call, actions), maxlen=0)


# -- who holds an array -----------------------------------------------------------------------------------------------


def is_exclusive(x: Tensor) -> bool:
    """Whether `x` alone holds its array, so that a write in its memory is seen by nobody else."""
    value = x._value
    if type(value) is not ndarray:
        return False
    if value.base is not None or not value.flags.writeable:
        return False
    more = sys.getrefcount(value) - _ONE_HOLDER
    return more <= 0 or (more == 1 and pool.holds(value))


def is_exclusive_family(storage: Storage) -> bool:
    """Whether only Tensors look into the memory, each through an array of its own."""
    contents = storage.value
    if type(contents) is not ndarray or contents.base is not None or not contents.flags.writeable:
        return False
    holders = 0
    for member in storage.living():
        value = member._value
        if value is contents:
            holders += 1
        elif type(value) is ndarray and value.base is contents and sys.getrefcount(value) <= _ONE_HOLDER:
            holders += 1
        else:
            return False
    value = None
    more = sys.getrefcount(contents) - _ONE_HOLDER - holders
    return more <= 0 or (more == 1 and pool.holds(contents))


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
