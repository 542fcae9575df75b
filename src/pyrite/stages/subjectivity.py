"""Stage `subjectivity`: how far annotators agree, how the classifiers' accuracy and gap go with it.

Reads: `data/annotations/<task>.parquet`, `models/<task>/<encoder>/<mix>/seed-<k>/predictions.parquet`,
`metrics/evaluate/<task>.json` of every task, and the pairwise judgements of tasks in `data/recordings/annotations/`
(`pairs.csv` by an LLM, `pairs.people.csv` by people; each may be absent).
Writes: `metrics/subjectivity.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pyrite import params
from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.measures import agreement, agreement_curves, intervals, pairwise
from pyrite.params import Params

SEED = 0

SOURCES = ("llm", "human")

REAL = "real"

FEWEST_TASKS = 4

NOTES = {
    "llm": "one LLM answering as several personas, not several people: it agrees with itself far more than people do",
    "r_squared, spearman": "over nested thresholds, which flatters them; bins and slope are not nested",
    "slope": "log-odds of a right prediction for 0.1 more agreement",
    "steeper_than_real": "slope minus that of the fits on real rows, over the same items",
    "llm_against_human": "Spearman's rho of both agreements over the items that both annotated, and their means there",
    "intervals": "95 %, bootstrap over items (over pairs of tasks for scores and ranks), the fits fixed",
    "against_gap": "gap = generated - real, macro-F1; negative rho: the more subjective the task, the larger the loss",
}


def run() -> None:
    """Write the subjectivity of the study's tasks and instances, and what goes with it."""
    p = params.load()
    rng = np.random.default_rng(SEED)
    tasks = {task: of_task(task, p, rng) for task in p.tasks}
    judged = {source: of_pairs(source, p, rng) for source in SOURCES}
    gaps = {task: files.read_json(paths.metrics("evaluate", task))["encoders"] for task in p.tasks}
    against_gap = list(against_gaps(tasks, judged, gaps, p.generate.settings, rng))
    files.write_json(paths.SUBJECTIVITY, {"notes": NOTES, "tasks": tasks, "pairs": judged, "against_gap": against_gap})


def of_task(task: str, p: Params, rng: np.random.Generator) -> dict[str, Any]:
    """Agreement of a task's annotators by source, accuracy against it, and how far LLM and people agree on it."""
    path = paths.annotation_table(task)
    if not path.exists():
        raise PyriteError(f"{path}: no such file: run `pyrite annotate {task}`")
    table = files.read_parquet(path)
    if table.empty:
        return {"note": "no annotations"}
    resamples = p.evaluate.resamples
    right = {
        encoder: {
            mix: right_predictions(task, encoder, mix, p.train.seeds)
            for mix in (REAL, *p.generate.settings)
            if mix in spec.mixes
        }
        for encoder, spec in p.train.classifiers.items()
    }
    found: dict[str, Any] = {}
    units: dict[str, pd.Series] = {}
    for source, rows in table.groupby("source"):
        summary, units[str(source)] = of_source(rows, resamples, rng)
        found[str(source)] = summary | {"accuracy": accuracy(units[str(source)], right, resamples, rng)}
    if len(units) == len(SOURCES):
        # A text that was judged twice has its mean agreement here.
        both = pd.concat([units[source].groupby("item").mean() for source in SOURCES], axis=1, join="inner")
        llm, human = both.to_numpy(float).T
        found["llm_against_human"] = against_people(llm, human, resamples, rng)
    return found


def against_people(
    llm: NDArray[np.float64], human: NDArray[np.float64], resamples: int, rng: np.random.Generator
) -> dict[str, Any]:
    """How far an LLM's agreement says on which items people agree: both on the same items, (n,)."""
    if not len(llm):
        return intervals.missing("no item was annotated by both").model_dump()
    means = {name: intervals.of_mean(values, resamples, rng) for name, values in (("llm", llm), ("human", human))}
    return {
        **intervals.spearman(llm, human, rng).model_dump(exclude_defaults=True),
        "items": len(llm),
        "mean_agreement": means,
    }


def of_source(rows: pd.DataFrame, resamples: int, rng: np.random.Generator) -> tuple[dict[str, Any], pd.Series]:
    """Agreement of one source's annotators, and of each item with two annotations or more (indexed by item)."""
    if rows["agreement"].notna().all():
        # The source of the data gives a lower bound for each item and no single labels.
        agreed = rows.set_index("item")["agreement"]
        note = "the source gives only a lower bound of the agreement"
        mean = intervals.of_mean(agreed.to_numpy(), resamples, rng).model_copy(update={"note": note})
        return {"items": len(agreed), "mean_agreement": mean, "alpha": intervals.missing(note)}, agreed
    rows = rows[rows["label"].notna()]
    counts = rows.groupby(["item", "copy", "label"]).size().unstack(fill_value=0)
    votes = counts.to_numpy(float)
    paired = votes.sum(1) >= 2
    summary = {
        "items": len(counts),
        "items_with_one_annotation": int((~paired).sum()),
        "annotators": int(rows["annotator"].nunique()),
        "annotations": len(rows),
        **agreement.summary(votes, resamples, rng),
    }
    if 0 < paired.sum() < agreement_curves.LEAST_ITEMS:
        # An interval from so few would look sure of what it can't know.
        few = intervals.missing(f"{paired.sum()} items; {agreement_curves.LEAST_ITEMS} are needed")
        summary |= {"mean_agreement": few, "alpha": few}
    items = counts.index.get_level_values("item")[paired]
    return summary, pd.Series(agreement.of_units(votes[paired]), index=items, name="agreement")


def right_predictions(task: str, encoder: str, mix: str, seeds: tuple[int, ...]) -> pd.Series:
    """The share of a mix's fits that get each test row right, indexed by id."""
    shares = []
    for seed in seeds:
        path = paths.fit(task, encoder, mix, seed) / "predictions.parquet"
        if not path.exists():
            raise PyriteError(f"{path}: no such file: train this fit first (`dvc repro`)")
        predictions = files.read_parquet(path).set_index("id")
        shares.append((predictions["predicted"] == predictions["label"]).astype(float))
    mean: pd.Series = pd.concat(shares, axis=1).mean(axis=1)
    return mean


def accuracy(
    agreed: pd.Series, right: dict[str, dict[str, pd.Series]], resamples: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Accuracy against agreement, by encoder and mix, over the annotated items that were classified.

    A study that tests on a sample (`train.test_rows`) has classified some of them only.
    """
    some = next((shares for of_mix in right.values() for shares in of_mix.values()), None)
    if some is None:
        return {}
    # Every fit of a task was tested on the same rows.
    agreed = agreed[agreed.index.isin(some.index)]
    if agreed.empty:
        return {}
    values = agreed.to_numpy(float)

    def of_mix(mix: str, shares: dict[str, NDArray[np.float64]]) -> dict[str, Any]:
        found = agreement_curves.against_agreement(values, shares[mix], resamples, rng)
        if mix != REAL and REAL in shares:
            found["steeper_than_real"] = agreement_curves.steeper(values, shares[mix], shares[REAL], resamples, rng)
        return found

    items = {
        encoder: {mix: shares.loc[agreed.index].to_numpy(float) for mix, shares in mixes.items()}
        for encoder, mixes in right.items()
    }
    return {encoder: {mix: of_mix(mix, shares) for mix in shares} for encoder, shares in items.items()}


def of_pairs(source: str, p: Params, rng: np.random.Generator) -> dict[str, Any]:
    """Subjectivity of all tasks that a source's pairwise judgements name: of LLMs, those of the study's."""
    path = paths.pairs(source)
    judged = pairwise.read(path, p.generate.model if source == "llm" else None) if path.exists() else None
    if judged is None or judged.empty:
        return {"note": "no pairwise judgements"}
    return pairwise.subjectivity(judged, p.evaluate.resamples, rng)


def against_gaps(
    tasks: dict[str, Any],
    judged: dict[str, Any],
    gaps: dict[str, Any],
    generated: Sequence[str],
    rng: np.random.Generator,
) -> Iterator[dict[str, Any]]:
    """Spearman's rho over tasks between each measure of subjectivity and each encoder's gap of generated to real."""
    for measure, source, values in _measures(tasks, judged):
        for encoder, setting in _trained(gaps, generated):
            points = [
                {"task": task, "subjectivity": values[task], "gap": gap["macro_f1"]["mean"]}
                for task, encoders in gaps.items()
                if task in values and (gap := encoders.get(encoder, {}).get("gaps", {}).get(setting, {}).get(REAL))
            ]
            if len(points) < FEWEST_TASKS:
                rho = intervals.uncorrelated(f"{len(points)} tasks; {FEWEST_TASKS} are needed")
            else:
                subjective, gap_of = (np.array([point[key] for point in points]) for key in ("subjectivity", "gap"))
                rho = intervals.spearman(subjective, gap_of, rng)
            yield {
                "measure": measure,
                "source": source,
                "encoder": encoder,
                "setting": setting,
                "spearman": rho,
                "points": points,
            }


def _measures(tasks: dict[str, Any], judged: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, float]]]:
    for source in SOURCES:
        scores = judged[source].get("tasks", {})
        yield "pairs", source, {task: score["subjectivity"].value for task, score in scores.items()}
        mean = {task: found[source]["mean_agreement"].value for task, found in tasks.items() if source in found}
        yield "disagreement", source, {task: 1 - value for task, value in mean.items() if value is not None}


def _trained(gaps: dict[str, Any], generated: Sequence[str]) -> list[tuple[str, str]]:
    """Every encoder with every setting that some task compares with real rows."""
    encoders = dict.fromkeys(encoder for found in gaps.values() for encoder in found)
    return [
        (encoder, setting)
        for encoder in encoders
        for setting in generated
        if any(REAL in found.get(encoder, {}).get("gaps", {}).get(setting, {}) for found in gaps.values())
    ]
