"""Accuracy against agreement: thresholds, bins, and the logistic slope against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from pyrite.measures import agreement_curves


def items(rng: np.random.Generator, n: int = 600, slope: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Agreement of five annotators, and rightness whose log-odds rise by `slope` for 0.1 of it."""
    agreement = rng.choice([0.4, 0.6, 0.8, 1.0], size=n)
    odds = 10 * slope * (agreement - 0.6)
    return agreement, (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(float)


def test_thresholds_and_bins_are_plain_means() -> None:
    agreement, right = items(np.random.default_rng(0))
    curve = agreement_curves.against_agreement(agreement, right, None, 200, np.random.default_rng(1))
    assert [point.agreement for point in curve.thresholds] == [0.4, 0.6, 0.8, 1.0]
    for point in curve.thresholds:
        of = right[agreement >= point.agreement - 1e-9]
        assert (point.items, point.accuracy.value) == (len(of), pytest.approx(of.mean()))
        assert point.accuracy.low < of.mean() < point.accuracy.high
    for point in curve.bins:
        of = right[np.isclose(agreement, point.agreement)]
        assert (point.items, point.accuracy.value) == (len(of), pytest.approx(of.mean()))
    x, y = zip(*((point.agreement, point.accuracy.value) for point in curve.thresholds), strict=True)
    assert curve.r_squared == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    assert curve.spearman == pytest.approx(1)


def test_agreement_of_many_annotators_falls_on_multiples_of_a_twentieth() -> None:
    rng = np.random.default_rng(0)
    agreement = rng.integers(35, 91, size=500) / 90
    curve = agreement_curves.against_agreement(agreement, rng.integers(0, 2, 500).astype(float), None, 100, rng)
    assert sum(point.items for point in curve.bins) == 500
    assert all(round(20 * point.agreement, 9) % 1 == 0 for point in curve.thresholds)
    assert curve.thresholds[0].items == 500


def test_slope_is_the_maximum_likelihood_one() -> None:
    agreement, right = items(np.random.default_rng(0))
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(10 * agreement[:, None], right)
    slope = agreement_curves.slope(agreement, right, 400, np.random.default_rng(1))
    assert slope.value == pytest.approx(model.coef_[0, 0], abs=1e-4)
    assert slope.low < 0.5 < slope.high
    # The bootstrap's width is that of the Fisher information.
    p = model.predict_proba(10 * agreement[:, None])[:, 1]
    design = np.column_stack([np.ones(len(p)), 10 * agreement])
    error = np.sqrt(np.linalg.inv(design.T @ (design * (p * (1 - p))[:, None]))[1, 1])
    assert slope.high - slope.low == pytest.approx(2 * 1.96 * error, rel=0.2)


def test_shares_of_several_fits_count_as_that_many_outcomes() -> None:
    rng = np.random.default_rng(0)
    agreement, _ = items(rng)
    outcomes = np.column_stack([items(np.random.default_rng(k))[1] for k in range(3)])
    slope = agreement_curves.slope(agreement, outcomes.mean(1), 100, rng).value
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(np.repeat(10 * agreement, 3)[:, None], outcomes.ravel())
    assert slope == pytest.approx(model.coef_[0, 0], abs=1e-4)


@pytest.mark.parametrize(
    ("agreement", "right", "note"),
    [
        (np.full(20, 0.8), np.tile([0.0, 1.0], 10), "same agreement"),
        (np.tile([0.6, 1.0], 10), np.ones(20), "equally right"),
        (np.array([0.6, 1.0]), np.array([0.0, 1.0]), "2 items"),
        (np.repeat([0.6, 1.0], 10), np.repeat([0.0, 1.0], 10), "without bound"),
    ],
)
def test_a_slope_that_is_none_is_a_gap(agreement: np.ndarray, right: np.ndarray, note: str) -> None:
    slope = agreement_curves.slope(agreement, right, 100, np.random.default_rng(0))
    assert slope.value is None and note in slope.note


def test_a_nearly_separated_slope_has_no_bound() -> None:
    agreement, right = np.repeat([0.6, 1.0], 10), np.repeat([0.0, 1.0], 10)
    right[0], right[-1] = 1, 0
    slope = agreement_curves.slope(agreement, right, 400, np.random.default_rng(0))
    assert slope.value > 0 and slope.high is None and "without bound" in slope.note


def test_a_point_with_few_items_is_dropped_and_marked() -> None:
    agreement = np.repeat([0.4, 0.6, 0.8, 1.0], [20, 20, 20, 4])
    right = np.tile([0.0, 1.0], 32)
    curve = agreement_curves.against_agreement(agreement, right, None, 100, np.random.default_rng(0))
    assert curve.thresholds[-1].accuracy.value is None
    assert curve.thresholds[-1].accuracy.note == "4 items; 5 are needed"
    assert curve.r_squared is None and "the same" in curve.note


def test_one_agreement_for_all_is_no_trend() -> None:
    curve = agreement_curves.against_agreement(
        np.ones(30), np.tile([0.0, 1.0], 15), None, 100, np.random.default_rng(0)
    )
    assert len(curve.thresholds) == 1
    assert curve.spearman is None and "a trend needs 3" in curve.note


def test_the_difference_of_slopes_is_paired_over_items() -> None:
    rng = np.random.default_rng(0)
    agreement, right = items(rng, slope=0.8)
    _, other = items(np.random.default_rng(0), slope=0.2)
    difference = agreement_curves.slope(agreement, right, 400, np.random.default_rng(1), beyond=other)
    slope, other_slope = (agreement_curves.slope(agreement, of, 400, np.random.default_rng(1)) for of in (right, other))
    assert difference.value == pytest.approx(slope.value - other_slope.value)
    assert difference.low > 0
    same = agreement_curves.slope(agreement, right, 400, np.random.default_rng(1), beyond=right)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_a_difference_without_a_slope_is_a_gap() -> None:
    agreement, right = items(np.random.default_rng(0))
    difference = agreement_curves.slope(agreement, right, 100, np.random.default_rng(0), beyond=np.ones(len(right)))
    assert difference.value is None and "equally right" in difference.note
    parted = np.repeat([0.6, 1.0], 10)
    hit = (parted > 0.8) * 1.0
    both = agreement_curves.slope(parted, hit, 100, np.random.default_rng(0), beyond=hit)
    assert both.value is None and "not defined" in both.note
