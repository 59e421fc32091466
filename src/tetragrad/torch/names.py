"""PyTorch's names of recorded operations, and which of them save nothing for the backward pass."""

from __future__ import annotations

import weakref
from typing import Any

from ..core.bind import Pick
from ..core.custom import Custom
from ..core.mutation import alias_of
from ..core.primitive import TABLE
from ..core.tensor import Leaf, Node

# The names of functions made of several operations, by the node of their result.
_composites: weakref.WeakKeyDictionary[Node, str] = weakref.WeakKeyDictionary()

NAMES = {
    "absolute": "AbsBackward0", "add": "AddBackward0", "arccos": "AcosBackward0", "arccosh": "AcoshBackward0",
    "arcsin": "AsinBackward0", "arcsinh": "AsinhBackward0", "arctan": "AtanBackward0", "arctan2": "Atan2Backward0",
    "arctanh": "AtanhBackward0", "astype": "ToCopyBackward0", "broadcast_to": "ExpandBackward0",
    "concatenate": "CatBackward0", "divide": "DivBackward0", "dot": "DotBackward0", "expit": "SigmoidBackward0",
    "gammaln": "LgammaBackward0", "inv": "LinalgInvExBackward0", "log_expit": "LogSigmoidBackward0",
    "log_softmax": "LogSoftmaxBackward0",
    "index_update": "CopySlices", "overwrite": "CopySlices", "multiply": "MulBackward0",
    "max": "MaxBackward1", "min": "MinBackward1", "negative": "NegBackward0", "norm": "LinalgVectorNormBackward0",
    "norm_along": "LinalgVectorNormBackward0", "positive": "AliasBackward0", "power": "PowBackward1",
    "rint": "RoundBackward0", "scalar_power": "PowBackward0", "scatter": "IndexPutBackward0",
    "solve": "LinalgSolveExBackward0", "square": "PowBackward0", "subtract": "SubBackward0",
    "svd": "LinalgSvdBackward0",
    "transpose": "PermuteBackward0", "eigh": "LinalgEighBackward0", "take": "IndexSelectBackward0",
    "take_along_axis": "GatherBackward0", "conj": "ConjBackward0", "copy": "CloneBackward0",
    "unstack": "UnbindBackward0",
}  # fmt: skip

SAVING_NOTHING = frozenset(
    {
        Pick,
        *(
            TABLE[name]
            for name in (
                "add", "astype", "broadcast_to", "concatenate", "conj", "getitem", "imag", "mean", "negative",
                "positive", "real", "reshape", "roll", "stack", "subtract", "sum", "transpose", "tril", "triu",
                "unstack",
            )
            if name in TABLE
        ),
    }
)  # fmt: skip


def named(x: Any, name: str) -> Any:
    """`x`, the result of a function made of several operations, under the function's own name."""
    if x._node is not None:
        _composites[x._node] = name
    return x


def rewritten(x: Any, name: str | None = None) -> Any:
    """`x` after a write in place, which was recorded under this name; a view looks into its base again."""
    if x._node is not None and not isinstance(x._node, Leaf):
        alias = alias_of(x)
        if alias is not None and alias.above is not None:
            _composites[x._node] = "AsStridedBackward0"
        elif name is not None:
            _composites[x._node] = name
    return x


def node_name(node: Node) -> str:
    """PyTorch's name of a recorded operation."""
    if isinstance(node, Leaf):
        return "AccumulateGrad"
    if node in _composites:
        return _composites[node]
    primitive = node.primitive
    if primitive is Pick:
        return node_name(node.parents[0])
    if isinstance(primitive, Custom):
        return primitive.name
    name = primitive.name
    if name in ("sum", "mean", "prod"):
        return f"{name.capitalize()}Backward{0 if node.shape == () else 1}"
    if name in _SHAPED:
        return _SHAPED[name](node)
    return NAMES.get(name) or "".join([part.capitalize() for part in name.split("_")]) + "Backward0"


def _matmul(node: Node) -> str:
    ranks = {len(parent.shape) for parent in node.parents if parent is not None}
    if node.shape == ():
        return "DotBackward0"
    if len(node.shape) == 1:
        return "MvBackward0" if 2 in ranks else "SqueezeBackward4"
    return "MmBackward0" if len(node.shape) == 2 else "BmmBackward0"


def _getitem(node: Node) -> str:
    index = _parameter(node, "index")
    entries = [entry for entry in index if entry is not Ellipsis] if isinstance(index, tuple) else []
    if any([hasattr(entry, "dtype") for entry in entries]):
        return "IndexBackward0"
    if entries and entries[-1] is None:
        return "UnsqueezeBackward0"
    return "SelectBackward0" if entries and isinstance(entries[-1], int) else "SliceBackward0"


def _from_left(name: str, number_first: str) -> Any:
    """The name of a binary operation: another where only the second operand is differentiated, as in ``1 - x``."""
    return lambda node: number_first if node.parents[0] is None else name


def _parameter(node: Node, name: str) -> Any:
    layout = node.primitive.layout
    residuals = node.residuals
    if not isinstance(residuals, tuple) or name not in layout:
        return None
    return residuals[layout.index(name)]


def _reshape(node: Node) -> str:
    (parent,) = node.parents
    before = [length for length in parent.shape if length != 1]
    after = [length for length in node.shape if length != 1]
    if before != after or len(parent.shape) == len(node.shape):
        return "ViewBackward0"
    return "SqueezeBackward0" if len(node.shape) < len(parent.shape) else "UnsqueezeBackward0"


_SHAPED = {
    "divide": _from_left("DivBackward0", "MulBackward0"),
    "getitem": _getitem,
    "matmul": _matmul,
    "power": _from_left("PowBackward1", "PowBackward2"),
    "reshape": _reshape,
    "subtract": _from_left("SubBackward0", "RsubBackward1"),
}
