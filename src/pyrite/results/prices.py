"""Prices: what generating cost, and what a label may cost before generating is cheaper. US dollars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyrite.data import mixes


def cost(mix: str, generated: Mapping[str, Mapping[str, Any]]) -> float | None:
    """What the generated sets of a mix cost, from their generate metrics by setting; None where that is not known."""
    costs = [generated[setting]["total"].get("cost_usd") for setting in mixes.settings_of(mix)]
    return None if not costs or None in costs else sum(costs)


@dataclass(frozen=True)
class BreakEven:
    """The price of a label at which buying labels costs as much as generating, with the interval of the worth.

    `low` and `high` are 0 and None (no bound) where the worth lies beyond the learning curve.
    """

    low: float
    high: float | None

    @staticmethod
    def of(cost: float, worth: Mapping[str, Any]) -> BreakEven:
        """From what generating cost and the worth in real labels that `evaluate` found."""
        # Worth fewer labels than the curve's first point: each may cost anything; more than its last: next to nothing.
        most, least = worth["high"], worth["low"]
        return BreakEven(0.0 if most is None else cost / max(most, worth["least"]), cost / least if least else None)

    def cheaper(self, label_price: float) -> str:
        """What is cheaper at this price of a label: generating, labelling or can't tell."""
        if self.high is not None and label_price > self.high:
            return "generating"
        return "labelling" if label_price < self.low else "can't tell"


def sentence(
    mix: str, worth: Mapping[str, Any] | None, cost: float | None, label_price: float | None, labels: str
) -> str | None:
    """What generating cost against what labels cost, in one sentence; None where neither price is known.

    `labels` is the worth in words.
    """
    if cost is None and label_price is None:
        return None
    if not mixes.is_generated(mix):
        return f"Break-even: can't tell: {mix} holds real labels itself; ask for a candidate without them."
    if worth is None:
        return "Break-even: can't tell: no learning curve says how many real labels the generated texts are worth."
    if cost is None:
        if worth["labels"]:
            same = f"{money((label_price or 0) * worth['labels'])} at {money(label_price or 0)} each"
            says = f"Break-even: the {labels} real labels that {mix} is worth cost {same}"
            return f"{says}; what generating cost is not known."
        return f"Break-even: can't tell: what generating cost is not known, and {mix} is worth {labels} real labels."
    found = BreakEven.of(cost, worth)
    low = money(found.low)
    between = f"{low} to {money(found.high)}" if found.high is not None else f"more than {low}"
    says = f"Break-even: generating cost {money(cost)}, as much as labelling where a label costs {between}"
    if label_price is None:
        return f"{says}."
    cheaper = found.cheaper(label_price)
    verdict = "can't tell which is cheaper" if cheaper == "can't tell" else f"{cheaper} is cheaper"
    return f"{says}; at your {money(label_price)}, {verdict}."


def money(amount: float) -> str:
    """$12.30, or three digits of a small amount."""
    return f"${amount:,.2f}" if amount >= 1 or amount == 0 else f"${amount:.3g}"
