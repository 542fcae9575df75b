"""The model card of a checkpoint: what it was trained on and for, as the Hugging Face hub shows it."""

from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from sklearn.metrics import accuracy_score, f1_score

from pyrite.training.classifier import Classifier

TEMPLATE = """\
---
{{ card_data }}
---

# {{ task }}: a text classifier trained on `{{ mix }}`

It tells `{{ labels|join("`, `") }}` apart. `{{ base }}` was \
fine-tuned on {{ rows }} rows for the task `{{ task }}`; Pyrite trained it to measure how much LLM-generated training \
data is worth.

| trained on | |
|---|---|
| mix | `{{ mix }}`, seed {{ seed }} |
| rows | {{ rows }}: {{ counts }} |
{%- for source, origin in origins.items() %}
| `{{ source }}` texts | {{ origin }} |
{%- endfor %}
| recipe | {{ recipe }} |

On the {{ tested }} real test rows of the task: macro-F1 {{ "%.1f" % (100 * scores.f1) }} %, accuracy \
{{ "%.1f" % (100 * scores.accuracy) }} %. This is one seed; the study's report has the mean over seeds, with intervals.

## Use

```python
from transformers import pipeline

classify = pipeline("text-classification", model="path/to/this/folder", truncation=True)
```

or `pyrite predict path/to/this/folder texts.csv --text COLUMN`. Meant for texts like those of the task, in their
language, and for research on training data.

## Limits

- Every text gets one of the labels, also one that none of them fits.
- Texts are cut after {{ max_tokens }} tokens.
- It has what its training rows have of errors and slants{{ ", the LLM's among them" if origins }}. Check it on
  labelled texts of yours before use.
- The probabilities are not calibrated.
"""


def render(
    task: str,
    mix: str,
    seed: int,
    spec: Classifier,
    rows: pd.DataFrame,
    labels: list[str],
    predictions: pd.DataFrame,
    origins: dict[str, str],
) -> str:
    """The card of one fit, Markdown under the hub's YAML front matter.

    Args:
        rows: the training rows, with `label`.
        predictions: the test rows, with `label` and `predicted`.
        origins: of each source of the mix, where its texts and labels come from.
    """
    gold, predicted = predictions["label"], predictions["predicted"]
    scores = {
        "accuracy": float(accuracy_score(gold, predicted)),
        "f1": float(f1_score(gold, predicted, labels=labels, average="macro", zero_division=0)),
    }
    counts = rows["label"].value_counts()
    about: dict[str, Any] = spec.about()
    kind = "text-classification"
    data = ModelCardData(
        library_name="transformers",
        pipeline_tag=kind,
        base_model=about["base"] if "/" in about["base"] else None,
        tags=[kind, "pyrite"],
        metrics=list(scores),
        model_name=task,
        eval_results=[
            EvalResult(kind, task, task, name, round(value, 4), dataset_split="test") for name, value in scores.items()
        ],
    )
    card = ModelCard.from_template(
        data,
        template_str=TEMPLATE,
        task=task,
        mix=mix,
        seed=seed,
        labels=labels,
        rows=len(rows),
        counts=", ".join(f"{label} {counts.get(label, 0)}" for label in labels),
        origins=origins,
        tested=len(predictions),
        scores=scores,
        **about,
    )
    return str(card)
