"""Prices: what a label may cost before generating is cheaper. US dollars."""

import math
from dataclasses import dataclass
from typing import Self

from pyrite.results.evaluation import Worth


@dataclass(frozen=True)
class BreakEven:
    """The price of a label at which buying labels costs as much as generating, with the interval of the worth.

    `low` and `high` are 0 and None (no bound) where the worth lies beyond the learning curve.
    """

    low: float
    high: float | None

    @classmethod
    def of(cls, cost: float, worth: Worth) -> Self:
        """From what generating cost and its worth in real labels."""
        # Worth fewer labels than the curve's first point: each may cost anything; more than its last: next to nothing.
        low = 0.0 if worth.high is None else cost / max(worth.high, worth.least)
        return cls(low, cost / worth.low if worth.low else None)

    def cheaper(self, label_price: float) -> str:
        """What is cheaper at this price of a label, in words."""
        if self.high is not None and label_price > self.high:
            return "generating is cheaper"
        return "labelling is cheaper" if label_price < self.low else "can't tell which is cheaper"


def money(amount: float) -> str:
    """$12.30, or two digits of what is under ten cents and no whole number of them."""
    if amount >= 0.1 or amount == round(amount, 2):
        return f"${amount:,.2f}"
    return f"${amount:.{1 - math.floor(math.log10(amount))}f}"
