"""compare: hold the candidate against the baseline, over all tasks.

Reads `metrics/evaluate/*.json`. Writes `metrics/headline.json` (few fixed keys: one row of `dvc exp show`) and
`metrics/table.csv` (every task, encoder and mix). Scores and gaps in points of macro-F1 and accuracy.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from pyrite import files, mixes, params, paths, verdict
from pyrite.statistics import holm

COLUMNS = [
    *("task", "encoder", "mix", "rows", "seeds"),
    *("macro_f1", "macro_f1_low", "macro_f1_high", "accuracy", "accuracy_low", "accuracy_high", "calibration_error"),
    *("gap", "gap_low", "gap_high", "p", "p_holm", "detectable"),
    *("worth", "worth_low", "worth_high", "verdict"),
]


def run() -> None:
    """Write the headline and the table."""
    settings = params.load()
    evaluated = [files.read_json(paths.metrics("evaluate", task)) for task in settings.tasks]
    headline_row = headline(evaluated, settings.compare)
    rows = table(evaluated, settings.compare)
    files.write_json(paths.HEADLINE, headline_row)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files.write_text(paths.TABLE, text.getvalue())


def headline(evaluated: Sequence[dict[str, Any]], asked: params.Compare) -> dict[str, Any]:
    """The experiment as one row: means over tasks; worth only where there is one task."""
    cases = [verdict.case(m, asked.encoder, asked.candidate, asked.baseline, asked.margin) for m in evaluated]
    overall = verdict.over_tasks(cases)
    worth = verdict.worth(evaluated[0], asked.encoder, asked.candidate) if len(evaluated) == 1 else None

    def mean(mix: str) -> float:
        scores: list[float] = [m["encoders"][asked.encoder]["mixes"][mix]["macro_f1"]["mean"] for m in evaluated]
        return round(100 * sum(scores) / len(scores), 1)

    return {
        "verdict": verdict.decide(overall),
        "candidate": asked.candidate,
        "baseline": asked.baseline,
        "encoder": asked.encoder,
        "tasks": len(evaluated),
        "macro_f1": mean(asked.candidate),
        "baseline_macro_f1": mean(asked.baseline),
        "gap": round(overall.gap.mean, 1),
        "gap_low": round(overall.gap.low, 1),
        "gap_high": round(overall.gap.high, 1),
        "worth": verdict.labels(worth[1]) if worth else None,
    }


def table(evaluated: Sequence[dict[str, Any]], asked: params.Compare) -> list[dict[str, Any]]:
    """One row per task, encoder and mix, with the gap to the baseline; p adjusted over the tasks (Holm)."""
    rows = [
        _row(metrics, encoder, mix, asked)
        for metrics in evaluated
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
    return rows


def _row(metrics: dict[str, Any], encoder: str, mix: str, asked: params.Compare) -> dict[str, Any]:
    found = metrics["encoders"][encoder]
    entry = found["mixes"][mix]
    row = {"task": metrics["task"], "encoder": encoder, "mix": mix, "rows": entry["rows"], "seeds": len(entry["seeds"])}
    for score in ("macro_f1", "accuracy"):
        row |= {score: _points(entry[score]["mean"])}
        row |= {f"{score}_{end}": _points(entry[score][end]) for end in ("low", "high")}
    row["calibration_error"] = _points(entry["calibration_error"])
    if gap := found["gaps"].get(mix, {}).get(asked.baseline, {}).get("macro_f1"):
        row |= {"gap": _points(gap["mean"]), "gap_low": _points(gap["low"]), "gap_high": _points(gap["high"])}
        row |= {"p": gap["p"], "detectable": _points(gap["detectable"])}
        if mixes.settings_of(mix):
            row["verdict"] = verdict.decide(verdict.case(metrics, encoder, mix, asked.baseline, asked.margin))
    if worth := entry.get("worth"):
        row |= {"worth": verdict.labels(worth)}
        row |= {f"worth_{end}": verdict.labels(worth, end) for end in ("low", "high")}
    return row


def _points(share: float) -> float:
    return round(100 * share, 2)
