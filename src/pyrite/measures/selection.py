"""Which texts to label next: those that a classifier is least sure of, of every label that it predicts.

Smallest margin: Scheffer, Decomain and Wrobel 2001, "Active Hidden Markov Models for Information Extraction", IDA.
`benchmarks/next.py` measures what it gains over texts drawn at random.
"""

import numpy as np

from pyrite.measures.scores import Floats, Integers


def margins(probabilities: Floats) -> Floats:
    """How far the likeliest label of each text is ahead of the second: (n,) of probabilities (n, L), L at least 2."""
    best = np.sort(probabilities, axis=1)[:, -2:]
    return best[:, 1] - best[:, 0]


def least_sure(probabilities: Floats, n: int) -> Integers:
    """The positions of the n texts (or of all, where there are fewer) with the smallest margins, dealt out over the
    predicted labels in turn, so that a label that is rarely predicted has its share.

    Args:
        probabilities: (texts, labels), at least two labels.
    """
    order = np.argsort(margins(probabilities), kind="stable")
    predicted = probabilities.argmax(1)[order]
    turn = np.empty(len(order), dtype=np.int64)
    for label in np.unique(predicted):
        of_label = predicted == label
        turn[of_label] = np.arange(of_label.sum())
    # In each turn the least sure text comes first: where n ends within a turn, the sure ones stay out.
    return order[np.argsort(turn, kind="stable")][:n]
