"""`tf.autodiff`: forward mode. The tangent of a result is got from its record, by transposing the backward pass."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from ..core.sweep import pull
from ..core.tensor import Leaf
from ..core.tensor import Tensor as CoreTensor
from ..dialects.names import missing_name
from . import nest
from .recording import Recorder, state, watch_tensor
from .tape import GradientTape, UnconnectedGradients, wants_zeros
from .tensor import EagerTensor, operand
from .variable import Variable

_log = logging.getLogger("tetragrad.tensorflow")


class ForwardAccumulator(Recorder):
    """Jacobian-vector products by forward mode.

    Parameters
    ----------
    primals : Tensor, Variable or nest of them
    tangents : Tensor or nest of Tensors
        One per primal, of its shape and dtype.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> x = tf.constant([2.0, 3.0])
    >>> with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as acc:
    ...     y = tf.reduce_sum(x * x)
    >>> acc.jvp(y)
    <tf.Tensor: shape=(), dtype=float32, numpy=4.0>
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        super().__init__()
        flat, directions = nest.flatten(primals), nest.flatten(tangents)
        if len(flat) != len(directions):
            raise ValueError(f"The structures of primals and tangents differ: {len(flat)} and {len(directions)} leaves")
        self._directions: dict[Any, Any] = {}
        seen: set[int] = set()
        for x, t in zip(flat, directions):
            if not isinstance(x, (EagerTensor, Variable)):
                raise ValueError(f"Cannot watch a primal that is not a tf.Tensor or tf.Variable: {x!r}")
            t = operand(t)
            identity = id(x._leaf if isinstance(x, Variable) else x)
            if identity in seen:
                raise ValueError(f"Tensor {x!r} was specified as a primal more than once. This may indicate an error.")
            seen.add(identity)
            if x._value.dtype.kind not in "fc":
                _log.warning("The dtype of the watched primal must be floating (e.g. tf.float32), got %r", x.dtype)
                continue
            if t._value.dtype != x._value.dtype:
                raise ValueError(f"Expected a tangent of dtype {x.dtype.name} for the primal {x!r}, got {t.dtype.name}")
            if tuple(t._value.shape) != tuple(x._value.shape):
                raise ValueError(f"Expected a tangent of shape {x.shape} for the primal, got {t.shape}")
            if isinstance(x, Variable):
                self.watch_node(x._leaf)
                self._directions[x._leaf] = t
            else:
                watch_tensor(x, [self])
                self._directions[x._node] = t
        self._primals = flat  # the nodes of primals stay alive with this

    def __enter__(self) -> ForwardAccumulator:
        if self.recording:
            raise ValueError("Accumulator is already recording.")
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.recording:
            self.stop()

    def jvp(self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """The tangents of results: the derivative of each in the direction of the given tangents.

        Parameters
        ----------
        primals : Tensor or nest of Tensors
            Computed while this accumulator was active (or one of its primals).
        unconnected_gradients : UnconnectedGradients
            What a result has that does not depend on the primals.
        """
        zeros = wants_zeros(unconnected_gradients)
        return nest.map_structure(lambda y: self._tangent(y, zeros), primals)

    def _tangent(self, y: Any, zeros: bool) -> Any:
        node = None
        if isinstance(y, CoreTensor):
            node = y._leaf if isinstance(y, Variable) else y._node
        found: Any = None
        if node is not None and self.admits(node):
            found = self._directions.get(node) if node in self._directions else self._transposed(y, node)
        if found is None and zeros and isinstance(y, CoreTensor):
            return EagerTensor(np.zeros(tuple(y.shape), y._value.dtype)[()], None)
        return found

    def _transposed(self, y: Any, node: Any) -> Any:
        """The pullback is linear in its cotangent u; its own transpose, applied to the tangents, is the tangent."""
        value = y._value
        shape, dtype = tuple(value.shape), value.dtype
        u = Leaf(shape, dtype)
        seed = CoreTensor(np.zeros(shape, dtype)[()], u)
        sources = list(self._directions)
        recorder = Recorder()  # gradients by the user, in his own operations, are to depend on u as well
        recorder.watch_node(u)
        recorder.start()
        try:
            found, _ = pull([node], [seed], sources, create_graph=True, retain_graph=True, admit=self.admits)
        finally:
            recorder.stop()
        roots, directions = [], []
        for source in sources:
            ct = found.get(source)
            if source not in found:
                continue
            if isinstance(ct, CoreTensor) and ct._node is not None:
                roots.append(ct._node)
                directions.append(_as_seed(self._directions[source]))
        u.retired = True
        if not found:
            return None
        if not roots:
            return EagerTensor(np.zeros(shape, dtype)[()], None)
        recorded = bool(state().tapes)
        made, _ = pull(roots, directions, [u], create_graph=recorded, retain_graph=True)
        ct = made.get(u)
        if ct is None:
            return EagerTensor(np.zeros(shape, dtype)[()], None)
        return EagerTensor(ct._value, ct._node) if isinstance(ct, CoreTensor) else EagerTensor(ct, None)


def _as_seed(t: EagerTensor) -> Any:
    return CoreTensor(t._value, t._node)


__all__ = ["ForwardAccumulator", "GradientTape"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
