"""`torch.optim`: SGD and Adam, over the update rules that all dialects share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.recording import no_grad, recorded_call
from ..dialects.names import missing_name
from ..dialects.optimizers import adam, sgd
from ..numpy.writing import assign
from .tensor import Tensor, written


class Optimizer:
    """Base class: parameters in groups with settings of their own, and `step`."""

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{type(params).__name__}"
            )
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        self.defaults = defaults
        self.state: dict[Any, dict[str, Any]] = {}
        self.param_groups: list[dict[str, Any]] = []
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with settings of their own."""
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        for each in params:
            if not isinstance(each, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(each).__name__}")
            if not each.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
        self.param_groups.append({**self.defaults, **param_group, "params": params})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            for each in group["params"]:
                if set_to_none or each.grad is None:
                    each.grad = None
                else:
                    each.grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters that have a gradient; a closure computes the loss anew first."""
        loss = None if closure is None else recorded_call(closure)
        with no_grad():
            for group in self.param_groups:
                for each in group["params"]:
                    if each.grad is None:
                        continue
                    gradient = each.grad._array()
                    new = self._update(
                        each._array(), -gradient if group.get("maximize") else gradient,
                        self.state.setdefault(each, {}), group,
                    )  # fmt: skip
                    written(each)
                    assign(each, np.asarray(new, each._value.dtype), "step")
        return loss

    def _update(self, value: Any, gradient: Any, state: dict[str, Any], group: dict[str, Any]) -> Any:
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Settings and state, parameters by their numbers."""
        numbers = {each: i for i, each in enumerate([p for group in self.param_groups for p in group["params"]])}
        groups = [{**group, "params": [numbers[p] for p in group["params"]]} for group in self.param_groups]
        return {"state": {numbers[p]: dict(state) for p, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from settings and state."""
        every = [p for group in self.param_groups for p in group["params"]]
        for group, saved in zip(self.param_groups, state_dict["param_groups"]):
            group.update({key: value for key, value in saved.items() if key != "params"})
        self.state = {every[i]: dict(state) for i, state in state_dict["state"].items()}

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted."""

    def __init__(
        self, params: Any, lr: float = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach: Any = None, differentiable: bool = False,
        fused: Any = None,
    ) -> None:  # fmt: skip
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
             "nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable,
             "fused": fused},
        )  # fmt: skip

    def _update(self, value: Any, gradient: Any, state: dict[str, Any], group: dict[str, Any]) -> Any:
        return sgd(
            value, gradient, state, learning_rate=group["lr"], momentum=group["momentum"],
            dampening=group["dampening"], nesterov=group["nesterov"], weight_decay=group["weight_decay"],
        )  # fmt: skip


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015)."""

    decoupled = False

    def __init__(
        self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, amsgrad: bool = False, *, foreach: Any = None, maximize: bool = False,
        capturable: bool = False, differentiable: bool = False, fused: Any = None,
    ) -> None:  # fmt: skip
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        super().__init__(
            params,
            {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
             "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
             "fused": fused, "decoupled_weight_decay": self.decoupled},
        )  # fmt: skip

    def _update(self, value: Any, gradient: Any, state: dict[str, Any], group: dict[str, Any]) -> Any:
        return adam(
            value, gradient, state, learning_rate=group["lr"], beta1=group["betas"][0], beta2=group["betas"][1],
            epsilon=group["eps"], weight_decay=group["weight_decay"], decoupled=self.decoupled,
            amsgrad=group["amsgrad"],
        )  # fmt: skip


class AdamW(Adam):
    """Adam with weight decay taken off the parameters themselves."""

    decoupled = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        **kwargs: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, **kwargs)


__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.torch.optim", name, __all__)
