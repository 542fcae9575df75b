"""tfidf: logistic regression on TF-IDF of word uni- and bigrams."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Literal

import numpy as np

from pyrite.base.schema import Rate
from pyrite.training.classifier import Classifier, Fitted, Job


class Tfidf(Classifier):
    """Logistic regression on the words of the text."""

    method: Literal["tfidf"]
    C: Rate

    def modules(self) -> tuple[ModuleType, ...]:
        from pyrite.training import linear

        return (linear,)

    def features(self, texts: Sequence[str]) -> Any:
        return np.array(texts, dtype=object)

    def fit(self, job: Job) -> Fitted:
        from pyrite.training import linear

        return Fitted(linear.tfidf(job.rows, job.targets, job.test, len(job.labels), self.C))
