"""Corrections: of p-values for their number, and of intervals that would have no width."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, in the order given (Holm 1979): the family-wise error is held."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = largest
    return adjusted


def floor(rows: float, level: float) -> float:
    """The largest share of rows on which two classifiers may differ that never differ on so many (the rule of three).

    Clopper and Pearson's bound at one side of a two-sided `level`: 1 - ((1 - level) / 2)^(1 / rows), about 3 / rows.
    """
    return float(1 - ((1 - level) / 2) ** (1 / rows))
