"""The chapter: automatic differentiation from a first gradient to trained networks, every claim checked."""

from __future__ import annotations

from ..report import Section
from . import branching, digits, idioms, integration, orders, scalars, vectors

BASICS, IDIOMS = "Automatic differentiation", "Other idioms"
EXERCISES, DATA = "Exercises", "Handwritten digits"

SECTIONS = (
    Section("gradient", "A first gradient", BASICS, scalars.first_gradient),
    Section("accumulation", "A second function, and why gradients add up", BASICS, scalars.accumulation),
    Section("nonscalar", "Targets that are not one number", BASICS, vectors.nonscalar),
    Section("detach", "Leaving a factor out", BASICS, vectors.detached_factor),
    Section("control-flow", "Gradients of a program with while and if", BASICS, branching.control_flow),
    Section("idioms", "The same in PyTorch, TensorFlow, MXNet and Paddle", IDIOMS, idioms.five_faces),
    Section("second-derivatives", "What second derivatives cost", EXERCISES, orders.second_derivatives),
    Section("backward-twice", "Going backward twice", EXERCISES, scalars.backward_twice),
    Section("shapes", "The same program on a vector and a matrix", EXERCISES, branching.vectors_and_matrices),
    Section("integration", "An integrator that chooses its own steps", EXERCISES, integration.adaptive_steps),
    Section("sine", "The derivative of sin, without cos", EXERCISES, orders.sine),
    Section("logistic-regression", "Multinomial logistic regression", DATA, digits.logistic_regression),
    Section("network", "A network of two layers", DATA, digits.two_layer_network),
)
