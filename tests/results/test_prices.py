from __future__ import annotations

from typing import Any

import pytest

from pyrite.results import prices
from pyrite.results.prices import BreakEven


def worth(labels: int | None, low: int | None, high: int | None) -> dict[str, Any]:
    return {"labels": labels, "low": low, "high": high, "least": 50, "most": 1000}


def sets(**costs: float | None) -> dict[str, Any]:
    return {setting: {"total": {"cost_usd": cost}} for setting, cost in costs.items()}


def test_the_cost_of_a_mix_is_that_of_its_generated_sets() -> None:
    both = sets(zero_shot=1.0, few_shot=0.25)
    assert prices.cost("few_shot", both) == 0.25
    assert prices.cost("pool+zero_shot+few_shot", both) == 1.25
    assert prices.cost("real", both) is None
    assert prices.cost("zero_shot+few_shot", sets(zero_shot=1.0, few_shot=None)) is None
    # Metrics from before costs were counted.
    assert prices.cost("few_shot", {"few_shot": {"total": {}}}) is None


@pytest.mark.parametrize(
    ("found", "low", "high"),
    [
        (worth(200, 100, 400), 0.01, 0.04),
        (worth(200, 100, None), 0.0, 0.04),
        (worth(0, 0, 100), 0.04, None),
        # Fewer labels than the curve begins with, surely: at most so many.
        (worth(0, 0, 0), 0.08, None),
        (worth(None, 800, None), 0.0, 0.005),
    ],
)
def test_break_even_is_cost_over_worth(found: dict[str, Any], low: float, high: float | None) -> None:
    assert BreakEven.of(4.0, found) == BreakEven(low, high)


def test_what_is_cheaper_depends_on_the_interval() -> None:
    even = BreakEven(0.01, 0.04)
    assert [even.cheaper(price) for price in (0.005, 0.01, 0.02, 0.04, 0.05)] == [
        *("labelling", "can't tell", "can't tell", "can't tell", "generating")
    ]
    assert BreakEven(0.01, None).cheaper(1e9) == "can't tell"


@pytest.mark.parametrize(
    ("mix", "found", "cost", "price", "words"),
    [
        ("few_shot", worth(200, 100, 400), None, None, None),
        ("few_shot", worth(200, 100, 400), 4.0, None, "costs $0.01 to $0.04."),
        ("few_shot", worth(200, 100, 400), 4.0, 0.5, "at your $0.5, generating is cheaper."),
        ("few_shot", worth(200, 100, 400), 4.0, 0.02, "can't tell which is cheaper."),
        ("few_shot", worth(0, 0, 0), 4.0, 0.02, "costs more than $0.08; at your $0.02, labelling is cheaper."),
        ("few_shot", worth(200, 100, 400), None, 0.5, "cost $100.00 at $0.5 each; what generating cost is not known."),
        ("few_shot", worth(None, 900, None), None, 0.5, "can't tell: what generating cost is not known"),
        ("few_shot", None, 4.0, 0.5, "can't tell: no learning curve"),
        ("pool+few_shot", worth(200, 100, 400), 4.0, 0.5, "can't tell: pool+few_shot holds real labels itself"),
    ],
)
def test_the_sentence_says_what_is_known(
    mix: str, found: dict[str, Any] | None, cost: float | None, price: float | None, words: str | None
) -> None:
    said = prices.sentence(mix, found, cost, price, "200 (100 to 400)")
    assert said is None if words is None else words in (said or "")
