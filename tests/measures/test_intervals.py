"""Intervals, against closed forms for the mean."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pyrite.measures import intervals
from pyrite.measures.intervals import Estimate


def test_bootstrap_of_a_mean_has_the_textbook_width() -> None:
    values = np.random.default_rng(0).normal(size=400)
    mean = intervals.of_mean(values, 4000, np.random.default_rng(1))
    assert mean.value == pytest.approx(values.mean())
    assert mean.high - mean.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.05)


def test_samples_are_the_same_when_drawn_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(10.0)
    whole = intervals.of_mean(values, 100, np.random.default_rng(1))
    monkeypatch.setattr(intervals, "_CHUNK", 70)
    assert intervals.of_mean(values, 100, np.random.default_rng(1)) == whole


def test_jackknife_of_a_mean_has_the_textbook_width() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=2000)
    widths = []
    for _ in range(50):
        mean = intervals.jackknife(lambda rows: float(values[rows].mean()), len(values), rng)
        assert mean.value == pytest.approx(values.mean())
        widths.append(mean.high - mean.low)
    # Student's t with 19 degrees of freedom.
    assert np.mean(widths) == pytest.approx(2 * 2.093 * values.std() / np.sqrt(2000), rel=0.05)


def test_what_is_not_defined_is_a_gap_with_a_reason() -> None:
    rng = np.random.default_rng(0)
    never = intervals.bootstrap(lambda times: np.full(len(times), np.nan), 5, 100, rng)
    often = intervals.bootstrap(lambda times: np.where(times[:, 0] > 0, 1.0, np.nan), 5, 100, rng)
    unbounded = intervals.bootstrap(lambda times: np.where(times[:, 0] > 0, 1.0, np.inf), 5, 100, rng)
    assert never.value is None and "not defined" in never.note
    assert often.value == 1 and often.low is None and "not defined" in often.note
    assert unbounded.value == 1 and unbounded.high is None and "without bound" in unbounded.note
    assert intervals.jackknife(lambda rows: float("nan"), 5, rng).value is None
    assert all(estimate.high is None or np.isfinite(estimate.high) for estimate in (never, often, unbounded))


def test_spearman_has_an_interval_that_holds_for_ten_pairs() -> None:
    rng = np.random.default_rng(0)
    # Spearman's rho of a bivariate normal (Pearson 1907).
    true, hits, runs = 6 / np.pi * np.arcsin(0.6 / 2), 0, 300
    for _ in range(runs):
        x, noise = rng.normal(size=(2, 10))
        rho = intervals.spearman(x, 0.6 * x + 0.8 * noise, rng)
        hits += rho.low <= true <= rho.high
    assert 0.93 <= hits / runs <= 0.99


def test_spearman_of_few_pairs_in_perfect_order_stays_unsure() -> None:
    rho = intervals.spearman(np.arange(4.0), np.arange(4.0), np.random.default_rng(0))
    assert rho.value == pytest.approx(1) and rho.high == 1 and rho.low < 0
    # 2 of the 24 orders are as extreme.
    assert rho.p == pytest.approx(2 / 24)


@pytest.mark.parametrize(("x", "note"), [(np.arange(3.0), "needs 4"), (np.ones(8), "the same")])
def test_spearman_without_enough_to_go_by_is_a_gap(x: np.ndarray, note: str) -> None:
    rho = intervals.spearman(x, np.arange(len(x), dtype=float), np.random.default_rng(0))
    assert rho.value is None and note in rho.note


@pytest.mark.parametrize("n", [6, 40])
def test_spearman_and_its_p_are_scipys(n: int) -> None:
    rng = np.random.default_rng(n)
    x, noise = rng.integers(0, 9, size=(2, n)).astype(float)
    rho = intervals.spearman(x, x + noise, rng)
    test = stats.permutation_test(
        (x,), lambda v: stats.spearmanr(v, x + noise).statistic, permutation_type="pairings", n_resamples=1999, rng=rng
    )
    assert rho.value == pytest.approx(stats.spearmanr(x, x + noise).statistic)
    assert rho.p == pytest.approx(test.pvalue, abs=1e-9 if n < 8 else 0.02)


def effects(values: list[float], error: float) -> list[Estimate]:
    return [Estimate(value=value, low=value - 1.96 * error, high=value + 1.96 * error) for value in values]


def test_pooled_effects_are_those_of_a_library_where_studies_differ() -> None:
    from statsmodels.stats.meta_analysis import combine_effects  # takes seconds, which every worker would wait for

    values = [-0.5, -0.1, 0.2, -0.9]
    mean = intervals.pooled(effects(values, 0.1))
    expected = combine_effects(np.array(values), np.full(4, 0.1**2), method_re="dl", use_t=True)
    low, high = expected.conf_int()[3]
    assert (mean.value, mean.low, mean.high) == pytest.approx((expected.mean_effect_re, low, high), abs=1e-4)
    assert mean.p == pytest.approx(2 * stats.t.sf(abs(mean.value) / expected.sd_eff_w_re_hksj, 3), abs=1e-4)
    assert mean.studies == 4


def test_a_meta_regression_of_equally_sure_studies_is_that_of_least_squares() -> None:
    values, moderator = [-0.5, -0.1, 0.2, -0.9, 0.4], [1.0, 2.0, 4.0, 0.5, 3.0]
    slope, line = intervals.regressed(effects(values, 0.1), moderator), stats.linregress(moderator, values)
    assert (slope.value, slope.p) == pytest.approx((line.slope, line.pvalue), abs=1e-4)
    assert (slope.high - slope.low) / 2 == pytest.approx(stats.t.ppf(0.975, 3) * line.stderr, abs=1e-4)
    # Studies on one line by luck: their own errors bound what is known of the slope.
    lucky = intervals.regressed(effects([0.1, 0.2, 0.3], 0.2), [1.0, 2.0, 3.0])
    assert lucky.high - lucky.value == pytest.approx(stats.t.ppf(0.975, 1) * 0.2 / np.sqrt(2), abs=1e-3)
    assert intervals.regressed(effects([0.1, 0.2], 0.2), [1.0, 2.0]).note == "2 with an interval; 3 are needed"


def test_studies_that_agree_by_luck_give_no_sure_mean() -> None:
    mean = intervals.pooled(effects([-0.1, -0.1, -0.1], 0.2))
    reach = stats.t.ppf(0.975, 2) * 0.2 / np.sqrt(3)
    assert (mean.low, mean.high) == pytest.approx((-0.1 - reach, -0.1 + reach), abs=1e-4)


def test_one_study_is_not_pooled_and_those_without_an_interval_are_left_out() -> None:
    missing = Estimate.missing("not defined")
    assert intervals.pooled([*effects([0.1], 0.1), missing]).note == "1 with an interval; 2 are needed"
    assert intervals.pooled([*effects([0.1, 0.2], 0.1), missing]).studies == 2


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(5, 10, 0.2366, 0.7634), (0, 20, 0.0, 0.1611), (98, 100, 0.9300, 0.9945)]
)
def test_a_share_has_wilsons_interval(hits: int, n: int, low: float, high: float) -> None:
    share = intervals.proportion(hits, n)
    assert (share.value, share.low, share.high) == pytest.approx((hits / n, low, high), abs=1e-4)
    assert intervals.proportion(0, 0).value is None


def test_a_share_of_clusters_allows_for_items_that_go_together() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        chance = rng.beta(2, 2, size=12)
        share = intervals.clustered_proportion(rng.binomial(20, chance), np.full(12, 20))
        held += share.low <= 0.5 <= share.high
    # Wilson's interval of 240 independent items holds 0.5 in about half of these.
    assert 0.91 <= held / 300 <= 0.99
    alike = intervals.clustered_proportion(np.full(12, 10), np.full(12, 20))
    assert alike == intervals.proportion(120, 240)
