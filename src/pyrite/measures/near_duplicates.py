"""Overlap between texts: which are nearly the same by their words."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pyrite.data import texts as texts_of

_WORD = re.compile(r"\w+|[^\w\s]")
# Rows whose candidates are looked up at once, and pairs compared at once: memory does not grow with alike texts.
BLOCK, PAIRS = 512, 2**20
# Less than one word: rounding must not make a prefix too short.
ROUNDING = 1e-9

Rows = NDArray[np.int64]


def near(texts: Sequence[str], others: Sequence[str], threshold: float) -> np.ndarray:
    """For each text, whether the Jaccard similarity of its words to those of any of `others` reaches `threshold`.

    The words are a set, lower case: order and repetition don't count. Exact, not hashed.
    """
    alike = np.full(len(texts), threshold <= 0 and len(others) > 0)
    if threshold <= 0 or not len(texts) or not len(others):
        return alike
    words = _words([*texts, *others])
    for rows, _ in _similar(words, np.arange(len(texts)), np.arange(len(texts), words.shape[0]), threshold):
        alike[rows] = True
    return alike


def repeats(texts: Sequence[str], threshold: float) -> np.ndarray:
    """For each text, whether it is nearly the same as an earlier one that is itself no repeat."""
    repeat = np.zeros(len(texts), dtype=bool)
    if threshold <= 0 or not len(texts):
        repeat[1:] = True
        return repeat
    every = np.arange(len(texts))
    for rows, others in _similar(_words(texts), every, every, threshold):
        earlier = others < rows
        # In the order of the rows: whether an earlier one is itself a repeat is known by then.
        for row, other in zip(rows[earlier].tolist(), others[earlier].tolist(), strict=True):
            repeat[row] |= not repeat[other]
    return repeat


def tokens(text: str) -> list[str]:
    """The words of a text in lower case: runs of letters and digits, and other signs one by one.

    In scripts that don't part words with spaces every two neighbours are one.
    """
    text = text.lower()
    runs = texts_of.UNSPACED_RUN.findall(text)
    pairs = [run[at : at + 2] for run in runs for at in range(max(1, len(run) - 1))]
    return [*_WORD.findall(texts_of.UNSPACED_RUN.sub(" ", text) if runs else text), *pairs]


def _words(texts: Sequence[str]) -> csr_array:
    """Which words each text has, (texts, vocabulary), rare words first."""
    from sklearn.feature_extraction.text import CountVectorizer  # here: who wants `tokens` alone need not wait for it

    vectoriser = CountVectorizer(binary=True, analyzer=tokens, dtype=np.int32)
    # The extra text gives the vectoriser a vocabulary where no text has a word.
    words = csr_array(vectoriser.fit_transform([*texts, "word"]))[:-1]
    rank = np.empty(words.shape[1], dtype=words.indices.dtype)
    rank[np.argsort(np.bincount(words.indices, minlength=words.shape[1]), kind="stable")] = np.arange(words.shape[1])
    ordered = csr_array((words.data, rank[words.indices], words.indptr), shape=words.shape)
    ordered.sort_indices()
    return ordered


def _similar(words: csr_array, rows: Rows, others: Rows, threshold: float) -> Iterator[tuple[Rows, Rows]]:
    """The pairs of a row and one of the others whose similarity reaches the threshold, block by block in their order.

    Two sets that are so similar share a word among the few rarest ones of each, whose number follows from the threshold
    (prefix filtering: Chaudhuri et al. 2006, Bayardo et al. 2007). Only pairs that do are compared.
    """
    sizes = np.diff(words.indptr)
    prefixes = _first(words, sizes - np.ceil(threshold * sizes - ROUNDING).astype(sizes.dtype) + 1)
    lookup = csr_array(prefixes[others].T)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        candidates = csr_array(prefixes[block] @ lookup)
        candidates.sort_indices()
        lefts = block[np.repeat(np.arange(len(block)), np.diff(candidates.indptr))]
        for first in range(0, len(lefts), PAIRS):
            left, right = lefts[first : first + PAIRS], others[candidates.indices[first : first + PAIRS]]
            shared = np.asarray(words[left].multiply(words[right]).sum(axis=1)).ravel()
            similar = shared / np.maximum(sizes[left] + sizes[right] - shared, 1) >= threshold
            yield left[similar], right[similar]


def _first(words: csr_array, counts: NDArray[np.integer]) -> csr_array:
    """So many of the first words of each row."""
    sizes = np.diff(words.indptr)
    kept = np.arange(words.nnz) - np.repeat(words.indptr[:-1], sizes) < np.repeat(counts, sizes)
    starts = np.concatenate([[0], np.cumsum(np.minimum(counts, sizes))])
    return csr_array((words.data[kept], words.indices[kept], starts), shape=words.shape)
