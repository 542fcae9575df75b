"""Next steps: what the verdict says to do, and a line for each other finding, with the number that it rests on."""

import math
from dataclasses import dataclass

from pyrite.data import mixes
from pyrite.measures import forecast
from pyrite.results import forecasts, frontier
from pyrite.results.diversity import Diversity
from pyrite.results.frontier import Frontier, spoken
from pyrite.results.page import advice, frontier_chart
from pyrite.results.page.drawing import Figure
from pyrite.results.page.findings import Findings, typographic
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

    lines: list[str]
    frontier: Frontier
    sentence: str
    table: Table
    figure: Figure | None
    forecasts: Table | None
    filtering: Table | None


def of_page(task: Findings) -> NextSteps:
    """All of it, for one task."""
    front, foretold = frontier.find(task), forecasts.find(task)
    return NextSteps(
        lines=list(map(typographic, [*lines(task, task.case(), front), *filtered(task.diversity)])),
        frontier=front,
        sentence=frontier.sentence(front),
        table=frontier.table(front),
        figure=frontier_chart.figure(front, task.tested(task.comparison.classifier)),
        forecasts=forecasts.table(foretold) if foretold else None,
        filtering=filter_table(task.diversity),
    )


def lines(task: TaskMetrics, case: Case, front: Frontier) -> list[str]:
    """What to do next on a task: the step that its verdict names, then the LLM itself and more labels."""
    step = advice.next_step(case, task.stops(task.comparison.classifier), mixes.spoken)
    return list(filter(None, [step, call(task, front), label(task, front)]))


def call(task: TaskMetrics, front: Frontier) -> str:
    """The LLM itself, where it is surely better than the baseline: up to how many texts a month it pays."""
    llm, comparison = task.evaluated.llm, task.comparison
    beside = llm and llm.classifiers.get(comparison.classifier, {}).get(comparison.baseline)
    if not llm or not beside or beside.gap.macro_f1.low <= 0:
        return ""
    gap = beside.gap.macro_f1
    interval = f"({ends(gap.low, gap.high, '+')}, on {llm.rows} texts)"
    better = f"The LLM itself is better by {points(gap.value)} points {interval}"
    trained = [purchase for purchase in front.purchases if purchase.option != LLM and purchase.cost_usd]
    if comparison.llm_price is None or not trained:
        return f"{better}. Whether to call it hangs on prices: fill {frontier.listed(front.missing)} in params.yaml."
    best = max(trained, key=lambda purchase: purchase.score.value)
    cost = best.cost_usd or 0.0
    texts = math.floor(1000 * cost / comparison.llm_price)
    return (
        f"{better}: call it, unless you have more than {texts:,} texts a month; so many cost as much as the "
        f"training texts of the best classifier ({spoken(best)}: {money(cost)})."
    )


def label(task: TaskMetrics, front: Frontier) -> str:
    """More labels, where the learning curve surely rises still."""
    curve = [purchase for purchase in front.purchases if purchase.option == REAL]
    if len(curve) < forecast.FEWEST:
        return ""
    rows, scores = [point.rows for point in curve], [point.score.value for point in curve]
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


def filtered(diversity: Diversity | None) -> list[str]:
    """Whether to leave out the rows of a source whose label a checker doubts, where that surely changes something."""
    return [
        f"Filtering {mixes.spoken(source)} would help{'' if gains.kept_mixed.low > 0 else ' it alone'}: "
        f"the {gains.kept:.0%} of its texts whose label a checker (of {gains.checked_by:,} real texts) confirms give "
        f"{ranged(gains.kept_alone, '+')} points alone, {ranged(gains.kept_mixed, '+')} with the checker's texts added."
        for source, gains in (diversity.filtering if diversity else {}).items()
        if gains.kept_alone.low > 0 or gains.kept_mixed.low > 0
    ]


def filter_table(diversity: Diversity | None) -> Table | None:
    """What filtering each source would do; None where it was not measured."""
    if not diversity or not diversity.filtering:
        return None
    kinds = {"Kept, alone": "kept_alone", "Weighted, alone": "weighted_alone"}
    kinds |= {"Kept, with labels": "kept_mixed", "Weighted, with labels": "weighted_mixed"}
    rows = [
        {"Source": mixes.spoken(source), "Confirmed": Cell(f"{gains.kept:.0%}")}
        | {head: cell(getattr(gains, key), "+.1f") for head, key in kinds.items()}
        for source, gains in diversity.filtering.items()
    ]
    return Table.of(rows, "Points gained by filtering")
