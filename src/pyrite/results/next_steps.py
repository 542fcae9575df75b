"""Next steps: what the verdict says to do, and a line for each other finding, with the number that it rests on."""

import math
from dataclasses import dataclass

from pyrite.data import mixes
from pyrite.measures import forecast
from pyrite.results import advice, forecasts, frontier, frontier_chart
from pyrite.results.diversity import Diversity
from pyrite.results.drawing import Figure
from pyrite.results.findings import Findings, typographic
from pyrite.results.frontier import Frontier, spoken
from pyrite.results.prices import money
from pyrite.results.purchases import LLM, REAL
from pyrite.results.statements import ends, points, ranged
from pyrite.results.study import TaskMetrics
from pyrite.results.table import Cell, Table
from pyrite.results.verdict import Case
from pyrite.results.words import cell

# What `pyrite next` chooses unless it is told another number.
CHOSEN = 50
# Less is nothing worth asking for.
LITTLE = 0.001


@dataclass(frozen=True)
class NextSteps:
    """What the page says of what to do next: advice, the frontier as words, chart and table, forecasts."""

    said: list[str]
    found: Frontier
    sentence: str
    table: Table
    figure: Figure | None
    forecasts: Table | None
    filtering: Table | None


def of_page(task: Findings) -> NextSteps:
    """All of it, for one task."""
    found, told = frontier.find(task), forecasts.find(task)
    return NextSteps(
        said=list(map(typographic, [*lines(task, task.case(), found), *filtered(task.diversity)])),
        found=found,
        sentence=frontier.sentence(found),
        table=frontier.table(found),
        figure=frontier_chart.figure(found, task.tested(task.comparison.classifier)),
        forecasts=forecasts.table(told) if told else None,
        filtering=filter_table(task.diversity),
    )


def lines(task: TaskMetrics, case: Case, found: Frontier) -> list[str]:
    """What to do next on a task: the step that its verdict names, then the LLM itself and more labels."""
    step = advice.next_step(case, task.stops(task.comparison.classifier), mixes.spoken)
    return list(filter(None, [step, call(task, found), label(task, found)]))


def call(task: TaskMetrics, found: Frontier) -> str:
    """The LLM itself, where it is surely better than the baseline: up to how many texts a month it pays."""
    llm, asked = task.evaluated.llm, task.comparison
    beside = llm and llm.classifiers.get(asked.classifier, {}).get(asked.baseline)
    if not llm or not beside or beside.gap.macro_f1.low <= 0:
        return ""
    gap = beside.gap.macro_f1
    better = (
        f"The LLM itself is better by {100 * gap.value:.1f} points ({ends(gap.low, gap.high, '+')}, on {llm.rows} "
        "texts)"
    )
    trained = [one for one in found.purchases if one.option != LLM and one.cost_usd]
    if asked.llm_price is None or not trained:
        return f"{better}. Whether to call it hangs on prices: fill {frontier.listed(found.missing)} in params.yaml."
    best = max(trained, key=lambda one: one.score.value)
    cost = best.cost_usd or 0.0
    texts = math.floor(1000 * cost / asked.llm_price)
    return (
        f"{better}: call it, unless you have more than {texts:,} texts a month; so many cost as much as the "
        f"training texts of the best classifier ({spoken(best)}: {money(cost)})."
    )


def label(task: TaskMetrics, found: Frontier) -> str:
    """More labels, where the learning curve surely rises still."""
    curve = [one for one in found.purchases if one.option == REAL]
    if len(curve) < forecast.FEWEST:
        return ""
    rows, scores = [one.rows for one in curve], [one.score.value for one in curve]
    now, more, twice = (forecast.forecast(rows, scores, n) for n in (rows[-1], rows[-1] + CHOSEN, 2 * rows[-1]))
    gain = more.value - now.value
    if twice.low <= scores[-1] or gain < LITTLE:
        return ""
    price = task.comparison.label_price
    cost = "" if price is None else f", for {money(CHOSEN * price)}"
    return (
        f"Label {CHOSEN} more{cost}: `pyrite next {task.task}` says which. Drawn at random they would give about "
        f"{points(gain, '+')} points; twice as many labels as now {points(twice.value - scores[-1], '+')} "
        f"({ends(twice.low - scores[-1], twice.high - scores[-1], '+')})."
    )


def filtered(found: Diversity | None) -> list[str]:
    """Whether to leave out the rows of a source whose label a checker doubts, where that surely changes something."""
    return [
        f"Filtering {mixes.spoken(source)} would help{'' if one.kept_mixed.low > 0 else ' it alone'}: "
        f"the {one.kept:.0%} of its texts whose label a checker (of {one.checked_by:,} real texts) confirms give "
        f"{ranged(one.kept_alone, '+')} points alone, {ranged(one.kept_mixed, '+')} with the checker's texts added."
        for source, one in (found.filtering if found else {}).items()
        if one.kept_alone.low > 0 or one.kept_mixed.low > 0
    ]


def filter_table(found: Diversity | None) -> Table | None:
    """What filtering each source would do; None where it was not measured."""
    if not found or not found.filtering:
        return None
    kinds = {"Kept, alone": "kept_alone", "Weighted, alone": "weighted_alone"}
    kinds |= {"Kept, with labels": "kept_mixed", "Weighted, with labels": "weighted_mixed"}
    rows = [
        {"Source": mixes.spoken(source), "Confirmed": Cell(f"{one.kept:.0%}")}
        | {head: cell(getattr(one, key), "+.1f") for head, key in kinds.items()}
        for source, one in found.filtering.items()
    ]
    return Table.of(rows, "Points gained by filtering")
