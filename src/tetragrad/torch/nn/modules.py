"""Modules: layers and losses with parameters of their own, and containers of them."""

from __future__ import annotations

import math
from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from typing import Any

from ...core.recording import no_grad
from ..creation import ones, zeros
from ..errors import RuntimeError
from ..random import randn
from ..tensor import RemovableHandle, Tensor
from . import functional, init
from .parameter import Parameter


class _Keys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """The names that `load_state_dict` did not find, or did not know."""

    def __repr__(self) -> str:
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"


class Module:
    """Base class of layers: registers the parameters and modules that are assigned to it."""

    training: bool = True
    _forward_pre_hooks: dict[Any, Any]
    _forward_hooks: dict[Any, Any]
    _backward_pre_hooks: dict[Any, Any]
    _backward_hooks: dict[Any, Any]

    def __init__(self) -> None:
        object.__setattr__(self, "_parameters", {})
        object.__setattr__(self, "_buffers", {})
        object.__setattr__(self, "_modules", {})
        for hooks in ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks"):
            object.__setattr__(self, hooks, {})
        object.__setattr__(self, "training", True)

    def __setattr__(self, name: str, value: Any) -> None:
        registers = self.__dict__
        if "_parameters" not in registers and isinstance(value, (Parameter, Module)):
            what = "module" if isinstance(value, Module) else "parameters"
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")
        if isinstance(value, Parameter):
            registers.pop(name, None)
            self._parameters[name] = value
        elif isinstance(value, Module):
            registers.pop(name, None)
            self._modules[name] = value
        elif name in registers.get("_parameters", ()) and value is not None:
            raise TypeError(
                f"cannot assign '{type(value).__name__}' as parameter '{name}' (torch.nn.Parameter or None expected)"
            )
        elif name in registers.get("_parameters", ()):
            self._parameters[name] = None
        elif name in registers.get("_buffers", ()):
            self._buffers[name] = value
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        for register in ("_parameters", "_buffers", "_modules"):
            found = self.__dict__.get(register, {})
            if name in found:
                return found[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The computation; subclasses have their own."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for hook in list(self._forward_pre_hooks.values()):
            replaced = hook(self, args)
            args = args if replaced is None else replaced if isinstance(replaced, tuple) else (replaced,)
        before, after = list(self._backward_pre_hooks.values()), list(self._backward_hooks.values())
        if before or after:
            from .hooks import call_with_hooks

            out = call_with_hooks(self, before, after, args, kwargs)
        else:
            out = self.forward(*args, **kwargs)
        for hook in list(self._forward_hooks.values()):
            replaced = hook(self, args, out)
            out = out if replaced is None else replaced
        return out

    def register_forward_pre_hook(self, hook: Any) -> Any:
        """Call ``hook(module, args)`` before each call; it may return other arguments."""
        return RemovableHandle(self._forward_pre_hooks, hook)

    def register_full_backward_pre_hook(self, hook: Any) -> Any:
        """Call ``hook(module, grad_output)`` when gradients arrive at the outputs; it may return others."""
        return RemovableHandle(self._backward_pre_hooks, hook)

    def register_full_backward_hook(self, hook: Any) -> Any:
        """Call ``hook(module, grad_input, grad_output)`` when gradients reach the inputs; it may return others."""
        return RemovableHandle(self._backward_hooks, hook)

    def register_forward_hook(self, hook: Any) -> Any:
        """Call ``hook(module, args, output)`` after each call; it may return another output."""
        return RemovableHandle(self._forward_hooks, hook)

    def register_parameter(self, name: str, param: Any) -> None:
        """Add a parameter."""
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Add a Tensor that is not trained."""
        self._buffers[name] = tensor

    def register_module(self, name: str, module: Any) -> None:
        """Add a module."""
        self._modules[name] = module

    add_module = register_module

    # -- what is inside -------------------------------------------------------------------------------------------

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all inside it, with their names."""
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(f"{prefix}.{name}" if prefix else name)

    def modules(self) -> Iterator[Module]:
        """This module and all inside it."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, with their names."""
        yield from self._modules.items()

    def children(self) -> Iterator[Module]:
        """The modules directly inside."""
        yield from self._modules.values()

    def _named(self, register: str, recurse: bool = True) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for prefix, module in self.named_modules() if recurse else [("", self)]:
            for name, value in module.__dict__[register].items():
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{prefix}.{name}" if prefix else name, value

    def _named_owners(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The names of all parameters and buffers, with the dict that holds each."""
        for prefix, module in self.named_modules():
            for register in (module._parameters, module._buffers):
                for name in register:
                    yield f"{prefix}.{name}" if prefix else name, register

    def _named_values(self) -> Iterator[tuple[str, Any]]:
        """All parameters and buffers, module by module."""
        for name, register in self._named_owners():
            value = register[name.rpartition(".")[2]]
            if value is not None:
                yield name, value

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Any]]:
        """All parameters, with their names."""
        return self._named("_parameters", recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """All parameters."""
        for _, parameter in self._named("_parameters", recurse):
            yield parameter

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Any]]:
        """All buffers, with their names."""
        return self._named("_buffers", recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """All buffers."""
        for _, buffer in self._named("_buffers", recurse):
            yield buffer

    def state_dict(self) -> Any:
        """The values of all parameters and buffers by name."""
        return OrderedDict((name, value.detach()) for name, value in self._named_values())

    def load_state_dict(self, state_dict: Any, strict: bool = True) -> Any:
        """Take over values by name; returns the names that were missing or not expected."""
        own = dict(self._named_values())
        missing, unexpected = [n for n in own if n not in state_dict], [n for n in state_dict if n not in own]
        if strict and (missing or unexpected):
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}: missing {missing}, unexpected {unexpected}"
            )
        with no_grad():
            for name, value in own.items():
                if name in state_dict:
                    value.copy_(state_dict[name])
        return _Keys(missing, unexpected)

    # -- what is done to all --------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Any:
        """Switch to training (dropout works)."""
        for module in self.modules():
            object.__setattr__(module, "training", mode)
        return self

    def eval(self) -> Any:
        """Switch to evaluation (dropout does nothing)."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Let all parameters require gradients, or none."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad.zero_()

    def apply(self, fn: Any) -> Any:
        """Call a function with every module, the innermost first."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """All parameters and buffers in another dtype."""
        for value in [*self.parameters(), *self.buffers()]:
            value.data = value.detach().to(*args, **kwargs)
        return self

    def double(self) -> Any:
        """All parameters and buffers in double precision."""
        from ..dtypes import float64

        return self.to(float64)

    def extra_repr(self) -> str:
        """What the repr shows between the parentheses."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): " + repr(module).replace("\n", "\n  ") for name, module in self._modules.items()]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"


class Sequential(Module):
    """Modules called one after the other."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], dict) else enumerate(args)
        for name, module in named:
            self._modules[str(name)] = module

    def forward(self, input: Any) -> Any:
        for module in self._modules.values():
            input = module(input)
        return input

    def append(self, module: Any) -> Any:
        """Add a module at the end."""
        self._modules[str(len(self._modules))] = module
        return self

    def __getitem__(self, index: Any) -> Any:
        found = list(self._modules.values())[index]
        return type(self)(*found) if isinstance(index, slice) else found

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())


class ModuleList(Sequential):
    """A list of modules."""

    def __init__(self, modules: Any = ()) -> None:
        super().__init__(*modules)

    def forward(self, *args: Any) -> Any:
        raise NotImplementedError('Module [ModuleList] is missing the required "forward" function')


class ModuleDict(Module):
    """A dict of modules."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        self._modules.update(modules or {})

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Any) -> None:
        self._modules[key] = module

    def __len__(self) -> int:
        return len(self._modules)

    def keys(self) -> Any:
        """The names."""
        return self._modules.keys()

    def items(self) -> Any:
        """Names and modules."""
        return self._modules.items()


class ParameterList(Module):
    """A list of parameters."""

    def __init__(self, values: Any = ()) -> None:
        super().__init__()
        for i, value in enumerate(values):
            self._parameters[str(i)] = value if isinstance(value, Parameter) else Parameter(value)

    def __getitem__(self, index: int) -> Any:
        return list(self._parameters.values())[index]

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parameters.values())


class Linear(Module):
    """x @ weight.T + bias."""

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(zeros(out_features, in_features, dtype=dtype))
        if bias:
            self.bias = Parameter(zeros(out_features, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform values within 1 / sqrt(in_features)."""
        bound = 1 / math.sqrt(self.in_features) if self.in_features else 0
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Any) -> Any:
        return functional.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """Rows of a matrix by their numbers."""

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        super().__init__()
        self.weight = Parameter(randn(num_embeddings, embedding_dim))

    def forward(self, input: Any) -> Any:
        return functional.embedding(input, self.weight)

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"


class LayerNorm(Module):
    """Mean 0 and variance 1 over the last axes, then scaled and shifted."""

    def __init__(self, normalized_shape: Any, eps: float = 1e-05) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.weight, self.bias = Parameter(ones(self.normalized_shape)), Parameter(zeros(self.normalized_shape))

    def forward(self, input: Any) -> Any:
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine=True"


class Dropout(Module):
    """Elements set to zero with probability p, in training only."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        self.p = p

    def forward(self, input: Any) -> Any:
        return functional.dropout(input, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace=False"


class Flatten(Module):
    """Several axes made one."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Any:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Identity(Module):
    """The input itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class _Applied(Module):
    """A function as a module; keywords given at its making go to every call."""

    function: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.args, self.kwargs = args, {key: value for key, value in kwargs.items() if key != "inplace"}

    def forward(self, *inputs: Any) -> Any:
        return type(self).function(*inputs, *self.args, **self.kwargs)

    def extra_repr(self) -> str:
        return ", ".join([*map(str, self.args), *[f"{key}={value}" for key, value in self.kwargs.items()]])


class _Loss(_Applied):
    """A loss: keywords only."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def extra_repr(self) -> str:
        return ""


def _module(name: str, base: type[Module], function: Any) -> Any:
    return type(
        name, (base,), {"function": staticmethod(function), "__doc__": function.__doc__, "__module__": __name__}
    )


ReLU = _module("ReLU", _Applied, functional.relu)
Sigmoid = _module("Sigmoid", _Applied, functional.sigmoid)
Tanh = _module("Tanh", _Applied, functional.tanh)
GELU = _module("GELU", _Applied, functional.gelu)
Softplus = _module("Softplus", _Applied, functional.softplus)
LeakyReLU = _module("LeakyReLU", _Applied, functional.leaky_relu)
Softmax = _module("Softmax", _Applied, functional.softmax)
MSELoss = _module("MSELoss", _Loss, functional.mse_loss)
L1Loss = _module("L1Loss", _Loss, functional.l1_loss)
SmoothL1Loss = _module("SmoothL1Loss", _Loss, functional.smooth_l1_loss)
HuberLoss = _module("HuberLoss", _Loss, functional.huber_loss)
NLLLoss = _module("NLLLoss", _Loss, functional.nll_loss)
CrossEntropyLoss = _module("CrossEntropyLoss", _Loss, functional.cross_entropy)
BCELoss = _module("BCELoss", _Loss, functional.binary_cross_entropy)
BCEWithLogitsLoss = _module("BCEWithLogitsLoss", _Loss, functional.binary_cross_entropy_with_logits)

__all__ = ["Module", "Tensor"]
