"""Tensor's methods: the functions of the module under the names they have as methods."""

from __future__ import annotations

from typing import Any

from ..numpy.shaping import transpose as reversed_axes
from . import creation, inplace, linalg, manipulation, mathematics
from .autograd import sweeps
from .nn import functional
from .tensor import Tensor

_MATHEMATICS = (
    "abs", "acos", "acosh", "add", "all", "allclose", "amax", "amin", "angle", "any", "argmax", "argmin", "argsort",
    "asin", "asinh", "atan", "atanh", "atan2", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "ceil",
    "clip", "conj", "cos", "cosh", "count_nonzero", "cumprod", "cumsum", "digamma", "divide", "equal", "equal_all",
    "erf", "erfinv", "exp", "expm1", "floor", "floor_divide", "floor_mod", "fmax", "fmin", "frac", "greater_equal",
    "greater_than", "imag", "isclose", "isfinite", "isinf", "isnan", "lerp", "less_equal", "less_than", "lgamma",
    "log", "log10", "log1p", "log2", "logical_and", "logical_not", "logical_or", "logical_xor", "logsumexp",
    "masked_fill", "max", "maximum", "mean", "median", "min", "minimum", "mod", "multiply", "neg", "nonzero",
    "not_equal", "numel", "pow", "prod", "quantile", "rank", "real", "reciprocal", "remainder", "round", "rsqrt",
    "scale", "sigmoid", "sign", "sin", "sinh", "sort", "sqrt", "square", "std", "subtract", "sum", "tan", "tanh",
    "topk", "trunc", "unique", "var", "where",
)  # fmt: skip
_MANIPULATION = (
    "astype", "broadcast_to", "cast", "chunk", "expand", "expand_as", "flatten", "flip", "gather", "gather_nd",
    "index_select", "masked_select", "moveaxis", "repeat_interleave", "reshape", "roll", "slice", "split", "squeeze",
    "swapaxes", "t", "take_along_axis", "tile", "to", "transpose", "unbind", "unsqueeze", "unstack", "view",
)  # fmt: skip
_LINALG = (
    "addmm", "bmm", "cholesky", "cond", "cross", "det", "diag", "diagonal", "dist", "dot", "eigvals", "inner",
    "inverse", "kron", "matmul", "matrix_power", "mm", "mv", "norm", "outer", "pinv", "qr", "slogdet", "solve", "svd",
    "tensordot", "trace", "tril", "triu",
)  # fmt: skip

for _module, _names in ((mathematics, _MATHEMATICS), (manipulation, _MANIPULATION), (linalg, _LINALG)):
    for _name in _names:
        setattr(Tensor, _name, getattr(_module, _name))
for _name, _function in inplace.INPLACE.items():
    setattr(Tensor, _name, _function)


def _cast_to(dtype: str) -> Any:
    def convert(self: Any) -> Any:
        return manipulation.cast(self, dtype)

    convert.__name__ = dtype
    convert.__doc__ = f"The elements as {dtype}."
    return convert


for _name, _dtype in (
    ("float", "float32"),
    ("double", "float64"),
    ("int", "int32"),
    ("long", "int64"),
    ("bool", "bool"),
):
    setattr(Tensor, _name, _cast_to(_dtype))
sweeps.tensor_backward.__name__ = "backward"
for _name, _value in {
    "backward": sweeps.tensor_backward,
    "clone": creation.clone,
    "copy_": inplace.copy_,
    "set_value": inplace.set_value,
    "softmax": functional.softmax,
    "T": property(reversed_axes, doc="The Tensor with its axes reversed."),
    "mT": property(lambda self: manipulation.swapaxes(self, -1, -2), doc="The Tensor with its last two axes swapped."),
}.items():
    setattr(Tensor, _name, _value)
