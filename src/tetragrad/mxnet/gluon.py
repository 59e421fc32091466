"""`mxnet.gluon`: the part of it that fits over plain arrays with gradients, a `Trainer` for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..dialects.names import missing_name
from ..dialects.optimizers import adam, sgd
from .modes import is_recording
from .ndarray import NDArray


class Trainer:
    """Updates arrays from their gradients.

    Parameters
    ----------
    params : list or dict of NDArray
        Arrays with `attach_grad`.
    optimizer : str
        ``"sgd"``, ``"nag"`` (both with ``momentum``) or ``"adam"`` (``beta1``, ``beta2``, ``epsilon``).
    optimizer_params : dict, optional
        ``learning_rate``, ``wd``, and what the optimizer takes.

    Examples
    --------
    >>> from tetragrad.mxnet import autograd, gluon, np
    >>> w = np.array([1.0, 2.0])
    >>> w.attach_grad()
    >>> trainer = gluon.Trainer([w], "sgd", {"learning_rate": 0.1})
    >>> with autograd.record():
    ...     loss = (w * w).sum()
    >>> loss.backward()
    >>> trainer.step(1)
    >>> w
    array([0.8, 1.6])
    """

    def __init__(
        self, params: Any, optimizer: str, optimizer_params: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        self._params: list[NDArray] = list(params.values()) if isinstance(params, dict) else list(params)
        if optimizer not in _UPDATES:
            raise ValueError(f"Cannot find optimizer {optimizer}; there are {', '.join(_UPDATES)}")
        options = {"learning_rate": 0.01, **(optimizer_params or {})}
        self.learning_rate: float = options.pop("learning_rate")
        options["weight_decay"] = options.pop("wd", 0.0)
        self._update = partial(_UPDATES[optimizer], **options)
        self._states: list[dict[str, Any]] = [{} for _ in self._params]

    def set_learning_rate(self, lr: float) -> None:
        """Use another learning rate from now on."""
        self.learning_rate = lr

    def step(self, batch_size: int, ignore_stale_grad: bool = False) -> None:
        """One update with the gradients divided by `batch_size`.

        Raises
        ------
        UserWarning
            A gradient is older than the last step, and `ignore_stale_grad` is False.
        """
        for x, state in zip(self._params, self._states):
            if not getattr(x, "_fresh_grad", 0):
                if ignore_stale_grad:
                    continue
                raise UserWarning(
                    "Gradient of a parameter has not been updated by backward since last `step`. This could mean a bug "
                    "in your model that made it only use a subset of the parameters for this iteration. If you are "
                    "intentionally only using a subset, call step with ignore_stale_grad=True to suppress this warning"
                )
            assert x.grad is not None
            gradient = x.grad._array() / batch_size
            x[...] = self._update(x._array(), gradient, state, learning_rate=self.learning_rate)
            x._fresh_grad = 0

    update = step


_UPDATES: dict[str, Callable[..., Any]] = {
    "sgd": sgd,
    "nag": partial(sgd, nesterov=True),
    "adam": partial(adam, corrected_epsilon=False),
}


def hybridize(function: Callable[..., Any], active: bool = True) -> Callable[..., Any]:
    """Compile a function of arrays, as `hybridize` does with a block; see `tetragrad.compile`.

    Examples
    --------
    >>> from tetragrad.mxnet import autograd, gluon, np
    >>> f = gluon.hybridize(lambda x: np.sin(x) ** 2)
    >>> x = np.array([0.0, 1.0])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = f(x)
    >>> y.backward()
    >>> x.grad
    array([0.       , 0.9092974])
    """
    from ..dialects.compiling import FrameworkFunction

    return FrameworkFunction(function, is_recording=is_recording) if active else function


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.mxnet.gluon", name, globals())
