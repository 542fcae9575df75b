"""Forecasts of a study: what twice and ten times as many rows of an option would give, and what they would cost."""

from itertools import groupby

from pyrite.base.schema import Result
from pyrite.data import mixes
from pyrite.measures import forecast
from pyrite.measures.intervals import Interval
from pyrite.results import words
from pyrite.results.prices import money
from pyrite.results.purchases import REAL, Purchase, curves, of_task
from pyrite.results.study import TaskMetrics
from pyrite.results.table import Column, Table

# How many times as many rows.
TIMES = (2, 10)
# Texts a label that a pilot is to foretell the score of.
WHOLE = 100

LIKELY, UNLIKELY, OPEN = "likely", "unlikely", "can't tell"


class Forecast(Result):
    """What more of an option would give.

    Attributes:
        bought: what its growing part has now: hand labels, or texts of a source alone.
        times: as many as that.
        now: the score of now.
        score: the one foretold, with its 80 % prediction interval.
        cost_usd: of what is still to be bought; None without a price.
        worth_it: False where even the upper end gains less than the margin.
    """

    option: str
    bought: int
    times: int
    now: float
    score: Interval
    cost_usd: float | None
    worth_it: bool


def find(task: TaskMetrics) -> list[Forecast]:
    """Twice and ten times as much of every option with a curve of three points or more."""
    options = [list(points) for _, points in groupby(of_task(task), lambda one: one.option)]
    return [
        _forecast(points, times, task.comparison.margin / 100)
        for points in options
        if len(points) >= forecast.FEWEST
        for times in TIMES
    ]


def _forecast(points: list[Purchase], times: int, margin: float) -> Forecast:
    last = points[-1]
    grows = [one.labels or one.texts for one in points]
    more = (times - 1) * grows[-1]
    told = _told(points, last.rows + more)
    cost = None
    if last.cost_usd is not None and (before := points[0].cost_usd) is not None and grows[-1] > grows[0]:
        cost = more * (last.cost_usd - before) / (grows[-1] - grows[0])
    return Forecast(
        option=last.option,
        bought=grows[-1],
        times=times,
        now=last.score.value,
        score=told,
        cost_usd=cost,
        worth_it=told.high - last.score.value >= margin,
    )


def _told(points: list[Purchase], at: int) -> Interval:
    alone = not any(one.labels for one in points)
    return forecast.forecast([one.rows for one in points], [one.score.value for one in points], at, generated=alone)


def whole_set(task: TaskMetrics, source: str, texts: int) -> tuple[Interval, str] | None:
    """What so many texts of a source would score, judged by those at hand, and whether that is likely to be within the
    margin of the baseline; None where the source has fewer than three sizes.

    A pilot of 20 texts a label answers it before the whole set is paid for.
    """
    asked, found = task.comparison, task.evaluated.classifiers[task.comparison.classifier]
    points = curves(found).get(source, [])
    if len(points) < forecast.FEWEST or texts <= points[-1].rows:
        return None
    told = _told(points, texts)
    bar = found.mixes[asked.baseline].macro_f1.value - asked.margin / 100
    return told, chance(told, bar)


def chance(told: Interval, bar: float) -> str:
    """Whether a score that was foretold so is likely to reach the bar."""
    return LIKELY if told.low > bar else UNLIKELY if told.high < bar else OPEN


def pilots(task: TaskMetrics) -> list[str]:
    """Of every written source with fewer texts than `WHOLE` a label, whether so many are likely to be worth it."""
    asked, said = task.comparison, []
    for source, made in task.generated.items():
        texts = WHOLE * len(made.labels)
        if made.kind != "written" or not (found := whole_set(task, source, texts)):
            continue
        told, likely = found
        bar = 100 * task.evaluated.classifiers[asked.classifier].mixes[asked.baseline].macro_f1.value
        said.append(
            f"With {WHOLE} {mixes.spoken(source)} texts a label: {words.ranged(told)}. That this is within "
            f"{asked.margin:g} points of {asked.baseline} ({bar:.1f}): {likely}."
        )
    return said


def grows(option: str) -> str:
    """What there is more and more of in an option."""
    return "labels" if option.startswith(REAL) else "texts"


def table(told: list[Forecast]) -> Table:
    """For a terminal and the page; scores in points."""
    columns = [
        Column("option", "Option"),
        Column("rows", "Rows", form=",d"),
        Column("now", "Now", form=".1f"),
        Column("forecast", "Foretold (80 % interval)", short="Foretold (80 %)", right=True),
        Column("cost", "Cost of the rest", short="Cost", right=True),
        Column("worth", "Worth it?"),
    ]
    rows = [
        {
            "option": mixes.spoken(one.option) + f": {one.times} times the {grows(one.option)}",
            "rows": one.times * one.bought,
            "now": 100 * one.now,
            "forecast": words.cell(one.score),
            "cost": None if one.cost_usd is None else money(one.cost_usd),
            "worth": "maybe" if one.worth_it else "no",
        }
        for one in told
    ]
    return Table(columns, rows, title="Forecasts of macro-F1 (points)")
