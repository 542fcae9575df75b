from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from test_verdict import case, gap

from pyrite.results import verdict
from pyrite.results.page import advice, what_if
from pyrite.results.verdict import Case


def at(low90: float, high90: float, limits: list[float]) -> list[Case]:
    """The cases of one gap at several limits."""
    same = case(gap((low90 + high90) / 2, high90 - low90))
    assert same.gap.low90 == pytest.approx(low90 / 100) and same.gap.high90 == pytest.approx(high90 / 100)
    return [replace(same, margin=limit / 100) for limit in limits]


def test_the_studys_own_limit_is_among_those_to_choose_from() -> None:
    limits = what_if.limits(2.75)
    assert limits == sorted(set(limits)) and 2.75 in limits and limits[0] == 0 and limits[-1] == 10
    assert what_if.limits(9.0)[-1] == 18


def test_a_row_says_at_each_limit_what_the_rule_says() -> None:
    limits = what_if.limits(3.0)
    cases = at(-7.3, -4.9, limits)
    row = what_if.row("probe", cases, "written")
    assert [(span.word, span.low, span.high) for span in row.spans] == [
        ("label", 0, 4.9),
        ("can’t tell", 4.9, 7.4),
        ("let the LLM write", 7.4, 10),
    ]
    assert all(before.high == after.low for before, after in pairwise(row.spans))
    for limited in cases:
        span = next(span for span in reversed(row.spans) if span.low <= round(100 * limited.margin, 6))
        assert span.word == (advice.SHORT | {verdict.REPLACE: "let the LLM write"})[verdict.decide(limited)].replace(
            "'", "’"
        )


def test_one_word_all_the_way_is_one_span() -> None:
    (span,) = what_if.row("tfidf", at(-30.0, -20.0, what_if.limits(3.0)), "written").spans
    assert (span.word, span.family, span.low, span.high) == ("label", "real", 0, 10)
