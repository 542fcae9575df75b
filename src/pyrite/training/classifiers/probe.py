"""probe: logistic regression on the frozen, mean-pooled embeddings of a transformer."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Literal

from pyrite.base.schema import Positive, Rate
from pyrite.training.classifier import Classifier, Fitted, Job


class Probe(Classifier):
    """Logistic regression on a small language model’s reading of the text."""

    method: Literal["probe"]
    checkpoint: str
    revision: str | None = None
    max_tokens: Positive
    C: Rate

    def modules(self) -> tuple[ModuleType, ...]:
        from pyrite.training import batches, encoder, linear

        return batches, encoder, linear

    def conditions(self, precision: str) -> dict[str, Any]:
        from pyrite.training import encoder

        return {"precision": precision, "weights": encoder.identity(self.checkpoint, self.revision)}

    def features(self, texts: Sequence[str]) -> Any:
        from pyrite.training import encoder

        return encoder.embed(texts, self.checkpoint, self.revision, self.max_tokens)

    def fit(self, job: Job) -> Fitted:
        from pyrite.training import linear

        return Fitted(linear.probe(job.rows, job.targets, job.test, len(job.labels), self.C))
