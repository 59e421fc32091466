"""`mxnet.random`: the seed, and the older random functions by the names they share with `mxnet.np.random`."""

from .numpy.random import normal, randint, randn, seed, shuffle, uniform

__all__ = ["normal", "randint", "randn", "seed", "shuffle", "uniform"]
