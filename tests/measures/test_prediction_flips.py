from __future__ import annotations

import numpy as np
from sklearn.metrics import confusion_matrix

from pyrite.measures import prediction_flips
from pyrite.measures.prediction_flips import Flip

LABELS = ["cat", "dog", "emu"]


def test_confusion_is_scikit_learns_mean_over_seeds() -> None:
    rng = np.random.default_rng(0)
    gold, predicted = rng.integers(3, size=50), rng.integers(3, size=(4, 50))
    expected = np.mean([confusion_matrix(gold, codes, labels=range(3)) for codes in predicted], axis=0)
    np.testing.assert_allclose(prediction_flips.confusion(gold, predicted, 3), expected)


def test_flips_by_hand() -> None:
    gold = np.array([0, 0, 0, 0, 1])
    baseline = np.array([[0, 0, 1, 0, 2], [0, 0, 1, 1, 2], [0, 1, 1, 0, 1]])
    candidate = np.array([[1, 2, 0, 0, 1], [1, 1, 0, 0, 1], [1, 0, 0, 0, 1]])
    ids = np.array(["e", "d", "c", "b", "a"])
    flips = prediction_flips.between(ids, LABELS, gold, candidate, baseline)
    # "d" is right twice of three times and wrong twice; "b" is right for most seeds of both.
    assert flips.lost.items == 2
    assert flips.lost.clearest[0] == Flip(id="e", label="cat", candidate="dog", baseline="cat")
    assert flips.lost.clearest[1].id == "d"
    assert [flip.id for flip in flips.won.clearest] == ["c", "a"]


def test_an_even_split_of_seeds_is_no_flip() -> None:
    gold = np.zeros(3, dtype=int)
    half, none = np.array([[0, 0, 0], [1, 1, 1]]), np.ones((2, 3), dtype=int)
    flips = prediction_flips.between(np.array(list("abc")), LABELS, gold, none, half)
    assert flips.lost.items == flips.won.items == 0


def test_only_the_clearest_are_listed_and_no_text() -> None:
    gold, wrong = np.zeros(100, dtype=int), np.ones((3, 100), dtype=int)
    ids = np.array([f"{i:04}" for i in range(100)])
    flips = prediction_flips.between(ids, LABELS, gold, wrong, np.zeros((3, 100), dtype=int))
    assert flips.lost.items == 100
    assert [flip.id for flip in flips.lost.clearest] == [f"{i:04}" for i in range(prediction_flips.LISTED)]
