"""The table of primitives, one module per kind of maths. Importing this package fills it and gives Tensor its
operators.

To add an operation, write its row in the module where its mathematics belongs; `tests/test_table.py` then tries it in
every
mode. Rules are written in the table's own operations and in operators, so one rule serves plain arrays (first order),
Tensors (higher orders) and values of running transforms.
"""

from . import (
    arithmetic,
    complex_numbers,
    contraction,
    convolution,
    cumulative,
    determinants,
    diagonals,
    exponential,
    factorizations,
    indexing,
    joining,
    matrix_functions,
    norms,
    pooling,
    reductions,
    rounding,
    shape,
    softmax,
    solvers,
    sorting,
    special,
    trigonometric,
    writing,
)
from .operators import install_operators

install_operators()

__all__ = [
    "arithmetic",
    "complex_numbers",
    "contraction",
    "convolution",
    "cumulative",
    "determinants",
    "diagonals",
    "exponential",
    "factorizations",
    "indexing",
    "joining",
    "matrix_functions",
    "norms",
    "pooling",
    "reductions",
    "rounding",
    "shape",
    "softmax",
    "solvers",
    "sorting",
    "special",
    "trigonometric",
    "writing",
]
