from __future__ import annotations

import pytest
from test_frontier import SCORES, classifier, task

import metrics
from pyrite.results import forecasts
from pyrite.results.study import TaskMetrics


def curved(scores: dict[str, float], few_shot: int = 800, real: int = 800, **comparison: object) -> TaskMetrics:
    whole = {"few_shot": few_shot, "real": real}
    rows = {name: int(name.partition("@")[2] or whole[name]) for name in scores}
    sources = {"few_shot": metrics.generated("fruit", "few_shot", cost_usd=2.0)}
    return metrics.of_task(metrics.task("fruit", {"probe": classifier(scores, rows)}), sources, **comparison)


RISES = {"real@100": 0.60, "real@200": 0.68, "real@400": 0.74, "real": 0.785}
LEVEL = {"real@100": 0.80, "real@200": 0.80, "real@400": 0.80, "real": 0.80}


def test_twice_and_ten_times_as_many_labels() -> None:
    twice, ten = forecasts.find(curved(RISES, label_price=0.1))
    assert (twice.times, twice.bought, twice.now) == (2, 800, 0.785)
    assert 0.80 < twice.score.value < 0.84 < ten.score.value
    # 800 and 7,200 labels more, at ten cents.
    assert (twice.cost_usd, ten.cost_usd) == (pytest.approx(80.0), pytest.approx(720.0))
    assert twice.worth_it
    assert ten.worth_it


def test_it_is_not_worth_it_where_even_the_upper_end_gains_less_than_the_margin() -> None:
    twice, ten = forecasts.find(curved(LEVEL))
    assert not twice.worth_it
    reach = ten.score.high - ten.now
    for margin, worth_it in ((100 * reach - 0.01, True), (100 * reach + 0.01, False)):
        assert forecasts.find(curved(LEVEL, margin=margin))[1].worth_it is worth_it


def test_two_sizes_foretell_nothing() -> None:
    assert {forecast.option for forecast in forecasts.find(task())} == {"real"}
    assert "few_shot@100" in SCORES


def test_generated_texts_alone_are_foretold_half_of_the_gain_and_a_wider_interval() -> None:
    alone = {name.replace("real", "few_shot"): score for name, score in RISES.items()}
    foretold = forecasts.find(curved(RISES | alone, few_shot=800))
    real, few_shot = (twice.score for twice in foretold if twice.times == 2)
    assert few_shot.value - RISES["real"] == pytest.approx((real.value - RISES["real"]) / 2)
    assert few_shot.high - few_shot.low > 2 * (real.high - real.low)


@pytest.mark.parametrize(
    ("real", "expected"), [(0.67, forecasts.LIKELY), (0.75, forecasts.OPEN), (0.90, forecasts.UNLIKELY)]
)
def test_a_pilot_says_whether_the_whole_set_is_likely_to_do(real: float, expected: str) -> None:
    pilot = {"real": real, "few_shot@20": 0.60, "few_shot@30": 0.64, "few_shot": 0.66}
    _, chance = forecasts.whole_set(curved(pilot, few_shot=40), "few_shot", 200)
    assert chance == expected


def test_a_pilot_needs_three_sizes_and_fewer_texts_than_the_whole() -> None:
    pilot = {"real": 0.8, "few_shot@20": 0.60, "few_shot": 0.66}
    assert forecasts.whole_set(curved(pilot, few_shot=40), "few_shot", 200) is None
    whole = pilot | {"few_shot@30": 0.64}
    assert forecasts.whole_set(curved(whole, few_shot=200), "few_shot", 200) is None
