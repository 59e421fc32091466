"""`paddle.optimizer`: SGD, Momentum, Adam and AdamW."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...dialects import optimizers
from ...dialects.names import missing_name
from ..tensor import Tensor, overwrite

__all__ = ["SGD", "Adam", "AdamW", "Momentum", "Optimizer"]


class Optimizer:
    """Changes parameters by their gradients. Subclasses say how.

    Parameters
    ----------
    learning_rate : float
    parameters : sequence of Tensor
        Or of dicts with the Tensors as ``"params"`` and options of their own.
    weight_decay : float, optional
    """

    _update: Callable[..., Any]

    def __init__(
        self, learning_rate: Any = 0.001, parameters: Any = None, weight_decay: Any = None, grad_clip: Any = None,
        multi_precision: bool = False, name: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        if parameters is None:
            raise AttributeError("parameters argument given to the Optimizer should not be None in dygraph mode.")
        if isinstance(parameters, Tensor):
            raise TypeError("`parameters` argument given to the optimizer should be an iterable of paddle Tensors")
        if grad_clip is not None:
            raise ValueError("grad_clip is not supported; change the gradients between backward() and step()")
        listed: list[Any] = list(parameters)
        self._groups: list[dict[str, Any]] = listed if listed and isinstance(listed[0], dict) else [{"params": listed}]
        self._options = {**options, "weight_decay": float(weight_decay or 0.0)}
        self._rate = learning_rate
        self._states: dict[int, dict[str, Any]] = {}

    @property
    def _parameter_list(self) -> list[Tensor]:
        return [parameter for group in self._groups for parameter in group["params"]]

    def get_lr(self) -> float:
        """The learning rate."""
        return float(self._rate)

    def set_lr(self, value: float) -> None:
        """Choose another learning rate."""
        self._rate = value

    def step(self) -> None:
        """Change each parameter by its gradient; those without one stay."""
        for group in self._groups:
            own = {key: value for key, value in group.items() if key not in ("params", "learning_rate")}
            options = {**self._options, **own, "learning_rate": self.get_lr() * group.get("learning_rate", 1.0)}
            for parameter in group["params"]:
                gradient = getattr(parameter, "_grad", None)
                if gradient is not None and not parameter.stop_gradient:
                    state = self._states.setdefault(id(parameter), {})
                    new = type(self)._update(parameter._value, gradient._value, state, **options)
                    overwrite(parameter, new.astype(parameter._value.dtype))

    def clear_grad(self, set_to_zero: bool = True) -> None:
        """Set the gradients to zero, or with ``set_to_zero=False`` forget them."""
        for parameter in self._parameter_list:
            parameter.clear_gradient(set_to_zero)

    clear_gradients = clear_grad

    def minimize(self, loss: Tensor) -> Any:
        """Change the parameters by the gradients that are there, after ``loss.backward()``."""
        pairs = [(each, each.grad) for each in self._parameter_list if each.grad is not None]
        self.step()
        return [], pairs

    def state_dict(self) -> dict[str, Any]:
        """What the optimizer remembers of each parameter, by the parameters' names."""
        return {each.name: dict(self._states.get(id(each), {})) for each in self._parameter_list}

    def set_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        for each in self._parameter_list:
            if each.name in state_dict:
                self._states[id(each)] = dict(state_dict[each.name])


class SGD(Optimizer):
    """Gradient descent.

    Examples
    --------
    >>> import tetragrad.paddle as paddle
    >>> w = paddle.to_tensor([1.0], stop_gradient=False)
    >>> sgd = paddle.optimizer.SGD(learning_rate=0.25, parameters=[w])
    >>> (w * w).sum().backward()
    >>> sgd.step()
    >>> sgd.clear_grad()
    >>> w.tolist()
    [0.5]
    """

    _update = staticmethod(optimizers.sgd)


class Momentum(Optimizer):
    """Gradient descent with momentum."""

    _update = staticmethod(optimizers.sgd)

    def __init__(
        self, learning_rate: Any = 0.001, momentum: float = 0.9, parameters: Any = None, use_nesterov: bool = False,
        weight_decay: Any = None, **others: Any,
    ) -> None:  # fmt: skip
        Optimizer.__init__(
            self, learning_rate, parameters, weight_decay, momentum=momentum, nesterov=use_nesterov, **others
        )


class Adam(Optimizer):
    """Adam."""

    _update = staticmethod(optimizers.adam)

    def __init__(
        self, learning_rate: Any = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
        parameters: Any = None, weight_decay: Any = None, grad_clip: Any = None, lazy_mode: bool = False,
        multi_precision: bool = False, use_multi_tensor: bool = False, amsgrad: bool = False, name: str | None = None,
        **options: Any,
    ) -> None:  # fmt: skip
        options = {"beta1": beta1, "beta2": beta2, "epsilon": epsilon, "amsgrad": amsgrad, **options}
        Optimizer.__init__(self, learning_rate, parameters, weight_decay, grad_clip, **options)


class AdamW(Adam):
    """Adam that takes the weight decay off the parameters themselves."""

    def __init__(
        self, learning_rate: Any = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
        parameters: Any = None, weight_decay: Any = 0.01, **others: Any,
    ) -> None:  # fmt: skip
        Adam.__init__(self, learning_rate, beta1, beta2, epsilon, parameters, weight_decay, decoupled=True, **others)


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.paddle.optimizer", name, __all__)
