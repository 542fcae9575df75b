from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

import metrics
from pyrite.params import Price
from pyrite.results import frontier, purchases
from pyrite.results.evaluation import ClassifierResult
from pyrite.results.purchases import Purchase
from pyrite.results.study import TaskMetrics

PRICE = Price(input=1.0, output=2.0, date="2026-11-01")
SCORES = {"real@50": 0.6, "real@100": 0.7, "real": 0.8, "few_shot@100": 0.7, "few_shot": 0.75, "real+few_shot": 0.85}
ROWS = {"real@50": 50, "real@100": 100, "real": 400, "few_shot@100": 100, "few_shot": 200, "real+few_shot": 600}


def classifier(scores: Mapping[str, float], rows: Mapping[str, int]) -> ClassifierResult:
    """A classifier with these scores and rows of its mixes, and no gaps."""
    mixes = {name: metrics.mix(value).model_copy(update={"rows": rows[name]}) for name, value in scores.items()}
    gaps = {name: {} for name in mixes if "@" not in name}
    return metrics.classifier({}).model_copy(update={"mixes": mixes, "gaps": gaps})


def task(
    cost: float | None = 2.0,
    llm: object = None,
    *,
    prices: dict[str, Price] | None = None,
    label_price: float | None = 0.1,
    llm_price: float | None = None,
    texts: int | None = None,
    **counts: object,
) -> TaskMetrics:
    """A study whose probe has two curves; the few-shot texts cost two dollars."""
    source = metrics.generated("fruit", "few_shot", cost_usd=cost).model_copy(update=counts)
    scored = metrics.task("fruit", {"probe": classifier(SCORES, ROWS)}, llm=llm)
    comparison = {"label_price": label_price, "llm_price": llm_price, "texts_per_month": texts, "prices": prices or {}}
    return metrics.of_task(scored, {"few_shot": source}, **comparison)


def test_every_option_has_its_points_and_what_they_cost() -> None:
    bought = purchases.of_task(task())
    costs = {(purchase.option, purchase.labels, purchase.texts): purchase.cost_usd for purchase in bought}
    assert costs == pytest.approx(
        {
            ("real", 50, 0): 5.0,
            ("real", 100, 0): 10.0,
            ("real", 400, 0): 40.0,
            ("few_shot", 0, 100): 1.0,  # half of the texts, half of the money
            ("few_shot", 0, 200): 2.0,
            ("real+few_shot", 400, 200): 42.0,
        }
    )


def test_halves_equal_sizes_and_the_pool_are_no_options() -> None:
    classifier = metrics.classifier(
        {"real": 0.8, "real@equal": 0.7, "pool": 0.6, "pool+few_shot": 0.7, "few_shot@even": 0.6}
    )
    assert list(purchases.curves(classifier)) == ["real"]


def test_recorded_texts_have_the_price_of_a_model_that_has_one() -> None:
    tokens = {"reckoned_tokens": (1_000_000, 500_000)}
    recorded = task(None, prices={"other": PRICE}, **tokens)
    assert purchases.of_task(recorded)[-2].cost_usd == pytest.approx(2.0)
    front = frontier.find(recorded)
    assert (front.borrowed, front.missing) == ("other", ())
    assert "as if other had written them" in frontier.sentence(front)
    # Its own price goes before.
    assert frontier.find(task(None, prices={"other": PRICE, "a/llm": PRICE}, **tokens)).borrowed == ""
    assert frontier.find(task(None, **tokens)).missing == ("generate.prices",)
    # No model's price is that of a set that somebody else made.
    imported = task(None, prices={"other": PRICE}, kind="imported")
    assert frontier.find(imported).missing == ("sources.few_shot.cost_usd",)


def test_texts_of_an_llm_that_answered_have_no_other_models_price() -> None:
    charged = metrics.generated("fruit", "few_shot", prompt_tokens=9, completion_tokens=9).total
    live = {"reckoned_tokens": (8, 8), "total": charged}
    front = frontier.find(task(None, prices={"other": PRICE}, **live))
    assert (front.borrowed, front.missing) == ("", ("generate.prices",))
    own = task(None, prices={"other": PRICE, "a/llm": PRICE}, **live)
    assert own.price("few_shot") == pytest.approx(27e-6)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_none_on_the_frontier_is_beaten_and_all_others_are(points: list[tuple[int, int]]) -> None:
    costs, scores = [cost for cost, _ in points], [score for _, score in points]
    best = frontier.efficient(costs, scores)
    assert [costs[place] for place in best] == sorted({costs[place] for place in best})
    for place, (cost, score) in enumerate(points):
        as_good = [k for k in best if costs[k] <= cost and scores[k] >= score]
        assert as_good
        assert place not in best or as_good == [place]


def test_the_sentence_names_the_cheapest_way_and_the_best_for_a_tenth() -> None:
    front = frontier.find(task())
    assert [purchase.mix for purchase in front.on_it] == ["few_shot@100", "few_shot", "real", "real+few_shot"]
    words = frontier.sentence(front)
    assert words.startswith("The cheapest way to 85 macro-F1 is 400 hand labels and 200 few-shot texts, about $42.00")
    assert "with $4.20 the best is 200 few-shot texts (75.0)" in words
    # One more, were it a whole step better.
    cheap = Purchase(option="few_shot", mix="few_shot", labels=0, texts=9, score=metrics.score(0.85), cost_usd=1.0)
    only = front.model_copy(update={"purchases": (*front.purchases, cheap), "best": (len(front.purchases),)})
    assert frontier.sentence(only) == "The cheapest way to 85 macro-F1 is 9 few-shot texts, about $1.00."


def test_without_the_price_of_a_label_it_says_which_line_to_fill() -> None:
    front = frontier.find(task(label_price=None))
    assert (front.best, front.missing) == ((), ("compare.label_price",))
    assert "fill compare.label_price in params.yaml" in frontier.sentence(front)
    # One row an option: the largest of each.
    assert [row["What is bought"] for row in frontier.table(front).rows] == ["real", "few-shot", "real + few-shot"]
    assert {str(row["Cost"]) for row in frontier.table(front).rows} == {"?", "$2.00"}


def test_the_llm_itself_is_an_option_at_its_price_for_a_month() -> None:
    llm = metrics.llm(0.95, {"real": (0.1, 0.05, 0.15)}, ("probe",))
    front = frontier.find(task(llm=llm, llm_price=0.5, texts=10_000))
    called = next(purchase for purchase in front.purchases if purchase.option == "llm")
    # The baseline's score on all test rows, moved by the gap on those that the LLM labelled.
    assert (called.score.value, called.cost_usd) == (pytest.approx(0.9), pytest.approx(5.0))
    assert front.on_it[-1] == called
    assert frontier.find(task(llm=llm, llm_price=0.5)).missing == ("compare.texts_per_month",)
