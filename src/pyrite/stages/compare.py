"""compare: hold the candidate against the baseline, over all tasks.

Reads `metrics/evaluate/*.json` and `metrics/generate/*.json`. Writes `metrics/headline.json` (few fixed keys: one row
of `dvc exp show`), `metrics/table.csv` (every task, classifier and mix, and the LLM as the classifier) and the paper's
tables in `metrics/tables/`, and in `metrics/plots/` what `dvc plots diff` draws: scores and gaps there are in points of
macro-F1 and accuracy. `metrics/frontier.json` has what each task's options cost and give, in US dollars and [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyrite.base import files, paths
from pyrite.data import mixes
from pyrite.measures.intervals import Estimate
from pyrite.results import forecasts, frontier, options, purchases, statements, study, tables, verdict
from pyrite.results.evaluation import Gap, Headline, MixResult
from pyrite.results.prices import BreakEven
from pyrite.results.study import Study, TaskMetrics
from pyrite.results.table import Column, Table


def run() -> None:
    """Write the headline and the tables."""
    found = study.load()
    evaluated = [task.evaluated for task in found.scored]
    files.write_json(paths.HEADLINE, headline(found).model_dump())
    prices = purchases.market(found.params)
    options_of = {
        task.name: {"frontier": frontier.find(task, prices), "forecasts": forecasts.of_task_at(task, prices)}
        for task in found.scored
    }
    files.write_json(paths.FRONTIER, options_of)
    files.write_text(paths.TABLE, table(found).csv())
    for name, one in {**tables.both(evaluated), "options": options.table(found)}.items():
        files.write_text(paths.TABLES / f"{name}.csv", one.csv())
        files.write_text(paths.TABLES / f"{name}.md", one.markdown())
        files.write_text(paths.TABLES / f"{name}.tex", one.latex())
    for name, one in plots(found).items():
        files.write_text(paths.PLOTS / f"{name}.csv", one.csv())


def plots(found: Study) -> dict[str, Table]:
    """What `dvc plots diff` draws of two experiments: the candidate's score of each task and F1 of each label."""
    asked = found.params.compare
    of_task = {task.name: task.evaluated.classifiers[asked.classifier].mixes[asked.candidate] for task in found.scored}
    of_label = [
        {"label": f"{task}: {label}", "f1": 100 * one.f1.value}
        for task, mix in of_task.items()
        for label, one in mix.per_class.items()
        if one.f1
    ]
    scores = [{"task": task, "macro_f1": 100 * mix.macro_f1.value} for task, mix in of_task.items()]
    return {
        "tasks": Table([Column("task"), Column("macro_f1", form=".1f")], scores),
        "labels": Table([Column("label"), Column("f1", form=".1f")], of_label),
    }


def headline(found: Study) -> Headline:
    """The experiment as one row: means over tasks, costs summed; worth only where there is one task."""
    asked, overall = found.params.compare, found.overall
    known: dict[str, Any] = {"candidate": asked.candidate, "classifier": asked.classifier, "baseline": asked.baseline}
    if overall is None:
        return Headline(**known, verdict=verdict.CANT_TELL, tasks=0)
    of_mix = [task.evaluated.classifiers[asked.classifier].mixes for task in found.scored]

    def mean(mix: str) -> float:
        return round(100 * sum(one[mix].macro_f1.value for one in of_mix) / len(of_mix), 1)

    only = found.scored[0].evaluated if len(found.scored) == 1 else None
    worth = only.worth(asked.classifier, asked.candidate) if only else None
    costs = [task.cost(asked.candidate) for task in found.scored]
    models = (
        model
        for task in found.scored
        for source in mixes.parse(asked.candidate).sources
        for model in task.generated[source].models
    )
    return Headline(
        **known,
        llm=", ".join(dict.fromkeys(models)) or None,
        rows=round(sum(one[asked.candidate].rows for one in of_mix) / len(of_mix)),
        macro_f1=mean(asked.candidate),
        gap=round(100 * overall.gap.value, 1),
        interval=statements.ends(overall.gap.low90, overall.gap.high90, "+"),
        verdict=verdict.decide(overall),
        close_call=verdict.is_close(overall),
        worth=(worth[1].labels or statements.labels(worth[1])) if worth else None,
        cost_usd=None if None in costs else round(sum(cost or 0 for cost in costs), 4),
        baseline_macro_f1=mean(asked.baseline),
        tasks=len(found.scored),
        best=options.of(found)[0].candidate,
    )


@dataclass(frozen=True)
class Row:
    """One mix of one classifier of a task; `gap` is that to the baseline."""

    study: Study
    task: TaskMetrics
    classifier: str
    name: str
    mix: MixResult
    gap: Gap | None

    @property
    def cost(self) -> float | None:
        return None if mixes.parse(self.name).curve else self.task.cost(self.name)

    @property
    def even(self) -> BreakEven | None:
        if self.cost is None or self.mix.worth is None or not mixes.parse(self.name).is_generated:
            return None
        return BreakEven.of(self.cost, self.mix.worth)

    @property
    def verdict(self) -> str | None:
        if self.gap is None or not mixes.parse(self.name).sources:
            return None
        asked = self.study.params.compare
        case = verdict.case(self.task.evaluated, self.classifier, self.name, asked.baseline, asked.margin)
        return verdict.decide(case)

    def worth(self, end: str) -> str | None:
        return statements.labels(self.mix.worth, end).replace(",", "") if self.mix.worth else None


Values = tuple[tuple[Column, Callable[[Row], Any]], ...]


def _interval(name: str, of: Callable[[Row], Estimate | None]) -> Values:
    """A value in points and the ends of its interval."""

    def end(key: str) -> Callable[[Row], float | None]:
        return lambda row: None if (found := of(row)) is None else _points(getattr(found, key))

    suffixes = (("", "value"), ("_low", "low"), ("_high", "high"))
    return tuple((Column(f"{name}{suffix}", form=".2f"), end(key)) for suffix, key in suffixes)


def _points(share: float | None) -> float | None:
    return None if share is None else 100 * share


# The columns of `metrics/table.csv`: each with where its value comes from.
COLUMNS: Values = (
    (Column("task"), lambda row: row.task.name),
    (Column("classifier"), lambda row: row.classifier),
    (Column("mix"), lambda row: row.name),
    (Column("rows", form="d"), lambda row: row.mix.rows),
    (Column("seeds", form="d"), lambda row: len(row.mix.seeds)),
    (Column("test_rows", form="d"), lambda row: row.task.evaluated.test_rows),
    *_interval("macro_f1", lambda row: row.mix.macro_f1),
    *_interval("accuracy", lambda row: row.mix.accuracy),
    (Column("calibration_error", form=".2f"), lambda row: _points(row.mix.calibration_error)),
    *_interval("gap", lambda row: row.gap),
    (Column("gap_low90", form=".2f"), lambda row: row.gap and _points(row.gap.low90)),
    (Column("gap_high90", form=".2f"), lambda row: row.gap and _points(row.gap.high90)),
    (Column("p", form=".6f", decimals=6), lambda row: row.gap and row.gap.p),
    (
        Column("p_holm", form=".6f", decimals=6),
        lambda row: row.study.adjusted.get((row.task.name, row.classifier, row.name)),
    ),
    (Column("detectable", form=".2f"), lambda row: row.gap and _points(row.gap.detectable)),
    (Column("worth"), lambda row: row.worth("labels")),
    (Column("worth_low"), lambda row: row.worth("low")),
    (Column("worth_high"), lambda row: row.worth("high")),
    (Column("cost_usd", form=".4f", decimals=None), lambda row: row.cost),
    (Column("break_even_low", form=".4f", decimals=None), lambda row: row.even and row.even.low),
    (Column("break_even_high", form=".4f", decimals=None), lambda row: row.even and row.even.high),
    (Column("verdict"), lambda row: row.verdict),
)


def table(found: Study) -> Table:
    """One row per task, classifier and mix, with the gap to the baseline.

    Classifier `llm` is the LLM as the classifier, on the test rows that it labelled, beside the baseline on the same.
    """
    baseline = found.params.compare.baseline
    rows = [
        Row(found, task, name, mix, one, gap.macro_f1 if (gap := classifier.gap(mix, baseline)) else None)
        for task in found.scored
        for name, classifier in task.evaluated.classifiers.items()
        for mix, one in classifier.mixes.items()
    ]
    values = [{column.key: value(row) for column, value in COLUMNS} for row in rows]
    values += [_called(task, found) for task in found.scored if task.evaluated.llm]
    return Table([column for column, _ in COLUMNS], values)


def _called(task: TaskMetrics, found: Study) -> dict[str, Any]:
    asked, llm = found.params.compare, task.evaluated.llm
    assert llm
    row = {"task": task.name, "classifier": "llm", "rows": 0, "seeds": llm.personas, "test_rows": llm.rows}
    beside = llm.classifiers.get(asked.classifier, {}).get(asked.baseline)
    gap = {"gap": beside.gap.macro_f1} if beside else {}
    for name, one in ({"macro_f1": llm.macro_f1, "accuracy": llm.accuracy} | gap).items():
        row |= {name: _points(one.value), f"{name}_low": _points(one.low), f"{name}_high": _points(one.high)}
    return row
