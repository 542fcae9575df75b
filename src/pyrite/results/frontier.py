"""The frontier: the purchases of which none gives as much for less, and what they say in words."""

import math
from collections.abc import Sequence

from pyrite.base.schema import Result
from pyrite.data import mixes
from pyrite.results import words
from pyrite.results.prices import money
from pyrite.results.purchases import LLM, Purchase, of_task
from pyrite.results.study import TaskMetrics
from pyrite.results.table import Cell, Table

# A sentence names the highest score, of those that are a multiple of so many points, that something reaches.
STEP = 5

LABELS = "compare.label_price"


class Frontier(Result):
    """The purchases of a task.

    Attributes:
        best: the places in `purchases` of those on the frontier, the cheapest first; none while a label has no price.
        missing: the lines of params.yaml that a price is missing from.
        borrowed: sources that were priced as if another model, of generate.prices, had been asked: by its name.
    """

    task: str
    purchases: tuple[Purchase, ...]
    best: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    borrowed: str = ""

    @property
    def on_it(self) -> list[Purchase]:
        return [self.purchases[place] for place in self.best]


def efficient(costs: Sequence[float], scores: Sequence[float]) -> list[int]:
    """The places of which none other scores as much for less, or more for as much; by cost. Of equals the first."""
    order = sorted(range(len(costs)), key=lambda place: (costs[place], -scores[place], place))
    best: list[int] = []
    for place in order:
        if not best or scores[place] > scores[best[-1]]:
            best.append(place)
    return best


def find(task: TaskMetrics) -> Frontier:
    """The frontier of a task among what has a price."""
    purchases, prices = of_task(task), task.study.generate.prices
    priced = [place for place, purchase in enumerate(purchases) if purchase.cost_usd is not None]
    costs = [purchases[place].cost_usd or 0.0 for place in priced]
    missing = tuple(_missing(task, purchases))
    # Without the price of a label, generated texts would look like the only way there is.
    best = [] if LABELS in missing else efficient(costs, [purchases[place].score.value for place in priced])
    lent = any(model not in prices for made in task.generated.values() if made.recorded for model in made.models)
    return Frontier(
        task=task.task,
        purchases=tuple(purchases),
        best=tuple(priced[place] for place in best),
        missing=missing,
        borrowed=next(iter(prices), "") if lent else "",
    )


def _missing(task: TaskMetrics, purchases: Sequence[Purchase]) -> list[str]:
    """The lines of params.yaml to fill before everything has a cost."""
    comparison = task.comparison
    lines = [LABELS] if comparison.label_price is None and any(purchase.labels for purchase in purchases) else []
    if any(purchase.option == LLM for purchase in purchases):
        keys = {"llm_price": comparison.llm_price, "texts_per_month": comparison.texts_per_month}
        lines += [f"compare.{key}" for key, value in keys.items() if value is None]
    unpriced = [made for name, made in task.generated.items() if made.total.accepted and task.price(name) is None]
    lines += ["generate.prices"] if any(made.kind != "imported" for made in unpriced) else []
    return [*lines, *(f"sources.{made.source}.cost_usd" for made in unpriced if made.kind == "imported")]


# In words


def spoken(purchase: Purchase) -> str:
    """What is bought: 400 labels and 600 few-shot texts."""
    if purchase.option == LLM:
        return "the LLM itself, called for every text of a month"
    parts = [f"{purchase.labels:,} hand labels"] if purchase.labels else []
    if purchase.texts:
        sources = " and ".join(mixes.spoken(source) for source in mixes.parse(purchase.mix).sources)
        parts.append(f"{purchase.texts:,} {sources} texts")
    return " and ".join(parts)


def sentence(frontier: Frontier) -> str:
    """What is the cheapest way to a good score, and the best for a tenth of the dearest; or what is missing."""
    best = frontier.on_it
    if not best:
        return (
            f"Not all prices are known: fill {listed(frontier.missing)} in params.yaml. Until then the options are "
            "compared by their numbers of texts."
        )
    top = best[-1]
    target = STEP * math.floor(100 * top.score.value / STEP)
    cheapest = next(point for point in best if 100 * point.score.value >= target)
    answer = f"The cheapest way to {target} macro-F1 is {spoken(cheapest)}, about {money(cheapest.cost_usd or 0.0)}"
    budget = (top.cost_usd or 0.0) / 10
    if within := [point for point in best if (point.cost_usd or 0.0) <= budget and point is not cheapest]:
        answer += f"; with {money(budget)} the best is {spoken(within[-1])} ({100 * within[-1].score.value:.1f})"
    answer += f". Recorded texts are priced as if {frontier.borrowed} had written them." if frontier.borrowed else "."
    return answer + (f" Not priced: fill {listed(frontier.missing)} in params.yaml." if frontier.missing else "")


def table(frontier: Frontier) -> Table:
    """What is on the frontier, or every option at its largest where prices are missing; scores in points."""
    shown = frontier.on_it or list({purchase.option: purchase for purchase in frontier.purchases}.values())
    rows = [
        {
            "What is bought": "calling the LLM" if purchase.option == LLM else mixes.spoken(purchase.option),
            "Labels": purchase.labels,
            "Texts": purchase.texts,
            "Macro-F1": words.cell(purchase.score),
            "Cost": Cell("?" if purchase.cost_usd is None else money(purchase.cost_usd)),
        }
        for purchase in shown
    ]
    title = "Nothing else gives as much for less." if frontier.best else "The options; not all prices are known."
    called = any(purchase.option == LLM for purchase in shown)
    about = "Calling the LLM: the baseline's score and the LLM's lead over it on the texts that it labelled."
    return Table.of(rows, title, about if called else "")


def listed(names: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
