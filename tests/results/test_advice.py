"""Advice: the first thing that a reader sees."""

from __future__ import annotations

import pytest
from test_verdict import case, gap

from pyrite.results import advice
from pyrite.results.verdict import Case


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (case(gap(-5.6, 1.0), equal=gap(-0.5, 1.0)), "cost 5.6 points (0.5 against as many real texts), and"),
        (case(gap(-5.6, 1.0), equal=gap(0.7, 1.0)), "cost 5.6 points (but gain 0.7 against as many real texts), and"),
        (case(gap(-5.6, 1.0), equal=gap(0.0, 1.0)), "cost 5.6 points (nothing against as many real texts), and"),
        (case(gap(0.0, 1.0), equal=gap(0.9, 1.0)), "cost nothing (0.9 against as many real texts), and you allow 3."),
        (case(gap(1.2, 1.0), equal=gap(-2.0, 1.0)), "1.2 points higher than real (but lose 2.0 against as many"),
        (case(gap(-5.6, 1.0), equal=gap(-5.6, 1.0)), "cost 5.6 points, and you allow 3."),
        (case(gap(-5.6, 1.0)), "cost 5.6 points, and you allow 3."),
    ],
)
def test_the_gap_at_equal_size_is_in_the_same_breath(given: Case, words: str) -> None:
    assert words in advice.headline(given, "labelled")
