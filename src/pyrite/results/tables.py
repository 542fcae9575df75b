"""The paper's two tables, of a whole study. Scores and gaps are in points."""

from collections.abc import Sequence
from typing import Any

from pyrite.data import mixes
from pyrite.measures.intervals import Interval
from pyrite.results import statements
from pyrite.results.evaluation import MixResult, PairedGap, TaskResult
from pyrite.results.study import TaskMetrics
from pyrite.results.table import Cell, Column, Table

REAL, POOL = "real", "pool"
NAMES = (Column("task", once=True), Column("classifier", once=True))


def both(evaluated: Sequence[TaskResult]) -> dict[str, Table]:
    """The tables by the names of their files."""
    return {"scores": scores(evaluated), "augmentation": augmentation(evaluated)}


def scores(evaluated: Sequence[TaskResult]) -> Table:
    """Table 1 of Li et al. (2023): macro-F1 and accuracy of real and of each source, and the differences.

    One row for each task and classifier that has them, and the means over tasks where there are several.
    """
    all_of_them = [(task.task, *one) for task in evaluated for one in task.classifiers.items()]
    sources = dict.fromkeys(
        mix for *_, found in all_of_them for mix in found.main if mixes.parse(mix).sources == (mix,)
    )
    gaps = {f"{mix} - {REAL}": mix for mix in sources}
    columns = [*NAMES]
    for name in (REAL, *sources, *gaps):
        first, form = f"{name} macro_f1", "+.1f" if name in gaps else ".1f"
        columns.append(Column(first, form=form, short=name))
        columns.append(Column(f"{name} accuracy", form=form, within=first, joined="/{}"))
    rows: list[dict[str, Any]] = []
    for task, classifier, found in all_of_them:
        if {REAL, *sources} <= set(found.main):
            row: dict[str, Any] = {"task": task, "classifier": classifier}
            shown: dict[str, MixResult | PairedGap] = {mix: found.mixes[mix] for mix in (REAL, *sources)}
            for name, one in (shown | {name: found.gaps[mix][REAL] for name, mix in gaps.items()}).items():
                row |= {f"{name} macro_f1": 100 * one.macro_f1.value, f"{name} accuracy": 100 * one.accuracy.value}
            rows.append(row)
    return Table(columns, rows + _means(rows), "Macro-F1 / accuracy by training set, and differences (points)")


def _means(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_classifier: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_classifier.setdefault(row["classifier"], []).append(row)
    return [
        {"task": f"mean of {len(mine)}", "classifier": classifier}
        | {key: sum(row[key] for row in mine) / len(mine) for key in list(mine[0])[2:]}
        for classifier, mine in by_classifier.items()
        if len(mine) > 1
    ]


def augmentation(evaluated: Sequence[TaskResult]) -> Table:
    """The appendix of Li et al. (2023): a small real set, the generated one and both, by macro-F1.

    The small sets are the pool, which few-shot prompts showed, and the points of the mix curves. `gain` is both minus
    the real rows alone.
    """
    columns = [
        *NAMES,
        *(Column("real rows"), Column("rows", form=",d"), Column("added", once=True)),
        *(Column("real", form=".1f"), Column("generated", form=".1f"), Column("both", form=".1f")),
        Column("gain", form="+.1f"),
        Column("gain low", form="+.1f", within="gain", joined=" ({}"),
        Column("gain high", form="+.1f", within="gain", joined=" to {})"),
    ]
    rows = []
    for task in evaluated:
        for classifier, found in task.classifiers.items():
            sets: list[tuple[str, str, str, Interval]] = [
                (POOL, mix, mix.partition("+")[2], found.gaps[mix][POOL].macro_f1)
                for mix in found.main
                if mix.startswith(f"{POOL}+") and POOL in found.gaps[mix]
            ]
            sets += [
                (point.alone, point.both, added, point.gain)
                for added, curve in found.mix_curves.items()
                for point in curve.points
            ]
            for alone, mix, added, gain in sets:
                row: dict[str, Any] = {"task": task.task, "classifier": classifier, "real rows": alone, "added": added}
                row["rows"] = found.mixes[alone].rows
                for key, name in (("real", alone), ("generated", added), ("both", mix)):
                    row[key] = 100 * found.mixes[name].macro_f1.value if name in found.mixes else None
                row |= {"gain": 100 * gain.value, "gain low": 100 * gain.low, "gain high": 100 * gain.high}
                rows.append(row)
    return Table(columns, rows, "Macro-F1 of a small real set, of the generated one and of both (points)")


def of_task(task: TaskMetrics) -> Table:
    """Each mix of a task: its scores, its gap to the baseline and its worth."""
    evaluated, asked = task.evaluated, task.comparison
    one = evaluated.classifiers[asked.classifier]
    worths = {mix: known for mix in one.main if (known := evaluated.worth(asked.classifier, mix))}
    fits = one.mixes[asked.baseline].distinct
    over = "seeds and test rows" if fits > 1 else "test rows: one fit says no more"
    notes = (
        f"{asked.classifier}, {fits} distinct fit{'' if fits == 1 else 's'}, {evaluated.test_rows:,} test rows. Points "
        f"of macro-F1 and accuracy, ± half the 95 % interval over {over}."
    )
    if worths:
        by = next(iter(worths.values()))[0]
        notes += f" Equals labels: so many real labels give {by} the same score, with the 95 % interval."
    # The baseline can be a point of the learning curve.
    shown = [*one.main, *(mix for mix in (asked.baseline,) if mix not in one.main)]
    rows = [
        {
            "Trained on": mix,
            "Rows": one.mixes[mix].rows,
            "Macro-F1": Cell(statements.plus_minus(one.mixes[mix].macro_f1)),
            "Accuracy": 100 * one.mixes[mix].accuracy.value,
            f"Gap to {asked.baseline}": Cell(statements.plus_minus(gap, "+")) if gap else None,
            "Equals labels": Cell(statements.worth(worths[mix][1])) if mix in worths else None,
        }
        for mix in shown
        for gap in [task.gap(asked.classifier, mix)]
    ]
    return Table.of(rows, task.task, notes)
