"""Scores of predictions: F1, accuracy, calibration, and what a guess would get. Pure functions of arrays.

Throughout, n is the number of test items and L of labels (codes 0 to L - 1); `...` stands for any leading axes, such as
(mixes, seeds). Scores are in [0, 1].
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Counts:
    """What F1 and accuracy are made of: `hits` and `guesses` (..., L) of each prediction set, `support` of the gold."""

    hits: Floats
    guesses: Floats
    support: Floats

    def f1(self) -> Floats:
        """F1 of each label, (..., L), 0 for a label that neither the gold labels nor the predictions have."""
        return 2 * self.hits / np.maximum(self.guesses + self.support, 1)

    def macro_f1(self) -> Floats:
        """Mean F1 over the labels that the gold labels or predictions have, as scikit-learn's `average="macro"`."""
        present = (self.guesses + self.support > 0).sum(-1)
        mean: Floats = self.f1().sum(-1) / np.maximum(present, 1)
        return mean

    def accuracy(self) -> Floats:
        share: Floats = self.hits.sum(-1) / self.support.sum(-1)
        return share

    def precision(self) -> Floats:
        """Precision of each label, 0 where it was never predicted."""
        return self.hits / np.maximum(self.guesses, 1)

    def recall(self) -> Floats:
        """Recall of each label, 0 where no item has it."""
        return self.hits / np.maximum(self.support, 1)


def count(gold: Integers, predicted: Integers, labels: int) -> Counts:
    """Counts of every prediction set: `gold` (n,), `predicted` (..., n)."""
    hits, guesses = indicators(gold, predicted, labels).sum(0, dtype=np.float64)
    return Counts(hits, guesses, np.bincount(gold, minlength=labels).astype(float))


def indicators(gold: Integers, predicted: Integers, labels: int) -> Floats:
    """Each item's share in hits and guesses, (n, 2, ..., L): their weighted sums are the counts."""
    guesses = one_hot(np.moveaxis(predicted, -1, 0), labels)
    right = one_hot(gold, labels).reshape(len(gold), *[1] * (guesses.ndim - 2), labels)
    return np.stack([guesses * right, guesses], axis=1)


def one_hot(codes: Integers, labels: int) -> Floats:
    # Single precision counts exactly up to 2^24 and halves the time of what follows.
    hot: Floats = (codes[..., None] == np.arange(labels)).astype(np.float32)
    return hot


def calibration_error(gold: Integers, probabilities: Floats) -> float:
    """Expected calibration error: mean over items of |accuracy - confidence| of the item's confidence bin.

    `probabilities` (n, L); confidence is the largest of a row, in 15 bins of equal width (Guo et al. 2017, eq. 3).
    """
    confidence = probabilities.max(-1)
    right = probabilities.argmax(-1) == gold
    bins = np.clip(np.ceil(confidence * CALIBRATION_BINS).astype(int) - 1, 0, CALIBRATION_BINS - 1)
    excess = np.bincount(bins, weights=right - confidence)
    return float(np.abs(excess).sum() / len(gold))


def guessing(support: Floats) -> float:
    """The best macro-F1 of a guess: the most frequent label, any at random, or any by its share; of `support` (L,)."""
    shares = support[support > 0] / support.sum()
    n = len(shares)
    alike = (2 * shares / n / (shares + 1 / n)).mean()
    return float(max(2 * shares.max() / (1 + shares.max()) / n, alike, 1 / n))
