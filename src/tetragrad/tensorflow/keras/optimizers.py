"""`tf.keras.optimizers`: SGD and Adam, for `apply_gradients` in training loops."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...dialects import optimizers as steps
from ...dialects.names import missing_name
from ..indexed_slices import IndexedSlices
from ..tape import GradientTape
from ..variable import Variable

_log = logging.getLogger("tetragrad.tensorflow")


class Optimizer:
    """What the optimisers share: the learning rate, and one state per Variable."""

    def __init__(
        self, learning_rate: Any, weight_decay: float | None = None, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._rate = learning_rate if callable(learning_rate) else Variable(float(learning_rate), trainable=False)
        self.weight_decay = weight_decay or 0.0
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.name = name or type(self).__name__.lower()
        self.iterations = Variable(0, trainable=False, name="iteration", dtype="int64")
        self._states: dict[int, tuple[Any, dict[str, Any]]] = {}

    @property
    def learning_rate(self) -> Any:
        """The learning rate, a Variable; may be set."""
        return self._rate(self.iterations) if callable(self._rate) else self._rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        if callable(rate) or callable(self._rate):
            self._rate = rate if callable(rate) else Variable(float(rate), trainable=False)
        else:
            self._rate.assign(float(rate))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]], name: str | None = None) -> Any:
        """One step for each Variable along its gradient.

        Parameters
        ----------
        grads_and_vars : iterable of (gradient, Variable)
            Gradients that are None are left out.

        Raises
        ------
        ValueError
            If no gradient was given.
        """
        pairs = [(g, v) for g, v in grads_and_vars]
        given = [(self._array(g), v) for g, v in pairs if g is not None]
        if not given:
            raise ValueError("No gradients provided for any variable.")
        if len(given) < len(pairs):
            missing = [v.name for g, v in pairs if g is None]
            _log.warning("Gradients do not exist for variables %s when minimizing the loss.", missing)
        rate = float(self.learning_rate)
        for gradient, variable in zip(self._clipped([g for g, _ in given]), [v for _, v in given]):
            state = self._states.setdefault(id(variable._leaf), (variable._leaf, {}))[1]
            value = np.asarray(variable)
            if self.weight_decay:  # decoupled, as in Keras
                value = value - value * (self.weight_decay * rate)
            new = np.asarray(self.step(value, gradient, state, rate))
            variable.assign(variable.constraint(new) if variable.constraint else new)
        self.iterations.assign_add(1)
        return self.iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable]) -> None:
        """One step for each Variable along its gradient."""
        self.apply_gradients(zip(grads, trainable_variables))

    def minimize(self, loss: Any, var_list: Any, tape: GradientTape | None = None, name: str | None = None) -> Any:
        """One step that lowers a loss: a function, or a Tensor with the tape that recorded it."""
        variables = var_list() if callable(var_list) else list(var_list)
        if tape is None:
            if not callable(loss):
                raise ValueError("`tape` is required when a `Tensor` loss is passed.")
            with GradientTape() as tape:
                tape.watch(variables)
                loss = loss()
        return self.apply_gradients(zip(tape.gradient(loss, variables), variables))

    def step(self, value: Any, gradient: Any, state: dict[str, Any], rate: float) -> Any:
        """The value of one parameter after the step."""
        raise NotImplementedError

    def _array(self, gradient: Any) -> Any:
        return np.asarray(gradient._to_tensor() if isinstance(gradient, IndexedSlices) else gradient)

    def _clipped(self, gradients: list[Any]) -> list[Any]:
        if self.clipvalue is not None:
            return [np.clip(g, -self.clipvalue, self.clipvalue) for g in gradients]
        if self.clipnorm is not None:
            return [g * min(1.0, self.clipnorm / max(float(np.linalg.norm(g)), 1e-30)) for g in gradients]
        if self.global_clipnorm is not None:
            length = float(np.sqrt(sum([float(np.vdot(g, g).real) for g in gradients])))
            return [g * min(1.0, self.global_clipnorm / max(length, 1e-30)) for g in gradients]
        return gradients


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    Examples
    --------
    >>> import tetragrad.tensorflow as tf
    >>> v = tf.Variable(1.0)
    >>> _ = tf.keras.optimizers.SGD(learning_rate=0.5).apply_gradients([(tf.constant(1.0), v)])
    >>> float(v)
    0.5
    """

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False,
        weight_decay: float | None = None, clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, name: str = "SGD",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        if not 0 <= momentum <= 1:
            raise ValueError("`momentum` must be a float between [0, 1].")
        self.momentum, self.nesterov = float(momentum), nesterov

    def step(self, value: Any, gradient: Any, state: dict[str, Any], rate: float) -> Any:
        return steps.sgd(value, gradient, state, learning_rate=rate, momentum=self.momentum, nesterov=self.nesterov)


class Adam(Optimizer):
    """Adam."""

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, weight_decay: float | None = None, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None, name: str = "adam",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def step(self, value: Any, gradient: Any, state: dict[str, Any], rate: float) -> Any:
        return steps.adam(
            value, gradient, state, learning_rate=rate, beta1=self.beta_1, beta2=self.beta_2, epsilon=self.epsilon,
            amsgrad=self.amsgrad, corrected_epsilon=False,
        )  # fmt: skip


__all__ = ["SGD", "Adam", "Optimizer"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name, __all__)
