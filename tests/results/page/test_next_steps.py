from __future__ import annotations

from typing import Any

from test_forecasts import LEVEL, RISES, curved
from test_frontier import task
from test_verdict import HELPS, case, gap

import metrics
from pyrite.measures.filtering import Filtering
from pyrite.results import frontier
from pyrite.results.diversity import Diversity
from pyrite.results.page import next_steps


def called(low: float, cost: float | None = 2.0, **prices: Any) -> str:
    llm = metrics.llm(0.9, {"real": (low + 0.05, low, low + 0.1)}, ("probe",))
    fruit = task(cost, llm=llm, **prices)
    return next_steps.call(fruit, frontier.find(fruit))


def test_the_llm_is_advised_where_it_is_surely_better() -> None:
    assert called(0.0) == ""
    assert called(-0.01) == ""
    advice = called(0.001)
    assert "better by 5.1 points (+0.1 to +10.1, on 100 texts)" in advice
    assert "fill compare.llm_price and compare.texts_per_month in" in advice
    # The LLM has its price, and nothing that it would stand in for has one.
    advice = called(0.001, cost=None, llm_price=0.5, label_price=None, texts=9)
    assert "fill compare.label_price and generate.prices in" in advice
    # The best classifier's texts cost $42; at half a dollar a thousand that is 84,000 texts.
    advice = called(0.001, llm_price=0.5)
    assert "unless you have more than 84,000 texts a month" in advice
    assert "$42.00" in advice
    # Without a price of labels, what the best would cost is not known; generated texts are.
    advice = called(0.001, llm_price=0.5, label_price=None)
    assert "4,000 texts a month" in advice


def labelled(scores: dict[str, float], **rows: int) -> str:
    fruit = curved(scores, label_price=0.1, **rows)
    return next_steps.label(fruit, frontier.find(fruit))


def test_more_labels_are_advised_while_the_curve_surely_rises() -> None:
    advice = labelled(RISES)
    assert advice.startswith("Label 50 more, for $5.00: `pyrite next fruit` says which.")
    assert "twice as many labels as now +3." in advice
    assert labelled(LEVEL) == ""
    # A quarter as steep, twice the labels may as well give nothing; 128 times as many labels on, 50 are nothing.
    few = dict(zip(("real@25", "real@50", "real@100", "real"), RISES.values(), strict=True))
    flat = [{name: 0.6 + share * (score - 0.6) for name, score in few.items()} for share in (0.25, 0.3)]
    assert [bool(labelled(scores, real=200)) for scores in flat] == [False, True]
    assert labelled({f"real@{128 * int(name[5:] or 800)}": score for name, score in RISES.items()}) == ""
    # Two sizes are no evidence.
    assert labelled({"real@400": 0.74, "real": 0.785}) == ""


def test_a_study_gets_its_lines_in_order() -> None:
    fruit = curved(RISES)
    first, second = next_steps.lines(fruit, case(gap(-9.0, 2.0), HELPS), frontier.find(fruit))
    assert first == "Train on all your labels with few-shot added." and second.startswith("Label 50 more")


def filtering(alone: float, mixed: float) -> Diversity:
    gains = {
        "kept_alone": metrics.interval(alone),
        "kept_mixed": metrics.interval(mixed),
        **dict.fromkeys(("weighted_alone", "weighted_mixed"), metrics.interval(0.0)),
    }
    of_source = {"few_shot": Filtering(checked_by=200, kept=0.8, alone=0.7, **gains)}
    return Diversity(task="fruit", texts=9, sets={}, map_variance=(0.1, 0.1), left_out={}, filtering=of_source)


def test_filtering_is_advised_where_it_surely_changes_something() -> None:
    assert next_steps.filtered(None) == []
    assert next_steps.filtered(filtering(0.02, 0.02)) == []  # the intervals begin at 0
    [advice] = next_steps.filtered(filtering(0.03, 0.0))
    assert advice.startswith("Filtering few-shot would help it alone: the 80%")
    assert "+3.0 (+1.0 to +5.0) points alone, +0.0 (-2.0 to +2.0) with" in advice
    assert next_steps.filtered(filtering(0.0, 0.03))[0].startswith("Filtering few-shot would help: ")
    table = next_steps.filter_table(filtering(0.03, 0.0))
    assert table
    assert str(table.rows[0]["Kept, alone"]) == "+3.0 (+1.0 to +5.0)"
