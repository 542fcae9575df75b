"""The model card of a checkpoint: what it was trained on and for, as the Hugging Face hub shows it."""

from pathlib import Path
from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from sklearn.metrics import accuracy_score, f1_score

from pyrite.training.classifier import Classifier
from pyrite.training.fits import Fit


def render(
    task: str, fit: Fit, spec: Classifier, labels: list[str], seen: pd.DataFrame, origins: dict[str, str]
) -> str:
    """The card of one fit, Markdown under the hub's YAML front matter.

    Args:
        seen: the test rows, with `label` and `predicted`.
        origins: of each source of the mix, where its texts and labels come from.
    """
    gold, predicted = seen["label"], seen["predicted"]
    scores = {
        "accuracy": float(accuracy_score(gold, predicted)),
        "f1": float(f1_score(gold, predicted, labels=labels, average="macro", zero_division=0)),
    }
    counts = fit.rows["label"].value_counts()
    about: dict[str, Any] = spec.about() | {"task": task, "fit": fit, "labels": labels, "origins": origins}
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
        tested=len(seen),
        scores=scores,
        counts=", ".join(f"{label} {counts.get(label, 0)}" for label in labels),
        **about,
    )
    return str(card)
