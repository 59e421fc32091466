"""The engine: Tensor, Node, Primitive, recording state, levels and the backward sweep. It knows no maths."""
