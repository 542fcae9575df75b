"""compare: hold the candidate against the baseline, over all tasks.

Reads `metrics/evaluate/*.json` and `metrics/generate/*.json`. Writes `metrics/headline.json` (few fixed keys: one row
of `dvc exp show`), `metrics/table.csv` (every task, classifier and mix, and the LLM as the classifier) and the paper's
tables in `metrics/tables/`, and in `metrics/plots/` what `dvc plots diff` draws: scores and gaps there are in points of
macro-F1 and accuracy. `metrics/frontier.json` has what each task's options cost and give, in US dollars and [0, 1].
"""

import itertools
from typing import Any

from pyrite.base import files, paths
from pyrite.data import mixes
from pyrite.measures.intervals import Estimate
from pyrite.results import forecasts, frontier, options, statements, tables, verdict
from pyrite.results.evaluation import Headline
from pyrite.results.prices import BreakEven
from pyrite.results.study import Study, TaskMetrics, total
from pyrite.results.table import POINTS, Column, Table


def run() -> None:
    """Write the headline and the tables."""
    study = Study.load()
    files.write_json(paths.HEADLINE, headline(study).model_dump())
    bought = {task.task: {"frontier": frontier.find(task), "forecasts": forecasts.find(task)} for task in study.scored}
    files.write_json(paths.FRONTIER, bought)
    files.write_text(paths.TABLE, table(study).csv())
    paper_tables = tables.both([task.evaluated for task in study.scored])
    for name, paper_table in {**paper_tables, "options": options.table(study)}.items():
        files.write_text(paths.TABLES / f"{name}.csv", paper_table.csv())
        files.write_text(paths.TABLES / f"{name}.md", paper_table.markdown())
        files.write_text(paths.TABLES / f"{name}.tex", paper_table.latex())
    for name, plot in plots(study).items():
        files.write_text(paths.PLOTS / f"{name}.csv", plot.csv())


def plots(study: Study) -> dict[str, Table]:
    """What `dvc plots diff` draws of two experiments: the candidate's score of each task and F1 of each label."""
    comparison = study.params.compare
    by_task, by_label = [], []
    for task in study.scored:
        result = task.evaluated.classifiers[comparison.classifier].mixes[comparison.candidate]
        by_task.append({"task": task.task, "macro_f1": result.macro_f1.value})
        for label, score in result.per_class.items():
            if score.f1:
                by_label.append({"label": f"{task.task}: {label}", "f1": score.f1.value})
    return {
        "tasks": Table([Column("task"), Column("macro_f1", unit=POINTS)], by_task),
        "labels": Table([Column("label"), Column("f1", unit=POINTS)], by_label),
    }


def headline(study: Study) -> Headline:
    """The experiment as one row: means over the tasks of which something can be told, costs of all; worth only where
    there is one task."""
    comparison, overall = study.params.compare, study.overall
    candidate, classifier = comparison.candidate, comparison.classifier
    compared: dict[str, Any] = {"candidate": candidate, "classifier": classifier, "baseline": comparison.baseline}
    if overall is None:
        return Headline(**compared, verdict=verdict.CANT_TELL, tasks=0)
    counted = list(itertools.compress(study.scored, verdict.told(study.cases)))
    results = [task.evaluated.classifiers[classifier].mixes for task in counted]

    def mean(mix: str) -> float:
        return round(100 * sum(by_mix[mix].macro_f1.value for by_mix in results) / len(results), 1)

    worth = study.scored[0].evaluated.worth(classifier, candidate) if len(study.scored) == 1 else None
    cost = total(task.cost(candidate) for task in study.scored)
    sources = mixes.parse(candidate).sources
    models = (model for task in study.scored for source in sources for model in task.generated[source].models)
    return Headline(
        **compared,
        llm=", ".join(dict.fromkeys(models)) or None,
        rows=round(sum(by_mix[candidate].rows for by_mix in results) / len(results)),
        macro_f1=mean(candidate),
        gap=round(100 * overall.gap.value, 1),
        interval=statements.ends(overall.gap.low90, overall.gap.high90, "+"),
        verdict=verdict.decide(overall),
        close_call=verdict.is_close(overall),
        worth=(worth[1].labels or statements.labels(worth[1])) if worth else None,
        cost_usd=None if cost is None else round(cost, 4),
        baseline_macro_f1=mean(comparison.baseline),
        tasks=len(counted),
        best=options.of(study)[0].candidate,
    )


ENDS = ("", "_low", "_high")
# The columns of `metrics/table.csv`: those of a score have the ends of its interval beside it.
COLUMNS = (
    *map(Column, ("task", "classifier", "mix", "rows", "seeds", "test_rows")),
    *(Column(f"{key}{end}", unit=POINTS) for key in ("macro_f1", "accuracy") for end in ENDS),
    Column("calibration_error", unit=POINTS),
    *(Column(f"gap{end}", unit=POINTS) for end in (*ENDS, "_low90", "_high90")),
    *(Column("p", decimals=6), Column("p_holm", decimals=6), Column("detectable", unit=POINTS)),
    *map(Column, ("worth", "worth_low", "worth_high")),
    *(Column(key, decimals=None) for key in ("cost_usd", "break_even_low", "break_even_high")),
    Column("verdict"),
)


def table(study: Study) -> Table:
    """One row per task, classifier and mix, with the gap to the baseline.

    Classifier `llm` is the LLM as the classifier, on the test rows that it labelled, beside the baseline on the same.
    """
    rows = [
        _row(task, classifier, mix, study.adjusted.get((task.task, classifier, mix)))
        for task in study.scored
        for classifier, result in task.evaluated.classifiers.items()
        for mix in result.mixes
    ]
    rows += [_called(task) for task in study.scored if task.evaluated.llm]
    return Table(COLUMNS, rows)


def _row(task: TaskMetrics, classifier: str, mix: str, p_holm: float | None) -> dict[str, Any]:
    result, parsed = task.evaluated.classifiers[classifier].mixes[mix], mixes.parse(mix)
    row: dict[str, Any] = {"task": task.task, "classifier": classifier, "mix": mix, "rows": result.rows}
    row |= {"seeds": len(result.seeds), "test_rows": task.evaluated.test_rows}
    row |= {"calibration_error": result.calibration_error}
    row |= _ends("macro_f1", result.macro_f1) | _ends("accuracy", result.accuracy)
    if gap := task.gap(classifier, mix):
        row |= _ends("gap", gap) | {"gap_low90": gap.low90, "gap_high90": gap.high90}
        row |= {"p": gap.p, "p_holm": p_holm, "detectable": gap.detectable}
        row["verdict"] = verdict.decide(task.case(classifier, mix)) if parsed.sources else None
    if worth := result.worth:
        ends = zip(ENDS, ("labels", "low", "high"), strict=True)
        row |= {f"worth{end}": statements.labels(worth, key, "d") for end, key in ends}
    row["cost_usd"] = None if parsed.curve else task.cost(mix)
    if worth and row["cost_usd"] is not None and parsed.is_generated:
        even = BreakEven.of(row["cost_usd"], worth)
        row |= {"break_even_low": even.low, "break_even_high": even.high}
    return row


def _called(task: TaskMetrics) -> dict[str, Any]:
    comparison, llm = task.comparison, task.evaluated.llm
    assert llm
    row = {"task": task.task, "classifier": "llm", "rows": 0, "seeds": llm.personas, "test_rows": llm.rows}
    row |= _ends("macro_f1", llm.macro_f1) | _ends("accuracy", llm.accuracy)
    beside = llm.classifiers.get(comparison.classifier, {}).get(comparison.baseline)
    return row | (_ends("gap", beside.gap.macro_f1) if beside else {})


def _ends(name: str, estimate: Estimate) -> dict[str, float | None]:
    """A value and the ends of its interval."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
