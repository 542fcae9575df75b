"""What a simple classifier on embeddings says of texts: which set they are from, and whether their labels fit."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pyrite.measures.neighbours import Vectors

SEED = 0

FOLDS = 5


def fit(
    vectors: Vectors, targets: Sequence[str] | NDArray[np.int_], weights: NDArray[np.floating] | None = None
) -> Any:
    """A logistic regression in which all targets weigh the same, however many texts they have; `weights`: of texts."""
    from sklearn.linear_model import LogisticRegression  # here: who reads results need not wait for it

    exact = vectors.astype(np.float64)  # in single precision it stops well before its optimum
    # For so few numbers, threads that wait for each other on a busy machine cost far more than they save.
    with threadpool_limits(1):
        return LogisticRegression(C=10.0, class_weight="balanced", max_iter=2000).fit(exact, targets, weights)


def told_apart(first: Vectors, second: Vectors, groups: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each text's set is told right by a classifier trained on the other folds, (texts of both sets,).

    The mean is the accuracy of the classifier two-sample test (Lopez-Paz and Oquab 2017): 0.5 where the sets are alike.

    Args:
        groups: texts of one group, such as an LLM's answer, stay in one fold: having seen its other texts would make a
            text too easy.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    vectors, targets = np.concatenate([first, second]), np.repeat([0, 1], [len(first), len(second)])
    hits = np.zeros(len(vectors), dtype=bool)
    for train, test in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED).split(vectors, targets, groups):
        hits[test] = fit(vectors[train], targets[train]).predict(vectors[test]) == targets[test]
    return hits
