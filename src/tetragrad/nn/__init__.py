"""Functions of neural networks for arrays and Tensors: convolutions, pooling, activations, normalisation, losses.

Arrays have their channels before their spatial axes: ``(n, c, *size)``. These are composites of the primitives in
`tetragrad.ops`; the dialects give them the names and defaults of their frameworks.
"""

from .activations import gelu, log_softmax, relu, sigmoid, silu, softmax
from .convolution import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from .losses import cross_entropy
from .normalization import layer_norm
from .pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cross_entropy",
    "gelu",
    "layer_norm",
    "log_softmax",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
]
