"""Agreement and alpha, against the `krippendorff` package, its published example and the definition over pairs."""

from __future__ import annotations

import itertools

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.measures import agreement, intervals

COUNTS = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3).filter(any), min_size=1, max_size=12).map(
    lambda rows: np.array(rows, dtype=float)
)


def defined(counts: np.ndarray) -> bool:
    return (counts[counts.sum(1) >= 2].sum(0) > 0).sum() > 1


@given(COUNTS)
def test_alpha_is_that_of_the_package(counts: np.ndarray) -> None:
    if defined(counts):
        expected = krippendorff.alpha(value_counts=counts.astype(int), level_of_measurement="nominal")
        assert agreement.krippendorff_alpha(counts) == pytest.approx(expected, abs=1e-9)
    else:
        assert np.isnan(agreement.krippendorff_alpha(counts))


def test_alpha_of_the_published_example() -> None:
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: nominal data, any number of observers,
    # missing data. The paper gives 0.743.
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    counts = np.array([[unit.count(label) for label in range(1, 6)] for unit in zip(*observers, strict=True)], float)
    assert agreement.krippendorff_alpha(counts) == pytest.approx(0.743, abs=5e-4)


@given(COUNTS, st.integers(0, 99))
def test_a_bootstrap_sample_is_the_units_written_out(counts: np.ndarray, seed: int) -> None:
    times = np.random.default_rng(seed).integers(0, 3, size=(4, len(counts))).astype(float)
    for sample, alpha in zip(times, agreement.krippendorff_alpha(counts, times), strict=True):
        written_out = np.repeat(counts, sample.astype(int), axis=0)
        np.testing.assert_allclose(alpha, agreement.krippendorff_alpha(written_out), atol=1e-9)


@given(COUNTS)
def test_agreement_is_the_share_of_the_most_frequent_label(counts: np.ndarray) -> None:
    for row, share in zip(counts.astype(int), agreement.of_units(counts), strict=True):
        votes = list(itertools.chain.from_iterable([label] * n for label, n in enumerate(row)))
        assert share == max(votes.count(label) for label in votes) / len(votes)


def test_what_says_nothing_is_a_gap_with_a_reason() -> None:
    rng = np.random.default_rng(0)
    never_overlap = agreement.summary(np.eye(3), 100, rng)
    same = agreement.summary(np.array([[3.0, 0], [2, 0], [1, 0]]), 100, rng)
    assert never_overlap.mean_agreement.value is None
    assert never_overlap.alpha.note == "no item has two annotations"
    assert same.mean_agreement == intervals.Estimate(value=1, low=1, high=1)
    assert same.alpha.value is None and "same label" in same.alpha.note


def test_units_with_one_annotation_do_not_raise_the_agreement() -> None:
    split = np.array([[1.0, 1.0]] * 4)
    alone = np.array([[1.0, 0.0]] * 50)
    summary = agreement.summary(np.concatenate([split, alone]), 100, np.random.default_rng(0))
    assert summary.mean_agreement.value == 0.5
