from __future__ import annotations

import pytest
from test_statements import worth

from pyrite.results.evaluation import Worth
from pyrite.results.prices import BreakEven, money


@pytest.mark.parametrize(
    ("worth", "low", "high"),
    [
        (worth(200, 100, 400), 0.01, 0.04),
        (worth(200, 100, None), 0.0, 0.04),
        (worth(0, 0, 100), 0.04, None),
        # Fewer labels than the curve begins with, surely: at most so many.
        (worth(0, 0, 0), 0.08, None),
        (worth(None, 800, None), 0.0, 0.005),
    ],
)
def test_break_even_is_cost_over_worth(worth: Worth, low: float, high: float | None) -> None:
    assert BreakEven.of(4.0, worth) == BreakEven(low, high)


def test_what_is_cheaper_depends_on_the_interval() -> None:
    even = BreakEven(0.01, 0.04)
    words = [even.cheaper(price).split()[0] for price in (0.005, 0.01, 0.02, 0.04, 0.05)]
    assert words == ["labelling", "can't", "can't", "can't", "generating"]
    assert BreakEven(0.01, None).cheaper(1e9) == "can't tell which is cheaper"


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0.0, "$0.00"),
        (0.03, "$0.03"),
        (12.3, "$12.30"),
        (0.523, "$0.52"),
        (0.0176, "$0.018"),
        (0.00619, "$0.0062"),
        (0.0000123, "$0.000012"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_is_cents_or_two_digits(amount: float, words: str) -> None:
    assert money(amount) == words
