"""Forecasts of a study: what twice and ten times as many rows of an option would give, and what they would cost."""

from itertools import groupby

from pyrite.base.schema import Result
from pyrite.data import mixes
from pyrite.measures import forecast
from pyrite.measures.intervals import Interval
from pyrite.results import statements, words
from pyrite.results.prices import money
from pyrite.results.purchases import REAL, Purchase, curves, of_task
from pyrite.results.study import TaskMetrics
from pyrite.results.table import POINTS, Column, Table

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
    options = [list(points) for _, points in groupby(of_task(task), lambda purchase: purchase.option)]
    return [
        _forecast(points, times, task.comparison.margin / 100)
        for points in options
        if len(points) >= forecast.FEWEST
        for times in TIMES
    ]


def _forecast(points: list[Purchase], times: int, margin: float) -> Forecast:
    last = points[-1]
    sizes = [point.labels or point.texts for point in points]
    more = (times - 1) * sizes[-1]
    score = _foretold(points, last.rows + more)
    cost = None
    if last.cost_usd is not None and (before := points[0].cost_usd) is not None and sizes[-1] > sizes[0]:
        cost = more * (last.cost_usd - before) / (sizes[-1] - sizes[0])
    return Forecast(
        option=last.option,
        bought=sizes[-1],
        times=times,
        now=last.score.value,
        score=score,
        cost_usd=cost,
        worth_it=score.high - last.score.value >= margin,
    )


def _foretold(points: list[Purchase], at: int) -> Interval:
    rows, scores = [point.rows for point in points], [point.score.value for point in points]
    return forecast.forecast(rows, scores, at, generated=not any(point.labels for point in points))


def whole_set(task: TaskMetrics, source: str, texts: int) -> tuple[Interval, str] | None:
    """What so many texts of a source would score, judged by those at hand, and whether that is likely to be within the
    margin of the baseline; None where the source has fewer than three sizes.

    A pilot of 20 texts a label answers it before the whole set is paid for.
    """
    comparison, result = task.comparison, task.evaluated.classifiers[task.comparison.classifier]
    points = curves(result).get(source, [])
    if len(points) < forecast.FEWEST or texts <= points[-1].rows:
        return None
    score = _foretold(points, texts)
    bar = result.mixes[comparison.baseline].macro_f1.value - comparison.margin / 100
    return score, chance(score, bar)


def chance(score: Interval, bar: float) -> str:
    """Whether a score that was foretold so is likely to reach the bar."""
    return LIKELY if score.low > bar else UNLIKELY if score.high < bar else OPEN


def pilots(task: TaskMetrics) -> list[str]:
    """Of every written source with fewer texts than `WHOLE` a label, whether so many are likely to be worth it."""
    comparison, sentences = task.comparison, []
    for source, made in task.generated.items():
        texts = WHOLE * len(made.labels)
        if made.kind != "written" or not (foretold := whole_set(task, source, texts)):
            continue
        score, likely = foretold
        bar = task.evaluated.classifiers[comparison.classifier].mixes[comparison.baseline].macro_f1.value
        sentences.append(
            f"With {WHOLE} {mixes.spoken(source)} texts a label: {words.ranged(score)}. That this is within "
            f"{comparison.margin:g} points of {comparison.baseline} ({statements.points(bar)}): {likely}."
        )
    return sentences


def grows(option: str) -> str:
    """What there is more and more of in an option."""
    return "labels" if option.startswith(REAL) else "texts"


def table(forecasts: list[Forecast]) -> Table:
    """For a terminal and the page; scores in points."""
    columns = [
        Column("option", "Option"),
        Column("rows", "Rows", form=",d"),
        Column("now", "Now", form=".1f", unit=POINTS),
        Column("forecast", "Foretold (80 % interval)", short="Foretold (80 %)", right=True),
        Column("cost", "Cost of the rest", short="Cost", right=True),
        Column("worth", "Worth it?"),
    ]
    rows = [
        {
            "option": mixes.spoken(more.option) + f": {more.times} times the {grows(more.option)}",
            "rows": more.times * more.bought,
            "now": more.now,
            "forecast": words.cell(more.score),
            "cost": None if more.cost_usd is None else money(more.cost_usd),
            "worth": "maybe" if more.worth_it else "no",
        }
        for more in forecasts
    ]
    return Table(columns, rows, title="Forecasts of macro-F1 (points)")
