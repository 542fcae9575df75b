"""Does MiniLM tell texts of this language apart? An encoder that knows no word of it takes all texts for the same."""

import itertools
from collections.abc import Sequence

import numpy as np

from pyrite.data.language import ENGLISH
from pyrite.measures import near_duplicates

# Texts that are enough, and pairs of them with so few words in common (Jaccard) are unlike.
SAMPLE, UNLIKE = 100, 0.5
# With more pairs taken for copies, what embeddings say can't be trusted. MiniLM: none of 3,500 pairs in English or
# Russian, 7 % in Chinese, all in Thai and Amharic.
MOST_ALIKE = 0.05


def look(texts: Sequence[str], language: str, cosine: float) -> float:
    """The share of pairs of unlike texts, of the first hundred, that are copies to MiniLM; 0 in English.

    English is what MiniLM was made for: there nothing is worked out.

    Args:
        cosine: from which on two embeddings are alike.
    """
    if language == ENGLISH or not texts:
        return 0.0
    from pyrite.training import encoder  # takes seconds to load, which English need not wait for

    sample = list(texts[:SAMPLE])
    return alike(sample, encoder.embed(sample), cosine)


def alike(texts: Sequence[str], embeddings: np.ndarray, cosine: float) -> float:
    """The share of pairs of unlike texts, in [0, 1], whose embeddings are alike: 0 where no two texts are unlike.

    Args:
        embeddings: one a text, L2-normalised.
        cosine: from which on two embeddings are alike.
    """
    words = [set(near_duplicates.tokens(text)) for text in texts]
    unlike = [
        (i, j)
        for i, j in itertools.combinations(range(len(texts)), 2)
        if len(words[i] & words[j]) < UNLIKE * len(words[i] | words[j])
    ]
    if not unlike:
        return 0.0
    left, right = np.array(unlike).T
    return float(((embeddings[left] * embeddings[right]).sum(axis=1) >= cosine).mean())
