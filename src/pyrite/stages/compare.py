"""compare: hold the candidate against the baseline, over all tasks.

Reads `metrics/evaluate/*.json` and `metrics/generate/*.json`. Writes `metrics/headline.json` (few fixed keys: one row
of `dvc exp show`), `metrics/table.csv` (every task, encoder and mix, and the LLM as the classifier) and the paper's
tables in `metrics/tables/`, and in `metrics/plots/` what `dvc plots diff` draws. Scores and gaps are in points of
macro-F1 and accuracy.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from pyrite import params
from pyrite.base import files, paths
from pyrite.data import mixes
from pyrite.measures.statistics import holm
from pyrite.results import evaluation, prices, tables, verdict
from pyrite.results.prices import BreakEven

COLUMNS = [
    *("task", "encoder", "mix", "rows", "seeds", "test_rows"),
    *("macro_f1", "macro_f1_low", "macro_f1_high", "accuracy", "accuracy_low", "accuracy_high", "calibration_error"),
    *("gap", "gap_low", "gap_high", "p", "p_holm", "detectable"),
    *("worth", "worth_low", "worth_high", "cost_usd", "break_even_low", "break_even_high", "verdict"),
]

# What `pyrite table` shows, and the names of the files.
TITLES = {
    "scores": "Macro-F1 / accuracy by training set, and differences (points)",
    "augmentation": "Macro-F1 of a small real set, of the generated one and of both (points)",
}

# The keys of the headline, in their order.
HEADLINE = [
    *("candidate", "llm", "rows", "encoder", "macro_f1", "gap", "interval", "verdict"),
    *("worth", "cost_usd", "baseline", "baseline_macro_f1", "tasks"),
]

Generated = Mapping[str, Mapping[str, Any]]


def run() -> None:
    """Write the headline and the tables."""
    settings = params.load()
    evaluated = scored(settings.tasks)
    generated = [generated_sets(metrics["task"], metrics) for metrics in evaluated]
    headline_row = headline(evaluated, generated, settings.compare)
    rows = table(evaluated, generated, settings.compare)
    files.write_json(paths.HEADLINE, headline_row)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files.write_text(paths.TABLE, text.getvalue())
    for name, found in (("scores", tables.scores(evaluated)), ("augmentation", tables.augmentation(evaluated))):
        files.write_text(paths.TABLES / f"{name}.csv", tables.text_csv(found))
        files.write_text(paths.TABLES / f"{name}.md", tables.markdown(found, TITLES[name]))
        files.write_text(paths.TABLES / f"{name}.tex", tables.latex(found, TITLES[name]))
    for name, found in plots(evaluated, settings.compare).items():
        files.write_text(paths.PLOTS / f"{name}.csv", tables.text_csv(found))


def scored(tasks: Sequence[str]) -> list[dict[str, Any]]:
    """The evaluate metrics of tasks; one without real texts has no scores, and nothing to compare."""
    evaluated = [evaluation.before(evaluation.load(task)) for task in tasks]
    return [metrics for metrics in evaluated if metrics["encoders"]]


def plots(evaluated: Sequence[dict[str, Any]], asked: params.Compare) -> dict[str, tables.Rows]:
    """What `dvc plots diff` draws of two experiments: the candidate's score of each task and F1 of each label."""
    found = [(m["task"], m["encoders"][asked.classifier]["mixes"][asked.candidate]) for m in evaluated]
    return {
        "tasks": [{"task": task, "macro_f1": _points(mix["macro_f1"]["mean"])} for task, mix in found],
        "labels": [
            {"label": f"{task}: {label}", "f1": _points(one["f1"]["mean"])}
            for task, mix in found
            for label, one in mix["per_class"].items()
            if one["f1"]
        ],
    }


def generated_sets(task: str, metrics: Mapping[str, Any]) -> Generated:
    """The generate metrics of every setting that a mix of the task draws from."""
    used = {s for found in metrics["encoders"].values() for mix in found["mixes"] for s in mixes.settings_of(mix)}
    return {setting: files.read_json(paths.metrics("generate", f"{task}.{setting}")) for setting in sorted(used)}


def headline(
    evaluated: Sequence[dict[str, Any]], generated: Sequence[Generated], asked: params.Compare
) -> dict[str, Any]:
    """The experiment as one row: means over tasks, costs summed; worth only where there is one task."""
    if not evaluated:
        known = {"candidate": asked.candidate, "encoder": asked.classifier, "verdict": verdict.CANT_TELL}
        return dict.fromkeys(HEADLINE) | known | {"baseline": asked.baseline, "tasks": 0}
    cases = [verdict.case(m, asked.classifier, asked.candidate, asked.baseline, asked.margin) for m in evaluated]
    overall = verdict.over_tasks(cases)
    worth = verdict.worth(evaluated[0], asked.classifier, asked.candidate) if len(evaluated) == 1 else None
    costs = [prices.cost(asked.candidate, sets) for sets in generated]

    def mean(mix: str) -> float:
        scores: list[float] = [m["encoders"][asked.classifier]["mixes"][mix]["macro_f1"]["mean"] for m in evaluated]
        return round(100 * sum(scores) / len(scores), 1)

    rows = [m["encoders"][asked.classifier]["mixes"][asked.candidate]["rows"] for m in evaluated]
    return {
        "candidate": asked.candidate,
        "llm": ", ".join(llms(asked.candidate, generated)) or None,
        "rows": round(sum(rows) / len(rows)),
        "encoder": asked.classifier,
        "macro_f1": mean(asked.candidate),
        "gap": round(overall.gap.mean, 1),
        "interval": f"{overall.gap.low:+.1f} to {overall.gap.high:+.1f}",
        "verdict": verdict.decide(overall),
        "worth": verdict.labels(worth[1]) if worth else None,
        "cost_usd": None if None in costs else round(sum(cost or 0 for cost in costs), 4),
        "baseline": asked.baseline,
        "baseline_macro_f1": mean(asked.baseline),
        "tasks": len(evaluated),
    }


def llms(mix: str, generated: Sequence[Generated]) -> list[str]:
    """The LLMs that wrote the generated rows of a mix."""
    models = (model for sets in generated for setting in mixes.settings_of(mix) for model in sets[setting]["models"])
    return list(dict.fromkeys(models))


def table(
    evaluated: Sequence[dict[str, Any]], generated: Sequence[Generated], asked: params.Compare
) -> list[dict[str, Any]]:
    """One row per task, encoder and mix, with the gap to the baseline; p adjusted over the tasks (Holm).

    Encoder `llm` is the LLM as the classifier, on the test rows that it labelled, beside the baseline on the same.
    """
    rows = [
        _row(metrics, sets, encoder, mix, asked)
        for metrics, sets in zip(evaluated, generated, strict=True)
        for encoder, found in metrics["encoders"].items()
        for mix in found["mixes"]
    ]
    tests: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if "p" in row:
            tests.setdefault((row["encoder"], row["mix"]), []).append(row)
    for family in tests.values():
        for row, p in zip(family, holm([row["p"] for row in family]), strict=True):
            row["p_holm"] = round(p, 6)
    return rows + [_called(metrics, asked) for metrics in evaluated if metrics["llm"]]


def _called(metrics: dict[str, Any], asked: params.Compare) -> dict[str, Any]:
    found = metrics["llm"]
    row = {"task": metrics["task"], "encoder": "llm", "rows": 0, "seeds": found["personas"], "test_rows": found["rows"]}
    gap = found["encoders"].get(asked.classifier, {}).get(asked.baseline, {}).get("gap")
    return row | _scores(found) | (_ends("gap", gap["macro_f1"]) if gap else {})


def _scores(entry: dict[str, Any]) -> dict[str, float]:
    return _ends("macro_f1", entry["macro_f1"]) | _ends("accuracy", entry["accuracy"])


def _ends(name: str, found: dict[str, float]) -> dict[str, float]:
    return {name: _points(found["mean"])} | {f"{name}_{end}": _points(found[end]) for end in ("low", "high")}


def _row(
    metrics: dict[str, Any], generated: Generated, encoder: str, mix: str, asked: params.Compare
) -> dict[str, Any]:
    found = metrics["encoders"][encoder]
    entry = found["mixes"][mix]
    row = {"task": metrics["task"], "encoder": encoder, "mix": mix, "rows": entry["rows"], "seeds": len(entry["seeds"])}
    row |= {"test_rows": metrics["test_rows"]} | _scores(entry)
    row["calibration_error"] = _points(entry["calibration_error"])
    if gap := found["gaps"].get(mix, {}).get(asked.baseline, {}).get("macro_f1"):
        row |= _ends("gap", gap) | {"p": gap["p"], "detectable": _points(gap["detectable"])}
        if mixes.settings_of(mix):
            row["verdict"] = verdict.decide(verdict.case(metrics, encoder, mix, asked.baseline, asked.margin))
    cost = None if mixes.is_curve(mix) else prices.cost(mix, generated)
    row |= {"cost_usd": cost}
    if worth := entry.get("worth"):
        row |= {"worth": verdict.labels(worth)}
        row |= {f"worth_{end}": verdict.labels(worth, end) for end in ("low", "high")}
        if cost is not None and mixes.is_generated(mix):
            found_even = BreakEven.of(cost, worth)
            row |= {"break_even_low": found_even.low, "break_even_high": found_even.high}
    return row


def _points(share: float) -> float:
    return round(100 * share, 2)


def papers() -> dict[str, tables.Rows]:
    """The paper's tables by name, from the metrics files alone."""
    evaluated = scored(params.load().tasks)
    return {"scores": tables.scores(evaluated), "augmentation": tables.augmentation(evaluated)}


def show(console: Console) -> None:
    """Print the paper's tables."""
    for name, found in papers().items():
        console.print()
        console.print(tables.terminal(found, TITLES[name]))
