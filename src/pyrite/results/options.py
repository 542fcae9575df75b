"""The options: all candidates of a study side by side, the best first, and each against the next."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyrite.data import mixes
from pyrite.results import statements, verdict
from pyrite.results.evaluation import Worth
from pyrite.results.prices import money
from pyrite.results.study import Study, TaskMetrics, total
from pyrite.results.table import POINTS, Column, Table
from pyrite.results.verdict import Case
from pyrite.results.words import worth_cell


@dataclass(frozen=True)
class Option:
    """A candidate over the tasks that have it: means of rows, scores and costs (None: not known).

    Attributes:
        origin: where its texts and labels come from.
        worth: in real labels, by the learning curve of this very classifier; of one task only.
    """

    candidate: str
    origin: str
    rows: int
    score: float
    case: Case
    worth: Worth | None
    cost: float | None
    tasks: int

    @property
    def word(self) -> str:
        return verdict.decide(self.case)


def of(study: Study, classifier: str = "") -> list[Option]:
    """The candidates of a study by a classifier, else that of the study, the highest score first."""
    by, options = classifier or study.params.compare.classifier, []
    for candidate in study.params.compare.candidates:
        if tasks := [task for task in study.scored if task.gap(by, candidate)]:
            options.append(_option(candidate, tasks, study, by))
    return sorted(options, key=lambda option: -option.score)


def _option(candidate: str, tasks: Sequence[TaskMetrics], study: Study, by: str) -> Option:
    of_mix = [task.evaluated.classifiers[by].mixes[candidate] for task in tasks]
    known = tasks[0].evaluated.worth(by, candidate) if len(tasks) == 1 else None
    return Option(
        candidate=candidate,
        origin="; ".join(study.params.origin(source) for source in mixes.parse(candidate).sources) or "real texts",
        rows=round(sum(mix.rows for mix in of_mix) / len(of_mix)),
        score=sum(mix.macro_f1.value for mix in of_mix) / len(of_mix),
        case=verdict.over_tasks([task.case(by, candidate) for task in tasks]),
        worth=known[1] if known and known[0] == by else None,
        cost=total(task.cost(candidate) for task in tasks),
        tasks=len(tasks),
    )


COLUMNS = (
    Column("option", "Option"),
    Column("origin", "Where it comes from"),
    Column("rows", "Rows", form=",d"),
    Column("macro_f1", "Macro-F1", form=".1f", unit=POINTS, short="F1"),
    Column("gap", "Gap", form="+.1f", unit=POINTS),
    Column("interval", "90 % interval", right=True, within="gap", joined="\n({})"),
    Column("verdict", "Verdict"),
    Column("worth", "Equals labels", right=True),
    Column("cost", "Cost", right=True),
)


def table(study: Study) -> Table:
    """The options, the best first. Scores and gaps are shown in points of macro-F1; costs are those that are known."""
    rows: list[dict[str, Any]] = [
        {
            "option": option.candidate,
            "origin": option.origin,
            "rows": option.rows,
            "macro_f1": option.score,
            "gap": option.case.gap.value,
            "interval": statements.ends(option.case.gap.low90, option.case.gap.high90, "+"),
            "verdict": option.word,
            "worth": worth_cell(option.worth, statements.labels),
            "cost": None if option.cost is None else money(option.cost),
        }
        for option in of(study)
    ]
    comparison = study.params.compare
    title = f"The options by {comparison.classifier}, each against {comparison.baseline} (points of macro-F1)"
    filled = [column for column in COLUMNS if any(row[column.key] is not None for row in rows)]
    return Table(filled, rows, title)


def between(study: Study, classifier: str = "") -> list[str]:
    """Of each two options that follow each other, whether the better one is surely better, a sentence each; before
    these, which gaps are means of fewer tasks."""
    by, options = classifier or study.params.compare.classifier, of(study, classifier)
    sentences = [
        f"{statements.capital(mixes.spoken(option.candidate))}: in {option.case.left_out} of "
        f"{option.tasks} tasks nothing can be told; gap and verdict leave them out."
        for option in options
        if option.case.left_out
    ]
    for better, worse in itertools.pairwise(options):
        gaps = [
            paired.macro_f1
            for task in study.scored
            if by in task.evaluated.classifiers
            and (paired := task.evaluated.classifiers[by].gap(better.candidate, worse.candidate))
        ]
        if not gaps:
            continue
        gap = verdict.mean(gaps)
        names = f"{mixes.spoken(better.candidate)} is better than {mixes.spoken(worse.candidate)}"
        inside = f"{statements.points(gap.value, '+')} points, 95 %: {statements.ends(gap.low, gap.high, '+')}"
        says = statements.capital(names) if gap.low > 0 else f"Can't tell whether {names}"
        sentences.append(f"{says} ({inside}).")
    return sentences
