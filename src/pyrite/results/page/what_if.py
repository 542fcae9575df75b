"""What if: the verdict at other accepted losses, the gain with other numbers of labels. All that the page's sliders
show is worked out here, by the verdict's own rule; the page only looks it up."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from pyrite.data.mixes import spoken
from pyrite.results import statements, verdict
from pyrite.results.page import advice
from pyrite.results.page.findings import FAMILIES, Findings, typographic
from pyrite.results.prices import BreakEven, money
from pyrite.results.study import total
from pyrite.results.verdict import Case
from pyrite.results.words import fixed

# Accepted losses, in points: this far, or twice the study's own limit.
FARTHEST, STEP = 10, 0.1
# US dollars: of a label, and of all generated texts.
LABEL_PRICES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
COSTS = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 30.0, 50.0, 70.0, 100.0, 200.0, 500.0, 1000.0)
# Where the sliders of unknown prices stand first.
LABEL_PRICE, COST = 0.2, 2.0
# Numbers of labels between the ends of a learning curve.
NUMBERS = 48


@dataclass(frozen=True)
class Span:
    """Accepted losses from `low` to `high`, in points, at which Pyrite says the same; `family` is its colour."""

    word: str
    family: str
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """A row of the strip: a classifier or a task. `there` is the task that it leads to."""

    name: str
    spans: tuple[Span, ...]
    there: str = ""


def limits(margin: float) -> list[float]:
    """The accepted losses that can be chosen, in points; the study's own is one of them."""
    farthest = max(FARTHEST, math.ceil(2 * margin))
    return sorted({margin, *(round(number * STEP, 1) for number in range(round(farthest / STEP) + 1))})


def cases(task: Findings, classifier: str) -> list[Case]:
    """The case of a task at each of the limits."""
    comparison = task.comparison
    return [
        verdict.case(task.evaluated, classifier, comparison.candidate, comparison.baseline, limit)
        for limit in limits(comparison.margin)
    ]


def row(name: str, at: Sequence[Case], kind: str, there: str = "") -> Row:
    """The row of the strip from its cases, in order of their margins."""
    firsts = [next(same) for _, same in groupby(at, verdict.decide)]
    ends = [round(100 * case.margin, 6) for case in (*firsts, at[-1])]
    words = [typographic(advice.word(case, kind, spoken)) for case in firsts]
    families = [FAMILIES[verdict.decide(case)] for case in firsts]
    return Row(name, tuple(map(Span, words, families, ends, ends[1:])), there)


def of_classifiers(task: Findings) -> list[Row]:
    return [row(classifier, cases(task, classifier), task.kind) for classifier in task.verdicts]


def of_tasks(tasks: Sequence[Findings], classifier: str) -> list[Row]:
    """A row a task, and one of their mean."""
    at = {task.task: cases(task, classifier) for task in tasks}
    mean = [verdict.over_tasks(same) for same in zip(*at.values(), strict=True)]
    return [
        row("all tasks", mean, tasks[0].kind),
        *(row(task.title, at[task.task], task.kind, task.task) for task in tasks),
    ]


def panel(task: Findings) -> dict[str, Any]:
    """What the sliders of a task choose from, (value, words) each, and by classifier what is said at each place.

    `start` is where each slider stands at first; a price that is not known starts at a guess.
    """
    comparison = task.comparison
    known = total(map(task.price, task.sources)) if task.sources else None
    price, cost = comparison.label_price or LABEL_PRICE, COST if known is None else known
    curve = task.evaluated.learning_curve(comparison.classifier)
    rows = [rows for rows, _ in curve[1]] if curve else []
    labels, losses = _numbers(rows), limits(comparison.margin)
    prices, costs = sorted({*LABEL_PRICES, price}), sorted({*COSTS, cost})
    return {
        "choices": {
            "labels": [(number, f"{number:,}") for number in labels],
            "price": [(price, money(price)) for price in prices],
            "cost": [(cost, money(cost)) for cost in costs],
            "loss": [(loss, f"{loss:g} points") for loss in losses],
        },
        "start": {"labels": rows[-1] if rows else None, "price": price, "cost": cost, "loss": comparison.margin},
        "cost_known": known is not None,
        "classifier": comparison.classifier,
        "of": {
            classifier: {
                "labels": list(map(typographic, _gains(task, classifier, labels))),
                "price": list(map(typographic, _equals(task, classifier, prices))),
                "cost": list(map(typographic, _cheaper(task, classifier, costs))),
                **_advice(task, classifier),
            }
            for classifier in task.verdicts
        },
    }


def _advice(task: Findings, classifier: str) -> dict[str, Any]:
    """What there is to do, each (the family of the verdict, the words), and at each of the limits its place there."""
    advised = [
        (
            FAMILIES[verdict.decide(case)],
            typographic(advice.short(case, task.kind, spoken)) + (" A close call." if verdict.is_close(case) else ""),
        )
        for case in cases(task, classifier)
    ]
    says = list(dict.fromkeys(advised))
    return {"says": says, "loss": [says.index(pair) for pair in advised]}


def _equals(task: Findings, classifier: str, prices: Sequence[float]) -> list[str]:
    """At each price of a label, what as many as the candidate equals would cost."""
    _, worth = task.evaluated.worth(classifier, task.comparison.candidate) or (classifier, None)
    if worth is None:
        return ["What the texts are worth in labels is not known."] * len(prices)
    same = f"The {statements.worth(worth)} real labels that they equal would cost"
    return [f"{same} {money(price * worth.labels)}." if worth.labels else "" for price in prices]


def _cheaper(task: Findings, classifier: str, costs: Sequence[float]) -> list[str]:
    """At each cost of the candidate's texts, from what price of a label on they are cheaper, and what that loses."""
    gap, known = task.gap(classifier), task.evaluated.worth(classifier, task.comparison.candidate)
    if known is None or gap is None:
        return [""] * len(costs)
    loss = f", at a loss of {statements.points(-gap.value)} points" if gap.value < 0 else ""
    return [_cheaper_from(BreakEven.of(cost, known[1]), loss) for cost in costs]


def _cheaper_from(even: BreakEven, loss: str) -> str:
    if even.high is None:
        low = f"The LLM may be cheaper where a label costs more than {money(even.low)}{loss}."
        return low if even.low else "From what price of a label on the LLM is cheaper can’t be told."
    between = "a cent" if even.high < 0.01 else f"{money(even.low)} to {money(even.high)}"
    return f"The LLM is cheaper where a label costs more than {between}{loss}."


def _gains(task: Findings, classifier: str, numbers: Sequence[int]) -> list[str]:
    """At each number of labels: what real ones alone score, and the candidate alone, and what it adds to them."""
    candidate, lines = task.comparison.candidate, [""] * len(numbers)
    if learning := task.evaluated.learning_curve(classifier):
        by, points = learning
        mixes = task.evaluated.classifiers[by].mixes
        scores = _between([rows for rows, _ in points], [mixes[mix].macro_f1.value for _, mix in points], numbers)
        alone = mixes.get(candidate)
        also = f"; with the LLM’s texts alone {100 * alone.macro_f1.value:.1f}" if alone else ""
        lines = [f"With {n:,} labels, {by} scores {score:.1f}{also}." for n, score in zip(numbers, scores, strict=True)]
    if curve := task.evaluated.mix_curve(classifier, candidate):
        along = curve[1].points
        ends = [[getattr(point.gain, end) for point in along] for end in ("value", "low", "high")]
        gains = zip(*(_between([point.rows for point in along], end, numbers) for end in ends), strict=True)
        signed = ([fixed(end, "+.1f") for end in gain] for gain in gains)
        added = (f"Adding the texts gives {value} points (95 %: {low} to {high})." for value, low, high in signed)
        lines = [f"{line} {gain}".strip() for line, gain in zip(lines, added, strict=True)]
    return lines


def _between(rows: Sequence[int], values: Sequence[float], numbers: Sequence[int]) -> list[float]:
    """Values at numbers of rows between those that are known, along the logarithm, in points."""
    return [round(100 * float(value), 1) for value in np.interp(np.log(numbers), np.log(rows), values)]


def _numbers(rows: Sequence[int]) -> list[int]:
    """Numbers of labels from the first point of a curve to its last, which are among them."""
    if not rows:
        return []
    between = np.geomspace(rows[0], rows[-1], NUMBERS)
    rounded = (round(float(n), 1 - math.floor(math.log10(n))) for n in between[1:-1])
    return sorted({*rows, *(int(n) for n in rounded if rows[0] < n < rows[-1])})
