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
from pyrite.results.table import Column, Table


def run() -> None:
    """Write the headline and the tables."""
    found = Study.load()
    files.write_json(paths.HEADLINE, headline(found).model_dump())
    bought = {task.task: {"frontier": frontier.find(task), "forecasts": forecasts.find(task)} for task in found.scored}
    files.write_json(paths.FRONTIER, bought)
    files.write_text(paths.TABLE, table(found).csv())
    papers = tables.both([task.evaluated for task in found.scored])
    for name, one in {**papers, "options": options.table(found)}.items():
        files.write_text(paths.TABLES / f"{name}.csv", one.csv())
        files.write_text(paths.TABLES / f"{name}.md", one.markdown())
        files.write_text(paths.TABLES / f"{name}.tex", one.latex())
    for name, one in plots(found).items():
        files.write_text(paths.PLOTS / f"{name}.csv", one.csv())


def plots(found: Study) -> dict[str, Table]:
    """What `dvc plots diff` draws of two experiments: the candidate's score of each task and F1 of each label."""
    asked = found.params.compare
    of_task = {task.task: task.evaluated.classifiers[asked.classifier].mixes[asked.candidate] for task in found.scored}
    of_label = [
        {"label": f"{task}: {label}", "f1": 100 * one.f1.value}
        for task, mix in of_task.items()
        for label, one in mix.per_class.items()
        if one.f1
    ]
    scores = [{"task": task, "macro_f1": 100 * mix.macro_f1.value} for task, mix in of_task.items()]
    return {
        "tasks": Table([Column("task"), Column("macro_f1")], scores),
        "labels": Table([Column("label"), Column("f1")], of_label),
    }


def headline(found: Study) -> Headline:
    """The experiment as one row: means over the tasks of which something can be told, costs of all; worth only where
    there is one task."""
    asked, overall = found.params.compare, found.overall
    known: dict[str, Any] = {"candidate": asked.candidate, "classifier": asked.classifier, "baseline": asked.baseline}
    if overall is None:
        return Headline(**known, verdict=verdict.CANT_TELL, tasks=0)
    counted = list(itertools.compress(found.scored, verdict.told(found.cases)))
    of_mix = [task.evaluated.classifiers[asked.classifier].mixes for task in counted]

    def mean(mix: str) -> float:
        return round(100 * sum(one[mix].macro_f1.value for one in of_mix) / len(of_mix), 1)

    only = found.scored[0].evaluated if len(found.scored) == 1 else None
    worth = only.worth(asked.classifier, asked.candidate) if only else None
    cost = total(task.cost(asked.candidate) for task in found.scored)
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
        cost_usd=None if cost is None else round(cost, 4),
        baseline_macro_f1=mean(asked.baseline),
        tasks=len(counted),
        best=options.of(found)[0].candidate,
    )


ENDS = ("", "_low", "_high")
# The columns of `metrics/table.csv`: those of a value in points have the ends of its interval beside it.
KEYS = (
    *("task", "classifier", "mix", "rows", "seeds", "test_rows"),
    *(f"{key}{end}" for key in ("macro_f1", "accuracy") for end in ENDS),
    "calibration_error",
    *(f"gap{end}" for end in (*ENDS, "_low90", "_high90")),
    *("p", "p_holm", "detectable", "worth", "worth_low", "worth_high"),
    *("cost_usd", "break_even_low", "break_even_high", "verdict"),
)
# Those that have other decimals than two; None: all.
DECIMALS = {"p": 6, "p_holm": 6, "cost_usd": None, "break_even_low": None, "break_even_high": None}


def table(found: Study) -> Table:
    """One row per task, classifier and mix, with the gap to the baseline.

    Classifier `llm` is the LLM as the classifier, on the test rows that it labelled, beside the baseline on the same.
    """
    rows = [
        _row(task, classifier, mix, found.adjusted.get((task.task, classifier, mix)))
        for task in found.scored
        for classifier, one in task.evaluated.classifiers.items()
        for mix in one.mixes
    ]
    rows += [_called(task) for task in found.scored if task.evaluated.llm]
    return Table([Column(key, decimals=DECIMALS.get(key, 2)) for key in KEYS], rows)


def _row(task: TaskMetrics, classifier: str, mix: str, p_holm: float | None) -> dict[str, Any]:
    one, about = task.evaluated.classifiers[classifier].mixes[mix], mixes.parse(mix)
    row: dict[str, Any] = {"task": task.task, "classifier": classifier, "mix": mix}
    row |= {"rows": one.rows, "seeds": len(one.seeds), "test_rows": task.evaluated.test_rows}
    row["calibration_error"] = 100 * one.calibration_error
    row |= _points("macro_f1", one.macro_f1) | _points("accuracy", one.accuracy)
    if gap := task.gap(classifier, mix):
        row |= _points("gap", gap) | {"gap_low90": 100 * gap.low90, "gap_high90": 100 * gap.high90}
        row |= {"p": gap.p, "p_holm": p_holm, "detectable": 100 * gap.detectable}
        row["verdict"] = verdict.decide(task.case(classifier, mix)) if about.sources else None
    if worth := one.worth:
        ends = zip(ENDS, ("labels", "low", "high"), strict=True)
        row |= {f"worth{end}": statements.labels(worth, key).replace(",", "") for end, key in ends}
    row["cost_usd"] = None if about.curve else task.cost(mix)
    if worth and row["cost_usd"] is not None and about.is_generated:
        even = BreakEven.of(row["cost_usd"], worth)
        row |= {"break_even_low": even.low, "break_even_high": even.high}
    return row


def _called(task: TaskMetrics) -> dict[str, Any]:
    asked, llm = task.comparison, task.evaluated.llm
    assert llm
    row = {"task": task.task, "classifier": "llm", "rows": 0, "seeds": llm.personas, "test_rows": llm.rows}
    row |= _points("macro_f1", llm.macro_f1) | _points("accuracy", llm.accuracy)
    beside = llm.classifiers.get(asked.classifier, {}).get(asked.baseline)
    return row | (_points("gap", beside.gap.macro_f1) if beside else {})


def _points(name: str, found: Estimate) -> dict[str, float | None]:
    """A value and the ends of its interval, in points."""
    ends = zip(ENDS, (found.value, found.low, found.high), strict=True)
    return {f"{name}{end}": None if share is None else 100 * share for end, share in ends}
