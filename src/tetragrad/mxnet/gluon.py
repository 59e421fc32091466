"""`mxnet.gluon`: the part of it that fits over plain arrays with gradients, a `Trainer` for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..dialects.names import missing_name
from ..dialects.optimizers import adam, sgd
from . import numpy as np
from .ndarray import NDArray


class Parameter:
    """An array to be trained, with its gradient.

    Parameters
    ----------
    name : str
    grad_req : str
        ``"write"``, ``"add"`` or ``"null"``; may be set later.
    shape : int or tuple
    dtype : dtype
    init : str, array or None
        ``"zeros"``, ``"ones"``, the values, or by default small random numbers.
    differentiable : bool
        False: without gradient.
    grad_stype : str
        Only ``"default"``: gradients are dense.

    Examples
    --------
    >>> from tetragrad.mxnet import autograd, gluon
    >>> w = gluon.Parameter("w", shape=(2,), init="ones")
    >>> w.initialize()
    >>> with autograd.record():
    ...     loss = (w.data() ** 2).sum()
    >>> loss.backward()
    >>> w.grad()
    array([2., 2.])
    """

    def __init__(
        self, name: str = "weight", grad_req: str = "write", shape: Any = None, dtype: Any = "float32",
        lr_mult: float = 1.0, wd_mult: float = 1.0, init: Any = None, allow_deferred_init: bool = False,
        differentiable: bool = True, stype: str = "default", grad_stype: str = "default",
    ) -> None:  # fmt: skip
        self.name = name
        self.shape = (shape,) if isinstance(shape, int) else shape
        self.dtype = dtype
        self.init = init
        self._differentiable = differentiable
        self._grad_stype = grad_stype
        self._data: NDArray | None = None
        self._grad_req = grad_req if differentiable else "null"

    @property
    def grad_req(self) -> str:
        """What backward passes do with the gradient."""
        return self._grad_req

    @grad_req.setter
    def grad_req(self, request: str) -> None:
        self._grad_req = request if self._differentiable else "null"
        if self._data is not None:
            self._data.attach_grad(self._grad_req)

    def initialize(
        self, init: Any = None, ctx: Any = None, default_init: Any = None, force_reinit: bool = False
    ) -> None:
        """Make the array, and the one for its gradient."""
        if self._data is not None and not force_reinit:
            return
        wanted = next((each for each in (init, self.init, default_init) if each is not None), None)
        if isinstance(wanted, str):
            self._data = {"zeros": np.zeros, "ones": np.ones}[wanted](self.shape, dtype=self.dtype)
        elif wanted is None:
            self._data = np.random.uniform(-0.07, 0.07, self.shape).astype(self.dtype)
        else:
            self._data = np.array(wanted, dtype=self.dtype)
        self._data.attach_grad(self._grad_req, self._grad_stype)

    def data(self, ctx: Any = None) -> NDArray:
        """The array."""
        if self._data is None:
            raise RuntimeError(f"Parameter '{self.name}' has not been initialized: call initialize() first")
        return self._data

    def list_data(self) -> list[NDArray]:
        """The array, in a list: there is one device."""
        return [self.data()]

    def set_data(self, data: Any) -> None:
        """Write other values into the array."""
        self.data()[...] = data

    def grad(self, ctx: Any = None) -> NDArray:
        """The array of the gradient."""
        found = self.data().grad
        if self._grad_req == "null" or found is None:
            raise RuntimeError(f"Cannot get gradient array for Parameter '{self.name}' because grad_req='null'")
        return found

    def list_grad(self) -> list[NDArray]:
        """The array of the gradient, in a list."""
        return [self.grad()]

    def zero_grad(self) -> None:
        """Write zeros into the gradient."""
        if self._grad_req != "null":
            self.grad()[...] = 0


class Trainer:
    """Updates arrays from their gradients.

    Parameters
    ----------
    params : list or dict of NDArray or Parameter
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
        given = list(params.values()) if isinstance(params, dict) else list(params)
        self._params: list[NDArray] = [each.data() if isinstance(each, Parameter) else each for each in given]
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

    def allreduce_grads(self) -> None:
        """Nothing to add up: there is one device."""


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
    from .compiling import Hybrid

    return Hybrid(function) if active else function


def __getattr__(name: str) -> Any:
    raise missing_name("tetragrad.mxnet.gluon", name, globals())
