"""Overlap between texts: which are nearly the same by their words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer

# Rows compared at once: keeps the block of intersections small whatever the number of texts.
BLOCK = 512


def near(texts: Sequence[str], others: Sequence[str], threshold: float) -> np.ndarray:
    """For each text, whether the Jaccard similarity of its words to those of any of `others` reaches `threshold`.

    The words are a set, lower case: order and repetition don't count. Exact, not hashed.
    """
    if not texts or not others:
        return np.zeros(len(texts), dtype=bool)
    words = _words([*texts, *others])
    left, right = words[: len(texts)], words[len(texts) :]
    return np.concatenate(
        [(_jaccard(left[start : start + BLOCK], right) >= threshold).any(1) for start in range(0, len(texts), BLOCK)]
    )


def repeats(texts: Sequence[str], threshold: float) -> np.ndarray:
    """For each text, whether it is nearly the same as an earlier one that is itself no repeat."""
    repeat = np.zeros(len(texts), dtype=bool)
    if not texts:
        return repeat
    words = _words(texts)
    for start in range(0, len(texts), BLOCK):
        block = words[start : start + BLOCK]
        similar = _jaccard(block, words[: start + block.shape[0]]) >= threshold
        for row, i in enumerate(range(start, start + block.shape[0])):
            repeat[i] = (similar[row, :i] & ~repeat[:i]).any()
    return repeat


def _words(texts: Sequence[str]) -> csr_array:
    """Which words each text has, (texts, vocabulary). A word is a run of letters and digits or one other sign."""
    vectoriser = CountVectorizer(binary=True, token_pattern=r"\w+|[^\w\s]", dtype=np.int32)  # a pattern, no password  # noqa: S106  # nosec B106
    # The extra text gives the vectoriser a vocabulary where no text has a word.
    return csr_array(vectoriser.fit_transform([*texts, "word"]))[:-1]


def _jaccard(left: csr_array, right: csr_array) -> np.ndarray:
    """Jaccard similarities (left, right); two texts without words are not similar."""
    shared = (left @ right.T).toarray()
    union = left.sum(1)[:, None] + right.sum(1)[None, :] - shared
    similarity: np.ndarray = np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
    return similarity
