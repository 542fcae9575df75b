from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pyrite.measures import selection


def of(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows)


def test_the_margin_is_between_the_two_likeliest_labels() -> None:
    assert selection.margins(of((0.5, 0.2, 0.3), (0.1, 0.1, 0.8))).round(6).tolist() == [0.2, 0.7]


def test_the_least_sure_texts_of_each_predicted_label_come_in_turn() -> None:
    # Four texts that look like label 0, one that surely is label 1.
    probabilities = of((0.6, 0.4), (0.55, 0.45), (0.9, 0.1), (0.51, 0.49), (0.05, 0.95))
    assert selection.least_sure(probabilities, 3).tolist() == [3, 4, 1]
    assert selection.least_sure(probabilities, 1).tolist() == [3]
    assert selection.least_sure(probabilities, 9).tolist() == [3, 4, 1, 0, 2]


@given(st.integers(1, 40), st.integers(2, 5), st.integers(1, 50), st.integers(0, 9))
def test_no_label_starves(texts: int, labels: int, n: int, seed: int) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(labels), texts)
    chosen = selection.least_sure(probabilities, n)
    assert len(set(chosen.tolist())) == min(n, texts)
    predicted = probabilities.argmax(1)
    taken, there = (np.bincount(of, minlength=labels) for of in (predicted[chosen], predicted))
    # A label has fewer than another only where it has no more texts, or by the turn that n ends in.
    assert (taken[taken < there] >= taken.max() - 1).all()
