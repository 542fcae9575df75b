"""The model card of a checkpoint: what it was trained on and for, as the Hugging Face hub shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from sklearn.metrics import accuracy_score, f1_score

from pyrite.base import paths
from pyrite.data import mixes, transcripts
from pyrite.params import FineTune

TEXT = """\
---
{metadata}---

# {task}: a text classifier trained on `{mix}`

It tells {labels} apart. `{base}` was fine-tuned on {rows} rows for the task `{task}`; Pyrite trained it to measure how
much LLM-generated training data is worth.

| trained on | |
|---|---|
| mix | `{mix}`, seed {seed} |
| rows | {rows}: {per_label} |
{generated}| recipe | {recipe} |

On the {test_rows} real test rows of the task: macro-F1 {macro_f1:.1f} %, accuracy {accuracy:.1f} %. This is one seed; \
the study's
report has the mean over seeds, with intervals.

## Use

```python
from transformers import pipeline

classify = pipeline("text-classification", model="path/to/this/folder", truncation=True)
```

or `pyrite predict path/to/this/folder texts.csv --text COLUMN`. Meant for texts like those of the task, in their
language, and for research on training data.

## Limits

- Every text gets one of the labels, also one that none of them fits.
- Texts are cut after {max_tokens} tokens.
- It has what its training rows have of errors and slants{slants}. Check it on labelled texts of yours before use.
- The probabilities are not calibrated.
"""


def render(
    task: str, mix: str, seed: int, spec: FineTune, rows: pd.DataFrame, labels: list[str], predictions: pd.DataFrame
) -> str:
    """The card of one fit, Markdown under the hub's YAML front matter.

    Args:
        rows: the training rows, with `label`.
        predictions: the test rows, with `label` and `predicted`.

    Raises:
        PyriteError: the transcript of a generated set in the mix is missing or broken.
    """
    gold, predicted = predictions["label"], predictions["predicted"]
    scores = {
        "accuracy": accuracy_score(gold, predicted),
        "f1": f1_score(gold, predicted, labels=labels, average="macro", zero_division=0),
    }
    counts = rows["label"].value_counts()
    generated = mixes.settings_of(mix)
    base = Path(spec.checkpoint).name if Path(spec.checkpoint).is_dir() else spec.checkpoint
    return TEXT.format(
        metadata=yaml.safe_dump(_metadata(task, base, spec, scores), sort_keys=False, allow_unicode=True),
        task=task,
        mix=mix,
        seed=seed,
        base=base,
        labels=", ".join(f"`{label}`" for label in labels),
        rows=len(rows),
        per_label=", ".join(f"{label} {counts.get(label, 0)}" for label in labels),
        generated="".join(_provenance(task, setting) for setting in generated),
        recipe=f"{spec.steps} steps of {spec.batch_rows} rows, learning rate {spec.learning_rate:g}, AdamW",
        test_rows=len(predictions),
        macro_f1=100 * scores["f1"],
        accuracy=100 * scores["accuracy"],
        max_tokens=spec.max_tokens,
        slants=", the LLM's among them" if generated else "",
    )


def _metadata(task: str, base: str, spec: FineTune, scores: dict[str, float]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": "text-classification"}
    if "/" in base:
        metadata["base_model"] = base
    metadata["tags"] = ["text-classification", "pyrite"]
    metadata["metrics"] = list(scores)
    result = {
        "task": {"type": "text-classification"},
        "dataset": {"type": task, "name": task, "split": "test"},
        "metrics": [{"type": name, "value": round(float(value), 4)} for name, value in scores.items()],
    }
    metadata["model-index"] = [{"name": task, "results": [result]}]
    return metadata


def _provenance(task: str, setting: str) -> str:
    """A row of the table: which LLM wrote the texts of a setting, asked what."""
    models, digest = transcripts.provenance(paths.transcript(task, setting))
    return f"| `{setting}` texts | written by {', '.join(models)}; SHA-256 of the prompts `{digest[:16]}` |\n"
