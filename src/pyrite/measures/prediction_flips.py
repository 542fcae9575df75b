"""Flips: where two classifiers differ, label by label and text by text.

Arrays as in `statistics`: `gold` (n,), `predicted` (S, n) of one mix, codes of L labels. Only ids leave here, no texts.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrite.base.schema import Result
from pyrite.measures.scores import Floats, Integers

# Texts that are listed on either side.
LISTED = 8


class Flip(Result):
    """A test row: its id, its label and what most fits of either mix say of it."""

    id: str
    label: str
    candidate: str
    baseline: str


class Flipped(Result):
    items: int
    clearest: tuple[Flip, ...]


class Flips(Result):
    """The items that most seeds of one mix get right and most seeds of the other wrong.

    `lost`: right with the baseline, wrong with the candidate; `won`: the reverse. Each has the number of `items` and
    the clearest few of them: those on which the most seeds agree, then by id.
    """

    lost: Flipped
    won: Flipped


def confusion(gold: Integers, predicted: Integers, labels: int) -> Floats:
    """How many items of each label (rows) get each label (columns), (L, L): the mean over seeds."""
    pairs = np.bincount((gold * labels + predicted).ravel(), minlength=labels**2)
    return pairs.reshape(labels, labels) / len(predicted)


def between(ids: NDArray[Any], labels: list[str], gold: Integers, candidate: Integers, baseline: Integers) -> Flips:
    """The flips between two mixes."""
    right = {"candidate": (candidate == gold).mean(0), "baseline": (baseline == gold).mean(0)}
    majority = {"candidate": _most_frequent(candidate, len(labels)), "baseline": _most_frequent(baseline, len(labels))}

    def flipped(better: str, worse: str) -> Flipped:
        items = np.flatnonzero((right[better] > 0.5) & (right[worse] < 0.5))
        clearest = sorted(items, key=lambda i: (right[worse][i] - right[better][i], ids[i]))[:LISTED]
        listed = tuple(
            Flip(id=str(ids[i]), label=labels[gold[i]], **{mix: labels[codes[i]] for mix, codes in majority.items()})
            for i in clearest
        )
        return Flipped(items=len(items), clearest=listed)

    return Flips(lost=flipped("baseline", "candidate"), won=flipped("candidate", "baseline"))


def _most_frequent(predicted: Integers, labels: int) -> Integers:
    votes = (predicted[..., None] == np.arange(labels)).sum(0)
    return np.asarray(votes.argmax(-1))
