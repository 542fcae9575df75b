"""The fast baselines: logistic regression on fixed features of the texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from threadpoolctl import ThreadpoolController

from pyrite.data.texts import unspaced


def probe(
    embeddings: Sequence[np.ndarray],
    targets: Sequence[int],
    test_embeddings: Sequence[np.ndarray],
    n_labels: int,
    C: float,
) -> np.ndarray:
    """Train on frozen embeddings, one vector a text; the probabilities (test texts, labels) of the test texts."""
    return _probabilities(_regression(C), embeddings, targets, test_embeddings, n_labels)


def tfidf(
    texts: Sequence[str], targets: Sequence[int], test_texts: Sequence[str], n_labels: int, C: float
) -> np.ndarray:
    """Train on TF-IDF of word uni- and bigrams; the probabilities (test texts, labels) of the test texts.

    Of scripts that don't part words with spaces, one to three signs in a row are the features.
    """
    signs = {"analyzer": "char", "ngram_range": (1, 3)}
    # A token is a word here, no secret.
    words = {"ngram_range": (1, 2), "token_pattern": r"\S+"}  # nosec B105
    features = TfidfVectorizer(sublinear_tf=True, **(signs if unspaced(texts) else words))
    return _probabilities(make_pipeline(features, _regression(C)), texts, targets, test_texts, n_labels)


def _regression(C: float) -> LogisticRegression:
    # Balanced weights: generated sets are balanced by design and real ones are not, which must not decide the result.
    return LogisticRegression(C=C, class_weight="balanced", max_iter=2000)


@cache
def _threads() -> ThreadpoolController:
    # To find the libraries that have threads takes longer than a small fit.
    return ThreadpoolController()


def _probabilities(model: Any, train: Any, targets: Sequence[int], test: Any, n_labels: int) -> np.ndarray:
    probabilities = np.zeros((len(test), n_labels), dtype=np.float32)
    # These products are so small that a second thread costs more than it gives, much more on a busy machine.
    with _threads().limit(limits=1):
        model.fit(train, targets)
        # A small mix can lack a label: its probability is 0.
        probabilities[:, model.classes_] = model.predict_proba(test)
    return probabilities
