"""The model card of a checkpoint: what it was trained on and for, as the Hugging Face hub shows it."""

from pathlib import Path
from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from sklearn.metrics import accuracy_score, f1_score

from pyrite.training.classifier import Classifier


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
        template_path=str(Path(__file__).parent / "templates/modelcard.md.j2"),
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
