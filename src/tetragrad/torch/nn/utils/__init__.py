"""`torch.nn.utils`: gradients kept small, parameters as one vector."""

from ....dialects.names import answer_for
from .clipping import clip_grad_norm_, clip_grad_value_, parameters_to_vector, vector_to_parameters

__all__ = ["clip_grad_norm_", "clip_grad_value_", "parameters_to_vector", "vector_to_parameters"]

__getattr__ = answer_for(__name__)
