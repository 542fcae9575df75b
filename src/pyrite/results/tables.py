"""The paper's two tables, of a whole study. Scores and gaps are shown in points."""

from collections.abc import Sequence
from typing import Any

from pyrite.data import mixes
from pyrite.measures.intervals import Interval
from pyrite.results import statements
from pyrite.results.evaluation import MixResult, PairedGap, TaskResult
from pyrite.results.study import TaskMetrics
from pyrite.results.table import POINTS, Cell, Column, Table
from pyrite.results.words import number_cell, worth_cell

REAL, POOL = "real", "pool"
NAMES = (Column("task", once=True), Column("classifier", once=True))


def both(evaluated: Sequence[TaskResult]) -> dict[str, Table]:
    """The tables by the names of their files."""
    return {"scores": scores(evaluated), "augmentation": augmentation(evaluated)}


def scores(evaluated: Sequence[TaskResult]) -> Table:
    """Table 1 of Li et al. (2023): macro-F1 and accuracy of real and of each source, and the differences.

    One row for each task and classifier that has them, and the means over tasks where there are several.
    """
    results = [(task.task, *of_classifier) for task in evaluated for of_classifier in task.classifiers.items()]
    sources = dict.fromkeys(mix for *_, result in results for mix in result.main if mixes.parse(mix).sources == (mix,))
    gaps = {f"{mix} - {REAL}": mix for mix in sources}
    columns = [*NAMES]
    for name in (REAL, *sources, *gaps):
        first, form = f"{name} macro_f1", "+.1f" if name in gaps else ".1f"
        columns.append(Column(first, form=form, unit=POINTS, short=name))
        columns.append(Column(f"{name} accuracy", form=form, unit=POINTS, within=first, joined="/{}"))
    rows: list[dict[str, Any]] = []
    for task, classifier, result in results:
        if {REAL, *sources} <= set(result.main):
            row: dict[str, Any] = {"task": task, "classifier": classifier}
            shown: dict[str, MixResult | PairedGap] = {mix: result.mixes[mix] for mix in (REAL, *sources)}
            for name, score in (shown | {name: result.gaps[mix][REAL] for name, mix in gaps.items()}).items():
                row |= {f"{name} macro_f1": score.macro_f1.value, f"{name} accuracy": score.accuracy.value}
            rows.append(row)
    return Table(columns, rows + _means(rows), "Macro-F1 / accuracy by training set, and differences (points)")


def _means(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each classifier with several rows one that has their means."""
    return [
        {"task": f"mean of {len(of_tasks)}", "classifier": classifier}
        | {key: sum(row[key] for row in of_tasks) / len(of_tasks) for key in list(of_tasks[0])[len(NAMES) :]}
        for classifier in dict.fromkeys(row["classifier"] for row in rows)
        for of_tasks in [[row for row in rows if row["classifier"] == classifier]]
        if len(of_tasks) > 1
    ]


def augmentation(evaluated: Sequence[TaskResult]) -> Table:
    """The appendix of Li et al. (2023): a small real set, the generated one and both, by macro-F1.

    The small sets are the pool, which few-shot prompts showed, and the points of the mix curves. `gain` is both minus
    the real rows alone.
    """
    columns = [
        *NAMES,
        *(Column("real rows"), Column("rows", form=",d"), Column("added", once=True)),
        *(Column(key, form=".1f", unit=POINTS) for key in ("real", "generated", "both")),
        Column("gain", form="+.1f", unit=POINTS),
        Column("gain low", form="+.1f", unit=POINTS, within="gain", joined="\n({}"),
        Column("gain high", form="+.1f", unit=POINTS, within="gain", joined=" to {})"),
    ]
    rows = []
    for task in evaluated:
        for classifier, result in task.classifiers.items():
            sets: list[tuple[str, str, str, Interval]] = [
                (POOL, mix, "+".join(added), result.gaps[mix][POOL].macro_f1)
                for mix in result.main
                for first, *added in [mixes.parse(mix).terms]
                if added and first == POOL and POOL in result.gaps[mix]
            ]
            sets += [
                (point.alone, point.both, added, point.gain)
                for added, curve in result.mix_curves.items()
                for point in curve.points
            ]
            for alone, mix, added, gain in sets:
                row: dict[str, Any] = {"task": task.task, "classifier": classifier, "real rows": alone, "added": added}
                row["rows"] = result.mixes[alone].rows
                for key, name in (("real", alone), ("generated", added), ("both", mix)):
                    row[key] = result.mixes[name].macro_f1.value if name in result.mixes else None
                row |= {"gain": gain.value, "gain low": gain.low, "gain high": gain.high}
                rows.append(row)
    return Table(columns, rows, "Macro-F1 of a small real set, of the generated one and of both (points)")


def of_task(task: TaskMetrics) -> Table:
    """Each mix of a task: its scores, its gap to the baseline and its worth."""
    evaluated, comparison = task.evaluated, task.comparison
    result = evaluated.classifiers[comparison.classifier]
    worths = {mix: known for mix in result.main if (known := evaluated.worth(comparison.classifier, mix))}
    fits = result.mixes[comparison.baseline].distinct
    over = "seeds and test rows" if fits > 1 else "test rows: one fit says no more"
    notes = (
        f"{comparison.classifier}, {fits} distinct fit{'' if fits == 1 else 's'}, {evaluated.test_rows:,} test rows. "
        f"Points of macro-F1 and accuracy, ± half the 95 % interval over {over}."
    )
    if worths:
        by = next(iter(worths.values()))[0]
        notes += f" Equals labels: so many real labels give {by} the same score, with the 95 % interval."
    rows = [
        {
            "Trained on": mix,
            "Rows": result.mixes[mix].rows,
            "Macro-F1": Cell(statements.plus_minus(result.mixes[mix].macro_f1)),
            "Accuracy": number_cell(result.mixes[mix].accuracy.value),
            f"Gap to {comparison.baseline}": Cell(statements.plus_minus(gap, "+")) if gap else None,
            "Equals labels": worth_cell(worths[mix][1], statements.labels) if mix in worths else None,
        }
        for mix in dict.fromkeys([*result.main, comparison.baseline])  # which can be a point of the learning curve
        for gap in [task.gap(comparison.classifier, mix)]
    ]
    return Table.of(rows, task.task, notes=notes)
