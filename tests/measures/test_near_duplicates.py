from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.measures import near_duplicates

words = st.sampled_from(["a", "b", "c", "d", "e", "!", "Ä", "1"])
texts = st.lists(st.lists(words, max_size=6).map(" ".join), max_size=12)


def jaccard(left: str, right: str) -> float:
    a, b = (set(re.findall(r"\w+|[^\w\s]", text.lower())) for text in (left, right))
    return len(a & b) / len(a | b) if a | b else 0.0


@given(texts, texts, st.sampled_from([0.5, 0.8, 1.0]))
def test_near_is_the_jaccard_similarity_of_word_sets(left: list[str], right: list[str], threshold: float) -> None:
    expected = [any(jaccard(a, b) >= threshold for b in right) for a in left]
    assert near_duplicates.near(left, right, threshold).tolist() == expected


@given(texts, st.sampled_from([0.5, 0.8, 1.0]))
def test_repeats_keep_the_first_of_each_kind(column: list[str], threshold: float) -> None:
    kept: list[str] = []
    expected = []
    for text in column:
        expected.append(any(jaccard(text, other) >= threshold for other in kept))
        if not expected[-1]:
            kept.append(text)
    assert near_duplicates.repeats(column, threshold).tolist() == expected


def test_blocks_meet_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "PAIRS", 7)
    column = [f"word{i} other{i} third{i}" for i in range(near_duplicates.BLOCK + 5)]
    column += [column[0], column[near_duplicates.BLOCK]]
    assert np.flatnonzero(near_duplicates.repeats(column, 0.8)).tolist() == [len(column) - 2, len(column) - 1]
    assert near_duplicates.near(column, column[-1:], 0.8).sum() == 2


@given(texts, st.floats(0, 1))
def test_any_threshold_is_kept_exactly(column: list[str], threshold: float) -> None:
    expected = [any(jaccard(text, other) >= threshold for other in column[:i]) for i, text in enumerate(column)]
    alike = [near_duplicates.near([text], column[:i], threshold).item() for i, text in enumerate(column)]
    assert alike == expected


def test_scripts_without_spaces_are_compared_by_neighbours() -> None:
    texts = [
        "我的包裹晚了两个星期才到没有人回答我的信",
        "我的包裹晚了两个星期才到没有人回答你的信",
        "今天的天气非常好我们去公园散步吧大家都很高兴",
    ]
    assert near_duplicates.repeats(texts, 0.8).tolist() == [False, True, False]
    assert near_duplicates.tokens("Ab 我的包") == ["ab", "我的", "的包"]
