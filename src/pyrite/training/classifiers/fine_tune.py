"""fine_tune: a pretrained transformer, trained whole for a fixed number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pandas as pd

from pyrite.training.classifier import Classifier, Fitted, Job, Recipe


class FineTune(Classifier, Recipe):
    """A small language model, trained whole."""

    method: Literal["fine_tune"]

    seeded = True
    long = True
    packages = ("accelerate", "torch", "transformers")

    def modules(self) -> tuple[ModuleType, ...]:
        from pyrite.training import batches, encoder, finetune, vocabulary

        return batches, encoder, finetune, vocabulary

    def conditions(self, precision: str) -> dict[str, Any]:
        from pyrite.training import encoder

        return {"precision": precision, "weights": encoder.identity(self.checkpoint, self.revision)}

    def features(self, texts: Sequence[str]) -> Any:
        from pyrite.training import encoder

        return encoder.tokenise(texts, self.checkpoint, self.revision, self.max_tokens)

    def about(self) -> dict[str, Any]:
        recipe = f"{self.steps} steps of {self.batch_rows} rows, learning rate {self.learning_rate:g}, AdamW"
        folder = Path(self.checkpoint)
        return {
            "base": folder.name if folder.is_dir() else self.checkpoint,
            "recipe": recipe,
            "max_tokens": self.max_tokens,
        }

    def advances(self) -> int:
        return self.steps

    def effort(self, rows: pd.DataFrame) -> int:
        # The number of steps is fixed: what a fit takes goes with the length of its texts.
        return int(rows["text"].str.len().sum()) // len(rows)

    def memory(self) -> int:
        from pyrite.training import encoder

        return encoder.training_memory(self.checkpoint, self.revision, self.batch_rows * self.max_tokens)

    def fit(self, job: Job) -> Fitted:
        from pyrite.training import finetune

        return finetune.fit(self, job)
