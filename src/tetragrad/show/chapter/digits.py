"""The same engine on real data: two classifiers of handwritten digits, trained by plain loops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy

import tetragrad as tg
import tetragrad.numpy as np

from ..figures import ACCENT, SECOND
from ..report import Page

EPOCHS = 30


@dataclass(frozen=True)
class Digits:
    """Images as rows of 64 grey values in [0, 1], and the digits they show."""

    train_images: Any
    train_labels: Any
    test_images: Any
    test_labels: Any


@cache
def load_digits() -> Digits:
    """scikit-learn's 1797 digits, a quarter of them kept for testing, always the same ones."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    images, labels = datasets.load_digits(return_X_y=True)
    split = train_test_split(images / 16, labels, test_size=0.25, random_state=0, stratify=labels)
    return Digits(split[0], split[2], split[1], split[3])


def linear_scores(parameters, images):
    """One score per digit: a weighted sum of the pixels."""
    return images @ parameters["weights"] + parameters["bias"]


def network_scores(parameters, images):
    """One score per digit, from a layer of hidden units."""
    hidden = np.tanh(images @ parameters["weights1"] + parameters["bias1"])
    return hidden @ parameters["weights2"] + parameters["bias2"]


def cross_entropy(scores, labels):
    """Mean of -log p, where p is the softmax probability of the right digit."""
    scores = scores - np.max(scores, axis=1, keepdims=True)
    log_totals = np.log(np.sum(np.exp(scores), axis=1))
    return np.mean(log_totals - scores[np.arange(len(labels)), labels])


def train(data, parameters, scores, update, epochs):
    """Change the parameters batch by batch; gives each epoch's loss and accuracy."""

    def loss(parameters, images, labels):
        return cross_entropy(scores(parameters, images), labels)

    loss_and_gradient = tg.value_and_grad(loss)
    images, labels = data.train_images, data.train_labels
    rng = numpy.random.default_rng(0)
    losses, accuracies = [], []
    for _ in epochs:
        batches = numpy.array_split(rng.permutation(len(labels)), len(labels) // 32)
        total = 0.0
        for batch in batches:
            value, gradient = loss_and_gradient(parameters, images[batch], labels[batch])
            update(parameters, gradient)
            total += value
        losses.append(total / len(batches))
        accuracies.append(accuracy(scores(parameters, data.test_images), data.test_labels))
    return losses, accuracies


def momentum(rate=0.05, decay=0.9):
    """Gradient descent whose steps remember their direction."""
    velocity = {}

    def update(parameters, gradient):
        for name, g in gradient.items():
            velocity[name] = decay * velocity.get(name, 0.0) - rate * g
            parameters[name] = parameters[name] + velocity[name]

    return update


def adam(rate=0.01, half_life=200, decay=0.9, square_decay=0.999):
    """Steps scaled by running means of the gradient and its square, ever smaller."""
    mean, square, steps = {}, {}, 0

    def update(parameters, gradient):
        nonlocal steps
        steps += 1
        pace = rate * 0.5 ** (steps / half_life)
        for name, g in gradient.items():
            mean[name] = decay * mean.get(name, 0.0) + (1 - decay) * g
            square[name] = square_decay * square.get(name, 0.0) + (1 - square_decay) * g**2
            direction = mean[name] / (1 - decay**steps)
            spread = np.sqrt(square[name] / (1 - square_decay**steps)) + 1e-8
            parameters[name] = parameters[name] - pace * direction / spread

    return update


def accuracy(scores: Any, labels: Any) -> float:
    """Share of the examples whose own digit has the highest score."""
    return float(np.mean(np.argmax(scores, axis=1) == labels))


def logistic_regression(page: Page) -> None:
    """A linear classifier: at least 95 % of the test digits right."""
    data = load_digits()
    page.text(f"""
        Now real data: {len(data.train_labels) + len(data.test_labels)} handwritten digits of 8 × 8 pixels, which come
        with scikit-learn. {len(data.train_labels)} serve for training; {len(data.test_labels)} are set aside and only
        looked at for the accuracies given here.

        A linear model gives each of the ten digits a score. Softmax turns the scores into probabilities, and the loss
        is the mean of minus the logarithm of the probability given to the right digit. Nothing but the loss is written
        down: `tg.value_and_grad` gives its gradient with respect to the whole dictionary of parameters, and the loop
        that uses it is plain Python.
    """)
    page.source(linear_scores, cross_entropy, momentum, train)
    parameters = {"weights": np.zeros((64, 10)), "bias": np.zeros(10)}
    losses, accuracies = train(data, parameters, linear_scores, momentum(), page.track(range(EPOCHS), "training"))
    page.check("test accuracy is at least 0.95", accuracies[-1] >= 0.95, f"{accuracies[-1]:.4f}")
    page.check("the loss fell", losses[-1] < losses[0] / 3, f"{losses[0]:.3f} to {losses[-1]:.3f}")
    page.figure("Training loss and test accuracy by epoch.", lambda figure: draw_curves(figure, losses, accuracies))

    def draw_weights(figure: Any) -> None:
        weights = parameters["weights"].T.reshape(10, 8, 8)
        bound = numpy.abs(weights).max()
        for digit, axes in enumerate(figure.subplots(1, 10)):
            axes.imshow(weights[digit], cmap="RdBu", vmin=-bound, vmax=bound)
            axes.set_axis_off()
            axes.set_title(str(digit), loc="center")

    page.figure("What the model learned: pixels that speak for a digit (blue) and against it (red).", draw_weights, 1.0)


def two_layer_network(page: Page) -> None:
    """A network with one hidden layer: at least 97 % right."""
    data = load_digits()
    page.text("""
        Some digits cannot be told apart by a weighted sum of pixels. A hidden layer of 64 units with tanh, between two
        linear maps, can do more. The loop stays as it was; the steps are now Adam's, whose
        length adapts to each parameter.
    """)
    page.source(network_scores, adam)
    rng = numpy.random.default_rng(0)
    parameters = {
        "weights1": rng.standard_normal((64, 64)) / 8,
        "bias1": np.zeros(64),
        "weights2": rng.standard_normal((64, 10)) / 8,
        "bias2": np.zeros(10),
    }
    losses, accuracies = train(data, parameters, network_scores, adam(), page.track(range(EPOCHS), "training"))
    page.check("test accuracy is at least 0.97", accuracies[-1] >= 0.97, f"{accuracies[-1]:.4f}")
    page.check("the loss fell", losses[-1] < losses[0] / 10, f"{losses[0]:.3f} to {losses[-1]:.4f}")
    page.figure("Training loss and test accuracy by epoch.", lambda figure: draw_curves(figure, losses, accuracies))
    guesses = np.argmax(network_scores(parameters, data.test_images), axis=1)
    wrong = numpy.flatnonzero(guesses != data.test_labels)[:10]

    def draw_mistakes(figure: Any) -> None:
        for index, axes in zip(wrong, figure.subplots(1, 10)):
            axes.imshow(data.test_images[index].reshape(8, 8), cmap="gray_r")
            axes.set_title(f"{data.test_labels[index]} as {guesses[index]}", loc="center", fontsize=8)
        for axes in figure.axes:
            axes.set_axis_off()

    page.figure("Test digits that the network misreads: what they are, and what it takes them for.", draw_mistakes, 1.1)


def draw_curves(figure: Any, losses: list[float], accuracies: list[float]) -> None:
    loss, right = figure.subplots(1, 2)
    epochs = range(1, len(losses) + 1)
    loss.plot(epochs, losses, color=ACCENT)
    loss.set(xlabel="epoch", title="training loss", yscale="log")
    right.plot(epochs, accuracies, color=SECOND)
    right.set(xlabel="epoch", title="test accuracy")
