"""`mxnet.random`: the seed, and the older random functions by the names they share with `mxnet.np.random`."""

from ..dialects.names import answer_for
from .numpy.random import normal, randint, randn, seed, shuffle, uniform

__all__ = ["normal", "randint", "randn", "seed", "shuffle", "uniform"]

__getattr__ = answer_for(__name__)
