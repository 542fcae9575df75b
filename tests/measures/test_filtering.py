"""Filtering, on vectors in which a label is a direction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyrite.measures import filtering
from pyrite.measures.diversity import Texts


def drawn(n: int, seed: int, wrong: float = 0.0) -> Texts:
    """n texts of two labels; of so many the label is the other one."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 2
    vectors = rng.normal(size=(n, 8)).astype(np.float32)
    vectors[:, 0] += 3.0 * truth - 1.5
    codes = np.where(rng.random(n) < wrong, 1 - truth, truth)
    frame = pd.DataFrame({"id": [f"{seed}-{i}" for i in range(n)], "text": "", "label": np.array(["a", "b"])[codes]})
    return Texts(frame, vectors)


def test_a_source_with_wrong_labels_gains_without_them_and_one_with_right_labels_does_not() -> None:
    train, test = drawn(100, 1), drawn(300, 2)
    noisy, clean = (filtering.measure(drawn(200, 3, wrong), train, test, 500) for wrong in (0.4, 0.0))
    assert noisy
    assert clean
    assert 0.5 < noisy.kept < 0.7
    assert noisy.kept_alone.low > 0
    assert noisy.weighted_alone.low > 0
    assert noisy.checked_by == 100
    assert clean.kept > 0.85
    assert abs(clean.kept_alone.value) < 0.02
    # With as many right labels added, less is to be gained.
    assert noisy.kept_mixed.value < noisy.kept_alone.value


@pytest.mark.parametrize(
    ("train", "test"), [(drawn(100, 1), drawn(10, 2)), (drawn(100, 1).take(np.arange(0, 100, 2)), drawn(300, 2))]
)
def test_nothing_is_said_without_test_rows_or_a_checker(train: Texts, test: Texts) -> None:
    assert filtering.measure(drawn(200, 3), train, test, 200) is None
