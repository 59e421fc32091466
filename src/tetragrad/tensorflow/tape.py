"""`tf.GradientTape`: records operations on what it watches, and differentiates through its record."""

from __future__ import annotations

import enum
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..api.mapping import vmap
from ..core.bind import describe
from ..core.custom import Custom
from ..core.levels import Boxed, lift
from ..core.sweep import pull, reach
from ..core.tensor import Node
from ..core.tensor import Tensor as CoreTensor
from ..dialects.numerics import silently
from ..ops.complex_numbers import conj
from ..ops.indexing import getitem, take
from ..ops.joining import concatenate
from ..ops.shape import broadcast_to, reshape
from . import nest
from .conversion import convert_to_tensor
from .errors import invalid, shown
from .indexed_slices import IndexedSlices
from .recording import Recorder, is_foreign, others_need, state, watch_tensor
from .tensor import EagerTensor
from .variable import Variable

_log = logging.getLogger("tetragrad.tensorflow")


class UnconnectedGradients(enum.Enum):
    """What a gradient is where the target does not depend on the source."""

    NONE = "none"
    ZERO = "zero"


def wants_zeros(unconnected_gradients: Any) -> bool:
    """Whether unconnected gradients are to be zeros; checks the argument."""
    try:
        return UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
    except ValueError:
        raise ValueError(f"Unknown value for unconnected_gradients: {unconnected_gradients!r}") from None


class GradientTape(Recorder):
    """Record operations for differentiation.

    Operations on watched Tensors, and on what is computed from them, are recorded while the tape's context is active.
    Trainable Variables are watched when they are read.

    Parameters
    ----------
    persistent : bool
        Gradients may be asked for more than once.
    watch_accessed_variables : bool
        Watch trainable Variables when they are read.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        super().__init__()
        self._persistent = persistent
        self._watches_variables = watch_accessed_variables
        self._variables: dict[int, Variable] = {}
        self._ready = False  # entered, and not used up

    def __enter__(self) -> GradientTape:
        if self.recording:
            raise ValueError("Tape is still recording, This can happen if you try to re-enter an already-active tape.")
        if not self._ready:
            self._variables = {}
            self._ready = True
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.recording:
            self.stop()

    # -- watching -------------------------------------------------------------------------------------------------

    def watch(self, tensor: Any) -> None:
        """Record operations on a Tensor or Variable, or on a nest of them, from now on."""
        for x in (tensor,) if type(tensor) is EagerTensor else nest.flatten(tensor, expand_composites=True):
            if not isinstance(x, (EagerTensor, Variable)):
                raise ValueError(
                    f"Passed in object {x!r} of type {type(x).__name__!r}, not tf.Tensor or tf.Variable or "
                    f"ExtensionType."
                )
            if not self._ready:
                raise AttributeError(
                    "GradientTape.watch: this tape was not entered; write `with tf.GradientTape() as tape:` and watch "
                    "inside ('NoneType' object has no attribute '_tape')"
                )
            if x._value.dtype.kind not in "fc":
                _log.warning("The dtype of the watched tensor must be floating (e.g. tf.float32), got %r", x.dtype)
            elif isinstance(x, Variable):
                self.watch_node(x._leaf)
                self._variables.setdefault(id(x._leaf), x)
            else:
                x._value = lift(x._value)
                watch_tensor(x, [self])

    def accessed(self, variable: Any) -> None:
        if self._watches_variables and variable._is_trainable:
            leaf = variable._leaf
            if leaf not in self.watched and leaf.dtype.kind in "fc":
                self.watched.add(leaf)
            self._variables.setdefault(id(leaf), variable)

    def watched_variables(self) -> tuple[Any, ...]:
        """The trainable Variables that were read, in the order of their first reading."""
        return tuple(self._variables.values())

    def stop_recording(self) -> _Pause:
        """Context in which this tape does not record."""
        if not self.recording:
            raise RuntimeError("Trying to stop recording a tape which is not recording.")
        return _Pause(self)

    def reset(self) -> None:
        """Forget what was recorded and watched, and go on recording."""
        if not self.recording:
            raise ValueError("Tape is not recording.")
        self.stop()
        self.forget()
        self._variables = {}
        self.start()

    # -- differentiating ------------------------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """Gradients of the sum of all targets with respect to the sources.

        Parameters
        ----------
        target : Tensor or nest of Tensors
        sources : Tensor, Variable or nest of them
            Watched, or computed from what was watched.
        output_gradients : Tensor or nest of Tensors, optional
            One factor per target, of its shape or broadcast to it; ones by default.
        unconnected_gradients : UnconnectedGradients
            NONE: None where the target does not depend on the source; ZERO: zeros.

        Returns
        -------
        nest
            Of the structure of `sources`. For complex sources the conjugate of the derivative, as in TensorFlow.
        """
        self._check_ready("gradient")
        zeros = wants_zeros(unconnected_gradients)
        if target is None:
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors, Variables or CompositeTensors to "
                "be differentiated, but received None."
            )
        targets = nest.flatten(target)
        flat = nest.flatten(sources)
        _check_parts(targets, "target")
        _check_sources(flat)
        seeds: list[Any] = [None] * len(targets)
        if output_gradients is not None:
            given = [convert_seed(g) for g in nest.flatten(output_gradients)]
            if len(given) < len(targets):
                raise ValueError(f"output_gradients: {len(given)} factors for {len(targets)} targets")
            seeds = given[: len(targets)]
        roots, cotangents = [], []
        for y, g in zip(targets, seeds):
            node = self.node_of(y)
            if node is not None:
                roots.append(node)
                cotangents.append(seed_for(y, g))
        gathers = self._gathers(roots, flat) if self.gathered else {}
        found = self.sweep(roots, cotangents, flat, extra=[node for rows in gathers.values() for node, _ in rows])
        results = [self._result(x, found, zeros, gathers) for x in flat]
        if not self._persistent:
            self._use_up()
        return nest.pack_sequence_as(sources, results)

    def _check_ready(self, what: str) -> None:
        if not self._ready:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
            )
        if self.recording:
            if not self._persistent:
                self.stop()
            else:
                _log.warning(
                    "Calling GradientTape.%s on a persistent tape inside its context is significantly less efficient "
                    "than calling it outside the context (it causes the gradient ops to be recorded on the tape, "
                    "leading to increased CPU and memory usage).", what
                )  # fmt: skip

    def _use_up(self) -> None:
        self._ready = False
        self.forget()

    def node_of(self, x: Any) -> Node | None:
        """The node of a target or source, if it is part of this record."""
        if not isinstance(x, CoreTensor):
            return None
        node = x._leaf if isinstance(x, Variable) else x._node
        return node if node is not None and self.admits(node) else None

    def source_node(self, x: Any) -> Node | None:
        """The node of a source: one that is watched, or that something watched leads to."""
        node = self.node_of(x)
        if node is None or node in self.watched:
            return node
        return node if any([each in self.watched for each in reach([node], 0, self.admits)[0]]) else None

    def sweep(
        self, roots: Sequence[Any], cotangents: Sequence[Any], sources: Sequence[Any], retain: bool = False,
        extra: Sequence[Node] = (),
    ) -> dict[Node, Any]:  # fmt: skip
        """Cotangents of the sources' nodes (and of `extra` ones); recorded exactly if some tape records now."""
        nodes = [*[node for x in sources if (node := self.source_node(x)) is not None], *extra]
        if not roots or not nodes:
            return {}
        create = bool(state().tapes) or any([is_foreign(node) for node in roots])
        retain = retain or create or self._persistent or others_need(self)
        with silently():
            found, _ = pull(roots, cotangents, nodes, create_graph=create, retain_graph=retain, admit=self.admits)
        for node in [node for node in nodes if node in found and found[node] is None]:
            if self._stopped_by_custom(node, roots):
                del found[node]
        return found

    def _stopped_by_custom(self, node: Node, roots: Sequence[Node]) -> bool:
        """Whether a source has no cotangent since custom gradients returned None: then it counts as unconnected."""
        readers = [each for each in reach(roots, 0, self.admits)[0] if node in each.parents]
        return all([isinstance(each.primitive, Custom) for each in readers]) and node not in roots

    def _gathers(self, roots: Sequence[Node], sources: Sequence[Any]) -> dict[Node, list[tuple[Node, Any]]]:
        """For each source that is read by `gather` alone: the nodes that read it, and their positions."""
        nodes = {self.source_node(x) for x in sources} - {None, *roots}
        found: dict[Any, Any] = {}
        for node in reach(roots, 0, self.admits)[0]:
            for parent in node.parents:
                if parent in nodes and found.get(parent, ()) is not None:
                    index = gathered_positions(node)
                    found[parent] = None if index is None else [*found.get(parent, ()), (node, index)]
        return {node: rows for node, rows in found.items() if rows}

    def _result(self, x: Any, found: dict[Node, Any], zeros: bool, gathers: dict[Node, Any]) -> Any:
        node = self.source_node(x)
        if node in gathers and all([found.get(reader) is not None for reader, _ in gathers[node]]):
            return _sparse(x, [(as_gradient(found[reader]), index) for reader, index in gathers[node]])
        if node is None or node not in found:
            return _zeros_like(x) if zeros and isinstance(x, CoreTensor) else None
        ct = found[node]
        return _zeros_like(x) if ct is None else as_gradient(ct)

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Derivatives of each element of the target with respect to each element of the sources.

        Returns
        -------
        nest
            Of the structure of `sources`; each array has the shape of the target followed by that of the source.
        """
        self._check_ready("jacobian")
        if not self._persistent and not experimental_use_pfor:
            raise RuntimeError(
                "GradientTape must be created with persistent=True to compute the jacobian with eager execution "
                "enabled and with experimental_use_pfor set to False."
            )
        zeros = wants_zeros(unconnected_gradients)
        flat = nest.flatten(sources)
        _check_sources(flat)
        y = convert_target(target)
        shape = tuple(y._value.shape)
        size = int(np.prod(shape, dtype=int))
        basis = np.eye(size, dtype=y._value.dtype).reshape(size, *shape)
        results = []
        for x, rows in zip(flat, self._rows(y, basis, flat)):
            full = (*shape, *tuple(x.shape)) if isinstance(x, CoreTensor) else None
            if rows is None:
                results.append(
                    EagerTensor(np.zeros(full, x._value.dtype), None) if zeros and full is not None else None
                )
            else:
                results.append(as_gradient(reshape(rows, shape=full)))
        if not self._persistent:
            self._use_up()
        return nest.pack_sequence_as(sources, results)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Derivatives of ``target[i]`` with respect to ``source[i]``, for every example i of independent rows."""
        self._check_ready("batch_jacobian")
        wants_zeros(unconnected_gradients)
        y, x = convert_target(target), source
        for each, name in ((x, "source"), (y, "target")):
            if len(each.shape) < 2:
                raise ValueError(f"Shape {each.shape} must have rank at least 2 (the {name} of batch_jacobian)")
        if y.shape[0] != x.shape[0]:
            raise ValueError(f"Need first dimension of target shape ({y.shape}) and source shape ({x.shape}) to match.")
        if not self._persistent and not experimental_use_pfor:
            raise RuntimeError(
                "GradientTape must be created with persistent=True to compute the batch_jacobian with eager execution "
                "enabled and with experimental_use_pfor set to False."
            )
        batch, *inner = tuple(y.shape)
        size = int(np.prod(inner, dtype=int))
        basis = np.repeat(np.eye(size, dtype=y._value.dtype).reshape(size, 1, *inner), batch, axis=1)
        (rows,) = self._rows(y, basis, [x])
        full = (batch, *inner, *tuple(x.shape)[1:])
        if not self._persistent:
            self._use_up()
        if rows is None:
            return EagerTensor(np.zeros(full, x._value.dtype), None)
        from ..ops.shape import moveaxis

        return as_gradient(reshape(moveaxis(rows, 0, 1), shape=full))

    def _rows(self, y: Any, seeds: Any, sources: Sequence[Any]) -> list[Any]:
        """For each source the stack of its cotangents for all seeds of `y`, as one batch; None where unconnected."""
        root = self.node_of(y)
        nodes: list[Any] = [None if root is None else self.source_node(x) for x in sources]
        reached: list[int] = []

        def one(g: Any) -> tuple[Any, ...]:
            found = self.sweep([root], [g], sources, retain=True)
            reached[:] = [i for i, node in enumerate(nodes) if node is not None and node in found]
            return tuple([_filled(found[nodes[i]], sources[i]) for i in reached])

        rows: list[Any] = [None] * len(sources)
        if root is not None and any([node is not None for node in nodes]):
            for i, stacked in zip(reached, vmap(one)(CoreTensor(seeds, None)) if seeds.size else ()):
                rows[i] = stacked
        return rows


class _Pause:
    """Context in which a tape does not record."""

    def __init__(self, tape: GradientTape) -> None:
        self._tape = tape

    def __enter__(self) -> None:
        self._tape.stop()

    def __exit__(self, *exc: object) -> None:
        self._tape.start()


def convert_seed(g: Any) -> Any:
    """One of the `output_gradients` as a Tensor."""
    return convert_to_tensor(g)


def convert_target(target: Any) -> Any:
    """The one target of a Jacobian."""
    return target if isinstance(target, (EagerTensor, Variable)) else convert_to_tensor(target)


def _check_parts(parts: Sequence[Any], what: str) -> None:
    for x in parts:
        if not isinstance(x, (CoreTensor, IndexedSlices)):
            raise TypeError(
                f"GradientTape: a {what} is a tf.Tensor or tf.Variable, got {x!r} of type {type(x).__name__}"
            )


def _check_sources(sources: Sequence[Any]) -> None:
    _check_parts(sources, "source")
    for x in sources:
        if isinstance(x, CoreTensor) and x._value.dtype.kind not in "fc":
            _log.warning("The dtype of the source tensor must be floating (e.g. tf.float32) when calling "
                         "GradientTape.gradient, got %r", x.dtype)  # fmt: skip


def seed_for(y: Any, g: Any) -> Any:
    """The cotangent of a target in the engine's convention: ones, or what the user gave, broadcast."""
    value = y._value
    shape, dtype = tuple(value.shape), value.dtype
    if g is None:
        ones: Any = np.ones(shape, dtype) if shape else dtype.type(1)
        return CoreTensor(ones, None) if isinstance(value, Boxed) else ones
    if g._value.dtype != dtype:
        raise invalid(f"output_gradients: a target of {describe(y)} needs a factor of its dtype, got {describe(g)}")
    node = g._node
    seed = CoreTensor(g._value, node)
    if tuple(g._value.shape) != shape:
        try:
            seed = broadcast_to(seed, shape=shape)
        except ValueError:
            raise invalid(f"Incompatible shapes: {shown(g._value.shape)} vs. {shown(shape)}", "Mul") from None
    if dtype.kind == "c":
        seed = conj(seed)
    return seed if node is not None or isinstance(value, Boxed) or isinstance(seed._value, Boxed) else seed._value


def as_gradient(ct: Any) -> EagerTensor:
    """A cotangent of the engine as a result: conjugated if complex, which is TensorFlow's convention."""
    if ct.dtype.kind == "c":
        ct = conj(ct)
    return EagerTensor(ct._value, ct._node) if isinstance(ct, CoreTensor) else EagerTensor(ct, None)


def gathered_positions(node: Node) -> Any:
    """The positions that a node reads, if it is that of a `gather` along the first axis."""
    residuals = node.residuals if type(node.residuals) is tuple else ()
    held = dict(zip(node.primitive.layout, residuals)) if node.primitive is not None and residuals else {}
    if node.primitive is take.primitive:  # type: ignore[attr-defined]
        return held.get("indices") if held.get("axis") == 0 else None
    if node.primitive is not getitem.primitive:  # type: ignore[attr-defined]
        return None
    index = held.get("index", ())
    return index[0] if len(index) == 1 and isinstance(index[0], np.ndarray) and index[0].dtype.kind in "iu" else None


def _sparse(x: Any, rows: Sequence[tuple[EagerTensor, Any]]) -> IndexedSlices:
    """The gradient of a source that was only gathered from: rows as they came, repeated positions kept."""
    inner = tuple(x.shape)[1:]
    values = [reshape(CoreTensor(g._value, g._node), shape=(np.size(index), *inner)) for g, index in rows]
    joined = concatenate(*values, axis=0) if len(values) > 1 else values[0]
    positions = np.concatenate([np.ravel(index) for _, index in rows])
    return IndexedSlices(
        EagerTensor(joined._value, joined._node),
        EagerTensor(positions, None),
        EagerTensor(np.array(tuple(x.shape), np.int32), None),
    )


def _zeros_like(x: Any) -> EagerTensor:
    return EagerTensor(np.zeros(tuple(x.shape), x._value.dtype)[()], None)


def _filled(ct: Any, x: Any) -> Any:
    return np.zeros(tuple(x.shape), x._value.dtype) if ct is None else ct
