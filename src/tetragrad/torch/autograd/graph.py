"""The recorded graph as PyTorch shows it: nodes to walk and to hook, gradient edges, and what is saved for backward."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...core import hooks
from ...core.bind import Pick
from ...core.primitive import OUT
from ...core.recording import RecordingMode, is_recording
from ...core.saving import Packing
from ...core.tensor import FREED, Leaf
from ...core.tensor import Node as EngineNode
from ...dialects.names import answer_for
from .. import backward as driver
from .. import errors
from ..errors import RuntimeError
from ..facts import bump
from ..names import node_name
from ..tensor import Tensor, conj

# The wrappers in use, so that `x.grad_fn is x.grad_fn`.
_wrappers: weakref.WeakValueDictionary[int, Node] = weakref.WeakValueDictionary()


_ENGINE_NAMES = ("AccumulateGrad", "CopyBackwards", "CopySlices")


class Node:
    """A recorded operation."""

    def __init__(self, node: EngineNode) -> None:
        self._engine = node
        self.metadata: dict[Any, Any] = {}

    def name(self) -> str:
        """The operation, ``MulBackward0`` for instance."""
        name = node_name(self._engine)
        return f"torch::autograd::{name}" if name in _ENGINE_NAMES else name

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes of the operands, each with the number of the output that was used."""
        return tuple([(None, 0) if parent is None else _edge(parent) for parent in self._engine.parents])

    def register_hook(self, fn: Callable[..., Any]) -> Any:
        """Call ``fn(grad_inputs, grad_outputs)`` when a backward pass has gone through this node."""

        def call(grad_inputs: Any, g: Any) -> Any:
            replaced = fn(tuple([conj(each) for each in grad_inputs]), (conj(g),))
            return None if replaced is None else tuple([conj(each) for each in replaced])

        return hooks.register(self._engine, "after", call, Tensor)

    def register_prehook(self, fn: Callable[..., Any]) -> Any:
        """Call ``fn(grad_outputs)`` before a backward pass goes through this node."""

        def call(g: Any) -> Any:
            replaced = fn((conj(g),))
            return None if replaced is None else conj(replaced[0] if isinstance(replaced, (tuple, list)) else replaced)

        return hooks.register(self._engine, "before", call, Tensor)

    @property
    def variable(self) -> Any:
        """The leaf that an `AccumulateGrad` node feeds."""
        owner = getattr(self._engine, "owner", None)
        if not isinstance(self._engine, Leaf):
            raise AttributeError(f"'{self.name()}' object has no attribute 'variable'")
        return owner() if owner is not None else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_saved_", "_raw_saved_")):
            return _saved(self._engine, name)
        raise AttributeError(f"'{self.name()}' object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {hex(id(self))}>"


def node_of(node: EngineNode) -> Node:
    """The node of the engine as users see it, always the same object while one lives."""
    if node.primitive is Pick:
        node = node.parents[0]
    found = _wrappers.get(id(node))
    if found is None:
        found = type(node_name(node), (Node,), {"__module__": "torch.autograd.graph"})(node)
        _wrappers[id(node)] = found
    return found


def _edge(node: EngineNode) -> tuple[Node, int]:
    return node_of(node), node.residuals[0] if node.primitive is Pick else 0


_OPERANDS = {"_saved_self": 0, "_saved_other": 1, "_saved_exponent": 1}


def _saved(node: EngineNode, name: str) -> Any:
    """A saved array of a node: an operand or the result."""
    residuals = node.residuals
    if residuals is FREED:
        raise errors.FreedGraphError(errors.SECOND_TIME)
    if not isinstance(residuals, tuple):
        residuals = residuals.unpacked()
    wanted = OUT if name.endswith("_result") else _OPERANDS.get(name.replace("_raw", ""))
    parameter = name.rpartition("_saved_")[2]
    if (node.primitive.name, parameter) == ("square", "exponent"):
        return 2
    for source, residual in zip(node.primitive.sources, residuals):
        if source[1] == parameter:
            return residual
        if source[0] == wanted and residual is not None:
            if not hasattr(residual, "dtype"):
                return residual
            parent = node if wanted == OUT else node.parents[source[0]]
            return Tensor(residual, parent)
    raise AttributeError(f"'{node_name(node)}' object has no attribute {name!r}: it does not save that")


class GradientEdge:
    """One output of a node; `backward` and `grad` take it in the place of the Tensor."""

    def __init__(self, node: Node, output_nr: int, ownership_token: Any = None, engine: Any = None) -> None:
        self.node = node
        self.output_nr = output_nr
        self.ownership_token = ownership_token
        self._engine = engine or node._engine

    def target(self) -> EngineNode:
        """The engine's node."""
        return self._engine

    def like(self) -> Any:
        """A Tensor of the shape and dtype of the gradients that arrive here."""
        return Tensor(np.zeros(self._engine.shape, self._engine.dtype), None)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.node, self.output_nr, self.ownership_token))


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge at which gradients of this Tensor arrive."""
    if tensor._node is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    node, number = _edge(tensor._node)
    return GradientEdge(node, number, None, tensor._node)


def increment_version(tensor: Any) -> None:
    """Count a write into one or several Tensors."""
    tensors: Any = [tensor] if isinstance(tensor, Tensor) else tensor
    for each in tensors:
        bump(each)


# -- what is saved ----------------------------------------------------------------------------------------------------

_disabled: list[str] = []


class saved_tensors_hooks:
    """Send every Tensor that is saved for a backward pass through a pair of functions."""

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook
        self._modes: list[RecordingMode] = []

    def _pack(self, array: Any) -> Any:
        given = Tensor(array, None)
        packed = self.pack_hook(given)
        if given._version:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook "
                "cannot be modified by in-place operations as this can lead to unexpected side-effects. Please open an "
                "issue if you need to perform in-place operations on the input to a pack hook."
            )
        return packed

    def _unpack(self, packed: Any) -> Any:
        given = self.unpack_hook(packed)
        if not isinstance(given, Tensor):
            raise TypeError("Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                            f"{type(given).__name__}")  # fmt: skip
        return np.asarray(given._value)

    def __enter__(self) -> saved_tensors_hooks:
        if _disabled:
            raise RuntimeError(_disabled[-1])
        mode = RecordingMode(Packing(self._pack, self._unpack))
        mode.__enter__()
        self._modes.append(mode)
        return self

    def __exit__(self, *exc: object) -> None:
        self._modes.pop().__exit__(*exc)


class save_on_cpu(saved_tensors_hooks):
    """Keep what is saved on the CPU, where it is anyway."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor, lambda packed: packed)


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Refuse `saved_tensors_hooks` inside, with this message."""
    if isinstance(is_recording(), Packing):
        raise RuntimeError(error_message)
    _disabled.append(error_message)
    try:
        yield
    finally:
        _disabled.pop()


@contextlib.contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[Any]:
    """Writes into saved Tensors are always allowed here: the block changes nothing."""
    yield None


@contextlib.contextmanager
def region_activation_memory_budget(budget: float) -> Iterator[None]:
    """Accepted: it tells PyTorch's compiler how much to save."""
    yield


def set_warn_on_accumulate_grad_stream_mismatch(enabled: bool) -> None:
    """Accepted: there are no streams."""


def set_override_stale_capture_stream(enabled: bool) -> None:
    """Accepted: there are no streams."""


# -- hooks on several Tensors -----------------------------------------------------------------------------------------


class _MultiHook:
    """A hook that is called once per backward pass, with the gradients of several Tensors."""

    def __init__(self, tensors: Sequence[Tensor], fn: Callable[..., Any], mode: str) -> None:
        self.fn = fn
        self.mode = mode
        self.nodes = [weakref.ref(tensor._node) for tensor in tensors]  # nodes hold their hooks
        self.grads: list[Any] = [None] * len(self.nodes)
        self.waiting = 0
        self.handles = [
            hooks.register(tensor._node, "tensor", self._arrival(index), Tensor)  # type: ignore[arg-type]
            for index, tensor in enumerate(tensors)
        ]
        driver.watchers.add(weakref.ref(self, driver.watchers.discard))

    def prepare(self, roots: Sequence[Any]) -> None:
        """A sweep from these roots begins: see which of the Tensors it can reach."""
        reached = driver.reachable(roots)
        self.grads = [None] * len(self.nodes)
        self.waiting = sum([node() in reached for node in self.nodes])

    def _arrival(self, index: int) -> Callable[..., None]:
        def arrive(g: Any) -> None:
            self.waiting, before = self.waiting - 1, self.waiting
            if self.mode == "any":
                if not any([each is not None for each in self.grads]):
                    self.grads[index] = g
                    self.fn(conj(g))
                return
            self.grads[index] = conj(g)
            if before == 1:
                self.fn(list(self.grads))

        return arrive


class _MultiHandle:
    def __init__(self, hook: _MultiHook) -> None:
        self._hook: _MultiHook | None = hook

    def remove(self) -> None:
        """Take the hook away."""
        if self._hook is not None:
            for handle in self._hook.handles:
                handle.remove()
            driver.watchers.discard(weakref.ref(self._hook))
            self._hook = None

    def __enter__(self) -> _MultiHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def register_multi_grad_hook(tensors: Sequence[Tensor], fn: Callable[..., Any], *, mode: str = "all") -> Any:
    """Call ``fn(grads)`` when the gradients of all Tensors that a backward pass reaches are there.

    Parameters
    ----------
    tensors : sequence of Tensor
    fn : callable
        Gets a list with None for Tensors that were not reached; with ``mode="any"`` the first gradient alone.
    mode : {'all', 'any'}
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    for tensor in tensors:
        if tensor._node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    return _MultiHandle(_MultiHook(tensors, fn, mode))


__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge",
    "increment_version", "region_activation_memory_budget", "register_multi_grad_hook", "save_on_cpu",
    "saved_tensors_hooks", "set_override_stale_capture_stream", "set_warn_on_accumulate_grad_stream_mismatch",
]  # fmt: skip

__getattr__ = answer_for(__name__)
