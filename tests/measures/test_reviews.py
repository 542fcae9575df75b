from __future__ import annotations

import numpy as np
import pytest

from pyrite.measures import reviews
from pyrite.measures.reviews import ACCEPT, REJECT

OWN = {"a": "day", "b": "day", "c": "night", "d": "night"}


def reviewed(*answers: tuple[str, str, str]) -> reviews.Review:
    return reviews.review(OWN, list(answers), 200, np.random.default_rng(0))


def test_a_label_is_right_where_most_reviewers_say_so() -> None:
    review = reviewed(
        *(("a", who, ACCEPT) for who in "xy"),
        *(("b", who, answer) for who, answer in zip("xyz", ("night", "day", "night"), strict=True)),
        *(("c", who, answer) for who, answer in zip("xy", ("night", REJECT), strict=True)),
        ("d", "x", REJECT),
        ("gone", "w", ACCEPT),
    )
    assert (review.texts, review.reviewers) == (4, 3)
    assert review.precision.value == 0.25
    assert {label: share.value for label, share in review.labels.items()} == {"day": 0.5, "night": 0.0}
    assert review.rejected.value == 0.25
    # By hand: of pairs within a text 1, 1/3 and 0 agree.
    assert review.agreement.mean_agreement.value == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)


def test_one_reviewer_alone_agrees_with_nobody() -> None:
    assert reviewed(("a", "x", "day")).agreement.alpha.note == "no item has two annotations"


def test_answers_on_other_texts_leave_nothing() -> None:
    review = reviewed(("gone", "x", ACCEPT))
    assert (review.texts, review.precision.value) == (0, None)
