from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from pyrite.measures import learning_curves, statistics
from pyrite.measures.scores import calibration_error, count, guessing
from pyrite.measures.statistics import Samples


def codes(labels: int = 4, items: int = 30) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.int64, items, elements=st.integers(0, labels - 1))


@given(gold=codes(), predicted=codes())
def test_scores_are_scikit_learns(gold: np.ndarray, predicted: np.ndarray) -> None:
    counts = count(gold, predicted, 4)
    precision, recall, f1, support = precision_recall_fscore_support(gold, predicted, labels=range(4), zero_division=0)
    assert counts.macro_f1() == pytest.approx(f1_score(gold, predicted, average="macro"))
    assert counts.accuracy() == pytest.approx(accuracy_score(gold, predicted))
    np.testing.assert_allclose(counts.precision(), precision)
    np.testing.assert_allclose(counts.recall(), recall)
    np.testing.assert_allclose(counts.f1(), f1)
    np.testing.assert_array_equal(counts.support, support)


def test_calibration_error_by_hand() -> None:
    gold = np.array([0, 0, 1, 1])
    # Two items at confidence 0.9, both right; two at 0.6, one right: (2 * 0.1 + 2 * 0.1) / 4.
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.1, 0.9], [0.6, 0.4]])
    assert calibration_error(gold, probabilities) == pytest.approx(0.1)
    assert calibration_error(gold, np.eye(2)[gold]) == 0


def test_bootstrap_scores_are_those_of_the_drawn_rows() -> None:
    gold, predicted = _predictions(mixes=2, seeds=3, items=40)
    # More resamples than are held in memory at once; 40 items of 5 labels leave some labels out of some samples.
    drawn = statistics.bootstrap(gold, predicted, 5, 700, np.random.default_rng(7))
    rng = np.random.default_rng(7)
    rows = np.concatenate([rng.integers(40, size=(500, 40)), rng.integers(40, size=(200, 40))])
    for b in (0, 499, 500, 699):
        sample = gold[rows[b]]
        for mix, seed in np.ndindex(2, 3):
            codes = predicted[mix, seed, rows[b]]
            assert drawn.macro_f1[b, mix, seed] == pytest.approx(f1_score(sample, codes, average="macro"), abs=1e-6)
            assert drawn.accuracy[b, mix, seed] == pytest.approx(accuracy_score(sample, codes), abs=1e-6)
            by_label = f1_score(sample, codes, average=None, labels=range(5), zero_division=0)
            np.testing.assert_allclose(drawn.f1[b, mix, seed], by_label, atol=1e-6)


def test_swapped_gaps_are_those_of_swapped_predictions() -> None:
    gold, predicted = _predictions(mixes=3, seeds=2, items=40)
    macro_f1, accuracy = statistics.swap(gold, predicted, 5, [(0, 1), (2, 0)], 600, np.random.default_rng(7))
    rng = np.random.default_rng(7)
    kept = np.concatenate([rng.integers(2, size=(500, 40)), rng.integers(2, size=(100, 40))]).astype(bool)
    for b, (pair, (i, j)) in itertools.product((0, 500, 599), enumerate([(0, 1), (2, 0)])):
        one = np.where(kept[b], predicted[i], predicted[j])
        other = np.where(kept[b], predicted[j], predicted[i])
        for gaps, score in (
            (macro_f1, lambda p: f1_score(gold, p, average="macro")),
            (accuracy, lambda p: (gold == p).mean()),
        ):
            expected = np.mean([score(a) - score(b) for a, b in zip(one, other, strict=True)])
            assert gaps[b, pair] == pytest.approx(expected, abs=1e-6)


def _predictions(mixes: int, seeds: int, items: int, labels: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    gold = rng.integers(labels, size=items)
    right = rng.random((mixes, seeds, items)) < 0.6
    return gold, np.where(right, gold, rng.integers(labels, size=right.shape))


def test_variance_of_seeds_and_items_is_recovered() -> None:
    """Accuracy is a mean over items, so its variance components are known in closed form: two-way ANOVA."""
    rng = np.random.default_rng(2)
    seeds, items = 4, 500
    easy = rng.random(items)
    gold = np.zeros(items, dtype=np.int64)
    right = rng.random((seeds, items)) < np.clip(easy + 0.1 * rng.standard_normal((seeds, 1)), 0, 1)
    predicted = np.where(right, 0, 1)[None]
    drawn = statistics.bootstrap(gold, predicted, 2, 20_000, rng)
    estimate = Samples(right.mean(1)[:, None], drawn.accuracy.swapaxes(1, 2))

    covariance = np.cov(right.astype(float), bias=True)
    between_seeds = (covariance.sum() - np.trace(covariance)) / (seeds * (seeds - 1))
    assert estimate.item_variance[0] == pytest.approx(between_seeds / items, rel=0.05)
    assert estimate.seed_variance[0] == pytest.approx(right.mean(1).var(ddof=1) / seeds)


def test_equal_seeds_leave_the_binomial_interval() -> None:
    rng = np.random.default_rng(3)
    gold = np.zeros(400, dtype=np.int64)
    predicted = np.repeat((rng.random(400) < 0.3).astype(np.int64)[None, None], 3, axis=1)
    share = (predicted[0, 0] == 0).mean()
    drawn = statistics.bootstrap(gold, predicted, 2, 20_000, rng)
    estimate = Samples(np.full((3, 1), share), drawn.accuracy.swapaxes(1, 2))
    low, high = estimate.interval(0.95)
    reach = 1.96 * np.sqrt(share * (1 - share) / 400)
    assert (low[0], high[0]) == pytest.approx((share - reach, share + reach), abs=0.002)
    assert estimate.seed_variance[0] == 0


def test_equal_items_leave_students_interval() -> None:
    observed = np.array([[0.70], [0.74], [0.75]])
    estimate = Samples(observed, np.repeat(observed[None], 100, axis=0))
    expected = stats.t.interval(0.95, 2, loc=observed.mean(), scale=stats.sem(observed[:, 0]))
    assert [end[0] for end in estimate.interval(0.95)] == pytest.approx(expected)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("ratio", [0.0, 0.1, 1.0, 5.0, 100.0])
def test_intervals_and_tests_hold_whichever_source_is_the_larger(seeds: int, ratio: float) -> None:
    """Many studies at once with normal errors: few seeds, and `ratio` times the items' variance from them."""
    rng = np.random.default_rng(10)
    studies = 20_000
    error = rng.standard_normal(studies) + np.sqrt(seeds * ratio) * rng.standard_normal((seeds, studies))
    shared = np.repeat(rng.standard_normal((1000, 1, 1)), seeds, axis=1)
    estimate = Samples(error, np.broadcast_to(shared / shared.std(), (1000, seeds, 1)))
    low, high = estimate.interval(0.95)
    assert 0.928 < np.mean((low < 0) & (high > 0)) < 0.973
    # Two one-sided tests: at most one study in twenty is wrong, on either side.
    low, high = estimate.interval(0.90)
    assert np.mean(low > 0) < (0.060 if seeds == 2 else 0.055)
    assert np.mean(high < 0) < (0.060 if seeds == 2 else 0.055)


def test_the_quantile_lies_between_the_normal_and_students() -> None:
    """Cochran and Cox, but for the power: half of the variance is the seeds' here."""
    observed = np.array([[0.70], [0.74], [0.75]])
    items = np.random.default_rng(0).normal(0.73, np.sqrt(observed.var(ddof=1) / 3), (50_000, 1, 1)).repeat(3, axis=1)
    estimate = Samples(observed, items)
    weight = 0.5**1.25
    quantile = (1 - weight) * stats.norm.ppf(0.975) + weight * stats.t.ppf(0.975, 2)
    low, high = (end[0] for end in estimate.interval(0.95))
    assert (high - low) / 2 / estimate.error[0] == pytest.approx(quantile, rel=0.01)
    # The draws have the same tails.
    drawn = estimate.draws(np.random.default_rng(1))[:, 0]
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx((low, high), abs=0.002)


def test_half_of_the_halves_difference_covers_another_generated_set() -> None:
    rng = np.random.default_rng(4)
    studies, generation = 4000, 1.0
    observed = rng.normal(0, np.sqrt(1 + generation), (1, studies))
    items = np.tile(rng.standard_normal((500, 1, 1)), (1, 1, studies))
    halves = rng.normal(0, np.sqrt(4 * generation), (1, studies))
    known, unknown = Samples(observed, items, halves=halves), Samples(observed, items)
    covered = [np.mean((low <= 0) & (high >= 0)) for low, high in (known.interval(0.95), unknown.interval(0.95))]
    assert 0.90 < covered[0] < 0.96 and covered[1] < 0.87
    # Two statistics of the same set move together: their gap is as sure as if nothing had moved.
    both = Samples(np.zeros((1, 2)), items[..., :2], halves=np.full((1, 2), 5.0))
    draws = both.draws(rng)
    assert both.minus([0], [1]).generation_variance == 0
    assert draws[:, 0].std() > 2 and np.ptp(draws[:, 0] - draws[:, 1]) < 1e-6


def test_one_seed_has_the_items_only() -> None:
    rng = np.random.default_rng(4)
    drawn = rng.normal(0.7, 0.02, (5000, 1, 1))
    estimate = Samples(np.array([[0.7]]), drawn)
    assert estimate.error[0] == pytest.approx(0.02, rel=0.05)
    assert np.isfinite(estimate.draws(rng)).all()


def test_far_draws_stay_finite() -> None:
    # Two seeds that differ much, and items whose covariance between seeds the bootstrap puts below 0.
    rng = np.random.default_rng(12)
    drawn = rng.normal(0.5, 0.1, (2000, 2, 3))
    drawn[:, 1] = 1 - drawn[:, 0]
    draws = Samples(np.array([[0.5, 0.5, 0.5], [0.5, 0.50001, 0.9]]), drawn).draws(rng)
    assert np.abs(draws).max() < 1e6


def test_detectable_gap_is_found_four_times_in_five() -> None:
    rng = np.random.default_rng(5)
    estimate = Samples(np.zeros((3, 1)), rng.normal(0, 0.01, (20_000, 1, 1)).repeat(3, axis=1))
    gap = estimate.detectable()[0]
    reach = 1.96 * estimate.error[0]
    significant = np.abs(rng.normal(gap, estimate.error[0], 20_000)) > reach
    assert significant.mean() == pytest.approx(0.80, abs=0.02)


def test_draws_have_the_estimates_covariance() -> None:
    rng = np.random.default_rng(6)
    shared = rng.normal(0, 0.02, (20_000, 1, 3)) @ np.array([[1, 0.8, 0], [0, 0.6, 0], [0, 0, 1]])
    resampled = shared + rng.normal(0, 0.03, (20_000, 4, 3))
    estimate = Samples(np.full((4, 3), 0.5), resampled)
    draws = estimate.draws(rng)
    wanted = 0.02**2 * np.array([[1, 0.8, 0], [0.8, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(np.cov(draws, rowvar=False), wanted, atol=0.05 * 0.02**2)
    # Seeds that differ in one statistic only widen that one.
    estimate = Samples(np.array([[0.5, 0.4, 0.5], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0.5, 0.6, 0.5]]), resampled)
    spread = estimate.draws(rng).std(0)
    assert spread[1] > 2 * spread[0]
    assert spread[0] == pytest.approx(0.02, rel=0.05)


def test_p_without_seeds_is_the_exact_permutation_test() -> None:
    gold = np.zeros(12, dtype=np.int64)
    predicted = np.array([[0] * 9 + [1] * 3, [0] * 4 + [1] * 5 + [0] * 2 + [1]])[:, None].repeat(2, axis=1)
    rng = np.random.default_rng(8)
    drawn = statistics.bootstrap(gold, predicted, 2, 20_000, rng).accuracy.swapaxes(1, 2)
    gaps = Samples((predicted == gold).mean(-1).T, drawn).minus([0], [1])
    _, swapped = statistics.swap(gold, predicted, 2, [(0, 1)], 20_000, rng)
    # 5 items speak for one mix and 2 for the other: McNemar's exact test.
    exact = stats.binomtest(5, 7).pvalue
    assert gaps.p_values(swapped, rng)[0] == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("personas", [1, 5])
def test_gaps_without_paired_seeds_cover_the_truth(personas: int) -> None:
    """Two classifiers with unequal numbers of seeds on the same hard and easy items; the truth is no gap."""
    rng, covered = np.random.default_rng(11), []
    for _ in range(200):
        gold, easy = np.zeros(150, dtype=np.int64), rng.random(150)
        estimates = []
        for seeds in (personas, 3):
            skill = easy + (rng.normal(0, 0.03, (seeds, 1)) if personas > 1 else 0)
            predicted = (rng.random((seeds, 150)) > skill).astype(np.int64)
            drawn = statistics.bootstrap(gold, predicted, 2, 200, np.random.default_rng(0)).accuracy
            estimates.append(Samples((predicted == gold).mean(-1)[:, None], drawn[..., None]))
        _, low, high = statistics.unpaired(*estimates, 0.95)
        covered.append(low[0] < 0 < high[0])
    assert 0.92 < np.mean(covered) <= 0.995


def test_gap_is_paired() -> None:
    gold, predicted = _predictions(mixes=1, seeds=3, items=200)
    both = np.concatenate([predicted, predicted])
    drawn = statistics.bootstrap(gold, both, 5, 200, np.random.default_rng(0))
    gap = Samples(count(gold, both, 5).macro_f1().T, drawn.macro_f1.swapaxes(1, 2)).minus([0], [1])
    assert gap.mean[0] == gap.error[0] == 0
    swapped, _ = statistics.swap(gold, both, 5, [(0, 1)], 100, np.random.default_rng(0))
    assert gap.p_values(swapped, np.random.default_rng(0))[0] == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_is_bonferroni_of_every_intersection(p_values: list[float]) -> None:
    # The closure principle (Marcus, Peritz and Gabriel 1976): a hypothesis falls with all sets that it belongs to.
    every = range(len(p_values))
    sets = [some for size in every for some in itertools.combinations(every, size + 1)]
    of_set = {some: min(1.0, len(some) * min(p_values[i] for i in some)) for some in sets}
    expected = [max(p for some, p in of_set.items() if i in some) for i in every]
    np.testing.assert_allclose(statistics.holm(p_values), expected)


def test_holm_by_hand() -> None:
    assert statistics.holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.5])


@given(arrays(float, (3, 7), elements=st.floats(0, 1)), arrays(float, 7, elements=st.floats(0.01, 100)))
def test_isotonic_is_scikit_learns(curves: np.ndarray, weights: np.ndarray) -> None:
    fitted = learning_curves.isotonic(curves, weights)
    for curve, fit in zip(curves, fitted, strict=True):
        expected = IsotonicRegression().fit_transform(np.arange(7), curve, sample_weight=weights)
        np.testing.assert_allclose(fit, expected, atol=1e-9)


ROWS = [50, 100, 200, 400]


def _worth(curve: list[float], score: float) -> float:
    return float(learning_curves.worth(ROWS, np.array(curve), np.ones(4), np.array(score)))


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0.49, 0), (0.5, 50), (0.55, np.sqrt(50 * 100)), (0.6, 100), (0.7, 200), (0.8, 400), (0.81, np.inf)],
)
def test_worth_inverts_the_curve(score: float, expected: float) -> None:
    assert _worth([0.5, 0.6, 0.7, 0.8], score) == pytest.approx(expected)


def test_worth_on_a_plateau_is_its_fewest_rows() -> None:
    assert _worth([0.5, 0.7, 0.7, 0.8], 0.7) == pytest.approx(100)
    # Scores that fall with more data are levelled: 0.7 and 0.6 become 0.65 each.
    assert _worth([0.5, 0.7, 0.6, 0.8], 0.65) == pytest.approx(100)
    assert _worth([0.8, 0.7, 0.6, 0.5], 0.7) == np.inf
    assert _worth([0.8, 0.7, 0.6, 0.5], 0.6) == 0


@given(arrays(float, 4, elements=st.floats(0, 1)), st.floats(0, 1), st.floats(0, 1))
def test_worth_rises_with_the_score(curve: np.ndarray, one: float, other: float) -> None:
    few, many = (_worth(list(curve), score) for score in sorted((one, other)))
    assert few <= many * (1 + 1e-9)


def test_intervals_cover_the_truth() -> None:
    """Two hundred small studies with known truth; `benchmarks/coverage.py` looks closer."""
    rng = np.random.default_rng(9)
    covered, rejected = [], []
    for _ in range(200):
        seeds, items = 3, 200
        gold = np.zeros(items, dtype=np.int64)
        logits = rng.normal(1.0, 1.0, items) + rng.normal(0, 0.1, (2, seeds, 1)) + rng.normal(0, 0.7, (2, seeds, items))
        predicted = (logits < 0).astype(np.int64)
        drawn = statistics.bootstrap(gold, predicted, 2, 300, rng).accuracy.swapaxes(1, 2)
        estimate = Samples((predicted == gold).mean(-1).T, drawn)
        truth = stats.norm.cdf(1 / np.sqrt(1 + 0.1**2 + 0.7**2))
        low, high = estimate.interval(0.95)
        covered.append(np.mean((low < truth) & (truth < high)))
        _, swapped = statistics.swap(gold, predicted, 2, [(0, 1)], 300, rng)
        rejected.append(estimate.minus([0], [1]).p_values(swapped, rng)[0] < 0.05)
    assert 0.91 < np.mean(covered) < 0.99
    assert np.mean(rejected) < 0.10


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (0.25, 0.25, 0.25, 0.25), (0.6, 0.3, 0.1)])
def test_guessing_is_the_best_of_three_ways_to_guess(shares: tuple[float, ...]) -> None:
    rng = np.random.default_rng(0)
    n, labels = 200_000, len(shares)
    gold = rng.choice(labels, size=n, p=shares)
    ways = (np.zeros(n, int), rng.integers(labels, size=n), rng.choice(labels, size=n, p=shares))
    expected = max(f1_score(gold, guesses, average="macro", zero_division=0) for guesses in ways)
    assert guessing(np.bincount(gold).astype(float)) == pytest.approx(expected, abs=0.004)


def test_the_floor_is_clopper_and_pearsons_bound_for_no_success() -> None:
    for rows, level in ((25, 0.9), (1000, 0.95)):
        assert statistics.floor(rows, level) == pytest.approx(stats.beta.ppf((1 + level) / 2, 1, rows))
