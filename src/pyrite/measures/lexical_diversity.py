"""How varied the words of a set of texts are. All of these grow or fall with the number of texts and their lengths:
compare sets that are matched in both.
"""

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_TOKEN = re.compile(r"\w+|[^\w\s]")

BLEU_ORDER = 4


def tokens(text: str) -> list[str]:
    """Lower-case words and single punctuation marks."""
    return _TOKEN.findall(text.lower())


def _ngrams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def distinct(texts: Sequence[str], n: int) -> float:
    """Different n-grams over all n-grams (Li et al. 2016), within texts; NaN where no text has n tokens."""
    counts: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        counts.update(_ngrams(tokens(text), n))
    return len(counts) / counts.total() if counts else float("nan")


def compression_ratio(texts: Sequence[str]) -> float:
    """Bytes over gzip bytes of the texts, one a line (Shaib et al. 2024): higher means more repetition."""
    raw = "\n".join(texts).encode("utf-8", errors="replace")
    return len(raw) / len(gzip.compress(raw, compresslevel=9, mtime=0))


def self_bleu(texts: Sequence[str]) -> NDArray[np.float64]:
    """BLEU-4 of each text with all others as references (Zhu et al. 2018), (texts,), at least two; higher means less
    varied.

    Clipping needs the largest count of an n-gram in any *other* text. Keeping the largest and second largest over all
    texts gives it at once, so the work grows with the number of tokens, not of pairs. An order without a match counts
    as 0.1 matches (method 1 of Chen and Cherry 2014), as in Texygen.
    """
    split = [tokens(text) for text in texts]
    logs = np.zeros(len(texts))
    for n in range(1, BLEU_ORDER + 1):
        counts = [_ngrams(words, n) for words in split]
        first: dict[tuple[str, ...], tuple[int, int]] = {}
        second: dict[tuple[str, ...], int] = defaultdict(int)
        for index, own in enumerate(counts):
            for gram, count in own.items():
                most = first.get(gram, (0, -1))
                if count > most[0]:
                    second[gram] = most[0]
                    first[gram] = (count, index)
                else:
                    second[gram] = max(second[gram], count)
        for index, own in enumerate(counts):
            matches = sum(
                min(count, second[gram] if first[gram][1] == index else first[gram][0]) for gram, count in own.items()
            )
            logs[index] += np.log((matches or 0.1) / max(own.total(), 1)) / BLEU_ORDER
    return np.exp(logs) * _brevity(np.array([len(words) for words in split]))


def _brevity(lengths: NDArray[np.int_]) -> NDArray[np.float64]:
    """BLEU's brevity penalty of each text, against the length of another text that is closest (the shorter of two)."""
    penalties = np.ones(len(lengths))
    for index, length in enumerate(lengths):
        others = np.delete(lengths, index)
        distance = np.abs(others - length)
        closest = others[distance == distance.min()].min()
        if 0 < length < closest:
            penalties[index] = np.exp(1 - closest / length)
    return penalties
